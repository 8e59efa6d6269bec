//! What the page asks the server for.
//!
//! The bodies run on the server and only translate. What stands in a plain form takes the fields of
//! that form, so that it works before, and without, any script.

pub mod error;

use domain::board::Snapshot;
use domain::id::TaskId;
use domain::status::Status;
use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;
use state::Opening;
use state::create::Form;
use state::drawer::Reading;
use state::pending::Saved;

use error::ApiError;

/// Everything that a page shows when it is opened, with `task` open or none.
#[server(prefix = "/fn", endpoint = "page", input = GetUrl)]
pub async fn open_page(task: Option<TaskId>) -> Result<Opening, ApiError> {
    crate::ssr::open_page(state::address::Address { task }).await
}

/// Nothing, to those whom the server knows.
#[server(prefix = "/fn", endpoint = "session", input = GetUrl)]
#[allow(
    clippy::unused_async,
    reason = "a server function is async, and the door has answered strangers before this one runs"
)]
pub async fn check_session() -> Result<(), ApiError> {
    Ok(())
}

/// The board alone.
#[server(prefix = "/fn", endpoint = "board", input = GetUrl)]
pub async fn read_board() -> Result<Snapshot, ApiError> {
    crate::ssr::read_board().await
}

/// One task, with its history and its log.
#[server(prefix = "/fn", endpoint = "task", input = GetUrl)]
pub async fn read_task(task: TaskId) -> Result<Reading, ApiError> {
    crate::ssr::read_task(&task).await
}

/// Puts a task on the board.
#[server(prefix = "/fn", endpoint = "create_task")]
pub async fn create_task(form: Form) -> Result<Saved, ApiError> {
    crate::ssr::create_task(form).await
}

/// Puts a task into another column.
#[server(prefix = "/fn", endpoint = "move_task")]
pub async fn move_task(task: TaskId, to: Status) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::Command::MoveTask { task, to }).await
}

/// Says something about a task.
#[server(prefix = "/fn", endpoint = "comment")]
pub async fn comment(task: TaskId, body: String) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::Command::CommentOnTask { task, body }).await
}

/// Puts the sample on an empty board.
#[server(prefix = "/fn", endpoint = "fill_sample")]
pub async fn fill_sample() -> Result<Saved, ApiError> {
    crate::ssr::fill_sample().await
}
