//! The counts around a task: its parents, children and comments.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::row::{self, columns};

/// The counts around one task.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) parents: u32,
    pub(super) children: u32,
    pub(super) children_done: u32,
    pub(super) comments: u32,
}

// For a few tasks: each is found by an index.
columns! {
    Counts {
        parents: "(SELECT count(*) FROM task_links WHERE child_id = tasks.id)",
        children: "(SELECT count(*) FROM task_links WHERE parent_id = tasks.id)",
        children_done: "(SELECT count(*) FROM task_links AS link \
             JOIN tasks AS child ON child.id = link.child_id \
             WHERE link.parent_id = tasks.id AND child.status = 'done')",
        comments: "(SELECT count(*) FROM task_comments WHERE task_id = tasks.id)",
    }
}

/// The counts of all tasks that have any.
pub(super) struct AllCounts(HashMap<String, Counts>);

impl AllCounts {
    /// Counts everything in one pass, in the order of the file. For the whole board that takes a
    /// fraction of a look-up for each task, or for each link.
    pub(super) fn read(conn: &Connection) -> Result<Self, Error> {
        let done = "SELECT id FROM tasks WHERE status = 'done'";
        let done: HashSet<String> = row::all(conn, done, ())?.into_iter().collect();
        let mut all = HashMap::<_, Counts>::new();
        let mut statement = conn.prepare_cached("SELECT parent_id, child_id FROM task_links")?;
        let mut links = statement.query(())?;
        while let Some(link) = links.next()? {
            let (Some(parent), Some(child)) = row::read::<(Option<_>, Option<_>)>(link)? else {
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
            if let (Some(id), comments) = row::read(task)? {
                all.entry(id).or_default().comments = comments;
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
