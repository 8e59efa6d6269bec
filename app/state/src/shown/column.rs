//! The columns, and what hangs in each.

use domain::id::TaskId;
use domain::status::Status;
use reactive_stores::Store;

/// The columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Store)]
pub struct Columns {
    /// Ideas.
    pub triage: Column,
    /// Accepted, not to be started.
    pub todo: Column,
    /// May be claimed.
    pub ready: Column,
    /// Being worked on.
    pub running: Column,
    /// Done, and waiting for a verdict.
    pub review: Column,
    /// In need of a person.
    pub blocked: Column,
    /// Finished.
    pub done: Column,
    /// Put away; empty unless asked for.
    pub archived: Column,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its rows, from the top.
    pub rows: Vec<Row>,
    /// The number of its tasks that pass the filter.
    pub matching: usize,
    /// The number of its tasks.
    pub total: usize,
}

/// Something that hangs in a column.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// The name over the cards of one assignee.
    Lane(Option<String>),
    /// A card.
    Card(TaskId),
}

impl Column {
    /// The cards, from the top.
    pub fn cards(&self) -> impl Iterator<Item = &TaskId> {
        self.rows.iter().filter_map(|row| match row {
            Row::Card(task) => Some(task),
            Row::Lane(_) => None,
        })
    }

    /// The number of cards beyond those that are shown.
    pub fn hidden(&self) -> usize {
        self.matching.saturating_sub(self.cards().count())
    }
}

impl Columns {
    /// The column of a status.
    pub fn of(&self, status: &Status) -> &Column {
        match status.column() {
            Status::Triage => &self.triage,
            Status::Todo | Status::Other(_) => &self.todo,
            Status::Ready => &self.ready,
            Status::Running => &self.running,
            Status::Review => &self.review,
            Status::Blocked => &self.blocked,
            Status::Done => &self.done,
            Status::Archived => &self.archived,
        }
    }

    pub(super) fn of_mut(&mut self, status: &Status) -> &mut Column {
        match status.column() {
            Status::Triage => &mut self.triage,
            Status::Todo | Status::Other(_) => &mut self.todo,
            Status::Ready => &mut self.ready,
            Status::Running => &mut self.running,
            Status::Review => &mut self.review,
            Status::Blocked => &mut self.blocked,
            Status::Done => &mut self.done,
            Status::Archived => &mut self.archived,
        }
    }
}
