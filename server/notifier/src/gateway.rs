//! People in chats speak to the board: `/kanban …` is a command, and a reply to the question of a
//! blocked task is its answer.

mod line;

use std::sync::Arc;

use dispatcher::Home;
use domain::actor::Actor;
use domain::command::{
    Audit, Change, CommentOnTask, RequestChanges, Subscribe, TakeMessage, UnblockTask,
};
use domain::id::TaskId;
use domain::notify::Address;
use domain::status::Status;
use futures::future::BoxFuture;
use kernel::Kernel;

use self::line::{is_command, straight};
use super::guests::{Guests, Strangers, name};
use super::message::Press;
use super::notifier;

/// The answer to strangers.
const REFUSAL: &str = "Sorry, I do not know you. Whoever runs this board can let you in:";

/// The confirmation where a task was made.
const SUBSCRIBED: &str = "This chat is subscribed: it is told when the task completes or blocks.";

/// A message that came in.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Its sender, and the chat.
    pub(super) from: Address,
    /// The platform's id of it; the same when it is sent again.
    pub(super) key: String,
    /// Its text.
    pub(super) text: String,
    /// Its subject.
    pub(super) about: About,
}

/// The subject of a message.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// Anything; the text tells.
    Anything,
    /// The notice in the message with this number, to which it is a reply.
    Message(String),
    /// The question of this task, which is answered.
    Question(TaskId),
}

/// Carries out a line such as `/kanban create "fix the door"` in the name of an actor.
pub type RunLine = fn(Kernel, Home, Actor, String) -> BoxFuture<'static, Answer>;

/// The answer to a line from a chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The reply, never empty.
    pub text: String,
    /// The task that the line created, or found under its key.
    pub created: Option<TaskId>,
}

/// The board that the chats of one process speak to.
#[derive(Clone)]
pub struct Host {
    pub(super) kernel: Kernel,
    pub(super) home: Home,
    run_line: RunLine,
    /// They stay refused when `kanban.toml` is read again.
    pub(super) strangers: Arc<Strangers>,
}

impl Host {
    /// Names the board, its home folder, and what understands a line: the command line is a door of
    /// its own.
    pub fn new(kernel: Kernel, home: Home, run_line: RunLine) -> Self {
        Self {
            kernel,
            home,
            run_line,
            strangers: Arc::default(),
        }
    }
}

/// The board, for people in the chats of one platform.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) host: Host,
    pub(super) guests: Guests,
}

impl Gateway {
    /// Does what a message asks for, and returns the reply. A message that is not meant for the
    /// board, or came before, gets none.
    ///
    /// A message is noted before it is acted upon: one that a killed process was acting upon is not
    /// done twice, and whoever wrote it sees that there is no reply.
    pub(super) async fn hear(&self, heard: &Heard) -> Option<String> {
        self.try_hear(heard).await.unwrap_or_else(|error| {
            tracing::warn!(%error, platform = heard.from.platform, "a message was not taken");
            Some(format!("kanban: {error}"))
        })
    }

    /// Returns true when this sender is let in.
    pub(super) fn lets_in(&self, from: &Address) -> bool {
        self.guests.actor(from).is_some()
    }

    /// Refuses a stranger politely, once a day. Nothing else that strangers write leaves a trace.
    pub(super) async fn refuse(&self, from: &Address) -> Option<String> {
        self.try_refuse(from).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "a stranger could not be written down");
            None
        })
    }

    async fn try_hear(&self, heard: &Heard) -> Result<Option<String>, kernel::Error> {
        let is_command = match heard.about {
            About::Anything | About::Message(_) => is_command(&heard.text),
            About::Question(_) => false,
        };
        if !is_command && matches!(heard.about, About::Anything) {
            return Ok(None);
        }
        let actor = self.guests.actor(&heard.from);
        if actor.is_none() && self.day_to_refuse(&heard.from).is_none() {
            return Ok(None);
        }
        let question = self.question(heard).await?;
        if !is_command && question.is_none() {
            return Ok(None);
        }
        let Some(actor) = actor else {
            return self.try_refuse(&heard.from).await;
        };
        if !self.is_new(&heard.from.platform, &heard.key).await? {
            return Ok(None);
        }
        match question {
            Some(task) if !is_command => self.answer(&actor, task, &heard.text).await.map(Some),
            _ => self.command(&actor, heard).await.map(Some),
        }
    }

    /// The task whose question is answered.
    async fn question(&self, heard: &Heard) -> Result<Option<TaskId>, kernel::Error> {
        let receipt = match &heard.about {
            About::Anything => return Ok(None),
            About::Question(task) => return Ok(Some(task.clone())),
            About::Message(receipt) => receipt.clone(),
        };
        let told = self
            .host
            .kernel
            .told_by(heard.from.clone(), receipt)
            .await?;
        Ok(match told.as_slice() {
            [only] if Press::below(&only.notice.kind).is_some() => {
                Some(only.notice.task_id.clone())
            }
            _ => None,
        })
    }

    /// Returns true when this comes for the first time, and marks it as seen.
    async fn is_new(&self, platform: &str, key: &str) -> Result<bool, kernel::Error> {
        let take = TakeMessage {
            platform: platform.to_owned(),
            message: key.to_owned(),
        };
        let receipt = self.host.kernel.execute(&notifier(), take).await?;
        Ok(receipt.answer == Change::Done)
    }

    fn day_to_refuse(&self, from: &Address) -> Option<i64> {
        let Host {
            kernel, strangers, ..
        } = &self.host;
        strangers.day_to_refuse(kernel.now(), from)
    }

    async fn try_refuse(&self, from: &Address) -> Result<Option<String>, kernel::Error> {
        let Some(day) = self.day_to_refuse(from) else {
            return Ok(None);
        };
        self.host.strangers.refused(from);
        let (platform, chat, name) = (&from.platform, &from.chat_id, name(from));
        // A process before this one may have refused them.
        let key = format!("refused:{day}:{chat}:{name}");
        if !self.is_new(platform, &key).await? {
            return Ok(None);
        }
        let action = "refuse a stranger in a chat".to_owned();
        let stranger = Actor::full(name).from_origin(format!("{platform}:{chat}"));
        let audit = Audit { action };
        self.host.kernel.execute(&stranger, audit).await?;
        let user = from.user_id.as_deref().unwrap_or("?");
        Ok(Some(format!(
            "{REFUSAL} on {platform} you are {user}, and this chat is {chat}."
        )))
    }

    /// A comment with the answer, and the task goes on: both or neither. Of work that waits for a verdict
    /// it is what is to be changed.
    async fn answer(
        &self,
        actor: &Actor,
        task: TaskId,
        text: &str,
    ) -> Result<String, kernel::Error> {
        let answered = format!("Thank you, {task} goes on.");
        if self.host.kernel.task_alone(&task).await?.status == Status::Review {
            let request = RequestChanges {
                task,
                reason: text.to_owned(),
                run: None,
                commit: None,
            };
            self.host.kernel.execute(actor, request).await?;
            return Ok(answered);
        }
        let body = text.to_owned();
        let commands = vec![
            CommentOnTask {
                task: task.clone(),
                body,
            }
            .into(),
            UnblockTask { task }.into(),
        ];
        self.host.kernel.execute_all(actor, commands).await?;
        Ok(answered)
    }

    async fn command(&self, actor: &Actor, heard: &Heard) -> Result<String, kernel::Error> {
        let line = straight(&heard.text);
        let Host {
            kernel,
            home,
            run_line,
            ..
        } = &self.host;
        let Answer { text, created } =
            run_line(kernel.clone(), home.clone(), actor.clone(), line).await;
        let Some(task) = created else {
            return Ok(text);
        };
        let to = heard.from.clone();
        let subscribe = Subscribe { task, to };
        kernel.execute(actor, subscribe).await?;
        Ok(format!("{text}\n{SUBSCRIBED}"))
    }
}

#[cfg(test)]
pub(crate) mod tests;
