//! `/tasks`: putting a task on the board, and everything about one.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use domain::actor::Actor;
use domain::command::{Command, NewTask};
use domain::error::Error;
use domain::id::TaskId;
use domain::task::TaskDetail;

use super::input::{self, Fields};
use super::wire;
use crate::http_error::HttpError;
use crate::{AppState, answer};

/// Whoever comes with the board's token is, to the event log, the dashboard; as in the original.
const AUTHOR: &str = "dashboard";

pub(super) async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, HttpError> {
    let new = new_task(&headers, &body.map_err(HttpError::Body)?)?;
    let receipt = state
        .kernel()
        .execute(&Actor::full(AUTHOR), Command::CreateTask(new))
        .await?;
    let (task, is_new) = answer::created(receipt)?;
    let detail = state.kernel().task(&task).await?;
    let created = wire::Created::new(&detail.task, is_new, state.kernel().now());
    Ok(Json(created).into_response())
}

pub(super) async fn task(
    State(state): State<AppState>,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, HttpError> {
    let detail = find(&state, id).await?;
    Ok(Json(wire::Detail::new(&detail, state.kernel().now())).into_response())
}

/// A text that cannot be an id names no task, so the answer is the same.
async fn find(
    state: &AppState,
    id: Result<Path<String>, PathRejection>,
) -> Result<TaskDetail, HttpError> {
    let Ok(Path(text)) = id else {
        return Err(Error::UnknownTask(String::new()).into());
    };
    let Ok(id) = text.parse::<TaskId>() else {
        return Err(Error::UnknownTask(text).into());
    };
    Ok(state.kernel().task(&id).await?)
}

fn new_task(headers: &HeaderMap, body: &[u8]) -> Result<NewTask, HttpError> {
    let object = input::object(headers, body)?;
    let mut fields = Fields::of(&object);
    let new = NewTask {
        title: fields.required_text("title"),
        body: fields.optional_text("body"),
        assignee: fields.optional_text("assignee"),
        tenant: fields.optional_text("tenant"),
        priority: fields.integer("priority"),
        workspace_path: fields.optional_text("workspace_path"),
        parents: fields.texts("parents"),
        triage: fields.flag("triage"),
        idempotency_key: fields.optional_text("idempotency_key"),
        ..NewTask::default()
    };
    let workspace_kind = fields.text("workspace_kind", "scratch");
    fields.finish()?;
    Ok(NewTask {
        workspace_kind: workspace_kind.parse()?,
        ..new
    })
}
