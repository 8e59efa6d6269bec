//! `/tasks`: putting a task on the board, changing one, and everything about one.

use std::slice;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::command::{Command, MAX_CHANGES, NewTask};
use domain::error::Error;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Seconds;
use kernel::Show;

use super::change::Change;
use super::input::{Bounds, Fields, Named};
use super::{once, undo, wire};
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, answer};

/// Puts a task on the board.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks",
    description = "Puts a task on the board. With an `idempotency_key`, or the header \
                   `Idempotency-Key`, a repeated request finds the task of the first, and says \
                   `created: false`.",
    request_body = wire::body::NewTask,
    responses((status = 200, body = wire::Created<'_>), super::openapi::Refusals),
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let mut new = new_task(&mut fields);
    let workspace_kind = fields.text("workspace_kind", "scratch");
    fields.finish()?;
    new.workspace_kind = workspace_kind.parse()?;
    if let Some(key) = once::key(&headers)? {
        let in_body = new.idempotency_key.get_or_insert_with(|| key.clone());
        if *in_body != key {
            let detail = "the header Idempotency-Key and idempotency_key are not the same";
            return Err(HttpError::Senseless(detail.to_owned()));
        }
    }
    let create = vec![Command::CreateTask(new)];
    let (mut receipts, task) = state
        .kernel()
        .execute_and_show(&caller.actor(), create, Show::Created)
        .await?;
    let undoable = undo::header(slice::from_ref(&receipts));
    let receipt = receipts.pop().ok_or(kernel::Error::Internal)?;
    let (_, is_new) = answer::created(receipt)?;
    let created = wire::Created::new(&task, is_new, state.kernel().now());
    Ok((undoable, Json(created)).into_response())
}

/// The bounds on the time limit of an attempt, in seconds: a year at most. Zero is as long as its
/// lane allows.
pub(super) const RUNTIME: Bounds = Bounds {
    least: 0,
    most: 365 * 86_400,
};

/// The bounds on failed attempts in a row. Zero is as many as the board allows.
pub(super) const RETRIES: Bounds = Bounds {
    least: 0,
    most: 1_000,
};

/// The most skills of a task: each is an argument of a command line.
const MOST_SKILLS: usize = 100;

/// A number within [`RETRIES`].
pub(super) fn count(number: i64) -> Option<u32> {
    u32::try_from(number).ok()
}

fn new_task(fields: &mut Fields) -> NewTask {
    NewTask {
        title: fields.required_text("title"),
        body: fields.optional_text("body"),
        assignee: fields.optional_text("assignee"),
        tenant: fields.optional_text("tenant"),
        priority: fields.integer("priority", 0),
        workspace_path: fields.optional_text("workspace_path"),
        parents: fields.some_texts("parents", MAX_CHANGES),
        triage: fields.flag("triage"),
        idempotency_key: fields.optional_text("idempotency_key"),
        failure_limit: fields.bounded("max_retries", RETRIES).and_then(count),
        max_runtime: fields.bounded("max_runtime_seconds", RUNTIME).map(Seconds),
        skills: fields.some_texts("skills", MOST_SKILLS),
        ..NewTask::default()
    }
}

/// Everything about one task.
#[utoipa::path(
    get, path = "/tasks/{id}", tag = "tasks", params(super::openapi::TaskParameter),
    responses((status = 200, body = wire::Detail<'_>), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn task(
    State(state): State<AppState>,
    named: Named,
) -> Result<Response, HttpError> {
    let detail = state.kernel().task(&named.task()?).await?;
    Ok(Json(wire::Detail::new(&detail, state.kernel().now())).into_response())
}

/// Changes a task.
#[utoipa::path(
    patch, path = "/tasks/{id}", tag = "tasks", params(super::openapi::TaskParameter),
    description = "Changes a task: all that is asked for, or nothing. A key that is left out or \
                   `null` changes nothing; an empty `assignee` gives the task to nobody.",
    request_body = wire::body::Changes,
    responses((status = 200, body = wire::OneTask<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn edit(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let change = Change::of_task(&mut fields);
    fields.finish()?;
    let id = named.task()?;
    let commands = match change.commands(&id) {
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
    delete, path = "/tasks/{id}", tag = "tasks", params(super::openapi::TaskParameter),
    description = "Puts a task away. Nothing is deleted here: it is archived, and can be brought back.",
    responses((status = 200, body = wire::answer::Removed<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn remove(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
) -> Result<Response, HttpError> {
    let id = named.task()?;
    let archive = Command::ArchiveTask { task: id.clone() };
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

/// Gives a task to somebody else.
#[utoipa::path(
    post, path = "/tasks/{id}/reassign", tag = "tasks", params(super::openapi::TaskParameter),
    description = "Gives a task to somebody else, or to nobody. With `reclaim_first` a worker that has \
                   it is stopped and the task is ready for the next one; without it a running task is \
                   refused.",
    request_body = Option<wire::body::Reassign>,
    responses((status = 200, body = wire::answer::Reassigned<'_>), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn reassign(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    named: Named,
    fields: Option<Fields>,
) -> Result<Response, HttpError> {
    let mut fields = fields.unwrap_or_default();
    let assignee = fields.optional_text("profile");
    let stop = fields.flag("reclaim_first");
    let reason = fields.optional_text("reason");
    fields.finish()?;
    let id = named.task()?;
    let assignee = assignee.filter(|name| !name.trim().is_empty());
    let task = state.kernel().task_alone(&id).await?;
    let stays = task.assignee == assignee;
    let command = if stop && stays && task.status == Status::Running {
        Command::ReclaimTask {
            task: id.clone(),
            run: None,
            reason,
        }
    } else {
        Command::AssignTask {
            task: id.clone(),
            assignee: assignee.clone(),
            stop,
        }
    };
    let receipt = state.kernel().execute(&caller.actor(), command).await?;
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
