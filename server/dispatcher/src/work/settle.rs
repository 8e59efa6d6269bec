//! The end of a run.

use domain::actor::Actor;
use domain::command::Command;
use domain::id::RunId;

use super::{Work, blocking};
use crate::ends::{Trace, Verdict, verdict};
use crate::error::Error;
use crate::leftovers;
use crate::run_folder::Spec;

impl Work {
    /// Writes the end of a run on the board, unless it was closed already, and clears its folder
    /// away. `silence` is what it means when its supervisor left no word.
    pub(super) async fn settle(&mut self, run: RunId, silence: Trace) -> Result<(), Error> {
        let folder = self.folder(run);
        let read = move || Ok((folder.spec()?, folder.exit()?, folder.complaints()));
        let (spec, exit, complaints) = blocking(read).await?;
        if !complaints.is_empty() {
            tracing::warn!(run.id = %run, complaints, "the supervisor of a run had trouble");
        }
        if let (Some(spec), None) = (&spec, &exit) {
            leftovers::end(&spec.token).await;
        }
        let is_open = match self.kernel.run(run).await {
            Ok(row) => row.ended_at.is_none(),
            Err(kernel::Error::Refused(_)) => false,
            Err(error) => return Err(error.into()),
        };
        if is_open {
            let trace = exit.map_or(silence, Trace::Told);
            let (actor, command) = report(run, verdict(trace), spec);
            match self.kernel.execute(&actor, command).await {
                Ok(_) => {}
                Err(kernel::Error::Refused(refusal)) => {
                    tracing::info!(run.id = %run, %refusal, "a run was closed before it was settled");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
    }
}

/// The command that says the verdict, and in whose name it is given.
fn report(run: RunId, verdict: Verdict, spec: Option<Spec>) -> (Actor, Command) {
    match (verdict, spec) {
        (Verdict::Complete { result }, Some(spec)) => {
            // In the worker's name and with its token: if the run was closed just now, this must not
            // complete the task of another run.
            let actor = Actor::worker(spec.assignee, spec.token);
            let task = spec.task;
            (actor, Command::CompleteTask { task, result })
        }
        (Verdict::Fail(failure), _) => (Actor::dispatcher(), Command::FailRun { run, failure }),
        (Verdict::Interrupt | Verdict::Complete { .. }, _) => {
            (Actor::dispatcher(), Command::InterruptRun { run })
        }
    }
}
