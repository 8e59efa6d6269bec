//! The messages of the page.

use domain::board::{Frame, Snapshot};
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;

use crate::address::Address;
use crate::board::filter;
use crate::board::selection;
use crate::change::Change;
use crate::connection::{self, Socket};
use crate::drawer::comment;
use crate::drawer::edit;
use crate::drawer::tab::Tab;
use crate::keys::Action;
use crate::palette::{self, Page};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::requests::confirm;
use crate::requests::pending;
use crate::requests::undo::ActId;
use crate::visitor::layout;
use crate::visitor::notification;
use crate::visitor::theme::Theme;
use crate::{Focus, Press, create, drawer, inbox};

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// The page's program began to run in a browser.
    Started(Timestamp),
    /// A second passed.
    Ticked(Timestamp),
    /// The address bar says something else.
    Visited(Address),
    /// A person opened a task.
    OpenedTask(TaskId),
    /// A person wants another tab of the open task.
    ChoseTab(Tab),
    /// A person pressed Escape, or a place outside of the open task.
    LeftTask,
    /// A person pressed a key of the page.
    Pressed(Press, Focus),
    /// A person asked for the same in another way.
    Wanted(Action),
    /// The field that was to take the keyboard has it, or cannot have it.
    ReachedField,
    /// A person wants other cards.
    Filter(filter::Msg),
    /// A person wants more of a column.
    WantedMore(Status),
    /// A person arranged the board.
    Layout(layout::Msg),
    /// A person chose cards.
    Selection(selection::Msg),
    /// A person put all chosen cards into a column.
    PutChosen(Status),
    /// A person is asked something about all chosen cards.
    AskedOfChosen(Page),
    /// A person put cards into a column: the chosen ones where this card is one of them, else it
    /// alone.
    Dropped(TaskId, Status),
    /// A person did something to one task.
    Changed(TaskId, Change),
    /// A person wants something taken back: this, or the last thing.
    WantedUndo(Option<ActId>),
    /// A person wants to do something to a card: to the chosen ones where it is one of them.
    OpenedMenu(TaskId),
    /// A person asked for anything, or answered.
    Palette(palette::Msg),
    /// A person was asked whether runs may end, or tasks be finished without their checks.
    Confirm(confirm::Msg),
    /// A person has seen the keys.
    LeftHelp,
    /// A person rewrites the open task.
    Edit(edit::Msg),
    /// The socket closed, or lost track.
    Connection(connection::Msg),
    /// The socket told what happened on the board; nothing, when it only says that it is there.
    Received(Socket, Frame),
    /// The board was read anew.
    ReadBoard {
        /// The board.
        result: Result<Snapshot, Refusal>,
        /// True when it was read with its archive.
        has_archive: bool,
    },
    /// The server looked for words in all texts.
    Found(Result<Vec<TaskId>, Refusal>),
    /// The socket told how the dispatcher does.
    Heard(Socket, Pulse),
    /// The dispatcher was asked how it does.
    ReadPulse(Result<Pulse, Refusal>),
    /// The open task was read.
    Drawer(drawer::Answer),
    /// The changes of a task were read, as HTML that is safe to show.
    ReadChanges(TaskId, Result<String, Refusal>),
    /// Something happened to the inbox.
    Inbox(inbox::Msg),
    /// A person asked for notifications, or the browser answered.
    Notification(notification::Msg),
    /// A person did something with the form for a new task.
    Create(create::Msg),
    /// A person did something with the form for a comment.
    Comment(comment::Msg),
    /// A request was made or answered.
    Pending(pending::Msg),
    /// A person has read a notice.
    DismissedNotice(u32),
    /// This was copied, or the browser did not let it be.
    Copied(String, bool),
    /// A person wants to go on from the search, or from the top of the page, to the cards.
    WentToCards,
    /// A person wants the dispatcher to look at the board now.
    WantedNudge,
    /// The dispatcher looked at the board, and started this many tasks.
    Nudged(Result<u32, Refusal>),
    /// A person wants only their own tasks, or everybody's.
    ToggledMine,
    /// A person said by which name they are known.
    Introduced(String),
    /// A person has done enough.
    LoggedOut,
    /// A person chose the page's colours.
    ChoseTheme(Theme),
}
