//! The WebSocket: what happens on the board, told as it happens.
//!
//! It serves two kinds of client. Those written for the original get the two keys they know; our
//! own page asks for `tasks=1` and also gets the touched tasks, and a sign of life when nothing
//! happens, because a page cannot see pings.

use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use domain::board::Frame;
use domain::id::EventId;
use kernel::Feed;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::rest::wire::EventFrame;
use crate::shutdown::Listener;
use crate::{AppState, http_error};

/// The page takes 20 s of silence for a broken connection.
const HEARTBEAT_PERIOD: Duration = Duration::from_secs(10);

/// Often enough that no proxy takes the connection for idle; most wait a minute.
const PING_PERIOD: Duration = Duration::from_secs(15);

/// After so many pings without an answer the other side is gone.
const MAX_UNANSWERED_PINGS: u32 = 2;

/// A client that does not take a frame for so long is cut. It can resume where it was.
const SEND_LIMIT: Duration = Duration::from_secs(10);

/// A client has nothing to say but pongs, of 125 bytes at most (RFC 6455, section 5.5).
const MAX_MESSAGE_BYTES: usize = 4 * 1024;

/// Tells a page that its cursor is unknown here, so that it reads the board again.
const RESET: &str = r#"{"reset":true}"#;

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    /// `events` and `cursor`, as in the original.
    Events,
    /// The touched tasks too, and heartbeats.
    Tasks,
}

/// Why a socket's loop goes round.
enum Wake {
    Happened(Result<Frame, kernel::Error>),
    Heard(Option<Result<Message, axum::Error>>),
    Heartbeat,
    Ping,
    Stop,
}

/// `GET /events`.
pub(crate) async fn events(
    State(state): State<AppState>,
    Query(query): Query<Vec<(String, String)>>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
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
    let feed = state.kernel().feed(EventId(since));
    let stop = state.shutdown.listener();
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| follow(socket, feed, telling, stop))
        .into_response()
}

/// Tells one client what happens until it leaves or the server stops.
async fn follow(mut socket: WebSocket, mut feed: Feed, telling: Telling, mut stop: Listener) {
    // Clients of the original know no such word; what they miss comes with their next reload.
    if telling == Telling::Tasks {
        match feed.skip_what_is_lost().await {
            Ok(false) => {}
            Ok(true) if is_sent(&mut socket, Message::text(RESET)).await => {}
            Ok(true) => return,
            Err(error) => return fail(&mut socket, &error).await,
        }
    }
    // Its first beat comes at once: the page then knows that it is listened to.
    let mut heartbeat = interval(HEARTBEAT_PERIOD);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut ping = tokio::time::interval_at(Instant::now() + PING_PERIOD, PING_PERIOD);
    let mut unanswered_pings = 0;
    loop {
        let wake = tokio::select! {
            frame = feed.next() => Wake::Happened(frame),
            message = socket.recv() => Wake::Heard(message),
            _ = heartbeat.tick(), if telling == Telling::Tasks => Wake::Heartbeat,
            _ = ping.tick() => Wake::Ping,
            () = stop.stopping() => Wake::Stop,
        };
        let message = match wake {
            Wake::Happened(Ok(frame)) => {
                heartbeat.reset();
                encode(&frame, telling)
            }
            Wake::Heartbeat => {
                let cursor = feed.cursor();
                encode(
                    &Frame {
                        events: Vec::new(),
                        cursor,
                        tasks: Vec::new(),
                    },
                    telling,
                )
            }
            Wake::Ping if unanswered_pings == MAX_UNANSWERED_PINGS => return,
            Wake::Ping => {
                unanswered_pings += 1;
                Message::Ping(Vec::new().into())
            }
            Wake::Heard(Some(Ok(Message::Pong(_)))) => {
                unanswered_pings = 0;
                continue;
            }
            Wake::Heard(Some(Ok(Message::Close(_)) | Err(_)) | None) => return,
            // The original never listened, so whatever a client says has no meaning.
            Wake::Heard(Some(Ok(_))) => continue,
            Wake::Happened(Err(error)) => return fail(&mut socket, &error).await,
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

fn encode(frame: &Frame, telling: Telling) -> Message {
    let json = match telling {
        Telling::Events => serde_json::to_string(&EventFrame::new(&frame.events, frame.cursor)),
        Telling::Tasks => serde_json::to_string(frame),
    };
    // Frames are made of texts and numbers, which always have a JSON form.
    Message::text(json.unwrap_or_default())
}

async fn is_sent(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SEND_LIMIT, socket.send(message)).await, Ok(Ok(())))
}

/// Closes the socket because of a fault of ours.
async fn fail(socket: &mut WebSocket, error: &kernel::Error) {
    let id = http_error::log(error, "a socket cannot follow the board");
    close(socket, close_code::ERROR, format!("internal error {id}")).await;
}

/// Says good-bye, so that the other side need not wait for a time-out to know.
async fn close(socket: &mut WebSocket, code: u16, reason: impl Into<Utf8Bytes>) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    // Whether it arrives makes no difference to us any more.
    is_sent(socket, Message::Close(Some(frame))).await;
}
