//! The server's half of [`crate::api`]: it hands requests to the kernel and answers to the page.
//! It decides nothing.

mod markdown;
mod preferences;
mod read;
mod refuse;

use dispatcher::{Home, sample};
use domain::actor::Actor;
use domain::command::{Command, Receipt};
use domain::error::ErrorKind;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use kernel::Kernel;
use leptos::prelude::use_context;
use state::change::Change;
use state::create::Form;
use state::edit::Text;
use state::pending::Saved;
use state::refusal::Refusal;

use crate::api::error::ApiError;
use refuse::{failed, internal, refused};

pub(crate) use read::{open_page, read_board, read_log, read_pulse, read_task, search};

/// The name under which the page's changes are written down, as in the original.
const ACTOR: &str = "dashboard";

/// What the server provides to each request as context.
#[derive(Clone)]
pub struct Services {
    /// The board.
    pub kernel: Kernel,
    /// Where logs are.
    pub home: Home,
}

pub(crate) async fn create_task(form: Form) -> Result<Saved, ApiError> {
    let task = form.into_task().map_err(refused)?;
    execute(Command::CreateTask(task)).await
}

pub(crate) async fn execute(command: Command) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let receipt = kernel
        .execute(&Actor::full(ACTOR), command)
        .await
        .map_err(failed)?;
    Ok(saved(&receipt))
}

/// One after the other, as the board would see them from a quick hand; each has its own answer.
pub(crate) async fn execute_each(
    changes: Vec<(TaskId, Change)>,
) -> Result<Vec<Result<Saved, Refusal>>, ApiError> {
    let Services { kernel, .. } = services()?;
    let mut results = Vec::with_capacity(changes.len());
    for (task, change) in changes {
        let result = kernel
            .execute(&Actor::full(ACTOR), change.into_command(task))
            .await;
        results.push(match result {
            Ok(receipt) => Ok(saved(&receipt)),
            Err(error) => Err(refuse::refusal_of(&error)),
        });
    }
    Ok(results)
}

/// The latest first, because it may stand on the others.
pub(crate) async fn undo(events: Vec<EventId>) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let commands = events
        .into_iter()
        .rev()
        .map(|event| Command::Undo { event });
    let receipts = kernel
        .execute_all(&Actor::full(ACTOR), commands.collect())
        .await
        .map_err(failed)?;
    let events = receipts.iter().map(|receipt| saved(receipt).event);
    Ok(Saved {
        event: events.max().unwrap_or_default(),
    })
}

/// What a move means depends on where the task is by now, which a plain form cannot know.
pub(crate) async fn move_task(task: TaskId, to: &Status) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let from = kernel.task(&task).await.map_err(failed)?.task.status;
    match Change::between(&from, to) {
        Some(change) => execute(change.into_command(task)).await,
        None => Err(refused(Refusal {
            kind: ErrorKind::Refused,
            message: Change::why_not_between(&from, to),
        })),
    }
}

pub(crate) async fn edit_task(
    task: TaskId,
    title: String,
    body: String,
) -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    let before = kernel.task(&task).await.map_err(failed)?.task;
    match Text::of(&before).change_to(&Text { title, body }) {
        Some(change) => execute(change.into_command(task)).await,
        None => Ok(Saved {
            event: EventId::default(),
        }),
    }
}

pub(crate) async fn fill_sample() -> Result<Saved, ApiError> {
    let Services { kernel, .. } = services()?;
    match sample::fill(&kernel, &Actor::full(ACTOR)).await {
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

fn services() -> Result<Services, ApiError> {
    use_context::<Services>().ok_or_else(|| {
        tracing::error!("a page was rendered without its services");
        refused(Refusal {
            kind: ErrorKind::Internal,
            message: "the server is not set up".to_owned(),
        })
    })
}
