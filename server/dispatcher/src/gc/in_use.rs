//! The workspaces in use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use domain::id::TaskId;
use domain::task::Task;
use domain::workspace::Workspace;
use kernel::{Kernel, TaskFilter};

use super::Reason;
use crate::error::Error;
use crate::home::Home;
use crate::run::launch::in_time;
use crate::run::unfinished_runs::unfinished_runs;
use crate::workspaces;

/// The tasks and workspaces that bar removal.
#[derive(Clone)]
pub(super) struct InUse {
    /// Tasks with a run whose processes may still be there.
    pub(super) busy: BTreeSet<TaskId>,
    /// The workspaces of all tasks that are not archived.
    pub(super) of_live_tasks: BTreeMap<PathBuf, TaskId>,
}

impl InUse {
    /// Reads the board and the folders of runs.
    pub(super) async fn read(kernel: &Kernel, home: &Home) -> Result<Self, Error> {
        let live = kernel.tasks(TaskFilter::default()).await?;
        let unfinished_runs = unfinished_runs(kernel, home).await?;
        let read = move || Self {
            busy: unfinished_runs
                .into_values()
                .map(|place| place.task)
                .collect(),
            of_live_tasks: live.iter().flat_map(workspace_of).collect(),
        };
        // A workspace may lie on a machine that does not answer.
        in_time("look who works", read).await
    }

    /// Fails with the reason to keep this one, if there is one.
    pub(super) fn check(&self, workspace: &Workspace) -> Result<(), Reason> {
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
pub(super) fn spellings(path: &Path) -> Vec<PathBuf> {
    let without_links = path.canonicalize().ok();
    std::iter::once(path.to_owned())
        .chain(without_links)
        .collect()
}
