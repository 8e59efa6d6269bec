//! The board as a few plain vectors: what the kernel is compared with.
//!
//! It says the rules a second time, from the outside and without a database, so that a mistake in
//! one of the two shows.

use std::collections::BTreeSet;

use domain::command::{FAILURE_LIMIT, LEASE};
use domain::run::Outcome;
use domain::status::Status;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest_state_machine::ReferenceStateMachine;

use crate::step::{Step, Worker, any_step};

/// The earliest and the latest that something random may be.
pub(crate) type Span = (i64, i64);

#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) status: Status,
    pub(crate) waiting: bool,
    pub(crate) parents: BTreeSet<usize>,
    pub(crate) failures: u32,
    /// When it may be dispatched again after an attempt that came to nothing.
    pub(crate) rest: Option<Span>,
    pub(crate) assignee: u8,
    pub(crate) run: Option<Run>,
    /// How many runs it has had.
    pub(crate) runs: usize,
    /// How those of them ended that count.
    ends: Vec<Outcome>,
    /// How often in a row it was put off, and how long it rested for that.
    deferrals: u32,
    deferred_for: Span,
    key: Option<u8>,
    /// The last request that did more to it than talk, or than what follows from its parents.
    changed_by: usize,
}

/// An open run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) lease: i64,
    pub(crate) heartbeat: Option<i64>,
    pub(crate) is_in_lane: bool,
    is_supervised: bool,
}

/// How one change of a card is taken back.
#[derive(Clone, Debug)]
enum Inverse {
    Created,
    Assignee(u8, Standing),
    Place(Status, bool, Standing),
    Linked { parent: usize, was_put_aside: bool },
    Unlinked { parent: usize, was_put_aside: bool },
}

#[derive(Clone, Debug)]
struct Standing {
    failures: u32,
    rest: Option<Span>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) cards: Vec<Card>,
    /// Of every request so far, how it is taken back.
    requests: Vec<Option<(usize, Inverse)>>,
    pub(crate) now: i64,
    pub(crate) global_cap: u32,
    pub(crate) lane_cap: u32,
    /// Whether the dispatcher is paused, and its lane.
    pub(crate) is_paused: [bool; 2],
    /// Whether the last step was refused.
    pub(crate) refused: bool,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let empty = Self {
            cards: Vec::new(),
            requests: Vec::new(),
            now: 0,
            global_cap: 2,
            lane_cap: 2,
            is_paused: [false; 2],
            refused: false,
        };
        Just(empty).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        any_step()
    }

    /// What depends on how long exactly a task rests is left out. Few cards meet more often.
    fn preconditions(model: &Self, step: &Step) -> bool {
        match step {
            Step::Create { .. } => model.cards.len() < CARDS,
            Step::Dispatch { task } => {
                let card = model.pick(*task).map(|task| &model.cards[task]);
                let rest = card.and_then(|card| card.rest);
                rest.is_none_or(|(from, to)| model.now < from || model.now >= to)
            }
            Step::Defer { task } => {
                let card = model.pick(*task).map(|task| &model.cards[task]);
                card.is_none_or(|card| {
                    let (least, most) = card.deferred_for_once_more();
                    card.deferrals >= DEFERRALS || least > DEFERRED_FOR || most <= DEFERRED_FOR
                })
            }
            _ => true,
        }
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.requests.push(None);
        let happened = match step {
            Step::Create {
                parents,
                triage,
                key,
            } => {
                model.create(parents, *triage, *key);
                Some(())
            }
            Step::Undo { back } => model.undo(*back),
            Step::Pass { span } => {
                model.now += span.0;
                Some(())
            }
            Step::ChangeCaps { global, lane } => {
                (model.global_cap, model.lane_cap) = (*global, *lane);
                Some(())
            }
            Step::Pause { lane } => {
                model.is_paused[usize::from(*lane)] = true;
                Some(())
            }
            Step::Resume { lane } => {
                model.is_paused[usize::from(*lane)] = false;
                Some(())
            }
            Step::ReleaseStaleClaims => {
                model.release_stale_claims();
                Some(())
            }
            Step::PromoteWaiting => {
                model.promote();
                Some(())
            }
            Step::Restart | Step::Crash => Some(()),
            on_a_task => model.happen_to_a_task(on_a_task),
        };
        model.refused = happened.is_none();
        model
    }
}

const CARDS: usize = 6;

/// From `domain::backoff`, said again.
const DEFERRALS: u32 = 20;
const DEFERRED_FOR: i64 = 6 * 3_600;
const PROTOCOL_VIOLATIONS: usize = 3;

/// The `times`-th of spans that double from `first` to `longest`; a share of it is left to chance.
fn doubled(first: i64, times: u32, longest: i64, share: i64) -> Span {
    let span = (first << times.saturating_sub(1).min(20)).min(longest);
    (span * (share - 1) / share, span)
}

fn plus((a, b): Span, (c, d): Span) -> Span {
    (a + c, b + d)
}

impl Card {
    fn standing(&self) -> Standing {
        Standing {
            failures: self.failures,
            rest: self.rest,
        }
    }

    fn place(&self) -> Inverse {
        Inverse::Place(self.status.clone(), self.waiting, self.standing())
    }

    fn is_put_aside(&self) -> bool {
        self.status == Status::Todo && !self.waiting
    }

    fn forgive(&mut self) {
        self.failures = 0;
        self.end_deferrals();
    }

    fn end_deferrals(&mut self) {
        (self.deferrals, self.deferred_for) = (0, (0, 0));
    }

    fn next_deferral(&self) -> Span {
        doubled(300, self.deferrals + 1, 1_200, 10)
    }

    fn deferred_for_once_more(&self) -> Span {
        plus(self.deferred_for, self.next_deferral())
    }
}

impl Model {
    /// The number of the task that an index means, if there is any task.
    pub(crate) fn pick(&self, index: Index) -> Option<usize> {
        (!self.cards.is_empty()).then(|| index.index(self.cards.len()))
    }

    pub(crate) fn is_held_back(&self, card: usize) -> bool {
        self.cards[card]
            .parents
            .iter()
            .any(|parent| !self.cards[*parent].status.is_finished())
    }

    /// Whether `task` is `ancestor` or depends on it.
    pub(crate) fn depends_on(&self, task: usize, ancestor: usize) -> bool {
        task == ancestor
            || self.cards[task]
                .parents
                .iter()
                .any(|parent| self.depends_on(*parent, ancestor))
    }

    /// The number of the present request.
    fn request(&self) -> usize {
        self.requests.len() - 1
    }

    /// Something happens to a card that stands in the way of undoing what was before.
    fn touch(&mut self, task: usize) {
        self.cards[task].changed_by = self.request();
    }

    /// The same, and it can be undone itself.
    fn note(&mut self, task: usize, inverse: Inverse) {
        self.touch(task);
        *self.requests.last_mut().unwrap() = Some((task, inverse));
    }

    fn create(&mut self, parents: &[Index], triage: bool, key: Option<u8>) {
        let is_taken = |card: &Card| card.key == key && card.status != Status::Archived;
        if key.is_some() && self.cards.iter().any(is_taken) {
            return;
        }
        let parents: BTreeSet<_> = parents
            .iter()
            .filter_map(|index| self.pick(*index))
            .collect();
        self.cards.push(Card {
            status: Status::Ready,
            waiting: false,
            parents,
            failures: 0,
            rest: None,
            assignee: 0,
            run: None,
            runs: 0,
            ends: Vec::new(),
            deferrals: 0,
            deferred_for: (0, 0),
            key,
            changed_by: 0,
        });
        let new = self.cards.len() - 1;
        self.note(new, Inverse::Created);
        if triage {
            self.cards[new].status = Status::Triage;
        } else if self.is_held_back(new) {
            self.let_wait(new);
        }
    }

    /// `None` when the step is refused.
    fn happen_to_a_task(&mut self, step: &Step) -> Option<()> {
        match step {
            Step::Link { parent, child } => self.link(self.pick(*parent)?, self.pick(*child)?),
            Step::Unlink { parent, child } => {
                let (parent, child) = (self.pick(*parent)?, self.pick(*child)?);
                let was_put_aside = self.cards[child].is_put_aside();
                if self.cards[child].parents.remove(&parent) {
                    self.note(
                        child,
                        Inverse::Unlinked {
                            parent,
                            was_put_aside,
                        },
                    );
                    self.promote_one(child);
                }
                Some(())
            }
            Step::Claim { task } => self.claim(self.pick(*task)?, false),
            Step::Dispatch { task } => {
                let task = self.pick(*task)?;
                let is_resting = self.cards[task]
                    .rest
                    .is_some_and(|(from, _)| self.now < from);
                let runs = || self.cards.iter().filter_map(|card| card.run.as_ref());
                let is_full = runs().count() >= self.global_cap as usize
                    || runs().filter(|run| run.is_in_lane).count() >= self.lane_cap as usize;
                (!is_resting && !is_full && !self.is_paused.contains(&true)).then_some(())?;
                self.claim(task, true)
            }
            Step::Attach { task } => {
                let task = self.pick(*task)?;
                let run = self.cards[task].run.as_mut()?;
                (!std::mem::replace(&mut run.is_supervised, true)).then_some(())
            }
            Step::Renew { task, by } | Step::Heartbeat { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                let now = self.now;
                let run = self.cards[task].run.as_mut()?;
                run.lease = now + LEASE.0;
                if matches!(step, Step::Heartbeat { .. }) {
                    run.heartbeat = Some(now);
                }
                Some(())
            }
            Step::Complete { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                self.only_from(task, &[Status::Ready, Status::Running, Status::Blocked])?;
                self.report(task, *by);
                self.put(task, Status::Done, Outcome::Completed);
                self.cards[task].forgive();
                self.promote();
                Some(())
            }
            Step::Block { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                self.only_from(task, &[Status::Ready, Status::Running])?;
                self.report(task, *by);
                self.put(task, Status::Blocked, Outcome::Blocked);
                Some(())
            }
            Step::Unblock { task } => self.unblock(self.pick(*task)?),
            Step::Assign { task, to, stop } => self.assign(self.pick(*task)?, *to, *stop),
            Step::Archive { task } => {
                let task = self.pick(*task)?;
                (self.cards[task].status != Status::Archived).then_some(())?;
                self.note(task, self.cards[task].place());
                self.put(task, Status::Archived, Outcome::Cancelled);
                self.promote();
                Some(())
            }
            Step::Move { task, to } => self.put_by_hand(self.pick(*task)?, to),
            Step::Fail { task, outcome } => self.fail(self.pick(*task)?, *outcome),
            Step::Defer { task } => self.defer(self.pick(*task)?),
            Step::Interrupt { task } => {
                let task = self.pick(*task)?;
                self.only_from(task, &[Status::Running])?;
                self.release(task, Outcome::Interrupted, None);
                Some(())
            }
            Step::Cancel { task } => {
                let task = self.pick(*task)?;
                self.only_from(task, &[Status::Running])?;
                self.note(task, self.cards[task].place());
                self.put(task, Status::Todo, Outcome::Cancelled);
                Some(())
            }
            _ => unreachable!("{step:?} is about no task"),
        }
    }

    fn link(&mut self, parent: usize, child: usize) -> Option<()> {
        (!self.depends_on(parent, child)).then_some(())?;
        let was_put_aside = self.cards[child].is_put_aside();
        if self.cards[child].parents.insert(parent) {
            self.note(
                child,
                Inverse::Linked {
                    parent,
                    was_put_aside,
                },
            );
            self.wait_if_needed(parent, child);
        }
        Some(())
    }

    fn wait_if_needed(&mut self, parent: usize, child: usize) {
        if !self.cards[parent].status.is_finished() {
            if self.cards[child].status == Status::Todo {
                self.cards[child].waiting = true;
            }
            self.demote(child);
        }
    }

    /// What is ready waits; what runs goes on, marked.
    fn demote(&mut self, task: usize) {
        match self.cards[task].status {
            Status::Ready => self.let_wait(task),
            Status::Running => self.cards[task].waiting = true,
            _ => {}
        }
    }

    fn claim(&mut self, task: usize, is_in_lane: bool) -> Option<()> {
        self.only_from(task, &[Status::Ready])?;
        (!self.is_held_back(task)).then_some(())?;
        self.touch(task);
        let card = &mut self.cards[task];
        card.status = Status::Running;
        card.rest = None;
        card.runs += 1;
        card.run = Some(Run {
            lease: self.now + LEASE.0,
            heartbeat: None,
            is_in_lane,
            is_supervised: false,
        });
        Some(())
    }

    /// A worker may report while its run is open; a person always may.
    fn may_report(&self, task: usize, by: Worker) -> Option<usize> {
        let card = &self.cards[task];
        let is_current = match by {
            Worker::Person => true,
            Worker::Newest => card.run.is_some(),
            Worker::First => card.run.is_some() && card.runs == 1,
        };
        is_current.then_some(task)
    }

    /// What a person did can be undone, what a worker did stands.
    fn report(&mut self, task: usize, by: Worker) {
        match by {
            Worker::Person => self.note(task, self.cards[task].place()),
            _ => self.touch(task),
        }
    }

    fn unblock(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Blocked])?;
        self.note(task, self.cards[task].place());
        self.cards[task].forgive();
        self.stand(task, Status::Ready);
        if self.is_held_back(task) {
            self.let_wait(task);
        }
        Some(())
    }

    fn assign(&mut self, task: usize, to: u8, stop: bool) -> Option<()> {
        let card = &self.cards[task];
        if card.assignee == to {
            return Some(());
        }
        let is_running = card.status == Status::Running;
        (!is_running || stop).then_some(())?;
        self.note(task, Inverse::Assignee(card.assignee, card.standing()));
        self.cards[task].assignee = to;
        self.cards[task].forgive();
        self.cards[task].rest = None;
        if is_running {
            self.release(task, Outcome::Cancelled, None);
        }
        Some(())
    }

    fn put_by_hand(&mut self, task: usize, to: &Status) -> Option<()> {
        let from = self.cards[task].status.clone();
        if from == *to {
            return Some(());
        }
        matches!(to, Status::Triage | Status::Todo | Status::Ready).then_some(())?;
        if *to == Status::Ready {
            (!self.is_held_back(task)).then_some(())?;
            if from == Status::Blocked {
                return self.unblock(task);
            }
        }
        self.note(task, self.cards[task].place());
        self.put(task, to.clone(), Outcome::Cancelled);
        self.cards[task].end_deferrals();
        if from.is_finished() {
            self.demote_children(task);
        }
        Some(())
    }

    fn demote_children(&mut self, parent: usize) {
        for child in 0..self.cards.len() {
            if self.cards[child].parents.contains(&parent) {
                self.demote(child);
            }
        }
    }

    fn fail(&mut self, task: usize, outcome: Outcome) -> Option<()> {
        self.only_from(task, &[Status::Running])?;
        let card = &mut self.cards[task];
        card.failures += 1;
        card.end_deferrals();
        let failures = card.failures;
        let mut last = card.ends.iter().rev().take(PROTOCOL_VIOLATIONS - 1);
        let is_silent = outcome == Outcome::Protocol
            && failures as usize >= PROTOCOL_VIOLATIONS
            && last.len() == PROTOCOL_VIOLATIONS - 1
            && last.all(|end| *end == Outcome::Protocol);
        if failures >= FAILURE_LIMIT || is_silent {
            self.touch(task);
            self.put(task, Status::Blocked, outcome);
        } else {
            self.release(task, outcome, Some(doubled(5, failures, 900, 2)));
        }
        Some(())
    }

    fn defer(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Running])?;
        let card = &mut self.cards[task];
        let (rest, waited) = (card.next_deferral(), card.deferred_for_once_more());
        if card.deferrals >= DEFERRALS || waited.0 > DEFERRED_FOR {
            card.end_deferrals();
            self.touch(task);
            self.put(task, Status::Blocked, Outcome::Deferred);
        } else {
            card.deferrals += 1;
            card.deferred_for = waited;
            self.release(task, Outcome::Deferred, Some(rest));
        }
        Some(())
    }

    /// `None` when nothing can be undone any more.
    fn undo(&mut self, back: usize) -> Option<()> {
        let request = self.request().checked_sub(back)?;
        let (task, inverse) = self.requests.get(request)?.clone()?;
        (self.cards[task].changed_by == request).then_some(())?;
        match inverse {
            Inverse::Created => {
                self.put(task, Status::Archived, Outcome::Cancelled);
                self.promote();
            }
            Inverse::Assignee(assignee, standing) => {
                self.cards[task].assignee = assignee;
                self.restore(task, standing);
            }
            Inverse::Place(status, waiting, standing) => {
                self.put_back(task, status, waiting);
                self.restore(task, standing);
            }
            Inverse::Linked {
                parent,
                was_put_aside,
            } => {
                self.cards[task].parents.remove(&parent);
                if was_put_aside {
                    self.cards[task].waiting = false;
                } else {
                    self.promote_one(task);
                }
            }
            Inverse::Unlinked {
                parent,
                was_put_aside,
            } => {
                (!self.depends_on(parent, task)).then_some(())?;
                self.cards[task].parents.insert(parent);
                if !was_put_aside {
                    self.wait_if_needed(parent, task);
                }
            }
        }
        self.touch(task);
        Some(())
    }

    /// A worker that was stopped is not there any more, so its task is ready instead.
    fn put_back(&mut self, task: usize, to: Status, waiting: bool) {
        let was_finished = self.cards[task].status.is_finished();
        let to = match to {
            Status::Running => Status::Ready,
            other => other,
        };
        self.put(task, to.clone(), Outcome::Cancelled);
        if to == Status::Ready && self.is_held_back(task) {
            self.let_wait(task);
        } else if to == Status::Todo && waiting {
            self.cards[task].waiting = true;
            self.promote_one(task);
        }
        if was_finished && !to.is_finished() {
            self.demote_children(task);
        }
        self.promote();
    }

    fn restore(&mut self, task: usize, standing: Standing) {
        self.cards[task].failures = standing.failures;
        self.cards[task].rest = standing.rest;
    }

    fn release_stale_claims(&mut self) {
        for task in 0..self.cards.len() {
            let run = self.cards[task].run.as_ref();
            if run.is_some_and(|run| run.lease < self.now && !run.is_supervised) {
                self.release(task, Outcome::Reclaimed, None);
            }
        }
    }

    /// Ends a run after which another may follow.
    fn release(&mut self, task: usize, end: Outcome, rest: Option<Span>) {
        self.touch(task);
        self.put(task, Status::Ready, end);
        self.cards[task].rest = rest.map(|rest| plus(rest, (self.now, self.now)));
        if self.is_held_back(task) {
            self.let_wait(task);
        }
    }

    fn promote(&mut self) {
        for task in 0..self.cards.len() {
            self.promote_one(task);
        }
    }

    fn promote_one(&mut self, task: usize) {
        let is_free = self.cards[task].waiting && !self.is_held_back(task);
        let card = &mut self.cards[task];
        match card.status {
            Status::Todo if is_free => {
                card.waiting = false;
                card.status = Status::Ready;
            }
            Status::Running if is_free => card.waiting = false,
            _ => {}
        }
    }

    fn let_wait(&mut self, task: usize) {
        self.cards[task].status = Status::Todo;
        self.cards[task].waiting = true;
    }

    /// Gives a card a status other than `running`; a run of it ends so.
    fn put(&mut self, task: usize, to: Status, end: Outcome) {
        let uncounted = [Outcome::Deferred, Outcome::Interrupted, Outcome::Reclaimed];
        let card = &mut self.cards[task];
        if card.run.take().is_some() && !uncounted.contains(&end) {
            card.ends.push(end);
        }
        self.stand(task, to);
    }

    fn stand(&mut self, task: usize, at: Status) {
        let card = &mut self.cards[task];
        card.status = at;
        card.waiting = false;
        card.rest = None;
    }

    fn only_from(&self, task: usize, statuses: &[Status]) -> Option<()> {
        statuses.contains(&self.cards[task].status).then_some(())
    }
}
