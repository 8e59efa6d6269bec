//! The WebSocket: what happens on the board, told as it happens.
//!
//! It serves two kinds of client. Those written for the original get the two keys they know; our
//! own page asks for `tasks=1` and also gets the touched tasks, what no event tells of, and a sign of
//! life when nothing happens, because a page cannot see pings.

mod channel;
mod fault;
mod relay;
mod status;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Extension, Query, State};
use axum::http::header::{HeaderMap, SEC_WEBSOCKET_KEY, UPGRADE};
use axum::response::{IntoResponse, Response};
use domain::board::Frame;
use domain::id::EventId;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, interval_at, timeout};

use crate::auth::Caller;
use crate::{AppState, http_error};
use relay::{Listener, Shared, Telling};

pub(crate) use relay::Relay;
pub(crate) use status::Statuses;

/// The page takes 20 s of silence for a broken connection.
const HEARTBEAT_PERIOD: Duration = Duration::from_secs(10);

/// Often enough that no proxy takes the connection for idle; most wait a minute.
const PING_PERIOD: Duration = Duration::from_secs(15);

/// After so many pings without an answer the other side is gone.
const MAX_UNANSWERED_PINGS: u32 = 2;

/// A client that does not take a frame for so long is cut. It can resume where it was.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// A client has nothing to say but pongs, of 125 bytes at most (RFC 6455, section 5.5). A longer
/// message closes the socket with the code 1009.
const MAX_MESSAGE_BYTES: usize = 4 * 1024;

/// The time for which a connection is kept after its client was told off. The system resets a
/// connection that is closed with something unread, and a reset may overtake the close frame.
const LINGER: Duration = Duration::from_secs(1);

/// The message to a page whose cursor is unknown here, so that it reads the board again.
const RESET: &str = r#"{"reset":true}"#;

/// The longest frame, in bytes. One frame may wait to be sent to a client; until then no other is
/// made for it, and others do not wait.
const MAX_UNSENT_BYTES: usize = 1024 * 1024;

/// The events of a socket's loop.
enum Wake {
    Happened(Result<Arc<Shared>, kernel::Error>),
    Heard(Option<Result<Message, axum::Error>>),
    Status,
    Heartbeat,
    Ping,
    Revoked,
    Stop,
}

/// `GET /events`.
pub(crate) async fn events(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            // Whoever has made up a key meant to open a socket.
            if headers.contains_key(SEC_WEBSOCKET_KEY) && !headers.contains_key(UPGRADE) {
                tracing::warn!(
                    "a socket cannot open: the proxy in between does not pass on the headers \
                     `Upgrade` and `Connection`; `kanban guide service` has what to write"
                );
            }
            return http_error::detail(rejection.status(), rejection.body_text());
        }
    };
    let value = |name| {
        query
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    };
    // What is not a number means everything, as in the original.
    let since = value("since")
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    let telling = match value("tasks") {
        Some(flag) if flag == "1" => Telling::Tasks,
        _ => Telling::Events,
    };
    let Ok(place) = state.sockets.clone().try_acquire_owned() else {
        return http_error::busy("too many listeners");
    };
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_UNSENT_BYTES)
        .on_upgrade(move |socket| follow(socket, state, caller, EventId(since), telling, place))
        .into_response()
}

/// Sends one client the events until it leaves, is not welcome any more or the server stops.
async fn follow(
    mut socket: WebSocket,
    state: AppState,
    caller: Caller,
    since: EventId,
    telling: Telling,
    _place: OwnedSemaphorePermit,
) {
    let mut stop = state.shutdown.listener();
    let mut listener = state.relay.listen(state.kernel(), since);
    let mut status = None;
    match listener.skip_what_is_lost(telling).await {
        Ok(false) => {}
        Ok(true) if is_sent(&mut socket, Message::text(reset(telling, &listener))).await => {}
        Ok(true) => return,
        Err(error) => return fail(&mut socket, &error).await,
    }
    if telling == Telling::Tasks {
        let (kernel, home) = (state.kernel(), &state.home);
        let mut statuses = state.statuses.watch(kernel, home);
        // What is known already is news to this client.
        statuses.mark_changed();
        status = Some(statuses);
    }
    let mut revoked = std::pin::pin!(state.door.revoked(&caller));
    // Its first beat comes at once: the page then knows that it is listened to.
    let mut heartbeat = interval(HEARTBEAT_PERIOD);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ping = interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
    let mut unanswered_pings = 0;
    loop {
        let wake = tokio::select! {
            biased;
            () = stop.stopping() => Wake::Stop,
            () = &mut revoked => Wake::Revoked,
            message = socket.recv() => Wake::Heard(message),
            _ = heartbeat.tick(), if telling == Telling::Tasks => Wake::Heartbeat,
            _ = ping.tick() => Wake::Ping,
            shared = listener.next() => Wake::Happened(shared),
            () = changed(&mut status) => Wake::Status,
        };
        let message = match wake {
            Wake::Happened(Ok(shared)) => {
                heartbeat.reset();
                state.metrics.frame(shared.age());
                Message::Text(shared.text(telling))
            }
            Wake::Heartbeat => Message::text(empty(&listener)),
            Wake::Status => match text_of(&mut status) {
                Some(json) => Message::text(status::frame(listener.cursor(), &json)),
                None => continue,
            },
            Wake::Ping if unanswered_pings == MAX_UNANSWERED_PINGS => return,
            Wake::Ping => {
                unanswered_pings += 1;
                Message::Ping(Vec::new().into())
            }
            Wake::Heard(Some(Ok(Message::Pong(_)))) => {
                unanswered_pings = 0;
                continue;
            }
            Wake::Heard(Some(Ok(Message::Close(_))) | None) => return,
            Wake::Heard(Some(Err(error))) => {
                if let Some((code, reason)) = fault::of(error) {
                    close(&mut socket, code, reason).await;
                    timeout(LINGER, stop.stopping()).await.ok();
                }
                return;
            }
            // The original never listened, so whatever a client says has no meaning.
            Wake::Heard(Some(Ok(_))) => continue,
            Wake::Happened(Err(error)) => return fail(&mut socket, &error).await,
            Wake::Revoked => {
                close(
                    &mut socket,
                    close_code::POLICY,
                    "the token is not in force any more",
                )
                .await;
                return;
            }
            Wake::Stop => {
                close(&mut socket, close_code::AWAY, "the server is stopping").await;
                return;
            }
        };
        if !is_sent(&mut socket, message).await {
            return;
        }
    }
}

type Watched = Option<watch::Receiver<Option<Arc<str>>>>;

/// Waits until the status is another; for ever where none is told.
async fn changed(status: &mut Watched) {
    let changed = match status {
        Some(status) => status.changed().await.is_ok(),
        None => false,
    };
    // The sender lives as long as the server, so it is not gone: nobody asked for a status.
    if !changed {
        std::future::pending::<()>().await;
    }
}

fn text_of(status: &mut Watched) -> Option<Arc<str>> {
    status.as_mut()?.borrow_and_update().clone()
}

/// The frame that says that the cursor is unknown. Clients of the original know its other two keys and
/// go on from there.
fn reset(telling: Telling, listener: &Listener) -> String {
    match telling {
        Telling::Tasks => RESET.to_owned(),
        Telling::Events => {
            let cursor = listener.cursor();
            json!({ "events": [], "cursor": cursor, "reset": true }).to_string()
        }
    }
}

/// A frame without anything.
fn empty(listener: &Listener) -> String {
    let frame = Frame {
        events: Vec::new(),
        cursor: listener.cursor(),
        tasks: Vec::new(),
    };
    // It is made of numbers, which always have a JSON form.
    serde_json::to_string(&frame).unwrap_or_default()
}

async fn is_sent(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SEND_LIMIT, socket.send(message)).await, Ok(Ok(())))
}

/// Closes the socket because of a fault of ours.
async fn fail(socket: &mut WebSocket, error: &kernel::Error) {
    let id = http_error::log(error, "a socket cannot follow the board");
    close(socket, close_code::ERROR, format!("internal error {id}")).await;
}

/// Closes the socket with a close frame, so that the other side need not wait for a time-out to
/// know.
async fn close(socket: &mut WebSocket, code: u16, reason: impl Into<Utf8Bytes>) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // Whether it arrives makes no difference to us any more.
    is_sent(socket, Message::Close(Some(frame))).await;
}
