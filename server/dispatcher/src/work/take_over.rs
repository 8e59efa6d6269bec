//! Runs that an earlier dispatcher of the board started.

use domain::actor::Actor;
use domain::command::Command;
use domain::run::OpenRun;

use super::{Work, blocking};
use crate::ends::Trace;
use crate::error::Error;
use crate::process;
use crate::run_folder::RunFolder;
use crate::watched::Process;

impl Work {
    /// Watches a run that an earlier dispatcher started, or settles it when it has ended.
    pub(super) async fn take_over(&mut self, open: &OpenRun) -> Result<(), Error> {
        let folder = self.folder(open.run);
        let attached = open.supervisor.clone();
        let found = blocking(move || {
            let supervisor = match attached {
                Some(supervisor) => Some(supervisor),
                None => folder.supervisor()?,
            };
            let found = supervisor.map(|supervisor| process::find(&supervisor));
            found
                .transpose()
                .map_err(Error::system("find a supervisor"))
        });
        let Some(handle) = found.await?.flatten() else {
            return self.settle(open.run, Trace::Lost).await;
        };
        self.watch(open.run, open.task.clone(), Process::adopt(handle)?)?;
        let adopt = Command::AdoptRun { run: open.run };
        self.kernel.execute(&Actor::dispatcher(), adopt).await?;
        tracing::info!(task.id = %open.task, run.id = %open.run, "took over a running worker");
        Ok(())
    }

    /// Looks through the folders of runs that were closed while no dispatcher was there: their
    /// workers may still be leaving.
    pub(super) async fn find_leftovers(&mut self) -> Result<(), Error> {
        let open = self.kernel.open_runs().await?;
        let runs = self.home.runs();
        let folders = blocking(move || RunFolder::runs_in(&runs)).await?;
        for run in folders {
            if open.iter().any(|open| open.run == run) {
                continue;
            }
            let folder = self.folder(run);
            let alive = blocking(move || {
                let (Some(spec), Some(supervisor)) = (folder.spec()?, folder.supervisor()?) else {
                    return Ok(None);
                };
                let found =
                    process::find(&supervisor).map_err(Error::system("find a supervisor"))?;
                Ok(found.map(|handle| (spec.task, handle)))
            });
            match alive.await? {
                Some((task, handle)) => self.watch(run, task, Process::adopt(handle)?)?,
                None => self.settle(run, Trace::Lost).await?,
            }
        }
        Ok(())
    }
}
