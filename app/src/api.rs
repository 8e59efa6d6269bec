//! The server functions of the page.
//!
//! The bodies run on the server and only translate. What stands in a plain form takes the fields of
//! that form, so that it works before, and without, any script. Scripts send all of it by [`ask`]: the
//! way to each function is code that a browser would have to load.

#[cfg(feature = "ssr")]
pub mod backend;
pub mod error;
pub mod json;

use domain::board::Snapshot;
use domain::command::BoardVerb;
use domain::id::{DeliveryId, EventId, TaskId};
use domain::notify::Address;
use domain::outcome::StartOn;
use domain::status::Status;
use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use state::Opening;
use state::change::Change;
use state::create::Form;
use state::drawer::Reading;
use state::inbox::ServerEntries;
use state::pulse::Pulse;
use state::refusal::Refusal;
use state::requests::pending::{Request, Saved};

#[cfg(feature = "ssr")]
use backend::backend;
use error::ApiError;
use json::Answers;

/// Everything that the page of a URL shows when it is opened.
#[server(prefix = "/fn", endpoint = "page", input = GetUrl, output = Answers)]
pub async fn open_page(path: String, query: String) -> Result<Opening, ApiError> {
    Ok(backend()?.open_page(&path, &query).await?)
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
    Ok(backend()?.read_board(include_archived).await?)
}

/// Reads the dispatcher's state, and the last line that each running task printed.
#[server(prefix = "/fn", endpoint = "pulse", input = GetUrl, output = Answers)]
pub async fn read_pulse() -> Result<Pulse, ApiError> {
    Ok(backend()?.read_pulse().await?)
}

/// The tasks whose texts hold these words, descriptions, results and comments too.
#[server(prefix = "/fn", endpoint = "search", input = GetUrl, output = Answers)]
pub async fn search(text: String) -> Result<Vec<TaskId>, ApiError> {
    Ok(backend()?.search(text).await?)
}

/// One task, with its history and its log.
#[server(prefix = "/fn", endpoint = "task", input = GetUrl, output = Answers)]
pub async fn read_task(task: TaskId) -> Result<Reading, ApiError> {
    Ok(backend()?.read_task(&task).await?)
}

/// Reads what a task has changed in its repository, as HTML that is safe to show.
#[server(prefix = "/fn", endpoint = "changes", input = GetUrl, output = Answers)]
pub async fn read_changes(task: TaskId) -> Result<String, ApiError> {
    Ok(backend()?.read_changes(&task).await?)
}

/// Puts a task on the board.
#[server(prefix = "/fn", endpoint = "create_task", output = Answers)]
pub async fn create_task(form: Form) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::Create(form)).await?)
}

/// Sends a person's request while scripts run. Each request has a form or a button.
#[server(prefix = "/fn", endpoint = "ask", input = Json, output = Answers)]
pub async fn ask(request: Request) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(request).await?)
}

/// Carries out any verb of the board, as its struct declares it. The page itself sends its requests by
/// [`ask`], which know how they look before they are answered.
#[server(prefix = "/fn", endpoint = "act", input = Json, output = Answers)]
pub async fn act(verb: BoardVerb) -> Result<Saved, ApiError> {
    Ok(backend()?.act(verb).await?)
}

/// Changes many tasks, each by itself.
#[server(prefix = "/fn", endpoint = "bulk", input = Json, output = Answers)]
pub async fn update_tasks(
    changes: Vec<(TaskId, Change)>,
) -> Result<Vec<Result<Saved, Refusal>>, ApiError> {
    Ok(backend()?.update_tasks(changes).await?)
}

/// Puts a task into another column. `end_run` says that the run of its worker may end, `unchecked` that
/// it may be finished without its check.
#[server(prefix = "/fn", endpoint = "move_task", output = Answers)]
pub async fn move_task(
    task: TaskId,
    to: Status,
    #[server(default)] end_run: bool,
    #[server(default)] unchecked: bool,
) -> Result<Saved, ApiError> {
    let agreed = backend::Agreed { end_run, unchecked };
    Ok(backend()?.move_task(task, to, agreed).await?)
}

/// Changes what a task says.
#[server(prefix = "/fn", endpoint = "edit_task", output = Answers)]
pub async fn edit_task(
    task: TaskId,
    title: String,
    body: String,
    check: String,
    review: String,
) -> Result<Saved, ApiError> {
    let text = state::drawer::edit::Text {
        title,
        body,
        check,
        review,
    };
    Ok(backend()?.edit_task(task, text).await?)
}

/// Lets a task wait for another, to start on this outcome of it.
#[server(prefix = "/fn", endpoint = "link", output = Answers)]
pub async fn link_tasks(
    task: TaskId,
    parent: String,
    #[server(default)] on: Option<StartOn>,
) -> Result<Saved, ApiError> {
    ask_for(task, Change::WaitFor { parent, on }).await
}

/// Lets a task wait for another no longer.
#[server(prefix = "/fn", endpoint = "unlink", output = Answers)]
pub async fn unlink_tasks(task: TaskId, parent: TaskId) -> Result<Saved, ApiError> {
    ask_for(task, Change::StopWaitingFor(parent)).await
}

/// Lands the work of a task on this branch, or on that on which it began; an empty method leaves that to the
/// lane.
#[server(prefix = "/fn", endpoint = "land", output = Answers)]
pub async fn land_task(
    task: TaskId,
    onto: String,
    method: String,
    #[server(default)] delete_branch: bool,
) -> Result<Saved, ApiError> {
    ask_for(task, Change::land(&onto, &method, delete_branch)).await
}

/// Undoes what wrote this event.
#[server(prefix = "/fn", endpoint = "undo", output = Answers)]
pub async fn undo(event: EventId) -> Result<Saved, ApiError> {
    let request = Request::Undo {
        text: String::new(),
        events: vec![event],
        earlier: Vec::new(),
    };
    Ok(backend()?.ask(request).await?)
}

/// Comments on a task.
#[server(prefix = "/fn", endpoint = "comment", output = Answers)]
pub async fn comment(task: TaskId, body: String) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::Comment { task, body }).await?)
}

/// Reads the server's part of the inbox.
#[server(prefix = "/fn", endpoint = "inbox", input = GetUrl, output = Answers)]
pub async fn read_inbox() -> Result<ServerEntries, ApiError> {
    Ok(backend()?.read_inbox().await?)
}

/// Lets a blocked task go on, with this said first where there is something to say.
#[server(prefix = "/fn", endpoint = "answer", output = Answers)]
pub async fn answer(task: TaskId, text: String) -> Result<Saved, ApiError> {
    ask_for(task, Change::Answer { text }).await
}

/// Takes what a worker proposed for the result of its task.
#[server(prefix = "/fn", endpoint = "accept_result", output = Answers)]
pub async fn accept_result(task: TaskId, result: String) -> Result<Saved, ApiError> {
    let result = Some(result);
    ask_for(task, Change::Complete { result }).await
}

/// Approves the work on a task.
#[server(prefix = "/fn", endpoint = "approve", output = Answers)]
pub async fn approve(task: TaskId) -> Result<Saved, ApiError> {
    let (run, commit) = (None, None);
    ask_for(task, Change::Approve { run, commit }).await
}

/// Asks for changes to the work on a task.
#[server(prefix = "/fn", endpoint = "request_changes", output = Answers)]
pub async fn request_changes(task: TaskId, text: String) -> Result<Saved, ApiError> {
    let request = Change::RequestChanges {
        reason: text,
        run: None,
        commit: None,
    };
    ask_for(task, request).await
}

/// Lets tasks start whatever came of a parent, or wait for it no longer: of each link its two ends, the child
/// first.
#[server(prefix = "/fn", endpoint = "leave_dead_end", output = Answers)]
pub async fn leave_dead_end(
    links: Vec<(TaskId, TaskId)>,
    #[server(default)] unlink: bool,
) -> Result<Saved, ApiError> {
    let change = |(child, parent): (TaskId, TaskId)| {
        let change = if unlink {
            Change::StopWaitingFor(parent)
        } else {
            let (parent, on) = (parent.into(), Some(StartOn::Always));
            Change::WaitFor { parent, on }
        };
        (child, change)
    };
    let changes = links.into_iter().map(change).collect();
    let answers = backend()?.update_tasks(changes).await?;
    let saved: Result<Vec<Saved>, _> = answers.into_iter().collect();
    let last = saved?.pop();
    Ok(last.ok_or_else(Refusal::unanswered)?)
}

/// Adds a subscription to a task.
#[server(prefix = "/fn", endpoint = "subscribe", output = Answers)]
pub async fn subscribe(task: TaskId, to: Address) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::Subscribe(task, to)).await?)
}

/// Removes a subscription to a task.
#[server(prefix = "/fn", endpoint = "unsubscribe", output = Answers)]
pub async fn unsubscribe(task: TaskId, to: Address) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::Unsubscribe(task, to)).await?)
}

/// Tries again to tell what reached nobody.
#[server(prefix = "/fn", endpoint = "retry_delivery", output = Answers)]
pub async fn retry_delivery(delivery: DeliveryId) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::RetryDelivery(delivery)).await?)
}

/// Drops a dead letter.
#[server(prefix = "/fn", endpoint = "drop_delivery", output = Answers)]
pub async fn drop_delivery(delivery: DeliveryId) -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::DropDelivery(delivery)).await?)
}

/// Runs a dispatcher tick and returns the number of tasks it started.
#[server(prefix = "/fn", endpoint = "nudge", input = Json, output = Answers)]
pub async fn nudge() -> Result<u32, ApiError> {
    Ok(backend()?.nudge().await?)
}

/// Puts the sample on an empty board.
#[server(prefix = "/fn", endpoint = "fill_sample", output = Answers)]
pub async fn fill_sample() -> Result<Saved, ApiError> {
    Ok(backend()?.ask(Request::FillSample).await?)
}

/// Carries out the change of one task that a plain form asks for.
#[cfg(feature = "ssr")]
async fn ask_for(task: TaskId, change: Change) -> Result<Saved, ApiError> {
    let name = String::new();
    let request = Request::Change { task, name, change };
    Ok(backend()?.ask(request).await?)
}
