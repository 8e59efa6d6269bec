//! The optimistic changes: requests whose effect the board does not show yet.
//!
//! An entry goes away when the event that it caused has arrived, or when it was refused; so a
//! rollback needs no code of its own.

mod changes;
mod request;
#[cfg(test)]
mod tests;

use domain::board::Frame;
use domain::command::MAX_CHANGES;
use domain::id::{DeliveryId, EventId, TaskId};

use crate::Effect;
use crate::change::Change;
use crate::create::Form;
use crate::drawer::Reading;
use crate::refusal::Refusal;

pub use changes::Changes;
pub use request::{Request, Saved};

/// The requests under way, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    last: Ticket,
    entries: Vec<Entry>,
    /// The answers to changes that were asked for together, until the last of them is there.
    answers: Vec<(Ticket, Answer)>,
}

/// Identifies a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    ticket: Ticket,
    request: Request,
    /// The event that will show it on the board, once that is known.
    event: Option<EventId>,
    /// True when a card that looks like it has come, and the answer has not.
    is_recognised: bool,
}

/// An event of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// A person asked.
    Asked(Request),
    /// The server answered.
    Answered(Ticket, Result<Saved, Refusal>),
    /// The server answered to many changes at once: to each, in their order, or to none.
    AnsweredAll(Ticket, Result<Vec<Result<Saved, Refusal>>, Refusal>),
}

/// A request, and what became of it.
pub type Answer = (Request, Result<Saved, Refusal>);

/// The progress of changes that were asked for together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The next of them are to be sent.
    Goes(Effect),
    /// Each has its answer, in the order in which they were asked for.
    IsDone(Vec<Answer>),
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

    /// Returns true while a change of a task, or its undo, has not been answered yet.
    pub fn is_changing(&self) -> bool {
        let is_change =
            |request: &Request| matches!(request, Request::Change { .. } | Request::Undo { .. });
        let mut entries = self.entries.iter();
        entries.any(|entry| entry.event.is_none() && is_change(&entry.request))
    }

    /// Returns true while a retry or drop of this delivery is on its way.
    pub fn settles(&self, delivery: DeliveryId) -> bool {
        self.entries.iter().any(|entry| {
            matches!(
                entry.request,
                Request::RetryDelivery(it) | Request::DropDelivery(it) if it == delivery
            )
        })
    }

    /// Returns true while the undo of this event is on its way.
    pub fn undoes(&self, event: EventId) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(&entry.request, Request::Undo { events, .. } if events.contains(&event)))
    }

    /// Returns true while the release of this lane or pool is on its way.
    pub fn releases(&self, lane: &str) -> bool {
        let mut entries = self.entries.iter();
        entries.any(|entry| matches!(&entry.request, Request::Release(it) if it == lane))
    }

    /// Returns true while the sample is on its way.
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

    /// Remembers many changes, each with what its task is called, and sends as many of them as one
    /// request may ask for.
    pub fn ask_all(&mut self, requests: Vec<(TaskId, String, Change)>) -> Option<Effect> {
        let ticket = self.next_ticket();
        for (task, name, change) in requests {
            self.remember(ticket, Request::Change { task, name, change });
        }
        self.next_changes(ticket)
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

    /// Records the answers to the changes that were sent last. Where they all met with one refusal,
    /// those that were not sent yet would meet with it too.
    pub fn answer_all(
        &mut self,
        ticket: Ticket,
        result: Result<Vec<Result<Saved, Refusal>>, Refusal>,
    ) -> Progress {
        let (most, mut results, otherwise) = match result {
            Ok(results) => (MAX_CHANGES, results.into_iter(), Refusal::unanswered()),
            Err(refusal) => (usize::MAX, Vec::new().into_iter(), refusal),
        };
        let mut asked = 0_usize;
        self.entries.retain_mut(|entry| {
            if entry.ticket != ticket || entry.event.is_some() || asked == most {
                return true;
            }
            asked = asked.saturating_add(1);
            let result = results.next().unwrap_or_else(|| Err(otherwise.clone()));
            let answer = (entry.request.clone(), result.clone());
            self.answers.push((ticket, answer));
            entry.event = result.ok().map(|saved| saved.event);
            entry.event.is_some()
        });
        if let Some(next) = self.next_changes(ticket) {
            return Progress::Goes(next);
        }
        let of_ticket = self.answers.extract_if(.., |(of, _)| *of == ticket);
        Progress::IsDone(of_ticket.map(|(_, answer)| answer).collect())
    }

    /// Sends the next of many changes; none where all were sent.
    fn next_changes(&self, ticket: Ticket) -> Option<Effect> {
        let waiting = self.entries.iter().filter(|it| it.ticket == ticket);
        let changes: Vec<_> = waiting
            .filter(|entry| entry.event.is_none())
            .filter_map(|entry| match &entry.request {
                Request::Change { task, change, .. } => Some((task.clone(), change.clone())),
                _ => None,
            })
            .take(MAX_CHANGES)
            .collect();
        (!changes.is_empty()).then_some(Effect::SendAll { ticket, changes })
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
