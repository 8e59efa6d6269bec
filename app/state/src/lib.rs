//! The browser's half of the program as plain values: what the page knows, what can happen to it,
//! and what it shows.
//!
//! Pure: no clock, no network, no framework. Time, ids and answers arrive inside [`Msg`]; whatever
//! the page wants done leaves as [`Effect`].

#![warn(missing_docs)]

pub mod address;
pub mod age;
pub mod board;
pub mod change;
pub mod connection;
pub mod create;
pub mod drawer;
mod effect;
pub mod inbox;
pub mod keys;
pub mod label;
mod msg;
pub mod notice;
pub mod palette;
mod pressed;
pub mod pulse;
mod query;
pub mod refusal;
pub mod requests;
pub mod shown;
mod update;
pub mod visitor;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use domain::board::Snapshot;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::board::carry::Carried;
use crate::change::Change;
use crate::drawer::Reading;
use crate::palette::Palette;
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::requests::confirm::Confirmation;
use crate::visitor::layout::Layout;
use crate::visitor::theme::Theme;

pub use effect::Effect;
pub use msg::Msg;
pub use pressed::{Focus, Press};
pub use update::update;

/// Everything that the page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    now: Timestamp,
    address: Address,
    search: board::search::Model,
    board: board::Model,
    window: board::window::Model,
    pending: requests::pending::Model,
    undo: requests::undo::Model,
    selection: board::selection::Model,
    carried: Option<Carried>,
    drawer: drawer::Model,
    edit: drawer::edit::Model,
    /// The reason why the dependencies of a task could not be changed.
    link_problem: Option<(TaskId, String)>,
    create: create::Model,
    comment: drawer::comment::Model,
    inbox: inbox::Model,
    notifications: visitor::notification::Model,
    palette: Option<Palette>,
    is_helping: bool,
    /// Changes that the person has to agree to first.
    confirmation: Option<Confirmation>,
    /// True while a field is about to take the keyboard.
    is_field_awaited: bool,
    /// The key that was pressed last.
    last_press: Option<Press>,
    connection: connection::Model,
    pulse: pulse::Model,
    /// The build of the server that rendered the page.
    build: String,
    /// True once another build of the server runs.
    is_outdated: bool,
    notices: notice::Model,
    layout: Layout,
    theme: Theme,
    /// The name whose tasks are this person's.
    me: Option<String>,
}

/// The server's data for the first rendering, handed to the browser once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The address that was asked for.
    pub address: Address,
    /// The board; with its archive where the address asks for it.
    pub snapshot: Snapshot,
    /// The open task.
    pub reading: Option<Result<Reading, Refusal>>,
    /// The changes of the open task, where the address asks for them.
    pub changes: Option<Result<String, Refusal>>,
    /// The server's part of the inbox.
    pub inbox: inbox::ServerEntries,
    /// The dispatcher.
    pub pulse: Pulse,
    /// True when the browser is to notify of what is new in the inbox.
    pub notifies: bool,
    /// The layout of the board.
    pub layout: Layout,
    /// The colours.
    pub theme: Theme,
    /// The name whose tasks are this person's.
    pub me: Option<String>,
    /// The refusal of the plain form that led here.
    pub problem: Option<Refusal>,
}

impl Model {
    /// The page as the server rendered it.
    pub fn new(opening: Opening) -> Self {
        let Opening {
            address,
            snapshot,
            reading,
            changes,
            inbox,
            pulse,
            notifies,
            layout,
            theme,
            me,
            problem,
        } = opening;
        let now = snapshot.now;
        let mut drawer = match (&address.task, reading) {
            (Some(task), Some(reading)) => drawer::Model::opened(task.clone(), reading),
            _ => drawer::Model::Closed,
        };
        if let (Some(task), Some(changes)) = (&address.task, changes) {
            drawer.tell_changes(task, changes);
        }
        let mut notices = notice::Model::default();
        if let Some(problem) = problem {
            notices.show(now, problem.message);
        }
        Self {
            now,
            board: board::Model::new(snapshot, address.filter.archived),
            address,
            search: board::search::Model::default(),
            window: board::window::Model::default(),
            pending: requests::pending::Model::default(),
            undo: requests::undo::Model::default(),
            selection: board::selection::Model::default(),
            carried: None,
            drawer,
            edit: drawer::edit::Model::default(),
            link_problem: None,
            create: create::Model::default(),
            comment: drawer::comment::Model::default(),
            inbox: inbox::Model::new(inbox),
            notifications: visitor::notification::Model::new(notifies),
            palette: None,
            is_helping: false,
            confirmation: None,
            is_field_awaited: false,
            last_press: None,
            connection: connection::Model::default(),
            build: pulse.build.clone(),
            is_outdated: false,
            pulse: pulse::Model::new(pulse),
            notices,
            layout,
            theme,
            me,
        }
    }

    /// Returns true when this is the address of what is shown.
    pub fn is_at(&self, address: &Address) -> bool {
        self.address == *address
    }

    /// Parses a URL of this board.
    pub fn address_of(&self, path: &str, query: &str) -> Address {
        Address::from_url(path, query, self.address.usual.clone())
    }

    /// Returns true when archived tasks are to be read with the board.
    pub fn wants_archive(&self) -> bool {
        self.address.filter.archived
    }

    /// Returns true while there are words that would be lost with the page.
    pub fn has_drafts(&self) -> bool {
        self.comment.has_drafts() || self.edit.has_drafts()
    }

    /// Returns true while keys are the page's own: not while a question or the help lies above it, nor
    /// while a field is about to take the keyboard.
    pub fn takes_keys(&self) -> bool {
        let is_covered = self.palette.is_some() || self.is_helping || self.confirmation.is_some();
        !is_covered && !self.is_field_awaited
    }

    /// Returns true while the inbox is open in place of the board.
    pub fn is_in_inbox(&self) -> bool {
        self.address.is_inbox
    }

    /// The title and status of a task, where it is on the board.
    pub fn glance(&self, task: &TaskId) -> Option<(String, Status)> {
        let task = self.board.get(task)?;
        Some((task.title.clone(), task.status.clone()))
    }

    /// A sentence with titles in place of the ids of tasks that are on the board.
    pub fn in_titles(&self, sentence: &str) -> String {
        self.board.in_titles(sentence)
    }

    /// The tasks that go along when this one is dragged, itself among them.
    pub fn taken_along(&self, task: &TaskId) -> Vec<TaskId> {
        requests::tasks_with(self, task)
    }

    /// The card under which a task would hang in a column: what a person sees while dragging.
    ///
    /// # Errors
    ///
    /// Fails with the reason it may not hang there, for a person to read.
    pub fn landing(&self, task: &TaskId, column: &Status) -> Result<Option<TaskId>, String> {
        let Some(summary) = self.board.get(task) else {
            return Err("It is not on the board any more".to_owned());
        };
        let is_at_home = summary.status.column() == *column;
        if !is_at_home && Change::between(&summary.status, column).is_none() {
            return Err(Change::why_not_between(&summary.status, column));
        }
        if column.is_finished() {
            return Ok(None);
        }
        let place = domain::board::order(summary);
        let columns = shown::columns(self);
        let above = columns.of(column).cards().filter(|id| {
            let other = self.board.get(id);
            other.is_some_and(|other| domain::board::order(other) < place)
        });
        Ok(above.last().cloned())
    }
}
