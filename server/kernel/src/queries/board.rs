//! The whole board in a fixed number of statements, whatever the number of tasks.

use std::collections::BTreeSet;

use domain::board::{Snapshot, TaskSummary};
use domain::event::Event;
use domain::id::EventId;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::{Kernel, events, row};

/// Which tasks the board shows. The default shows all that are not archived.
#[derive(Clone, Debug, Default)]
pub struct BoardFilter {
    /// Only those of this tenant.
    pub tenant: Option<String>,
    /// Archived ones too.
    pub include_archived: bool,
}

/// One task and the counts around it.
#[derive(Clone, Debug)]
pub struct BoardRow {
    /// The task.
    pub task: Task,
    /// How many tasks it depends on.
    pub parents: u32,
    /// How many tasks depend on it.
    pub children: u32,
    /// How many of those are done.
    pub children_done: u32,
    /// How many comments it has.
    pub comments: u32,
}

/// The board with every text, as the HTTP API tells it.
#[derive(Clone, Debug)]
pub struct BoardRows {
    /// Urgent first, then oldest first.
    pub rows: Vec<BoardRow>,
    /// Every tenant, also those of archived tasks.
    pub tenants: Vec<String>,
    /// Every assignee of a task that is not archived.
    pub assignees: Vec<String>,
    /// The last event contained in it.
    pub cursor: EventId,
    /// When it was read.
    pub now: Timestamp,
}

impl Kernel {
    /// The board as cards, and the cursor from which to follow it.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn board(&self, filter: BoardFilter) -> Result<Snapshot, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql =
                    format!("SELECT {SUMMARY_COLUMNS}, {COUNTS} FROM tasks WHERE {FILTER} {ORDER}");
                let mut statement = conn.prepare_cached(&sql)?;
                let tasks = statement
                    .query_map((filter.tenant, filter.include_archived), summary)?
                    .collect::<Result<_, _>>()?;
                Ok(Snapshot {
                    tasks,
                    cursor: events::newest(conn)?,
                    now,
                })
            })
            .await
    }

    /// The board with every text.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn board_rows(&self, filter: BoardFilter) -> Result<BoardRows, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let columns = row::TASK_COLUMNS;
                let sql = format!("SELECT {columns}, {COUNTS} FROM tasks WHERE {FILTER} {ORDER}");
                let mut statement = conn.prepare_cached(&sql)?;
                let rows = statement
                    .query_map((filter.tenant, filter.include_archived), board_row)?
                    .collect::<Result<_, _>>()?;
                Ok(BoardRows {
                    rows,
                    tenants: names(conn, TENANTS)?,
                    assignees: names(conn, ASSIGNEES)?,
                    cursor: events::newest(conn)?,
                    now,
                })
            })
            .await
    }
}

/// The summaries of the tasks that events touched, each once, by id. The parents of a task are
/// touched with it: their cards say how many of their children are done.
pub(crate) fn touched_by(conn: &Connection, events: &[Event]) -> Result<Vec<TaskSummary>, Error> {
    let named = events.iter().map(|event| event.task_id.as_str());
    // A parent that was unlinked is no longer found by its links, but the event names it.
    let parents = events
        .iter()
        .filter_map(|event| event.payload.as_ref()?.get("parent")?.as_str());
    let ids: BTreeSet<&str> = named.chain(parents).collect();
    // One statement for any number of ids: they travel as a JSON array.
    let json = serde_json::to_string(&ids).unwrap_or_default();
    let sql = format!(
        "WITH touched (id) AS (SELECT value FROM json_each(?1)) \
         SELECT {SUMMARY_COLUMNS}, {COUNTS} FROM tasks \
         WHERE id IN (SELECT id FROM touched UNION SELECT link.parent_id \
             FROM touched CROSS JOIN task_links AS link ON link.child_id = touched.id) \
         ORDER BY id"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let summaries = statement.query_map([json], summary)?;
    Ok(summaries.collect::<Result<_, _>>()?)
}

const FILTER: &str = "(?1 IS NULL OR tenant = ?1) AND (?2 OR status <> 'archived')";
const ORDER: &str = "ORDER BY priority DESC, created_at, rowid";
const TENANTS: &str = "SELECT DISTINCT tenant FROM tasks WHERE tenant IS NOT NULL ORDER BY tenant";
const ASSIGNEES: &str = "SELECT DISTINCT assignee FROM tasks \
     WHERE assignee IS NOT NULL AND status <> 'archived' ORDER BY assignee";

/// Parents, children, children that are done, comments: each found by an index.
const COUNTS: &str = "\
     (SELECT count(*) FROM task_links WHERE child_id = tasks.id), \
     (SELECT count(*) FROM task_links WHERE parent_id = tasks.id), \
     (SELECT count(*) FROM task_links AS link JOIN tasks AS child ON child.id = link.child_id \
         WHERE link.parent_id = tasks.id AND child.status = 'done'), \
     (SELECT count(*) FROM task_comments WHERE task_id = tasks.id)";

const SUMMARY_COLUMNS: &str = "id, rowid, title, assignee, status, priority, tenant, created_at, \
     started_at, completed_at, status_since, not_before, spawn_failures, last_spawn_error";

fn summary(row: &Row<'_>) -> rusqlite::Result<TaskSummary> {
    Ok(TaskSummary {
        id: row::task_id(row, 0)?,
        number: row.get(1)?,
        title: row.get(2)?,
        assignee: row.get(3)?,
        status: Status::from(row.get::<_, String>(4)?),
        priority: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
        tenant: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        started_at: row::moment(row, 8)?,
        completed_at: row::moment(row, 9)?,
        status_since: Timestamp(row.get(10)?),
        not_before: row::moment(row, 11)?,
        failures: row::count(row, 12)?,
        last_error: row.get(13)?,
        parents: row::count(row, 14)?,
        children: row::count(row, 15)?,
        children_done: row::count(row, 16)?,
        comments: row::count(row, 17)?,
    })
}

fn board_row(row: &Row<'_>) -> rusqlite::Result<BoardRow> {
    Ok(BoardRow {
        task: row::task(row)?,
        parents: row::count(row, 24)?,
        children: row::count(row, 25)?,
        children_done: row::count(row, 26)?,
        comments: row::count(row, 27)?,
    })
}

fn names(conn: &Connection, sql: &str) -> Result<Vec<String>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    let names = statement.query_map((), |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
