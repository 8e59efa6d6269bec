//! The task that is open beside the board.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::event::Event;
use domain::id::{CommentId, EventId, TaskId};
use domain::status::Status;
use domain::task::TaskDetail;
use domain::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Effect;
use crate::refusal::Refusal;

pub mod timeline;

/// How often the log of a running task is read again: output writes no event.
const FOLLOW: Seconds = Seconds(1);

/// Which task is open, and what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// None.
    #[default]
    Closed,
    /// This one.
    Open {
        /// Which.
        task: TaskId,
        /// What is known of it.
        content: Content,
        /// Whether it is being read.
        request: Request,
        /// When its log was last read or asked for.
        log_at: Timestamp,
        /// Whether its log alone is being read.
        is_log_asked: bool,
    },
}

/// What is known of the open task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing yet.
    Loading,
    /// Everything, as it was a moment ago.
    Loaded(Arc<Reading>),
    /// It could not be read.
    Failed(Refusal),
}

/// Whether a task is being read. One reading at a time, so that an older one never comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing is under way.
    Idle,
    /// The answer will be current.
    Sent,
    /// The task changed after the question was sent.
    Outdated,
}

/// A task and its log, read together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The task, its history and its neighbours.
    pub detail: TaskDetail,
    /// What its workers printed; `None` before the first.
    pub log: Option<Log>,
    /// Its texts as HTML that is safe to show.
    pub html: Html,
}

/// The texts of a task as HTML. Only the server makes it, from Markdown, and lets nothing through
/// that could run or reach out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Html {
    /// The description.
    pub body: Option<String>,
    /// The result.
    pub result: Option<String>,
    /// What was said.
    pub comments: BTreeMap<CommentId, String>,
}

/// The end of a worker's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The text.
    pub text: String,
    /// The length of the whole log.
    pub size_bytes: u64,
    /// Whether the text is only its end.
    pub is_truncated: bool,
    /// Where all of it is.
    pub path: String,
}

/// What happened to the open task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// The server answered.
    Read(TaskId, Result<Box<Reading>, Refusal>),
    /// The server answered about the log alone; with nothing, when it is as it was.
    ReadLog(TaskId, Result<Option<Log>, Refusal>),
}

impl Reading {
    /// The last event that it contains.
    pub fn last_event(&self) -> EventId {
        self.detail
            .events
            .iter()
            .map(|event| event.id)
            .max()
            .unwrap_or_default()
    }
}

impl Model {
    /// A task that was read along with the page.
    pub fn opened(now: Timestamp, task: TaskId, reading: Result<Reading, Refusal>) -> Self {
        Self::Open {
            task,
            content: match reading {
                Ok(reading) => Content::Loaded(Arc::new(reading)),
                Err(refusal) => Content::Failed(refusal),
            },
            request: Request::Idle,
            log_at: now,
            is_log_asked: false,
        }
    }

    /// What is known of the open task.
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Open {
                content: Content::Loaded(reading),
                ..
            } => Some(reading),
            _ => None,
        }
    }

    /// Opens a task.
    pub fn open(&mut self, now: Timestamp, task: TaskId) -> Effect {
        *self = Self::Open {
            task: task.clone(),
            content: Content::Loading,
            request: Request::Sent,
            log_at: now,
            is_log_asked: false,
        };
        Effect::ReadTask(task)
    }

    /// Reads the open task again when one of `events` is about it.
    pub fn touch(&mut self, events: &[Event]) -> Option<Effect> {
        match self {
            Self::Open { task, .. } if events.iter().any(|event| event.task_id == *task) => {
                self.refresh()
            }
            _ => None,
        }
    }

    /// Reads the open task again.
    pub fn refresh(&mut self) -> Option<Effect> {
        let Self::Open { task, request, .. } = self else {
            return None;
        };
        match request {
            Request::Idle => {
                *request = Request::Sent;
                Some(Effect::ReadTask(task.clone()))
            }
            Request::Sent | Request::Outdated => {
                *request = Request::Outdated;
                None
            }
        }
    }

    /// Follows the output of a running task.
    pub fn tick(&mut self, now: Timestamp) -> Option<Effect> {
        match self {
            Self::Open {
                task,
                content: Content::Loaded(reading),
                log_at,
                is_log_asked,
                ..
            } if reading.detail.task.status == Status::Running
                && !*is_log_asked
                && now >= *log_at + FOLLOW =>
            {
                *is_log_asked = true;
                *log_at = now;
                Some(Effect::ReadLog {
                    task: task.clone(),
                    known_bytes: reading.log.as_ref().map_or(0, |log| log.size_bytes),
                })
            }
            _ => None,
        }
    }
}

/// Takes in what happened to the open task.
pub fn update(model: &mut Model, now: Timestamp, msg: Msg) -> Option<Effect> {
    match msg {
        Msg::Read(task, result) => read(model, now, &task, result),
        Msg::ReadLog(task, result) => {
            read_log(model, &task, result);
            None
        }
    }
}

fn read(
    model: &mut Model,
    now: Timestamp,
    about: &TaskId,
    result: Result<Box<Reading>, Refusal>,
) -> Option<Effect> {
    let Model::Open {
        task,
        content,
        request,
        log_at,
        ..
    } = model
    else {
        return None;
    };
    if task != about {
        return None;
    }
    *log_at = now;
    match (result, &content) {
        (Ok(reading), _) => *content = Content::Loaded(Arc::new(*reading)),
        // A stale text is better than none; the connection mark says that it may be stale.
        (Err(_), Content::Loaded(_)) => {}
        (Err(refusal), _) => *content = Content::Failed(refusal),
    }
    match std::mem::replace(request, Request::Idle) {
        Request::Outdated => model.refresh(),
        Request::Idle | Request::Sent => None,
    }
}

fn read_log(model: &mut Model, about: &TaskId, result: Result<Option<Log>, Refusal>) {
    let Model::Open {
        task,
        content: Content::Loaded(reading),
        is_log_asked,
        ..
    } = model
    else {
        return;
    };
    if task != about {
        return;
    }
    *is_log_asked = false;
    if let Ok(Some(log)) = result {
        *reading = Arc::new(Reading {
            log: Some(log),
            ..(**reading).clone()
        });
    }
}

#[cfg(test)]
mod tests {
    use domain::error::ErrorKind;

    use super::*;
    use crate::fixture::{NOW, event, reading};

    fn id(number: u32) -> TaskId {
        TaskId::from_bits(number)
    }

    fn read(number: u32) -> Msg {
        Msg::Read(id(number), Ok(Box::new(reading(number, vec![]))))
    }

    fn refused(number: u32) -> Msg {
        let refusal = Refusal {
            kind: ErrorKind::NotFound,
            message: "gone".to_owned(),
        };
        Msg::Read(id(number), Err(refusal))
    }

    fn log(text: &str) -> Log {
        Log {
            text: text.to_owned(),
            size_bytes: u64::try_from(text.len()).unwrap(),
            is_truncated: false,
            path: "/logs/1.log".to_owned(),
        }
    }

    fn open(number: u32) -> Model {
        let mut model = Model::default();
        model.open(NOW, id(number));
        update(&mut model, NOW, read(number));
        model
    }

    #[test]
    fn opening_a_task_reads_it() {
        let mut model = Model::default();
        assert_eq!(model.open(NOW, id(1)), Effect::ReadTask(id(1)));
        assert_eq!(model.reading(), None);
        update(&mut model, NOW, read(1));
        assert_eq!(model.reading(), Some(&reading(1, vec![])));
    }

    #[test]
    fn the_answer_about_another_task_is_not_shown() {
        let mut model = open(1);
        model.open(NOW, id(2));
        assert_eq!(update(&mut model, NOW, read(1)), None);
        assert_eq!(model.reading(), None);
    }

    #[test]
    fn an_event_of_the_open_task_reads_it_again() {
        let mut model = open(1);
        assert_eq!(model.touch(&[event(8, 2, "ready")]), None);
        assert_eq!(
            model.touch(&[event(8, 1, "ready")]),
            Some(Effect::ReadTask(id(1)))
        );
    }

    #[test]
    fn events_during_a_reading_lead_to_one_more() {
        let mut model = open(1);
        model.touch(&[event(8, 1, "ready")]);
        assert_eq!(model.touch(&[event(9, 1, "claimed")]), None);
        assert_eq!(model.touch(&[event(10, 1, "completed")]), None);

        assert_eq!(
            update(&mut model, NOW, read(1)),
            Some(Effect::ReadTask(id(1)))
        );
        assert_eq!(update(&mut model, NOW, read(1)), None);
    }

    #[test]
    fn a_task_that_cannot_be_read_says_why() {
        let mut model = Model::default();
        model.open(NOW, id(1));
        update(&mut model, NOW, refused(1));
        assert!(matches!(
            model,
            Model::Open {
                content: Content::Failed(Refusal {
                    kind: ErrorKind::NotFound,
                    ..
                }),
                ..
            }
        ));
    }

    #[test]
    fn a_failed_reading_leaves_the_older_one() {
        let mut model = open(1);
        model.touch(&[event(8, 1, "ready")]);
        update(&mut model, NOW, refused(1));
        assert!(model.reading().is_some());
        assert!(
            model.touch(&[event(9, 1, "ready")]).is_some(),
            "it was never read again"
        );
    }

    #[test]
    fn the_log_of_a_running_task_is_followed() {
        let mut model = open(1);
        assert_eq!(model.tick(NOW + FOLLOW), None, "the task does not run");

        let mut running = reading(1, vec![]);
        running.detail.task.status = Status::Running;
        update(&mut model, NOW, Msg::Read(id(1), Ok(Box::new(running))));

        let ask = |known_bytes| {
            Some(Effect::ReadLog {
                task: id(1),
                known_bytes,
            })
        };
        assert_eq!(model.tick(NOW), None);
        assert_eq!(model.tick(NOW + FOLLOW), ask(0));
        assert_eq!(
            model.tick(NOW + FOLLOW + FOLLOW),
            None,
            "one reading at a time"
        );

        let log = log("hello");
        let told = Msg::ReadLog(id(1), Ok(Some(log.clone())));
        update(&mut model, NOW + FOLLOW, told);
        assert_eq!(model.reading().and_then(|it| it.log.as_ref()), Some(&log));
        assert_eq!(model.tick(NOW + FOLLOW + FOLLOW), ask(5));

        update(&mut model, NOW + FOLLOW, Msg::ReadLog(id(1), Ok(None)));
        assert_eq!(model.reading().and_then(|it| it.log.as_ref()), Some(&log));
    }

    #[test]
    fn the_log_of_another_task_is_not_shown() {
        let mut model = open(1);
        update(&mut model, NOW, Msg::ReadLog(id(2), Ok(Some(log("hello")))));
        assert_eq!(model.reading().and_then(|it| it.log.as_ref()), None);
    }

    #[test]
    fn nothing_is_read_while_nothing_is_open() {
        let mut model = Model::Closed;
        assert_eq!(model.refresh(), None);
        assert_eq!(model.tick(NOW), None);
        assert_eq!(update(&mut model, NOW, read(1)), None);
    }
}
