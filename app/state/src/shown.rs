//! What views may see, made anew from the model after every message.
//!
//! Only these types are reactive. The runtime compares them with what is on the page and touches
//! what differs, so nothing here needs to know what changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use reactive_stores::{Patch, Store};

use crate::connection::Link;
use crate::drawer::{Content, Reading};
use crate::notice::Notice;
use crate::pending::Ticket;
use crate::refusal::Refusal;
use crate::theme::Theme;
use crate::{Model, board, create, drawer};

/// The whole page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Store)]
pub struct Shown {
    /// Every card, by id. Where each hangs is said by `columns`.
    #[store(key: TaskId = |card| card.id.clone())]
    pub cards: Vec<Card>,
    /// The ids of the cards of each column, in order.
    pub columns: Columns,
    /// Tasks that were asked for and are not on the board yet.
    pub drafts: Vec<Draft>,
    /// Whether there is nothing on the board.
    pub is_empty: bool,
    /// Whether the sample is on its way.
    pub is_filling: bool,
    /// The names that a new task may be given to.
    pub assignees: Vec<String>,
    /// The form for a new task.
    pub create: create::Model,
    /// The open task.
    pub drawer: Drawer,
    /// The live connection.
    pub link: Link,
    /// The time, for what counts seconds.
    pub second: Timestamp,
    /// The time at the last full minute since the page was opened, for what counts minutes.
    pub minute: Timestamp,
    /// What went wrong lately.
    pub notices: Vec<Notice>,
    /// What screen readers say next.
    pub announcement: String,
    /// The colours.
    pub theme: Theme,
}

/// One card.
#[derive(Clone, Debug, PartialEq, Eq, Store, Patch)]
pub struct Card {
    /// The task.
    #[patch(|this, new| *this = new)]
    pub id: TaskId,
    /// What is to be done.
    pub title: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Where it stands, or will once the server agrees.
    #[patch(|this, new| *this = new)]
    pub status: Status,
    /// Since when.
    #[patch(|this, new| *this = new)]
    pub since: Timestamp,
    /// Higher starts sooner.
    pub priority: i64,
    /// The project or customer.
    pub tenant: Option<String>,
    /// How many tasks it depends on.
    pub parents: u32,
    /// How many tasks depend on it.
    pub children: u32,
    /// How many of those are done.
    pub children_done: u32,
    /// How many comments it has.
    pub comments: u32,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// Until when it rests before the next attempt.
    #[patch(|this, new| *this = new)]
    pub not_before: Option<Timestamp>,
    /// Whether a change of it is under way.
    pub is_pending: bool,
    /// Whether it is open beside the board.
    pub is_open: bool,
    /// Grows with each change that came from elsewhere.
    pub changes: u32,
}

/// The six columns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Store)]
pub struct Columns {
    /// Ideas.
    pub triage: Vec<TaskId>,
    /// Accepted, not to be started.
    pub todo: Vec<TaskId>,
    /// May be claimed.
    pub ready: Vec<TaskId>,
    /// Being worked on.
    pub running: Vec<TaskId>,
    /// In need of a person.
    pub blocked: Vec<TaskId>,
    /// Finished.
    pub done: Vec<TaskId>,
}

/// A task that was asked for and is not on the board yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The request.
    pub ticket: Ticket,
    /// What is to be done.
    pub title: String,
    /// Who is to work on it.
    pub assignee: String,
    /// Where it will probably hang.
    pub status: Status,
}

/// The open task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Drawer {
    /// None is open.
    #[default]
    Closed,
    /// It is being read.
    Loading {
        /// Which.
        task: TaskId,
        /// Its title, where its card is on the board.
        title: Option<String>,
    },
    /// It is here.
    Loaded {
        /// The task and its log.
        reading: Arc<Reading>,
        /// Where it stands, or will once the server agrees.
        status: Status,
        /// What was said and is not in its history yet.
        comments: Vec<String>,
        /// What is being typed and was not sent yet.
        draft: String,
    },
    /// It could not be read.
    Failed {
        /// Which.
        task: TaskId,
        /// Why.
        refusal: Refusal,
    },
}

impl Drawer {
    /// Which task is open.
    pub fn task(&self) -> Option<&TaskId> {
        match self {
            Self::Closed => None,
            Self::Loading { task, .. } | Self::Failed { task, .. } => Some(task),
            Self::Loaded { reading, .. } => Some(&reading.detail.task.id),
        }
    }
}

impl Columns {
    fn of_mut(&mut self, status: &Status) -> Option<&mut Vec<TaskId>> {
        match status.column() {
            Status::Triage => Some(&mut self.triage),
            Status::Todo => Some(&mut self.todo),
            Status::Ready => Some(&mut self.ready),
            Status::Running => Some(&mut self.running),
            Status::Blocked => Some(&mut self.blocked),
            Status::Done => Some(&mut self.done),
            Status::Archived | Status::Other(_) => None,
        }
    }
}

/// The page for a model.
pub fn project(model: &Model) -> Shown {
    let mut columns = Columns::default();
    for entry in model.board.in_order() {
        let status = model.pending.status_of(&entry.task.id, &entry.task.status);
        if let Some(column) = columns.of_mut(&status) {
            column.push(entry.task.id.clone());
        }
    }
    let cards: Vec<Card> = model
        .board
        .entries()
        .map(|entry| card(model, entry))
        .collect();
    let drafts: Vec<Draft> = drafts(model);
    Shown {
        columns,
        is_empty: cards.is_empty() && drafts.is_empty(),
        is_filling: model.pending.is_filling(),
        assignees: assignees(&cards),
        cards,
        drafts,
        create: model.create.clone(),
        drawer: drawer(model),
        link: model.connection.link(),
        second: model.now,
        minute: Timestamp(model.now.0 - model.now.0.rem_euclid(60)),
        notices: model.notices.notices().to_vec(),
        announcement: model.notices.announcement().to_owned(),
        theme: model.theme,
    }
}

fn card(model: &Model, entry: &board::Entry) -> Card {
    let task = entry.task.clone();
    Card {
        status: model.pending.status_of(&task.id, &task.status),
        is_pending: model.pending.touches(&task.id),
        is_open: model.address.task.as_ref() == Some(&task.id),
        changes: entry.changes,
        id: task.id,
        title: task.title,
        assignee: task.assignee,
        since: task.status_since,
        priority: task.priority,
        tenant: task.tenant,
        parents: task.parents,
        children: task.children,
        children_done: task.children_done,
        comments: task.comments,
        failures: task.failures,
        last_error: task.last_error,
        not_before: task.not_before,
    }
}

fn drafts(model: &Model) -> Vec<Draft> {
    model
        .pending
        .drafts()
        .map(|(ticket, form)| Draft {
            ticket,
            title: form.title.trim().to_owned(),
            assignee: form.assignee.trim().to_owned(),
            status: form.likely_status(),
        })
        .collect()
}

/// The names on the board, and the lane that every board has.
fn assignees(cards: &[Card]) -> Vec<String> {
    cards
        .iter()
        .filter_map(|card| card.assignee.as_deref())
        .chain(["shell"])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
}

fn drawer(model: &Model) -> Drawer {
    let drawer::Model::Open { task, content, .. } = &model.drawer else {
        return Drawer::Closed;
    };
    match content {
        Content::Loading => Drawer::Loading {
            task: task.clone(),
            title: model.board.get(task).map(|task| task.title.clone()),
        },
        Content::Loaded(reading) => Drawer::Loaded {
            reading: Arc::clone(reading),
            status: model.pending.status_of(task, &reading.detail.task.status),
            comments: model
                .pending
                .comments_on(task)
                .map(ToOwned::to_owned)
                .collect(),
            draft: model.comment.draft(task).to_owned(),
        },
        Content::Failed(refusal) => Drawer::Failed {
            task: task.clone(),
            refusal: refusal.clone(),
        },
    }
}
