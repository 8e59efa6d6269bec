//! Boards that hermes-agent made: at its seed, by 0.13, by 0.19, and by versions before the seed.
//!
//! Their tables are ours, but an older file lacks columns, a newer one has others in their place and
//! keeps attempts in a table of its own. Whatever we do not know stays as it is.

use rusqlite::{Connection, Transaction};
use rusqlite_migration::HookResult;

/// The columns that were added to `tasks` one by one before the seed.
const LATER_COLUMNS: [(&str, &str); 6] = [
    ("tenant", "TEXT"),
    ("result", "TEXT"),
    ("idempotency_key", "TEXT"),
    ("spawn_failures", "INTEGER NOT NULL DEFAULT 0"),
    ("worker_pid", "INTEGER"),
    ("last_spawn_error", "TEXT"),
];

/// Returns true if the file holds the tables of a board.
pub(super) fn is_board(conn: &Connection) -> rusqlite::Result<bool> {
    let wanted = [
        ("tasks", "id"),
        ("tasks", "title"),
        ("tasks", "status"),
        ("task_events", "kind"),
    ];
    for (table, column) in wanted {
        if !has_column(conn, table, column)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Adds the columns that an older file lacks, and carries over those that a newer one has renamed.
pub(super) fn complete(transaction: &Transaction<'_>) -> HookResult {
    for (column, declaration) in LATER_COLUMNS {
        if !has_column(transaction, "tasks", column)? {
            let sql = format!("ALTER TABLE tasks ADD COLUMN {column} {declaration}");
            transaction.execute(&sql, ())?;
        }
    }
    if has_column(transaction, "tasks", "consecutive_failures")? {
        transaction.execute(
            "UPDATE tasks SET spawn_failures = consecutive_failures, \
                 last_spawn_error = last_failure_error",
            (),
        )?;
    }
    Ok(())
}

/// Copies the attempts that 0.13 and later keep in `task_runs`, and opens a run for every task that
/// is running, so that its claim ends as any other does.
pub(super) fn copy_runs(transaction: &Transaction<'_>) -> HookResult {
    if has_column(transaction, "task_runs", "outcome")? {
        transaction.execute(&format!("{COPY_RUNS} ended_at IS NOT NULL ORDER BY id"), ())?;
    }
    if has_column(transaction, "tasks", "max_retries")? {
        transaction.execute(
            "UPDATE tasks SET failure_limit = max_retries WHERE max_retries > 0",
            (),
        )?;
    }
    // A worker of 0.13 or later shows the number of its attempt, so that has to stay.
    let number = if has_column(transaction, "tasks", "current_run_id")? {
        NUMBER_OF_OPEN_RUN
    } else {
        "NULL"
    };
    transaction.execute(&OPEN_RUNS_OF_RUNNING_TASKS.replace("?number", number), ())?;
    transaction.execute(FREE_WHAT_DOES_NOT_RUN, ())?;
    transaction.execute(CLAIM_WHAT_RUNS, ())?;
    Ok(())
}

/// Pauses the dispatcher on a board that another program has made, until a person resumes it: the
/// other program's dispatcher may be at work.
pub(super) fn pause(transaction: &Transaction<'_>) -> HookResult {
    let application_id: i32 =
        transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    if application_id != super::APPLICATION_ID {
        transaction.execute(PAUSE, ())?;
    }
    Ok(())
}

const PAUSE: &str = "INSERT INTO pauses (lane, since, by) VALUES ('', unixepoch(), 'import')";

/// Copies rows of `task_runs` under their numbers; the condition on `theirs` follows.
pub(super) const COPY_RUNS: &str = "\
    INSERT INTO runs (id, task_id, lane, token, lease_expires, heartbeat_at, worker_pid, started_at, \
        ended_at, outcome, error, summary, metadata) \
    SELECT id, task_id, CASE WHEN ended_at IS NOT NULL THEN CAST(profile AS TEXT) END, \
        lower(hex(randomblob(16))), CAST(coalesce(claim_expires, started_at) AS INTEGER), \
        CAST(last_heartbeat_at AS INTEGER), CAST(worker_pid AS INTEGER), \
        CAST(started_at AS INTEGER), CAST(ended_at AS INTEGER), \
        CASE \
            WHEN ended_at IS NULL THEN NULL \
            WHEN outcome IN ('completed', 'blocked', 'crashed', 'timed_out', 'spawn_failed', \
                'reclaimed') THEN outcome \
            WHEN outcome IN ('scheduled', 'rate_limited') THEN 'deferred' \
            WHEN outcome = 'stale' THEN 'heartbeat_lost' \
            WHEN outcome = 'gave_up' THEN 'spawn_failed' \
            ELSE 'exit' \
        END, \
        CAST(error AS TEXT), CAST(summary AS TEXT), \
        CASE WHEN json_valid(CAST(metadata AS TEXT)) THEN CAST(metadata AS TEXT) END \
    FROM task_runs AS theirs WHERE task_id IN (SELECT id FROM tasks) AND ";

/// Opens a run for each running task, under its number in `task_runs` if it has one; the others are
/// numbered after those.
const OPEN_RUNS_OF_RUNNING_TASKS: &str = "\
    INSERT INTO runs (id, task_id, token, lease_expires, worker_pid, started_at) \
    SELECT ?number AS number, id, lower(hex(randomblob(16))), \
        CAST(coalesce(claim_expires, 0) AS INTEGER), CAST(worker_pid AS INTEGER), \
        CAST(coalesce(started_at, created_at) AS INTEGER) \
    FROM tasks WHERE status = 'running' ORDER BY number IS NULL, created_at, id";

const NUMBER_OF_OPEN_RUN: &str = "\
    (SELECT attempt.id FROM task_runs AS attempt \
     WHERE attempt.id = current_run_id AND attempt.task_id = tasks.id AND ended_at IS NULL)";

/// The original leaves the lock of an archived task and the pid of a moved one on the row.
const FREE_WHAT_DOES_NOT_RUN: &str = "\
    UPDATE tasks SET claim_lock = NULL, claim_expires = NULL, worker_pid = NULL \
    WHERE status <> 'running'";

/// Dragging a card to `running` left it without a claim; such a claim has run out already.
const CLAIM_WHAT_RUNS: &str = "\
    UPDATE tasks SET claim_lock = coalesce(claim_lock, 'unknown:0'), \
        claim_expires = coalesce(claim_expires, 0) \
    WHERE status = 'running'";

pub(super) fn has_column(conn: &Connection, table: &str, column: &str) -> rusqlite::Result<bool> {
    conn.prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?
        .exists((table, column))
}
