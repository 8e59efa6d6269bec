//! The commands of people in a chat, and the answers.

use domain::command::{
    BlockTask, Change, Command, CompleteTask, CreateTask, RecordDelivered, Subscribe, TakeMessage,
};
use domain::status::Status;
use tempfile::TempDir;

use super::*;

/// A board that understands `create` and `unblock`, and answers everything else with nothing.
pub(crate) fn host(kernel: Kernel, home: Home) -> Host {
    Host::new(kernel, home, |kernel, _, actor, line| {
        Box::pin(async move {
            let mut answer = Answer {
                text: "(no output)".to_owned(),
                created: None,
            };
            let words = line.trim_start_matches("/kanban ").replace('"', "'");
            if let Some(rest) = words.strip_prefix("create ") {
                let title = rest.split('\'').nth(1).unwrap_or(rest).to_owned();
                let new = CreateTask {
                    title,
                    ..CreateTask::default()
                };
                let created = kernel.execute(&actor, new).await.unwrap().answer.task;
                answer.text = format!("Created {created}");
                answer.created = Some(created);
            } else if let Some(task) = words.strip_prefix("unblock ") {
                let task = task.parse().unwrap();
                kernel.execute(&actor, UnblockTask { task }).await.unwrap();
            }
            answer
        })
    })
}

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
            host: host(Kernel::open(&home.db()).unwrap(), home),
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
    let take = |key: &str| TakeMessage {
        platform: "telegram".to_owned(),
        message: key.to_owned(),
    };
    let unseen = kernel.execute(&notifier(), take("one")).await.unwrap();
    assert!(unseen.answer == Change::Done);
    // In a chat that is let in, everybody is.
    let listed = chat.hear("eve", "-100", "/kanban list").await;
    assert_eq!(listed.as_deref(), Some("(no output)"));
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

/// A chat that was told of something about a task, in the message with the number 42.
async fn told_of(review: Option<&str>, happens: impl FnOnce(TaskId) -> Command) -> (Chat, TaskId) {
    let chat = Chat::new();
    let kernel = &chat.gateway.host.kernel;
    let give = async |command: Command| {
        let done = kernel.execute_all(&notifier(), vec![command]).await;
        done.unwrap()
    };
    let new = CreateTask {
        title: "asks".to_owned(),
        review: review.map(str::to_owned),
        ..CreateTask::default()
    };
    give(new.into()).await;
    let task = chat.only_task().await.id;
    let to = Address {
        platform: "telegram".to_owned(),
        chat_id: "7".to_owned(),
        thread_id: String::new(),
        user_id: None,
    };
    let subscribe = Subscribe {
        task: task.clone(),
        to,
    };
    give(subscribe.into()).await;
    give(happens(task.clone())).await;
    let place = kernel.outbox().await.unwrap().due[0].place;
    let told = kernel.due_deliveries(place, 1).await.unwrap()[0].id;
    let delivered = RecordDelivered {
        deliveries: vec![told],
        receipt: Some("42".to_owned()),
        is_chat: true,
    };
    give(delivered.into()).await;
    (chat, task)
}

#[tokio::test]
async fn a_reply_to_work_that_waits_for_a_verdict_asks_for_changes() {
    let (chat, task) = told_of(Some("person"), |task| {
        let complete = CompleteTask {
            task,
            outcome: None,
            result: Some("42 ships".to_owned()),
            summary: None,
            metadata: None,
            unchecked: false,
        };
        complete.into()
    })
    .await;
    assert_eq!(chat.only_task().await.status, Status::Review);
    let reply = chat.reply("guest", "7", "count again", Some("42")).await;
    assert!(reply.unwrap().contains("may"), "a guest judges nothing");
    assert_eq!(chat.only_task().await.status, Status::Review);
    let reply = chat.reply("ada", "7", "count again", Some("42")).await;
    assert_eq!(reply.unwrap(), format!("Thank you, {task} goes on."));
    assert_eq!(chat.only_task().await.status, Status::Ready);
    let detail = chat.gateway.host.kernel.task(&task).await.unwrap();
    assert_eq!(detail.receipts[0].check.output, "count again");
}

#[tokio::test]
async fn a_reply_to_a_question_is_its_answer() {
    let (chat, task) = told_of(None, |task| {
        let reason = Some("which port?".to_owned());
        BlockTask { task, reason }.into()
    })
    .await;
    let kernel = &chat.gateway.host.kernel;

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
