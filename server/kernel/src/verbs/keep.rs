//! The rows that the dispatcher keeps in the file for itself and for those who ask about it. None
//! of them is an event of a task.

use domain::command::Answer;
use domain::dispatch::Report;
use domain::workspace::Workspace;

use super::Work;
use crate::error::Error;

/// Records a folder that was made, so that it may be removed one day.
pub(super) fn record_workspace(
    work: &mut Work<'_>,
    workspace: &Workspace,
) -> Result<Answer, Error> {
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
    Ok(Answer::Done)
}

pub(super) fn forget_workspace(work: &mut Work<'_>, path: &str) -> Result<Answer, Error> {
    work.conn
        .prepare_cached("DELETE FROM workspaces WHERE path = ?1")?
        .execute([path])?;
    Ok(Answer::Done)
}

pub(super) fn publish_dispatcher(work: &mut Work<'_>, report: &Report) -> Result<Answer, Error> {
    let report = serde_json::to_string(report).map_err(|_| Error::Internal)?;
    work.conn
        .prepare_cached(
            "INSERT OR REPLACE INTO dispatcher (id, report, reported_at) VALUES (1, ?1, ?2)",
        )?
        .execute((report, work.now.0))?;
    Ok(Answer::Done)
}
