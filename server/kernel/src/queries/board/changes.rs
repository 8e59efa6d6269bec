//! The changes of the board since an event, for those who keep a copy of it.

use domain::id::EventId;
use domain::time::Timestamp;
use rusqlite::Connection;

use super::{BoardFilter, BoardRow, TOUCHED, board_row, few, named_by, select};
use crate::error::Error;
use crate::{Kernel, events, row};

/// The number of events after which the whole board is read rather than the tasks they touched.
const MANY: u32 = 1_000;

/// The changes of the board since an event.
#[derive(Clone, Debug)]
pub struct BoardChanges {
    /// The tasks that may be other than before, as they are now, in no order: SQLite would write their
    /// texts to a file to sort them, which takes twice as long as to read them.
    pub rows: Vec<BoardRow>,
    /// True if these are all tasks of the board.
    pub is_whole: bool,
    /// The number of tasks. A copy with another number has to be made anew: other programs may
    /// delete tasks, which no event tells of.
    pub count: u32,
    /// The last event contained in it.
    pub cursor: EventId,
    /// The time of reading.
    pub now: Timestamp,
}

impl Kernel {
    /// Returns the newest event in the file, also that of a process that has committed just now.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn cursor(&self) -> Result<EventId, Error> {
        self.readers.read(events::newest).await
    }

    /// Returns the changes of the board, archived tasks included, since an event; the whole board
    /// if that is `None` or too long ago.
    ///
    /// Running tasks are always among it: leases are renewed without an event.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn board_changes(&self, since: Option<EventId>) -> Result<BoardChanges, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let touched = match since {
                    Some(since) => touched_since(conn, since)?,
                    None => None,
                };
                let is_whole = touched.is_none();
                let everything = BoardFilter {
                    tenant: None,
                    include_archived: true,
                };
                Ok(BoardChanges {
                    rows: match touched {
                        Some(rows) => rows,
                        None => select(conn, &everything, board_row)?,
                    },
                    is_whole,
                    count: row::one(conn, "SELECT count(*) FROM tasks", ())?,
                    cursor: events::newest(conn)?,
                    now,
                })
            })
            .await
    }
}

/// Returns the tasks that the events after `since` touched; `None` if the log has a gap or they are
/// many.
fn touched_since(conn: &Connection, since: EventId) -> Result<Option<Vec<BoardRow>>, Error> {
    let (oldest, newest) = events::ends(conn)?;
    if newest < since || oldest.0.saturating_sub(1) > since.0 {
        return Ok(None);
    }
    let events = events::after(conn, since, MANY)?;
    if events.len() >= usize::try_from(MANY).unwrap_or(usize::MAX) {
        return Ok(None);
    }
    let condition = format!("status = 'running' OR id IN ({TOUCHED})");
    few(conn, &condition, &named_by(&events), board_row).map(Some)
}
