//! Promotion and demotion: tasks become ready when the last of their parents is finished, and wait
//! again when one is reopened.

use domain::actor::Actor;
use domain::command::{Count, PromoteWaiting, SHELL};
use domain::dispatch::Facts;
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::outcome::{DeadEnd, StartOn, TaskOutcome};
use domain::status::Status;
use domain::task::Task;
use domain::transition::{self, Step};
use rusqlite::{Connection, Params};

use super::{CarryOut, Work};
use crate::error::Error;
use crate::row::{self, Columns as _, HAS_UNMET_LINK, columns, is_finished, is_met, was_archived};

/// [`HAS_UNMET_LINK`] for the last link alone: many parents of one task are mostly finished in the order
/// of their links.
const LAST_LINK_IS_UNMET: &str = concat!(
    "EXISTS ( \
     SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE link.rowid = (SELECT max(rowid) FROM task_links WHERE child_id = tasks.id) AND NOT (",
    is_met!(),
    "))"
);

/// The same for a child of `?2`, which has just been finished. Walks from the link to `?2` in both
/// directions at once, in the order of linking, and stops at the first that is not met. So it passes
/// the shorter of the two stretches of finished parents that meet here: `n log n` steps for `n`
/// parents, in whatever order they are finished. From the first link on it would be their square.
const HAS_UNMET_LINK_NEARBY: &str = concat!(
    "EXISTS ( \
     WITH RECURSIVE walk (earlier, later) AS ( \
         SELECT rowid, rowid FROM task_links WHERE parent_id = ?2 AND child_id = tasks.id \
         UNION ALL \
         SELECT (SELECT max(rowid) FROM task_links WHERE child_id = tasks.id AND rowid < earlier), \
             (SELECT min(rowid) FROM task_links WHERE child_id = tasks.id AND rowid > later) \
         FROM walk WHERE earlier IS NOT NULL OR later IS NOT NULL \
     ) \
     SELECT 1 FROM walk CROSS JOIN task_links AS link ON link.rowid IN (earlier, later) \
     CROSS JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE NOT (",
    is_met!(),
    "))"
);

/// A `link` that is not met.
pub(crate) struct UnmetLink {
    parent: TaskId,
    is_finished: bool,
    outcome: TaskOutcome,
    on: StartOn,
    /// True for a parent that was archived before it ended. Other programs write no outcome.
    was_archived: bool,
}

columns! {
    UnmetLink {
        parent: "parent.id", is_finished: is_finished!(), outcome: "parent.outcome",
        on: "link.start_on",
        was_archived: was_archived!(),
    }
}

/// The links of a task that keep it from starting.
#[derive(Debug, Default)]
pub struct UnmetLinks {
    /// The parents that are not finished, by id.
    pub(crate) unfinished: Vec<TaskId>,
    /// Those that ended with another outcome, by id.
    pub(crate) dead_ends: Vec<DeadEnd>,
}

impl UnmetLinks {
    /// Reads those of a task.
    pub(crate) fn of(conn: &Connection, child: &TaskId) -> Result<Self, Error> {
        let sql = format!(
            "SELECT {} FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
             WHERE link.child_id = ?1 AND NOT ({}) ORDER BY parent.id",
            UnmetLink::columns(),
            is_met!()
        );
        let mut unmet = Self::default();
        for link in row::all(conn, &sql, [child.as_str()])? {
            unmet.add(child, link);
        }
        Ok(unmet)
    }

    /// Adds a link of this child.
    pub(crate) fn add(&mut self, child: &TaskId, link: UnmetLink) {
        let UnmetLink {
            parent,
            is_finished,
            outcome,
            on,
            was_archived,
        } = link;
        if is_finished {
            self.dead_ends.push(DeadEnd {
                parent,
                child: child.clone(),
                outcome,
                on,
                was_archived,
            });
        } else {
            self.unfinished.push(parent);
        }
    }

    /// Returns the facts of this task by which its waiting is explained.
    pub fn facts<'a>(&'a self, task: &'a Task) -> Facts<'a> {
        Facts::of_task(task, &self.unfinished, &self.dead_ends)
    }

    /// Returns the first parent that keeps the task from starting.
    fn first(&self) -> Option<&TaskId> {
        let dead_end = || Some(&self.dead_ends.first()?.parent);
        self.unfinished.first().or_else(dead_end)
    }

    /// Returns true if nothing keeps it from starting.
    pub(crate) fn is_empty(&self) -> bool {
        self.first().is_none()
    }

    /// Refuses to start the task as long as there are any.
    pub(super) fn refuse(self, task: &TaskId) -> Result<(), Refusal> {
        if let Some(dead_end) = self.dead_ends.into_iter().next() {
            return Err(Refusal::DeadEnd(Box::new(dead_end)));
        }
        if self.unfinished.is_empty() {
            return Ok(());
        }
        Err(Refusal::UnfinishedParents {
            task: task.clone(),
            parents: self.unfinished,
        })
    }
}

/// Promotes those children of a finished task that waited for it last. Reads no other task, so the
/// cost does not grow with the board.
pub(super) fn promote_children(work: &mut Work<'_>, parent: &TaskId) -> Result<(), Error> {
    // Most tasks have none, and to ask costs a tenth of the statement below.
    if !has_children(work.conn, parent)? {
        return Ok(());
    }
    let children = "id IN (SELECT child_id FROM task_links WHERE parent_id = ?2)";
    let params = |now| (now, parent.as_str());
    let is_held_back = format!("({LAST_LINK_IS_UNMET} OR {HAS_UNMET_LINK_NEARBY})");
    let promoted = promote(work, "tasks", children, &is_held_back, params)?;
    log_promoted(work, promoted, Some(parent)).map(drop)
}

fn has_children(conn: &Connection, parent: &TaskId) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM task_links WHERE parent_id = ?1)";
    row::one(conn, sql, [parent.as_str()])
}

/// Promotes a task if it waits and no link keeps it from starting any more; `parent` is the one that did.
pub(super) fn promote_one(
    work: &mut Work<'_>,
    task: &TaskId,
    parent: Option<&TaskId>,
) -> Result<(), Error> {
    let params = |now| (now, task.as_str());
    let promoted = promote(work, "tasks", "id = ?2", HAS_UNMET_LINK, params)?;
    log_promoted(work, promoted, parent).map(drop)
}

impl CarryOut for PromoteWaiting {
    /// Promotes every waiting task that no link keeps from starting.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Count, Error> {
        let all = "tasks INDEXED BY idx_tasks_waiting";
        let waiting = "waiting = 1 AND status = 'todo'";
        let promoted = promote(work, all, waiting, HAS_UNMET_LINK, |now| (now,))?;
        let count = log_promoted(work, promoted, None)?;
        Ok(Count(count))
    }
}

/// A task whose row was changed, and its status now.
type Changed = (TaskId, Status);

/// Of the rows `among`, lets those no longer wait of which `is_held_back` is false. One that is running
/// loses its mark.
fn promote<P: Params>(
    work: &Work<'_>,
    table: &str,
    among: &str,
    is_held_back: &str,
    params: impl FnOnce(i64) -> P,
) -> Result<Vec<Changed>, Error> {
    debug_assert_eq!(
        transition::after(&Status::Todo, &Step::Promote),
        Some(Status::Ready)
    );
    // The plus signs keep SQLite from looking at all of `todo`, where `among` names a few.
    let sql = format!(
        "UPDATE {table} SET waiting = 0, \
             status = iif(status = 'todo', 'ready', status), \
             status_since = iif(status = 'todo', ?1, status_since) \
         WHERE {among} AND +waiting = 1 AND +status IN ('todo', 'running') \
           AND NOT {is_held_back} \
         RETURNING id, status"
    );
    changed(work, &sql, params(work.now.0))
}

fn log_promoted(
    work: &mut Work<'_>,
    promoted: Vec<Changed>,
    parent: Option<&TaskId>,
) -> Result<usize, Error> {
    let mut count = 0;
    for (task, status) in promoted {
        if status == Status::Ready {
            if work.is_chat && work.task(&task)?.assignee.as_deref() == Some(SHELL) {
                return Err(Refusal::ShellFromChat.into());
            }
            work.log(&task, &EventBody::Ready)?;
            count += 1;
        } else if let Some(parent) = parent {
            let parent = parent.clone();
            work.log(&task, &EventBody::Unmarked { parent })?;
        }
    }
    Ok(count)
}

/// Demotes those children of a reopened task that have not started yet. One that is running goes
/// on, because its work is done, but is marked.
pub(super) fn demote_children(work: &mut Work<'_>, parent: &TaskId) -> Result<(), Error> {
    let among = "id IN (SELECT child_id FROM task_links WHERE parent_id = ?2)";
    demote(work, among, parent, parent, "parent_reopened")
}

/// Makes a task wait that has got one more link, which is not met.
pub(super) fn let_wait(work: &mut Work<'_>, task: &TaskId, parent: &TaskId) -> Result<(), Error> {
    // In `todo` it may stand because a person put it there; with a parent it waits.
    work.conn
        .prepare_cached("UPDATE tasks SET waiting = 1 WHERE id = ?1 AND status = 'todo'")?
        .execute([task.as_str()])?;
    demote(work, "id = ?2", task, parent, "parent_added")
}

/// Makes a task wait that has come back to `ready` while a link keeps it from starting: the parent was
/// linked, or reopened, while the task was running.
pub(super) fn hold_back(work: &mut Work<'_>, task: &TaskId) -> Result<(), Error> {
    let unmet = UnmetLinks::of(work.conn, task)?;
    let reason = if unmet.unfinished.is_empty() {
        "parent_outcome"
    } else {
        "parent_unfinished"
    };
    match unmet.first() {
        Some(parent) => demote(work, "id = ?2", task, parent, reason),
        None => Ok(()),
    }
}

fn demote(
    work: &mut Work<'_>,
    among: &str,
    subject: &TaskId,
    parent: &TaskId,
    reason: &str,
) -> Result<(), Error> {
    debug_assert_eq!(
        transition::after(&Status::Ready, &Step::Demote),
        Some(Status::Todo)
    );
    let sql = format!(
        "UPDATE tasks SET waiting = 1, \
             status = iif(status = 'ready', 'todo', status), \
             status_since = iif(status = 'ready', ?1, status_since) \
         WHERE {among} AND +status IN ('ready', 'running') AND +waiting = 0 \
         RETURNING id, status"
    );
    for (task, status) in changed(work, &sql, (work.now.0, subject.as_str()))? {
        let (reason, parent) = (reason.to_owned(), parent.clone());
        let event = match status {
            Status::Running => EventBody::Marked { reason, parent },
            _ => EventBody::Demoted { reason, parent },
        };
        work.log(&task, &event)?;
    }
    Ok(())
}

/// Returns the rows that a statement changed, sorted, so that the order of events does not depend
/// on that of an index.
fn changed(work: &Work<'_>, sql: &str, params: impl Params) -> Result<Vec<Changed>, Error> {
    let mut rows: Vec<Changed> = row::all(work.conn, sql, params)?;
    rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(rows)
}
