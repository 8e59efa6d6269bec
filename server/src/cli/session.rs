//! What a verb works with: the board, and in whose name it acts.

use anyhow::Context as _;
use dispatcher::Home;
use domain::actor::Actor;
use domain::command::{Command, Receipt};
use domain::error::Error;
use domain::id::{RunToken, TaskId};
use domain::task::{Task, TaskDetail};
use kernel::Kernel;

/// The open board and the one who asks.
pub(super) struct Session {
    pub(super) kernel: Kernel,
    pub(super) home: Home,
    /// The name that comments and new tasks carry, unless a flag says otherwise.
    pub(super) author: String,
    /// In a worker's environment: the secret of its run.
    token: Option<RunToken>,
    /// In a worker's environment: the task that it works on.
    own_task: Option<TaskId>,
}

impl Session {
    /// Opens the board of `home`. The environment says whether a worker asks.
    pub(super) fn open(home: Home) -> anyhow::Result<Self> {
        crate::serve::make_private_folder(home.root())
            .with_context(|| format!("cannot make the home folder {}", home.root().display()))?;
        Ok(Self {
            kernel: Kernel::open(&home.db())?,
            home,
            author: ["HERMES_PROFILE_NAME", "HERMES_PROFILE"]
                .into_iter()
                .find_map(variable)
                .unwrap_or_else(|| "user".to_owned()),
            token: variable("KANBAN_RUN_TOKEN").map(RunToken::from_text),
            own_task: variable("KANBAN_TASK").and_then(|text| text.parse().ok()),
        })
    }

    /// Gives a command in the name of the one who asks.
    pub(super) async fn execute(&self, command: Command) -> Result<Receipt, kernel::Error> {
        self.execute_as(self.author.clone(), command).await
    }

    /// Gives a command in another name. What it may do stays the same.
    pub(super) async fn execute_as(
        &self,
        name: String,
        command: Command,
    ) -> Result<Receipt, kernel::Error> {
        let actor = match &self.token {
            Some(token) => Actor::worker(name, token.clone()),
            None => Actor::full(name),
        };
        self.kernel.execute(&actor, command).await
    }

    /// The task that was named, else the worker's own.
    pub(super) fn task_or_own(&self, named: Option<&str>) -> anyhow::Result<TaskId> {
        match (named, &self.own_task) {
            (Some(text), _) => known(text),
            (None, Some(task)) => Ok(task.clone()),
            (None, None) => anyhow::bail!("which task? name one, as in t_1a2b3c4d"),
        }
    }

    /// Splits words into a task and the rest. A worker may leave out the task.
    pub(super) fn split_words(&self, words: &[String]) -> anyhow::Result<(TaskId, String)> {
        let (first, rest) = words
            .split_first()
            .context("which task? name one, as in t_1a2b3c4d")?;
        match (first.parse(), &self.own_task) {
            (Ok(task), _) => Ok((task, rest.join(" "))),
            (Err(_), Some(task)) => Ok((task.clone(), words.join(" "))),
            (Err(_), None) => known(first).map(|task| (task, rest.join(" "))),
        }
    }

    /// Everything about a task.
    pub(super) async fn detail(&self, id: &TaskId) -> anyhow::Result<TaskDetail> {
        match self.kernel.task(id).await {
            Err(kernel::Error::Refused(Error::UnknownTask(id))) => {
                anyhow::bail!("no such task: {id}")
            }
            found => Ok(found?),
        }
    }

    /// One task.
    pub(super) async fn task(&self, id: &TaskId) -> anyhow::Result<Task> {
        Ok(self.detail(id).await?.task)
    }
}

/// What cannot be an id names no task.
pub(super) fn known(text: &str) -> anyhow::Result<TaskId> {
    text.parse()
        .map_err(|_| anyhow::anyhow!("no such task: {text}"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
