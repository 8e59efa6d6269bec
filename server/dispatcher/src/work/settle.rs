//! The end of a run.

use domain::actor::Actor;
use domain::command::Command;
use domain::id::RunId;
use domain::time::{Seconds, Timestamp};

use super::{Work, blocking};
use crate::ends::{Trace, Verdict, verdict};
use crate::error::Error;
use crate::leftovers;
use crate::run_folder::Spec;

/// How long a task rests whose worker could not get what it needs: as in the original.
const COOLDOWN: Seconds = Seconds(300);

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
    pub(super) async fn settle(&self, run: RunId, silence: Trace) -> Result<(), Error> {
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
        if is_open {
            let trace = exit.map_or(silence, Trace::Told);
            let (actor, command) = report(run, verdict(trace), spec, self.kernel.now());
            self.close(run, &actor, command).await?;
        }
        self.clear_away(run).await
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

/// The command that says the verdict, and in whose name it is given.
fn report(run: RunId, verdict: Verdict, spec: Option<Spec>, now: Timestamp) -> (Actor, Command) {
    match (verdict, spec) {
        (Verdict::Complete { result }, Some(spec)) => {
            // In the worker's name and with its token: if the run was closed just now, this must not
            // complete the task of another run.
            let actor = Actor::worker(spec.assignee, spec.token);
            let task = spec.task;
            (actor, Command::CompleteTask { task, result })
        }
        (Verdict::Fail(failure), _) => (Actor::dispatcher(), Command::FailRun { run, failure }),
        (Verdict::Defer { reason }, _) => {
            let until = now + COOLDOWN;
            let defer = Command::DeferRun { run, until, reason };
            (Actor::dispatcher(), defer)
        }
        (Verdict::Interrupt | Verdict::Complete { .. }, _) => {
            (Actor::dispatcher(), Command::InterruptRun { run })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::run::Outcome;

    use super::super::Wake;
    use super::super::fixture::work;
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
        work.tick(Wake::ShimEnded(ended)).await.unwrap();
        assert_eq!(work.run_of(&claimed).await.outcome, None);

        fs::remove_dir(&unreadable).unwrap();
        work.tick(Wake::TimeIsUp).await.unwrap();
        let outcome = work.run_of(&claimed).await.outcome;
        assert_eq!(outcome, Some(Outcome::Crashed));
        assert!(work.watched.is_empty());
    }
}
