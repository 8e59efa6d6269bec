//! `/links`: letting tasks wait for one another.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{Change, LinkTasks, UnlinkTasks};
use utoipa::{IntoParams, ToSchema};

use super::input::{Body, Parameters, lenient};
use super::{undo, wire};
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

lenient! {
    /// A dependency: the child waits for the parent.
    #[derive(ToSchema, IntoParams)]
    #[into_params(parameter_in = Query)]
    #[schema(example = json!({ "parent_id": "t_1a2b3c4d", "child_id": "t_5e6f7a8b" }))]
    pub(super) struct Link {
        /// The task to wait for.
        parent_id: String = required_text(),
        /// The task that waits.
        child_id: String = required_text(),
        /// The outcome of the parent on which the child starts; without one success, or that of the link
        /// that is there. To remove a link it says nothing.
        #[schema(pattern = "^(success|failure|always)$")]
        on: Option<String> = optional_text(),
    }
}

/// Adds a dependency.
#[utoipa::path(
    post, path = "/links", tag = "links",
    description = "Adds a dependency: the child waits for the parent. Where it is there, changes the \
                   outcome on which the child starts.",
    request_body = Link,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn link(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Body(asked): Body<Link>,
) -> Result<Response, HttpError> {
    let link = LinkTasks {
        parent: asked.parent_id,
        child: asked.child_id,
        on: asked.on.as_deref().map(str::parse).transpose()?,
    };
    let receipt = state.kernel().execute(&caller.actor(), link).await?;
    let undoable = undo::header(&[vec![receipt]]);
    Ok((undoable, Json(wire::answer::Done { ok: true })).into_response())
}

/// Removes a dependency.
#[utoipa::path(
    delete, path = "/links", tag = "links",
    description = "Removes a dependency; `ok` is false where there was none.",
    params(Link),
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn unlink(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Parameters(asked): Parameters<Link>,
) -> Result<Response, HttpError> {
    // A text that cannot be an id is the end of no link.
    let (Ok(parent), Ok(child)) = (asked.parent_id.parse(), asked.child_id.parse()) else {
        return Ok(Json(wire::answer::Done { ok: false }).into_response());
    };
    let unlink = UnlinkTasks { parent, child };
    let receipt = state.kernel().execute(&caller.actor(), unlink).await?;
    let ok = receipt.answer == Change::Done;
    let undoable = undo::header(&[vec![receipt]]);
    Ok((undoable, Json(wire::answer::Done { ok })).into_response())
}
