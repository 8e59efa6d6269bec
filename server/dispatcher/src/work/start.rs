//! The beginning of a run.

use std::collections::BTreeSet;

use domain::actor::Actor;
use domain::command::{ClaimPolicy, ClaimTask, Claimed, LEASE};
use domain::dispatch::Slot;
use domain::id::{RunId, TaskId};
use futures::future::join_all;
use kernel::Look;
use tokio::process::Child;
use tokio::time::Instant;

use super::{Work, count};
use crate::claim::plan::{Snapshot, Start, plan};
use crate::error::Error;
use crate::report::Spawned;
use crate::run::launch::{Launched, launch};
use crate::run::watched::Process;

impl Work {
    /// Claims and starts the tasks that may start now, at most `max`, and returns their number.
    pub(super) async fn start_tasks(
        &mut self,
        look: &Look,
        max: Option<u32>,
    ) -> Result<u32, Error> {
        let Look { open, dispatch, .. } = look;
        let paused = dispatch.paused.iter();
        let mut paused: BTreeSet<Option<String>> = paused.map(|pause| pause.lane.clone()).collect();
        if self.breaker.fault().is_some() {
            paused.insert(None);
        }
        self.holds.clone_from(&dispatch.holds);
        let (cap, now) = (self.settings.cap.limit, dispatch.now);
        let mut snapshot = Snapshot::new(open, &self.exiting_runs, cap, paused);
        snapshot.see_holds(&self.holds, now);
        let room = snapshot.room();
        if room == 0 {
            return Ok(0);
        }
        let assignees = snapshot.with_room(look.assignees.clone(), &self.settings.lanes);
        if assignees.is_empty() {
            return Ok(0);
        }
        let probing = snapshot.probing(&assignees, &self.settings.lanes);
        // Those that may not start yet must not stand in the place of others.
        let limit = room.saturating_add(count(self.watched.len() + self.exiting_runs.len()));
        snapshot.startable = self.kernel.startable(assignees, limit).await?;
        for assignees in probing {
            let turn = self.kernel.next_in_turn(assignees.clone()).await?;
            snapshot.probe_first(&assignees, turn);
        }
        // A run may have been closed after the open ones were read; its worker is still there.
        let is_watched = |task: &TaskId| self.watched.values().any(|one| one.slot().task == *task);
        snapshot.startable.retain(|one| !is_watched(&one.task));
        let planned = plan(&snapshot, &self.settings.lanes);
        let is_work = !planned.is_empty() && max != Some(0);
        // An error is returned last: the other tasks that were claimed are started all the same.
        let (mut claimed, mut failed) = (Vec::new(), None);
        let mut planned = planned.into_iter();
        while failed.is_none() {
            let left = max.map_or(usize::MAX, |max| {
                let max = usize::try_from(max).unwrap_or(usize::MAX);
                max.saturating_sub(claimed.len())
            });
            // Together, so that they share a commit.
            let starts: Vec<Start> = planned.by_ref().take(left).collect();
            if starts.is_empty() {
                break;
            }
            let claims = join_all(starts.iter().map(|start| self.claim(start))).await;
            for (start, claim) in starts.into_iter().zip(claims) {
                match claim {
                    Ok(Some(claim)) => claimed.push((start, *claim)),
                    Ok(None) => {}
                    Err(error) => failed = failed.or(Some(error)),
                }
            }
        }
        let launches = claimed
            .into_iter()
            .map(|(start, claim)| self.launch(start, claim));
        let mut started = 0;
        for (start, run, launched) in join_all(launches).await {
            match self.started(start, run, launched).await {
                Ok(is_there) => started += u32::from(is_there),
                Err(error) => failed = Some(error),
            }
        }
        if is_work && started == 0 {
            self.health.started_nothing();
        }
        failed.map_or(Ok(started), Err)
    }

    /// Claims a task, unless that is not possible any more: somebody may have been faster.
    async fn claim(&self, start: &Start) -> Result<Option<Box<Claimed>>, Error> {
        let claim = ClaimTask {
            task: start.task.clone(),
            // Another dispatcher that judges workers by its host's name must not judge ours.
            lock: format!("kanban@{}", self.claimer),
            ttl: LEASE,
            lane: Some(start.lane.name.clone()),
            policy: ClaimPolicy {
                global_cap: Some(self.settings.cap.limit),
                lane_cap: start.lane.cap,
                respects_rest: true,
                respects_pause: true,
                pool: start.lane.pool.clone(),
                has_check: !start.lane.check.is_empty(),
                lands: start.lane.lands,
                reviewer: Some(start.assignee.clone()),
                review: start.lane.review.clone(),
                unfinished_runs: self.unfinished_runs(),
            },
        };
        let begun = Instant::now();
        let claimed = self.kernel.execute(&Actor::dispatcher(), claim).await;
        self.latencies.claim.observe(begun.elapsed());
        match claimed {
            Ok(receipt) => Ok(Some(receipt.answer)),
            Err(kernel::Error::Refused(refusal)) => {
                tracing::debug!(task.id = %start.task, %refusal, "a task was not claimed");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Starts the supervisor of a run.
    async fn launch(
        &self,
        start: Start,
        claimed: Claimed,
    ) -> (Start, RunId, Result<Launched, Error>) {
        let (run, begun) = (claimed.run, Instant::now());
        let (lane, settings) = (&start.lane, &self.settings);
        let launched = launch(
            &self.kernel,
            &self.home,
            &self.config,
            lane,
            settings,
            claimed,
        )
        .await;
        if launched.is_ok() {
            self.latencies.start.observe(begun.elapsed());
        }
        (start, run, launched)
    }

    /// Watches the supervisor of a run; returns true when there is one.
    async fn started(
        &mut self,
        start: Start,
        run: RunId,
        launched: Result<Launched, Error>,
    ) -> Result<bool, Error> {
        let Start {
            task,
            assignee,
            lane,
        } = start;
        let slot = Slot {
            task: task.clone(),
            lane: Some(lane.name),
        };
        let error = match launched {
            Ok(launched) => {
                tracing::info!(task.id = %task, run.id = %run, "started");
                self.done.spawned.push(Spawned {
                    task: task.clone(),
                    assignee,
                    workspace: launched.workspace.display().to_string(),
                });
                self.watch_started(run, slot, launched.shim);
                return Ok(true);
            }
            Err(error) => error,
        };
        tracing::warn!(task.id = %task, run.id = %run, %error, "not started");
        self.hindered(run, slot.clone(), error.to_string(), error.fault())
            .await?;
        if let Err(error) = self.clear_away(run).await {
            self.unrecoverable.put(run, Some(slot), &error);
        }
        Ok(false)
    }

    /// Watches a supervisor that we started. While the system gives no handle for one, it is retried as
    /// if an earlier dispatcher had started it.
    fn watch_started(&mut self, run: RunId, slot: Slot, supervisor: Child) {
        let process = Process::Child(supervisor);
        if let Err(error) = self.watch(run, slot.clone(), process) {
            self.unrecoverable.put(run, Some(slot), &error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::command::FAILURE_LIMIT;
    use domain::run::Outcome;
    use domain::status::Status;
    use domain::time::{Seconds, Timestamp};
    use kernel::Clock;

    use super::super::fixture::{slot_of, work, work_by};
    use super::super::unrecoverable_runs::UnrecoverableRuns;
    use super::*;
    use crate::lanes::Lane;
    use crate::workspaces::lock;

    fn start_of(claimed: &Claimed, work: &Work) -> Start {
        Start {
            task: claimed.task.id.clone(),
            assignee: "shell".to_owned(),
            lane: work.settings.lanes.of("shell").unwrap().clone(),
        }
    }

    async fn start_one(work: &mut Work, start: Start, claimed: Claimed) -> bool {
        let (start, run, launched) = work.launch(start, claimed).await;
        work.started(start, run, launched).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_leaving_counts_when_a_task_is_claimed() {
        let (_folder, mut work) = work();
        let start = |task: TaskId, cap: Option<u32>| {
            let lane = work.settings.lanes.of("shell").unwrap().clone();
            Start {
                task,
                assignee: "shell".to_owned(),
                lane: Lane { cap, ..lane },
            }
        };
        let in_any = start(work.ready().await, None);
        let in_narrow = start(work.ready().await, Some(1));
        let exiting_runs = |lane: &str, runs: i64| {
            let slot = Slot {
                task: TaskId::from_bits(1),
                lane: Some(lane.to_owned()),
            };
            let mut unrecoverable_runs = UnrecoverableRuns::default();
            for run in 1..=runs {
                unrecoverable_runs.put(RunId(run), Some(slot.clone()), &Error::Stopped);
            }
            unrecoverable_runs
        };
        work.unrecoverable = exiting_runs("other", 9);
        assert!(work.claim(&in_any).await.unwrap().is_none());
        work.unrecoverable = exiting_runs("shell", 1);
        assert!(work.claim(&in_narrow).await.unwrap().is_none());
        work.unrecoverable = exiting_runs("other", 8);
        assert!(work.claim(&in_narrow).await.unwrap().is_some());
    }

    #[tokio::test]
    async fn a_folder_of_a_failed_start_that_cannot_be_removed_fails_no_look_and_is_not_forgotten()
    {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let (run, start) = (claimed.run, start_of(&claimed, &work));
        let in_its_place = work.home.run_dir(run);
        fs::create_dir_all(work.home.runs()).unwrap();
        fs::write(&in_its_place, "").unwrap();
        assert!(!start_one(&mut work, start, claimed).await);
        let is_remembered = |work: &Work| {
            work.unrecoverable
                .runs()
                .any(|unrecoverable_runs| unrecoverable_runs == run)
        };
        assert!(is_remembered(&work));

        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        assert!(is_remembered(&work));
        fs::remove_file(&in_its_place).unwrap();
        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        assert!(!is_remembered(&work));
    }

    #[tokio::test]
    async fn a_supervisor_that_cannot_be_watched_yet_concerns_its_own_run_alone() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let (run, slot) = (claimed.run, slot_of(&claimed));
        work.made_folder(&claimed);
        // The system gives no handle for a process that is gone.
        let mut supervisor = tokio::process::Command::new("true").spawn().unwrap();
        supervisor.wait().await.unwrap();
        work.watch_started(run, slot, supervisor);
        assert!(work.unrecoverable.is_resting(run));
        let other = work.ready().await;
        work.tick(None).await.unwrap();
        assert_eq!(work.kernel.task(&other).await.unwrap().runs.len(), 1);

        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        assert_eq!(work.unrecoverable.problem(), None);
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Interrupted));
    }

    #[tokio::test]
    async fn a_run_that_was_closed_before_it_failed_to_start_leaves_no_token_behind() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.folder(claimed.run);
        let start = start_of(&claimed, &work);
        work.take_away(&claimed).await;
        assert!(!start_one(&mut work, start, claimed).await);
        assert!(!folder.spec_file().exists());
    }

    #[tokio::test]
    async fn while_old_workspaces_are_removed_no_task_is_charged_for_what_is_not_started() {
        let (_folder, mut work) = work();
        let task = work.ready().await;
        let removing = lock::to_remove(&work.home).unwrap();
        for _ in 0..2 {
            work.tick(None).await.unwrap();
            let waiting = work.kernel.task(&task).await.unwrap();
            let (status, failures) = (waiting.task.status, waiting.task.failures);
            assert_eq!((status, failures), (Status::Ready, 0));
            assert_eq!(waiting.runs.len(), 1);
            let fault = work.breaker.fault().unwrap();
            assert!(fault.contains("workspaces.lock"), "{fault}");
        }
        work.breaker.end_rest();
        work.probe_machine_if_due().await;
        assert!(work.breaker.fault().is_some());
        drop(removing);
    }

    #[tokio::test]
    async fn a_start_that_fails_every_time_ends_with_the_breaker() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let (_folder, mut work) = work_by(clock.clone());
        let task = work.ready().await;
        work.sql("UPDATE tasks SET workspace_kind = 'dir', workspace_path = '/proc/none/here'");
        for _ in 0..20 {
            work.tick(None).await.unwrap();
            clock.advance(Seconds(3_600));
        }
        let given_up = work.kernel.task(&task).await.unwrap();
        assert_eq!(given_up.task.status, Status::Blocked);
        assert_eq!(given_up.task.failures, FAILURE_LIMIT);
        assert_eq!(count(given_up.runs.len()), FAILURE_LIMIT);
        let error = given_up.task.last_error.unwrap();
        assert!(
            error.starts_with("workspace: cannot make /proc/none/here"),
            "{error}"
        );
        assert_eq!(work.done.auto_blocked, [task]);
        assert!(work.kernel.open_runs().await.unwrap().is_empty());
    }
}
