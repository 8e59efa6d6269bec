//! The effect of each step on the cards, and its refusals.

use std::collections::BTreeSet;

use domain::command::{FAILURE_LIMIT, LEASE};
use domain::run::Outcome;
use domain::status::Status;
use proptest::sample::Index;

use super::rest::{Span, after_failure, plus};
use super::undo::Inverse;
use super::{Card, Model, Run};
use crate::step::{Step, Worker};

/// The number of protocol violations in a row that blocks a card.
const PROTOCOL_VIOLATIONS: usize = 3;

impl Model {
    pub(super) fn create(&mut self, parents: &[Index], triage: bool, key: Option<u8>) {
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
            completed_by: None,
            failures: 0,
            rest: None,
            assignee: 0,
            run: None,
            runs: 0,
            ends: Vec::new(),
            deferrals: 0,
            deferred_for: (0, 0),
            key,
            changed_by: Vec::new(),
        });
        let new = self.cards.len() - 1;
        self.note(new, Inverse::Created);
        if triage {
            self.cards[new].status = Status::Triage;
        } else if self.is_held_back(new) {
            self.let_wait(new);
        }
    }

    /// Applies a step to a card; `None` if it is refused.
    pub(super) fn happen_to_a_task(&mut self, step: &Step) -> Option<()> {
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
                // A claim by hand uses no slot.
                let runs = self.cards.iter().filter_map(|card| card.run.as_ref());
                let in_lane = runs.filter(|run| run.is_in_lane).count();
                let is_full = in_lane >= self.global_cap.min(self.lane_cap) as usize;
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
                self.cards[task].completed_by = Some(self.request());
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
                // No worker starts in the runs of this machine: none is cut short.
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

    pub(super) fn wait_if_needed(&mut self, parent: usize, child: usize) {
        if !self.cards[parent].status.is_finished() {
            if self.cards[child].status == Status::Todo {
                self.cards[child].waiting = true;
            }
            self.demote(child);
        }
    }

    /// Puts a ready task back to wait, and marks a running one, which goes on.
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

    /// Records a report. An act of a person can be undone, one of a worker cannot.
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
        let is_running = card.status == Status::Running;
        if card.assignee == to {
            if is_running && stop {
                self.note(task, card.place());
                self.cards[task].forgive();
                self.release(task, Outcome::Reclaimed, None);
            }
            return Some(());
        }
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
            if from == Status::Blocked {
                return self.unblock(task);
            }
            (!self.is_held_back(task)).then_some(())?;
        }
        self.note(task, self.cards[task].place());
        self.put(task, to.clone(), Outcome::Cancelled);
        self.cards[task].end_deferrals();
        if from.is_finished() {
            self.demote_children(task);
        }
        Some(())
    }

    pub(super) fn demote_children(&mut self, parent: usize) {
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
            self.release(task, outcome, Some(after_failure(failures)));
        }
        Some(())
    }

    fn defer(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Running])?;
        let card = &mut self.cards[task];
        let (rest, waited) = (card.next_deferral(), card.deferred_for_once_more());
        if card.is_put_off_too_often() {
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

    pub(super) fn release_stale_claims(&mut self) {
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

    pub(super) fn promote(&mut self) {
        for task in 0..self.cards.len() {
            self.promote_one(task);
        }
    }

    pub(super) fn promote_one(&mut self, task: usize) {
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

    pub(super) fn let_wait(&mut self, task: usize) {
        self.cards[task].status = Status::Todo;
        self.cards[task].waiting = true;
    }

    /// Gives a card a status other than `running`; a run of it ends so.
    pub(super) fn put(&mut self, task: usize, to: Status, end: Outcome) {
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
