//! The task that is open beside the board.

pub mod ansi;
pub mod attempts;
pub mod comment;
pub mod edit;
pub mod links;
pub mod log;

pub mod news;
mod reading;
pub mod tab;
pub mod timeline;

use std::sync::Arc;

use domain::event::Event;
use domain::id::TaskId;
use serde_json::Value;

use crate::Effect;
use crate::refusal::Refusal;

pub use reading::{Html, Log, Reading};
use tab::Tab;

/// The open task and its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Model {
    /// None.
    #[default]
    Closed,
    /// This one.
    Open {
        /// Its id.
        task: TaskId,
        /// Its content.
        content: Content,
        /// The state of the request that reads it.
        request: Request,
        /// The tab with which it opened, once it is loaded. It stays when the task goes on: nobody is
        /// led away from what they read.
        first: Option<Tab>,
        /// Its changes, as HTML that is safe to show; `None` until that was read.
        changes: Option<Changes>,
    },
}

/// The changes of a task, as the server tells them.
pub type Changes = Result<Arc<str>, Refusal>;

/// The content of the open task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing yet.
    Loading,
    /// Everything, as it was a moment ago.
    Loaded(Arc<Reading>),
    /// It could not be read.
    Failed(Refusal),
}

/// The state of the request that reads a task. One reading at a time, so that an older one never
/// comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Nothing is under way.
    Idle,
    /// The answer will be current.
    Sent,
    /// The task changed after the question was sent.
    Outdated,
}

/// The server answered about a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its id.
    pub task: TaskId,
    /// The task, or the refusal.
    pub result: Result<Box<Reading>, Refusal>,
}

impl Model {
    /// A task that was read along with the page.
    pub fn opened(task: TaskId, reading: Result<Reading, Refusal>) -> Self {
        Self::Open {
            task,
            first: reading.as_ref().ok().map(Tab::first),
            content: match reading {
                Ok(reading) => Content::Loaded(Arc::new(reading)),
                Err(refusal) => Content::Failed(refusal),
            },
            request: Request::Idle,
            changes: None,
        }
    }

    /// The open task, once it is loaded.
    pub fn reading(&self) -> Option<&Reading> {
        match self {
            Self::Open {
                content: Content::Loaded(reading),
                ..
            } => Some(reading),
            _ => None,
        }
    }

    /// The tab that is shown: the one that is wanted, as long as it has something.
    pub fn tab(&self, wanted: Option<Tab>) -> Option<Tab> {
        let (reading, first) = match self {
            Self::Open {
                content: Content::Loaded(reading),
                first,
                ..
            } => (reading, *first),
            _ => return None,
        };
        let tab = wanted.or(first).filter(|tab| tab.is_filled(reading));
        Some(tab.unwrap_or(Tab::Overview))
    }

    /// Asks what the open task has changed while that is shown. A commit may have come since.
    pub fn ask_changes(&self, wanted: Option<Tab>) -> Option<Effect> {
        let is_shown = self.tab(wanted) == Some(Tab::Changes);
        let task = match self {
            Self::Open { task, .. } if is_shown => task.clone(),
            _ => return None,
        };
        Some(Effect::ReadChanges(task))
    }

    /// Takes in what a task has changed. An answer about a task that was left is not shown.
    pub fn tell_changes(&mut self, of: &TaskId, told: Result<String, Refusal>) {
        if let Self::Open { task, changes, .. } = self
            && task == of
        {
            *changes = Some(told.map(Into::into));
        }
    }

    /// Opens a task.
    pub fn open(&mut self, task: TaskId) -> Effect {
        *self = Self::Open {
            task: task.clone(),
            content: Content::Loading,
            request: Request::Sent,
            first: None,
            changes: None,
        };
        Effect::ReadTask(task)
    }

    /// Reads the open task again when one of `events` is about it, or about a link to it.
    pub fn touch(&mut self, events: &[Event]) -> Option<Effect> {
        let Self::Open { task, .. } = self else {
            return None;
        };
        let is_about = |event: &Event| {
            let parent = event.payload.as_ref().and_then(|it| it.get("parent"));
            event.task_id == *task || parent.and_then(Value::as_str) == Some(task.as_str())
        };
        let is_touched = events.iter().any(is_about);
        is_touched.then(|| self.refresh()).flatten()
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
}

/// Takes in an answer. One about a task that was left is not shown.
pub fn update(model: &mut Model, answer: Answer) -> Option<Effect> {
    let Model::Open {
        task,
        content,
        request,
        first,
        ..
    } = model
    else {
        return None;
    };
    if *task != answer.task {
        return None;
    }
    match (answer.result, &content) {
        (Ok(reading), _) => {
            first.get_or_insert_with(|| Tab::first(&reading));
            *content = Content::Loaded(Arc::new(*reading));
        }
        // A stale text is better than none; the connection mark says that it may be stale.
        (Err(_), Content::Loaded(_)) => {}
        (Err(refusal), _) => *content = Content::Failed(refusal),
    }
    match std::mem::replace(request, Request::Idle) {
        Request::Outdated => model.refresh(),
        Request::Idle | Request::Sent => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::branch::Branch;
    use domain::error::ErrorKind;
    use domain::status::Status;

    use super::*;
    use crate::fixture::{event, reading};

    fn id(number: u32) -> TaskId {
        TaskId::from_bits(number)
    }

    fn read(number: u32) -> Answer {
        Answer {
            task: id(number),
            result: Ok(Box::new(reading(number, vec![]))),
        }
    }

    fn refused(number: u32) -> Answer {
        let refusal = Refusal::new(ErrorKind::NotFound, "gone".to_owned());
        Answer {
            task: id(number),
            result: Err(refusal),
        }
    }

    fn open(number: u32) -> Model {
        let mut model = Model::default();
        model.open(id(number));
        update(&mut model, read(number));
        model
    }

    #[test]
    fn opening_a_task_reads_it() {
        let mut model = Model::default();
        assert_eq!(model.open(id(1)), Effect::ReadTask(id(1)));
        assert_eq!(model.reading(), None);
        update(&mut model, read(1));
        assert_eq!(model.reading(), Some(&reading(1, vec![])));
    }

    #[test]
    fn the_answer_about_another_task_is_not_shown() {
        let mut model = open(1);
        model.open(id(2));
        assert_eq!(update(&mut model, read(1)), None);
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
    fn a_link_to_the_open_task_reads_it_again() {
        let mut model = open(1);
        let link = |parent: u32| Event {
            payload: Some(serde_json::json!({"parent": id(parent), "on": "always"})),
            ..event(8, 2, "linked")
        };
        assert_eq!(model.touch(&[link(3)]), None);
        assert_eq!(model.touch(&[link(1)]), Some(Effect::ReadTask(id(1))));
    }

    #[test]
    fn events_during_a_reading_lead_to_one_more() {
        let mut model = open(1);
        model.touch(&[event(8, 1, "ready")]);
        assert_eq!(model.touch(&[event(9, 1, "claimed")]), None);
        assert_eq!(model.touch(&[event(10, 1, "completed")]), None);

        assert_eq!(update(&mut model, read(1)), Some(Effect::ReadTask(id(1))));
        assert_eq!(update(&mut model, read(1)), None);
    }

    #[test]
    fn a_task_that_cannot_be_read_says_why() {
        let mut model = Model::default();
        model.open(id(1));
        update(&mut model, refused(1));
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
        update(&mut model, refused(1));
        assert!(model.reading().is_some());
        assert!(
            model.touch(&[event(9, 1, "ready")]).is_some(),
            "it was never read again"
        );
    }

    #[test]
    fn a_task_that_goes_on_stays_at_the_tab_with_which_it_opened() {
        let mut model = Model::default();
        model.open(id(1));
        let with = |status| {
            let mut reading = reading(1, vec![]);
            reading.detail.task.status = status;
            let result = Ok(Box::new(reading));
            Answer {
                task: id(1),
                result,
            }
        };
        update(&mut model, with(Status::Running));
        model.touch(&[event(8, 1, "completed")]);
        update(&mut model, with(Status::Done));
        assert!(matches!(
            model,
            Model::Open {
                first: Some(Tab::Log),
                ..
            }
        ));
    }

    #[test]
    fn what_was_changed_is_asked_for_while_it_is_shown() {
        let mut model = open(1);
        let tab = Some(Tab::Changes);
        assert_eq!(model.ask_changes(tab), None, "it has no branch");
        let mut with_branch = reading(1, vec![]);
        with_branch.detail.branch = Some(Branch {
            name: "kanban/t_1".to_owned(),
            repository: "/r".to_owned(),
            base: None,
            onto: None,
            tip: None,
            ..Branch::default()
        });
        let result = Ok(Box::new(with_branch));
        let task = id(1);
        update(&mut model, Answer { task, result });
        assert_eq!(model.ask_changes(tab), Some(Effect::ReadChanges(id(1))));
        assert_eq!(model.ask_changes(None), None);

        let told = |model: &Model| match model {
            Model::Open { changes, .. } => changes.clone(),
            Model::Closed => None,
        };
        model.tell_changes(&id(2), Ok("other".to_owned()));
        assert_eq!(told(&model), None);
        model.tell_changes(&id(1), Ok("these".to_owned()));
        assert_eq!(told(&model), Some(Ok("these".into())));
    }

    #[test]
    fn nothing_is_read_while_nothing_is_open() {
        let mut model = Model::Closed;
        assert_eq!(model.refresh(), None);
        assert_eq!(update(&mut model, read(1)), None);
    }
}
