//! The page's ear: a WebSocket that tells what happens on the board.

use domain::board::Frame;
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

/// One message of the server.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    /// The server does not know our cursor.
    Reset {
        #[serde(rename = "reset")]
        _reset: bool,
    },
    /// What happened.
    Frame(Frame),
}

/// Opens a socket and tells what comes out of it until it closes or is aborted.
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
        let told = match message {
            Message::Text(text) => serde_json::from_str(&text),
            Message::Bytes(bytes) => serde_json::from_slice(&bytes),
        };
        match told {
            Ok(Told::Frame(frame)) => tell(Msg::Received(socket, frame)),
            // A frame that this build cannot read leaves a gap, just as a reset does.
            Ok(Told::Reset { .. }) | Err(_) => {
                tell(Msg::Connection(connection::Msg::LostTrack(socket)));
            }
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
