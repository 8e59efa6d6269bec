//! Runs that an earlier dispatcher of the board started.

use std::os::fd::OwnedFd;

use domain::actor::Actor;
use domain::command::{AdoptRun, AttachSupervisor};
use domain::dispatch::Slot;
use domain::id::RunId;
use domain::run::{OpenRun, ProcessIdentity};

use super::{Work, blocking};
use crate::error::Error;
use crate::run::exit_verdict::Trace;
use crate::run::folder::RunFolder;
use crate::run::supervisor::{self, Supervisor};
use crate::run::unfinished_runs;
use crate::run::watched::Process;

impl Work {
    /// Watches a run that an earlier dispatcher started, or settles it when it has ended.
    pub(super) async fn take_over(&mut self, open: &OpenRun) -> Result<(), Error> {
        let found = match self.find_supervisor(open).await? {
            None if open.supervisor.is_none() && !self.keep_supervisors_out(open.run).await? => {
                // One has attached since the run was read, or somebody has closed the run.
                let runs = self.kernel.open_runs().await?;
                let Some(open) = runs.into_iter().find(|run| run.run == open.run) else {
                    return self.see_off(open.run, Some(Slot::of(open))).await;
                };
                self.find_supervisor(&open).await?
            }
            found => found,
        };
        let Some(handle) = found else {
            return self.settle(open.run, Trace::Lost).await;
        };
        let process = Process::adopt(handle)?;
        if self.is_staying {
            let adopt = AdoptRun { run: open.run };
            self.tell(open.run, &Actor::dispatcher(), vec![adopt.into()])
                .await?;
            tracing::info!(task.id = %open.task, run.id = %open.run, "took over a running worker");
        }
        self.watch(open.run, Slot::of(open), process)?;
        self.began(open.run, open.started_at);
        Ok(())
    }

    /// The supervisor of a run, if it lives. One that is about to attach has left word of itself in
    /// the run's folder.
    async fn find_supervisor(&self, open: &OpenRun) -> Result<Option<OwnedFd>, Error> {
        let (folder, attached) = (self.folder(open.run), open.supervisor.clone());
        let found = blocking(move || supervisor::find(&folder, attached)).await?;
        Ok(alive(found))
    }

    /// Takes the place of the supervisor of a run, so that one that has yet to attach is refused and
    /// starts no worker. Says whether the place was free.
    async fn keep_supervisors_out(&self, run: RunId) -> Result<bool, Error> {
        // No process has this identity. With our own, the run would be adopted from us.
        let process = ProcessIdentity {
            boot_id: String::new(),
            pid: 0,
            started_ticks: 0,
        };
        let attach = AttachSupervisor { run, process };
        match self.kernel.execute(&Actor::dispatcher(), attach).await {
            Ok(_) => Ok(true),
            Err(kernel::Error::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Watches or settles the runs that were closed while no dispatcher was there, whose workers
    /// may still be leaving, and those that were stuck.
    pub(super) async fn find_leftovers(&mut self, open: &[OpenRun]) -> Result<(), Error> {
        let folders = if self.has_seen_folders {
            self.unrecoverable.runs().collect()
        } else {
            let runs = self.home.runs();
            blocking(move || RunFolder::runs_in(&runs)).await?
        };
        self.has_seen_folders = true;
        for run in folders {
            // What is open is taken over, and what we watch is settled in its time.
            let is_open = open.iter().any(|open| open.run == run);
            let is_ours = self.watched.contains_key(&run) || self.closed.contains(&run);
            if is_open || is_ours || self.unrecoverable.is_resting(run) {
                continue;
            }
            let slot = unfinished_runs::slot_of(&self.kernel, &self.home, run).await;
            match self.see_off(run, slot.clone()).await {
                Ok(()) => self.end_trouble(run).await,
                Err(error) => self.unrecoverable.put(run, slot, &error),
            }
        }
        Ok(())
    }

    /// Watches what is left of a closed run, or settles it when nothing is.
    async fn see_off(&mut self, run: RunId, slot: Option<Slot>) -> Result<(), Error> {
        let folder = self.folder(run);
        let found = blocking(move || supervisor::find(&folder, None)).await?;
        match (alive(found), slot) {
            (None, _) => self.settle(run, Trace::Lost).await,
            (Some(handle), Some(slot)) => self.watch(run, slot, Process::adopt(handle)?),
            // Nothing waits for it on this board, and it sees that by itself.
            (Some(_), None) => self.clear_away(run).await,
        }
    }
}

/// One of another home is as good as none: its run is interrupted here, and goes on there.
fn alive(found: Supervisor) -> Option<OwnedFd> {
    match found {
        Supervisor::Alive(handle) => Some(handle),
        Supervisor::OfAnotherHome | Supervisor::Gone => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::command::{CompleteTask, LEASE};
    use domain::dispatch::WhyNot;
    use domain::run::Outcome;
    use domain::time::{Seconds, Timestamp};
    use kernel::Clock;
    use tokio::time::Instant;

    use super::super::Work;
    use super::super::fixture::{slot_of, work, work_by};
    use super::*;
    use crate::claim::dry_run::dry_run;
    use crate::process;

    async fn attach(work: &Work, run: RunId, process: ProcessIdentity) -> bool {
        let attach = AttachSupervisor { run, process };
        let dispatcher = Actor::dispatcher();
        work.kernel.execute(&dispatcher, attach).await.is_ok()
    }

    #[tokio::test]
    async fn a_board_that_cannot_be_read_for_a_moment_takes_no_worker_away() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let (run, task) = (claimed.run, claimed.task.id.clone());
        let mut supervisor = tokio::process::Command::new("sleep");
        let supervisor = supervisor.arg("1000").kill_on_drop(true).spawn();
        let supervisor = Process::Child(supervisor.unwrap());
        work.watch(run, slot_of(&claimed), supervisor).unwrap();
        work.told(CompleteTask {
            task,
            result: None,
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        })
        .await;
        work.sql("ALTER TABLE runs RENAME TO elsewhere");
        work.reconcile(&[]).await;
        assert!(work.watched[&run].is_working() && work.unrecoverable.is_resting(run));

        work.sql("ALTER TABLE elsewhere RENAME TO runs");
        work.leave_out_nothing().await;
        work.reconcile(&[]).await;
        assert!(work.watched[&run].deadline().is_some());
        assert_eq!(work.unrecoverable.problem(), None);
    }

    #[tokio::test]
    async fn a_supervisor_that_attaches_while_we_look_is_adopted() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let read_before = work.open_run(claimed.run).await;
        let alive = process::own_identity().unwrap();
        let folder = work.made_folder(&claimed);
        folder.write_supervisor(&alive).unwrap();
        assert!(attach(&work, claimed.run, alive).await);
        work.take_over(&read_before).await.unwrap();
        assert!(work.watched.contains_key(&claimed.run));
        assert_eq!(work.run_of(&claimed).await.outcome, None);
    }

    #[tokio::test]
    async fn a_run_whose_supervisor_works_for_another_home_is_interrupted_and_ends_nothing() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let mut worker = std::process::Command::new("sleep");
        let worker = worker.arg("1000").env("KANBAN_HOME", "/another/home");
        let worker = worker.env("KANBAN_RUN_TOKEN", claimed.token.as_str());
        let mut worker = worker.spawn().unwrap();
        // This process has left no word in the run's folder, which a copy of the board lacks.
        let alive = process::own_identity().unwrap();
        assert!(attach(&work, claimed.run, alive).await);
        let open = work.open_run(claimed.run).await;
        work.take_over(&open).await.unwrap();
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Interrupted));
        assert!(work.watched.is_empty() && worker.try_wait().unwrap().is_none());

        // Nor where the supervisor is gone.
        let again = work.claimed_again(claimed.task.id).await;
        work.settle(again.run, Trace::Lost).await.unwrap();
        assert!(worker.try_wait().unwrap().is_none());
        worker.kill().unwrap();
        worker.wait().unwrap();
    }

    #[tokio::test]
    async fn a_supervisor_that_attaches_later_is_refused_before_its_run_is_interrupted() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        // The run cannot be settled yet.
        fs::create_dir(folder.spec_file().with_file_name("exit.json")).unwrap();
        let open = work.open_run(claimed.run).await;
        work.take_over(&open).await.unwrap_err();
        assert_eq!(work.run_of(&claimed).await.outcome, None);
        let late = process::own_identity().unwrap();
        assert!(!attach(&work, claimed.run, late).await);

        fs::remove_dir(folder.spec_file().with_file_name("exit.json")).unwrap();
        let open = work.open_run(claimed.run).await;
        work.take_over(&open).await.unwrap();
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Interrupted));
    }

    #[tokio::test]
    async fn a_bad_run_folder_hides_no_other_and_is_tried_again() {
        let (_folder, mut work) = work();
        let (bad, good) = (work.claimed().await, work.claimed().await);
        let bad_folder = work.made_folder(&bad);
        let good_folder = work.made_folder(&good);
        work.take_away(&bad).await;
        work.take_away(&good).await;
        let unreadable = bad_folder.spec_file().with_file_name("supervisor.json");
        fs::create_dir(&unreadable).unwrap();
        work.tick(None).await.unwrap();
        assert!(bad_folder.spec_file().exists());
        assert!(!good_folder.spec_file().exists());

        fs::remove_dir(&unreadable).unwrap();
        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        assert!(!bad_folder.spec_file().exists());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_looked_into_holds_its_task_back_and_takes_up_a_place() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let task = &claimed.task.id;
        let folder = work.made_folder(&claimed);
        work.give_back(&claimed).await;
        let unreadable = folder.spec_file().with_file_name("supervisor.json");
        fs::create_dir(&unreadable).unwrap();
        work.tick(None).await.unwrap();
        work.publish(Some(Instant::now())).await;
        let runs = async |work: &Work| work.kernel.task(task).await.unwrap().runs.len();
        assert_eq!(runs(&work).await, 1);
        let why = work.kernel.why(task).await.unwrap().unwrap();
        assert!(matches!(why, WhyNot::Stuck { .. }), "{why}");
        assert_eq!(work.kernel.dispatch().await.unwrap().count(), 1);
        let dry = dry_run(&work.kernel, &work.home, &work.config, None);
        let dry = dry.await.unwrap();
        assert_eq!((dry.spawned.len(), &dry.skipped[0].why), (0, &why));

        fs::remove_dir(&unreadable).unwrap();
        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        assert_eq!(runs(&work).await, 2);
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_settled_says_so_and_is_left_alone_for_a_while() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        let unreadable = folder.spec_file().with_file_name("exit.json");
        fs::create_dir(&unreadable).unwrap();
        let look = async |work: &mut Work| {
            let next_look = work.tick(None).await;
            let (unrecoverable_runs, now) = (work.unrecoverable.problem(), work.kernel.now());
            work.health
                .looked(&next_look, None, unrecoverable_runs, now);
            work.publish(Some(Instant::now())).await;
            next_look.unwrap()
        };
        let next_look = look(&mut work).await;
        let next_try = work.unrecoverable.next_try().unwrap();
        assert_eq!(next_look, next_try);
        let problem = work.status().borrow().problem.clone().unwrap();
        let (run, task) = (claimed.run, &claimed.task.id);
        let expected = format!("run {run} of {task} cannot be recovered: cannot read ");
        assert!(problem.starts_with(&expected), "{problem}");
        // The task counts as running, and nothing runs.
        let why = work.kernel.why(task).await.unwrap();
        assert!(matches!(why, Some(WhyNot::Stuck { .. })), "{why:?}");

        look(&mut work).await;
        assert_eq!(
            work.unrecoverable.next_try(),
            Some(next_try),
            "tried again at once"
        );
        fs::remove_dir(&unreadable).unwrap();
        work.leave_out_nothing().await;
        look(&mut work).await;
        assert_eq!(work.status().borrow().problem, None);
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Interrupted));
    }

    #[tokio::test]
    async fn a_living_run_is_taken_over_though_the_machine_has_another_name_now() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let (_folder, mut work) = work_by(clock.clone());
        // The claim is held by `here:1`, which is not the name of this machine.
        let claimed = work.claimed().await;
        let alive = process::own_identity().unwrap();
        let folder = work.made_folder(&claimed);
        folder.write_supervisor(&alive).unwrap();
        assert!(attach(&work, claimed.run, alive).await);
        clock.advance(Seconds(LEASE.0 + 1));
        work.tick(None).await.unwrap();
        assert!(work.watched.contains_key(&claimed.run));
        assert_eq!(work.run_of(&claimed).await.outcome, None);
    }
}
