//! From a granted claim to a supervisor that runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use domain::run::Claimed;
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;

use crate::dispatcher::Config;
use crate::error::Error;
use crate::home::Home;
use crate::lanes::Lane;
use crate::run_folder::{RunFolder, Spec};
use crate::workspaces;

/// Makes the workspace and the run's folder, and starts the supervisor, which starts the worker.
///
/// The program that `config` names is this one: it is executed again with the hidden verb `shim`.
pub(crate) async fn launch(
    home: &Home,
    config: &Config,
    lane: &Lane,
    claimed: Claimed,
) -> Result<Child, Error> {
    let folder = RunFolder::at(home.run_dir(claimed.run));
    let (home_now, lane, folder_now) = (home.clone(), lane.clone(), folder.clone());
    let umask = config.umask;
    let complaints =
        spawn_blocking(move || prepare(&home_now, &lane, umask, &claimed, &folder_now))
            .await
            .map_err(Error::system("prepare a run"))??;
    Command::new(&config.program)
        .arg("shim")
        .arg(folder.spec_file())
        .current_dir(home.root())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(complaints)
        .spawn()
        .map_err(Error::file("start", &config.program))
}

fn prepare(
    home: &Home,
    lane: &Lane,
    umask: Option<u32>,
    claimed: &Claimed,
    folder: &RunFolder,
) -> Result<File, Error> {
    let workspace = workspaces::prepare(home, &claimed.task)?;
    folder.make()?;
    folder.write_script(claimed.task.body.as_deref().unwrap_or_default())?;
    folder.write_spec(&Spec {
        run: claimed.run,
        task: claimed.task.id.clone(),
        assignee: claimed.task.assignee.clone().unwrap_or_default(),
        token: claimed.token.clone(),
        db: home.db(),
        argv: lane.argv_for(&folder.script_file()),
        env: environment(home, claimed, &workspace),
        log: home.log(&claimed.task.id),
        workspace,
        umask,
    })?;
    let complaints = folder.complaints_file();
    File::create(&complaints).map_err(Error::file("write", &complaints))
}

/// What a worker is told by its environment: the original's names, and ours beside them.
fn environment(
    home: &Home,
    claimed: &Claimed,
    workspace: &Path,
) -> BTreeMap<String, Option<String>> {
    let text = |path: PathBuf| Some(path.display().to_string());
    let task = Some(claimed.task.id.to_string());
    let workspace = text(workspace.to_owned());
    let workspaces = text(home.workspaces());
    let db = text(home.db());
    let run = Some(claimed.run.to_string());
    // A tenant of the dispatcher's own environment is not the task's.
    let tenant = claimed.task.tenant.clone();
    let names = [
        ("HERMES_KANBAN_TASK", task.clone()),
        ("HERMES_KANBAN_WORKSPACE", workspace.clone()),
        ("HERMES_KANBAN_WORKSPACES_ROOT", workspaces.clone()),
        ("HERMES_KANBAN_DB", db.clone()),
        ("HERMES_KANBAN_RUN_ID", run.clone()),
        ("HERMES_KANBAN_CLAIM_LOCK", claimed.task.claim_lock.clone()),
        // The name under which the worker speaks.
        ("HERMES_PROFILE", claimed.task.assignee.clone()),
        ("HERMES_TENANT", tenant.clone()),
        ("KANBAN_TASK", task),
        ("KANBAN_WORKSPACE", workspace),
        ("KANBAN_WORKSPACES", workspaces),
        ("KANBAN_DB", db),
        ("KANBAN_RUN", run),
        ("KANBAN_RUN_TOKEN", Some(claimed.token.as_str().to_owned())),
        ("KANBAN_TENANT", tenant),
        ("KANBAN_HOME", text(home.root().to_owned())),
    ];
    names
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
