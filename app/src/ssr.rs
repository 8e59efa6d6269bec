//! The server's half of [`crate::api`]: it hands requests to the kernel and answers to the page.
//! It decides nothing.

pub mod config;
mod markdown;
mod preferences;
mod read;
mod refuse;

use std::sync::{Arc, OnceLock};

use axum::http::HeaderMap;
use dispatcher::{Home, sample};
use domain::actor::Actor;
use domain::command::{
    Command, CommentOnTask, DropDelivery, MAX_CHANGES, Pause, Receipt, Resume, RetryDelivery,
    Subscribe, Undo, Unsubscribe,
};
use domain::error::ErrorKind;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use kernel::Kernel;
use leptos::prelude::use_context;
use state::change::Change;
use state::create::Form;
use state::edit::Text;
use state::pending::{Request, Saved};
use state::refusal::Refusal;

use crate::api::error::ApiError;
use refuse::{failed, internal, refused};

pub(crate) use read::{open_page, read_board, read_inbox, read_pulse, read_task, search};

/// The context that the server provides to each request.
#[derive(Clone)]
pub struct Services {
    /// The board.
    pub kernel: Kernel,
    /// The home folder, for logs.
    pub home: Home,
    /// The dispatcher, once it is in this process.
    pub dispatcher: Arc<OnceLock<dispatcher::Handle>>,
}

/// The proof that forms send where no script does: see the front door of the server.
#[derive(Clone)]
pub struct FormProof(pub String);

/// The theme that a browser asks for, by the name that `style` knows.
pub fn theme_of(headers: &HeaderMap) -> &'static str {
    preferences::theme(headers).as_str()
}

pub(crate) async fn ask(request: Request) -> Result<Saved, ApiError> {
    let command: Command = match request {
        Request::Create(form) => return create_task(form).await,
        Request::Change { task, change, .. } => {
            return execute_all(change.into_commands(task)).await;
        }
        Request::Undo { events, .. } => return undo(events).await,
        Request::FillSample => return fill_sample().await,
        Request::Comment { task, body } => CommentOnTask { task, body }.into(),
        Request::Pause(lane) => Pause { lane }.into(),
        Request::Resume(lane) => Resume { lane }.into(),
        Request::RetryDelivery(delivery) => RetryDelivery { delivery }.into(),
        Request::DropDelivery(delivery) => DropDelivery { delivery }.into(),
        Request::Subscribe(task, to) => Subscribe { task, to }.into(),
        Request::Unsubscribe(task, to) => Unsubscribe { task, to }.into(),
    };
    execute(command).await
}

pub(crate) async fn create_task(form: Form) -> Result<Saved, ApiError> {
    let task = form.into_task().map_err(refused)?;
    execute(task.into()).await
}

pub(crate) async fn execute(command: Command) -> Result<Saved, ApiError> {
    execute_all(vec![command]).await
}

/// All of them or none.
pub(crate) async fn execute_all(commands: Vec<Command>) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let receipts = kernel
        .execute_all(&actor()?, commands)
        .await
        .map_err(failed)?;
    Ok(saved_all(&receipts))
}

/// One after the other, as the board would see them from a quick hand; each has its own answer.
pub(crate) async fn execute_each(
    changes: Vec<(TaskId, Change)>,
) -> Result<Vec<Result<Saved, Refusal>>, ApiError> {
    check_count(changes.len())?;
    let (Services { kernel, .. }, actor) = (services()?, actor()?);
    let mut results = Vec::with_capacity(changes.len());
    for (task, change) in changes {
        let result = kernel.execute_all(&actor, change.into_commands(task)).await;
        results.push(match result {
            Ok(receipts) => Ok(saved_all(&receipts)),
            Err(error) => Err(refuse::refusal_of(&error)),
        });
    }
    Ok(results)
}

/// The latest first, because it may stand on the others.
async fn undo(events: Vec<EventId>) -> Result<Saved, ApiError> {
    check_count(events.len())?;
    let commands = events.into_iter().rev().map(|event| Undo { event }.into());
    execute_all(commands.collect()).await
}

/// Moves a task. The command depends on the task's present status, which a plain form cannot know.
pub(crate) async fn move_task(task: TaskId, to: &Status, end_run: bool) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let detail = kernel.task(&task).await.map_err(failed)?;
    let from = &detail.task.status;
    match Change::between(from, to) {
        Some(_) if detail.has_worker() && !end_run => Err(refused(refuse::ends_run())),
        Some(change) => execute_all(change.into_commands(task)).await,
        None => Err(refused(Refusal {
            // A claim leads to `running`, wherever the task is now.
            kind: match to {
                Status::Running => ErrorKind::Invalid,
                _ => ErrorKind::Refused,
            },
            message: Change::why_not_between(from, to),
        })),
    }
}

pub(crate) async fn edit_task(
    task: TaskId,
    title: String,
    body: String,
) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    // As the form had it.
    let before = read::shown(kernel.task(&task).await.map_err(failed)?.task)?;
    match Text::of(&before).change_to(&Text { title, body }) {
        Some(change) => execute_all(change.into_commands(task)).await,
        None => Ok(Saved {
            event: EventId::default(),
        }),
    }
}

/// As many as the original starts at a nudge.
const MOST_NUDGED: u32 = 8;

pub(crate) async fn nudge() -> Result<u32, ApiError> {
    let Services { dispatcher, .. } = services()?;
    let Some(dispatcher) = dispatcher.get() else {
        return Err(refused(Refusal {
            kind: ErrorKind::Refused,
            message: "This server starts no tasks: the dispatcher is somewhere else, or off"
                .to_owned(),
        }));
    };
    match dispatcher.tick(Some(MOST_NUDGED)).await {
        Ok(report) => Ok(u32::try_from(report.spawned.len()).unwrap_or(u32::MAX)),
        Err(dispatcher::Error::Kernel(error)) => Err(failed(error)),
        Err(error) => Err(internal(&error)),
    }
}

pub(crate) async fn fill_sample() -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    match sample::fill(&kernel, &actor()?).await {
        // Whatever else was written meanwhile, the sample is on the board by then.
        Ok(_) => Ok(Saved {
            event: *kernel.newest_event().borrow(),
        }),
        Err(dispatcher::Error::Kernel(error)) => Err(failed(error)),
        Err(error @ dispatcher::Error::BoardNotEmpty) => Err(refused(Refusal {
            kind: ErrorKind::Refused,
            message: error.to_string(),
        })),
        Err(error) => Err(internal(&error)),
    }
}

fn saved(receipt: &Receipt) -> Saved {
    Saved {
        event: receipt.events.last().copied().unwrap_or_default(),
    }
}

/// The last event of an act that consists of several.
fn saved_all(receipts: &[Receipt]) -> Saved {
    let events = receipts.iter().map(|receipt| saved(receipt).event);
    Saved {
        event: events.max().unwrap_or_default(),
    }
}

/// Refuses more than one request may ask for.
fn check_count(changes: usize) -> Result<(), ApiError> {
    if changes <= MAX_CHANGES {
        return Ok(());
    }
    Err(refused(Refusal {
        kind: ErrorKind::Malformed,
        message: format!("one request may ask for {MAX_CHANGES} changes at most, not {changes}"),
    }))
}

fn services() -> Result<Services, ApiError> {
    provided()
}

/// The caller, as the front door has let them in.
fn actor() -> Result<Actor, ApiError> {
    provided()
}

/// A part of the context that the server provides to each request.
fn provided<T: Clone + 'static>() -> Result<T, ApiError> {
    use_context::<T>().ok_or_else(|| {
        let missing = std::any::type_name::<T>();
        tracing::error!("a page was rendered without its {missing}");
        refused(Refusal {
            kind: ErrorKind::Internal,
            message: "the server is not set up".to_owned(),
        })
    })
}
