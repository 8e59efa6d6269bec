//! The counts around a task: its parents, children and comments.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::row;

/// The counts around one task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) parents: u32,
    pub(super) children: u32,
    pub(super) children_done: u32,
    pub(super) comments: u32,
}

/// The counts as columns of a query of `tasks`, for a few tasks: each is found by an index.
pub(super) const COLUMNS: &str = "\
     (SELECT count(*) FROM task_links WHERE child_id = tasks.id), \
     (SELECT count(*) FROM task_links WHERE parent_id = tasks.id), \
     (SELECT count(*) FROM task_links AS link JOIN tasks AS child ON child.id = link.child_id \
         WHERE link.parent_id = tasks.id AND child.status = 'done'), \
     (SELECT count(*) FROM task_comments WHERE task_id = tasks.id)";

/// The counts that a row has in [`COLUMNS`], which begin at column `first`.
pub(super) fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Counts> {
    Ok(Counts {
        parents: row::count(row, first)?,
        children: row::count(row, first + 1)?,
        children_done: row::count(row, first + 2)?,
        comments: row::count(row, first + 3)?,
    })
}

/// The counts of all tasks that have any.
pub(super) struct AllCounts(HashMap<String, Counts>);

impl AllCounts {
    /// Counts everything in one pass, in the order of the file. For the whole board that takes a
    /// fraction of a look-up for each task, or for each link.
    pub(super) fn read(conn: &Connection) -> Result<Self, Error> {
        let done = done(conn)?;
        let mut all = HashMap::<_, Counts>::new();
        let mut statement = conn.prepare_cached("SELECT parent_id, child_id FROM task_links")?;
        let mut links = statement.query(())?;
        while let Some(link) = links.next()? {
            let (Some(parent), Some(child)) = (row::text(link, 0)?, row::text(link, 1)?) else {
                continue;
            };
            let parent = all.entry(parent).or_default();
            parent.children += 1;
            parent.children_done += u32::from(done.contains(&child));
            all.entry(child).or_default().parents += 1;
        }
        let mut statement =
            conn.prepare_cached("SELECT task_id, count(*) FROM task_comments GROUP BY task_id")?;
        let mut commented = statement.query(())?;
        while let Some(task) = commented.next()? {
            if let Some(id) = row::text(task, 0)? {
                all.entry(id).or_default().comments = row::count(task, 1)?;
            }
        }
        Ok(Self(all))
    }

    /// The counts of the task whose id is in the row's first column.
    pub(super) fn of(&self, row: &Row<'_>) -> rusqlite::Result<Counts> {
        let id = row.get_ref(0)?.as_str().unwrap_or_default();
        Ok(self.0.get(id).copied().unwrap_or_default())
    }
}

/// The tasks that are done.
fn done(conn: &Connection) -> Result<HashSet<String>, Error> {
    let mut statement = conn.prepare_cached("SELECT id FROM tasks WHERE status = 'done'")?;
    let ids = statement.query_map((), |row| row::text(row, 0))?;
    Ok(ids
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?)
}
