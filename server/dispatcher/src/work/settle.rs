//! The end of a run.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::dispatch::Slot;
use domain::id::RunId;
use domain::outcome::TaskOutcome;
use domain::run::{OpenRun, ProcessIdentity};
use domain::time::Timestamp;

use super::report_end::record;
use super::{Work, blocking};
use crate::error::Error;
use crate::lanes::rules::Rules;
use crate::process::orphan_cleanup::{OrphanCleanup, Traces};
use crate::run::exit_verdict::{Trace, Verdict, not_started, verdict, verdict_without_rules};
use crate::run::fault::Fault;
use crate::run::folder::{Exit, Owner, ReviewSpec, RunFolder, Session, Spec};
use crate::run::supervisor::{self, Supervisor};
use crate::run::unfinished_runs;
use crate::run::watched::Watched;

impl Work {
    /// Settles the runs whose processes have ended before our eyes. One that cannot be settled is still
    /// watched, so that it is not taken for one that an earlier dispatcher left.
    pub(super) async fn settle_ended(&mut self) {
        let ended = self
            .watched
            .iter()
            .filter(|(run, _)| !self.unrecoverable.is_resting(**run))
            .filter_map(|(run, watched)| {
                Some((*run, watched.slot().clone(), watched.silence_of_ended()?))
            });
        let ended: Vec<(RunId, Slot, Trace)> = ended.collect();
        let runs = ended
            .iter()
            .map(|(run, _, silence)| (*run, silence.clone()));
        let (mut of_each, of_all) = match self.settle_all(runs.collect()).await {
            Ok(settled) => (settled, None),
            Err(error) => (BTreeMap::new(), Some(error)),
        };
        for (run, slot, _) in ended {
            let its_own = of_each.remove(&run).and_then(Result::err);
            match its_own.as_ref().or(of_all.as_ref()) {
                None => self.end_trouble(run).await,
                Some(error) => self.unrecoverable.put(run, Some(slot), error),
            }
        }
    }

    /// Settles one run. See [`Self::settle_all`].
    pub(super) async fn settle(&mut self, run: RunId, silence: Trace) -> Result<(), Error> {
        let mut settled = self.settle_all(vec![(run, silence)]).await?;
        settled.remove(&run).unwrap_or(Ok(()))
    }

    /// Writes the ends of runs on the board, unless they were closed already; their folders are then
    /// [`Self::closed`]. With each stands what it means when its supervisor left no word. Where something of
    /// a run is still there, that comes once it is gone.
    ///
    /// The files of all are read together.
    async fn settle_all(
        &mut self,
        ended: Vec<(RunId, Trace)>,
    ) -> Result<BTreeMap<RunId, Result<(), Error>>, Error> {
        if ended.is_empty() {
            return Ok(BTreeMap::new());
        }
        let folders: Vec<RunFolder> = ended.iter().map(|(run, _)| self.folder(*run)).collect();
        let read = move || Ok(folders.iter().map(Found::read).collect::<Vec<_>>());
        let found = blocking(read).await?;
        let open = self.kernel.open_runs().await?;
        let mut settled = BTreeMap::new();
        for ((run, silence), found) in ended.into_iter().zip(found) {
            let open = open.iter().find(|open| open.run == run).cloned();
            let end = match found {
                Ok(found) => self.settle_found(run, silence, found, open).await,
                Err(error) => Err(error),
            };
            if let Ok(true) = end {
                self.watched.remove(&run);
                self.closed.insert(run);
            }
            settled.insert(run, end.map(drop));
        }
        Ok(settled)
    }

    /// Returns true once the run is closed, and its folder can go.
    async fn settle_found(
        &mut self,
        run: RunId,
        silence: Trace,
        found: Found,
        open: Option<OpenRun>,
    ) -> Result<bool, Error> {
        let Found {
            owner,
            spec,
            exit,
            complaints,
            sessions,
        } = found;
        let exit = exit.filter(|exit| is_believed(exit, open.as_ref(), &silence));
        // The board knows as well whose run it is, as long as that is open.
        let owner = owner.or_else(|| open.as_ref().map(Owner::of));
        let attached = open.as_ref().and_then(|open| open.supervisor.clone());
        let is_here = exit.is_some() || self.is_of_this_home(run, attached).await?;
        if let (Some(Owner { task, token }), None, true) = (owner, &exit, is_here) {
            let traces = Traces::new(&token, sessions, &self.home);
            let mut left = OrphanCleanup::of(traces);
            if !left.end().await {
                tracing::error!(run.id = %run, %task, "processes of a run do not end, not even by SIGKILL");
                let slot = unfinished_runs::slot_of(&self.kernel, &self.home, run).await;
                let slot = slot.unwrap_or(Slot { task, lane: None });
                let watched = Watched::orphans(slot, silence);
                let gone = async move {
                    left.outlast().await;
                    false
                };
                self.watch_until(run, watched, gone);
                return Ok(false);
            }
        }
        let record = exit.as_ref().map(|exit| record(run, exit));
        if let Some(open) = open {
            let slot = Slot::of(&open);
            let assignee = spec.as_ref().ok().and_then(Option::as_ref);
            let assignee = assignee.map(|spec| spec.assignee.clone()).or(open.lane);
            // If the run is closed just now, what its worker says must not end another run of the task.
            let worker = Actor::worker(assignee.unwrap_or_default(), open.token);
            let was_seen = matches!(silence, Trace::Vanished | Trace::Killed);
            let never_began = open.supervisor.is_none() && was_seen;
            // The worker had done its part: whoever kills a supervisor now is not the task.
            let silence = match silence {
                Trace::Vanished | Trace::Killed if open.is_checking => Trace::Lost,
                silence => silence,
            };
            let rules = spec.as_ref().ok().and_then(Option::as_ref);
            let check = rules.and_then(|spec| spec.check.as_ref());
            let rework_limit = check.and_then(|check| check.rework_limit);
            let review = rules.and_then(|spec| spec.review.clone());
            let left = exit
                .as_ref()
                .map(|exit| (exit.commit.clone(), exit.has_changed_files));
            let rules = rules.map_or_else(Rules::default, |spec| spec.rules.clone());
            let verdict = match exit {
                None if never_began => never_attached(&complaints),
                exit => judge(exit, spec, silence, self.kernel.now()),
            };
            let verdict = match &review {
                Some(review) => of_review(verdict, review, left.unwrap_or_default()),
                None => verdict,
            };
            tracing::info!(task.id = %slot.task, run.id = %run, "ended: {}", verdict.name());
            let how = (&rules, worker, rework_limit);
            self.report_end(run, slot, verdict, how, record).await?;
        } else {
            tracing::info!(run.id = %run, "ended, closed before");
            if let Some(record) = record {
                self.tell(run, &Actor::dispatcher(), vec![record]).await?;
            }
        }
        // Here, because this is told once.
        if !complaints.is_empty() {
            tracing::warn!(run.id = %run, complaints, "the supervisor of a run had trouble");
        }
        Ok(true)
    }

    /// Returns false while a supervisor of another home works on the run.
    async fn is_of_this_home(
        &self,
        run: RunId,
        attached: Option<ProcessIdentity>,
    ) -> Result<bool, Error> {
        let folder = self.folder(run);
        let found = blocking(move || supervisor::find(&folder, attached)).await?;
        Ok(!matches!(found, Supervisor::OfAnotherHome))
    }
}

/// The contents of a run's folder.
struct Found {
    owner: Option<Owner>,
    spec: Result<Option<Spec>, Error>,
    exit: Option<Exit>,
    complaints: String,
    sessions: BTreeSet<Session>,
}

impl Found {
    fn read(folder: &RunFolder) -> Result<Self, Error> {
        let spec = match folder.spec() {
            Err(nonsense @ Error::Nonsense { .. }) => Err(nonsense),
            spec => Ok(spec?),
        };
        Ok(Self {
            owner: folder.owner()?,
            spec,
            exit: folder.exit()?,
            complaints: folder.complaints(),
            sessions: folder.sessions()?,
        })
    }
}

/// Returns false for an end that the supervisor cannot have written: where it was killed, and where the
/// board has not heard of the check from it. A worker of the same user can write the file.
fn is_believed(exit: &Exit, open: Option<&OpenRun>, silence: &Trace) -> bool {
    let is_unheard_of = exit.check.is_some() && open.is_some_and(|open| !open.is_checking);
    *silence != Trace::Killed && !is_unheard_of
}

/// The verdict on the task of an open run.
fn judge(
    exit: Option<Exit>,
    spec: Result<Option<Spec>, Error>,
    silence: Trace,
    now: Timestamp,
) -> Verdict {
    match (spec, exit) {
        (Ok(Some(spec)), exit) => verdict(exit.map_or(silence, Trace::Told), &spec.rules, now),
        (_, Some(exit)) => verdict_without_rules(exit, now),
        // It was given up before anything was written.
        (Ok(None), None) => Verdict::Interrupt,
        // It would be so each time, which only counted failures bring to an end.
        (Err(nonsense), None) => Verdict::Fail(not_started(nonsense.to_string())),
    }
}

/// The verdict on a run whose supervisor ended before it asked for its run: no worker was started.
fn never_attached(complaints: &str) -> Verdict {
    let last = complaints
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty());
    let said = last.map_or_else(String::new, |line| format!(": {}", line.trim()));
    Verdict::Hinder {
        error: format!("its supervisor ended before it had started the worker{said}"),
        fault: Fault::Unclear,
    }
}

/// The verdict on a run that judges the work of another: its success is that it approves. One that has
/// moved the branch, or changed files, did not judge what is there now, and leaves it to a person.
fn of_review(
    verdict: Verdict,
    review: &ReviewSpec,
    (left_at, has_changed_files): (Option<String>, bool),
) -> Verdict {
    let changed = if left_at.is_some() && left_at != review.commit {
        Some("the branch that it was to judge")
    } else if has_changed_files {
        Some("the files that it was to judge")
    } else {
        None
    };
    match (verdict, changed) {
        (Verdict::Complete { .. }, Some(what)) => Verdict::Block {
            reason: format!(
                "the reviewer has changed {what}; look at it, then approve it or ask for changes"
            ),
        },
        (verdict, _) => of_judgement(verdict),
    }
}

/// The verdict of a run that has judged the work of another and changed nothing.
fn of_judgement(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Complete {
            result,
            outcome: Some(TaskOutcome::Failure),
        } => Verdict::RequestChanges {
            reason: result.unwrap_or_else(|| "it does not say what is to be changed".to_owned()),
        },
        Verdict::Complete { result, .. } => Verdict::Approve { note: result },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::command::AttachSupervisor;
    use domain::event::Event;
    use domain::run::Outcome;
    use domain::status::Status;
    use domain::time::{Seconds, Timestamp};
    use kernel::Clock;

    use super::super::fixture::{slot_of, work, work_by};
    use super::*;
    use crate::process;
    use crate::run::folder::End;
    use crate::run::watched::Process;

    #[tokio::test]
    async fn a_crash_that_cannot_be_written_down_at_once_is_still_a_crash_later() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        let unreadable = folder.spec_file().with_file_name("exit.json");
        fs::create_dir(&unreadable).unwrap();
        let supervisor = tokio::process::Command::new("true").spawn().unwrap();
        let (run, slot) = (claimed.run, slot_of(&claimed));
        let process = process::own_identity().unwrap();
        let attach = AttachSupervisor { run, process };
        work.tell(run, &Actor::dispatcher(), vec![attach.into()])
            .await
            .unwrap();
        work.watch(run, slot, Process::Child(supervisor)).unwrap();
        let ended = work.ends.join_next().await.unwrap().unwrap();
        work.has_ended(ended);
        work.tick(None).await.unwrap();
        assert_eq!(work.run_of(&claimed).await.outcome, None);

        fs::remove_dir(&unreadable).unwrap();
        work.leave_out_nothing().await;
        work.tick(None).await.unwrap();
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Crashed));
        assert!(work.watched.is_empty());
    }

    #[tokio::test]
    async fn a_run_whose_particulars_make_no_sense_has_failed_to_start_and_is_no_more() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        let (task, token) = (&claimed.task.id, claimed.token.as_str());
        let written = format!(r#"{{"task":"{task}","token":"{token}","argv":7}}"#);
        fs::write(folder.spec_file(), written).unwrap();
        work.tick(None).await.unwrap();
        let run = work.run_of(&claimed).await;
        assert_eq!(run.outcome, Some(Outcome::SpawnFailed));
        let error = run.error.unwrap();
        assert!(error.contains("spec.json makes no sense"), "{error}");
        assert_eq!(work.kernel.task(task).await.unwrap().task.failures, 1);
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn work_that_has_ended_waits_for_a_person_when_nobody_can_say_what_its_end_means() {
        let (_folder, mut work) = work();
        for particulars in ["", r#"{"argv":7}"#] {
            let claimed = work.claimed().await;
            let folder = work.made_folder(&claimed);
            fs::write(folder.spec_file(), particulars).unwrap();
            let exit = Exit {
                output: "all is well".to_owned(),
                ..Exit::without_output(End::Code(0))
            };
            folder.write_exit(&exit).unwrap();
            work.settle(claimed.run, Trace::Lost).await.unwrap();
            let run = work.run_of(&claimed).await;
            assert_eq!(
                (run.outcome, run.exit_code),
                (Some(Outcome::Blocked), Some(0))
            );
            let task = work.kernel.task(&claimed.task.id).await.unwrap().task;
            assert_eq!(task.status, Status::Blocked);
            let reason = task.block_reason.unwrap();
            let expected = "exited with code 0, and its lane's rules are lost: all is well";
            assert_eq!(reason, expected);
            work.clear_away_closed().await.unwrap();
            assert!(!folder.exists());
        }
    }

    #[tokio::test]
    async fn a_run_that_cannot_be_settled_because_another_program_took_its_task_is_closed() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        let exit = Exit::without_output(End::Code(3));
        folder.write_exit(&exit).unwrap();
        work.sql("UPDATE tasks SET status = 'done'");
        // It does so between our look for such tasks and this.
        work.settle(claimed.run, Trace::Vanished).await.unwrap();
        assert_eq!(work.run_of(&claimed).await.outcome, None);
        work.tick(None).await.unwrap();
        let run = work.run_of(&claimed).await;
        assert_eq!(
            (run.outcome, run.exit_code),
            (Some(Outcome::Completed), Some(3))
        );
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn what_does_not_end_holds_its_task_back_until_it_has() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let (run, task) = (claimed.run, claimed.task.id.clone());
        let folder = work.made_folder(&claimed);
        work.give_back(&claimed).await;
        let (end, ended) = tokio::sync::oneshot::channel::<bool>();
        let left = Watched::orphans(slot_of(&claimed), Trace::Lost);
        work.watch_until(run, left, async move { ended.await.unwrap_or_default() });
        work.tick(None).await.unwrap();
        assert_eq!(work.exiting_runs, [(run, slot_of(&claimed))].into());
        let runs = async |work: &Work| work.kernel.task(&task).await.unwrap().runs.len();
        assert_eq!(runs(&work).await, 1);

        end.send(false).unwrap();
        let ended = work.ends.join_next().await.unwrap().unwrap();
        work.has_ended(ended);
        work.tick(None).await.unwrap();
        assert!(!folder.exists() && work.exiting_runs.is_empty());
        assert_eq!(runs(&work).await, 2);
    }

    #[tokio::test]
    async fn a_task_is_put_off_twenty_times_and_then_given_up() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let (_folder, mut work) = work_by(clock.clone());
        let task = work.ready().await;
        while work.kernel.task(&task).await.unwrap().task.status == Status::Ready {
            let claimed = work.claimed_again(task.clone()).await;
            let refused = Exit {
                output: "too many requests".to_owned(),
                ..Exit::without_output(End::Code(75))
            };
            work.made_folder(&claimed).write_exit(&refused).unwrap();
            work.settle(claimed.run, Trace::Lost).await.unwrap();
            clock.advance(Seconds(600));
        }
        let given_up = work.kernel.task(&task).await.unwrap();
        assert_eq!(given_up.task.status, Status::Blocked);
        let deferred = |event: &&Event| event.kind == "deferred";
        assert_eq!(given_up.events.iter().filter(deferred).count(), 20);
        assert_eq!(given_up.runs.len(), 21);
        assert_eq!(given_up.task.failures, 0);
        assert_eq!(work.done.auto_blocked, [task]);
    }
}
