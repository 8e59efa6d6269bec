//! The home folder of the board: the one that the file remembers, and the workspaces in it.

use domain::actor::Actor;
use domain::command::{Change, DispatchFrom, MoveWorkspaces};
use domain::home::HomeIdentity;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::{CarryOut, Work};
use crate::error::Error;
use crate::open;

impl CarryOut for DispatchFrom {
    /// Pauses the board if the home is a copy of the remembered one, so that nothing is done twice, and
    /// remembers it in its place.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let remembered = remembered(work.conn)?;
        let original = remembered.filter(|remembered| self.home.is_copy_of(remembered));
        if let Some(original) = &original {
            let by = format!("copy of {}", original.path);
            open::pause(work.conn, work.now, &by)?;
        }
        settle(work.conn, &self.home, &self.workspaces)?;
        Ok(match original {
            Some(_) => Change::Done,
            None => Change::Unchanged,
        })
    }
}

impl CarryOut for MoveWorkspaces {
    /// Lets every workspace that was made for a task at the default place of another home be at this
    /// home's: the board was copied from there, or the home was moved.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        place_workspaces(work.conn, &self.to)?;
        Ok(Change::Done)
    }
}

/// Pauses a board that was taken in from another home, and remembers the one where it is now.
pub(crate) fn take_in(
    conn: &Connection,
    now: Timestamp,
    by: &str,
    home: &HomeIdentity,
    workspaces: &str,
) -> rusqlite::Result<()> {
    open::pause(conn, now, by)?;
    settle(conn, home, workspaces)
}

/// Returns the remembered home; `None` before a dispatcher has started.
pub(crate) fn remembered(conn: &Connection) -> rusqlite::Result<Option<HomeIdentity>> {
    let mut statement = conn.prepare_cached("SELECT path, inode, machine FROM home")?;
    let home = statement.query_one((), |row| {
        Ok(HomeIdentity {
            path: row.get(0)?,
            inode: row.get(1)?,
            machine: row.get(2)?,
        })
    });
    home.optional()
}

fn settle(conn: &Connection, home: &HomeIdentity, workspaces: &str) -> rusqlite::Result<()> {
    if remembered(conn)?.as_ref() != Some(home) {
        conn.execute(
            "INSERT OR REPLACE INTO home (id, path, inode, machine) VALUES (1, ?1, ?2, ?3)",
            (&home.path, home.inode, &home.machine),
        )?;
    }
    place_workspaces(conn, workspaces)
}

/// The recorded workspaces that are at the default place of another home than the one whose workspaces
/// are in the folder `?1`.
const DISPLACED: &str = "path <> ?1 || '/' || task_id AND \
     substr(path, -length('/kanban/workspaces/' || task_id)) = '/kanban/workspaces/' || task_id";

fn place_workspaces(conn: &Connection, to: &str) -> rusqlite::Result<()> {
    let of_tasks = format!(
        "UPDATE tasks SET workspace_path = ?1 || '/' || id WHERE (id, workspace_path) IN ( \
             SELECT task_id, path FROM workspaces WHERE {DISPLACED})"
    );
    conn.execute(&of_tasks, [to])?;
    let recorded =
        format!("UPDATE OR REPLACE workspaces SET path = ?1 || '/' || task_id WHERE {DISPLACED}");
    conn.execute(&recorded, [to])?;
    Ok(())
}
