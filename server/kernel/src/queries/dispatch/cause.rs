//! The root cause for which a task waits for its parents, any number of links above it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, VecDeque};

use domain::dispatch::{Because, Dispatch, Facts, why_not};
use domain::id::TaskId;
use rusqlite::Connection;

use crate::error::Error;
use crate::row::{self, Columns, columns, is_finished, is_met};
use crate::tasks;
use crate::verbs::UnmetLinks;

/// The maximum number of links above a task that are followed, which takes a tenth of a second. A task
/// beyond them is not found.
const LINKS: usize = 25_000;

/// A parent that does not let its child start.
struct Above {
    id: TaskId,
    status: String,
    /// True while it waits for its own parents.
    waits: bool,
    /// True if it ended with another outcome than the child asks for.
    is_finished: bool,
}

columns! {
    Above { id: "parent.id", status: "parent.status", waits: "parent.waiting", is_finished: is_finished!() }
}

/// Returns the nearest task above this one that is blocked or can never start, or else the nearest one
/// that waits for no other and does not run.
pub(super) fn cause_of(
    conn: &Connection,
    id: &TaskId,
    dispatch: &Dispatch,
) -> Result<Option<Because>, Error> {
    // The child over which each task was reached first, on the shortest way.
    let mut children = BTreeMap::<TaskId, TaskId>::new();
    let Some(cause) = nearest(conn, id, &mut children)? else {
        return Ok(None);
    };
    let mut chain = vec![cause];
    while let Some(child) = chain.last().and_then(|last| children.remove(last))
        && child != *id
    {
        chain.push(child);
    }
    chain.reverse();
    let Some(cause) = chain.last() else {
        return Ok(None);
    };
    let task = tasks::get(conn, cause)?;
    let dead_ends = UnmetLinks::of(conn, cause)?.dead_ends;
    let why = why_not(&Facts::of_task(&task, &[], &dead_ends), dispatch);
    Ok(why.map(|why| Because {
        chain,
        status: task.status,
        why: Box::new(why),
    }))
}

/// Looks at the tasks above one, near ones first, and notes the child of each.
fn nearest(
    conn: &Connection,
    id: &TaskId,
    children: &mut BTreeMap<TaskId, TaskId>,
) -> Result<Option<TaskId>, Error> {
    let mut unmet_parents = conn.prepare_cached(&unmet_parents_sql())?;
    let mut unmet_parents =
        |child: &TaskId| row::known(unmet_parents.query_map([child.as_str()], row::read)?);
    let (mut first, mut links) = (None, 0);
    let mut above: VecDeque<Above> = unmet_parents(id)?.into();
    for parent in &above {
        children.insert(parent.id.clone(), id.clone());
    }
    while let Some(task) = above.pop_front()
        && links < LINKS
    {
        let parents = unmet_parents(&task.id)?;
        links += parents.len().max(1);
        let is_dead_end = task.waits && parents.iter().any(|parent| parent.is_finished);
        if task.status == "blocked" || is_dead_end {
            return Ok(Some(task.id));
        }
        let mut waits = task.waits;
        for parent in parents.into_iter().filter(|parent| !parent.is_finished) {
            waits = true;
            if let Entry::Vacant(entry) = children.entry(parent.id.clone()) {
                entry.insert(task.id.clone());
                above.push_back(parent);
            }
        }
        if !waits && task.status != "running" && first.is_none() {
            first = Some(task.id);
        }
    }
    Ok(first)
}

/// Selects the parents that do not let a task start.
fn unmet_parents_sql() -> String {
    format!(
        "SELECT {} FROM task_links AS link CROSS JOIN tasks AS parent ON parent.id = link.parent_id \
         WHERE link.child_id = ?1 AND NOT ({})",
        Above::columns(),
        is_met!()
    )
}
