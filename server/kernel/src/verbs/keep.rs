//! The rows that the dispatcher keeps in the file for itself and for those who ask about it. None
//! of them is an event of a task.

use domain::actor::Actor;
use domain::command::{Change, ForgetWorkspace, PublishDispatcher, RecordWorkspace};

use super::{CarryOut, Work};
use crate::error::Error;

impl CarryOut for RecordWorkspace {
    /// Records a folder that was made, so that it may be removed one day.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let Self(workspace) = self;
        work.task(&workspace.task)?;
        work.conn
            .prepare_cached(
                "INSERT INTO workspaces (path, task_id, kind, repository, branch, created_at) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (path) DO UPDATE SET task_id = excluded.task_id, kind = excluded.kind, \
                     repository = excluded.repository, branch = excluded.branch",
            )?
            .execute((
                &workspace.path,
                workspace.task.as_str(),
                workspace.kind.as_str(),
                &workspace.repository,
                &workspace.branch,
                work.now.0,
            ))?;
        Ok(Change::Done)
    }
}

impl CarryOut for ForgetWorkspace {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        work.conn
            .prepare_cached("DELETE FROM workspaces WHERE path = ?1")?
            .execute([&self.path])?;
        Ok(Change::Done)
    }
}

impl CarryOut for PublishDispatcher {
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let report = serde_json::to_string(&self.0).map_err(|_| Error::Internal)?;
        work.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO dispatcher (id, report, reported_at) VALUES (1, ?1, ?2)",
            )?
            .execute((report, work.now.0))?;
        Ok(Change::Done)
    }
}
