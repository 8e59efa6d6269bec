//! The end of a run.

use domain::actor::Actor;
use domain::command::Command;
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;

use super::{Work, blocking};
use crate::ends::{Trace, Verdict, verdict};
use crate::error::Error;
use crate::leftovers;
use crate::run_folder::{End, Exit, Spec};

impl Work {
    /// Settles the runs whose supervisors have ended before our eyes, and says whether that was
    /// possible for all of them. One that is not settled is still watched, so that it is tried again
    /// and not taken for one that an earlier dispatcher left.
    pub(super) async fn settle_ended(&mut self) -> bool {
        let ended = self.watched.iter().filter(|(_, one)| one.has_ended());
        let ended: Vec<RunId> = ended.map(|(run, _)| *run).collect();
        let mut all_settled = true;
        for run in ended {
            match self.settle(run, Trace::Vanished).await {
                Ok(()) => drop(self.watched.remove(&run)),
                Err(error) => {
                    tracing::error!(run.id = %run, %error, "a run was not settled");
                    all_settled = false;
                }
            }
        }
        all_settled
    }

    /// Writes the end of a run on the board, unless it was closed already, and clears its folder
    /// away. `silence` is what it means when its supervisor left no word.
    pub(super) async fn settle(&mut self, run: RunId, silence: Trace) -> Result<(), Error> {
        let folder = self.folder(run);
        let read = move || Ok((folder.spec()?, folder.exit()?, folder.complaints()));
        let (spec, exit, complaints) = blocking(read).await?;
        if !complaints.is_empty() {
            tracing::warn!(run.id = %run, complaints, "the supervisor of a run had trouble");
        }
        if let (Some(spec), None) = (&spec, &exit)
            && !leftovers::end(&spec.token).await
        {
            return Err(Error::LeftBehind(run));
        }
        let is_open = match self.kernel.run(run).await {
            Ok(row) => row.ended_at.is_none(),
            Err(kernel::Error::Refused(_)) => false,
            Err(error) => return Err(error.into()),
        };
        let record = exit.as_ref().map(|exit| record(run, exit));
        if is_open && let Some(spec) = spec {
            let verdict = verdict(exit.map_or(silence, Trace::Told), &spec.rules);
            self.report_end(run, verdict, spec).await?;
        } else if is_open {
            let interrupt = Command::InterruptRun { run };
            self.close(run, &Actor::dispatcher(), interrupt).await?;
        }
        if let Some(record) = record {
            self.close(run, &Actor::dispatcher(), record).await?;
        }
        self.clear_away(run).await
    }

    /// Tells the board the verdict on a run.
    async fn report_end(&mut self, run: RunId, verdict: Verdict, spec: Spec) -> Result<(), Error> {
        // In the worker's name and with its token: if the run was closed just now, this must not end
        // another run of the task.
        let worker = Actor::worker(spec.assignee, spec.token);
        let dispatcher = Actor::dispatcher();
        let task = spec.task;
        match verdict {
            Verdict::Complete { result } => {
                let complete = Command::CompleteTask {
                    task,
                    result,
                    summary: None,
                    metadata: None,
                };
                self.close(run, &worker, complete).await
            }
            Verdict::Block { reason } => {
                let reason = Some(reason);
                self.close(run, &worker, Command::BlockTask { task, reason })
                    .await
            }
            Verdict::Fail(failure) => {
                if failure.outcome == Outcome::Crashed {
                    self.done.crashed.push(task.clone());
                }
                let fail = Command::FailRun {
                    run,
                    failure,
                    limit: self.settings.failure_limit,
                };
                self.close(run, &dispatcher, fail).await?;
                self.note_if_blocked(task).await
            }
            Verdict::Defer { reason } => {
                let defer = Command::DeferRun { run, reason };
                self.close(run, &dispatcher, defer).await?;
                self.note_if_blocked(task).await
            }
            Verdict::Interrupt => {
                let interrupt = Command::InterruptRun { run };
                self.close(run, &dispatcher, interrupt).await
            }
        }
    }

    /// Takes note of a task that has just failed once too often.
    pub(super) async fn note_if_blocked(&mut self, task: TaskId) -> Result<(), Error> {
        if self.kernel.task(&task).await?.task.status == Status::Blocked {
            self.done.auto_blocked.push(task);
        }
        Ok(())
    }

    /// Closes a run by this command, unless it was closed already.
    pub(super) async fn close(
        &self,
        run: RunId,
        actor: &Actor,
        command: Command,
    ) -> Result<(), Error> {
        match self.kernel.execute(actor, command).await {
            Ok(_) => Ok(()),
            Err(kernel::Error::Refused(refusal)) => {
                tracing::info!(run.id = %run, %refusal, "a run was closed before it was settled");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the folder of a run that is closed, and with it the run's token.
    pub(super) async fn clear_away(&self, run: RunId) -> Result<(), Error> {
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
    }
}

/// The command that writes down how the worker itself ended, whatever became of its task.
fn record(run: RunId, exit: &Exit) -> Command {
    let code = match exit.end {
        End::Code(code) => Some(code),
        _ => None,
    };
    let log_end = exit.log_end;
    Command::RecordExit { run, code, log_end }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::event::Event;
    use domain::time::{Seconds, Timestamp};
    use kernel::Clock;

    use super::super::fixture::{work, work_by};
    use super::*;
    use crate::watched::Process;

    #[tokio::test]
    async fn a_crash_that_cannot_be_written_down_at_once_is_still_a_crash_later() {
        let (_folder, mut work) = work();
        let claimed = work.claimed().await;
        let folder = work.made_folder(&claimed);
        let unreadable = folder.spec_file().with_file_name("exit.json");
        fs::create_dir(&unreadable).unwrap();
        let supervisor = tokio::process::Command::new("true").spawn().unwrap();
        let (run, task) = (claimed.run, claimed.task.id.clone());
        work.watch(run, task, Process::Child(supervisor)).unwrap();
        let ended = work.ends.join_next().await.unwrap().unwrap();
        work.shim_ended(ended);
        work.tick(None).await.unwrap();
        assert_eq!(work.run_of(&claimed).await.outcome, None);

        fs::remove_dir(&unreadable).unwrap();
        work.tick(None).await.unwrap();
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Crashed));
        assert!(work.watched.is_empty());
    }

    #[tokio::test]
    async fn a_task_is_put_off_twenty_times_and_then_given_up() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let (_folder, mut work) = work_by(clock.clone());
        let task = work.ready().await;
        while work.kernel.task(&task).await.unwrap().task.status == Status::Ready {
            let claimed = work.claimed_again(task.clone()).await;
            let refused = Exit {
                end: End::Code(75),
                output: "too many requests".to_owned(),
                log_end: None,
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
