//! What views may see, made anew from the model after every message.
//!
//! Only these types are reactive. The runtime compares them with what is on the page and touches
//! what differs, so nothing here needs to know what changed.

mod arrange;
mod card;
mod open;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::dispatch::WhyNot;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use reactive_stores::{Patch, Store};

use crate::Model;
use crate::address::Address;
use crate::connection::Link;
use crate::create;
use crate::drawer::Reading;
use crate::edit::Text;
use crate::figures::Figures;
use crate::layout::Layout;
use crate::notice::Notice;
use crate::palette::Item;
use crate::pending::Ticket;
use crate::refusal::Refusal;
use crate::staleness::Staleness;
use crate::theme::Theme;
use crate::workers::Workers;

pub(crate) use arrange::columns;

/// The whole page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Store)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own about the page"
)]
pub struct Shown {
    /// Every card that hangs on the board, by id. Where each hangs is said by `columns`.
    #[store(key: TaskId = |card| card.id.clone())]
    pub cards: Vec<Card>,
    /// What hangs in each column, in order.
    pub columns: Columns,
    /// Tasks that were asked for and are not on the board yet.
    pub drafts: Vec<Draft>,
    /// Whether there is nothing on the board, whatever the filter hides.
    pub is_empty: bool,
    /// Whether the sample is on its way.
    pub is_filling: bool,
    /// What the address bar says: the filter, and which task is open.
    pub address: Address,
    /// The names that a task may be given to.
    pub assignees: Vec<String>,
    /// The tenants on the board.
    pub tenants: Vec<String>,
    /// How many cards are chosen.
    pub chosen: usize,
    /// What is carried by the keyboard, in words.
    pub carried: Option<String>,
    /// How the board is laid out.
    pub layout: Layout,
    /// The board in figures; made only where they are shown.
    pub figures: Option<Figures>,
    /// The dispatcher and its lanes.
    pub workers: Workers,
    /// What is asked in the palette.
    pub palette: Option<Palette>,
    /// Whether the keys are shown.
    pub is_helping: bool,
    /// The form for a new task.
    pub create: create::Model,
    /// The open task.
    pub drawer: Drawer,
    /// The live connection.
    pub link: Link,
    /// Whether the server has been replaced by another build.
    pub is_outdated: bool,
    /// The time, for what counts seconds.
    pub second: Timestamp,
    /// The time at the last full minute since the page was opened, for what counts minutes.
    pub minute: Timestamp,
    /// What is said in a corner.
    pub notices: Vec<Notice>,
    /// What screen readers say next.
    pub announcement: String,
    /// The colours.
    pub theme: Theme,
}

/// One card.
#[derive(Clone, Debug, PartialEq, Eq, Store, Patch)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own about the card"
)]
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
    /// Whether it has been there for too long.
    #[patch(|this, new| *this = new)]
    pub staleness: Staleness,
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
    /// What it waits for a person to answer.
    pub question: Option<String>,
    /// What went wrong at the last attempt.
    pub trouble: Option<String>,
    /// Until when it rests before the next attempt.
    #[patch(|this, new| *this = new)]
    pub not_before: Option<Timestamp>,
    /// Why it does not start, where that needs saying.
    pub why_not: Option<String>,
    /// While it runs: the last line that its worker printed.
    pub output: Option<String>,
    /// While it runs: whether a task that it depends on was reopened.
    pub is_overtaken: bool,
    /// Why the last bulk change left it alone.
    pub refusal: Option<String>,
    /// Whether a change of it is under way.
    pub is_pending: bool,
    /// Whether it is chosen.
    pub is_chosen: bool,
    /// Whether it is carried by the keyboard.
    pub is_carried: bool,
    /// Whether it is open beside the board.
    pub is_open: bool,
    /// Grows with each change that came from elsewhere.
    pub changes: u32,
}

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
    /// What hangs in it, from the top.
    pub rows: Vec<Row>,
    /// How many tasks are in it and pass the filter.
    pub matching: usize,
    /// How many tasks are in it.
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
        /// Why it does not run.
        why_not: Option<WhyNot>,
        /// What was said and is not in its history yet.
        comments: Vec<String>,
        /// What is being typed and was not sent yet.
        draft: String,
        /// What somebody else wrote while it is being rewritten here.
        conflict: Option<Text>,
        /// Why its dependencies could not be changed.
        problem: Option<String>,
    },
    /// It could not be read.
    Failed {
        /// Which.
        task: TaskId,
        /// Why.
        refusal: Refusal,
    },
}

/// What is asked in the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// What stands in the line while nothing is typed.
    pub placeholder: &'static str,
    /// Which tasks it is about.
    pub about: Option<String>,
    /// What was typed.
    pub query: String,
    /// The answers.
    pub items: Vec<Item>,
    /// Which of them is marked.
    pub cursor: usize,
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

impl Column {
    /// The cards, from the top.
    pub fn cards(&self) -> impl Iterator<Item = &TaskId> {
        self.rows.iter().filter_map(|row| match row {
            Row::Card(task) => Some(task),
            Row::Lane(_) => None,
        })
    }

    /// How many more there are to show.
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
            Status::Blocked => &self.blocked,
            Status::Done => &self.done,
            Status::Archived => &self.archived,
        }
    }

    fn of_mut(&mut self, status: &Status) -> &mut Column {
        match status.column() {
            Status::Triage => &mut self.triage,
            Status::Todo | Status::Other(_) => &mut self.todo,
            Status::Ready => &mut self.ready,
            Status::Running => &mut self.running,
            Status::Blocked => &mut self.blocked,
            Status::Done => &mut self.done,
            Status::Archived => &mut self.archived,
        }
    }
}

/// The page for a model.
pub fn project(model: &Model) -> Shown {
    let (columns, hung) = arrange::arrange(model);
    let drafts: Vec<Draft> = drafts(model);
    Shown {
        cards: card::cards(model, &hung),
        columns,
        is_empty: model.board.is_empty() && drafts.is_empty(),
        is_filling: model.pending.is_filling(),
        address: model.address.clone(),
        assignees: assignees(model),
        tenants: tenants(model),
        chosen: model.selection.len(),
        carried: model.carried.as_ref().map(|it| it.in_words(&model.board)),
        layout: model.layout.clone(),
        figures: model
            .layout
            .has_figures
            .then(|| Figures::of(&model.board, model.now)),
        workers: workers(model),
        palette: palette(model),
        is_helping: model.is_helping,
        drafts,
        create: model.create.clone(),
        drawer: open::drawer(model),
        link: model.connection.link(),
        is_outdated: model.is_outdated,
        second: model.now,
        minute: Timestamp(model.now.0 - model.now.0.rem_euclid(60)),
        notices: model.notices.notices().to_vec(),
        announcement: model.notices.announcement().to_owned(),
        theme: model.theme,
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

/// The names on the board, those of the lanes, and the lane that every board has.
pub(crate) fn assignees(model: &Model) -> Vec<String> {
    let on_board = model
        .board
        .entries()
        .filter_map(|it| it.task.assignee.as_deref());
    let report = model.pulse.pulse().dispatch.report.as_ref();
    let lanes = report.map_or(&[][..], |report| &report.lanes);
    on_board
        .chain(lanes.iter().map(|lane| lane.name.as_str()))
        .chain(["shell"])
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
}

fn workers(model: &Model) -> Workers {
    let ready = model
        .board
        .entries()
        .filter(|it| it.task.status == Status::Ready);
    let wanted: BTreeSet<&str> = ready.filter_map(|it| it.task.assignee.as_deref()).collect();
    Workers::of(&model.pulse.pulse().dispatch, |lane| wanted.contains(lane))
}

fn tenants(model: &Model) -> Vec<String> {
    let tenants = model
        .board
        .entries()
        .filter_map(|it| it.task.tenant.as_deref());
    let tenants: BTreeSet<_> = tenants.collect();
    tenants.into_iter().map(ToOwned::to_owned).collect()
}

fn palette(model: &Model) -> Option<Palette> {
    let palette = model.palette.as_ref()?;
    Some(Palette {
        placeholder: palette.placeholder(),
        about: palette.about(&model.board),
        query: palette.query.clone(),
        items: palette.items(&model.board, &assignees(model)),
        cursor: palette.cursor,
    })
}
