//! The server's half of [`crate::api`]: it hands requests to the kernel and answers to the page.
//! It decides nothing.

use std::fmt::Display;

use axum::http::header::{ACCEPT, COOKIE};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use dispatcher::{Home, logs, sample};
use domain::actor::Actor;
use domain::board::Snapshot;
use domain::command::Command;
use domain::error::ErrorKind;
use domain::id::TaskId;
use kernel::{BoardFilter, Kernel};
use leptos::prelude::use_context;
use leptos::server_fn::error::ServerFnUrlError;
use leptos_axum::ResponseOptions;
use state::Opening;
use state::address::Address;
use state::create::Form;
use state::drawer::{Log, Reading};
use state::pending::Saved;
use state::refusal::Refusal;
use state::theme::{self, Theme};

use crate::api::error::ApiError;

/// The end of a log that a page is sent, as in the original.
const LOG_BYTES: u64 = 100_000;

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

pub(crate) async fn open_page(address: Address) -> Result<Opening, ApiError> {
    let snapshot = read_board().await?;
    let reading = match &address.task {
        Some(task) => Some(read_task(task).await.map_err(Refusal::from)),
        None => None,
    };
    let request = use_context::<Parts>();
    Ok(Opening {
        address,
        snapshot,
        reading,
        theme: request.as_ref().map(theme).unwrap_or_default(),
        problem: request.as_ref().and_then(problem),
    })
}

pub(crate) async fn read_board() -> Result<Snapshot, ApiError> {
    let Services { kernel, .. } = services()?;
    kernel.board(BoardFilter::default()).await.map_err(failed)
}

pub(crate) async fn read_task(task: &TaskId) -> Result<Reading, ApiError> {
    let Services { kernel, home } = services()?;
    let detail = kernel.task(task).await.map_err(failed)?;
    // A log that cannot be read is no reason to withhold the task.
    let log = logs::read(&home, task, Some(LOG_BYTES))
        .await
        .inspect_err(|error| tracing::warn!(task.id = %task, error.cause = %error, "no log"))
        .ok()
        .filter(|log| log.exists)
        .map(|log| Log {
            text: log.text,
            size_bytes: log.size_bytes,
            is_truncated: log.is_truncated,
        });
    Ok(Reading { detail, log })
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
    Ok(Saved {
        event: receipt.events.last().copied().unwrap_or_default(),
    })
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

fn services() -> Result<Services, ApiError> {
    use_context::<Services>().ok_or_else(|| {
        tracing::error!("a page was rendered without its services");
        refused(Refusal {
            kind: ErrorKind::Internal,
            message: "the server is not set up".to_owned(),
        })
    })
}

/// The kernel's error as the page may see it.
fn failed(error: kernel::Error) -> ApiError {
    match error.kind() {
        ErrorKind::Internal => internal(&error),
        kind => refused(Refusal {
            kind,
            message: error.to_string(),
        }),
    }
}

/// Our own fault: the cause stays in the log.
fn internal(error: &impl Display) -> ApiError {
    tracing::error!(error.cause = %error, "a page's request failed");
    refused(Refusal {
        kind: ErrorKind::Internal,
        message: "the server failed; its log says why".to_owned(),
    })
}

/// Gives the response the status of a refusal. A plain form is led back to its page instead, where
/// the refusal is shown.
fn refused(refusal: Refusal) -> ApiError {
    let is_form = use_context::<Parts>().is_some_and(|request| is_plain_form(&request));
    if let (false, Some(response)) = (is_form, use_context::<ResponseOptions>()) {
        let status = StatusCode::from_u16(refusal.kind.http_status());
        response.set_status(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    }
    ApiError(refusal)
}

fn is_plain_form(request: &Parts) -> bool {
    let accepts_html = request
        .headers
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    request.method == Method::POST && accepts_html
}

/// The colours that the visitor chose, from the cookie that the page keeps them in.
fn theme(request: &Parts) -> Theme {
    request
        .headers
        .get_all(COOKIE)
        .into_iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == theme::COOKIE)
        .map(|(_, name)| Theme::from_name(name))
        .unwrap_or_default()
}

/// Why the plain form that led here was refused: Leptos leads back with the error in the address.
/// Anybody can write an address, so only the kind of trouble is taken from it, and the words are
/// ours.
fn problem(request: &Parts) -> Option<Refusal> {
    let error = request
        .uri
        .query()?
        .split('&')
        .find_map(|pair| pair.strip_prefix("__err="))?;
    // URL-safe base64, whose padding alone is escaped.
    let error = error.replace("%3D", "=");
    let ApiError(Refusal { kind, .. }) = ServerFnUrlError::decode_err(&error);
    let message = match kind {
        ErrorKind::Invalid => {
            "Not done: the form names something that does not exist, or is incomplete."
        }
        ErrorKind::Forbidden => "Not done: you may not do this.",
        ErrorKind::NotFound => "Not done: the task does not exist any more.",
        ErrorKind::Refused => {
            "Not done: the board does not allow this now. Does the task wait for another?"
        }
        ErrorKind::Busy => "Not done: the server is busy. Try again in a moment.",
        ErrorKind::Internal => "Not done: the server failed. Its log says why.",
    };
    Some(Refusal {
        kind,
        message: message.to_owned(),
    })
}
