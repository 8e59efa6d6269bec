//! People in chats speak to the board: `/kanban …` is a command, and a reply to the question of a
//! blocked task is its answer.

use std::collections::BTreeSet;

use dispatcher::Home;
use domain::actor::Actor;
use domain::command::{Answer, Command};
use domain::id::TaskId;
use domain::notify::Address;
use kernel::Kernel;

use super::notifier;
use crate::cli::run_slash;

/// What is said to who may not speak to the board.
const REFUSAL: &str = "Sorry, I do not know you. Whoever runs this board can let you in:";

/// What is said where a task was made.
const SUBSCRIBED: &str = "This chat is subscribed: it is told when the task completes or blocks.";

/// Who is let in, by the ids that the platform gives. Nobody is unless they are named.
#[derive(Clone, Debug, Default)]
pub(super) struct Guests {
    /// These, wherever they write.
    pub(super) users: BTreeSet<String>,
    /// Everybody who writes there.
    pub(super) chats: BTreeSet<String>,
    /// What these write may start work without anybody having looked at it.
    pub(super) trusted: BTreeSet<String>,
}

/// A message that came in.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Where, and by whom.
    pub(super) from: Address,
    /// What the platform calls it; the same when it is sent again.
    pub(super) key: String,
    /// What it says.
    pub(super) text: String,
    /// The number of the message that it replies to.
    pub(super) replies_to: Option<String>,
}

/// The board, for people in the chats of one platform.
#[derive(Clone)]
pub(super) struct Gateway {
    pub(super) kernel: Kernel,
    pub(super) home: Home,
    pub(super) guests: Guests,
}

impl Gateway {
    /// Does what a message asks for, and says what to reply. What is not meant for the board, or came
    /// before, is not replied to.
    pub(super) async fn hear(&self, heard: &Heard) -> Option<String> {
        match self.try_hear(heard).await {
            Ok(reply) => reply,
            Err(error) => {
                tracing::warn!(%error, platform = heard.from.platform, "a message was not taken");
                Some(format!("kanban: {error}"))
            }
        }
    }

    async fn try_hear(&self, heard: &Heard) -> Result<Option<String>, kernel::Error> {
        let question = self.question(heard).await?;
        let is_command = is_command(&heard.text);
        if question.is_none() && !is_command || !self.is_new(heard).await? {
            return Ok(None);
        }
        let Some(actor) = self.guests.actor(&heard.from) else {
            return self.refuse(heard).await.map(Some);
        };
        match question {
            Some(task) if !is_command => self.answer(&actor, task, &heard.text).await.map(Some),
            _ => self.command(&actor, heard).await.map(Some),
        }
    }

    /// The blocked task whose question is replied to.
    async fn question(&self, heard: &Heard) -> Result<Option<TaskId>, kernel::Error> {
        let Some(receipt) = heard.replies_to.clone() else {
            return Ok(None);
        };
        let told = self.kernel.told_by(heard.from.clone(), receipt).await?;
        Ok(match told.as_slice() {
            [only] if only.notice.kind == "blocked" => Some(only.notice.task_id.clone()),
            _ => None,
        })
    }

    async fn is_new(&self, heard: &Heard) -> Result<bool, kernel::Error> {
        let take = Command::TakeMessage {
            platform: heard.from.platform.clone(),
            message: heard.key.clone(),
        };
        let receipt = self.kernel.execute(&notifier(), take).await?;
        Ok(!matches!(receipt.answer, Answer::Unchanged))
    }

    async fn refuse(&self, heard: &Heard) -> Result<String, kernel::Error> {
        let Address {
            platform, chat_id, ..
        } = &heard.from;
        let (user, name) = (
            heard.from.user_id.as_deref().unwrap_or("?"),
            name(&heard.from),
        );
        let action = "refuse a stranger in a chat".to_owned();
        let stranger = Actor::full(name).from_origin(format!("{platform}:{chat_id}"));
        self.kernel
            .execute(&stranger, Command::Audit { action })
            .await?;
        Ok(format!(
            "{REFUSAL} on {platform} you are {user}, and this chat is {chat_id}."
        ))
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
        self.kernel.execute_all(actor, commands).await?;
        Ok(answered)
    }

    async fn command(&self, actor: &Actor, heard: &Heard) -> Result<String, kernel::Error> {
        let line = straight_quotes(&heard.text);
        let answer = run_slash(&self.kernel, &self.home, actor, &line).await;
        let Some(task) = created(&line, &answer) else {
            return Ok(answer);
        };
        let to = heard.from.clone();
        self.kernel
            .execute(actor, Command::Subscribe { task, to })
            .await?;
        Ok(format!("{answer}\n{SUBSCRIBED}"))
    }
}

impl Guests {
    /// In whose name they act who write from there, if they are let in.
    fn actor(&self, from: &Address) -> Option<Actor> {
        let is_among = |guests: &BTreeSet<String>| {
            from.user_id
                .as_ref()
                .is_some_and(|user| guests.contains(user))
        };
        let is_trusted = is_among(&self.trusted);
        let is_let_in = is_trusted || is_among(&self.users) || self.chats.contains(&from.chat_id);
        let origin = format!("{}:{}", from.platform, from.chat_id);
        is_let_in.then(|| Actor::in_chat(name(from), is_trusted).from_origin(origin))
    }
}

/// The name that comments and tasks from there carry.
fn name(from: &Address) -> String {
    format!(
        "{}:{}",
        from.platform,
        from.user_id.as_deref().unwrap_or("?")
    )
}

fn is_command(text: &str) -> bool {
    let first = text.split_whitespace().next();
    matches!(first, Some("/kanban" | "kanban"))
}

/// Phones write quotation marks that a command line does not know.
fn straight_quotes(text: &str) -> String {
    text.replace(['“', '”', '„'], "\"")
        .replace(['‘', '’'], "'")
        .replace('—', "--")
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
                kernel: Kernel::open(&home.db()).unwrap(),
                home,
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
                from: Address {
                    platform: "telegram".to_owned(),
                    chat_id: chat.to_owned(),
                    thread_id: "5".to_owned(),
                    user_id: Some(user.to_owned()),
                },
                key: format!("{user} {chat} {text}"),
                text: text.to_owned(),
                replies_to: replies_to.map(str::to_owned),
            };
            self.gateway.hear(&heard).await
        }

        async fn only_task(&self) -> domain::task::Task {
            let tasks = self
                .gateway
                .kernel
                .tasks(kernel::TaskFilter::default())
                .await
                .unwrap();
            assert_eq!(tasks.len(), 1);
            tasks.into_iter().next().unwrap()
        }
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
        let kernel = &chat.gateway.kernel;
        assert_eq!(
            kernel.tasks(kernel::TaskFilter::default()).await.unwrap(),
            []
        );
        let audit = kernel.audit(1).await.unwrap().remove(0);
        assert_eq!(audit.actor, "telegram:eve");
        assert_eq!(audit.origin.as_deref(), Some("telegram:7"));
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
        let kernel = &chat.gateway.kernel;
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
