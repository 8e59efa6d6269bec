//! The data of the views, made anew from the model after every message.
//!
//! Only these types are reactive. The runtime compares them with what is on the page and touches
//! what differs, so nothing here needs to know what changed.

mod arrange;
mod card;
mod column;
mod open;

use domain::id::TaskId;
use domain::inbox::Concern;
use domain::status::Status;
use domain::time::Timestamp;
use reactive_stores::Store;

use crate::Model;
use crate::address::Address;
use crate::board::Entry;
use crate::board::figures::Figures;
use crate::board::workers::Workers;
use crate::connection::Link;
use crate::drawer::comment;
use crate::inbox::ConcernId;
use crate::notice::Notice;
use crate::palette::Item;
use crate::pressed::{Step, after};
use crate::requests::confirm;
use crate::requests::pending::Ticket;
use crate::visitor::layout::Layout;
use crate::visitor::notification;
use crate::visitor::theme::Theme;
use crate::{create, inbox};

pub(crate) use arrange::columns;
pub use card::{Card, CardStoreFields};
pub use column::{Column, Columns, ColumnsStoreFields, Row};
pub use open::Drawer;

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
    /// The cards of each column, in order.
    pub columns: Columns,
    /// Tasks that were asked for and are not on the board yet.
    pub drafts: Vec<Draft>,
    /// True when there is nothing on the board, whatever the filter hides.
    pub is_empty: bool,
    /// True while a task or a lane uses reviews: their column is there.
    pub has_reviews: bool,
    /// True while the sample is on its way.
    pub is_filling: bool,
    /// The address: the filter, and the open task.
    pub address: Address,
    /// The names that a task may be given to.
    pub assignees: Vec<String>,
    /// The tenants on the board.
    pub tenants: Vec<String>,
    /// The number of chosen cards.
    pub chosen: usize,
    /// The cards carried by the keyboard, in words.
    pub carried: Option<String>,
    /// The layout of the board.
    pub layout: Layout,
    /// The board in figures; made only where they are shown.
    pub figures: Option<Figures>,
    /// The dispatcher and its lanes.
    pub workers: Workers,
    /// The open palette.
    pub palette: Option<Palette>,
    /// True while the keys are shown.
    pub is_helping: bool,
    /// The question that the person has to agree to before a change is made.
    pub confirmation: Option<confirm::Question>,
    /// The form for a new task.
    pub create: create::Model,
    /// The open task.
    pub drawer: Drawer,
    /// The tasks before and behind the open one on the board.
    pub around: (Option<TaskId>, Option<TaskId>),
    /// The concerns, the longest wait first.
    pub inbox: Vec<Concern>,
    /// The concern the person looks at.
    pub concern: Option<ConcernId>,
    /// The drafts of comments.
    pub comments: comment::Model,
    /// The state of browser notifications.
    pub notifications: notification::State,
    /// The live connection.
    pub link: Link,
    /// True once the server has been replaced by another build.
    pub is_outdated: bool,
    /// The time, for what counts seconds.
    pub second: Timestamp,
    /// The time at the last full minute since the page was opened, for what counts minutes.
    pub minute: Timestamp,
    /// The notices in a corner.
    pub notices: Vec<Notice>,
    /// The next announcement of screen readers.
    pub announcement: String,
    /// The colours.
    pub theme: Theme,
    /// The name whose tasks are this person's.
    pub me: Option<String>,
}

/// A task that was asked for and is not on the board yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The request.
    pub ticket: Ticket,
    /// Its title.
    pub title: String,
    /// Its assignee.
    pub assignee: String,
    /// Its probable column.
    pub status: Status,
}

/// The palette's question and answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The placeholder of the empty line.
    pub placeholder: &'static str,
    /// The tasks it is about.
    pub about: Option<String>,
    /// The typed text.
    pub query: String,
    /// The answers.
    pub items: Vec<Item>,
    /// The index of the marked answer.
    pub cursor: usize,
}

/// The page for a model.
pub fn project(model: &Model) -> Shown {
    let (columns, hung) = arrange::arrange(model);
    let drafts: Vec<Draft> = drafts(model);
    let concerns = inbox::concerns(model);
    let open = model.address.task.as_ref();
    let beside = |step| open.and_then(|task| after(&columns, task, step));
    let around = (beside(Step::Up), beside(Step::Down));
    let has_reviews = columns.review.total > 0 || uses_reviews(model);
    Shown {
        cards: card::cards(model, &hung),
        columns,
        is_empty: model.board.is_empty() && drafts.is_empty(),
        has_reviews,
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
        confirmation: confirm::question(model),
        drafts,
        create: model.create.clone(),
        drawer: open::drawer(model),
        around,
        concern: inbox::current(model, &concerns).map(ConcernId::of),
        inbox: concerns,
        comments: model.comment.clone(),
        notifications: model.notifications.state(),
        link: model.connection.link(),
        is_outdated: model.is_outdated,
        second: model.now,
        minute: Timestamp(model.now.0 - model.now.0.rem_euclid(60)),
        notices: model.notices.notices().to_vec(),
        announcement: model.notices.announcement().to_owned(),
        theme: model.theme,
        me: model.me.clone(),
    }
}

/// Returns true while a lane, or a task that is not put away, says who has to approve work.
fn uses_reviews(model: &Model) -> bool {
    let names_reviewer = |it: &Entry| it.task.names_reviewer && it.task.status != Status::Archived;
    model.pulse.pulse().dispatch.has_reviewing_lane() || model.board.entries().any(names_reviewer)
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
    let lanes = lanes.iter().map(|lane| lane.name.as_str());
    let names = in_order(on_board.chain(lanes).chain(["shell"]));
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// Each name once.
fn in_order<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn workers(model: &Model) -> Workers {
    let ready = model
        .board
        .entries()
        .filter(|it| it.task.status == Status::Ready);
    let wanted = in_order(ready.filter_map(|it| it.task.assignee.as_deref()));
    Workers::of(&model.pulse.pulse().dispatch, |lane| wanted.contains(&lane))
}

fn tenants(model: &Model) -> Vec<String> {
    let tenants = model
        .board
        .entries()
        .filter_map(|it| it.task.tenant.as_deref());
    in_order(tenants)
        .into_iter()
        .map(ToOwned::to_owned)
        .collect()
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
