//! Runs: those that are open, for the dispatcher, and one by its id.

use domain::error::Error as Refusal;
use domain::id::{RunId, RunToken};
use domain::run::{OpenRun, ProcessIdentity, Run};
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};
use crate::verbs::LEASE_END;

/// A run whose worker was started and has not ended, and the task that it works on.
#[derive(Clone, Debug)]
pub struct ActiveWorker {
    /// The run.
    pub run: Run,
    /// The end of the lease unless it is renewed.
    pub lease_expires: Timestamp,
    /// The task's title.
    pub title: String,
    /// The task's assignee.
    pub assignee: Option<String>,
    /// The claimer of the task, as `host:pid`.
    pub claim_lock: Option<String>,
}

columns! {
    ActiveWorker { run: &Run::columns(), lease_expires, title, assignee, claim_lock }
}

columns! {
    OpenRun {
        run: "id", task: "task_id", token, lane,
        supervisor: "boot_id, pid, pid_started" => |(boot_id, pid, started_ticks): (Option<_>, _, _)| {
            Some(ProcessIdentity { boot_id: boot_id?, pid, started_ticks })
        },
        started_at, lease_expires, is_checking: "checking_since IS NOT NULL",
    }
}

/// A run found by the token of a request.
#[derive(Clone, Debug)]
pub struct KnownRun {
    run: OpenRun,
    /// The run's outcome; `None` while it is open.
    outcome: Option<String>,
}

columns! {
    KnownRun { run: &OpenRun::columns(), outcome }
}

impl KnownRun {
    /// Returns the run, while it is open.
    ///
    /// # Errors
    /// Fails if it is over: its token is invalid.
    pub fn open(self) -> Result<OpenRun, Refusal> {
        match self.outcome {
            None => Ok(self.run),
            Some(outcome) => Err(Refusal::RunOver {
                run: self.run.run,
                task: self.run.task,
                outcome,
            }),
        }
    }
}

impl Kernel {
    /// Returns what the worker of an open run has reported before its check: its result, where it named
    /// one. `None` where it has reported nothing.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn report_of(&self, run: RunId) -> Result<Option<Option<String>>, Error> {
        self.readers
            .read(move |conn| {
                let sql = "SELECT coalesce(reported_result, summary) FROM runs \
                           WHERE id = ?1 AND ended_at IS NULL AND reported_at IS NOT NULL";
                row::find(conn, sql, [run.0])
            })
            .await
    }

    /// Returns every open run, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>, Error> {
        self.readers.read(open_runs).await
    }

    /// Returns the run with this token. The unique index finds it: its timing says nothing that
    /// helps to guess 128 random bits.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn run_of(&self, token: RunToken) -> Result<Option<KnownRun>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!("SELECT {} FROM runs WHERE token = ?1", KnownRun::columns());
                row::find(conn, &sql, [token.as_str()])
            })
            .await
    }

    /// Returns the workers that run now, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn active_workers(&self) -> Result<Vec<ActiveWorker>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!(
                    "SELECT {} FROM runs INDEXED BY idx_runs_open CROSS JOIN ( \
                         SELECT id AS task, title, assignee, claim_lock, status FROM tasks \
                     ) ON task = task_id AND status = 'running' \
                     WHERE ended_at IS NULL AND worker_pid IS NOT NULL \
                     ORDER BY started_at, id",
                    ActiveWorker::columns()
                );
                row::all(conn, &sql, ())
            })
            .await
    }

    /// Returns the run with this id.
    ///
    /// # Errors
    /// Fails if there is none or the board cannot be read.
    pub async fn run(&self, id: RunId) -> Result<Run, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!("SELECT {} FROM runs WHERE id = ?1", Run::columns());
                row::find(conn, &sql, [id.0])?.ok_or_else(|| Refusal::UnknownRun(id).into())
            })
            .await
    }
}

pub(super) fn open_runs(conn: &Connection) -> Result<Vec<OpenRun>, Error> {
    let sql = format!(
        "SELECT {} FROM runs INDEXED BY idx_runs_open WHERE ended_at IS NULL ORDER BY id",
        OpenRun::columns()
    );
    row::all(conn, &sql, ())
}

pub(super) fn next_lease_end(conn: &Connection) -> Result<Option<Timestamp>, Error> {
    let sql = format!(
        "SELECT min({LEASE_END}) FROM tasks INDEXED BY idx_tasks_status \
         LEFT JOIN runs AS run ON run.task_id = tasks.id AND run.ended_at IS NULL \
         WHERE tasks.status = 'running' AND run.pid IS NULL",
    );
    row::one(conn, &sql, ())
}
