//! The beginning of a run.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, Failure, LEASE};
use domain::id::TaskId;
use domain::run::{Claimed, OpenRun, Outcome};

use super::{Work, blocking, count};
use crate::error::Error;
use crate::launch::launch;
use crate::plan::{Snapshot, Start, plan};
use crate::watched::Process;

/// How many startable tasks one look reads. Those without a lane of their own count too, so it is
/// far more than can start.
const LOOK_AT: u32 = 1_000;

impl Work {
    /// Claims and starts what may start now, and says how many that were.
    pub(super) async fn start_tasks(&mut self, open: &[OpenRun]) -> Result<u32, Error> {
        let leaving: BTreeSet<TaskId> = self
            .watched
            .values()
            .filter(|watched| watched.is_leaving())
            .map(|watched| watched.task().clone())
            .collect();
        let mut running: BTreeMap<Option<String>, u32> = BTreeMap::new();
        for run in open {
            *running.entry(run.lane.clone()).or_default() += 1;
        }
        // Processes that are leaving still take room, in no lane.
        *running.entry(None).or_default() += count(leaving.len());
        if running.values().sum::<u32>() >= self.config.cap {
            return Ok(0);
        }
        let snapshot = Snapshot {
            startable: self.kernel.startable(LOOK_AT).await?,
            running,
            leaving,
            cap: self.config.cap,
        };
        let mut started = 0;
        for start in plan(&snapshot, &self.config.lanes) {
            if let Some(claimed) = self.claim(&start).await? {
                self.start(start, *claimed).await?;
                started += 1;
            }
        }
        Ok(started)
    }

    /// Claims a task, unless that is not possible any more: somebody may have been faster.
    async fn claim(&self, start: &Start) -> Result<Option<Box<Claimed>>, Error> {
        let claim = Command::ClaimTask {
            task: start.task.clone(),
            lock: self.claimer.clone(),
            ttl: LEASE,
            lane: Some(start.lane.name.clone()),
            policy: ClaimPolicy {
                global_cap: Some(self.config.cap),
                lane_cap: start.lane.cap,
                respects_rest: true,
            },
        };
        match self.kernel.execute(&Actor::dispatcher(), claim).await {
            Ok(receipt) => match receipt.answer {
                Answer::Claimed(claimed) => Ok(Some(claimed)),
                _ => Ok(None),
            },
            Err(kernel::Error::Refused(refusal)) => {
                tracing::debug!(task.id = %start.task, %refusal, "a task was not claimed");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn start(&mut self, start: Start, claimed: Claimed) -> Result<(), Error> {
        let run = claimed.run;
        let error = match launch(&self.home, &self.config.program, &start.lane, claimed).await {
            Ok(shim) => {
                tracing::info!(task.id = %start.task, run.id = %run, "started");
                return self.watch(run, start.task, Process::Child(shim));
            }
            Err(error) => error,
        };
        tracing::warn!(task.id = %start.task, run.id = %run, %error, "not started");
        let failure = Failure {
            outcome: Outcome::SpawnFailed,
            code: None,
            error: error.to_string(),
        };
        let fail = Command::FailRun { run, failure };
        self.kernel.execute(&Actor::dispatcher(), fail).await?;
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
    }
}
