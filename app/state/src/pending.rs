//! What the page has asked for and the board does not show yet.
//!
//! An entry goes away when the event that it caused has arrived, or when it was refused; so a
//! rollback needs no code of its own.

use std::collections::BTreeMap;

use domain::board::{Frame, TaskSummary};
use domain::id::{EventId, TaskId};
use serde::{Deserialize, Serialize};

use crate::Effect;
use crate::change::Change;
use crate::create::Form;
use crate::drawer::Reading;
use crate::refusal::Refusal;

/// The requests under way, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    last: Ticket,
    entries: Vec<Entry>,
}

/// Tells a request from the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    ticket: Ticket,
    request: Request,
    /// The event that will show it on the board, once that is known.
    event: Option<EventId>,
    /// Whether a card that looks like it has come, and the answer has not.
    is_recognised: bool,
}

/// Something that a person asked the board for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new task.
    Create(Form),
    /// A task changed.
    Change {
        /// The task.
        task: TaskId,
        /// What it is called, for what is said afterwards.
        name: String,
        /// How.
        change: Change,
    },
    /// Something said about a task.
    Comment {
        /// The task.
        task: TaskId,
        /// What to say.
        body: String,
    },
    /// What one request did, or several, taken back.
    Undo {
        /// What it was, in words.
        text: String,
        /// An event of each request.
        events: Vec<EventId>,
    },
    /// The dispatcher, or one of its lanes, told to start nothing more.
    Pause(Option<String>),
    /// The dispatcher, or one of its lanes, told to go on.
    Resume(Option<String>),
    /// The sample on an empty board.
    FillSample,
}

/// The server did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// The last event that it wrote; zero when nothing had to change.
    pub event: EventId,
}

impl Saved {
    /// Whether anything had to change.
    pub fn has_changed(self) -> bool {
        self.event > EventId(0)
    }
}

/// What happened to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// A person asked.
    Asked(Request),
    /// The server answered.
    Answered(Ticket, Result<Saved, Refusal>),
    /// The server answered to many changes at once: to each, in their order, or to none.
    AnsweredAll(Ticket, Result<Vec<Result<Saved, Refusal>>, Refusal>),
}

/// The changes under way, by task.
#[derive(Debug, Default)]
pub struct Changes<'a>(BTreeMap<&'a TaskId, Vec<&'a Change>>);

impl Changes<'_> {
    /// Whether something about a task is under way.
    pub fn touch(&self, task: &TaskId) -> bool {
        self.0.contains_key(task)
    }

    /// A task as it will be once everything that was asked for is done; `None` where that is nothing.
    pub fn foresee(&self, task: &TaskSummary) -> Option<TaskSummary> {
        let changes = self.0.get(&task.id)?;
        let mut task = task.clone();
        for change in changes {
            change.foresee(&mut task);
        }
        Some(task)
    }
}

impl Model {
    /// The changes under way, by task, in the order in which they were asked for.
    pub fn changes(&self) -> Changes<'_> {
        let mut changes = Changes::default();
        for entry in &self.entries {
            if let Request::Change { task, change, .. } = &entry.request {
                changes.0.entry(task).or_default().push(change);
            }
        }
        changes
    }

    /// The tasks that are not on the board yet.
    pub fn drafts(&self) -> impl Iterator<Item = (Ticket, &Form)> {
        self.entries
            .iter()
            .filter(|entry| !entry.is_recognised)
            .filter_map(|entry| match &entry.request {
                Request::Create(form) => Some((entry.ticket, form)),
                _ => None,
            })
    }

    /// The comments on a task that are not in its history yet.
    pub fn comments_on<'a>(&'a self, task: &'a TaskId) -> impl Iterator<Item = &'a str> {
        self.entries
            .iter()
            .filter_map(move |entry| match &entry.request {
                Request::Comment { task: about, body } if about == task => Some(body.as_str()),
                _ => None,
            })
    }

    /// Whether a change of a task has not been answered yet.
    pub fn is_changing(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.event.is_none() && matches!(entry.request, Request::Change { .. }))
    }

    /// Whether the sample is on its way.
    pub fn is_filling(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.request == Request::FillSample)
    }

    /// Sends a request and remembers it.
    pub fn ask(&mut self, request: Request) -> Effect {
        let ticket = self.next_ticket();
        self.remember(ticket, request.clone());
        Effect::Send { ticket, request }
    }

    /// Sends many changes at once and remembers each, with what its task is called.
    pub fn ask_all(&mut self, requests: Vec<(TaskId, String, Change)>) -> Effect {
        let ticket = self.next_ticket();
        let mut changes = Vec::new();
        for (task, name, change) in requests {
            changes.push((task.clone(), change.clone()));
            self.remember(ticket, Request::Change { task, name, change });
        }
        Effect::SendAll { ticket, changes }
    }

    /// Notes that a request was granted; the board shows it once `event` has arrived. The request is
    /// handed out.
    pub fn grant(&mut self, ticket: Ticket, saved: Saved) -> Option<Request> {
        let mut entries = self.entries.iter_mut();
        let entry = entries.find(|entry| entry.ticket == ticket)?;
        entry.event = Some(saved.event);
        entry.is_recognised = false;
        Some(entry.request.clone())
    }

    /// Forgets a refused request and hands it back.
    pub fn refuse(&mut self, ticket: Ticket) -> Option<Request> {
        let position = self
            .entries
            .iter()
            .position(|entry| entry.ticket == ticket)?;
        Some(self.entries.remove(position).request)
    }

    /// Notes what became of many changes, and hands each back with its answer.
    pub fn answer_all(
        &mut self,
        ticket: Ticket,
        result: Result<Vec<Result<Saved, Refusal>>, Refusal>,
    ) -> Vec<(Request, Result<Saved, Refusal>)> {
        let (mut results, otherwise) = match result {
            Ok(results) => (results.into_iter(), Refusal::unanswered()),
            Err(refusal) => (Vec::new().into_iter(), refusal),
        };
        let mut answers = Vec::new();
        self.entries.retain_mut(|entry| {
            if entry.ticket != ticket {
                return true;
            }
            let result = results.next().unwrap_or_else(|| Err(otherwise.clone()));
            answers.push((entry.request.clone(), result.clone()));
            entry.event = result.ok().map(|saved| saved.event);
            entry.event.is_some()
        });
        answers
    }

    /// Recognises new tasks of ours in a frame that overtook the answer: else the draft and the
    /// card would stand side by side for a moment. It is a guess, as somebody else's task may have
    /// the same title; so the request stays until its answer.
    pub fn recognise(&mut self, frame: &Frame) {
        for event in frame.events.iter().filter(|event| event.kind == "created") {
            let title = frame
                .tasks
                .iter()
                .find(|task| task.id == event.task_id)
                .map(|task| task.title.as_str());
            let draft = self.entries.iter_mut().find(|entry| {
                entry.event.is_none()
                    && !entry.is_recognised
                    && matches!(&entry.request, Request::Create(form) if Some(form.title.trim()) == title)
            });
            if let Some(draft) = draft {
                draft.is_recognised = true;
            }
        }
    }

    /// Forgets what can be seen without it: on the board up to `cursor`, or in the open task.
    pub fn settle(&mut self, cursor: EventId, open: Option<&Reading>) {
        self.entries.retain(|entry| {
            let Some(event) = entry.event else {
                return true;
            };
            match &entry.request {
                // The board counts comments, but only the open task shows them.
                Request::Comment { task, .. } => open.is_some_and(|reading| {
                    reading.detail.task.id == *task && reading.last_event() < event
                }),
                _ => event > cursor,
            }
        });
    }

    fn next_ticket(&mut self) -> Ticket {
        self.last.0 = self.last.0.wrapping_add(1);
        self.last
    }

    fn remember(&mut self, ticket: Ticket, request: Request) {
        self.entries.push(Entry {
            ticket,
            request,
            event: None,
            is_recognised: false,
        });
    }
}

#[cfg(test)]
mod tests {
    use domain::status::Status;

    use super::*;
    use crate::fixture::{event, form, frame, reading, summary, with_status};

    const CURSOR: EventId = EventId(7);

    fn ask(model: &mut Model, request: Request) -> Ticket {
        match model.ask(request) {
            Effect::Send { ticket, .. } => ticket,
            other => panic!("asked, but got {other:?}"),
        }
    }

    fn move_of(task: u32, to: Status) -> Request {
        Request::Change {
            task: TaskId::from_bits(task),
            name: "Task".to_owned(),
            change: Change::Move(to),
        }
    }

    fn status_of(model: &Model, task: &TaskSummary) -> Status {
        let foreseen = model.changes().foresee(task);
        foreseen.map_or_else(|| task.status.clone(), |task| task.status)
    }

    #[test]
    fn a_move_is_shown_from_the_request_until_its_event() {
        let mut model = Model::default();
        let task = summary(1);
        let ticket = ask(&mut model, move_of(1, Status::Todo));
        assert_eq!(status_of(&model, &task), Status::Todo);
        assert!(model.changes().touch(&task.id));

        model.grant(ticket, Saved { event: EventId(8) });
        model.settle(CURSOR, None);
        assert_eq!(
            status_of(&model, &task),
            Status::Todo,
            "it jumped back before its event"
        );

        model.settle(EventId(8), None);
        assert_eq!(status_of(&model, &task), Status::Ready);
        assert!(!model.changes().touch(&task.id));
    }

    #[test]
    fn a_refused_move_is_gone_and_handed_back() {
        let mut model = Model::default();
        let ticket = ask(&mut model, move_of(1, Status::Todo));
        assert_eq!(model.refuse(ticket), Some(move_of(1, Status::Todo)));
        assert_eq!(status_of(&model, &summary(1)), Status::Ready);
        assert_eq!(model.refuse(ticket), None);
    }

    #[test]
    fn a_move_that_the_rules_forbid_shows_nothing() {
        let mut model = Model::default();
        ask(&mut model, move_of(1, Status::Running));
        assert_eq!(status_of(&model, &summary(1)), Status::Ready);
    }

    #[test]
    fn moves_of_one_task_are_shown_in_their_order() {
        let mut model = Model::default();
        ask(&mut model, move_of(1, Status::Todo));
        ask(&mut model, move_of(1, Status::Triage));
        ask(&mut model, move_of(2, Status::Ready));
        assert_eq!(status_of(&model, &summary(1)), Status::Triage);
        assert_eq!(
            status_of(&model, &with_status(2, Status::Blocked)),
            Status::Ready
        );
    }

    #[test]
    fn an_answer_that_changed_nothing_settles_at_once() {
        let mut model = Model::default();
        let ticket = ask(&mut model, move_of(1, Status::Ready));
        model.grant(ticket, Saved { event: EventId(0) });
        model.settle(CURSOR, None);
        assert!(!model.changes().touch(&TaskId::from_bits(1)));
    }

    #[test]
    fn of_many_changes_each_gets_its_answer() {
        let mut model = Model::default();
        let changes = [1, 2, 3].map(|n| (TaskId::from_bits(n), String::new(), Change::Archive));
        let Effect::SendAll { ticket, .. } = model.ask_all(changes.into()) else {
            panic!("nothing sent");
        };
        assert_eq!(status_of(&model, &summary(2)), Status::Archived);

        let refusal = Refusal::invalid("no");
        let saved = Saved { event: EventId(8) };
        let results = vec![Ok(saved), Err(refusal.clone()), Ok(saved)];
        let answers = model.answer_all(ticket, Ok(results));

        let said: Vec<_> = answers.into_iter().map(|(_, result)| result).collect();
        assert_eq!(said, [Ok(saved), Err(refusal), Ok(saved)]);
        assert_eq!(status_of(&model, &summary(2)), Status::Ready);
        assert_eq!(status_of(&model, &summary(3)), Status::Archived);
        model.settle(EventId(8), None);
        assert!(!model.changes().touch(&TaskId::from_bits(3)));
    }

    #[test]
    fn many_changes_that_get_one_refusal_all_get_it() {
        let mut model = Model::default();
        let changes = [1, 2].map(|n| (TaskId::from_bits(n), String::new(), Change::Archive));
        let Effect::SendAll { ticket, .. } = model.ask_all(changes.into()) else {
            panic!("nothing sent");
        };
        let answers = model.answer_all(ticket, Err(Refusal::invalid("no")));
        assert!(answers.iter().all(|(_, result)| result.is_err()));
        assert_eq!(status_of(&model, &summary(1)), Status::Ready);
    }

    #[test]
    fn a_draft_stays_until_its_task_is_on_the_board() {
        let mut model = Model::default();
        let ticket = ask(&mut model, Request::Create(form("Count words")));
        model.settle(EventId(100), None);
        assert_eq!(model.drafts().count(), 1);

        model.grant(
            ticket,
            Saved {
                event: EventId(101),
            },
        );
        model.settle(EventId(101), None);
        assert_eq!(model.drafts().count(), 0);
    }

    #[test]
    fn a_frame_that_overtakes_the_answer_takes_the_place_of_one_draft() {
        let mut model = Model::default();
        ask(&mut model, Request::Create(form(" Task 1")));
        ask(&mut model, Request::Create(form("Task 1")));
        let frame = frame(8, [summary(1)]);

        model.recognise(&frame);
        model.settle(frame.cursor, None);

        assert_eq!(model.drafts().count(), 1);
    }

    #[test]
    fn a_draft_mistaken_for_a_task_of_somebody_else_keeps_its_answer() {
        let mut model = Model::default();
        let granted = ask(&mut model, Request::Create(form("Task 1")));
        let refused = ask(&mut model, Request::Create(form("Task 1")));
        for cursor in [8, 9] {
            let frame = frame(cursor, [summary(1)]);
            model.recognise(&frame);
            model.settle(frame.cursor, None);
        }
        assert_eq!(model.drafts().count(), 0);

        assert_eq!(
            model.refuse(refused),
            Some(Request::Create(form("Task 1"))),
            "the refusal vanished"
        );
        model.grant(granted, Saved { event: EventId(10) });
        model.settle(EventId(9), None);
        assert_eq!(model.drafts().count(), 1, "its own card is not there yet");
        model.settle(EventId(10), None);
        assert_eq!(model.drafts().count(), 0);
    }

    #[test]
    fn a_comment_is_shown_until_the_open_task_contains_it() {
        let mut model = Model::default();
        let task = TaskId::from_bits(1);
        let ticket = ask(
            &mut model,
            Request::Comment {
                task: task.clone(),
                body: "Why?".to_owned(),
            },
        );
        model.grant(ticket, Saved { event: EventId(8) });

        model.settle(EventId(9), Some(&reading(1, vec![event(7, 1, "created")])));
        assert_eq!(model.comments_on(&task).collect::<Vec<_>>(), ["Why?"]);
        assert_eq!(model.comments_on(&TaskId::from_bits(2)).count(), 0);

        model.settle(
            EventId(9),
            Some(&reading(1, vec![event(8, 1, "commented")])),
        );
        assert_eq!(model.comments_on(&task).count(), 0);
    }

    #[test]
    fn the_sample_is_on_its_way_until_its_last_event() {
        let mut model = Model::default();
        let ticket = ask(&mut model, Request::FillSample);
        assert!(model.is_filling());
        model.grant(ticket, Saved { event: EventId(20) });
        model.settle(EventId(19), None);
        assert!(model.is_filling());
        model.settle(EventId(20), None);
        assert!(!model.is_filling());
    }
}
