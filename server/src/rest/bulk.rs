//! `POST /tasks/bulk`: the same change for many tasks. Each gets all of it or nothing, whatever
//! becomes of the others.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::command::{ArchiveTask, Command, MAX_CHANGES, Receipt};
use domain::error::{Error, ErrorKind};
use domain::id::TaskId;
use futures::future::join_all;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::change::{Changes, NoSense};
use super::input::{Body, lenient};
use super::{undo, wire};
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::{self, HttpError};

/// The number of commands under way at once. They share commits, so a few are enough; all that the
/// server works on at once (`limits`) must fit into the kernel's queue of 4,096.
const AT_ONCE: usize = 24;

lenient! {
    /// The same change for many tasks.
    #[derive(ToSchema)]
    #[schema(example = json!({ "ids": ["t_1a2b3c4d", "t_5e6f7a8b"], "priority": 3 }))]
    pub(super) struct Bulk {
        /// The tasks, 1,000 at most.
        #[schema(max_items = 1000)]
        ids: Vec<String> = required_texts(MAX_CHANGES),
        /// The new status; `archive` is the flag for `archived`.
        status: Option<String> = optional_text(),
        /// The new assignee; empty is nobody.
        assignee: Option<String> = optional_text(),
        /// Higher starts sooner.
        priority: Option<i64> = optional_integer(),
        /// With `done`: what came out of each, for the tasks that depend on it.
        result: Option<String> = optional_text(),
        /// With `done`: what the run of each did.
        summary: Option<String> = optional_text(),
        /// With `done`: particulars of the run of each for programs.
        metadata: Option<Map<String, Value>> = optional_object(),
        /// True to archive them, whatever `status` says.
        #[schema(value_type = Option<bool>, default = false)]
        archive: bool = flag(),
    }
}

/// Changes many tasks.
#[utoipa::path(
    post, path = "/tasks/bulk", tag = "tasks",
    description = "Does the same to many tasks: to each all of it or nothing, and whatever becomes \
                   of the others.",
    request_body = Bulk,
    responses((status = 200, body = wire::answer::Results), super::openapi::Refusals),
)]
pub(super) async fn bulk(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<Bulk>,
) -> Result<Response, HttpError> {
    let mut ids = asked.ids;
    ids.retain(|id| !id.trim().is_empty());
    if ids.is_empty() {
        return Err(HttpError::Senseless("ids is required".to_owned()));
    }
    let wish = Wish {
        change: Changes {
            status: asked.status,
            assignee: asked.assignee,
            priority: asked.priority,
            result: asked.result,
            summary: asked.summary,
            metadata: asked.metadata,
            ..Changes::default()
        },
        archive: asked.archive,
    };
    let actor = caller.actor();
    let mut results = Vec::with_capacity(ids.len());
    let mut acts = Vec::new();
    let mut parts = 1..;
    for some in ids.chunks(AT_ONCE) {
        let asked = some.iter().zip(&mut parts);
        // They are asked in this order, and the kernel keeps to it.
        let outcomes = asked.map(|(id, part)| {
            let actor = actor.clone().making_part(part);
            grant(&state, actor, id, &wish)
        });
        let outcomes = join_all(outcomes).await;
        for (id, outcome) in some.iter().zip(outcomes) {
            let error = match outcome {
                Ok(act) => {
                    acts.push(act);
                    None
                }
                Err(error) => Some(error),
            };
            results.push(wire::answer::BulkResult::new(id.clone(), error));
        }
    }
    Ok((undo::header(&acts), Json(wire::answer::Results { results })).into_response())
}

/// The change of each task.
struct Wish {
    change: Changes,
    /// Instead of any status.
    archive: bool,
}

impl Wish {
    fn commands(&self, task: &TaskId) -> Result<Vec<Command>, String> {
        let archive = self
            .archive
            .then(|| ArchiveTask { task: task.clone() }.into());
        let change = match self.change.status.as_deref() {
            _ if self.archive => self.change.without_status().commands(task),
            // The original has a flag for it.
            Some(status @ "archived") => Err(NoSense::Status(status.to_owned())),
            _ => self.change.commands(task),
        };
        let change = change.map_err(|no_sense| match no_sense {
            NoSense::Status(name) => format!("unknown status '{name}'"),
            NoSense::Outcome(unknown) => unknown.to_string(),
        })?;
        Ok(archive.into_iter().chain(change).collect())
    }

    /// A refusal in the words of the original, with the reason that it does not give.
    fn refused(&self, error: &kernel::Error) -> String {
        match error {
            kernel::Error::Refused(Error::UnknownTask(_)) => "not found".to_owned(),
            kernel::Error::Refused(Error::RunningReassign { .. }) => error.to_string(),
            kernel::Error::Refused(_) if error.kind() == ErrorKind::Forbidden => error.to_string(),
            kernel::Error::Refused(_) if self.archive => format!("archive refused: {error}"),
            kernel::Error::Refused(_) => match &self.change.status {
                Some(status) => format!("transition to '{status}' refused: {error}"),
                None => error.to_string(),
            },
            _ if error.kind() == ErrorKind::Internal => {
                let id = http_error::log(error, "one of many changes failed");
                format!("internal error {id}")
            }
            _ => error.to_string(),
        }
    }
}

async fn grant(
    state: &AppState,
    actor: Actor,
    id: &str,
    wish: &Wish,
) -> Result<Vec<Receipt>, String> {
    let refused = |error: &kernel::Error| wish.refused(error);
    let Ok(task) = id.parse::<TaskId>() else {
        return Err("not found".to_owned());
    };
    let commands = match wish.commands(&task) {
        Ok(commands) if !commands.is_empty() => commands,
        nothing => {
            // That the task is not there is the greater fault.
            let found = state.kernel().task_alone(&task).await;
            found.map_err(|error| refused(&error))?;
            return nothing.map(|_| Vec::new());
        }
    };
    match state.kernel().execute_all(&actor, commands).await {
        // A server that was killed had come so far with this request.
        Err(kernel::Error::Refused(Error::Repeated(_))) => Ok(Vec::new()),
        done => done.map_err(|error| refused(&error)),
    }
}
