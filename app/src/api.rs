//! The server functions of the page.
//!
//! The bodies run on the server and only translate. What stands in a plain form takes the fields of
//! that form, so that it works before, and without, any script. Scripts send all of it by [`ask`]: the
//! way to each function is code that a browser would have to load.

pub mod error;
pub mod json;

use domain::board::Snapshot;
use domain::id::{DeliveryId, TaskId};
use domain::notify::Address;
use domain::status::Status;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use state::Opening;
use state::change::Change;
use state::create::Form;
use state::drawer::Reading;
use state::inbox::Told;
use state::pending::{Request, Saved};
use state::pulse::Pulse;
use state::refusal::Refusal;

use error::ApiError;
use json::Answers;

/// Everything that the page of a URL shows when it is opened.
#[server(prefix = "/fn", endpoint = "page", input = GetUrl, output = Answers)]
pub async fn open_page(path: String, query: String) -> Result<Opening, ApiError> {
    crate::ssr::open_page(&path, &query).await
}

/// Nothing, to those whom the server knows.
#[server(prefix = "/fn", endpoint = "session", input = GetUrl, output = Answers)]
#[allow(
    clippy::unused_async,
    reason = "a server function is async, and the door has answered strangers before this one runs"
)]
pub async fn check_session() -> Result<(), ApiError> {
    Ok(())
}

/// The board alone, with or without its archive.
#[server(prefix = "/fn", endpoint = "board", input = GetUrl, output = Answers)]
pub async fn read_board(include_archived: bool) -> Result<Snapshot, ApiError> {
    crate::ssr::read_board(include_archived).await
}

/// Reads the dispatcher's state, and the last line that each running task printed.
#[server(prefix = "/fn", endpoint = "pulse", input = GetUrl, output = Answers)]
pub async fn read_pulse() -> Result<Pulse, ApiError> {
    crate::ssr::read_pulse().await
}

/// The tasks whose texts hold these words, descriptions, results and comments too.
#[server(prefix = "/fn", endpoint = "search", input = GetUrl, output = Answers)]
pub async fn search(text: String) -> Result<Vec<TaskId>, ApiError> {
    crate::ssr::search(text).await
}

/// One task, with its history and its log.
#[server(prefix = "/fn", endpoint = "task", input = GetUrl, output = Answers)]
pub async fn read_task(task: TaskId) -> Result<Reading, ApiError> {
    crate::ssr::read_task(&task).await
}

/// Puts a task on the board.
#[server(prefix = "/fn", endpoint = "create_task", output = Answers)]
pub async fn create_task(form: Form) -> Result<Saved, ApiError> {
    crate::ssr::create_task(form).await
}

/// Sends a person's request while scripts run. Each request has a form or a button.
#[server(prefix = "/fn", endpoint = "ask", input = Json, output = Answers)]
pub async fn ask(request: Request) -> Result<Saved, ApiError> {
    crate::ssr::ask(request).await
}

/// Changes many tasks, each by itself.
#[server(prefix = "/fn", endpoint = "bulk", input = Json, output = Answers)]
pub async fn update_tasks(
    changes: Vec<(TaskId, Change)>,
) -> Result<Vec<Result<Saved, Refusal>>, ApiError> {
    crate::ssr::execute_each(changes).await
}

/// Puts a task into another column. `end_run` says that the run of its worker may end.
#[server(prefix = "/fn", endpoint = "move_task", output = Answers)]
pub async fn move_task(
    task: TaskId,
    to: Status,
    #[server(default)] end_run: bool,
) -> Result<Saved, ApiError> {
    crate::ssr::move_task(task, &to, end_run).await
}

/// Changes what a task says.
#[server(prefix = "/fn", endpoint = "edit_task", output = Answers)]
pub async fn edit_task(task: TaskId, title: String, body: String) -> Result<Saved, ApiError> {
    crate::ssr::edit_task(task, title, body).await
}

/// Lets a task wait for another.
#[server(prefix = "/fn", endpoint = "link", output = Answers)]
pub async fn link_tasks(task: TaskId, parent: String) -> Result<Saved, ApiError> {
    crate::ssr::execute_all(Change::WaitFor(parent).into_commands(task)).await
}

/// Lets a task wait for another no longer.
#[server(prefix = "/fn", endpoint = "unlink", output = Answers)]
pub async fn unlink_tasks(task: TaskId, parent: TaskId) -> Result<Saved, ApiError> {
    crate::ssr::execute_all(Change::StopWaitingFor(parent).into_commands(task)).await
}

/// Comments on a task.
#[server(prefix = "/fn", endpoint = "comment", output = Answers)]
pub async fn comment(task: TaskId, body: String) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::CommentOnTask { task, body }.into()).await
}

/// Reads the server's part of the inbox.
#[server(prefix = "/fn", endpoint = "inbox", input = GetUrl, output = Answers)]
pub async fn read_inbox() -> Result<Told, ApiError> {
    crate::ssr::read_inbox().await
}

/// Lets a blocked task go on, with this said first where there is something to say.
#[server(prefix = "/fn", endpoint = "answer", output = Answers)]
pub async fn answer(task: TaskId, text: String) -> Result<Saved, ApiError> {
    crate::ssr::execute_all(Change::Answer { text }.into_commands(task)).await
}

/// Takes what a worker proposed for the result of its task.
#[server(prefix = "/fn", endpoint = "accept_result", output = Answers)]
pub async fn accept_result(task: TaskId, result: String) -> Result<Saved, ApiError> {
    let result = Some(result);
    crate::ssr::execute_all(Change::Complete { result }.into_commands(task)).await
}

/// Adds a subscription to a task.
#[server(prefix = "/fn", endpoint = "subscribe", output = Answers)]
pub async fn subscribe(task: TaskId, to: Address) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::Subscribe { task, to }.into()).await
}

/// Removes a subscription to a task.
#[server(prefix = "/fn", endpoint = "unsubscribe", output = Answers)]
pub async fn unsubscribe(task: TaskId, to: Address) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::Unsubscribe { task, to }.into()).await
}

/// Tries again to tell what reached nobody.
#[server(prefix = "/fn", endpoint = "retry_delivery", output = Answers)]
pub async fn retry_delivery(delivery: DeliveryId) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::RetryDelivery { delivery }.into()).await
}

/// Drops a dead letter.
#[server(prefix = "/fn", endpoint = "drop_delivery", output = Answers)]
pub async fn drop_delivery(delivery: DeliveryId) -> Result<Saved, ApiError> {
    crate::ssr::execute(domain::command::DropDelivery { delivery }.into()).await
}

/// Runs a dispatcher tick and returns the number of tasks it started.
#[server(prefix = "/fn", endpoint = "nudge", input = Json, output = Answers)]
pub async fn nudge() -> Result<u32, ApiError> {
    crate::ssr::nudge().await
}

/// Puts the sample on an empty board.
#[server(prefix = "/fn", endpoint = "fill_sample", output = Answers)]
pub async fn fill_sample() -> Result<Saved, ApiError> {
    crate::ssr::fill_sample().await
}
