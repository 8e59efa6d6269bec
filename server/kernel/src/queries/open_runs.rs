//! Runs: those that are open, for the dispatcher, and one by its id.

use domain::error::Error as Refusal;
use domain::id::{RunId, RunToken};
use domain::run::{OpenRun, ProcessIdentity, Run};
use domain::time::Timestamp;
use rusqlite::{OptionalExtension, Row};

use crate::error::Error;
use crate::verbs::{ForeignWorker, LEASE_END, StaleClaim, foreign_workers, stale_claims};
use crate::{Kernel, row};

/// The columns that [`open_run`] reads.
const COLUMNS: &str = "id, task_id, token, lane, boot_id, pid, pid_started, started_at, \
                       lease_expires";

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

/// A run found by the token of a request.
#[derive(Clone, Debug)]
pub struct KnownRun {
    run: OpenRun,
    /// The run's outcome; `None` while it is open.
    outcome: Option<String>,
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
    /// Returns every open run, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn open_runs(&self) -> Result<Vec<OpenRun>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!(
                    "SELECT {COLUMNS} FROM runs INDEXED BY idx_runs_open \
                     WHERE ended_at IS NULL ORDER BY id"
                );
                let mut statement = conn.prepare_cached(&sql)?;
                let runs = statement.query_map((), open_run)?;
                Ok(runs.collect::<Result<_, _>>()?)
            })
            .await
    }

    /// Returns the run with this token. The unique index finds it: its timing says nothing that
    /// helps to guess 128 random bits.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn run_of(&self, token: RunToken) -> Result<Option<KnownRun>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!("SELECT {COLUMNS}, outcome FROM runs WHERE token = ?1");
                let mut statement = conn.prepare_cached(&sql)?;
                let known = |row: &Row<'_>| {
                    Ok(KnownRun {
                        run: open_run(row)?,
                        outcome: row.get(9)?,
                    })
                };
                Ok(statement.query_one([token.as_str()], known).optional()?)
            })
            .await
    }

    /// Returns the earliest end of a lease, unless it is renewed, among the claims without a
    /// supervisor.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn next_lease_end(&self) -> Result<Option<Timestamp>, Error> {
        self.readers
            .read(|conn| {
                let mut statement = conn.prepare_cached(&format!(
                    "SELECT min({LEASE_END}) \
                     FROM tasks INDEXED BY idx_tasks_status \
                     LEFT JOIN runs AS run ON run.task_id = tasks.id AND run.ended_at IS NULL \
                     WHERE tasks.status = 'running' AND run.pid IS NULL",
                ))?;
                Ok(statement.query_one((), |row| row::moment(row, 0))?)
            })
            .await
    }

    /// Returns the claims that no longer hold, for `ReleaseStaleClaims` to end: the lease has
    /// expired without a supervisor, or another program took the task out of `running`.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn stale_claims(&self) -> Result<Vec<StaleClaim>, Error> {
        let now = self.now();
        self.readers.read(move |conn| stale_claims(conn, now)).await
    }

    /// The workers that another program has started for tasks which run, for `ReleaseCrashed` should
    /// one of them be gone.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn foreign_workers(&self) -> Result<Vec<ForeignWorker>, Error> {
        self.readers.read(foreign_workers).await
    }

    /// Returns the workers that run now, oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn active_workers(&self) -> Result<Vec<ActiveWorker>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!(
                    "SELECT run.*, task.title, task.assignee, task.claim_lock \
                     FROM (SELECT {}, lease_expires FROM runs INDEXED BY idx_runs_open \
                           WHERE ended_at IS NULL AND worker_pid IS NOT NULL) AS run \
                     JOIN tasks AS task ON task.id = run.task_id AND task.status = 'running' \
                     ORDER BY run.started_at, run.id",
                    row::RUN_COLUMNS
                );
                let mut statement = conn.prepare_cached(&sql)?;
                let workers = statement.query_map((), |row| {
                    Ok(ActiveWorker {
                        run: row::run(row)?,
                        lease_expires: Timestamp(row.get(15)?),
                        title: row::text(row, 16)?.unwrap_or_default(),
                        assignee: row::text(row, 17)?,
                        claim_lock: row::text(row, 18)?,
                    })
                })?;
                Ok(workers.collect::<Result<_, _>>()?)
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
                let sql = format!("SELECT {} FROM runs WHERE id = ?1", row::RUN_COLUMNS);
                let run = conn
                    .prepare_cached(&sql)?
                    .query_one([id.0], row::run)
                    .optional()?;
                run.ok_or_else(|| domain::error::Error::UnknownRun(id).into())
            })
            .await
    }
}

fn open_run(row: &Row<'_>) -> rusqlite::Result<OpenRun> {
    let supervisor = row.get::<_, Option<String>>(4)?.map(|boot_id| {
        Ok::<_, rusqlite::Error>(ProcessIdentity {
            boot_id,
            pid: row.get(5)?,
            started_ticks: row.get(6)?,
        })
    });
    Ok(OpenRun {
        run: RunId(row.get(0)?),
        task: row::task_id(row, 1)?,
        token: RunToken::from_text(row.get::<_, String>(2)?),
        lane: row.get(3)?,
        supervisor: supervisor.transpose()?,
        started_at: Timestamp(row.get(7)?),
        lease_expires: Timestamp(row.get(8)?),
    })
}
