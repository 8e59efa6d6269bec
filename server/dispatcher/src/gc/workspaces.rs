//! Workspaces of tasks that were archived long ago.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::actor::Actor;
use domain::command::Command;
use domain::id::TaskId;
use domain::task::{Task, WorkspaceKind};
use domain::time::Timestamp;
use domain::workspace::Workspace;
use kernel::{Kernel, TaskFilter};
use tokio::task::spawn_blocking;

use super::remove::{Found, Managed};
use super::{Kept, Mode, Reason, Report, mounts};
use crate::error::Error;
use crate::home::Home;
use crate::unsettled::unsettled;
use crate::workspaces::{self, Worktree};

/// What stands against removing a workspace, beside the workspace itself.
pub(super) struct InUse {
    /// Tasks with a run whose processes may still be there.
    pub(super) busy: BTreeSet<TaskId>,
    /// The workspaces of all tasks that are not archived.
    of_live_tasks: BTreeMap<PathBuf, TaskId>,
}

impl InUse {
    /// Reads the board and the folders of runs.
    pub(super) async fn read(kernel: &Kernel, home: &Home) -> Result<Self, Error> {
        let live = kernel.tasks(TaskFilter::default()).await?;
        let unsettled = unsettled(kernel, home).await?;
        let read = move || Self {
            busy: unsettled.into_values().map(|place| place.task).collect(),
            of_live_tasks: live.iter().flat_map(workspace_of).collect(),
        };
        spawn_blocking(read)
            .await
            .map_err(Error::system("look who works"))
    }

    fn check(&self, workspace: &Workspace) -> Result<(), Reason> {
        if self.busy.contains(&workspace.task) {
            return Err(Reason::RunNotEnded);
        }
        let places = spellings(Path::new(&workspace.path));
        let is_in = |path: &Path| places.iter().any(|place| path.starts_with(place));
        match self.of_live_tasks.iter().find(|(path, _)| is_in(path)) {
            Some((_, task)) => Err(Reason::InUse(task.clone())),
            None => Ok(()),
        }
    }
}

/// The workspace of a task, under each of its names.
fn workspace_of(task: &Task) -> Vec<(PathBuf, TaskId)> {
    let path = task.workspace_path.as_deref();
    let path = path.and_then(|path| workspaces::absolute(path).ok());
    let paths = path.map_or_else(Vec::new, |path| spellings(&path));
    let named = |path| (path, task.id.clone());
    paths.into_iter().map(named).collect()
}

/// A path as it is, and without the links in it.
fn spellings(path: &Path) -> Vec<PathBuf> {
    let without_links = path.canonicalize().ok();
    std::iter::once(path.to_owned())
        .chain(without_links)
        .collect()
}

/// Removes the workspaces of tasks that were archived before then.
pub(super) async fn collect(
    kernel: &Kernel,
    home: &Home,
    archived_before: Timestamp,
    in_use: &Arc<InUse>,
    mode: Mode,
    report: &mut Report,
) -> Result<(), Error> {
    for workspace in kernel.removable_workspaces(archived_before).await? {
        let path = PathBuf::from(&workspace.path);
        let is_gone = match remove(home, &workspace, in_use, mode).await {
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

async fn remove(
    home: &Home,
    workspace: &Workspace,
    in_use: &Arc<InUse>,
    mode: Mode,
) -> Result<Removed, Reason> {
    let (home, ours, in_use) = (home.clone(), workspace.clone(), in_use.clone());
    let finding = spawn_blocking(move || find(&home, &ours, &in_use));
    let Some(managed) = finding.await.map_err(io::Error::from)?? else {
        return Ok(Removed::Before);
    };
    match workspace.kind {
        WorkspaceKind::Worktree => remove_worktree(workspace, mode).await?,
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

/// Whether the path that was noted is where we put the workspace of its task. It is only compared; what
/// is removed is named by the task's id.
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

async fn remove_worktree(workspace: &Workspace, mode: Mode) -> Result<(), Reason> {
    let path = Path::new(&workspace.path);
    let repository = workspace.repository.as_deref();
    let worktree = Worktree {
        repository: repository.ok_or(Reason::NoRepository)?.into(),
        branch: workspace.branch.clone().unwrap_or_default(),
    };
    if worktree.has_changes(path).await? {
        return Err(Reason::Uncommitted);
    }
    if !worktree.is_on_a_branch(path).await? {
        return Err(Reason::OnNoBranch);
    }
    match mode {
        Mode::Remove => Ok(worktree.remove(path).await?),
        Mode::DryRun => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use proptest::prelude::*;

    use super::*;
    use crate::workspaces::worktree_fixture::Repository;

    fn nobody() -> InUse {
        InUse {
            busy: BTreeSet::new(),
            of_live_tasks: BTreeMap::new(),
        }
    }

    fn scratch(path: &Path) -> Workspace {
        Workspace {
            path: path.display().to_string(),
            task: TaskId::from_bits(1),
            kind: WorkspaceKind::Scratch,
            repository: None,
            branch: None,
        }
    }

    async fn removed(home: &Home, workspace: &Workspace, in_use: InUse) -> Result<Removed, Reason> {
        let in_use = &Arc::new(in_use);
        let dry = remove(home, workspace, in_use, Mode::DryRun).await;
        let path = Path::new(&workspace.path);
        let was_there = path.exists();
        let removed = remove(home, workspace, in_use, Mode::Remove).await;
        assert!(
            was_there || !matches!(removed, Ok(Removed::Now)),
            "a dry run removed it"
        );
        assert_eq!(dry.is_ok(), removed.is_ok());
        removed
    }

    /// A worktree of task 1, and what the board says of it.
    async fn worktree(repository: &Repository) -> Workspace {
        let made = repository.made(Some(&repository.path), None).await;
        made.ours.unwrap()
    }

    #[tokio::test]
    async fn a_clean_worktree_goes_and_its_branch_stays() {
        let repository = Repository::new().await;
        let ours = worktree(&repository).await;
        let place = Path::new(&ours.path);
        fs::write(place.join("file"), "second").unwrap();
        repository.commit_all(place).await;
        let gone = removed(&repository.home, &ours, nobody()).await;
        assert!(matches!(gone, Ok(Removed::Now)));
        assert!(!place.exists());
        let again = worktree(&repository).await;
        assert_eq!(
            fs::read_to_string(Path::new(&again.path).join("file")).unwrap(),
            "second"
        );
    }

    #[tokio::test]
    async fn a_dirty_worktree_is_refused() {
        let repository = Repository::new().await;
        let ours = worktree(&repository).await;
        let place = Path::new(&ours.path);
        fs::write(place.join("new file"), "not committed").unwrap();
        // Whatever the repository is told to show to people.
        let hide = ["config", "status.showUntrackedFiles", "no"];
        workspaces::git(place, &hide).await.unwrap();
        let refused = removed(&repository.home, &ours, nobody()).await;
        assert!(matches!(refused, Err(Reason::Uncommitted)));
        assert!(place.join("new file").exists());
    }

    #[tokio::test]
    async fn commits_that_are_on_no_branch_are_not_lost() {
        let repository = Repository::new().await;
        let ours = worktree(&repository).await;
        let place = Path::new(&ours.path);
        workspaces::git(place, &["checkout", "--quiet", "--detach"])
            .await
            .unwrap();
        fs::write(place.join("file"), "second").unwrap();
        repository.commit_all(place).await;
        let refused = removed(&repository.home, &ours, nobody()).await;
        assert!(matches!(refused, Err(Reason::OnNoBranch)));
        assert!(place.exists());
    }

    /// Mounts are made in a namespace of their own, which not every system gives away.
    #[tokio::test]
    async fn a_worktree_in_which_something_is_mounted_stays_whole() {
        const INSIDE: &str = "DISPATCHER_TEST_MOUNTS";
        if std::env::var_os(INSIDE).is_none() {
            let apart = || {
                let mut command = std::process::Command::new("unshare");
                command.args(["--user", "--map-root-user", "--mount"]);
                command
            };
            if apart().arg("true").status().is_ok_and(|it| it.success()) {
                let name =
                    "gc::workspaces::tests::a_worktree_in_which_something_is_mounted_stays_whole";
                let this = std::env::current_exe().unwrap();
                let again = apart()
                    .arg(this)
                    .args([name, "--exact"])
                    .env(INSIDE, "yes")
                    .status();
                assert!(again.unwrap().success());
            }
            return;
        }
        let repository = Repository::new().await;
        let ours = worktree(&repository).await;
        let inner = Path::new(&ours.path).join("inner");
        fs::create_dir(&inner).unwrap();
        let mut mount = std::process::Command::new("mount");
        let mounted = mount.args(["-t", "tmpfs", "none"]).arg(&inner).status();
        assert!(mounted.unwrap().success());
        let refused = removed(&repository.home, &ours, nobody()).await;
        assert!(matches!(refused, Err(Reason::Mounted)));
        assert!(Path::new(&ours.path).join("file").exists());
        let unmounted = std::process::Command::new("umount").arg(&inner).status();
        assert!(unmounted.unwrap().success());
    }

    #[tokio::test]
    async fn a_worktree_whose_repository_is_gone_stays() {
        let repository = Repository::new().await;
        let ours = worktree(&repository).await;
        fs::rename(&repository.path, repository.path.with_file_name("moved")).unwrap();
        let refused = removed(&repository.home, &ours, nobody()).await;
        assert!(matches!(refused, Err(Reason::Git(_))));
        assert!(Path::new(&ours.path).join("file").exists());
    }

    #[tokio::test]
    async fn a_workspace_is_known_by_every_name_of_its_home() {
        let root = tempfile::tempdir().unwrap();
        let task = TaskId::from_bits(1);
        let (home, link) = (root.path().join("home"), root.path().join("link"));
        let made = Home::at(&home).unwrap().workspace(&task);
        fs::create_dir_all(&made).unwrap();
        symlink(&home, &link).unwrap();
        let gone = removed(&Home::at(&link).unwrap(), &scratch(&made), nobody()).await;
        assert!(matches!(gone, Ok(Removed::Now)) && !made.exists());
    }

    #[tokio::test]
    async fn what_another_task_works_in_stays() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        let place = home.workspace(&TaskId::from_bits(1));
        fs::create_dir_all(place.join("inner")).unwrap();
        let other = TaskId::from_bits(2);
        let in_use = InUse {
            of_live_tasks: [(place.join("inner"), other.clone())].into(),
            ..nobody()
        };
        let refused = removed(&home, &scratch(&place), in_use).await;
        assert!(matches!(refused, Err(Reason::InUse(task)) if task == other));
        let in_use = InUse {
            busy: [TaskId::from_bits(1)].into(),
            ..nobody()
        };
        let refused = removed(&home, &scratch(&place), in_use).await;
        assert!(matches!(refused, Err(Reason::RunNotEnded)));
        assert!(place.exists());
    }

    /// A thing that may lie somewhere in the home folder.
    #[derive(Clone, Debug)]
    enum Thing {
        Folder,
        File,
        LinkOutside,
        LinkToFileOutside,
        LinkToSibling,
    }

    fn any_thing() -> impl Strategy<Value = Thing> {
        prop::sample::select(vec![
            Thing::Folder,
            Thing::File,
            Thing::LinkOutside,
            Thing::LinkToFileOutside,
            Thing::LinkToSibling,
        ])
    }

    fn put(thing: &Thing, at: &Path, outside: &Path) {
        if at.parent().is_some_and(Path::is_dir) && at.symlink_metadata().is_err() {
            match thing {
                Thing::Folder => fs::create_dir(at).unwrap(),
                Thing::File => fs::write(at, "x").unwrap(),
                Thing::LinkOutside => symlink(outside, at).unwrap(),
                Thing::LinkToFileOutside => symlink(outside.join("draft"), at).unwrap(),
                Thing::LinkToSibling => symlink("t_00000002", at).unwrap(),
            }
        }
    }

    /// All paths below a folder, links not followed.
    fn all_in(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.unwrap();
            found.push(entry.path());
            if entry.file_type().unwrap().is_dir() {
                found.extend(all_in(&entry.path()));
            }
        }
        found.sort();
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn gc_never_touches_a_path_outside_its_root_or_through_a_link(
            above in any_thing(),
            things in prop::collection::vec((any_thing(), "(t_00000001|t_00000002)(/[ab]){0,3}"), 0..16),
            recorded in "(t_0000000[12]|t_00000001/a|\\.\\./\\.\\./outside|t_00000002/\\.\\./\\.\\.|)",
        ) {
            let folder = tempfile::tempdir().unwrap();
            // So deep that no number of `..` leads out of the folder, should the code be wrong.
            let root = folder.path().join("1/2/3/4/5/6");
            let home = Home::at(root.join("home")).unwrap();
            let outside = root.join("outside");
            fs::create_dir_all(outside.join("t_00000001/a")).unwrap();
            fs::write(outside.join("draft"), "mine").unwrap();
            fs::create_dir_all(home.workspaces().parent().unwrap()).unwrap();
            put(&above, &home.workspaces(), &outside);
            for (thing, path) in &things {
                // What lies behind a link is outside, and stays as it is.
                if !matches!(above, Thing::Folder) { continue; }
                let at = home.workspaces().join(path);
                if at.parent().is_some_and(|parent| parent.canonicalize().is_ok_and(|real| real.starts_with(home.workspaces().canonicalize().unwrap()))) {
                    put(thing, &at, &outside);
                }
            }
            let before = all_in(folder.path());
            let own = home.workspace(&TaskId::from_bits(1));
            let workspace = scratch(&home.workspaces().join(&recorded));
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let removed = runtime.block_on(removed(&home, &workspace, nobody()));
            let after = all_in(folder.path());
            let missing: Vec<_> = before.iter().filter(|path| !after.contains(path)).collect();
            prop_assert!(missing.iter().all(|path| path.starts_with(&own)), "{missing:?}");
            prop_assert_eq!(fs::read_to_string(outside.join("draft")).unwrap(), "mine");
            prop_assert_eq!(missing.is_empty(), !matches!(removed, Ok(Removed::Now)));
            let was_folder = before.contains(&own) && matches!(above, Thing::Folder);
            if was_folder && recorded == "t_00000001" && removed.is_ok() {
                prop_assert!(!own.exists());
            }
        }
    }
}
