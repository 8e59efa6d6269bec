//! The runs that have not been settled, as their folders say: for those who are not the dispatcher,
//! and for the one that has just started.

use std::collections::BTreeMap;

use domain::dispatch::Slot;
use domain::id::RunId;
use kernel::Kernel;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::home::Home;
use crate::process::orphan_cleanup::Traces;
use crate::process::orphan_processes::is_alive;
use crate::run::folder::RunFolder;

/// The runs of which a process is there still, open ones too, and their slots. Where that cannot be
/// told, one is.
pub(crate) async fn alive(kernel: &Kernel, home: &Home) -> Result<BTreeMap<RunId, Slot>, Error> {
    let mut runs = unfinished_runs(kernel, home).await?;
    let home = home.clone();
    let keep_alive = move || {
        runs.retain(|run, _| {
            has_process(&home, &RunFolder::at(home.run_dir(*run))).unwrap_or(true)
        });
        runs
    };
    spawn_blocking(keep_alive)
        .await
        .map_err(Error::system("look for processes"))
}

/// The runs that have a folder, and their slots, where these are known.
pub(crate) async fn unfinished_runs(
    kernel: &Kernel,
    home: &Home,
) -> Result<BTreeMap<RunId, Slot>, Error> {
    let runs = home.runs();
    let folders = spawn_blocking(move || RunFolder::runs_in(&runs))
        .await
        .map_err(Error::system("look for runs"))??;
    let mut unfinished_runs = BTreeMap::new();
    for run in folders {
        let slot = slot_of(kernel, home, run).await;
        unfinished_runs.extend(slot.map(|slot| (run, slot)));
    }
    Ok(unfinished_runs)
}

/// The slot of a run. What is in its folder may make no sense, and its row may be gone.
pub(crate) async fn slot_of(kernel: &Kernel, home: &Home, run: RunId) -> Option<Slot> {
    if let Ok(row) = kernel.run(run).await {
        let (task, lane) = (row.task_id, row.lane);
        return Some(Slot { task, lane });
    }
    let folder = RunFolder::at(home.run_dir(run));
    let owner = spawn_blocking(move || folder.owner()).await.ok()?.ok()??;
    let (task, lane) = (owner.task, None);
    Some(Slot { task, lane })
}

/// Returns true while any process of the run is alive.
fn has_process(home: &Home, folder: &RunFolder) -> Result<bool, Error> {
    if let Some(supervisor) = folder.supervisor()?
        && is_alive(&supervisor).map_err(Error::system("find a supervisor"))?
    {
        return Ok(true);
    }
    let traces = traces(home, folder)?;
    let has_process = traces.map_or(Ok(false), |traces| traces.has_process());
    has_process.map_err(Error::system("look for processes"))
}

/// The marks that find the processes of a run whose supervisor did not see them end; `None` where
/// it saw the last of them end and recorded it, or nobody knows whose run it is.
pub(crate) fn traces(home: &Home, folder: &RunFolder) -> Result<Option<Traces>, Error> {
    let (None, Some(owner)) = (folder.exit()?, folder.owner()?) else {
        return Ok(None);
    };
    Ok(Some(Traces::new(&owner.token, folder.sessions()?, home)))
}
