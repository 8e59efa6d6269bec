//! Following the board: the events after a cursor, in order and without a gap.

use domain::board::Frame;
use domain::event::Event;
use domain::id::EventId;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::error::Error;
use crate::events;
use crate::queries::board;
use crate::readers::Readers;

/// The maximum number of events in a frame, as in the original.
const EVENTS_PER_FRAME: u32 = 200;

/// The maximum size of their payloads together, in bytes, unless one exceeds it alone.
const BYTES_PER_FRAME: usize = 256 * 1024;

/// One listener's position in the event log. It reads the table, so it cannot lag: a slow listener
/// reads larger frames.
pub struct Feed {
    readers: Readers,
    newest_event: watch::Receiver<EventId>,
    cursor: EventId,
}

impl Feed {
    pub(crate) fn new(
        readers: Readers,
        newest_event: watch::Receiver<EventId>,
        since: EventId,
    ) -> Self {
        Self {
            readers,
            newest_event,
            cursor: since,
        }
    }

    /// Returns the last event that this listener has received.
    pub fn cursor(&self) -> EventId {
        self.cursor
    }

    /// Moves to the newest event when the log has a gap after the cursor: it never came so far,
    /// because another database is in its place, or the next events were deleted. Returns true if
    /// so; the listener then has to read the board again.
    ///
    /// # Errors
    /// Fails if the board has been closed or cannot be read.
    pub async fn skip_what_is_lost(&mut self) -> Result<bool, Error> {
        let cursor = self.cursor;
        let (oldest, newest) = self.readers.read(events::ends).await?;
        // Whoever knows nothing yet misses nothing.
        let is_forgotten = cursor.0 > 0 && oldest.0.saturating_sub(1) > cursor.0;
        let is_lost = cursor > newest || is_forgotten;
        if is_lost {
            self.cursor = newest;
        }
        Ok(is_lost)
    }

    /// Waits for events after the cursor, and returns them.
    ///
    /// Dropping the future loses nothing: the cursor moves only when a frame is returned.
    ///
    /// # Errors
    /// Fails if the board has been closed or cannot be read.
    pub async fn next(&mut self) -> Result<Frame, Error> {
        loop {
            let cursor = self.cursor;
            self.newest_event
                .wait_for(|newest| *newest > cursor)
                .await
                .map_err(|_| Error::Stopped)?;
            let frame = self
                .readers
                .read(move |conn| read_frame(conn, cursor))
                .await?;
            if !frame.events.is_empty() {
                self.cursor = frame.cursor;
                return Ok(frame);
            }
            // The newest events were deleted since: nothing to tell until the next one.
            self.newest_event
                .changed()
                .await
                .map_err(|_| Error::Stopped)?;
        }
    }
}

fn read_frame(conn: &Connection, since: EventId) -> Result<Frame, Error> {
    let mut events = events::after(conn, since, EVENTS_PER_FRAME)?;
    let mut bytes = 0;
    let mut fits = |event: &Event| {
        bytes += event.payload.as_ref().map_or(0, |it| it.to_string().len());
        bytes <= BYTES_PER_FRAME
    };
    let fitting = events.iter().take_while(|event| fits(event)).count();
    events.truncate(fitting.max(1));
    let cursor = events.last().map_or(since, |event| event.id);
    let tasks = board::touched_by(conn, &events)?;
    Ok(Frame {
        events,
        cursor,
        tasks,
    })
}
