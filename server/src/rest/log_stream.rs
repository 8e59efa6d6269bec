//! `GET /tasks/{id}/log/stream`: what the workers of a task write, as they write it.
//!
//! Server-sent events, which every browser and `curl` can read. It follows the log over its
//! rotation: whoever listens misses nothing and hears nothing twice.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};
use utoipa::IntoParams;

use super::input::{Named, Parameters, TaskParameter, lenient};
use crate::AppState;
use crate::auth::Caller;
use crate::follow_log::Follower;
use crate::http_error::{self, HttpError};
use crate::shutdown::Listener;

/// The polling interval of the file: often enough that a person sees text flow.
const PERIOD: Duration = Duration::from_millis(200);

/// The interval of keep-alives when there is nothing to send.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

lenient! {
    /// The part of a log that is sent first.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct StreamQuery {
        /// The last bytes of what was written before.
        #[param(default = 100_000, minimum = 0, maximum = 2_000_000)]
        tail: Option<i64> = bounded(0..=2_000_000),
    }
}

/// The default size of the existing text that is sent first, in bytes.
const DEFAULT_TAIL: u64 = 100_000;

/// Follows the log of a task.
#[utoipa::path(
    get, path = "/tasks/{id}/log/stream", tag = "tasks",
    params(TaskParameter, StreamQuery),
    description = "Streams the output of the workers of a task: server-sent events whose data \
                   is a JSON text. It begins with the last bytes of what was written before, as \
                   `tail` says, and does not end by itself.",
    responses(
        (status = 200, description = "The stream.", body = String, content_type = "text/event-stream"),
        super::openapi::Refusals, super::openapi::Missing,
    ),
)]
pub(super) async fn follow(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Named(named): Named<TaskParameter>,
    Parameters(StreamQuery { tail }): Parameters<StreamQuery>,
) -> Result<Response, HttpError> {
    let task = state.kernel().task_alone(&named.task()?).await?;
    let Ok(place) = state.sockets.clone().try_acquire_owned() else {
        return Ok(http_error::busy("too many listeners"));
    };
    let tail = tail.and_then(|bytes| u64::try_from(bytes).ok());
    let path = state.home.log(&task.id);
    let mut ticks = interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = state.shutdown.listener();
    let following = Following {
        follower: Follower::new(path, tail.unwrap_or(DEFAULT_TAIL)),
        ticks,
        stop,
        state,
        caller,
        _place: place,
    };
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(following.events())
        .keep_alive(keep_alive)
        .into_response())
}

/// One listener.
struct Following {
    follower: Follower,
    ticks: Interval,
    stop: Listener,
    state: AppState,
    caller: Caller,
    _place: OwnedSemaphorePermit,
}

impl Following {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        unfold(self, |mut following| async {
            let text = following.next().await?;
            // A text always has a JSON form.
            let data = serde_json::to_string(&text).unwrap_or_default();
            Some((Ok(Event::default().data(data)), following))
        })
    }

    /// The text written since the last time; `None` when there is nothing more to say.
    async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                _ = self.ticks.tick() => {}
                () = self.stop.stopping() => return None,
                () = self.state.door.revoked(&self.caller) => return None,
            }
            match self.follower.read().await {
                Ok(text) if text.is_empty() => {}
                Ok(text) => return Some(text),
                Err(error) => {
                    http_error::log(&error, "a log cannot be followed");
                    return None;
                }
            }
        }
    }
}
