//! A client of the WebSocket.

use anyhow::{Context as _, bail};
use domain::event::Event;
use futures::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::within;

/// One open socket.
pub(crate) struct Socket(pub(crate) WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// The next frame that tells of the board: what events tell, or nothing at all.
    pub(crate) async fn frame(&mut self) -> anyhow::Result<Value> {
        // One limit for all of it: pings alone are no progress.
        within("a frame", async {
            loop {
                let frame = self.read_frame().await?;
                if frame.get("status").is_none() {
                    return Ok(frame);
                }
            }
        })
        .await?
    }

    /// The next status from now on that `is_it` says yes to.
    pub(crate) async fn status(
        &mut self,
        what: &str,
        is_it: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Value> {
        within(what, async {
            loop {
                let mut frame = self.read_frame().await?;
                if let Some(status) = frame.get_mut("status")
                    && is_it(status)
                {
                    return Ok(status.take());
                }
            }
        })
        .await?
    }

    /// The events of the next frame that has any.
    pub(crate) async fn events(&mut self) -> anyhow::Result<Vec<Event>> {
        within("an event", self.read_events()).await?
    }

    /// The first event from now on that `is_it` says yes to.
    pub(crate) async fn event(
        &mut self,
        what: &str,
        is_it: impl Fn(&Event) -> bool,
    ) -> anyhow::Result<Event> {
        within(what, async {
            loop {
                if let Some(event) = self.read_events().await?.into_iter().find(&is_it) {
                    return Ok(event);
                }
            }
        })
        .await?
    }

    /// The frame with which the server closes the socket.
    pub(crate) async fn closed(&mut self) -> anyhow::Result<Option<CloseFrame>> {
        within("a goodbye", async {
            loop {
                if let Message::Close(frame) = self.message().await? {
                    return Ok(frame);
                }
            }
        })
        .await?
    }

    async fn read_events(&mut self) -> anyhow::Result<Vec<Event>> {
        loop {
            let frame = self.read_frame().await?;
            let events = frame.get("events").context("a frame without `events`")?;
            let events: Vec<Event> = serde_json::from_value(events.clone())?;
            if !events.is_empty() {
                return Ok(events);
            }
        }
    }

    async fn read_frame(&mut self) -> anyhow::Result<Value> {
        loop {
            match self.message().await? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(frame) => bail!("the server closed the socket: {frame:?}"),
                _ => {}
            }
        }
    }

    async fn message(&mut self) -> anyhow::Result<Message> {
        Ok(self.0.next().await.context("the socket broke off")??)
    }
}
