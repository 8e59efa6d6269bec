//! `/tasks`: putting a task on the board, changing one, and everything about one.

use std::slice;

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::command::{Command, MAX_CHANGES, NewTask};
use domain::id::TaskId;
use kernel::Show;

use super::change::Change;
use super::input::{Fields, Named};
use super::{undo, wire};
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, answer};

/// Puts a task on the board.
#[utoipa::path(
    post, path = "/tasks", tag = "tasks",
    description = "Puts a task on the board. With an `idempotency_key` a repeated request finds the \
                   task of the first, and says `created: false`.",
    request_body = wire::body::NewTask,
    responses((status = 200, body = wire::Created<'_>), super::openapi::Refusals),
)]
pub(super) async fn create(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let new = new_task(&mut fields);
    let workspace_kind = fields.text("workspace_kind", "scratch");
    fields.finish()?;
    let new = NewTask {
        workspace_kind: workspace_kind.parse()?,
        ..new
    };
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
