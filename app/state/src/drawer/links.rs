//! The tasks that the open one waits for, and those that wait for it.

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::outcome::{DeadEnd, StartOn};
use domain::status::Status;
use domain::task::TaskDetail;

use crate::Model;

/// Another task, with the outcome on which the child of the two starts.
pub type Link = (TaskId, StartOn);

/// The parents, with the conditions that will hold once the server agrees.
pub(crate) fn parents(model: &Model, detail: &TaskDetail) -> Vec<Link> {
    let changes = model.pending.changes();
    let link = |parent: &TaskId| {
        let foreseen = changes.start_on(&detail.task.id, parent);
        let on = foreseen.or_else(|| detail.conditions.get(parent).copied());
        (parent.clone(), on.unwrap_or_default())
    };
    detail.parents.iter().map(link).collect()
}

/// The children, in the same way.
pub(crate) fn children(model: &Model, detail: &TaskDetail) -> Vec<Link> {
    let changes = model.pending.changes();
    let link = |child: &TaskId| {
        let foreseen = changes.start_on(child, &detail.task.id);
        let on = foreseen.or_else(|| detail.child_conditions.get(child).copied());
        (child.clone(), on.unwrap_or_default())
    };
    detail.children.iter().map(link).collect()
}

/// The links to parents that can no longer be met.
pub(crate) fn dead_ends(model: &Model, detail: &TaskDetail) -> Vec<DeadEnd> {
    let child = &detail.task.id;
    let dead_end = |(parent, on): Link| {
        let (outcome, was_archived) = if let Some(card) = model.board.get(&parent) {
            let is_finished = card.status.is_finished();
            is_finished.then(|| (card.outcome, was_archived(card)))?
        } else {
            // Put away, and the archive is not shown.
            let known = model.inbox.dead_end(&parent, child)?;
            (known.outcome, known.was_archived)
        };
        (!on.is_met_by(outcome)).then(|| DeadEnd {
            parent,
            child: child.clone(),
            outcome,
            on,
            was_archived,
        })
    };
    let parents = parents(model, detail).into_iter();
    parents.filter_map(dead_end).collect()
}

/// Returns true for a task that was archived before it ended, which counts as success.
fn was_archived(card: &TaskSummary) -> bool {
    card.status == Status::Archived && card.completed_at.is_none() && card.outcome.is_success()
}
