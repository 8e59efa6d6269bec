//! The tasks that can start now, and the time at which a back-off ends.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use domain::id::TaskId;
use domain::task::Task;
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, HAS_UNMET_LINK, columns, is_met};
use crate::verbs::{UnmetLink, UnmetLinks};

/// A task that waits for nothing but a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startable {
    /// The task.
    pub task: TaskId,
    /// Its assignee.
    pub assignee: String,
    /// Higher starts sooner.
    pub priority: i64,
}

columns! {
    Startable { task: "id", assignee, priority }
}

impl Kernel {
    /// Returns the first `limit` tasks of each of these assignees that are not in back-off, both those
    /// that are ready and those that wait for their review, in the order in which they are to start. The cost does not grow with the board. Tasks that
    /// another program made ready before their parents are finished do not count.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn startable(
        &self,
        assignees: Vec<String>,
        limit: u32,
    ) -> Result<Vec<Startable>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let mut found = Vec::new();
                for assignee in &assignees {
                    best_of(conn, now, assignee, limit, &mut found)?;
                }
                found.sort_by_key(|&(place, _)| place);
                Ok(found.into_iter().map(|(_, startable)| startable).collect())
            })
            .await
    }

    /// Returns the one of the tasks that could start for these assignees whose last run is the longest ago:
    /// each gets its turn as a probe, however often it fails. Reads all ready tasks of theirs, and all that
    /// wait for their review.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn next_in_turn(&self, assignees: Vec<String>) -> Result<Option<Startable>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {}, coalesce((SELECT max(id) FROM runs WHERE task_id = tasks.id), 0) AS last \
                     FROM tasks INDEXED BY idx_tasks_startable \
                     WHERE status = 'ready' AND assignee = ?1 AND coalesce(not_before, 0) <= ?2 \
                       AND NOT {HAS_UNMET_LINK} \
                     ORDER BY last, priority DESC, created_at, rowid LIMIT 1",
                    Startable::columns()
                );
                let reviews = "SELECT id, reviewer, priority, \
                         coalesce((SELECT max(id) FROM runs WHERE task_id = tasks.id), 0) AS last \
                     FROM tasks INDEXED BY idx_tasks_review \
                     WHERE status = 'review' AND reviewer = ?1 AND reviewer <> 'person' \
                       AND coalesce(not_before, 0) <= ?2 \
                     ORDER BY last, priority DESC, created_at, rowid LIMIT 1";
                let mut found: Vec<(Startable, i64)> = Vec::new();
                for assignee in &assignees {
                    for sql in [sql.as_str(), reviews] {
                        found.extend(row::find(conn, sql, (assignee, now.0))?);
                    }
                }
                let first = found.into_iter().min_by_key(|(task, last)| (*last, Reverse(task.priority)));
                Ok(first.map(|(startable, _)| startable))
            })
            .await
    }

    /// Returns the tasks that no longer wait for a parent, for `PromoteWaiting` to make ready:
    /// another program has finished the last of their parents.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn promotable(&self) -> Result<Vec<Task>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!(
                    "SELECT {} FROM tasks INDEXED BY idx_tasks_waiting \
                     WHERE waiting = 1 AND status = 'todo' AND NOT {HAS_UNMET_LINK}",
                    Task::columns()
                );
                row::all(conn, &sql, ())
            })
            .await
    }

    /// Returns the tasks that another program made ready before their parents let them start, each
    /// with those links. Reads all ready tasks.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn held_back(&self) -> Result<BTreeMap<TaskId, UnmetLinks>, Error> {
        self.readers
            .read(|conn| {
                let mut held_back = BTreeMap::<TaskId, UnmetLinks>::new();
                let sql = format!(
                    "SELECT child.id, {} FROM tasks AS child INDEXED BY idx_tasks_startable \
                     CROSS JOIN task_links AS link ON link.child_id = child.id \
                     CROSS JOIN tasks AS parent ON parent.id = link.parent_id \
                     WHERE child.status = 'ready' AND NOT ({}) ORDER BY parent.id",
                    UnmetLink::columns(),
                    is_met!()
                );
                let links: Vec<(TaskId, UnmetLink)> = row::all(conn, &sql, ())?;
                for (child, link) in links {
                    held_back
                        .entry(child.clone())
                        .or_default()
                        .add(&child, link);
                }
                Ok(held_back)
            })
            .await
    }

    /// Returns the assignees of ready tasks, and the lanes that tasks wait for a review of. The cost grows with their number and with that of the tasks in
    /// review, not with that of the others.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn ready_assignees(&self) -> Result<Vec<String>, Error> {
        self.readers.read(ready_assignees).await
    }
}

pub(super) fn ready_assignees(conn: &Connection) -> Result<Vec<String>, Error> {
    let mut assignees: Vec<String> = row::all(conn, READY_ASSIGNEES, ())?;
    let reviewers = "SELECT DISTINCT reviewer FROM tasks INDEXED BY idx_tasks_review \
                     WHERE status = 'review' AND reviewer <> 'person'";
    assignees.extend(row::all::<String>(conn, reviewers, ())?);
    assignees.sort_unstable();
    assignees.dedup();
    Ok(assignees)
}

pub(super) fn next_rest_end(
    conn: &Connection,
    after: Timestamp,
) -> Result<Option<Timestamp>, Error> {
    let ready = "SELECT min(not_before) FROM tasks INDEXED BY idx_tasks_resting \
                 WHERE status = 'ready' AND not_before > ?1";
    let reviewed = "SELECT min(not_before) FROM tasks INDEXED BY idx_tasks_review \
                    WHERE status = 'review' AND not_before > ?1";
    let ends: [Option<Timestamp>; 2] = [
        row::one(conn, ready, [after.0])?,
        row::one(conn, reviewed, [after.0])?,
    ];
    Ok(ends.into_iter().flatten().min())
}

/// From each name the index leads to the next one, past all tasks of the first.
const READY_ASSIGNEES: &str = "\
    WITH RECURSIVE ready (assignee) AS ( \
        SELECT min(assignee) FROM tasks INDEXED BY idx_tasks_startable \
        WHERE status = 'ready' AND assignee > '' \
        UNION ALL \
        SELECT (SELECT min(assignee) FROM tasks INDEXED BY idx_tasks_startable \
                WHERE status = 'ready' AND assignee > ready.assignee) \
        FROM ready WHERE ready.assignee IS NOT NULL) \
    SELECT assignee FROM ready WHERE assignee IS NOT NULL";

/// The sort key in the order of starts: urgent first, then oldest first.
type SortKey = (Reverse<i64>, i64, i64);

fn best_of(
    conn: &Connection,
    now: Timestamp,
    assignee: &str,
    limit: u32,
    found: &mut Vec<(SortKey, Startable)>,
) -> Result<(), Error> {
    // Left to itself, SQLite takes all ready tasks and sorts them.
    let sql = format!(
        "SELECT {}, created_at, rowid FROM tasks INDEXED BY idx_tasks_startable \
         WHERE status = 'ready' AND assignee = ?1 AND coalesce(not_before, 0) <= ?2 \
           AND NOT {HAS_UNMET_LINK} \
         ORDER BY priority DESC, created_at, rowid LIMIT ?3",
        Startable::columns()
    );
    let mut rows: Vec<(Startable, i64, i64)> = row::all(conn, &sql, (assignee, now.0, limit))?;
    let reviews = "SELECT id, reviewer, priority, created_at, rowid \
                   FROM tasks INDEXED BY idx_tasks_review \
                   WHERE status = 'review' AND reviewer = ?1 AND reviewer <> 'person' \
                     AND coalesce(not_before, 0) <= ?2 \
                   ORDER BY priority DESC, created_at, rowid LIMIT ?3";
    rows.extend(row::all::<(Startable, i64, i64)>(
        conn,
        reviews,
        (assignee, now.0, limit),
    )?);
    found
        .extend(rows.into_iter().map(|(task, created_at, number)| {
            ((Reverse(task.priority), created_at, number), task)
        }));
    Ok(())
}
