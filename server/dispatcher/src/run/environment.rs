//! The environment of a worker, and of a check.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use domain::id::{RunId, RunToken};
use domain::task::Task;

use crate::config::Config;
use crate::home::Home;
use crate::lanes::Lane;

/// The facts that the environment of a process of a task tells.
pub(crate) struct Environment<'a> {
    pub(crate) home: &'a Home,
    pub(crate) config: &'a Config,
    pub(crate) lane: &'a Lane,
    pub(crate) task: &'a Task,
    /// The folder that comes first on its PATH.
    pub(crate) programs: &'a Path,
    /// The run; `None` for the check of a landing.
    pub(crate) run: Option<RunId>,
    /// Its authority: with the token of no open run it changes nothing.
    pub(crate) token: &'a RunToken,
    /// The name under which it speaks.
    pub(crate) name: Option<String>,
}

impl Environment<'_> {
    /// The variables on top of the dispatcher's own: the original's, and ours. The lane's take precedence
    /// over the dispatcher's, but not over these. `None` unsets a variable.
    pub(crate) fn variables(&self, workspace: &Path) -> BTreeMap<String, Option<String>> {
        let text = |path: PathBuf| Some(path.display().to_string());
        let task = self.task;
        let id = Some(task.id.to_string());
        let workspace = text(workspace.to_owned());
        let workspaces = text(self.home.workspaces());
        let db = text(self.home.db());
        let run = self.run.map(|run| run.to_string());
        let token = Some(self.token.as_str().to_owned());
        let lock = task.claim_lock.clone().filter(|_| self.run.is_some());
        // A tenant of the dispatcher's own environment is not the task's.
        let tenant = task.tenant.clone();
        let servers = self.config.servers.now(self.home);
        let names = [
            ("HERMES_KANBAN_TASK", id.clone()),
            ("HERMES_KANBAN_WORKSPACE", workspace.clone()),
            ("HERMES_KANBAN_WORKSPACES_ROOT", workspaces.clone()),
            ("HERMES_KANBAN_DB", db.clone()),
            ("HERMES_KANBAN_RUN_ID", run.clone()),
            ("HERMES_KANBAN_CLAIM_LOCK", lock),
            ("HERMES_PROFILE", self.name.clone()),
            ("HERMES_TENANT", tenant.clone()),
            ("KANBAN_TASK", id),
            ("KANBAN_WORKSPACE", workspace),
            ("KANBAN_WORKSPACES", workspaces),
            ("KANBAN_DB", db),
            ("KANBAN_RUN", run),
            ("KANBAN_RUN_TOKEN", token),
            ("KANBAN_TENANT", tenant),
            // The dispatcher itself may run in a worker, whose skills are another task's.
            (
                "KANBAN_SKILLS",
                Some(task.skills().join(",")).filter(|names| !names.is_empty()),
            ),
            ("KANBAN_HOME", text(self.home.root().to_owned())),
            ("KANBAN_URL", servers.url),
        ];
        let of_lane = self.lane.env.iter();
        let mut environment: BTreeMap<String, Option<String>> = of_lane
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect();
        environment.extend(names.map(|(name, value)| (name.to_owned(), value)));
        // A home folder with a colon in its path cannot be on any PATH.
        if let Some(path) = self.path() {
            environment.insert("PATH".to_owned(), Some(path));
        }
        environment
    }

    /// The PATH on which a worker finds this very program as `kanban`, before any other.
    fn path(&self) -> Option<String> {
        let of_lane = self.lane.env.get("PATH").map(OsString::from);
        let path = of_lane
            .or_else(|| std::env::var_os("PATH"))
            .unwrap_or_default();
        let folders = std::iter::once(self.programs.to_owned()).chain(std::env::split_paths(&path));
        std::env::join_paths(folders).ok()?.into_string().ok()
    }
}
