//! From rows to values. Other programs write to the tables of the original, and SQLite does not
//! check types, so these are read leniently: one odd row must not hide the others.

use std::sync::LazyLock;

use domain::id::{RunId, TaskId};
use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::task::{Task, WorkspaceKind};
use domain::time::{Seconds, Timestamp};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Error, Row};

/// The columns that [`task`] reads, in its order.
pub(crate) static TASK_COLUMNS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "id, title, body, assignee, status, priority, created_by, created_at, started_at, \
         completed_at, workspace_kind, workspace_path, claim_lock, claim_expires, tenant, {RESULT}, \
         idempotency_key, spawn_failures, worker_pid, last_spawn_error, waiting, status_since, \
         not_before, failure_limit, {BLOCK_REASON}, max_runtime_seconds, skills"
    )
});

/// The reason for which a row of `tasks` is blocked. Another program writes it into the event
/// alone, which it dates by its own clock.
pub(crate) const BLOCK_REASON: &str = "iif(status = 'blocked' AND block_reason IS NULL, \
     (SELECT iif(json_valid(payload), payload ->> '$.reason', NULL) FROM task_events \
      WHERE task_id = tasks.id AND kind = 'blocked' \
        AND task_events.created_at >= tasks.status_since - 5 \
      ORDER BY task_events.created_at DESC, task_events.id DESC LIMIT 1), block_reason)";

/// The result in a row of `tasks`. Workers of hermes-agent since 0.13 hand over a summary instead, which
/// is in the run that they completed, and shortened in the event.
pub(crate) const RESULT: &str = "iif(tasks.status IN ('done', 'archived') AND tasks.result IS NULL, \
     coalesce( \
         (SELECT summary FROM runs \
          WHERE task_id = tasks.id AND outcome = 'completed' AND summary IS NOT NULL \
          ORDER BY runs.id DESC LIMIT 1), \
         (SELECT iif(json_valid(payload), payload ->> '$.summary', NULL) FROM task_events \
          WHERE task_id = tasks.id AND kind = 'completed' \
          ORDER BY task_events.created_at DESC, task_events.id DESC LIMIT 1)), tasks.result)";

/// Cuts a text that is longer than this many bytes, and marks that by `…`.
pub(crate) fn shortened(mut text: String, at_most: usize) -> String {
    if text.len() > at_most {
        text.truncate(text.floor_char_boundary(at_most));
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

/// A task from [`TASK_COLUMNS`].
pub(crate) fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    Ok(Task {
        id: task_id(row, 0)?,
        title: text(row, 1)?.unwrap_or_default(),
        body: text(row, 2)?,
        assignee: text(row, 3)?,
        status: status(row, 4)?,
        priority: number(row, 5)?.unwrap_or_default(),
        created_by: text(row, 6)?,
        created_at: moment(row, 7)?.unwrap_or_default(),
        started_at: moment(row, 8)?,
        completed_at: moment(row, 9)?,
        workspace_kind: text(row, 10)?
            .and_then(|kind| kind.parse().ok())
            .unwrap_or(WorkspaceKind::Scratch),
        workspace_path: text(row, 11)?,
        claim_lock: text(row, 12)?,
        claim_expires: moment(row, 13)?,
        tenant: text(row, 14)?,
        result: text(row, 15)?,
        idempotency_key: text(row, 16)?,
        failures: count(row, 17)?,
        worker_pid: number(row, 18)?,
        last_error: text(row, 19)?,
        waiting: is_set(row, 20)?,
        status_since: moment(row, 21)?.unwrap_or_default(),
        not_before: moment(row, 22)?,
        failure_limit: limit(row, 23)?,
        block_reason: text(row, 24)?,
        max_runtime: number(row, 25)?.filter(|it| *it > 0).map(Seconds),
        skills: text(row, 26)?,
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

/// Returns the task id in column `index`. A text that is none is an error, which [`known`] leaves
/// out.
pub(crate) fn task_id(row: &Row<'_>, index: usize) -> rusqlite::Result<TaskId> {
    TaskId::try_from(text(row, index)?.unwrap_or_default())
        .map_err(|invalid| Error::FromSqlConversionFailure(index, Type::Text, Box::new(invalid)))
}

/// The condition that a column of this name holds the id of a task.
pub(crate) fn is_task_id(column: &str) -> String {
    format!("{column} GLOB 't_[0-9a-f]*' AND substr({column}, 3) NOT GLOB '*[^0-9a-f]*'")
}

/// Returns all of these rows but those of tasks whose id is invalid: nobody could name them.
pub(crate) fn known<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
) -> rusqlite::Result<Vec<T>> {
    rows.filter(|row| !matches!(row, Err(Error::FromSqlConversionFailure(..))))
        .collect()
}

/// Returns the text in column `index`. Any other value is formatted as one.
pub(crate) fn text(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        // To look for what is no text takes twice as long as to see that there is none.
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(match str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        }),
    })
}

/// Returns the whole number in column `index`, rounded if need be; `None` for anything else.
pub(crate) fn number(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(index)? {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => format!("{number:.0}").parse().ok(),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    })
}

/// Returns true if column `index` is a number other than zero.
pub(crate) fn is_set(row: &Row<'_>, index: usize) -> rusqlite::Result<bool> {
    Ok(number(row, index)?.is_some_and(|number| number != 0))
}

/// The status in column `index`.
pub(crate) fn status(row: &Row<'_>, index: usize) -> rusqlite::Result<Status> {
    let named = row.get_ref(index)?.as_str().ok();
    Ok(match named.and_then(Status::from_name) {
        Some(status) => status,
        None => Status::from(text(row, index)?.unwrap_or_default()),
    })
}

/// The moment in column `index`, if there is one.
pub(crate) fn moment(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<Timestamp>> {
    Ok(number(row, index)?.map(Timestamp))
}

/// The count in column `index`; anything that is no count is none.
pub(crate) fn count(row: &Row<'_>, index: usize) -> rusqlite::Result<u32> {
    let count = number(row, index)?.and_then(|count| u32::try_from(count).ok());
    Ok(count.unwrap_or_default())
}

/// A limit, as the database has it.
pub(crate) fn limit_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An offset in a file, as the database has it.
pub(crate) fn offset(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// Returns the offset in a file in column `index`.
fn place(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u64>> {
    let place: Option<i64> = row.get(index)?;
    Ok(place.and_then(|place| u64::try_from(place).ok()))
}

/// Returns the limit in column `index`; `None` for a number that cannot be one.
fn limit(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<u32>> {
    let limit = number(row, index)?.and_then(|limit| u32::try_from(limit).ok());
    Ok(limit.filter(|limit| *limit > 0))
}
