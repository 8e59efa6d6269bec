//! From rows to values. A file may have been written by another program, so what it holds is read
//! leniently where that harms nobody.

use domain::id::{RunId, TaskId};
use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::task::{Task, WorkspaceKind};
use domain::time::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row};

/// The columns that [`task`] reads, in its order.
pub(crate) const TASK_COLUMNS: &str = "id, title, body, assignee, status, priority, created_by, \
     created_at, started_at, completed_at, workspace_kind, workspace_path, claim_lock, \
     claim_expires, tenant, result, idempotency_key, spawn_failures, worker_pid, \
     last_spawn_error, waiting, status_since, not_before, failure_limit, block_reason";

/// A task from [`TASK_COLUMNS`].
pub(crate) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: task_id(row, 0)?,
        title: row.get(1)?,
        body: row.get(2)?,
        assignee: row.get(3)?,
        status: status(row, 4)?,
        priority: row.get::<_, Option<i64>>(5)?.unwrap_or_default(),
        created_by: row.get(6)?,
        created_at: Timestamp(row.get(7)?),
        started_at: moment(row, 8)?,
        completed_at: moment(row, 9)?,
        workspace_kind: row
            .get::<_, String>(10)?
            .parse()
            .unwrap_or(WorkspaceKind::Scratch),
        workspace_path: row.get(11)?,
        claim_lock: row.get(12)?,
        claim_expires: moment(row, 13)?,
        tenant: row.get(14)?,
        result: row.get(15)?,
        idempotency_key: row.get(16)?,
        failures: count(row, 17)?,
        worker_pid: row.get(18)?,
        last_error: row.get(19)?,
        waiting: row.get(20)?,
        status_since: Timestamp(row.get(21)?),
        not_before: moment(row, 22)?,
        failure_limit: limit(row, 23)?,
        block_reason: row.get(24)?,
    })
}

/// The columns that [`run`] reads, in its order.
pub(crate) const RUN_COLUMNS: &str = "id, task_id, lane, worker_pid, started_at, ended_at, \
     outcome, exit_code, error, summary, metadata, workspace, heartbeat_at, log_start, log_end";

/// A run from [`RUN_COLUMNS`].
pub(crate) fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let outcome: Option<String> = row.get(6)?;
    Ok(Run {
        id: RunId(row.get(0)?),
        task_id: task_id(row, 1)?,
        lane: row.get(2)?,
        worker_pid: row.get(3)?,
        started_at: Timestamp(row.get(4)?),
        ended_at: moment(row, 5)?,
        outcome: outcome.as_deref().and_then(Outcome::from_name),
        exit_code: row.get(7)?,
        error: row.get(8)?,
        summary: row.get(9)?,
        metadata: row.get(10)?,
        workspace: row.get(11)?,
        heartbeat_at: moment(row, 12)?,
        log_start: place(row, 13)?,
        log_end: place(row, 14)?,
    })
}

/// The task id in column `index`.
pub(crate) fn task_id(row: &Row<'_>, index: usize) -> rusqlite::Result<TaskId> {
    TaskId::try_from(row.get::<_, String>(index)?)
        .map_err(|invalid| Error::FromSqlConversionFailure(index, Type::Text, Box::new(invalid)))
}

/// The status in column `index`.
pub(crate) fn status(row: &Row<'_>, index: usize) -> rusqlite::Result<Status> {
    Ok(Status::from(row.get::<_, String>(index)?))
}

/// The moment in column `index`, if there is one.
pub(crate) fn moment(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(Timestamp))
}

/// The count in column `index`; anything that is no count is none.
pub(crate) fn count(row: &Row<'_>, index: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(row.get::<_, i64>(index)?).unwrap_or_default())
}

/// A limit, as the database has it.
pub(crate) fn limit_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A place in a file, as the database has it. No file is longer than it can say.
pub(crate) fn offset(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// The place in a file in column `index`.
fn place(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    let place: Option<i64> = row.get(index)?;
    Ok(place.and_then(|place| u64::try_from(place).ok()))
}

/// The limit in column `index`; what cannot be one sets none.
fn limit(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u32>> {
    let limit = row
        .get::<_, Option<i64>>(index)?
        .and_then(|limit| u32::try_from(limit).ok());
    Ok(limit.filter(|limit| *limit > 0))
}
