//! Removing what nobody needs any more: old workspaces, old logs, old events. Only when a person
//! asks for it; nothing is removed when a task is done.
//!
//! A workspace goes only when we made it and noted so on the board, when it lies where we put it,
//! when its task has been archived for long, and when nobody works in it. In doubt it stays, and the
//! report says why.

mod in_use;
mod logs;
mod mounts;
mod remove;
mod workspaces;

pub(crate) use workspaces::reason_to_keep;

use std::io;
use std::path::PathBuf;

use domain::actor::Actor;
use domain::command::{ForgetEvents, MoveWorkspaces};
use domain::id::TaskId;
use domain::time::{Seconds, Timestamp};
use kernel::Kernel;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::home::Home;
use crate::workspaces::{Repositories, lock};
use in_use::InUse;

/// The age at which things are removed.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The time that the events of finished tasks are kept.
    pub events: Seconds,
    /// The time that a log is kept after its last line.
    pub logs: Seconds,
    /// The time that the workspace of an archived task is kept.
    pub workspaces: Seconds,
}

/// Removal or a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is.
    Remove,
    /// It is only said what would be.
    DryRun,
}

/// The things removed, or that a dry run would remove.
#[derive(Debug, Default)]
pub struct Report {
    /// The workspaces.
    pub workspaces: Vec<PathBuf>,
    /// The number of events.
    pub events: usize,
    /// The logs.
    pub logs: Vec<PathBuf>,
    /// Old workspaces and logs that stay all the same.
    pub kept: Vec<Kept>,
}

/// Something that is old enough and stays.
#[derive(Debug)]
pub struct Kept {
    /// Its path.
    pub path: PathBuf,
    /// The reason.
    pub reason: Reason,
}

/// A reason to keep something.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// It is not where we put workspaces, whatever the board says.
    #[error("it is not where the workspace of its task belongs")]
    Elsewhere,
    /// Somebody replaced it by a symbolic link or a file.
    #[error("it is not a folder that we made")]
    Replaced,
    /// Somebody mounted something at it or below it, which is not ours.
    #[error("something is mounted in it")]
    Mounted,
    /// Another task has it as its workspace.
    #[error("task {0} works in it")]
    InUse(TaskId),
    /// A worker of its task may still be there.
    #[error("a run of its task has not ended")]
    RunNotEnded,
    /// Work would be lost.
    #[error("it has changes that are not committed")]
    Uncommitted,
    /// Work would be lost.
    #[error("it has commits that are on no branch; `git reflog` in it shows them")]
    OnNoBranch,
    /// Work in them could be lost.
    #[error("git is told to look away from files in it; `git ls-files -v` in it shows them")]
    Hidden,
    /// Work in it could be lost.
    #[error("the repository {} lies in it", .0.display())]
    Nested(PathBuf),
    /// Somebody wants it to stay.
    #[error("it is locked; `git worktree unlock` lets it go")]
    Locked,
    /// Work in them could be lost.
    #[error(
        "submodules are checked out in it; look through them, then remove it with \
         `git worktree remove --force`"
    )]
    Submodules,
    /// The board does not say whose worktree it is.
    #[error("nothing says which repository it belongs to")]
    NoRepository,
    /// git does not remove it.
    #[error(transparent)]
    Git(#[from] crate::workspaces::Error),
    /// The operating system does not remove it.
    #[error("it cannot be removed: {0}")]
    System(#[from] io::Error),
}

/// Removes what is older than `retention` says.
///
/// # Errors
/// Fails when the board refuses it to this actor or cannot be read. A file that cannot be removed
/// is no error; the report names it.
pub async fn collect(
    kernel: &Kernel,
    actor: &Actor,
    home: &Home,
    repositories: &Repositories,
    retention: Retention,
    mode: Mode,
) -> Result<Report, Error> {
    // What is exactly as old as asked for goes too; the moments below are the first that do not.
    let now = kernel.now() + Seconds(1);
    let mut report = Report::default();
    // First, because the board may refuse it.
    let before = now - retention.events;
    report.events = match mode {
        Mode::Remove => {
            kernel
                .execute(actor, ForgetEvents { before })
                .await?
                .answer
                .0
        }
        Mode::DryRun => kernel.forgettable_events(before).await?,
    };
    if mode == Mode::Remove {
        let to = home.workspaces().display().to_string();
        let moved = MoveWorkspaces { to };
        kernel.execute(&Actor::dispatcher(), moved).await?;
    }
    let archived_before = now - retention.workspaces;
    let folders = workspaces::Folders { home, repositories };
    workspaces::collect(kernel, folders, archived_before, mode, &mut report).await?;
    match collect_logs(kernel, home, now - retention.logs, mode).await? {
        Ok((logs, kept)) => {
            report.logs = logs;
            report.kept.extend(kept);
        }
        Err(reason) => {
            let path = home.logs();
            report.kept.push(Kept { path, reason });
        }
    }
    Ok(report)
}

/// Removes old logs. No workspace is made meanwhile, so no run begins to write to one.
async fn collect_logs(
    kernel: &Kernel,
    home: &Home,
    before: Timestamp,
    mode: Mode,
) -> Result<Result<(Vec<PathBuf>, Vec<Kept>), Reason>, Error> {
    let held = match hold(home, mode).await {
        Ok(held) => held,
        Err(reason) => return Ok(Err(reason)),
    };
    let mut busy = InUse::read(kernel, home).await?.busy;
    // Of a run that has just been claimed there may be no folder yet.
    busy.extend(kernel.open_runs().await?.into_iter().map(|run| run.task));
    let home = home.clone();
    let collect = move || {
        let collected = logs::collect(&home, before, &busy, mode);
        drop(held);
        collected
    };
    let collected = spawn_blocking(collect).await;
    let collected = collected.map_err(io::Error::from).flatten();
    Ok(collected.map_err(Reason::System))
}

/// Holds off those who make workspaces, if something is to be removed.
async fn hold(home: &Home, mode: Mode) -> Result<Option<lock::Held>, Reason> {
    if mode == Mode::DryRun {
        return Ok(None);
    }
    let home = home.clone();
    let held = spawn_blocking(move || lock::to_remove(&home)).await;
    Ok(Some(held.map_err(io::Error::from)??))
}
