//! The session of a verb: the board, and the actor.

use dispatcher::Home;
use domain::actor::{Actor, Authority};
use domain::authority::Act;
use domain::command::{Command, Receipt, Verb};
use domain::dispatch::WhyNot;
use domain::error::Error;
use domain::id::{RunToken, TaskId};
use domain::task::{Task, TaskDetail};
use kernel::{Kernel, TaskFilter};
use tokio::task::spawn_blocking;

use super::usage::Senseless;
use crate::board_file;

const WHICH_TASK: &str = "which task? name one, as in t_1a2b3c4d";

/// The open board and the one who asks.
pub(super) struct Session {
    pub(super) kernel: Kernel,
    pub(super) home: Home,
    /// The name that comments and new tasks carry, unless a flag says otherwise.
    pub(super) author: String,
    /// The caller's authority; in a worker's environment, that of its run.
    authority: Authority,
    /// The chat that they speak from.
    origin: Option<String>,
    /// In a worker's environment: the task that it works on.
    own_task: Option<TaskId>,
    caller: Caller,
}

/// The kind of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Caller {
    Terminal,
    /// Somewhere else: the files of this machine and its standard input are not theirs.
    Chat,
}

impl Session {
    /// Opens the board of `home`. The environment says whether a worker asks.
    pub(super) fn open(home: Home) -> anyhow::Result<Self> {
        let kernel = board_file::open(&home)?;
        Ok(Self::of(kernel, home))
    }

    /// [`Session::open`], which makes a board wherever there is none.
    pub(super) fn open_or_make(home: Home) -> anyhow::Result<Self> {
        let kernel = board_file::open_or_make(&home)?;
        Ok(Self::of(kernel, home))
    }

    fn of(kernel: Kernel, home: Home) -> Self {
        Self {
            kernel,
            home,
            author: ["HERMES_PROFILE_NAME", "HERMES_PROFILE"]
                .into_iter()
                .find_map(variable)
                .unwrap_or_else(|| "user".to_owned()),
            authority: authority(),
            origin: None,
            own_task: ["KANBAN_TASK", "HERMES_KANBAN_TASK"]
                .into_iter()
                .find_map(variable)
                .and_then(|text| text.parse().ok()),
            caller: Caller::Terminal,
        }
    }

    /// The board that is open already, for somebody in a chat.
    pub(super) fn in_chat(kernel: Kernel, home: Home, actor: &Actor) -> Self {
        Self {
            kernel,
            home,
            author: actor.name.clone(),
            authority: actor.authority.clone(),
            origin: actor.origin.clone(),
            own_task: None,
            caller: Caller::Chat,
        }
    }

    /// Refuses what only somebody at the board's machine may do.
    pub(super) fn not_in_chat(&self, what: &str) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.caller == Caller::Terminal,
            "a chat cannot {what}; that takes a terminal on the board's machine"
        );
        Ok(())
    }

    /// The reason why the task is not running; `None` while it is. A dispatcher cannot write down
    /// on a disk that is full that it is, so what keeps the machine from starting anything is
    /// looked for here as well.
    pub(super) async fn why(&self, id: &TaskId) -> anyhow::Result<Option<WhyNot>> {
        let why = self.kernel.why(id).await?;
        if !matches!(why, Some(WhyNot::NotClaimedYet | WhyNot::DispatcherOff)) {
            return Ok(why);
        }
        let home = self.home.clone();
        let looked = spawn_blocking(move || dispatcher::look_at_machine(&home)).await?;
        let fault = looked.err().map(|error| WhyNot::MachineFault {
            problem: error.to_string(),
        });
        Ok(fault.or(why))
    }

    /// Refuses a worker the log of a task that its run does not work on.
    pub(super) async fn may_read_log(&self, task: &TaskId) -> anyhow::Result<()> {
        if let Authority::Run(token) = &self.authority {
            let run = self.kernel.run_of(token.clone()).await?;
            let own = run.ok_or(Error::StaleRun)?.open()?.task;
            anyhow::ensure!(own == *task, Error::NotForWorkers(Act::ReadLog));
        }
        Ok(())
    }

    /// Gives a command in the name of the one who asks.
    pub(super) async fn execute<V: Verb>(
        &self,
        verb: V,
    ) -> Result<Receipt<V::Answer>, kernel::Error> {
        self.execute_as(self.author.clone(), verb).await
    }

    /// Gives several commands, of which all are carried out or none.
    pub(super) async fn execute_all(
        &self,
        commands: Vec<Command>,
    ) -> Result<Vec<Receipt>, kernel::Error> {
        self.kernel.execute_all(&self.actor(), commands).await
    }

    /// The one who asks.
    pub(super) fn actor(&self) -> Actor {
        self.actor_called(self.author.clone())
    }

    fn actor_called(&self, name: String) -> Actor {
        Actor {
            name,
            authority: self.authority.clone(),
            origin: self.origin.clone(),
            request: None,
        }
    }

    /// Gives a command in another name, but for a chat, whose names are not theirs to choose. What it may
    /// do stays the same.
    pub(super) async fn execute_as<V: Verb>(
        &self,
        name: String,
        verb: V,
    ) -> Result<Receipt<V::Answer>, kernel::Error> {
        let name = match self.caller {
            Caller::Terminal => name,
            Caller::Chat => self.author.clone(),
        };
        self.kernel.execute(&self.actor_called(name), verb).await
    }

    /// The task that was named, else the worker's own.
    pub(super) fn task_or_own(&self, named: Option<&str>) -> anyhow::Result<TaskId> {
        match (named, &self.own_task) {
            (Some(text), _) => known(text),
            (None, Some(task)) => Ok(task.clone()),
            (None, None) => Err(Senseless(WHICH_TASK).into()),
        }
    }

    /// Splits words into a task and the rest. A worker may leave out the task.
    pub(super) fn split_words(&self, words: &[String]) -> anyhow::Result<(TaskId, String)> {
        let (first, rest) = match words {
            [] => (None, &[][..]),
            [first, rest @ ..] => (Some(first), rest),
        };
        match (first.map(|first| (first, first.parse())), &self.own_task) {
            (Some((_, Ok(task))), _) => Ok((task, rest.join(" "))),
            // An id that was mistyped is no text.
            (Some((text, Err(_))), own) if own.is_none() || is_like_an_id(text) => {
                known(text).map(|task| (task, rest.join(" ")))
            }
            (_, Some(task)) => Ok((task.clone(), words.join(" "))),
            (_, None) => Err(Senseless(WHICH_TASK).into()),
        }
    }

    /// Everything about a task.
    pub(super) async fn detail(&self, id: &TaskId) -> anyhow::Result<TaskDetail> {
        match self.kernel.task(id).await {
            Err(kernel::Error::Refused(Error::UnknownTask(id))) => {
                anyhow::bail!("no such task: {id}{}", self.perhaps_meant(&id).await?)
            }
            found => Ok(found?),
        }
    }

    /// The tasks whose ids begin like one that is not there: it may have been cut off when it was
    /// copied.
    async fn perhaps_meant(&self, id: &str) -> anyhow::Result<String> {
        let all = TaskFilter {
            include_archived: true,
            ..TaskFilter::default()
        };
        let tasks = self.kernel.tasks(all).await?;
        let alike = tasks.iter().map(|task| task.id.as_str());
        let alike: Vec<_> = alike.filter(|it| it.starts_with(id)).take(3).collect();
        Ok(match alike.as_slice() {
            [] => String::new(),
            alike => format!("; did you mean {}?", alike.join(" or ")),
        })
    }

    /// One task.
    pub(super) async fn task(&self, id: &TaskId) -> anyhow::Result<Task> {
        Ok(self.detail(id).await?.task)
    }
}

/// The authority of whoever started this program: the environment says whether it is a worker.
pub(super) fn authority() -> Authority {
    variable("KANBAN_RUN_TOKEN").map_or(Authority::Full, |token| {
        Authority::Run(RunToken::from_text(token))
    })
}

/// Returns true when whoever wrote this meant a task.
fn is_like_an_id(text: &str) -> bool {
    text.starts_with("t_") && !text.contains(char::is_whitespace)
}

/// Parses a task's id; a text that cannot be one names no task.
pub(super) fn known(text: &str) -> anyhow::Result<TaskId> {
    text.parse()
        .map_err(|_| anyhow::anyhow!("no such task: {text}"))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
