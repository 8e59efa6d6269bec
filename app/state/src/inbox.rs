//! The inbox: the concerns that need a person. The board knows most of them, the server is asked
//! for the rest.

mod id;
mod keys;
mod server_entries;

use domain::board::TaskSummary;
use domain::hold::LaneHold;
use domain::inbox::{Concern, Need};
use domain::outcome::DeadEnd;
use domain::status::Status;

use crate::change::Change;
use crate::refusal::Refusal;
use crate::requests::pending::Request;
use crate::{Effect, Model as Page, requests};

pub use id::ConcernId;
pub(crate) use keys::press;
pub use server_entries::{Letter, Proposal, ServerEntries, Work};

/// The server's part of the inbox, and the concern that is marked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The server's last answer.
    from_server: ServerEntries,
    reading: Reading,
    /// The concern the person looks at.
    current: Option<ConcernId>,
    /// The index of the marked concern, so that the next one takes its place once it is gone.
    place: usize,
}

/// The state of the request to the server. One request at a time, so that an older answer never
/// comes last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reading {
    #[default]
    Idle,
    Asked,
    /// Something happened after the question was sent.
    Outdated,
}

/// An event of the inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// The server answered.
    Read(Result<ServerEntries, Refusal>),
    /// A person looks at this one.
    Reached(ConcernId),
    /// A person said what is to become of this one.
    Answered(ConcernId, Answer),
}

/// A person's answer to a concern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The task goes on, with this said first where there is something to say.
    Say(String),
    /// Takes the worker's proposal as the result, approves its work, or lets it start anyway.
    Accept,
    /// Somebody is to be told after all, or a parent is to be run again.
    Retry,
    /// Nobody need be told.
    Drop,
}

impl Model {
    /// The inbox that was read along with the page.
    pub fn new(told: ServerEntries) -> Self {
        Self {
            from_server: told,
            ..Self::default()
        }
    }

    /// The result that the worker of a task that gave up has proposed.
    pub(crate) fn proposed(&self, concern: &Concern) -> Option<String> {
        self.from_server.proposed(concern)
    }

    /// Asks the server again.
    pub(crate) fn refresh(&mut self) -> Option<Effect> {
        match self.reading {
            Reading::Idle => {
                self.reading = Reading::Asked;
                Some(Effect::ReadInbox)
            }
            Reading::Asked | Reading::Outdated => {
                self.reading = Reading::Outdated;
                None
            }
        }
    }

    /// Asks the server again when a task needs a person: others may wait behind it, and the board does not
    /// show all that it needs.
    pub(crate) fn touch(&mut self, tasks: &[TaskSummary]) -> Option<Effect> {
        let is_touched = tasks.iter().any(|task| Concern::of_task(task).is_some());
        is_touched.then(|| self.refresh()).flatten()
    }

    fn answer(&mut self, result: Result<ServerEntries, Refusal>) -> Option<Effect> {
        if let Ok(told) = result {
            self.from_server = told;
        }
        match std::mem::take(&mut self.reading) {
            Reading::Outdated => self.refresh(),
            Reading::Idle | Reading::Asked => None,
        }
    }

    fn reach(&mut self, id: ConcernId, concerns: &[Concern]) {
        let place = concerns.iter().position(|it| ConcernId::of(it) == id);
        self.place = place.unwrap_or(self.place);
        self.current = Some(id);
    }
}

/// Takes in what happened to the inbox.
pub(crate) fn update(page: &mut Page, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Read(result) => Vec::from_iter(page.inbox.answer(result)),
        Msg::Reached(id) => {
            let concerns = concerns(page);
            page.inbox.reach(id, &concerns);
            Vec::new()
        }
        Msg::Answered(id, answer) => answered(page, &id, answer),
    }
}

/// Everything that needs a person, what has waited longest first. What was answered is gone at once.
pub(crate) fn concerns(page: &Page) -> Vec<Concern> {
    let changes = page.pending.changes();
    let blocked = page.board.entries().filter_map(|entry| {
        let task = &entry.task;
        if !matches!(task.status, Status::Blocked | Status::Review) && !task.is_dead_end {
            return None;
        }
        let foreseen = changes.foresee(task);
        let mut concern = Concern::of_task(foreseen.as_ref().unwrap_or(task))?;
        concern.behind = page.inbox.from_server.behind(&concern.task);
        page.inbox.from_server.complete(&mut concern);
        Some((concern, task.number))
    });
    let undelivered = &page.pulse.pulse().undelivered;
    let is_dead = |letter: &&Letter| {
        undelivered.contains_key(&letter.delivery) && !page.pending.settles(letter.delivery)
    };
    let letters = page.inbox.from_server.letters.iter().filter(is_dead);
    // Of one second, tasks come first, in their order on the board; as the kernel has it.
    let letters = letters.map(|letter| (letter.concern(), i64::MAX));
    let holds = page.pulse.pulse().dispatch.holds.iter();
    let now = page.pulse.pulse().dispatch.now;
    let holds = holds.filter(|hold| {
        hold.until.is_none_or(|until| until > now)
            && hold.cause.needs_person()
            && !page.pending.releases(&hold.name)
    });
    let holds = holds.filter_map(|hold| Some((of_hold(page, hold)?, i64::MAX)));
    let mut concerns: Vec<(Concern, i64)> = blocked.chain(letters).chain(holds).collect();
    concerns.sort_by_key(|(concern, number)| (concern.since, *number));
    concerns.into_iter().map(|(concern, _)| concern).collect()
}

/// The need of a held lane, by the task whose run has met it.
fn of_hold(page: &Page, hold: &LaneHold) -> Option<Concern> {
    let task = hold.task.clone()?;
    let entry = page.board.entries().find(|entry| entry.task.id == task);
    let entry = entry.map(|entry| &entry.task);
    Some(Concern {
        title: entry.map_or_else(|| task.to_string(), |task| task.title.clone()),
        assignee: entry.and_then(|task| task.assignee.clone()),
        task,
        since: hold.since,
        behind: hold.waiting,
        need: Need::Held {
            lane: hold.name.clone(),
            cause: hold.cause,
            reason: hold.reason.clone(),
        },
    })
}

/// The one that the person looks at: where it has gone, the one that took its place.
pub(crate) fn current<'a>(page: &Page, concerns: &'a [Concern]) -> Option<&'a Concern> {
    let inbox = &page.inbox;
    let same = concerns
        .iter()
        .find(|it| Some(ConcernId::of(it)) == inbox.current);
    same.or_else(|| concerns.get(inbox.place))
        .or(concerns.last())
}

fn answered(page: &mut Page, id: &ConcernId, answer: Answer) -> Vec<Effect> {
    let before = concerns(page);
    let Some(place) = before.iter().position(|it| ConcernId::of(it) == *id) else {
        return Vec::new();
    };
    let Some(Concern { task, need, .. }) = before.get(place).cloned() else {
        return Vec::new();
    };
    let asked = match (answer, need) {
        (Answer::Say(text), Need::Answer { .. } | Need::GaveUp { .. }) => {
            // An option is no reason to forget what is half written.
            if page.comment.draft(&task) == text {
                page.comment.clear(&task);
            }
            requests::change(page, vec![(task, Change::Answer { text })])
        }
        (
            Answer::Accept,
            Need::GaveUp {
                proposed: result @ Some(_),
                ..
            },
        ) => requests::change(page, vec![(task, Change::Complete { result })]),
        (Answer::Accept, Need::Review { run, commit, .. }) => {
            requests::change(page, vec![(task, Change::Approve { run, commit })])
        }
        (Answer::Say(reason), Need::Review { run, commit, .. }) if !reason.trim().is_empty() => {
            page.comment.clear(&task);
            let request = Change::RequestChanges {
                reason,
                run,
                commit,
            };
            requests::change(page, vec![(task, request)])
        }
        (Answer::Accept, Need::DeadEnd { dead_ends }) => {
            let start = |it: DeadEnd| (it.child, Change::StartAnyway(it.parent));
            requests::change(page, dead_ends.into_iter().map(start).collect())
        }
        (Answer::Retry, Need::DeadEnd { dead_ends }) => {
            let again = |it: DeadEnd| (it.parent, Change::Move(Status::Ready));
            requests::change(page, dead_ends.into_iter().map(again).collect())
        }
        (Answer::Retry, Need::Undelivered { delivery, .. }) => {
            vec![page.pending.ask(Request::RetryDelivery(delivery))]
        }
        (Answer::Retry, Need::Held { lane, .. }) => {
            vec![page.pending.ask(Request::Release(lane))]
        }
        (Answer::Drop, Need::Undelivered { delivery, .. }) => {
            vec![page.pending.ask(Request::DropDelivery(delivery))]
        }
        _ => return Vec::new(),
    };
    let next = go_on(page, place);
    asked.into_iter().chain([next]).collect()
}

/// Goes to what stands now where the person was: in the inbox to the next one, in the open task back to
/// it.
fn go_on(page: &mut Page, place: usize) -> Effect {
    if !page.address.is_inbox {
        return Effect::FocusDrawer;
    }
    page.inbox.place = place;
    page.inbox.current = None;
    focus(page)
}

/// Gives the keyboard to the one that the person looks at.
pub(crate) fn focus(page: &Page) -> Effect {
    let concerns = concerns(page);
    match current(page, &concerns) {
        Some(concern) => Effect::FocusConcern(ConcernId::of(concern)),
        None => Effect::FocusInbox,
    }
}
