//! The candidates for cleaning up: folders that the dispatcher made, and old events.

use std::path::PathBuf;

use domain::task::WorkspaceKind;
use domain::time::Timestamp;
use domain::workspace::Workspace;
use rusqlite::{OptionalExtension as _, Row};

use crate::error::Error;
use crate::verbs::count_forgettable;
use crate::{Kernel, row};

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
                let mut statement = conn.prepare_cached(
                    "SELECT made.path, made.task_id, made.kind, made.repository, made.branch \
                     FROM workspaces AS made JOIN tasks ON tasks.id = made.task_id \
                     WHERE tasks.status = 'archived' AND tasks.status_since < ?1 \
                     ORDER BY made.path",
                )?;
                let workspaces = statement.query_map([archived_before.0], workspace)?;
                Ok(workspaces.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Returns the folder at this path, if it was made for a task.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn workspace(&self, path: PathBuf) -> Result<Option<Workspace>, Error> {
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT path, task_id, kind, repository, branch FROM workspaces \
                     WHERE path = ?1",
                )?;
                let path = path.to_string_lossy();
                Ok(statement.query_one([path], workspace).optional()?)
            })
            .await
    }

    /// Returns the number of events that [`domain::command::Command::ForgetEvents`] would delete.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn forgettable_events(&self, before: Timestamp) -> Result<usize, Error> {
        self.readers
            .read(move |conn| count_forgettable(conn, before))
            .await
    }
}

fn workspace(row: &Row<'_>) -> rusqlite::Result<Workspace> {
    Ok(Workspace {
        path: row.get(0)?,
        task: row::task_id(row, 1)?,
        kind: row
            .get::<_, String>(2)?
            .parse()
            .unwrap_or(WorkspaceKind::Dir),
        repository: row.get(3)?,
        branch: row.get(4)?,
    })
}
