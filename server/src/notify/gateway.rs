//! People in chats speak to the board: `/kanban …` is a command, and a reply to the question of a
//! blocked task is its answer.

use std::sync::Arc;

use dispatcher::Home;
use domain::actor::Actor;
use domain::command::{Answer, Command};
use domain::id::TaskId;
use domain::notify::Address;
use kernel::Kernel;

use super::guests::{Guests, Strangers, name};
use super::notifier;
use crate::cli::run_slash;

/// What is said to who may not speak to the board.
const REFUSAL: &str = "Sorry, I do not know you. Whoever runs this board can let you in:";

/// What is said where a task was made.
const SUBSCRIBED: &str = "This chat is subscribed: it is told when the task completes or blocks.";

/// A message that came in.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Where, and by whom.
    pub(super) from: Address,
    /// What the platform calls it; the same when it is sent again.
    pub(super) key: String,
    /// What it says.
    pub(super) text: String,
    /// What it says that about.
    pub(super) about: About,
}

/// What somebody speaks of.
#[derive(Clone, Debug)]
pub(super) enum About {
    /// Whatever the text says.
    Anything,
    /// What was told by the message with this number, to which it is a reply.
    Message(String),
    /// The question of this task, which is answered.
    Question(TaskId),
}

/// What the gateways of one process share.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) kernel: Kernel,
    pub(super) home: Home,
    /// They stay refused when `kanban.toml` is read again.
    pub(super) strangers: Arc<Strangers>,
}

/// The board, for people in the chats of one platform.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) host: Host,
    pub(super) guests: Guests,
}

impl Gateway {
    /// Does what a message asks for, and says what to reply. What is not meant for the board, or came
    /// before, is not replied to.
    ///
    /// A message is noted before it is acted upon: one that a killed process was acting upon is not
    /// done twice, and whoever wrote it sees that there is no reply.
    pub(super) async fn hear(&self, heard: &Heard) -> Option<String> {
        self.try_hear(heard).await.unwrap_or_else(|error| {
            tracing::warn!(%error, platform = heard.from.platform, "a message was not taken");
            Some(format!("kanban: {error}"))
        })
    }

    /// Whether they are let in who write from there.
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
            [only] if only.notice.kind == "blocked" => Some(only.notice.task_id.clone()),
            _ => None,
        })
    }

    /// Whether this comes for the first time; from now on it does not.
    async fn is_new(&self, platform: &str, key: &str) -> Result<bool, kernel::Error> {
        let take = Command::TakeMessage {
            platform: platform.to_owned(),
            message: key.to_owned(),
        };
        let receipt = self.host.kernel.execute(&notifier(), take).await?;
        Ok(!matches!(receipt.answer, Answer::Unchanged))
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
        let audit = Command::Audit { action };
        self.host.kernel.execute(&stranger, audit).await?;
        let user = from.user_id.as_deref().unwrap_or("?");
        Ok(Some(format!(
            "{REFUSAL} on {platform} you are {user}, and this chat is {chat}."
        )))
    }

    /// A comment with the answer, and the task goes on: both or neither.
    async fn answer(
        &self,
        actor: &Actor,
        task: TaskId,
        text: &str,
    ) -> Result<String, kernel::Error> {
        let answered = format!("Thank you, {task} goes on.");
        let body = text.to_owned();
        let commands = vec![
            Command::CommentOnTask {
                task: task.clone(),
                body,
            },
            Command::UnblockTask { task },
        ];
        self.host.kernel.execute_all(actor, commands).await?;
        Ok(answered)
    }

    async fn command(&self, actor: &Actor, heard: &Heard) -> Result<String, kernel::Error> {
        let line = straight(&heard.text);
        let Host { kernel, home, .. } = &self.host;
        let answer = run_slash(kernel, home, actor, &line).await;
        let Some(task) = created(&line, &answer) else {
            return Ok(answer);
        };
        let to = heard.from.clone();
        let subscribe = Command::Subscribe { task, to };
        kernel.execute(actor, subscribe).await?;
        Ok(format!("{answer}\n{SUBSCRIBED}"))
    }
}

fn is_command(text: &str) -> bool {
    let first = text.split_whitespace().next();
    matches!(first, Some("/kanban" | "kanban"))
}

/// Phones write quotation marks and dashes that a command line does not know. An apostrophe, and a
/// dash that begins no flag, stay as they are.
fn straight(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.strip_prefix('—') {
        Some(flag) if flag.starts_with(char::is_alphabetic) => format!("--{flag}"),
        _ => word.to_owned(),
    });
    let text = words.collect::<Vec<_>>().join(" ");
    let text = text.replace(['“', '”', '„'], "\"");
    if text.contains('‘') {
        text.replace(['‘', '’'], "'")
    } else {
        text
    }
}

/// The task that a line has made, whether the answer is for people or JSON.
fn created(line: &str, answer: &str) -> Option<TaskId> {
    if line.split_whitespace().nth(1) != Some("create") {
        return None;
    }
    let first = answer.lines().next()?;
    let named = ["Created ", "Found "]
        .into_iter()
        .find_map(|verb| first.strip_prefix(verb));
    if let Some(rest) = named {
        return rest.split_whitespace().next()?.parse().ok();
    }
    let task: serde_json::Value = serde_json::from_str(answer).ok()?;
    task.get("id")?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use domain::command::NewTask;
    use domain::status::Status;
    use tempfile::TempDir;

    use super::*;

    struct Chat {
        gateway: Gateway,
        _folder: TempDir,
    }

    impl Chat {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let home = Home::at(folder.path()).unwrap();
            let set = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
            let gateway = Gateway {
                host: Host {
                    kernel: Kernel::open(&home.db()).unwrap(),
                    home,
                    strangers: Arc::default(),
                },
                guests: Guests {
                    users: set(&["guest"]),
                    chats: set(&["-100"]),
                    trusted: set(&["ada"]),
                },
            };
            Self {
                gateway,
                _folder: folder,
            }
        }

        async fn hear(&self, user: &str, chat: &str, text: &str) -> Option<String> {
            self.reply(user, chat, text, None).await
        }

        async fn reply(
            &self,
            user: &str,
            chat: &str,
            text: &str,
            replies_to: Option<&str>,
        ) -> Option<String> {
            let heard = Heard {
                from: heard_from(user, chat),
                key: format!("{user} {chat} {text}"),
                text: text.to_owned(),
                about: replies_to.map_or(About::Anything, |to| About::Message(to.to_owned())),
            };
            self.gateway.hear(&heard).await
        }

        async fn only_task(&self) -> domain::task::Task {
            let tasks = self
                .gateway
                .host
                .kernel
                .tasks(kernel::TaskFilter::default())
                .await
                .unwrap();
            assert_eq!(tasks.len(), 1);
            tasks.into_iter().next().unwrap()
        }
    }

    fn heard_from(user: &str, chat: &str) -> Address {
        Address {
            platform: "telegram".to_owned(),
            chat_id: chat.to_owned(),
            thread_id: "5".to_owned(),
            user_id: Some(user.to_owned()),
        }
    }

    #[test]
    fn what_a_phone_makes_of_a_line_is_understood() {
        assert_eq!(
            straight("/kanban create “a — b” —assignee ada"),
            "/kanban create \"a — b\" --assignee ada"
        );
        assert_eq!(straight("create ‘a b’"), "create 'a b'");
        assert_eq!(straight("comment t_1 don’t"), "comment t_1 don’t");
    }

    #[tokio::test]
    async fn creating_a_task_subscribes_the_thread_also_with_json() {
        for flag in ["", " --json"] {
            let chat = Chat::new();
            let line = format!("/kanban create “fix the door”{flag}");
            let reply = chat.hear("ada", "7", &line).await.unwrap();
            assert!(reply.ends_with(SUBSCRIBED), "{reply}");
            let task = chat.only_task().await;
            assert_eq!(
                (task.title.as_str(), task.status),
                ("fix the door", Status::Ready)
            );
            assert_eq!(task.created_by.as_deref(), Some("telegram:ada"));
            let told = chat
                .gateway
                .host
                .kernel
                .subscriptions(Some(task.id))
                .await
                .unwrap();
            assert_eq!(
                (told[0].to.chat_id.as_str(), told[0].to.thread_id.as_str()),
                ("7", "5")
            );
        }
    }

    #[tokio::test]
    async fn what_a_guest_suggests_waits_in_triage() {
        let chat = Chat::new();
        chat.hear("guest", "7", "/kanban create suggestion")
            .await
            .unwrap();
        assert_eq!(chat.only_task().await.status, Status::Triage);
        let refused = chat.hear("guest", "7", "/kanban pause").await.unwrap();
        assert!(
            refused.contains("only somebody whom kanban.toml trusts"),
            "{refused}"
        );
    }

    #[tokio::test]
    async fn a_stranger_is_refused_politely_and_written_down() {
        let chat = Chat::new();
        let reply = chat
            .hear("eve", "7", "/kanban create trouble")
            .await
            .unwrap();
        assert_eq!(
            reply,
            format!("{REFUSAL} on telegram you are eve, and this chat is 7.")
        );
        let kernel = &chat.gateway.host.kernel;
        assert_eq!(
            kernel.tasks(kernel::TaskFilter::default()).await.unwrap(),
            []
        );
        let audit = kernel.audit(1).await.unwrap().remove(0);
        assert_eq!(audit.actor, "telegram:eve");
        assert_eq!(audit.origin.as_deref(), Some("telegram:7"));
        // That was it for today, for this process and the next, and what they write leaves no trace.
        let written = kernel.audit(9).await.unwrap();
        for _ in 0..3 {
            assert_eq!(chat.hear("eve", "7", "/kanban list").await, None);
        }
        let next = Gateway {
            host: Host {
                strangers: Arc::default(),
                ..chat.gateway.host.clone()
            },
            ..chat.gateway.clone()
        };
        let heard = |key: &str| Heard {
            from: heard_from("eve", "7"),
            key: key.to_owned(),
            text: "/kanban list".to_owned(),
            about: About::Anything,
        };
        assert_eq!(next.hear(&heard("one")).await, None);
        assert_eq!(kernel.audit(9).await.unwrap(), written);
        let take = |key: &str| Command::TakeMessage {
            platform: "telegram".to_owned(),
            message: key.to_owned(),
        };
        let unseen = kernel.execute(&notifier(), take("one")).await.unwrap();
        assert!(!matches!(unseen.answer, Answer::Unchanged));
        // In a chat that is let in, everybody is.
        assert!(
            chat.hear("eve", "-100", "/kanban list")
                .await
                .unwrap()
                .contains("no matching")
        );
    }

    #[tokio::test]
    async fn talk_is_not_replied_to_and_nothing_is_done_twice() {
        let chat = Chat::new();
        assert_eq!(chat.hear("ada", "7", "what about the kanban?").await, None);
        assert_eq!(chat.hear("eve", "7", "/kanbanana").await, None);
        assert!(chat.hear("ada", "7", "/kanban create once").await.is_some());
        assert_eq!(chat.hear("ada", "7", "/kanban create once").await, None);
        chat.only_task().await;
    }

    #[tokio::test]
    async fn a_reply_to_a_question_is_its_answer() {
        let chat = Chat::new();
        let kernel = &chat.gateway.host.kernel;
        let give = async |command| kernel.execute(&notifier(), command).await.unwrap();
        let title = "asks".to_owned();
        let new = NewTask {
            title,
            ..NewTask::default()
        };
        give(Command::CreateTask(new)).await;
        let task = chat.only_task().await.id;
        let to = Address {
            platform: "telegram".to_owned(),
            chat_id: "7".to_owned(),
            thread_id: String::new(),
            user_id: None,
        };
        give(Command::Subscribe {
            task: task.clone(),
            to,
        })
        .await;
        let reason = Some("which port?".to_owned());
        give(Command::BlockTask {
            task: task.clone(),
            reason,
        })
        .await;
        let place = kernel.outbox().await.unwrap().due[0].place;
        let told = kernel.due_deliveries(place, 1).await.unwrap()[0].id;
        give(Command::RecordDelivered {
            deliveries: vec![told],
            receipt: Some("42".to_owned()),
            is_chat: true,
        })
        .await;

        assert_eq!(chat.reply("ada", "7", "hello", Some("41")).await, None);
        assert_eq!(chat.reply("eve", "7", "hello", Some("41")).await, None);
        let stranger = chat.reply("eve", "7", "port 1", Some("42")).await.unwrap();
        assert!(stranger.starts_with(REFUSAL), "{stranger}");
        let reply = chat.reply("guest", "7", "port 8080", Some("42")).await;
        assert_eq!(reply, Some(format!("Thank you, {task} goes on.")));
        let detail = kernel.task(&task).await.unwrap();
        assert_eq!(detail.task.status, Status::Ready);
        let last = detail.comments.last().unwrap();
        assert_eq!(
            (last.author.as_str(), last.body.as_str()),
            ("telegram:guest", "port 8080")
        );

        // Too late: neither the comment nor the rest.
        let late = chat
            .reply("ada", "7", "port 9090", Some("42"))
            .await
            .unwrap();
        assert!(late.contains("cannot be unblocked"), "{late}");
        assert_eq!(
            kernel.task(&task).await.unwrap().comments.len(),
            detail.comments.len()
        );
    }
}
