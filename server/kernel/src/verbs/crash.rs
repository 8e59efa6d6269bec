//! Crashed workers of other programs.

use domain::actor::Actor;
use domain::command::{Change, ReleaseCrashed};
use domain::event::EventBody;
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use rusqlite::Connection;

use super::{CarryOut, Work, attempt};
use crate::error::Error;
use crate::row::{self, Columns, HAS_UNMET_LINK, columns};
use crate::runs::End;

/// A worker that another program has started. Only the process id is known of its process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignWorker {
    /// The run that was opened for it when the board was taken over, if it ran then.
    pub run: Option<RunId>,
    /// Its task.
    pub task: TaskId,
    /// The claimer of the task, as `host:pid`.
    pub lock: String,
    /// Its process id on that host.
    pub pid: i64,
    /// True if the task has a parent that is not finished, for which it waits once it is free.
    pub waits: bool,
}

columns! {
    ForeignWorker {
        run: "run.id", task: "tasks.id", lock: "tasks.claim_lock", pid: "tasks.worker_pid",
        waits: HAS_UNMET_LINK,
    }
}

/// Returns the workers of tasks that run without a supervisor of ours.
pub(crate) fn foreign_workers(conn: &Connection) -> Result<Vec<ForeignWorker>, Error> {
    let sql = format!(
        "SELECT {} FROM tasks INDEXED BY idx_tasks_status \
         LEFT JOIN runs AS run ON run.task_id = tasks.id AND run.ended_at IS NULL \
         WHERE tasks.status = 'running' AND tasks.claim_lock IS NOT NULL \
           AND typeof(tasks.worker_pid) = 'integer' AND run.pid IS NULL \
         ORDER BY tasks.id",
        ForeignWorker::columns()
    );
    row::all(conn, &sql, ())
}

impl CarryOut for ReleaseCrashed {
    /// Frees the task of a worker that is gone, unless it has been claimed anew since that was seen.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let id = &self.task;
        let is_it = |worker: &ForeignWorker| {
            worker.task == *id && worker.lock == self.lock && worker.pid == self.worker_pid
        };
        let Some(worker) = foreign_workers(work.conn)?.into_iter().find(is_it) else {
            return Ok(Change::Unchanged);
        };
        if let Some(run) = worker.run {
            work.close_run(&worker.task, run, Outcome::Crashed, &End::default())?;
        }
        let task = work.task(id)?;
        let crashed = EventBody::Crashed {
            pid: Some(worker.pid),
            claimer: Some(worker.lock),
            run: worker.run,
        };
        attempt::release(work, &task, None, &crashed)?;
        Ok(Change::Done)
    }
}
