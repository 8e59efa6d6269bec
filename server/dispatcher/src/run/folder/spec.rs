//! The spec of a run, from the dispatcher for the supervisor.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::id::{RunId, RunToken, TaskId};
use domain::run::OpenRun;
use domain::task::Task;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::home::Home;
use crate::lanes::rules::Rules;
use crate::lanes::{Lane, Limits, OutputFormat};
use crate::workspaces::Worktree;
use crate::workspaces::tracked::Tracked;

/// The input of a supervisor. It holds the run's token, so only its owner may read the file.
///
/// A program of another version may have written it: what is added here needs a default.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    pub(crate) run: RunId,
    pub(crate) task: TaskId,
    pub(crate) assignee: String,
    pub(crate) token: RunToken,
    pub(crate) db: PathBuf,
    pub(crate) argv: Vec<String>,
    /// The worker's environment on top of the dispatcher's; `None` unsets a variable.
    pub(crate) env: BTreeMap<String, Option<String>>,
    pub(crate) workspace: PathBuf,
    /// The worktree that has to be added there before the worker can start.
    pub(crate) worktree: Option<Worktree>,
    /// The repository that the workspace is of, where git is asked about it.
    #[serde(default)]
    pub(crate) tracked: Option<Tracked>,
    pub(crate) log: PathBuf,
    /// The umask of the worker; `None` leaves it the supervisor's.
    pub(crate) umask: Option<u32>,
    #[serde(default)]
    pub(crate) limits: Limits,
    #[serde(default)]
    pub(crate) rules: Rules,
    #[serde(default)]
    pub(crate) output: OutputFormat,
    /// The check that decides whether the task is done, once the worker says that it has finished.
    #[serde(default)]
    pub(crate) check: Option<CheckSpec>,
    /// For a run that judges the work of another: that work.
    #[serde(default)]
    pub(crate) review: Option<ReviewSpec>,
}

/// The work that a run judges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReviewSpec {
    /// The run that did it.
    pub(crate) run: Option<RunId>,
    /// The commit at which its branch was when the review began.
    pub(crate) commit: Option<String>,
}

/// The check of a run. Nothing that the worker can reach changes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckSpec {
    pub(crate) argv: Vec<String>,
    /// As people know it: a script, or the words of a command.
    pub(crate) command: String,
    /// Its time limit.
    pub(crate) time: Duration,
    /// The number of red checks in a row that blocks the task, where the lane has its own.
    pub(crate) rework_limit: Option<u32>,
}

impl CheckSpec {
    /// The check of a task, else that of its lane.
    pub(crate) fn of(task: &Task, lane: &Lane) -> Option<Self> {
        let (argv, command) = match &task.check {
            Some(script) => (
                vec!["sh".to_owned(), "-c".to_owned(), script.clone()],
                script.clone(),
            ),
            None if lane.check.is_empty() => return None,
            None => (lane.check.clone(), lane.check.join(" ")),
        };
        Some(Self {
            argv,
            command,
            time: lane.check_time,
            rework_limit: lane.rework_limit,
        })
    }
}

/// The place in which a process runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) workspace: &'a Path,
    /// Its environment on top of ours; `None` unsets a variable.
    pub(crate) env: &'a BTreeMap<String, Option<String>>,
    /// Its umask; `None` leaves it ours.
    pub(crate) umask: Option<u32>,
}

impl Spec {
    /// The place of its worker.
    pub(crate) fn place(&self) -> Place<'_> {
        Place {
            workspace: &self.workspace,
            env: &self.env,
            umask: self.umask,
        }
    }

    /// The home folder of its board.
    pub(crate) fn home(&self) -> Result<Home, Error> {
        let root = self.db.parent().unwrap_or(&self.db);
        Home::at(root).map_err(Error::file("find", root))
    }
}

/// The owner of a run: the part of a [`Spec`] that every version understands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Owner {
    pub(crate) task: TaskId,
    pub(crate) token: RunToken,
}

impl Owner {
    /// The run as the board has it.
    pub(crate) fn of(open: &OpenRun) -> Self {
        Self {
            task: open.task.clone(),
            token: open.token.clone(),
        }
    }
}
