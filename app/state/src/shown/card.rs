//! The contents of a card.

use std::collections::BTreeSet;

use domain::board::TaskSummary;
use domain::check::Verdict;
use domain::dispatch::{Facts, WhyNot, why_not};
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use reactive_stores::{Patch, Store};

use super::arrange::Match;
use crate::Model;
use crate::board::staleness::Staleness;
use crate::label;
use crate::requests::pending::Changes;

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
    /// Its title.
    pub title: String,
    /// Its assignee.
    pub assignee: Option<String>,
    /// Its status, as it will be once the server agrees.
    #[patch(|this, new| *this = new)]
    pub status: Status,
    /// The time at which it got there.
    #[patch(|this, new| *this = new)]
    pub since: Timestamp,
    /// Its staleness.
    #[patch(|this, new| *this = new)]
    pub staleness: Staleness,
    /// Higher starts sooner.
    pub priority: i64,
    /// The project or customer.
    pub tenant: Option<String>,
    /// The number of tasks it depends on.
    pub parents: u32,
    /// The number of tasks that depend on it.
    pub children: u32,
    /// The number of those that are done.
    pub children_done: u32,
    /// The number of its comments.
    pub comments: u32,
    /// The question that it waits for a person to answer.
    pub question: Option<String>,
    /// The error of the last attempt.
    pub trouble: Option<String>,
    /// The end of the back-off before the next attempt.
    #[patch(|this, new| *this = new)]
    pub not_before: Option<Timestamp>,
    /// The time by which it is to be finished, until it is.
    #[patch(|this, new| *this = new)]
    pub due_at: Option<Timestamp>,
    /// The reason why it does not start, where that needs saying.
    pub why_not: Option<String>,
    /// While it runs: the last line that its worker printed.
    pub output: Option<String>,
    /// While it runs: whether a task that it depends on was reopened.
    pub is_overtaken: bool,
    /// While it runs: true once its check does.
    pub is_checking: bool,
    /// Once it is finished: the verdict of its check, or that a person finished it without.
    #[patch(|this, new| *this = new)]
    pub checked: Option<Verdict>,
    /// While its work is to land: that it is, or why it waits.
    pub landing: Option<String>,
    /// True once its branch holds another commit than the one that its check saw.
    pub has_changed_since: bool,
    /// The reason why the last bulk change left it alone.
    pub refusal: Option<String>,
    /// True while a change of it is under way.
    pub is_pending: bool,
    /// True when it is chosen.
    pub is_chosen: bool,
    /// True while it is carried by the keyboard.
    pub is_carried: bool,
    /// True while it is open beside the board.
    pub is_open: bool,
    /// True while it has a dead letter.
    pub is_undelivered: bool,
    /// Grows with each change that came from elsewhere.
    pub changes: u32,
}

/// The cards of what hangs on the board, by id.
pub(super) fn cards(model: &Model, hung: &[Match<'_>]) -> Vec<Card> {
    let around = Around {
        changes: model.pending.changes(),
        undelivered: model.pulse.pulse().undelivered.values().cloned().collect(),
    };
    let mut cards: Vec<Card> = hung.iter().map(|it| card(model, &around, it)).collect();
    cards.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    cards
}

/// The lookups shared by all cards.
struct Around<'a> {
    changes: Changes<'a>,
    /// The tasks of which somebody could not be told.
    undelivered: BTreeSet<TaskId>,
}

fn card(model: &Model, around: &Around<'_>, found: &Match<'_>) -> Card {
    let task = found.task();
    let id = task.id.clone();
    let is_running = task.status == Status::Running;
    let question = (task.status == Status::Blocked)
        .then(|| task.block_reason.clone())
        .flatten();
    // A task whose checks were red too often is blocked without a failure.
    let has_failed = task.failures > 0 || task.status == Status::Blocked;
    let has_trouble = has_failed && !task.status.is_finished() && question.is_none();
    let output = model.pulse.pulse().output.get(&id);
    // The line that the supervisor writes above each run is not the worker's.
    let output = output.filter(|line| is_running && !line.starts_with('─'));
    Card {
        staleness: Staleness::of(task, model.now),
        why_not: why_waiting(model, task),
        output: output.cloned(),
        is_overtaken: is_running && task.waiting,
        is_checking: is_running && task.is_checking,
        checked: task.checked.filter(|_| task.status.is_finished()),
        landing: task.is_landing.then(|| landing(model, &id)),
        has_changed_since: task.has_changed_since && task.status.is_finished(),
        refusal: model.selection.refusal_of(&id).cloned(),
        is_pending: around.changes.touch(&id),
        is_chosen: model.selection.has(&id),
        is_carried: model.carried.as_ref().is_some_and(|it| it.has(&id)),
        is_open: model.address.task.as_ref() == Some(&id),
        is_undelivered: around.undelivered.contains(&id),
        changes: found.entry.changes,
        title: task.title.clone(),
        assignee: task.assignee.clone(),
        status: task.status.clone(),
        since: task.status_since,
        priority: task.priority,
        tenant: task.tenant.clone(),
        parents: task.parents,
        children: task.children,
        children_done: task.children_done,
        comments: task.comments,
        trouble: task.last_error.clone().filter(|_| has_trouble),
        question,
        not_before: task.not_before,
        due_at: task.due_at.filter(|_| !task.status.is_finished()),
        id,
    }
}

/// The state of a landing.
fn landing(model: &Model, task: &TaskId) -> String {
    match model.inbox.why_landing_waits(task) {
        Some(problem) => ["Landing waits: ", problem].concat(),
        None => "Landing".to_owned(),
    }
}

/// The reason why a task does not start: one that is ready, one that is to start by itself, or one
/// that counts as running. A rest is counted down on the card, and what will start in a moment
/// needs no explanation.
fn why_waiting(model: &Model, task: &TaskSummary) -> Option<String> {
    let is_expected = match task.status {
        Status::Ready | Status::Running => true,
        Status::Todo => task.waiting,
        _ => false,
    };
    if !is_expected {
        return None;
    }
    let why = why_not(&Facts::from(task), &model.pulse.pulse().dispatch)?;
    Some(match why {
        WhyNot::NotClaimedYet | WhyNot::Resting { .. } => return None,
        WhyNot::NoAssignee => "Needs an assignee before it can start".to_owned(),
        WhyNot::Elsewhere { .. } => "Left to another dispatcher".to_owned(),
        WhyNot::DispatcherOff => "No dispatcher is running".to_owned(),
        WhyNot::NoLane { assignee } => format!("No lane for “{assignee}”"),
        WhyNot::NoReviewer { reviewer } => format!("No lane “{reviewer}” to judge it"),
        WhyNot::AtCapacity {
            lane: Some(lane),
            running,
            limit,
        } => format!("Lane {lane} is full: {running} of {limit}"),
        WhyNot::AtCapacity { running, limit, .. } => format!("Cap reached: {running} of {limit}"),
        WhyNot::Held { name, cause, .. } => [&name, " is held: ", cause.words()].concat(),
        WhyNot::OutOfHours { lane, .. } => ["Outside of the hours of ", &lane].concat(),
        WhyNot::WaitsForParents { .. } if task.parents == 1 => "Waits for another task".to_owned(),
        WhyNot::WaitsForParents { .. } => "Waits for other tasks".to_owned(),
        other => label::capitalised(&other.to_string()),
    })
}
