//! The side effects that the page asks for.

use domain::id::{EventId, TaskId};

use crate::address::Address;
use crate::change::Change;
use crate::connection::Socket;
use crate::inbox::ConcernId;
use crate::requests::pending::{Request, Ticket};
use crate::visitor::layout::Layout;
use crate::visitor::notification::Notification;
use crate::visitor::theme::Theme;

impl Effect {
    /// Returns true where a field is to take the keyboard; [`crate::Msg::ReachedField`] follows.
    pub(crate) fn gives_keyboard_to_field(&self) -> bool {
        matches!(
            self,
            Self::FocusSearch | Self::FocusAnswer(_) | Self::OpenForm
        )
    }

    /// Returns true for a question to the server, which changes nothing.
    pub fn is_read(&self) -> bool {
        matches!(
            self,
            Self::ReadBoard
                | Self::ReadPulse
                | Self::ReadInbox
                | Self::ReadTask(_)
                | Self::ReadChanges(_)
                | Self::Search(_)
        )
    }
}

/// A side effect that the page asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket that sends the events after `since`, in place of the last one.
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
    /// Search all texts of all tasks.
    Search(String),
    /// Ask how the dispatcher does.
    ReadPulse,
    /// Read what needs a person.
    ReadInbox,
    /// Read a task and its log.
    ReadTask(TaskId),
    /// Read what a task has changed in its repository.
    ReadChanges(TaskId),
    /// Ask the server for a change.
    Send {
        /// Names the request in the answer.
        ticket: Ticket,
        /// The change.
        request: Request,
    },
    /// Ask the server for many changes at once, at most [`domain::command::MAX_CHANGES`].
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
    /// Scroll the card of the open task into sight.
    ShowCard(TaskId),
    /// Give the keyboard to a card.
    FocusCard(TaskId),
    /// Give the keyboard to a concern.
    FocusConcern(ConcernId),
    /// Give the keyboard to the line in which a concern about a task is answered.
    FocusAnswer(TaskId),
    /// Give the keyboard to the question whether runs may end.
    FocusConfirmation,
    /// Give the keyboard to the inbox as a whole.
    FocusInbox,
    /// Give the keyboard to the search.
    FocusSearch,
    /// Open the form for a new task.
    OpenForm,
    /// Remember how the board is laid out.
    KeepLayout(Layout),
    /// Ask the person, by the browser, whether notifications may be shown.
    AskForPermission,
    /// Check that they still may.
    LookUpPermission,
    /// Remember whether notifications are wanted.
    KeepNotifications(bool),
    /// Show these, if nobody looks at the page.
    Notify(Vec<Notification>),
    /// Let the dispatcher look at the board now.
    Nudge,
    /// End the session, which leads away from the page.
    LogOut,
    /// Remember by which name the person is known.
    KeepMe(String),
    /// Remember the colours.
    KeepTheme(Theme),
}
