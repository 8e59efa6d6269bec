//! The home folder of the board: the one that the file remembers, and the workspaces in it.

use domain::actor::Actor;
use domain::command::{Change, DispatchFrom, MoveWorkspaces};
use domain::home::HomeIdentity;
use domain::time::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::{CarryOut, Work};
use crate::error::Error;

impl CarryOut for DispatchFrom {
    /// Pauses the board if the home is a copy of the remembered one, so that nothing is done twice, and
    /// remembers it in its place.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let remembered = remembered(work.conn)?;
        let original = remembered.filter(|remembered| self.home.is_copy_of(remembered));
        if let Some(original) = &original {
            let by = format!("copy of {}", original.path);
            await_word(work.conn, work.now, &by)?;
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

/// The error of deliveries that another board had pending and that are not sent from here.
const UNTOLD: &str =
    "taken in from another board, which may have told it; try again to tell it from here";

/// Pauses a board that came from elsewhere, until a person says that it is the only one: its own
/// dispatcher may be at work still. Gives up the deliveries that the other board had pending: news that
/// is sent twice is worse than a person who looks at it once.
pub(crate) fn await_word(conn: &Connection, now: Timestamp, by: &str) -> rusqlite::Result<()> {
    conn.execute(
        "INSERT INTO pauses (lane, since, by, is_copy) VALUES ('', ?1, ?2, 1) \
         ON CONFLICT (lane) DO UPDATE SET is_copy = 1",
        (now.0, by),
    )?;
    conn.execute(
        "UPDATE deliveries SET state = 'dead', error = ?1, settled_at = ?2 WHERE state = 'pending'",
        (UNTOLD, now.0),
    )?;
    Ok(())
}

/// Returns true until a person has said that a board which came from elsewhere is the only one.
pub(crate) fn awaits_word(conn: &Connection) -> rusqlite::Result<bool> {
    let mut waiting = conn.prepare_cached("SELECT 1 FROM pauses WHERE lane = '' AND is_copy")?;
    waiting.exists(())
}

/// Returns the remembered home; `None` on a board of an earlier version that nobody has opened since.
pub(crate) fn remembered(conn: &Connection) -> rusqlite::Result<Option<HomeIdentity>> {
    let sql = "SELECT path, inode, machine, born, device FROM home";
    let home = conn.prepare_cached(sql)?.query_one((), |row| {
        Ok(HomeIdentity {
            path: row.get(0)?,
            inode: row.get(1)?,
            machine: row.get(2)?,
            born: row.get(3)?,
            device: row.get(4)?,
        })
    });
    home.optional()
}

/// Remembers the home in which the board is opened, if it knows of none.
pub(crate) fn remember_first(conn: &Connection, home: &HomeIdentity) -> rusqlite::Result<()> {
    match remembered(conn)? {
        Some(_) => Ok(()),
        None => remember(conn, "IGNORE", home),
    }
}

/// Lets the board be this home's, whose workspaces are in the folder `workspaces`.
pub(crate) fn settle(
    conn: &Connection,
    home: &HomeIdentity,
    workspaces: &str,
) -> rusqlite::Result<()> {
    if remembered(conn)?.as_ref() != Some(home) {
        remember(conn, "REPLACE", home)?;
    }
    place_workspaces(conn, workspaces)
}

fn remember(conn: &Connection, or: &str, home: &HomeIdentity) -> rusqlite::Result<()> {
    let sql = format!(
        "INSERT OR {or} INTO home (id, path, inode, machine, born, device) \
         VALUES (1, ?1, ?2, ?3, ?4, ?5)"
    );
    let known = (
        &home.path,
        home.inode,
        &home.machine,
        home.born,
        home.device,
    );
    conn.execute(&sql, known).map(drop)
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
