//! `/tasks`: putting a task on the board, changing one, and everything about one.

use std::slice;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use dispatcher::branches;
use domain::actor::Actor;
use domain::command::{self, ArchiveTask, AssignTask, Command, Created, MAX_CHANGES};
use domain::error::Error;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::Show;
use utoipa::ToSchema;

use super::change::Changes;
use super::input::{Body, Named, OptionalBody, TaskParameter, lenient};
use super::{once, undo, wire};
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

lenient! {
    /// A task to be put on the board.
    #[derive(ToSchema)]
    #[schema(example = json!({
        "title": "Fix the login flow",
        "body": "It says 500 after a wrong password.",
        "assignee": "shell",
        "priority": 2,
        "parents": [],
    }))]
    pub(super) struct NewTask {
        /// The title: the work, in a line.
        title: String = required_text(),
        /// The whole story.
        body: Option<String> = optional_text(),
        /// The assignee: a lane, or a profile.
        assignee: Option<String> = optional_text(),
        /// The project or customer.
        tenant: Option<String> = optional_text(),
        /// Higher starts sooner.
        #[schema(value_type = Option<i64>, default = 0)]
        priority: i64 = integer(0),
        /// The folder.
        workspace_path: Option<String> = optional_text(),
        /// The ids of tasks to wait for.
        #[schema(value_type = Option<Vec<String>>, default = json!([]), max_items = 1000)]
        parents: Vec<String> = some_texts(MAX_CHANGES),
        /// True for an idea, which goes to `triage`.
        #[schema(value_type = Option<bool>, default = false)]
        triage: bool = flag(),
        /// A key under which a repeated request finds the task of the first.
        idempotency_key: Option<String> = optional_text(),
        /// The number of failures in a row that blocks it; 0 is the limit of the board.
        #[schema(minimum = 0, maximum = 1_000)]
        max_retries: Option<i64> = bounded(0..=1_000),
        /// The time limit of an attempt in seconds, where it is less than its lane's; 0 is that of the lane.
        #[schema(minimum = 0, maximum = 31_536_000)]
        max_runtime_seconds: Option<i64> = bounded(0..=31_536_000),
        /// The time by which it is to be finished.
        #[schema(minimum = 0, maximum = 253_402_300_799_i64)]
        due_at: Option<i64> = bounded(0..=LATEST),
        /// A script that has to exit with 0 before it counts as done; only the board's token may set it.
        #[schema(max_length = 16_384)]
        check: Option<String> = optional_text(),
        /// The number of red checks in a row that blocks it; 0 is the limit of its lane.
        #[schema(minimum = 0, maximum = 1_000)]
        rework_limit: Option<i64> = bounded(0..=1_000),
        /// The one who has to approve its work before it counts as done: `person`, or a lane; only the
        /// board's token may set it.
        review: Option<String> = optional_text(),
        /// The method by which its work lands, `merge` or `rebase`; left out, as its lane says. Only the
        /// board's token may set it.
        #[schema(pattern = "^(merge|rebase)$")]
        land_method: Option<String> = optional_text(),
        /// The names of the skills that its workers need, which the lane hands on.
        // Each is an argument of a command line.
        #[schema(value_type = Option<Vec<String>>, max_items = 100)]
        skills: Vec<String> = some_texts(100),
        /// The kind of folder that its workers run in.
        #[schema(value_type = Option<String>, default = "scratch", pattern = "^(scratch|dir|worktree)$")]
        workspace_kind: String = text("scratch"),
    }
}

/// Puts a task on the board.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks",
    description = "Puts a task on the board. With an `idempotency_key`, or the header \
                   `Idempotency-Key`, a repeated request finds the task of the first, and says \
                   `created: false`.",
    request_body = NewTask,
    responses((status = 200, body = wire::CreatedTask<'_>), super::openapi::Refusals),
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Body(new): Body<NewTask>,
) -> Result<Response, HttpError> {
    let mut new = new.checked()?;
    if let Some(key) = once::key(&headers)? {
        let in_body = new.idempotency_key.get_or_insert_with(|| key.clone());
        if *in_body != key {
            let detail = "the header Idempotency-Key and idempotency_key are not the same";
            return Err(HttpError::Senseless(detail.to_owned()));
        }
    }
    let create = vec![new.into()];
    let (mut receipts, task) = state
        .kernel()
        .execute_and_show(&caller.actor(), create, Show::Created)
        .await?;
    let undoable = undo::header(slice::from_ref(&receipts));
    let receipt = receipts.pop().ok_or(kernel::Error::Internal)?;
    let created = Created::try_from(receipt.answer).map_err(|_| kernel::Error::Internal)?;
    let created = wire::CreatedTask::new(&task, created.is_new, state.kernel().now());
    Ok((undoable, Json(created)).into_response())
}

impl NewTask {
    fn checked(self) -> Result<command::CreateTask, HttpError> {
        Ok(command::CreateTask {
            workspace_kind: self.workspace_kind.parse()?,
            title: self.title,
            body: self.body,
            assignee: self.assignee,
            tenant: self.tenant,
            priority: self.priority,
            workspace_path: self.workspace_path,
            parents: self.parents,
            triage: self.triage,
            idempotency_key: self.idempotency_key,
            failure_limit: self.max_retries.and_then(count),
            max_runtime: self.max_runtime_seconds.map(Seconds),
            due_at: self.due_at.map(Timestamp),
            skills: self.skills,
            check: self.check,
            rework_limit: self.rework_limit.and_then(count),
            review: self.review,
            land_method: self.land_method.as_deref().map(str::parse).transpose()?,
        })
    }
}

/// The latest time that a task may be due: the end of the year 9999.
pub(super) const LATEST: i64 = 253_402_300_799;

/// A number of attempts, whose bounds are those of its reader.
pub(super) fn count(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

/// Everything about one task.
#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks", params(TaskParameter),
    responses((status = 200, body = wire::Detail<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn task(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let (kernel, task) = (state.kernel(), named.task()?);
    let detail = kernel.task(&task).await?;
    let detail = branches::look_at(kernel, &state.home, &state.dispatching, detail).await?;
    Ok(Json(wire::Detail::new(&detail, state.kernel().now())).into_response())
}

/// Changes a task.
#[utoipa::path(
    patch, path = "/tasks/{id}", tag = "tasks", params(TaskParameter),
    description = "Changes a task: all that is asked for, or nothing. A key that is left out or \
                   `null` changes nothing; an empty `assignee` gives the task to nobody.",
    request_body = Changes,
    responses((status = 200, body = wire::OneTask<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    Body(changes): Body<Changes>,
) -> Result<Response, HttpError> {
    let id = named.task()?;
    let commands = match changes.commands(&id) {
        Ok(commands) => commands,
        Err(nonsense) => {
            // That the task is not there is the greater fault.
            state.kernel().task_alone(&id).await?;
            return Err(nonsense.into());
        }
    };
    if commands.is_empty() {
        let task = state.kernel().task_alone(&id).await?;
        let task = wire::OneTask::new(&task, state.kernel().now());
        return Ok(Json(task).into_response());
    }
    change_one(&state, &caller.actor(), commands, id).await
}

/// Puts a task away.
#[utoipa::path(
    delete, path = "/tasks/{id}", tag = "tasks", params(TaskParameter),
    description = "Puts a task away. Nothing is deleted here: it is archived, and can be brought back.",
    responses((status = 200, body = wire::answer::Removed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let id = named.task()?;
    let archive = ArchiveTask { task: id.clone() };
    let receipts = match state.kernel().execute(&caller.actor(), archive).await {
        Ok(receipt) => vec![receipt],
        // It has been put away already.
        Err(kernel::Error::Refused(Error::WrongStatus {
            status: Status::Archived,
            ..
        })) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let undoable = undo::header(&[receipts]);
    Ok((undoable, Json(wire::answer::Removed::new(&id))).into_response())
}

lenient! {
    /// The new assignee of a task.
    #[derive(ToSchema)]
    #[schema(example = json!({ "profile": "ops", "reclaim_first": true }))]
    pub(super) struct Reassign {
        /// The new assignee; empty is nobody.
        profile: Option<String> = optional_text(),
        /// True to stop a worker that has it.
        #[schema(value_type = Option<bool>, default = false)]
        reclaim_first: bool = flag(),
        /// The reason, kept where a run is stopped and the assignee stays the same.
        reason: Option<String> = optional_text(),
    }
}

/// Gives a task to somebody else.
#[utoipa::path(
    post, path = "/tasks/{id}/reassign", tag = "tasks", params(TaskParameter),
    description = "Gives a task to somebody else, or to nobody. With `reclaim_first` a worker that has \
                   it is stopped and the task is ready for the next one; without it a running task is \
                   refused.",
    request_body = Option<Reassign>,
    responses((status = 200, body = wire::answer::Reassigned<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn reassign(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    OptionalBody(asked): OptionalBody<Reassign>,
) -> Result<Response, HttpError> {
    let id = named.task()?;
    let assignee = asked.profile.filter(|name| !name.trim().is_empty());
    let assign = AssignTask {
        task: id.clone(),
        assignee: assignee.clone(),
        stop: asked.reclaim_first,
        reason: asked.reason,
    };
    let receipt = state.kernel().execute(&caller.actor(), assign).await?;
    let undoable = undo::header(&[vec![receipt]]);
    let reassigned = wire::answer::Reassigned::new(&id, assignee.as_deref());
    Ok((undoable, Json(reassigned)).into_response())
}

/// Changes one task, and answers with it.
pub(super) async fn change_one(
    state: &AppState,
    actor: &Actor,
    commands: Vec<Command>,
    id: TaskId,
) -> Result<Response, HttpError> {
    let (receipts, task) = state
        .kernel()
        .execute_and_show(actor, commands, Show::Task(id))
        .await?;
    let undoable: HeaderMap = undo::header(&[receipts]);
    let task = wire::OneTask::new(&task, state.kernel().now());
    Ok((undoable, Json(task)).into_response())
}
