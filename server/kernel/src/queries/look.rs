//! The queries of a dispatcher's tick: one before it settles the runs that have ended, one after that, and one
//! for each task that it starts.

use std::path::PathBuf;

use domain::branch::Branch;
use domain::dispatch::Dispatch;
use domain::id::TaskId;
use domain::run::OpenRun;
use domain::time::Timestamp;
use domain::workspace::Workspace;

use super::dispatch::dispatch;
use super::landings::due_landings;
use super::open_runs::{next_lease_end, open_runs};
use super::parents::parents;
use super::startable::{next_rest_end, ready_assignees};
use super::workspaces::workspace;
use crate::error::Error;
use crate::verbs::{ForeignWorker, StaleClaim, foreign_workers, stale_claims};
use crate::{DueLanding, Kernel, Parent, branches};

/// The board as a tick finds it.
#[derive(Clone, Debug)]
pub struct Look {
    /// See [`Kernel::open_runs`].
    pub open: Vec<OpenRun>,
    /// See [`Kernel::dispatch`].
    pub dispatch: Dispatch,
    /// See [`Kernel::ready_assignees`].
    pub assignees: Vec<String>,
    /// Of each repository the landing that was asked for first, of those that may begin now; at most two
    /// hundred.
    pub landings: Vec<DueLanding>,
    /// The end of the first back-off between two attempts.
    pub next_rest_end: Option<Timestamp>,
    /// The earliest end of a lease, unless it is renewed, among the claims without a supervisor.
    pub next_lease_end: Option<Timestamp>,
}

/// The claims that may have to be released.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The claims that no longer hold, for `ReleaseStaleClaims` to end: the lease has expired without a
    /// supervisor, or another program took the task out of `running`.
    pub stale: Vec<StaleClaim>,
    /// The workers that another program has started for tasks which run, for `ReleaseCrashed` should one of
    /// them be gone.
    pub foreign: Vec<ForeignWorker>,
}

/// The board's records of where the work on a task begins.
#[derive(Clone, Debug, Default)]
pub struct Beginning {
    /// Its own folder, where an attempt before this one has had it.
    pub workspace: Option<Workspace>,
    /// See [`Kernel::branch`].
    pub branch: Option<Branch>,
    /// See [`Kernel::builds_on`].
    pub parents: Vec<Parent>,
}

impl Kernel {
    /// Returns what a tick has to know. Rests count that end `after` a moment.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn look(&self, after: Timestamp) -> Result<Look, Error> {
        let (now, held, lock) = self.for_dispatch();
        let reading = self.readers.read(move |conn| {
            Ok(Look {
                open: open_runs(conn)?,
                dispatch: dispatch(conn, now, held, lock)?,
                assignees: ready_assignees(conn)?,
                landings: due_landings(conn, now)?,
                next_rest_end: next_rest_end(conn, after)?,
                next_lease_end: next_lease_end(conn)?,
            })
        });
        let mut look = reading.await?;
        self.note_damage(&mut look.dispatch);
        Ok(look)
    }

    /// Returns the claims that a tick may have to release.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn claims(&self) -> Result<Claims, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                Ok(Claims {
                    stale: stale_claims(conn, now)?,
                    foreign: foreign_workers(conn)?,
                })
            })
            .await
    }

    /// Returns where the work on a task begins. `folder` is the place of its own folder.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn beginning(&self, task: &TaskId, folder: PathBuf) -> Result<Beginning, Error> {
        let task = task.clone();
        self.readers
            .read(move |conn| {
                Ok(Beginning {
                    workspace: workspace(conn, &folder)?,
                    branch: branches::of_task(conn, &task)?,
                    parents: parents(conn, &task)?,
                })
            })
            .await
    }
}
