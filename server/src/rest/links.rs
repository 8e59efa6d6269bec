//! `/links`: letting tasks wait for one another.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{Answer, Command};

use super::input::{Fields, Parameters};
use super::{undo, wire};
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

/// Lets a task wait for another.
#[utoipa::path(
    post, path = "/links", tag = "links", description = "Lets the child wait for the parent.",
    request_body = wire::body::Link,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn link(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    mut fields: Fields,
) -> Result<Response, HttpError> {
    let (parent, child) = ends(&mut fields);
    fields.finish()?;
    let link = Command::LinkTasks { parent, child };
    let receipt = state.kernel().execute(&caller.actor(), link).await?;
    let undoable = undo::header(&[vec![receipt]]);
    Ok((undoable, Json(wire::answer::Done { ok: true })).into_response())
}

/// Lets a task no longer wait for another.
#[utoipa::path(
    delete, path = "/links", tag = "links",
    description = "Lets the child no longer wait for the parent; `ok` is false where it did not.",
    params(wire::body::Link),
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn unlink(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Parameters(mut query): Parameters,
) -> Result<Response, HttpError> {
    let (parent, child) = ends(&mut query);
    query.finish()?;
    // A text that cannot be an id is the end of no link.
    let (Ok(parent), Ok(child)) = (parent.parse(), child.parse()) else {
        return Ok(Json(wire::answer::Done { ok: false }).into_response());
    };
    let unlink = Command::UnlinkTasks { parent, child };
    let receipt = state.kernel().execute(&caller.actor(), unlink).await?;
    let ok = !matches!(receipt.answer, Answer::Unchanged);
    let undoable = undo::header(&[vec![receipt]]);
    Ok((undoable, Json(wire::answer::Done { ok })).into_response())
}

fn ends(fields: &mut Fields) -> (String, String) {
    let parent = fields.required_text("parent_id");
    (parent, fields.required_text("child_id"))
}
