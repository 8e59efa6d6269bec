//! Tasks that somebody takes to work on them, without a lane.

use std::path::PathBuf;

use domain::actor::Actor;
use domain::command::Claimed;
use domain::command::{ClaimPolicy, InterruptRun, PlaceRun, RecordBranch, RecordWorkspace};
use kernel::Kernel;

use crate::config::{Config, Settings};
use crate::error::Error;
use crate::home::Home;
use crate::run::launch::{PREPARE, in_time, refuse_gone};
use crate::run::unfinished_runs::alive;
use crate::workspaces::beginning::Lineage;
use crate::workspaces::{self, OfLane, Prepared, own_place};

/// The claim policy of a manual claim, through whichever door: the task's previous worker has to be
/// gone. A manual claim takes no slot, so no cap applies.
///
/// # Errors
/// Fails when the board or the folder of runs cannot be read.
pub async fn manual_claim(kernel: &Kernel, home: &Home) -> Result<ClaimPolicy, Error> {
    Ok(ClaimPolicy {
        unfinished_runs: alive(kernel, home).await?,
        ..ClaimPolicy::default()
    })
}

/// Makes the workspace of a task that was claimed by hand, as for a worker, and returns its path.
/// The claim is released where that fails.
///
/// # Errors
/// Fails when `kanban.toml` cannot be used, or the workspace cannot be had.
pub async fn move_in(
    kernel: &Kernel,
    home: &Home,
    config: Config,
    claimed: &Claimed,
) -> Result<PathBuf, Error> {
    let made = make_workspace(kernel, home, config, claimed).await;
    if made.is_err() {
        let give_back = InterruptRun {
            run: claimed.run,
            error: None,
        };
        if let Err(error) = kernel.execute(&Actor::dispatcher(), give_back).await {
            tracing::warn!(run.id = %claimed.run, %error, "a claim ends with its lease only");
        }
    }
    made
}

async fn make_workspace(
    kernel: &Kernel,
    home: &Home,
    config: Config,
    claimed: &Claimed,
) -> Result<PathBuf, Error> {
    let mut task = claimed.task.clone();
    own_place::move_in(kernel, home, &mut task).await?;
    let begun = kernel.beginning(&task.id, home.workspace(&task.id)).await?;
    let (made, lineage) = (
        begun.workspace,
        Lineage {
            branch: begun.branch,
            parents: begun.parents,
        },
    );
    refuse_gone(kernel, home, &task).await?;
    let of_home = home.clone();
    let prepare = move || {
        let home = of_home;
        let settings = Settings::read(&home, &config)?;
        let assignee = task.assignee.as_deref();
        let lane = assignee.and_then(|name| settings.lanes().of(name));
        let of_lane = lane.map_or_else(OfLane::default, OfLane::from);
        let (repositories, made) = (settings.repositories(), made.as_ref());
        let prepared = workspaces::prepare(&home, &task, of_lane, repositories, made)?;
        Ok::<_, Error>(prepared)
    };
    let Prepared {
        path,
        worktree,
        ours,
    } = in_time(PREPARE, prepare).await??;
    if let Some(ours) = ours {
        let record = RecordWorkspace(ours);
        kernel.execute(&Actor::dispatcher(), record).await?;
    }
    if let Some(worktree) = worktree {
        let worktree = in_time(PREPARE, move || lineage.place(worktree)).await?;
        let beginning = worktree.begin(home, &claimed.token).await?;
        let record = RecordBranch {
            run: claimed.run,
            branch: beginning.branch.clone(),
        };
        kernel.execute(&Actor::dispatcher(), record).await?;
        beginning.add(&path, &claimed.token).await?;
    }
    let place = PlaceRun {
        run: claimed.run,
        workspace: path.display().to_string(),
    };
    kernel.execute(&Actor::dispatcher(), place).await?;
    Ok(path)
}
