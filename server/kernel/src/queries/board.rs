//! The whole board in a fixed number of statements, whatever the number of tasks.

mod changes;
mod counts;

use std::collections::BTreeSet;

use domain::board::{Snapshot, TaskSummary};
use domain::event::Event;
use domain::task::Task;
use rusqlite::{Connection, Row};

use counts::{AllCounts, Counts};

pub use changes::BoardChanges;

use crate::error::Error;
use crate::queries::tasks::only;
use crate::verbs::HAS_UNFINISHED_PARENT;
use crate::{Kernel, events, row};

/// The filter of tasks on the board. The default lets all through that are not archived.
#[derive(Clone, Debug, Default)]
pub struct BoardFilter {
    /// Only those of this tenant.
    pub tenant: Option<String>,
    /// Archived ones too.
    pub include_archived: bool,
}

/// A task with shortened texts, and the counts around it.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// The task.
    pub task: Task,
    /// Its rank in the order of creation.
    pub number: i64,
    /// The number of tasks it depends on.
    pub parents: u32,
    /// The number of tasks that depend on it.
    pub children: u32,
    /// The number of those that are done.
    pub children_done: u32,
    /// The number of comments.
    pub comments: u32,
}

impl Kernel {
    /// Returns the board as cards, and the cursor from which to follow it.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn board(&self, filter: BoardFilter) -> Result<Snapshot, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                Ok(Snapshot {
                    tasks: select(conn, &filter, &summary_columns(), BOARD_ORDER, summary)?,
                    cursor: events::newest(conn)?,
                    now,
                })
            })
            .await
    }
}

/// Urgent tasks first, then the oldest.
const BOARD_ORDER: &str = "ORDER BY priority DESC, created_at, rowid";

/// What `filter` lets through, in this order, each made of a row of these columns and of the counts around it.
fn select<T>(
    conn: &Connection,
    filter: &BoardFilter,
    columns: &str,
    order: &str,
    make: fn(&Row<'_>, Counts) -> rusqlite::Result<T>,
) -> Result<Vec<T>, Error> {
    let counts = AllCounts::read(conn)?;
    let sql = format!(
        "SELECT {columns} FROM tasks WHERE {} AND (?2 OR status <> 'archived') {order}",
        only("tenant", 1, filter.tenant.as_deref())
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let tasks = statement.query_map((&filter.tenant, filter.include_archived), |row| {
        make(row, counts.of(row)?)
    })?;
    Ok(row::known(tasks)?)
}

/// Returns the summaries of the tasks that events touched, each once, by id. The parents of a task
/// are touched with it: their cards count their finished children. So are its ready children, which
/// wait for it if another program made them ready.
pub(crate) fn touched_by(conn: &Connection, events: &[Event]) -> Result<Vec<TaskSummary>, Error> {
    summaries(conn, NAMED, TOUCHED, &named_by(events))
}

/// Returns the tasks that events name as a JSON array, so that one statement takes any number of
/// them.
fn named_by(events: &[Event]) -> String {
    let named = events.iter().map(|event| event.task_id.as_str());
    // A parent that was unlinked is no longer found by its links, but the event names it.
    let parents = events
        .iter()
        .filter_map(|event| event.payload.as_ref()?.get("parent")?.as_str());
    let ids: BTreeSet<&str> = named.chain(parents).collect();
    serde_json::to_string(&ids).unwrap_or_default()
}

/// The tasks of a JSON array.
const NAMED: &str = "WITH named (id) AS (SELECT value FROM json_each(?1))";

/// [`NAMED`], their parents, and those of their children that are ready.
const TOUCHED: &str = "SELECT id FROM named UNION SELECT link.parent_id \
     FROM named CROSS JOIN task_links AS link ON link.child_id = named.id \
     UNION SELECT child.id FROM named CROSS JOIN task_links AS link ON link.parent_id = named.id \
     CROSS JOIN tasks AS child ON child.id = link.child_id AND child.status = 'ready'";

/// Returns the summaries of the tasks with these ids, by id.
pub(super) fn of_ids(conn: &Connection, ids: &[&str]) -> Result<Vec<TaskSummary>, Error> {
    let json = serde_json::to_string(ids).unwrap_or_default();
    summaries(conn, "", "SELECT value FROM json_each(?1)", &json)
}

/// The summaries of a few tasks, by id: of those whose ids `among` selects, given a JSON array.
fn summaries(
    conn: &Connection,
    with: &str,
    among: &str,
    json: &str,
) -> Result<Vec<TaskSummary>, Error> {
    let sql = format!(
        "{with} SELECT {}, {} FROM tasks WHERE id IN ({among}) ORDER BY id",
        summary_columns(),
        counts::COLUMNS
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let summaries = statement.query_map([json], |row| {
        summary(row, counts::from_row(row, SUMMARY_COLUMNS)?)
    })?;
    Ok(row::known(summaries)?)
}

/// The number of columns in [`summary_columns`].
const SUMMARY_COLUMNS: usize = 17;

/// A worker: one that the dispatcher starts in a lane, or the process of another program. A claim
/// by hand has neither.
const HAS_WORKER: &str = "status = 'running' AND (worker_pid IS NOT NULL OR EXISTS \
     (SELECT 1 FROM runs WHERE task_id = tasks.id AND ended_at IS NULL AND lane IS NOT NULL))";

/// Returns the columns that [`summary`] reads. Another program may have made a task ready before
/// its parents are finished; that is looked up for ready tasks only.
fn summary_columns() -> String {
    format!(
        "id, rowid, title, assignee, status, priority, tenant, created_at, started_at, \
         completed_at, status_since, not_before, spawn_failures, last_spawn_error, \
         iif(status = 'ready', {HAS_UNFINISHED_PARENT}, waiting), {}, \
         {HAS_WORKER}",
        row::BLOCK_REASON
    )
}

fn summary(row: &Row<'_>, counts: Counts) -> rusqlite::Result<TaskSummary> {
    let text = |at| -> rusqlite::Result<Option<String>> {
        let text = row::text(row, at)?;
        Ok(text.map(|it| row::shortened(it, LONGEST_OF_CARD)))
    };
    Ok(TaskSummary {
        id: row::task_id(row, 0)?,
        number: row.get(1)?,
        title: text(2)?.unwrap_or_default(),
        assignee: text(3)?,
        status: row::status(row, 4)?,
        has_worker: row::is_set(row, 16)?,
        priority: row::number(row, 5)?.unwrap_or_default(),
        tenant: text(6)?,
        created_at: row::moment(row, 7)?.unwrap_or_default(),
        started_at: row::moment(row, 8)?,
        completed_at: row::moment(row, 9)?,
        status_since: row::moment(row, 10)?.unwrap_or_default(),
        not_before: row::moment(row, 11)?,
        failures: row::count(row, 12)?,
        last_error: text(13)?,
        waiting: row::is_set(row, 14)?,
        block_reason: text(15)?,
        parents: counts.parents,
        children: counts.children,
        children_done: counts.children_done,
        comments: counts.comments,
    })
}

/// The number of columns in [`row_columns`].
const ROW_COLUMNS: usize = 28;

/// The columns that [`board_row`] reads.
fn row_columns() -> String {
    format!("{}, rowid", *row::TASK_COLUMNS)
}

/// The longest body and result of a task in a row of the board, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;

/// The longest of each other text of a card, in bytes; other programs may write any length.
const LONGEST_OF_CARD: usize = 4 * 1024;

fn board_row(row: &Row<'_>, counts: Counts) -> rusqlite::Result<BoardRow> {
    let mut task = row::task(row)?;
    task.body = task.body.map(|it| row::shortened(it, LONGEST_TEXT));
    task.result = task.result.map(|it| row::shortened(it, LONGEST_TEXT));
    Ok(BoardRow {
        task,
        number: row.get(ROW_COLUMNS - 1)?,
        parents: counts.parents,
        children: counts.children,
        children_done: counts.children_done,
        comments: counts.comments,
    })
}
