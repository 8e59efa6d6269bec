//! What a card says.

use domain::board::TaskSummary;
use domain::dispatch::{Facts, WhyNot, why_not};
use domain::status::Status;

use super::Card;
use super::arrange::Match;
use crate::Model;
use crate::label;
use crate::pending::Changes;
use crate::staleness::Staleness;

/// The cards of what hangs on the board, by id.
pub(super) fn cards(model: &Model, hung: &[Match<'_>]) -> Vec<Card> {
    let changes = model.pending.changes();
    let mut cards: Vec<Card> = hung.iter().map(|it| card(model, &changes, it)).collect();
    cards.sort_unstable_by(|one, other| one.id.cmp(&other.id));
    cards
}

fn card(model: &Model, changes: &Changes<'_>, found: &Match<'_>) -> Card {
    let task = found.task();
    let id = task.id.clone();
    let is_running = task.status == Status::Running;
    let question = (task.status == Status::Blocked)
        .then(|| task.block_reason.clone())
        .flatten();
    let has_trouble = task.failures > 0 && !task.status.is_finished() && question.is_none();
    let output = model.pulse.pulse().output.get(&id);
    // The line that the supervisor writes above each run is not the worker's.
    let output = output.filter(|line| is_running && !line.starts_with('─'));
    Card {
        staleness: Staleness::of(task, model.now),
        why_not: why_waiting(model, task),
        output: output.cloned(),
        is_overtaken: is_running && task.waiting,
        refusal: model.selection.refusal_of(&id).cloned(),
        is_pending: changes.touch(&id),
        is_chosen: model.selection.has(&id),
        is_carried: model.carried.as_ref().is_some_and(|it| it.has(&id)),
        is_open: model.address.task.as_ref() == Some(&id),
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
        id,
    }
}

/// Why a ready task does not start, or one that is to start by itself does not. A rest is counted
/// down on the card, and what will start in a moment needs no explanation.
fn why_waiting(model: &Model, task: &TaskSummary) -> Option<String> {
    let is_expected = match task.status {
        Status::Ready => true,
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
        WhyNot::DispatcherOff => "No dispatcher is running".to_owned(),
        WhyNot::NoLane { assignee } => format!("No lane for “{assignee}”"),
        WhyNot::AtCapacity {
            lane: Some(lane),
            running,
            limit,
        } => format!("Lane {lane} is full: {running} of {limit}"),
        WhyNot::AtCapacity { running, limit, .. } => format!("Cap reached: {running} of {limit}"),
        WhyNot::WaitsForParents { .. } if task.parents == 1 => "Waits for another task".to_owned(),
        WhyNot::WaitsForParents { .. } => "Waits for other tasks".to_owned(),
        other => label::capitalised(&other.to_string()),
    })
}
