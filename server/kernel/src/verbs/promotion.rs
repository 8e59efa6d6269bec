//! Dependencies at work: tasks become ready when the last of their parents is finished, and wait
//! again when one is reopened.

use domain::command::Answer;
use domain::event::EventBody;
use domain::id::TaskId;
use domain::status::Status;
use domain::transition::{self, Step};
use rusqlite::{Params, Row};

use super::Work;
use crate::error::Error;
use crate::row;

/// Whether a row of `tasks` has a parent that is not finished. A link to a row that is gone does
/// not count.
const HAS_UNFINISHED_PARENT: &str = "EXISTS ( \
     SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE link.child_id = tasks.id AND parent.status NOT IN ('done', 'archived'))";

/// The parents of a task that are not finished, by id.
pub(super) fn unfinished_parents(work: &Work<'_>, id: &TaskId) -> Result<Vec<TaskId>, Error> {
    let mut statement = work.conn.prepare_cached(
        "SELECT parent.id FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
         WHERE link.child_id = ?1 AND parent.status NOT IN ('done', 'archived') ORDER BY parent.id",
    )?;
    let ids = statement.query_map([id.as_str()], |row| row::task_id(row, 0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

/// Makes those children of a finished task ready that waited for it last. Looks at no other task,
/// so the cost does not grow with the board.
pub(super) fn promote_children(work: &mut Work<'_>, parent: &TaskId) -> Result<(), Error> {
    let children = "id IN (SELECT child_id FROM task_links WHERE parent_id = ?2)";
    promote(work, "tasks", children, |now| (now, parent.as_str())).map(drop)
}

/// Makes a task ready if it waits and no longer has a reason to.
pub(super) fn promote_one(work: &mut Work<'_>, task: &TaskId) -> Result<(), Error> {
    promote(work, "tasks", "id = ?2", |now| (now, task.as_str())).map(drop)
}

/// Makes every waiting task ready whose parents are finished.
pub(super) fn promote_all(work: &mut Work<'_>) -> Result<Answer, Error> {
    let all = "tasks INDEXED BY idx_tasks_waiting";
    let count = promote(work, all, "waiting = 1", |now| (now,))?;
    Ok(Answer::Promoted { count })
}

fn promote<P: Params>(
    work: &mut Work<'_>,
    table: &str,
    among: &str,
    params: impl FnOnce(i64) -> P,
) -> Result<usize, Error> {
    debug_assert_eq!(
        transition::after(&Status::Todo, &Step::Promote),
        Some(Status::Ready)
    );
    // The plus signs keep SQLite from looking at all of `todo`, where `among` names a few.
    let sql = format!(
        "UPDATE {table} SET status = 'ready', status_since = ?1, waiting = 0 \
         WHERE {among} AND +waiting = 1 AND +status = 'todo' AND NOT {HAS_UNFINISHED_PARENT} \
         RETURNING id"
    );
    let promoted = ids(work, &sql, params(work.now.0))?;
    for task in &promoted {
        work.log(task, &EventBody::Ready)?;
    }
    Ok(promoted.len())
}

/// Makes those children of a reopened task wait again that have not started yet. One that is running
/// is left alone: what it has done is done.
pub(super) fn demote_children(work: &mut Work<'_>, parent: &TaskId) -> Result<(), Error> {
    let among = "id IN (SELECT child_id FROM task_links WHERE parent_id = ?2)";
    demote(work, among, parent, parent, "parent_reopened")
}

/// Lets a task wait that has got one more parent, which is not finished.
pub(super) fn let_wait(work: &mut Work<'_>, task: &TaskId, parent: &TaskId) -> Result<(), Error> {
    // In `todo` it may stand because a person put it there; with a parent it waits.
    work.conn
        .prepare_cached("UPDATE tasks SET waiting = 1 WHERE id = ?1 AND status = 'todo'")?
        .execute([task.as_str()])?;
    demote(work, "id = ?2", task, parent, "parent_added")
}

/// Lets a task wait that has come back to `ready` while a parent is not finished: the parent was
/// linked, or reopened, while the task was running.
pub(super) fn hold_back(work: &mut Work<'_>, task: &TaskId) -> Result<(), Error> {
    match unfinished_parents(work, task)?.first() {
        Some(parent) => demote(work, "id = ?2", task, parent, "parent_unfinished"),
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
        "UPDATE tasks SET status = 'todo', status_since = ?1, waiting = 1 \
         WHERE {among} AND +status = 'ready' RETURNING id"
    );
    for task in ids(work, &sql, (work.now.0, subject.as_str()))? {
        let event = EventBody::Demoted {
            reason: reason.to_owned(),
            parent: parent.clone(),
        };
        work.log(&task, &event)?;
    }
    Ok(())
}

/// The ids that a statement returns, sorted, so that the order of events does not depend on that of
/// an index.
fn ids(work: &Work<'_>, sql: &str, params: impl Params) -> Result<Vec<TaskId>, Error> {
    let mut statement = work.conn.prepare_cached(sql)?;
    let first = |row: &Row<'_>| row::task_id(row, 0);
    let mut ids = statement
        .query_map(params, first)?
        .collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    Ok(ids)
}
