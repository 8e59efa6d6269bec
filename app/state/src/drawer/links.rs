//! The tasks that the open one waits for, and those that wait for it.

use domain::id::TaskId;
use domain::outcome::{DeadEnd, StartOn};
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
    let dead_end = |(parent, on): Link| {
        let card = model.board.get(&parent)?;
        let is_dead_end = card.status.is_finished() && !on.is_met_by(card.outcome);
        is_dead_end.then(|| DeadEnd {
            parent,
            child: detail.task.id.clone(),
            outcome: card.outcome,
            on,
            was_archived: false,
        })
    };
    let parents = parents(model, detail).into_iter();
    parents.filter_map(dead_end).collect()
}
