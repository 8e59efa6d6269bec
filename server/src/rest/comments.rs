//! `/tasks/{id}/comments`: saying something about a task.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::CommentOnTask;
use domain::error::Error;
use utoipa::ToSchema;

use super::input::{Body, Named, TaskParameter, lenient};
use super::wire;
use crate::AppState;
use crate::auth::Caller;
use crate::http_error::HttpError;

lenient! {
    /// Something to say about a task.
    #[derive(ToSchema)]
    #[schema(example = json!({ "body": "Which branch?", "author": "ada" }))]
    pub(super) struct NewComment {
        /// The text of the comment.
        body: String = required_text(),
        /// The author.
        #[schema(default = "dashboard")]
        author: Option<String> = optional_text(),
    }
}

/// Says something about a task.
#[utoipa::path(
    post, path = "/tasks/{id}/comments", tag = "tasks", params(TaskParameter),
    description = "Says something about a task. A worker speaks in its own name, whatever `author` \
                   says.",
    request_body = NewComment,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals, super::openapi::Missing, super::openapi::Untimely),
)]
pub(super) async fn comment(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    Body(NewComment { body, author }): Body<NewComment>,
) -> Result<Response, HttpError> {
    // The original looks at the text before it looks for the task.
    if body.trim().is_empty() {
        return Err(Error::BlankComment.into());
    }
    let actor = match author.as_deref() {
        None | Some("") => caller.actor(),
        Some(author) => caller.actor_as(author),
    };
    let task = named.task()?;
    let comment = CommentOnTask { task, body };
    state.kernel().execute(&actor, comment).await?;
    Ok(Json(wire::answer::Done { ok: true }).into_response())
}
