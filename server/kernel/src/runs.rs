//! The rows of runs: ours in `runs`, and the same for hermes-agent in `task_runs`. Every change to
//! columns that both tables have goes through here, so that none is in one alone.

use std::sync::LazyLock;

use domain::id::{RunId, RunToken, TaskId};
use domain::run::Outcome;
use domain::time::Timestamp;
use rusqlite::{Connection, Params};

use crate::error::Error;
use crate::row::{self, Columns, columns};

/// An open run, as the verbs need it.
pub(crate) struct OpenRun {
    pub(crate) id: RunId,
    pub(crate) task: TaskId,
    pub(crate) lane: Option<String>,
    pub(crate) pool: Option<String>,
    /// True where a check decides whether its task is done.
    pub(crate) has_check: bool,
    /// The name of whoever claimed the task by hand.
    pub(crate) claimed_by: Option<String>,
    /// True if it reviews the work of another.
    pub(crate) is_review: bool,
    /// True once its check runs.
    pub(crate) is_checking: bool,
    /// The assignee of its task.
    assignee: Option<String>,
}

impl OpenRun {
    /// Returns the name under which the acts of its worker are recorded.
    pub(crate) fn name(&self) -> &str {
        let assignee = self.assignee.as_deref().filter(|_| !self.is_review);
        assignee.or(self.lane.as_deref()).unwrap_or("worker")
    }
}

columns! {
    OpenRun {
        id, task: "task_id", lane, pool, has_check, claimed_by, is_review,
        is_checking: "checking_since IS NOT NULL",
        assignee: "(SELECT assignee FROM tasks WHERE tasks.id = runs.task_id)",
    }
}

fn open_run(
    conn: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Option<OpenRun>, Error> {
    let columns = OpenRun::columns();
    let sql = format!("SELECT {columns} FROM runs WHERE ended_at IS NULL AND {condition}");
    row::find(conn, &sql, params)
}

/// Returns the open run of a task.
pub(crate) fn open_run_of(conn: &Connection, task: &TaskId) -> Result<Option<OpenRun>, Error> {
    open_run(conn, "task_id = ?1", [task.as_str()])
}

/// Returns the run, if it is open.
pub(crate) fn open_run_with_id(conn: &Connection, run: RunId) -> Result<Option<OpenRun>, Error> {
    open_run(conn, "id = ?1", [run.0])
}

/// Returns the run of this token, if it is open.
pub(crate) fn open_run_with_token(
    conn: &Connection,
    token: &RunToken,
) -> Result<Option<OpenRun>, Error> {
    open_run(conn, "token = ?1", [token.as_str()])
}

/// The last run of a lane that worked on a task.
pub(crate) struct LastWork {
    pub(crate) id: RunId,
    /// True where a check decided on it.
    pub(crate) has_check: bool,
    /// The reviewer of what it did.
    pub(crate) review: Option<String>,
    /// True if its work lands by itself.
    pub(crate) lands: bool,
}

columns! {
    LastWork { id, has_check, review, lands }
}

impl LastWork {
    /// Reads that of a task.
    pub(crate) fn of(conn: &Connection, task: &TaskId) -> Result<Option<Self>, Error> {
        let sql = format!(
            "SELECT {} FROM runs WHERE task_id = ?1 AND lane IS NOT NULL AND NOT is_review \
             ORDER BY id DESC LIMIT 1",
            Self::columns()
        );
        row::find(conn, &sql, [task.as_str()])
    }
}

/// Counts the open runs of lanes on the whole board. A task claimed by hand uses no slot.
pub(crate) fn count_open(conn: &Connection) -> Result<u32, Error> {
    let sql = "SELECT count(*) FROM runs WHERE ended_at IS NULL AND lane IS NOT NULL";
    row::one(conn, sql, ())
}

/// Counts the open runs of a lane.
pub(crate) fn count_open_in(conn: &Connection, lane: &str) -> Result<u32, Error> {
    let sql = "SELECT count(*) FROM runs WHERE ended_at IS NULL AND lane = ?1";
    row::one(conn, sql, [lane])
}

/// Builds the statement that copies those runs that meet a condition into `task_runs`, as
/// hermes-agent would have written them. An outcome unknown to it becomes its nearest one.
pub(crate) fn mirror_sql(condition: &str) -> String {
    let names = Outcome::ALL.map(|it| format!("WHEN '{it}' THEN '{}'", it.hermes_name()));
    let their_outcome = format!("CASE run.outcome {} END", names.join(" "));
    format!(
        "INSERT INTO task_runs (id, task_id, profile, status, claim_lock, claim_expires, \
             worker_pid, max_runtime_seconds, last_heartbeat_at, started_at, ended_at, outcome, \
             summary, metadata, error) \
         SELECT run.id, run.task_id, coalesce(tasks.assignee, run.lane), \
             CASE \
                 WHEN run.outcome IS NULL THEN 'running' \
                 WHEN run.outcome = 'completed' THEN 'done' \
                 ELSE {their_outcome} \
             END, \
             iif(run.ended_at IS NULL, tasks.claim_lock, NULL), \
             iif(run.ended_at IS NULL, run.lease_expires, NULL), \
             iif(run.ended_at IS NULL, run.worker_pid, NULL), \
             tasks.max_runtime_seconds, run.heartbeat_at, run.started_at, run.ended_at, \
             {their_outcome}, run.summary, run.metadata, run.error \
         FROM runs AS run LEFT JOIN tasks ON tasks.id = run.task_id \
         WHERE {condition} \
         ON CONFLICT (id) DO UPDATE SET status = excluded.status, claim_lock = excluded.claim_lock, \
             claim_expires = excluded.claim_expires, worker_pid = excluded.worker_pid, \
             last_heartbeat_at = excluded.last_heartbeat_at, ended_at = excluded.ended_at, \
             outcome = excluded.outcome, summary = excluded.summary, \
             metadata = excluded.metadata, error = excluded.error"
    )
}

fn mirror(conn: &Connection, run: RunId) -> Result<(), Error> {
    static MIRROR: LazyLock<String> = LazyLock::new(|| mirror_sql("run.id = ?1"));
    conn.prepare_cached(&MIRROR)?.execute([run.0])?;
    Ok(())
}

/// Changes a run in both tables; the statement's first parameter is its id.
pub(crate) fn change(
    conn: &Connection,
    run: RunId,
    sql: &str,
    params: impl Params,
) -> Result<(), Error> {
    conn.prepare_cached(sql)?.execute(params)?;
    mirror(conn, run)
}

/// An attempt that begins.
pub(crate) struct Start<'a> {
    pub(crate) task: &'a TaskId,
    pub(crate) lane: Option<&'a str>,
    pub(crate) pool: Option<&'a str>,
    pub(crate) has_check: bool,
    /// True if its work lands by itself.
    pub(crate) lands: bool,
    pub(crate) is_review: bool,
    /// The reviewer of what it does.
    pub(crate) review: Option<&'a str>,
    /// The name of whoever claims the task by hand.
    pub(crate) claimed_by: Option<&'a str>,
    pub(crate) token: &'a RunToken,
    pub(crate) lock: &'a str,
    pub(crate) lease_expires: Timestamp,
}

/// Opens a run, which its task names from then on.
pub(crate) fn open(conn: &Connection, now: Timestamp, start: &Start<'_>) -> Result<RunId, Error> {
    conn.prepare_cached(
        "INSERT INTO runs (task_id, lane, pool, has_check, token, lease_expires, started_at, \
             is_review, review, claimed_by, lands) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute((
        start.task.as_str(),
        start.lane,
        start.pool,
        start.has_check,
        start.token.as_str(),
        start.lease_expires.0,
        now.0,
        start.is_review,
        start.review,
        start.claimed_by,
        start.lands,
    ))?;
    let run = RunId(conn.last_insert_rowid());
    conn.prepare_cached(
        "UPDATE tasks SET status = 'running', status_since = ?2, claim_lock = ?3, \
             claim_expires = ?4, worker_pid = NULL, started_at = coalesce(started_at, ?2), \
             not_before = NULL, current_run_id = ?5, last_heartbeat_at = NULL, \
             checked = CASE WHEN ?6 THEN checked END \
         WHERE id = ?1",
    )?
    .execute((
        start.task.as_str(),
        now.0,
        start.lock,
        start.lease_expires.0,
        run.0,
        start.is_review,
    ))?;
    mirror(conn, run)?;
    Ok(run)
}

/// The details of the end of a run, beside its outcome.
#[derive(Default)]
pub(crate) struct End<'a> {
    pub(crate) code: Option<i32>,
    pub(crate) error: Option<&'a str>,
    pub(crate) summary: Option<&'a str>,
    pub(crate) metadata: Option<&'a str>,
}

/// Closes a run. From here on its token is invalid. Its task names the run until its status is set.
pub(crate) fn close(
    conn: &Connection,
    now: Timestamp,
    run: RunId,
    outcome: Outcome,
    end: &End<'_>,
) -> Result<(), Error> {
    let sql = "UPDATE runs SET ended_at = ?2, outcome = ?3, exit_code = coalesce(?4, exit_code), \
                   error = ?5, summary = coalesce(?6, summary), metadata = coalesce(?7, metadata) \
               WHERE id = ?1";
    let params = (
        run.0,
        now.0,
        outcome.as_str(),
        end.code,
        end.error,
        end.summary,
        end.metadata,
    );
    change(conn, run, sql, params)
}

/// Records a run that has ended already, under a token that nobody was given, and returns its id.
pub(crate) fn note(
    conn: &Connection,
    now: Timestamp,
    task: &TaskId,
    token: &RunToken,
    outcome: Outcome,
    end: &End<'_>,
) -> Result<RunId, Error> {
    conn.prepare_cached(
        "INSERT INTO runs (task_id, token, lease_expires, started_at, ended_at, outcome, summary, \
             metadata) \
         VALUES (?1, ?2, ?3, ?3, ?3, ?4, ?5, ?6)",
    )?
    .execute((
        task.as_str(),
        token.as_str(),
        now.0,
        outcome.as_str(),
        end.summary,
        end.metadata,
    ))?;
    let run = RunId(conn.last_insert_rowid());
    mirror(conn, run)?;
    Ok(run)
}
