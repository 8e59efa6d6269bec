//! Workspaces of tasks that were archived long ago.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use domain::actor::Actor;
use domain::command::ForgetWorkspace;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::WorkspaceKind;
use domain::time::Timestamp;
use domain::workspace::Workspace;
use kernel::Kernel;
use tokio::task::spawn_blocking;

use super::in_use::{InUse, spellings};
use super::remove::{Found, Managed};
use super::{Kept, Mode, Reason, Report, hold, mounts};
use crate::error::Error;
use crate::home::Home;
use crate::workspaces::{Made, Repositories, Repository, forget};

/// The beginning of the names of folders that are no workspaces any more and are being removed.
const ASIDE: &str = ".removing-";

/// The folders of workspaces.
#[derive(Clone, Copy)]
pub(super) struct Folders<'a> {
    pub(super) home: &'a Home,
    pub(super) repositories: &'a Repositories,
}

/// Removes the workspaces of tasks that were archived before then.
pub(super) async fn collect(
    kernel: &Kernel,
    place: Folders<'_>,
    archived_before: Timestamp,
    mode: Mode,
    report: &mut Report,
) -> Result<(), Error> {
    if mode == Mode::Remove {
        remove_unfinished(place.home, report).await;
    }
    for workspace in kernel.removable_workspaces(archived_before).await? {
        let path = PathBuf::from(&workspace.path);
        let removed = decide(kernel, place, &workspace, archived_before, mode).await?;
        match removed {
            None | Some(Ok(Removed::Before)) => {}
            Some(Ok(Removed::Now(None))) => report.workspaces.push(path),
            Some(Ok(Removed::Now(Some(aside)))) => match aside.remove(place.home).await {
                Ok(()) => report.workspaces.push(path),
                Err(kept) => report.kept.push(kept),
            },
            Some(Err(reason)) => report.kept.push(Kept { path, reason }),
        }
    }
    Ok(())
}

enum Removed {
    /// A folder is still to be removed under its new name.
    Now(Option<Aside>),
    /// Somebody else has removed it.
    Before,
}

/// A folder that was a workspace.
struct Aside {
    managed: Managed,
    name: String,
}

impl Aside {
    async fn remove(self, home: &Home) -> Result<(), Kept> {
        let path = home.workspaces().join(&self.name);
        let removing = spawn_blocking(move || self.managed.remove_folder(&self.name, Mode::Remove));
        match removing.await.map_err(io::Error::from).flatten() {
            // Another process cleans up as well.
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(Kept {
                path,
                reason: cause.into(),
            }),
            _ => Ok(()),
        }
    }
}

/// Takes a workspace away, unless its task has been brought back since the list was read: nobody begins
/// to work in it meanwhile. `None` for one that has.
///
/// Git is asked before the lock is taken: it waits for slow disks, and for whatever a worker has left,
/// and until the lock is free no task of the board starts.
async fn decide(
    kernel: &Kernel,
    place: Folders<'_>,
    workspace: &Workspace,
    archived_before: Timestamp,
    mode: Mode,
) -> Result<Option<Result<Removed, Reason>>, Error> {
    let in_use = async || -> Result<Option<InUse>, Error> {
        let task = kernel.task_alone(&workspace.task).await?;
        if task.status != Status::Archived || task.status_since >= archived_before {
            return Ok(None);
        }
        InUse::read(kernel, place.home).await.map(Some)
    };
    let Some(before) = in_use().await? else {
        return Ok(None);
    };
    let repository = match look_through(place, workspace, before).await {
        Ok(repository) => repository,
        Err(reason) => return Ok(Some(Err(reason))),
    };
    let held = match hold(place.home, mode).await {
        Ok(held) => held,
        Err(reason) => return Ok(Some(Err(reason))),
    };
    let Some(in_use) = in_use().await? else {
        return Ok(None);
    };
    let removed = remove(place, workspace, in_use, repository, mode).await;
    if removed.is_ok() && mode == Mode::Remove {
        let path = workspace.path.clone();
        let forget = ForgetWorkspace { path };
        kernel.execute(&Actor::dispatcher(), forget).await?;
    }
    drop(held);
    Ok(Some(removed))
}

/// Removes what a run of this that was ended has left under another name.
async fn remove_unfinished(home: &Home, report: &mut Report) {
    let open = || {
        Managed::open(home.root(), &home.workspaces())
            .ok()
            .flatten()
    };
    let names = open().and_then(|managed| managed.names().ok());
    let unfinished = names.unwrap_or_default().into_iter();
    for name in unfinished.filter(|name| name.starts_with(ASIDE)) {
        if let Some(managed) = open() {
            let aside = Aside { managed, name };
            report.kept.extend(aside.remove(home).await.err());
        }
    }
}

/// Takes a workspace away that was looked through. Whoever calls it holds off those who make
/// workspaces.
async fn remove(
    place: Folders<'_>,
    workspace: &Workspace,
    in_use: InUse,
    repository: Option<Repository>,
    mode: Mode,
) -> Result<Removed, Reason> {
    let Some(managed) = find(place.home, workspace, in_use).await? else {
        return Ok(Removed::Before);
    };
    let aside = set_aside(managed, &workspace.task, mode)?;
    if let (Some(repository), Some(_)) = (repository, &aside)
        && let Err(error) = forget(&repository, Path::new(&workspace.path)).await
    {
        // As of every worktree whose folder is gone, `git worktree prune` takes it from the list.
        tracing::warn!(%error, "git has a worktree in its list that is removed");
    }
    Ok(Removed::Now(aside))
}

async fn find(
    home: &Home,
    workspace: &Workspace,
    in_use: InUse,
) -> Result<Option<Managed>, Reason> {
    let (home, ours) = (home.clone(), workspace.clone());
    let finding = spawn_blocking(move || find_folder(&home, &ours, &in_use));
    finding.await.map_err(io::Error::from)?
}

/// The folder that the workspace lies in, if it is still there and may go.
fn find_folder(
    home: &Home,
    workspace: &Workspace,
    in_use: &InUse,
) -> Result<Option<Managed>, Reason> {
    in_use.check(workspace)?;
    if !is_its_place(home, workspace) {
        let is_there = Path::new(&workspace.path).symlink_metadata().is_ok();
        return if is_there {
            Err(Reason::Elsewhere)
        } else {
            Ok(None)
        };
    }
    let Some(managed) = Managed::open(home.root(), &home.workspaces())? else {
        return Ok(None);
    };
    match managed.find(workspace.task.as_str())? {
        // Before anything is removed: what stays must not be half of it.
        Found::Folder if mounts::is_any_in(Path::new(&workspace.path))? => Err(Reason::Mounted),
        Found::Folder => Ok(Some(managed)),
        Found::Nothing => Ok(None),
        Found::File(_) | Found::Other => Err(Reason::Replaced),
    }
}

/// Returns true when the recorded path is where we put the workspace of its task. It is only
/// compared; what is removed is named by the task's id.
fn is_its_place(home: &Home, workspace: &Workspace) -> bool {
    let path = Path::new(&workspace.path);
    // The home folder may have been called by another name then.
    let root = spellings(&home.workspaces());
    let is_root = |folder: &Path| spellings(folder).iter().any(|name| root.contains(name));
    path.file_name() == Some(OsStr::new(workspace.task.as_str()))
        && path.parent().is_some_and(is_root)
}

/// Renames the folder of a task, which no other system call than that can hold up.
fn set_aside(managed: Managed, task: &TaskId, mode: Mode) -> Result<Option<Aside>, Reason> {
    if mode == Mode::DryRun {
        managed.remove_folder(task.as_str(), mode)?;
        return Ok(None);
    }
    let name = format!("{ASIDE}{task}-{}", std::process::id());
    managed.rename(task.as_str(), &name)?;
    Ok(Some(Aside { managed, name }))
}

/// Fails with the reason to keep a worktree, if there is one, and else returns its repository. Of
/// other workspaces nothing is asked.
async fn look_through(
    place: Folders<'_>,
    workspace: &Workspace,
    in_use: InUse,
) -> Result<Option<Repository>, Reason> {
    let is_there = find(place.home, workspace, in_use).await?.is_some();
    if workspace.kind != WorkspaceKind::Worktree || !is_there {
        return Ok(None);
    }
    let path = Path::new(&workspace.path);
    let repository = workspace.repository.as_deref();
    let repository = Path::new(repository.ok_or(Reason::NoRepository)?);
    let trust = place.repositories.trust(repository)?;
    let repository = Repository::open(place.home, repository, trust).await?;
    let made = Made::find(&repository, path)?;
    reason_to_keep(&made).await?;
    Ok(Some(repository))
}

/// Fails with the reason to keep a worktree, if there is one.
pub(crate) async fn reason_to_keep(made: &Made<'_>) -> Result<(), Reason> {
    let nested = made.nested_repository().await?;
    if made.is_locked() {
        return Err(Reason::Locked);
    }
    if made.has_changes().await? {
        return Err(Reason::Uncommitted);
    }
    if !made.is_on_a_branch().await? {
        return Err(Reason::OnNoBranch);
    }
    if made.has_submodules().await? {
        return Err(Reason::Submodules);
    }
    if made.has_hidden_files().await? {
        return Err(Reason::Hidden);
    }
    nested.map_or(Ok(()), |nested| Err(Reason::Nested(nested)))
}

#[cfg(test)]
mod tests;
