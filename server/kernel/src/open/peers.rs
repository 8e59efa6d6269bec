//! The attempts, counters and columns that hermes-agent reads and compares, in files that were made
//! before our verbs kept them.

use rusqlite::{Connection, Transaction};
use rusqlite_migration::HookResult;

use super::foreign::{COPY_RUNS, has_column};
use crate::runs;

/// The columns of 0.13 to 0.19 that the seed lacks. They are there from the start, so that no version
/// has to add one beside a board that is being served.
const LATER_COLUMNS: [(&str, &str, &str); 19] = [
    (
        "tasks",
        "consecutive_failures",
        "INTEGER NOT NULL DEFAULT 0",
    ),
    ("tasks", "last_failure_error", "TEXT"),
    ("tasks", "max_runtime_seconds", "INTEGER"),
    ("tasks", "last_heartbeat_at", "INTEGER"),
    ("tasks", "current_run_id", "INTEGER"),
    ("tasks", "workflow_template_id", "TEXT"),
    ("tasks", "current_step_key", "TEXT"),
    ("tasks", "skills", "TEXT"),
    ("tasks", "max_retries", "INTEGER"),
    ("tasks", "branch_name", "TEXT"),
    ("tasks", "project_id", "TEXT"),
    ("tasks", "model_override", "TEXT"),
    ("tasks", "goal_mode", "INTEGER NOT NULL DEFAULT 0"),
    ("tasks", "goal_max_turns", "INTEGER"),
    ("tasks", "session_id", "TEXT"),
    ("tasks", "block_kind", "TEXT"),
    ("tasks", "block_recurrences", "INTEGER NOT NULL DEFAULT 0"),
    ("task_events", "run_id", "INTEGER"),
    ("kanban_notify_subs", "notifier_profile", "TEXT"),
];

/// Adds the columns that are missing, gives each attempt one number in both tables, and sets the
/// triggers that keep it so.
pub(super) fn complete(transaction: &Transaction<'_>) -> HookResult {
    for (table, column, declaration) in LATER_COLUMNS {
        if !has_column(transaction, table, column)? {
            let sql = format!("ALTER TABLE {table} ADD COLUMN {column} {declaration}");
            transaction.execute(&sql, ())?;
        }
    }
    transaction.execute_batch(ONE_NUMBER_EACH)?;
    transaction.execute(&format!("{COPY_RUNS} {BEGUN_BY_HERMES}"), ())?;
    put_in_step(transaction)?;
    transaction.execute_batch(include_str!("../../migrations/0007_peers.sql"))?;
    Ok(())
}

/// Derives the columns and attempts of hermes from ours, after rows were written past the verbs.
pub(crate) fn put_in_step(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute(
        &runs::mirror_sql("run.id NOT IN (SELECT id FROM task_runs)"),
        (),
    )?;
    conn.execute_batch(IN_STEP)
}

/// Attempts that were copied into `runs` when the board was taken over have had numbers of their own
/// until now, and those that hermes began since are in `task_runs` alone. A number of ours stays, for
/// it names files and may be in the environment of a worker; one of theirs that stands for another
/// attempt moves.
const ONE_NUMBER_EACH: &str = "
    -- The claim of a worker that runs is known to that worker by the number in `task_runs`.
    UPDATE OR IGNORE runs SET id = (SELECT current_run_id FROM tasks WHERE tasks.id = runs.task_id)
    WHERE ended_at IS NULL AND pid IS NULL AND lane IS NULL AND EXISTS (
        SELECT 1 FROM tasks JOIN task_runs AS attempt ON attempt.id = tasks.current_run_id
        WHERE tasks.id = runs.task_id AND attempt.task_id = tasks.id AND attempt.ended_at IS NULL);

    CREATE TEMP TABLE renumbered (old INTEGER PRIMARY KEY, new INTEGER NOT NULL);
    -- The same attempt, ended in the same second. Several of those are in the same order.
    INSERT INTO renumbered (old, new)
    SELECT theirs.id, ours.id
    FROM (SELECT id, task_id, started_at, ended_at,
              row_number() OVER (PARTITION BY task_id, started_at, ended_at ORDER BY id) AS nth
          FROM task_runs WHERE ended_at IS NOT NULL) AS theirs
    JOIN (SELECT id, task_id, started_at, ended_at,
              row_number() OVER (PARTITION BY task_id, started_at, ended_at ORDER BY id) AS nth
          FROM runs WHERE ended_at IS NOT NULL AND pid IS NULL AND spawned_at IS NULL) AS ours
    USING (task_id, started_at, ended_at, nth);
    INSERT INTO renumbered (old, new)
    SELECT id, row_number() OVER (ORDER BY id) + (
        SELECT max(coalesce((SELECT max(id) FROM runs), 0), coalesce((SELECT max(id) FROM task_runs), 0)))
    FROM task_runs AS theirs
    WHERE id NOT IN (SELECT old FROM renumbered) AND EXISTS (
        SELECT 1 FROM runs WHERE runs.id = theirs.id
          AND (runs.task_id <> theirs.task_id OR runs.ended_at IS NOT NULL OR theirs.ended_at IS NOT NULL));
    DELETE FROM renumbered WHERE old = new;
    -- By way of negative numbers, which nothing has.
    UPDATE task_runs SET id = (SELECT -new FROM renumbered WHERE old = id)
    WHERE id IN (SELECT old FROM renumbered);
    UPDATE task_runs SET id = -id WHERE id < 0;
    UPDATE task_events SET run_id = (SELECT new FROM renumbered WHERE old = run_id)
    WHERE run_id IN (SELECT old FROM renumbered);
    UPDATE tasks SET current_run_id = (SELECT new FROM renumbered WHERE old = current_run_id)
    WHERE current_run_id IN (SELECT old FROM renumbered);
    DROP TABLE renumbered;

    -- What was begun by hermes and ended by us has stayed open there.
    UPDATE task_runs
    SET (status, outcome, ended_at) = (
            SELECT CASE status WHEN 'done' THEN 'done' WHEN 'blocked' THEN 'blocked' ELSE 'reclaimed' END,
                CASE status WHEN 'done' THEN 'completed' WHEN 'blocked' THEN 'blocked'
                    ELSE 'reclaimed' END,
                max(task_runs.started_at, status_since)
            FROM tasks WHERE id = task_runs.task_id),
        claim_lock = NULL, claim_expires = NULL, worker_pid = NULL
    WHERE ended_at IS NULL AND EXISTS (
        SELECT 1 FROM tasks WHERE id = task_runs.task_id
          AND (status <> 'running' OR current_run_id IS NOT task_runs.id));
";

const BEGUN_BY_HERMES: &str = "id NOT IN (SELECT id FROM runs) \
     AND (ended_at IS NOT NULL OR NOT EXISTS ( \
         SELECT 1 FROM runs WHERE runs.task_id = theirs.task_id AND runs.ended_at IS NULL))";

const IN_STEP: &str = "
    UPDATE tasks
    SET current_run_id = (SELECT id FROM runs WHERE task_id = tasks.id AND ended_at IS NULL)
    WHERE current_run_id IS NOT (SELECT id FROM runs WHERE task_id = tasks.id AND ended_at IS NULL);
    UPDATE tasks
    SET spawn_failures = max(spawn_failures, consecutive_failures),
        consecutive_failures = max(spawn_failures, consecutive_failures),
        last_spawn_error = coalesce(last_spawn_error, last_failure_error),
        last_failure_error = coalesce(last_spawn_error, last_failure_error)
    WHERE spawn_failures IS NOT consecutive_failures OR last_spawn_error IS NOT last_failure_error;
    UPDATE tasks
    SET failure_limit = coalesce(failure_limit, CASE WHEN max_retries > 0 THEN max_retries END),
        max_retries = coalesce(failure_limit, max_retries)
    WHERE failure_limit IS NOT max_retries;
    -- A number is never used twice, whichever table it was given out by.
    DELETE FROM sqlite_sequence WHERE name = 'task_runs'
        AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'runs');
    INSERT INTO sqlite_sequence (name, seq)
    SELECT 'task_runs', max(seq, coalesce((SELECT max(id) FROM task_runs), 0))
    FROM sqlite_sequence WHERE name = 'runs';
    UPDATE sqlite_sequence SET seq = coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'task_runs'), seq)
    WHERE name = 'runs';
";
