//! From a granted claim to a supervisor that runs.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::actor::Actor;
use domain::command;
use domain::command::Claimed;
use domain::run::Run;
use domain::task::Task;
use domain::workspace::Workspace;
use kernel::{Beginning, Kernel};
use tokio::process::{Child, Command};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::changes;
use crate::config::{Config, Settings};
use crate::error::Error;
use crate::home::Home;
use crate::lanes::Lane;
use crate::lanes::prompt::Prompt;
use crate::lanes::template::Filling;
use crate::run::environment::Environment;
use crate::run::folder::{CheckSpec, ReviewSpec, RunFolder, Spec};
use crate::run::proxy;
use crate::workspaces::beginning::Lineage;
use crate::workspaces::tracked::Tracked;
use crate::workspaces::{self, OfLane, Repositories, own_place};

/// The time limit of all preparations before the supervisor starts: a folder on a machine that does
/// not answer would hold up all other tasks.
const PATIENCE: Duration = Duration::from_secs(10);

/// The name of the preparation, in words.
pub(crate) const PREPARE: &str = "prepare its workspace";

/// The variables by which a service speaks with systemd, which workers have nothing to say to.
pub(crate) const OF_THE_SERVICE: [&str; 3] = ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"];

/// A supervisor that was started.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) shim: Child,
    /// The working directory of its worker.
    pub(crate) workspace: PathBuf,
}

/// Makes the workspace and the run's folder, and starts the supervisor, which starts the worker.
///
/// The program that `config` names is this one: it is executed again with the hidden verb `shim`.
pub(crate) async fn launch(
    kernel: &Kernel,
    home: &Home,
    config: &Config,
    lane: &Lane,
    settings: &Settings,
    mut claimed: Claimed,
) -> Result<Launched, Error> {
    own_place::move_in(kernel, home, &mut claimed.task).await?;
    let folder = RunFolder::at(home.run_dir(claimed.run));
    let context = if lane.command.needs_prompt_file() {
        let (repositories, task) = (&settings.repositories, &claimed.task.id);
        Some(changes::context(kernel, home, repositories, task).await?)
    } else {
        None
    };
    refuse_gone(kernel, home, &claimed.task).await?;
    let id = &claimed.task.id;
    let Beginning {
        workspace: made,
        branch,
        parents,
    } = kernel.beginning(id, home.workspace(id)).await?;
    let tip = branch.as_ref().and_then(|branch| branch.tip.clone());
    let launch = Launch {
        home: home.clone(),
        config: config.clone(),
        lane: lane.clone(),
        repositories: settings.repositories.clone(),
        made,
        lineage: Lineage { branch, parents },
        tip,
        folder: folder.clone(),
        claimed,
        context,
    };
    let worker = Actor::worker(
        launch.worker().unwrap_or_default(),
        launch.claimed.token.clone(),
    );
    let Prepared {
        workspace,
        ours,
        complaints,
    } = in_time(PREPARE, move || launch.prepare()).await??;
    if let Some(ours) = ours {
        let record = command::RecordWorkspace(ours);
        kernel.execute(&Actor::dispatcher(), record).await?;
    }
    let (stdin, stream) = proxy::pair().map_err(Error::system("make a socket"))?;
    let mut shim = Command::new(&config.program);
    // Here, because whatever the supervisor starts has its environment.
    for name in settings.secrets.names().chain(OF_THE_SERVICE) {
        shim.env_remove(name);
    }
    let shim = shim
        .arg("shim")
        .arg(folder.spec_file())
        .current_dir(home.root())
        .stdin(stdin)
        .stdout(Stdio::null())
        .stderr(complaints)
        .spawn()
        .map_err(Error::file("start", &config.program))?;
    tokio::spawn(proxy::serve(kernel.clone(), worker, stream));
    Ok(Launched { shim, workspace })
}

/// Refuses a workspace that an earlier run of the task has worked in and that is gone.
pub(crate) async fn refuse_gone(kernel: &Kernel, home: &Home, task: &Task) -> Result<(), Error> {
    if task.workspace_path.is_none() {
        return Ok(());
    }
    let (home, task) = (home.clone(), task.clone());
    let id = task.id.clone();
    let missing = in_time(PREPARE, move || workspaces::missing(&home, &task)).await?;
    if let Some(path) = missing {
        let runs = kernel.task(&id).await?.runs;
        let was_there = |run: &Run| run.workspace.as_deref().map(Path::new) == Some(path.as_path());
        if runs.iter().any(was_there) {
            return Err(workspaces::Error::Gone(path).into());
        }
    }
    Ok(())
}

/// Returns the result of a job with files, if that is in time. A job that hangs is left alone.
pub(crate) async fn in_time<T: Send + 'static>(
    verb: &'static str,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    within(PATIENCE, verb, job).await
}

async fn within<T: Send + 'static>(
    patience: Duration,
    verb: &'static str,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let done = timeout(patience, spawn_blocking(job)).await;
    done.map_err(Error::system(verb))?
        .map_err(Error::system(verb))
}

/// Everything that is known before the first file of the run is written.
struct Launch {
    home: Home,
    config: Config,
    lane: Lane,
    repositories: Repositories,
    /// The workspace of an attempt before this one, as the board has noted it.
    made: Option<Workspace>,
    lineage: Lineage,
    /// The commit at which the branch of the task was last seen.
    tip: Option<String>,
    folder: RunFolder,
    claimed: Claimed,
    /// The board's text about the task, where the worker is to read it.
    context: Option<String>,
}

/// The input of a supervisor's start.
struct Prepared {
    workspace: PathBuf,
    ours: Option<Workspace>,
    complaints: File,
}

impl Launch {
    fn prepare(mut self) -> Result<Prepared, Error> {
        // First, and nothing below makes it again: if the workspace hangs until the run has been given
        // up, and its folder removed, nothing is written any more.
        self.folder.make()?;
        // A review has none.
        let task = &self.claimed.task;
        let check = CheckSpec::of(task, &self.lane).filter(|_| task.in_review.is_none());
        self.folder.reserve_exit(check.is_some())?;
        let mut workspace = self.workspace();
        // The settings are read a moment after they were written, and the task would wait for a person.
        if let Err(workspaces::Error::NotListed(_)) = &workspace
            && let Ok(settings) = Settings::read(&self.home, &self.config)
        {
            self.repositories = settings.repositories;
            workspace = self.workspace();
        }
        let workspace = workspace?;
        let (lane, folder, task) = (&self.lane, &self.folder, &self.claimed.task);
        let worktree = workspace.worktree.map(|it| self.lineage.place(it));
        let tracked = Tracked::of(
            task,
            &workspace.path,
            worktree.as_ref(),
            self.lineage.branch.as_ref(),
            &self.repositories,
        );
        folder.link_program(&self.config.program)?;
        if lane.command.runs_task_text() {
            folder.write_script(task.body.as_deref().unwrap_or_default())?;
        }
        let prompt = Prompt {
            task: &task.id,
            workspace: &workspace.path,
            success: lane.rules.success,
            is_review: task.in_review.is_some(),
        };
        if let Some(context) = &self.context {
            folder.write_prompt(&prompt.with_context(context))?;
        }
        let argv = lane.command.fill(Filling {
            task,
            workspace: &workspace.path,
            prompt: &prompt.short(),
            prompt_file: &folder.prompt_file(),
            script: &folder.script_file(),
        });
        let environment = Environment {
            home: &self.home,
            config: &self.config,
            lane,
            task,
            programs: &folder.programs(),
            run: Some(self.claimed.run),
            token: &self.claimed.token,
            name: self.worker(),
        };
        folder.write_spec(&Spec {
            run: self.claimed.run,
            task: task.id.clone(),
            assignee: self.worker().unwrap_or_default(),
            token: self.claimed.token.clone(),
            db: self.home.db(),
            argv,
            env: environment.variables(&workspace.path),
            workspace: workspace.path.clone(),
            worktree,
            tracked,
            log: self.home.log(&task.id),
            umask: self.config.umask,
            limits: lane.limits.within(task.max_runtime),
            rules: lane.rules.clone(),
            output: lane.output,
            check,
            review: task.in_review.as_ref().map(|review| ReviewSpec {
                run: review.run,
                commit: self.tip.clone(),
            }),
        })?;
        let complaints = folder.complaints_file();
        let complaints = File::create(&complaints).map_err(Error::file("write", &complaints))?;
        Ok(Prepared {
            workspace: workspace.path,
            ours: workspace.ours,
            complaints,
        })
    }

    /// Makes the workspace where that is a folder.
    fn workspace(&self) -> Result<workspaces::Prepared, workspaces::Error> {
        let (home, task, lane) = (&self.home, &self.claimed.task, OfLane::from(&self.lane));
        workspaces::prepare(home, task, lane, &self.repositories, self.made.as_ref())
    }

    /// The name under which the worker speaks: the assignee, or the lane that judges the work of it.
    fn worker(&self) -> Option<String> {
        let task = &self.claimed.task;
        let reviewer = task.in_review.as_ref().map(|_| self.lane.name.clone());
        reviewer.or_else(|| task.assignee.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_workspace_that_hangs_is_given_up_after_a_while() {
        let (let_go, held) = mpsc::channel::<()>();
        let hangs = within(Duration::from_millis(1), PREPARE, move || held.recv());
        let error = hangs.await.unwrap_err().to_string();
        assert_eq!(error, "cannot prepare its workspace: timed out");
        drop(let_go);
        assert_eq!(in_time(PREPARE, || 7).await.unwrap(), 7);
    }
}
