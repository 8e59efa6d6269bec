//! The beginning of a run.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, Failure, LEASE};
use domain::id::{RunId, TaskId};
use domain::run::{Claimed, OpenRun, Outcome};

use super::{Work, count};
use crate::error::Error;
use crate::launch::launch;
use crate::plan::{Snapshot, Start, plan};
use crate::watched::Process;

impl Work {
    /// Claims and starts what may start now, and says how many that were.
    pub(super) async fn start_tasks(&mut self, open: &[OpenRun]) -> Result<u32, Error> {
        let is_open = |run: &RunId| open.iter().any(|open| open.run == *run);
        let leaving: BTreeSet<TaskId> = self
            .watched
            .iter()
            .filter(|(run, _)| !is_open(run))
            .map(|(_, watched)| watched.task().clone())
            .collect();
        let mut running: BTreeMap<Option<String>, u32> = BTreeMap::new();
        for run in open {
            *running.entry(run.lane.clone()).or_default() += 1;
        }
        // Processes that are leaving still take room, in no lane.
        *running.entry(None).or_default() += count(leaving.len());
        let mut snapshot = Snapshot {
            startable: Vec::new(),
            running,
            leaving,
            cap: self.config.cap,
        };
        let room = snapshot.room();
        if room == 0 {
            return Ok(0);
        }
        let assignees = snapshot.assignees_with_room(&self.config.lanes);
        // Those that may not start yet must not stand in the place of others.
        let limit = room.saturating_add(count(snapshot.leaving.len()));
        snapshot.startable = self.kernel.startable(assignees, limit).await?;
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
        let error = match launch(&self.home, &self.config, &start.lane, claimed).await {
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
        self.close(run, &Actor::dispatcher(), fail).await?;
        self.clear_away(run).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::work;
    use super::*;

    #[tokio::test]
    async fn a_run_that_was_closed_before_it_failed_to_start_leaves_no_token_behind() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.folder(claimed.run);
        let start = Start {
            task: claimed.task.id.clone(),
            lane: work.config.lanes.of("shell").unwrap().clone(),
        };
        work.take_away(&claimed).await;
        work.start(start, claimed).await.unwrap();
        assert!(!folder.spec_file().exists());
    }
}
