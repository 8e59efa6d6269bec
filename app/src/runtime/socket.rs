//! The page's WebSocket, which receives the board's events.

use domain::board::{Frame, TaskSummary};
use domain::event::Event;
use domain::id::EventId;
use futures::future::{AbortHandle, abortable};
use futures::{FutureExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Deserialize;
use state::Msg;
use state::connection::{self, Socket};
use state::pulse::Pulse;

use crate::api::json;

/// One message of the server: a frame, or a word that it does not know our cursor. One struct for
/// both keeps the program small.
#[derive(Default, Deserialize)]
#[serde(default)]
struct ServerMessage {
    reset: bool,
    events: Vec<Event>,
    cursor: Option<EventId>,
    tasks: Vec<TaskSummary>,
    /// The dispatcher's state, where that has changed.
    status: Option<Pulse>,
}

/// Opens a socket and forwards its messages until it closes or is aborted.
pub(super) fn open(socket: Socket, since: EventId, tell: impl Fn(Msg) + 'static) -> AbortHandle {
    let (listening, handle) = abortable(async move {
        listen(socket, since, &tell).await;
        tell(Msg::Connection(connection::Msg::Closed(socket)));
    });
    // Whoever aborts has no more interest in how it ended.
    spawn_local(listening.map(|_| ()));
    handle
}

async fn listen(socket: Socket, since: EventId, tell: &impl Fn(Msg)) {
    let Ok(mut messages) = WebSocket::open(&url(since)) else {
        return;
    };
    while let Some(Ok(message)) = messages.next().await {
        let bytes = match message {
            Message::Text(text) => text.into_bytes(),
            Message::Bytes(bytes) => bytes,
        };
        let message: Result<ServerMessage, _> = json::read(&bytes);
        match message {
            Ok(ServerMessage {
                reset: false,
                events,
                cursor: Some(cursor),
                tasks,
                status,
            }) => {
                let frame = Frame {
                    events,
                    cursor,
                    tasks,
                };
                tell(Msg::Received(socket, frame));
                if let Some(status) = status {
                    tell(Msg::Heard(socket, status));
                }
            }
            // A frame that this build cannot read leaves a gap, just as a reset does.
            Ok(_) | Err(_) => tell(Msg::Connection(connection::Msg::LostTrack(socket))),
        }
    }
}

fn url(since: EventId) -> String {
    let location = location();
    let scheme = match location.protocol().as_deref() {
        Ok("https:") => "wss",
        _ => "ws",
    };
    let host = location.host().unwrap_or_default();
    format!("{scheme}://{host}/api/plugins/kanban/events?since={since}&tasks=1")
}
