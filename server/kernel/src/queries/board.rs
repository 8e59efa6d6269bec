//! The whole board in a fixed number of statements, whatever the number of tasks.

mod changes;
mod counts;

use std::collections::BTreeSet;

use domain::board::{self, Snapshot, TaskSummary};
use domain::event::Event;
use domain::task::Task;
use rusqlite::Connection;

use counts::{AllCounts, Counts};

pub use changes::BoardChanges;

use crate::error::Error;
use crate::queries::tasks::only;
use crate::row::{self, Columns, columns};
use crate::{Kernel, events};

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
                let mut tasks = select(conn, &filter, summary)?;
                // Sorted by SQLite, whole rows would go through a temporary file.
                tasks.sort_by_cached_key(board::order);
                Ok(Snapshot {
                    tasks,
                    cursor: events::newest(conn)?,
                    now,
                })
            })
            .await
    }
}

/// Returns what `filter` lets through, each made of its row and of the counts around it.
fn select<T: Columns>(
    conn: &Connection,
    filter: &BoardFilter,
    make: fn(T, Counts) -> T,
) -> Result<Vec<T>, Error> {
    let counts = AllCounts::read(conn)?;
    let mut statement = conn.prepare_cached(&select_sql::<T>(filter))?;
    let tasks = statement.query_map((&filter.tenant, filter.include_archived), |row| {
        Ok(make(row::read(row)?, counts.of(row)?))
    })?;
    Ok(row::known(tasks)?)
}

fn select_sql<T: Columns>(filter: &BoardFilter) -> String {
    format!(
        "SELECT {} FROM tasks WHERE {} AND (?2 OR status <> 'archived')",
        T::columns(),
        only("tenant", 1, filter.tenant.as_deref())
    )
}

/// Reads the cards as [`Kernel::board`] does, without their counts: the yardstick of the benchmark.
///
/// # Errors
/// Fails if the file cannot be read.
pub fn board_cards(conn: &Connection) -> Result<Vec<TaskSummary>, Error> {
    let sql = select_sql::<TaskSummary>(&BoardFilter::default());
    row::all(conn, &sql, (None::<String>, false))
}

/// Returns the summaries of the tasks that events touched, each once, by id. The parents of a task
/// are touched with it: their cards count their finished children. So are its ready children, which
/// wait for it if another program made them ready.
pub(crate) fn touched_by(conn: &Connection, events: &[Event]) -> Result<Vec<TaskSummary>, Error> {
    summaries(conn, TOUCHED, &named_by(events))
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

/// The tasks of a JSON array, their parents, and those of their children that are ready.
const TOUCHED: &str = "WITH named (id) AS (SELECT value FROM json_each(?1)) \
     SELECT id FROM named UNION SELECT link.parent_id \
     FROM named CROSS JOIN task_links AS link ON link.child_id = named.id \
     UNION SELECT child.id FROM named CROSS JOIN task_links AS link ON link.parent_id = named.id \
     CROSS JOIN tasks AS child ON child.id = link.child_id AND child.status = 'ready'";

/// Returns the summaries of the tasks with these ids, by id.
pub(super) fn of_ids(conn: &Connection, ids: &[&str]) -> Result<Vec<TaskSummary>, Error> {
    let json = serde_json::to_string(ids).unwrap_or_default();
    summaries(conn, "SELECT value FROM json_each(?1)", &json)
}

/// Returns the summaries of a few tasks, by id: of those whose ids `among` selects, given a JSON
/// array.
fn summaries(conn: &Connection, among: &str, json: &str) -> Result<Vec<TaskSummary>, Error> {
    few(conn, &format!("id IN ({among}) ORDER BY id"), json, summary)
}

/// Returns a few tasks, those that a condition on a JSON array names, each made of its row and of
/// the counts around it.
fn few<T: Columns>(
    conn: &Connection,
    condition: &str,
    json: &str,
    make: fn(T, Counts) -> T,
) -> Result<Vec<T>, Error> {
    let columns = [T::columns(), Counts::columns()].join(", ");
    let sql = format!("SELECT {columns} FROM tasks WHERE {condition}");
    let rows = row::all(conn, &sql, [json])?;
    Ok(rows
        .into_iter()
        .map(|(row, counts)| make(row, counts))
        .collect())
}

columns! {
    BoardRow {
        task: &Task::columns(), number: "rowid";
        parents: 0, children: 0, children_done: 0, comments: 0
    }
}

/// The longest body and result of a task in a row of the board, in bytes.
const LONGEST_TEXT: usize = 16 * 1024;

/// The longest of each other text of a card, in bytes; other programs may write any length.
const LONGEST_OF_CARD: usize = 4 * 1024;

fn summary(mut task: TaskSummary, counts: Counts) -> TaskSummary {
    let texts = [
        &mut task.assignee,
        &mut task.tenant,
        &mut task.last_error,
        &mut task.block_reason,
    ];
    for text in texts.into_iter().flatten().chain([&mut task.title]) {
        row::shorten(text, LONGEST_OF_CARD);
    }
    TaskSummary {
        parents: counts.parents,
        children: counts.children,
        children_done: counts.children_done,
        comments: counts.comments,
        ..task
    }
}

fn board_row(mut row: BoardRow, counts: Counts) -> BoardRow {
    for text in [&mut row.task.body, &mut row.task.result]
        .into_iter()
        .flatten()
    {
        row::shorten(text, LONGEST_TEXT);
    }
    BoardRow {
        parents: counts.parents,
        children: counts.children,
        children_done: counts.children_done,
        comments: counts.comments,
        ..row
    }
}
