//! What the page wants done.

use domain::id::{EventId, TaskId};

use crate::address::Address;
use crate::change::Change;
use crate::connection::Socket;
use crate::layout::Layout;
use crate::pending::{Request, Ticket};
use crate::theme::Theme;

/// What the page wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket that tells what happens after `since`, in place of the last one.
    OpenSocket {
        /// Its number.
        socket: Socket,
        /// The last event that is known.
        since: EventId,
    },
    /// Find out whether the server still knows the visitor.
    CheckSession,
    /// Read the whole board. Only after [`crate::connection::Msg::LostTrack`] and for the archive:
    /// events say the rest.
    ReadBoard,
    /// Look for words in all texts of all tasks.
    Search(String),
    /// Ask how the dispatcher does.
    ReadPulse,
    /// Read a task and its log.
    ReadTask(TaskId),
    /// Read the log of a task again.
    ReadLog {
        /// The task.
        task: TaskId,
        /// How long the log was when it was last read, in bytes.
        known_bytes: u64,
    },
    /// Ask the server for a change.
    Send {
        /// Names the request in the answer.
        ticket: Ticket,
        /// The change.
        request: Request,
    },
    /// Ask the server for many changes at once.
    SendAll {
        /// Names the request in the answer.
        ticket: Ticket,
        /// The changes.
        changes: Vec<(TaskId, Change)>,
    },
    /// Go to another address.
    Visit(Address),
    /// Say another address without going anywhere: going back leads to where one was.
    KeepAddress(Address),
    /// Give the keyboard to the open task.
    FocusDrawer,
    /// Give the keyboard to a card.
    FocusCard(TaskId),
    /// Give the keyboard to the search.
    FocusSearch,
    /// Open the form for a new task.
    OpenForm,
    /// Remember how the board is laid out.
    KeepLayout(Layout),
    /// Remember the colours.
    KeepTheme(Theme),
}
