//! The tasks that an example is played with: one in every place of the board, fresh each time.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use domain::actor::Actor;
use domain::command::{
    Answer, ArchiveTask, BlockTask, ClaimPolicy, ClaimTask, Command, CompleteTask, CreateTask,
    Created, EditTask, LEASE, Receipt, RecordUndelivered, Resume, SetPriority, SetQuietHours,
    Subscribe, SubscribeBoard,
};
use domain::event::Event;
use domain::id::{DeliveryId, EventId, SubscriptionId, TaskId};
use domain::notify::delivery::Retry;
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, Filter};
use domain::review::PERSON;
use domain::time::Timestamp;
use kernel::{DeliveryQuery, Kernel, TaskFilter};
use serde_json::Value;

use super::{Outcome, Refusal};

/// The tasks, and what is known of the time before the example.
pub(super) struct Cast {
    pub(super) ready: TaskId,
    /// Waits for `ready`.
    pub(super) waiting: TaskId,
    pub(super) running: TaskId,
    pub(super) blocked: TaskId,
    pub(super) done: TaskId,
    pub(super) archived: TaskId,
    /// Waits for a verdict on the work of somebody who is at no door.
    pub(super) reviewed: TaskId,
    /// Is in no file.
    pub(super) unknown: TaskId,
    /// News of `blocked` that were given up, for the place that is called as the tenant.
    pub(super) dead_letter: DeliveryId,
    /// That place's subscription to the tenant's tasks.
    pub(super) board_subscription: SubscriptionId,
    /// The quiet hours of the place.
    quiet_hours: QuietHours,
    /// The last event before the example; it can be undone.
    pub(super) newest: EventId,
    /// New tasks of the example belong to this tenant, by which they are found.
    pub(super) tenant: String,
}

impl Cast {
    pub(super) async fn on(kernel: &Kernel) -> anyhow::Result<Self> {
        let names = [
            "ready", "running", "blocked", "done", "archived", "reviewed",
        ];
        let tasks = create_all(kernel, names.map(|name| new(name, &[])).into()).await?;
        let tasks = <[TaskId; 6]>::try_from(tasks);
        let Ok([ready, running, blocked, done, archived, reviewed]) = tasks else {
            bail!("six were created");
        };
        let waiting = create_all(kernel, vec![new("waiting", &[&ready])]).await?;
        let waiting = waiting.into_iter().next().context("one was created")?;
        let tenant = format!("of {ready}");
        let quiet_hours = around(kernel.now())?;
        let places = vec![
            // The server's own notifier keeps its hands off.
            Command::from(SetQuietHours {
                to: place(&tenant),
                hours: Some(quiet_hours.clone()),
            }),
            Subscribe {
                task: blocked.clone(),
                to: place(&tenant),
            }
            .into(),
            SubscribeBoard {
                to: place(&tenant),
                filter: Filter {
                    tenant: Some(tenant.clone()),
                    ..Filter::default()
                },
            }
            .into(),
            ClaimTask {
                task: running.clone(),
                lock: "host:1".to_owned(),
                ttl: LEASE,
                lane: None,
                policy: ClaimPolicy::default(),
            }
            .into(),
            BlockTask {
                task: blocked.clone(),
                reason: Some("which city?".to_owned()),
            }
            .into(),
            complete(&done),
            ArchiveTask {
                task: archived.clone(),
            }
            .into(),
            Subscribe {
                task: done.clone(),
                to: place("before"),
            }
            .into(),
        ];
        act(kernel, places).await?;
        let edit = EditTask {
            review: Some(PERSON.to_owned()),
            ..EditTask::of(reviewed.clone())
        };
        let submit = vec![edit.into(), complete(&reviewed)];
        kernel.execute_all(&Actor::full("eve"), submit).await?;
        let dead_letter = give_up(kernel, &blocked).await?;
        let of_board = kernel.board_subscriptions().await?.into_iter();
        let board_subscription = of_board
            .filter(|it| it.to.chat_id == tenant)
            .map(|it| it.id)
            .next_back();
        let prioritise = SetPriority {
            task: ready.clone(),
            priority: 1,
        };
        let events = act(kernel, vec![prioritise.into()]).await?.pop();
        let newest = events.and_then(|receipt| receipt.events.last().copied());
        Ok(Self {
            tenant,
            dead_letter,
            quiet_hours,
            board_subscription: board_subscription.context("nobody subscribed")?,
            ready,
            waiting,
            running,
            blocked,
            done,
            archived,
            reviewed,
            // Longer than any that is given out, so that none begins with it.
            unknown: "t_0123456789ab".parse()?,
            newest: newest.context("a change without an event")?,
        })
    }

    fn tasks(&self) -> [(&'static str, &TaskId); 8] {
        [
            ("READY", &self.ready),
            ("WAITING", &self.waiting),
            ("RUNNING", &self.running),
            ("BLOCKED", &self.blocked),
            ("DONE", &self.done),
            ("ARCHIVED", &self.archived),
            ("REVIEWED", &self.reviewed),
            ("UNKNOWN", &self.unknown),
        ]
    }

    /// The subscriptions and quiet hours of the cast's place.
    async fn told(&self, kernel: &Kernel) -> anyhow::Result<Vec<String>> {
        let is_own = |to: &Address| to.chat_id == self.tenant;
        let mut told = Vec::new();
        for subscription in kernel.board_subscriptions().await? {
            if is_own(&subscription.to) {
                told.push(format!("told of {:?}", subscription.filter));
            }
        }
        for (to, hours) in kernel.quiet_hours().await? {
            if is_own(&to) {
                // Those that the cast began with depend on the time of day.
                let is_first = hours == self.quiet_hours;
                told.push(if is_first {
                    "quiet as at first".to_owned()
                } else {
                    format!("quiet {hours}")
                });
            }
        }
        let query = DeliveryQuery {
            task: Some(self.blocked.clone()),
            state: None,
            limit: 10,
        };
        for delivery in kernel.deliveries(query).await? {
            told.push(format!("{} is {}", delivery.notice.text(), delivery.state));
        }
        Ok(told)
    }

    /// Returns the outcome for the cast, and makes the stage ready for the next one.
    pub(super) async fn outcome(
        &self,
        kernel: &Kernel,
        refusal: Option<Refusal>,
    ) -> anyhow::Result<Outcome> {
        let mut names: BTreeMap<String, &str> = self
            .tasks()
            .into_iter()
            .map(|(name, id)| (id.to_string(), name))
            .collect();
        let filter = TaskFilter {
            tenant: Some(self.tenant.clone()),
            include_archived: true,
            ..TaskFilter::default()
        };
        for task in kernel.tasks(filter).await? {
            names.insert(task.id.to_string(), "NEW");
        }
        let (mut events, mut board) = (Vec::new(), Vec::new());
        for (id, name) in names.iter().filter(|(_, name)| **name != "UNKNOWN") {
            let detail = kernel.task(&id.parse()?).await?;
            let task = detail.task;
            board.push(format!(
                "{name} {:?} {} {:?} {:?} {:?} {} {:?} {:?} {:?}",
                task.title,
                task.status,
                task.waiting,
                task.assignee,
                task.body,
                task.priority,
                task.result,
                task.block_reason,
                task.land_method,
            ));
            events.extend(detail.events);
            for subscription in kernel.subscriptions(Some(task.id)).await? {
                board.push(format!("{name} is told to {:?}", subscription.to));
            }
        }
        board.extend(self.told(kernel).await?);
        board.sort_unstable();
        for pause in kernel.dispatch().await?.paused {
            board.push(format!("paused {:?}", pause.lane));
            act(kernel, vec![Resume { lane: pause.lane }.into()]).await?;
        }
        events.retain(|event| event.id > self.newest);
        events.sort_by_key(|event| event.id);
        let rename = |text: String| {
            names
                .iter()
                .fold(text, |text, (id, name)| text.replace(id.as_str(), name))
        };
        Ok(Outcome {
            refusal: refusal.map(|refusal| Refusal {
                sentence: rename(refusal.sentence),
                ..refusal
            }),
            events: events.iter().map(plain).map(rename).collect(),
            board: board.into_iter().map(rename).collect(),
        })
    }
}

/// Gives up what was to be said of a task.
async fn give_up(kernel: &Kernel, task: &TaskId) -> anyhow::Result<DeliveryId> {
    let query = DeliveryQuery {
        task: Some(task.clone()),
        state: None,
        limit: 1,
    };
    let waiting = kernel.deliveries(query).await?;
    let delivery = waiting.first().context("nobody is told")?.id;
    let failed = RecordUndelivered {
        deliveries: vec![delivery],
        error: "nobody there".to_owned(),
        retry: Retry::Never,
    };
    act(kernel, vec![failed.into()]).await?;
    Ok(delivery)
}

/// Hours that began an hour ago and do not end soon.
fn around(now: Timestamp) -> anyhow::Result<QuietHours> {
    let hour = now.0 / 3_600;
    let (from, until) = ((hour + 23) % 24, (hour + 3) % 24);
    Ok(format!("{from:02}:00-{until:02}:00 UTC").parse()?)
}

/// A place where somebody is told.
pub(super) fn place(chat: &str) -> Address {
    Address {
        platform: "slack".to_owned(),
        chat_id: chat.to_owned(),
        thread_id: String::new(),
        user_id: None,
    }
}

/// An event without what is another each time: numbers, moments, and who did it.
fn plain(event: &Event) -> String {
    let mut payload = event.payload.clone().unwrap_or_default();
    for key in [
        "run", "receipt", "by", "author", "lock", "expires", "until", "event",
    ] {
        if let Some(value) = payload.get_mut(key) {
            *value = Value::from("SOME");
        }
    }
    format!("{} {} {payload}", event.task_id, event.kind)
}

/// Carries out commands of a person in one transaction.
fn complete(task: &TaskId) -> Command {
    CompleteTask {
        task: task.clone(),
        outcome: None,
        result: Some("42".to_owned()),
        summary: None,
        metadata: None,
        unchecked: false,
    }
    .into()
}

async fn act(kernel: &Kernel, commands: Vec<Command>) -> anyhow::Result<Vec<Receipt>> {
    Ok(kernel.execute_all(&Actor::full("ada"), commands).await?)
}

async fn create_all(kernel: &Kernel, new: Vec<Command>) -> anyhow::Result<Vec<TaskId>> {
    let receipts = act(kernel, new).await?;
    let created = receipts.into_iter().map(|receipt| match receipt.answer {
        Answer::Created(Created { task, .. }) => Ok(task),
        other => bail!("created, but was told {other:?}"),
    });
    created.collect()
}

fn new(title: &str, parents: &[&TaskId]) -> Command {
    CreateTask {
        title: title.to_owned(),
        parents: parents.iter().map(ToString::to_string).collect(),
        ..CreateTask::default()
    }
    .into()
}
