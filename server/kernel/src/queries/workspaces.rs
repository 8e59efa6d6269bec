//! The candidates for cleaning up: folders that the dispatcher made, and old events.

use std::path::{Path, PathBuf};

use domain::task::WorkspaceKind;
use domain::time::Timestamp;
use domain::workspace::Workspace;
use rusqlite::Connection;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};
use crate::verbs::count_forgettable;

columns! {
    Workspace {
        path, task: "task_id",
        kind => |kind: String| kind.parse().unwrap_or(WorkspaceKind::Dir),
        repository, branch,
    }
}

impl Kernel {
    /// Returns the folders that were made for tasks which were archived before this moment.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn removable_workspaces(
        &self,
        archived_before: Timestamp,
    ) -> Result<Vec<Workspace>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM workspaces WHERE task_id IN ( \
                         SELECT id FROM tasks WHERE status = 'archived' AND status_since < ?1 \
                     ) ORDER BY path",
                    Workspace::columns()
                );
                row::all(conn, &sql, [archived_before.0])
            })
            .await
    }

    /// Returns the folder at this path, if it was made for a task.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn workspace(&self, path: PathBuf) -> Result<Option<Workspace>, Error> {
        self.readers.read(move |conn| workspace(conn, &path)).await
    }

    /// Returns the number of events that [`ForgetEvents`](domain::command::ForgetEvents) would delete.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn forgettable_events(&self, before: Timestamp) -> Result<usize, Error> {
        self.readers
            .read(move |conn| count_forgettable(conn, before))
            .await
    }
}

pub(super) fn workspace(conn: &Connection, path: &Path) -> Result<Option<Workspace>, Error> {
    let columns = Workspace::columns();
    let sql = format!("SELECT {columns} FROM workspaces WHERE path = ?1");
    row::find(conn, &sql, [path.to_string_lossy()])
}
