//! The effect of each step on the cards, and its refusals.

use std::collections::BTreeMap;

use domain::check::REWORK_LIMIT;
use domain::command::{FAILURE_LIMIT, LEASE};
use domain::outcome::{StartOn, TaskOutcome};
use domain::review::ROUNDS;
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
    pub(super) fn create(
        &mut self,
        parents: &[(Index, StartOn)],
        triage: bool,
        key: Option<u8>,
        [has_check, has_review]: [bool; 2],
    ) {
        let is_taken = |card: &Card| card.key == key && card.status != Status::Archived;
        if key.is_some() && self.cards.iter().any(is_taken) {
            return;
        }
        let parents: BTreeMap<_, _> = parents
            .iter()
            .filter_map(|(index, on)| Some((self.pick(*index)?, *on)))
            .collect();
        self.cards.push(Card {
            status: Status::Ready,
            waiting: false,
            parents,
            outcome: TaskOutcome::Success,
            has_check,
            has_review,
            in_review: None,
            rounds: 0,
            had_check: false,
            rework: 0,
            landing: None,
            sent_back: 0,
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
            Step::Link { parent, child, on } => {
                self.link(self.pick(*parent)?, self.pick(*child)?, *on)
            }
            Step::Unlink { parent, child } => {
                let (parent, child) = (self.pick(*parent)?, self.pick(*child)?);
                let was_put_aside = self.cards[child].is_put_aside();
                if let Some(on) = self.cards[child].parents.remove(&parent) {
                    self.note(
                        child,
                        Inverse::Unlinked {
                            parent,
                            on,
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
                // It is the same supervisor each time, which may not have heard the answer.
                run.is_supervised = true;
                Some(())
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
            Step::Complete {
                task,
                by,
                outcome,
                unchecked,
            } => self.complete(self.pick(*task)?, *by, *outcome, *unchecked),
            Step::Judge { task, approves } => self.judge(self.pick(*task)?, *approves),
            Step::Check { task, passes } => self.check(self.pick(*task)?, *passes),
            Step::Land { task } => self.land(self.pick(*task)?),
            Step::Lander { task, says } => self.lander_says(self.pick(*task)?, *says),
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

    /// A worker whose run has a check only reports; a person has to say that they do without.
    fn complete(
        &mut self,
        task: usize,
        by: Worker,
        outcome: Option<TaskOutcome>,
        unchecked: bool,
    ) -> Option<()> {
        let task = self.may_report(task, by)?;
        let open = [
            Status::Ready,
            Status::Running,
            Status::Review,
            Status::Blocked,
        ];
        self.only_from(task, &open)?;
        let has_check = self.cards[task].has_check;
        let is_person = by == Worker::Person;
        if is_person {
            (unchecked || !(has_check || self.cards[task].had_check)).then_some(())?;
        } else if has_check {
            let run = self.cards[task].run.as_mut()?;
            run.is_in_lane.then_some(())?;
            run.reported = outcome;
            self.touch(task);
            return Some(());
        }
        let is_free = is_person && unchecked;
        (is_free || self.cards[task].in_review.is_none()).then_some(())?;
        self.report(task, by);
        // Whoever claimed it by hand has done it, and is the one who judges.
        let run = self.cards[task].run.as_ref();
        let is_lane = !is_person && run.is_some_and(|run| run.is_in_lane);
        self.finish(task, outcome, (!is_free).then_some(!is_lane));
        Some(())
    }

    /// Finishes a card, or gives it to review: then it is known whether a person did the work.
    fn finish(&mut self, task: usize, outcome: Option<TaskOutcome>, by_person: Option<bool>) {
        let run = self.cards[task].run.as_ref();
        let reported = run.filter(|run| run.has_check).and_then(|run| run.reported);
        let outcome = outcome.or(reported).unwrap_or_default();
        let review = by_person.filter(|_| self.cards[task].has_review);
        self.cards[task].forgive();
        if review.is_some() {
            self.put(task, Status::Review, Outcome::Completed);
            self.cards[task].in_review = review;
        } else {
            self.end(task);
        }
        self.cards[task].outcome = outcome;
        self.promote();
    }

    fn end(&mut self, task: usize) {
        self.put(task, Status::Done, Outcome::Completed);
        self.cards[task].completed_by = Some(self.request());
        self.cards[task].rounds = 0;
    }

    fn judge(&mut self, task: usize, approves: bool) -> Option<()> {
        self.only_from(task, &[Status::Review])?;
        let by_person = self.cards[task].in_review?;
        (!(approves && by_person)).then_some(())?;
        self.note(task, self.cards[task].place());
        if approves {
            self.cards[task].forgive();
            self.end(task);
            self.promote();
            return Some(());
        }
        self.stand(task, Status::Ready);
        self.cards[task].rounds += 1;
        if self.cards[task].rounds >= ROUNDS {
            self.stand(task, Status::Blocked);
        } else if self.is_held_back(task) {
            self.let_wait(task);
        }
        Some(())
    }

    fn check(&mut self, task: usize, passes: bool) -> Option<()> {
        self.only_from(task, &[Status::Running])?;
        if passes {
            self.touch(task);
            let is_lane = self.cards[task].run.as_ref()?.is_in_lane;
            self.finish(task, None, Some(!is_lane));
            return Some(());
        }
        self.cards[task].rework += 1;
        if self.cards[task].rework >= REWORK_LIMIT {
            self.cards[task].end_deferrals();
            self.touch(task);
            self.put(task, Status::Blocked, Outcome::CheckFailed);
        } else {
            self.release(task, Outcome::CheckFailed, None);
        }
        Some(())
    }

    fn link(&mut self, parent: usize, child: usize, on: Option<StartOn>) -> Option<()> {
        let was_put_aside = self.cards[child].is_put_aside();
        (parent != child).then_some(())?;
        let inverse = match self.cards[child].parents.get(&parent).copied() {
            Some(old) if on.is_none_or(|on| on == old) => return Some(()),
            Some(on) => Inverse::StartOn { parent, on },
            None => {
                (!self.depends_on(parent, child)).then_some(())?;
                Inverse::Linked {
                    parent,
                    was_put_aside,
                }
            }
        };
        let is_new = matches!(inverse, Inverse::Linked { .. });
        let on = on.unwrap_or_default();
        self.cards[child].parents.insert(parent, on);
        self.note(child, inverse);
        if is_new || !was_put_aside {
            self.settle(parent, child, on);
        }
        Some(())
    }

    /// Lets a child wait, or go, by what its link to this parent asks for.
    pub(super) fn settle(&mut self, parent: usize, child: usize, on: StartOn) {
        if self.is_met(parent, on) {
            self.promote_one(child);
            return;
        }
        if self.cards[child].status == Status::Todo {
            self.cards[child].waiting = true;
        }
        self.demote(child);
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
            has_check: card.has_check,
            reported: None,
        });
        if is_in_lane {
            card.had_check = card.has_check;
        }
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
        self.cards[task].rounds = 0;
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
            if self.cards[child].parents.contains_key(&parent) {
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
        if !at.is_finished() && at != Status::Review {
            card.outcome = TaskOutcome::Success;
        }
        if !matches!(at, Status::Review | Status::Blocked) {
            card.in_review = None;
        }
        // A task that is not finished any more does not land.
        card.landing = None;
        card.status = at;
        card.waiting = false;
        card.rest = None;
    }

    pub(super) fn only_from(&self, task: usize, statuses: &[Status]) -> Option<()> {
        statuses.contains(&self.cards[task].status).then_some(())
    }
}
