//! The inbox: the concerns that need a person. The board knows most of them, the server is asked
//! for the rest.

mod id;
mod keys;
mod server_entries;

use domain::board::TaskSummary;
use domain::dispatch::Dispatch;
use domain::hold::LaneHold;
use domain::id::TaskId;
use domain::inbox::{Concern, Need};
use domain::outcome::{DeadEnd, StartOn};
use domain::review::PERSON;
use domain::status::Status;

use crate::board::Entry;
use crate::change::Change;
use crate::drawer::links;
use crate::refusal::Refusal;
use crate::requests::pending::Changes;
use crate::requests::pending::Request;
use crate::{Effect, Model as Page, label, requests};

pub use id::ConcernId;
pub(crate) use keys::press;
pub use server_entries::{Letter, Proposal, ServerEntries, Waiting, Work};

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
    /// Takes the worker's proposal as the result, approves its work, or lets what is stuck start anyway.
    Accept,
    /// Somebody is to be told after all, a parent is to be run again, or a landing tried again.
    Retry,
    /// Nobody need be told, what is stuck waits for its parent no longer, or a landing is taken back.
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

    /// The reason why the landing of a task waits, if it does.
    pub(crate) fn why_landing_waits(&self, task: &TaskId) -> Option<&str> {
        let mut landings = self.from_server.landings.iter();
        let waiting = landings.find(|waiting| waiting.task == *task);
        waiting.map(|waiting| waiting.problem.as_str())
    }

    /// The link to this parent that can no longer be met, if the server knows of one. The board has no
    /// card of a parent that was put away.
    pub(crate) fn dead_end(&self, parent: &TaskId, child: &TaskId) -> Option<&DeadEnd> {
        let mut dead_ends = self.from_server.dead_ends.iter();
        dead_ends.find(|it| it.parent == *parent && it.child == *child)
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
    pub(crate) fn touch(&mut self, tasks: &[TaskSummary], dispatch: &Dispatch) -> Option<Effect> {
        let needs_person = |task: &TaskSummary| of_task(task, dispatch).is_some();
        let is_touched = tasks
            .iter()
            .any(|it| it.is_dead_end || it.is_landing || needs_person(it));
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
    let dispatch = &page.pulse.pulse().dispatch;
    let blocked = page.board.entries().filter_map(|entry| {
        let task = &entry.task;
        if !matches!(task.status, Status::Blocked | Status::Review) {
            return None;
        }
        let foreseen = changes.foresee(task);
        let mut concern = of_task(foreseen.as_ref().unwrap_or(task), dispatch)?;
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
    let dead_ends = dead_ends(page, &changes);
    let landings = landings(page, &changes);
    let concerns = blocked.chain(dead_ends).chain(landings);
    let concerns = concerns.chain(letters).chain(holds);
    let mut concerns: Vec<(Concern, i64)> = concerns.collect();
    concerns.sort_by_key(|(concern, number)| (concern.since, *number));
    concerns.into_iter().map(|(concern, _)| concern).collect()
}

/// The need of a task that is blocked or in review. Work whose reviewer is no lane waits for a person.
fn of_task(task: &TaskSummary, dispatch: &Dispatch) -> Option<Concern> {
    let is_for_nobody = |reviewer: &&String| dispatch.lacks_lane(reviewer);
    match task.reviewer.as_ref().filter(is_for_nobody) {
        Some(_) => Concern::of_task(&TaskSummary {
            reviewer: Some(PERSON.to_owned()),
            ..task.clone()
        }),
        None => Concern::of_task(task),
    }
}

/// Asks the server about work in review that came to wait for a person because lanes have changed, which
/// no event tells of.
pub(crate) fn follow_lanes(page: &mut Page) -> Option<Effect> {
    let dispatch = &page.pulse.pulse().dispatch;
    let is_unknown = |entry: &Entry| {
        let task = &entry.task;
        task.status == Status::Review
            && of_task(task, dispatch).is_some()
            && !page.inbox.from_server.has_work_of(&task.id)
    };
    let is_outdated = page.board.entries().any(is_unknown);
    is_outdated.then(|| page.inbox.refresh()).flatten()
}

/// The tasks whose children can never start, as far as those are still stuck on the board.
fn dead_ends(page: &Page, changes: &Changes<'_>) -> Vec<(Concern, i64)> {
    let told = page.inbox.from_server.dead_ends.iter();
    let stuck = |it: &&DeadEnd| {
        let is_over = |task: &TaskSummary| {
            let foreseen = changes.foresee(task);
            !foreseen.as_ref().unwrap_or(task).status.is_finished()
        };
        let child = page.board.get(&it.child);
        let child = child.filter(|task| task.is_dead_end && task.status == Status::Todo);
        let is_stuck =
            child.is_some_and(|task| changes.foresee(task).is_none_or(|it| it.is_dead_end));
        is_stuck && !page.board.get(&it.parent).is_some_and(is_over)
    };
    let mut concerns: Vec<(Concern, i64)> = Vec::new();
    for dead_end in told.filter(stuck) {
        match concerns.last_mut() {
            Some((
                Concern {
                    task,
                    need: Need::DeadEnd { dead_ends },
                    ..
                },
                _,
            )) if *task == dead_end.parent => dead_ends.push(dead_end.clone()),
            _ => concerns.push(of_dead_end(page, dead_end)),
        }
    }
    concerns
}

/// The beginning of the concern about a parent.
fn of_dead_end(page: &Page, dead_end: &DeadEnd) -> (Concern, i64) {
    let task = dead_end.parent.clone();
    let card = page.board.get(&task);
    let concern = Concern {
        title: page.board.name_of(&task),
        assignee: card.and_then(|it| it.assignee.clone()),
        // One that was put away has no card.
        since: card.map(|it| it.status_since).unwrap_or_default(),
        behind: page.inbox.from_server.behind(&task),
        need: Need::DeadEnd {
            dead_ends: vec![dead_end.clone()],
        },
        task,
    };
    (concern, card.map_or(i64::MAX, |it| it.number))
}

/// The landings that wait, as far as the board still shows that their work is to land.
fn landings(page: &Page, changes: &Changes<'_>) -> Vec<(Concern, i64)> {
    let told = page.inbox.from_server.landings.iter();
    let landings = told.filter_map(|waiting| {
        let card = page.board.get(&waiting.task).filter(|it| it.is_landing)?;
        let is_answered = page.pending.undoes(waiting.request);
        if is_answered || changes.touch(&waiting.task) {
            return None;
        }
        let concern = Concern {
            task: waiting.task.clone(),
            title: card.title.clone(),
            assignee: card.assignee.clone(),
            since: waiting.since,
            behind: page.inbox.from_server.behind(&waiting.task),
            need: waiting.need(),
        };
        Some((concern, card.number))
    });
    landings.collect()
}

/// The need of the open task where it is stuck: in the inbox that stands by its parent.
fn of_stuck(page: &Page, id: &ConcernId) -> Option<(TaskId, Need)> {
    let detail = &page.drawer.reading()?.detail;
    let dead_ends = links::dead_ends(page, detail);
    let task = detail.task.id.clone();
    let is_this = !dead_ends.is_empty() && ConcernId::Task(task.clone()) == *id;
    is_this.then_some((task, Need::DeadEnd { dead_ends }))
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
    let mut before = concerns(page).into_iter().enumerate();
    let found = before.find(|(_, it)| ConcernId::of(it) == *id);
    let found = found.map(|(place, Concern { task, need, .. })| (place, task, need));
    let found = found.or_else(|| of_stuck(page, id).map(|(task, need)| (0, task, need)));
    let Some((place, task, need)) = found else {
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
            requests::change(page, dead_ends.into_iter().map(start_anyway).collect())
        }
        (Answer::Drop, Need::DeadEnd { dead_ends }) => {
            let unlink = |it: DeadEnd| (it.child, Change::StopWaitingFor(it.parent));
            requests::change(page, dead_ends.into_iter().map(unlink).collect())
        }
        (Answer::Retry, Need::DeadEnd { dead_ends }) => {
            let mut parents: Vec<TaskId> = dead_ends.into_iter().map(|it| it.parent).collect();
            parents.dedup();
            let again = |parent| (parent, Change::Move(Status::Ready));
            requests::change(page, parents.into_iter().map(again).collect())
        }
        (
            Answer::Retry,
            Need::Landing {
                onto,
                method,
                delete_branch,
                ..
            },
        ) => {
            let land = Change::Land {
                onto,
                method,
                delete_branch,
            };
            requests::change(page, vec![(task, land)])
        }
        (Answer::Drop, Need::Landing { request, .. }) => {
            let name = page.board.name_of(&task);
            vec![page.pending.ask(Request::Undo {
                text: format!("the landing of {}", label::quoted(&name)),
                events: vec![request],
                earlier: Vec::new(),
            })]
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

/// Lets a child start although its parent ended otherwise.
fn start_anyway(dead_end: DeadEnd) -> (TaskId, Change) {
    let change = Change::WaitFor {
        parent: dead_end.parent.into(),
        on: Some(StartOn::Always),
    };
    (dead_end.child, change)
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
