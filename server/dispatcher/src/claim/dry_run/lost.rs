//! The claims that the next tick would take back.

use std::collections::BTreeSet;

use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use kernel::{Claims, ForeignWorker, Kernel, StaleClaim};

use crate::error::Error;
use crate::process::foreign_workers::crashed;

/// Those that hold no more, and those whose workers are gone.
pub(super) struct Lost {
    stale: Vec<StaleClaim>,
    crashed: Vec<ForeignWorker>,
}

impl Lost {
    pub(super) async fn read(kernel: &Kernel) -> Result<Self, Error> {
        let Claims { stale, foreign } = kernel.claims().await?;
        let mut crashed = crashed(foreign).await?;
        crashed.retain(|worker| stale.iter().all(|stale| stale.task != worker.task));
        Ok(Self { stale, crashed })
    }

    /// The runs that would be closed.
    pub(super) fn runs(&self) -> BTreeSet<RunId> {
        let stale = self.stale.iter().map(|claim| claim.run);
        let crashed = self.crashed.iter().map(|worker| worker.run);
        stale.chain(crashed).flatten().collect()
    }

    /// The tasks that would be ready again.
    pub(super) fn freed(&self) -> BTreeSet<TaskId> {
        let is_freed = |claim: &&StaleClaim| claim.frees_task() && !claim.waits;
        let stale = self.stale.iter().filter(is_freed).map(|claim| &claim.task);
        let crashed = self.crashed.iter().filter(|worker| !worker.waits);
        let crashed = crashed.map(|worker| &worker.task);
        stale.chain(crashed).cloned().collect()
    }

    /// The number of claims that would count as reclaimed.
    pub(super) fn reclaimed(&self) -> usize {
        let is_reclaimed = |claim: &&StaleClaim| claim.outcome() == Outcome::Reclaimed;
        self.stale.iter().filter(is_reclaimed).count()
    }

    /// The tasks of those whose workers are gone.
    pub(super) fn crashed(&self) -> Vec<TaskId> {
        let of = |worker: &ForeignWorker| worker.task.clone();
        self.crashed.iter().map(of).collect()
    }
}
