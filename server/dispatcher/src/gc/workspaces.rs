//! Workspaces of tasks that were archived long ago.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::actor::Actor;
use domain::command::Command;
use domain::id::TaskId;
use domain::task::WorkspaceKind;
use domain::time::Timestamp;
use domain::workspace::Workspace;
use kernel::Kernel;
use tokio::task::spawn_blocking;

use super::in_use::{InUse, spellings};
use super::remove::{Found, Managed};
use super::{Kept, Mode, Reason, Report, mounts};
use crate::error::Error;
use crate::home::Home;
use crate::workspaces::{Made, Repositories, Repository};

/// The folders of workspaces, and those in use.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) home: &'a Home,
    pub(super) repositories: &'a Repositories,
    pub(super) in_use: &'a Arc<InUse>,
}

/// Removes the workspaces of tasks that were archived before then.
pub(super) async fn collect(
    kernel: &Kernel,
    place: Place<'_>,
    archived_before: Timestamp,
    mode: Mode,
    report: &mut Report,
) -> Result<(), Error> {
    for workspace in kernel.removable_workspaces(archived_before).await? {
        let path = PathBuf::from(&workspace.path);
        let is_gone = match remove(place, &workspace, mode).await {
            Ok(Removed::Now) => {
                report.workspaces.push(path);
                true
            }
            Ok(Removed::Before) => true,
            Err(reason) => {
                report.kept.push(Kept { path, reason });
                false
            }
        };
        if is_gone && mode == Mode::Remove {
            let path = workspace.path;
            let forget = Command::ForgetWorkspace { path };
            kernel.execute(&Actor::dispatcher(), forget).await?;
        }
    }
    Ok(())
}

enum Removed {
    Now,
    /// Somebody else has removed it.
    Before,
}

async fn remove(place: Place<'_>, workspace: &Workspace, mode: Mode) -> Result<Removed, Reason> {
    let (home, ours, in_use) = (place.home.clone(), workspace.clone(), place.in_use.clone());
    let finding = spawn_blocking(move || find(&home, &ours, &in_use));
    let Some(managed) = finding.await.map_err(io::Error::from)?? else {
        return Ok(Removed::Before);
    };
    match workspace.kind {
        WorkspaceKind::Worktree => remove_worktree(place, workspace, mode).await?,
        WorkspaceKind::Scratch | WorkspaceKind::Dir => {
            remove_folder(managed, &workspace.task, mode).await?;
        }
    }
    Ok(Removed::Now)
}

/// The folder that the workspace lies in, if it is still there and may go.
fn find(home: &Home, workspace: &Workspace, in_use: &InUse) -> Result<Option<Managed>, Reason> {
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

async fn remove_folder(managed: Managed, task: &TaskId, mode: Mode) -> Result<(), Reason> {
    if mode == Mode::DryRun {
        return Ok(());
    }
    let task = task.clone();
    let removing = spawn_blocking(move || managed.remove_folder(task.as_str()));
    Ok(removing.await.map_err(io::Error::from)??)
}

async fn remove_worktree(
    place: Place<'_>,
    workspace: &Workspace,
    mode: Mode,
) -> Result<(), Reason> {
    let path = Path::new(&workspace.path);
    let repository = workspace.repository.as_deref();
    let repository = Path::new(repository.ok_or(Reason::NoRepository)?);
    let trust = place.repositories.trust(repository)?;
    let repository = Repository::open(place.home, repository, trust).await?;
    let made = Made::find(&repository, path)?;
    if made.has_changes().await? {
        return Err(Reason::Uncommitted);
    }
    if !made.is_on_a_branch().await? {
        return Err(Reason::OnNoBranch);
    }
    if made.has_submodules().await? {
        return Err(Reason::Submodules);
    }
    match mode {
        Mode::Remove => Ok(made.remove().await?),
        Mode::DryRun => Ok(()),
    }
}

#[cfg(test)]
mod tests;
