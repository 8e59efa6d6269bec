//! Frames that many sockets share: each is read from the board once and encoded once.
//!
//! A socket that stands where a shared frame begins takes it. Any other, because it is new or was
//! slow, reads for itself until it stands at the end of a shared frame.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use domain::board::Frame;
use domain::id::EventId;
use domain::text::json;
use kernel::Kernel;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::channel::Channel;
use super::trouble::Trouble;
use super::{MAX_UNSENT_BYTES, RESET};
use crate::rest::wire::EventFrame;

/// The number of events that are kept in shared frames: those of a second in which very much
/// happens.
const MAX_EVENTS: usize = 2_000;

/// The shortest time between two frames. The first event after a silence is told at once; in a
/// storm of them, each frame carries a few.
const GAP: Duration = Duration::from_millis(3);

/// The form of frames that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Telling {
    /// `events` and `cursor`, as in the original.
    Events,
    /// The touched tasks too, heartbeats and the status.
    Tasks,
}

/// The shared frames of one server.
#[derive(Debug)]
pub(crate) struct Relay {
    /// The end of the newest frame.
    newest: Channel<EventId>,
    recent: Mutex<VecDeque<Arc<Shared>>>,
}

/// A frame, and its text once somebody has asked for it.
#[derive(Debug)]
pub(super) struct Shared {
    since: EventId,
    frame: Frame,
    events: OnceLock<Utf8Bytes>,
    tasks: OnceLock<Utf8Bytes>,
    read_at: Instant,
}

impl Shared {
    fn new(since: EventId, frame: Frame) -> Self {
        Self {
            since,
            frame,
            events: OnceLock::new(),
            tasks: OnceLock::new(),
            read_at: Instant::now(),
        }
    }

    /// The cursor of a socket after this frame.
    pub(super) fn cursor(&self) -> EventId {
        self.frame.cursor
    }

    /// The time since its events were read.
    pub(super) fn age(&self) -> Duration {
        self.read_at.elapsed()
    }

    /// The text that goes out.
    pub(super) fn text(&self, telling: Telling) -> Utf8Bytes {
        let place = match telling {
            Telling::Events => &self.events,
            Telling::Tasks => &self.tasks,
        };
        place.get_or_init(|| encode(&self.frame, telling)).clone()
    }
}

fn encode(frame: &Frame, telling: Telling) -> Utf8Bytes {
    let json = match telling {
        Telling::Events => serde_json::to_string(&EventFrame::new(&frame.events, frame.cursor)),
        // A page shows what it is told.
        Telling::Tasks => json::to_string(frame),
    };
    // Frames are made of texts and numbers, which always have a JSON form.
    let json = json.unwrap_or_default();
    // A page that is told of thousands of tasks at once had better read them anew.
    if telling == Telling::Tasks && json.len() > MAX_UNSENT_BYTES {
        return Utf8Bytes::from_static(RESET);
    }
    json.into()
}

impl Default for Relay {
    fn default() -> Self {
        Self {
            newest: Channel::new(EventId(0)),
            recent: Mutex::default(),
        }
    }
}

impl Relay {
    /// Listens from `since` on.
    pub(super) fn listen(self: &Arc<Self>, kernel: &Kernel, since: EventId) -> Listener {
        let newest = self.newest.subscribe(|| {
            let begin = *kernel.newest_event().borrow();
            self.newest.sender().send_replace(begin);
            tokio::spawn(relay(self.clone(), kernel.clone(), begin));
        });
        Listener {
            relay: self.clone(),
            kernel: kernel.clone(),
            newest,
            cursor: since,
        }
    }

    fn push(&self, shared: Shared) {
        let cursor = shared.cursor();
        {
            let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
            recent.push_back(Arc::new(shared));
            let mut events: usize = recent.iter().map(|it| it.frame.events.len()).sum();
            while events > MAX_EVENTS {
                let oldest = recent.pop_front();
                events -= oldest.map_or(events, |it| it.frame.events.len());
            }
        }
        self.newest.sender().send_replace(cursor);
    }

    /// The frame that begins at `cursor`.
    fn after(&self, cursor: EventId) -> Option<Arc<Shared>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = recent
            .binary_search_by_key(&cursor, |shared| shared.since)
            .ok()?;
        recent.get(place).cloned()
    }

    /// The last end of a shared frame up to `cursor` and after `since`.
    fn boundary(&self, since: EventId, cursor: EventId) -> Option<EventId> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let ends = recent.iter().rev().map(|shared| shared.cursor());
        ends.skip_while(|end| *end > cursor)
            .take_while(|end| *end > since)
            .next()
    }

    fn forget(&self) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.clear();
    }
}

/// Reads frame after frame for as long as somebody listens.
async fn relay(relay: Arc<Relay>, kernel: Kernel, begin: EventId) {
    let mut feed = kernel.feed(begin);
    let mut trouble = Trouble::default();
    loop {
        let since = feed.cursor();
        let frame = tokio::select! {
            biased;
            () = relay.newest.sender().closed() => {
                relay.forget();
                if relay.newest.may_end() {
                    return;
                }
                // Somebody has come meanwhile and starts from where they are.
                continue;
            }
            frame = feed.next() => frame,
        };
        let rest = match frame {
            Ok(frame) => {
                relay.push(Shared::new(since, frame));
                trouble.is_over();
                GAP
            }
            Err(error) => trouble.rest(&error),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "it lets events gather for the next frame, and a board recover"
        )]
        sleep(rest).await;
    }
}

/// One socket's place in the log of events.
pub(super) struct Listener {
    relay: Arc<Relay>,
    kernel: Kernel,
    newest: watch::Receiver<EventId>,
    cursor: EventId,
}

impl Listener {
    /// The last event that this socket was told of.
    pub(super) fn cursor(&self) -> EventId {
        self.cursor
    }

    /// Moves to the newest event when the log cannot tell what happened after the cursor; returns true
    /// if so. Who gets events alone is still told those that are left after a gap; a page reads the board.
    pub(super) async fn skip_what_is_lost(
        &mut self,
        telling: Telling,
    ) -> Result<bool, kernel::Error> {
        let mut feed = self.kernel.feed(self.cursor);
        let is_lost = feed.skip_what_is_lost().await?;
        if telling == Telling::Tasks || feed.cursor() < self.cursor {
            self.cursor = feed.cursor();
        }
        Ok(is_lost)
    }

    /// Waits until something has happened after the cursor, and tells it.
    ///
    /// Dropping the future loses nothing: the cursor moves only when a frame is returned.
    pub(super) async fn next(&mut self) -> Result<Arc<Shared>, kernel::Error> {
        let cursor = self.cursor;
        // The sender lives as long as the relay, which we hold.
        let reached = self.newest.wait_for(|newest| *newest > cursor).await;
        drop(reached);
        let shared = match self.relay.after(cursor) {
            Some(shared) => shared,
            None => Arc::new(self.read().await?),
        };
        self.cursor = shared.cursor();
        Ok(shared)
    }

    /// Reads for this socket alone, up to a place where it can share again.
    async fn read(&self) -> Result<Shared, kernel::Error> {
        let since = self.cursor;
        let mut frame = self.kernel.feed(since).next().await?;
        if let Some(end) = self.relay.boundary(since, frame.cursor) {
            frame.events.retain(|event| event.id <= end);
            frame.cursor = end;
        }
        Ok(Shared::new(since, frame))
    }
}
