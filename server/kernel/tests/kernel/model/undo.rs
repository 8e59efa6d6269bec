//! Undoing the acts of people.

use domain::outcome::{StartOn, TaskOutcome};
use domain::run::Outcome;
use domain::status::Status;

use super::rest::Span;
use super::{Card, Model};

/// The inverse of one change of a card.
#[derive(Clone, Debug)]
pub(super) enum Inverse {
    Created,
    Assignee(u8, FailureState),
    Place(Status, bool, TaskOutcome, Option<bool>, FailureState),
    /// Its landing was like this.
    Landing(Option<bool>),
    Linked {
        parent: usize,
        was_put_aside: bool,
    },
    Unlinked {
        parent: usize,
        on: StartOn,
        was_put_aside: bool,
    },
    StartOn {
        parent: usize,
        on: StartOn,
    },
}

#[derive(Clone, Debug)]
pub(super) struct FailureState {
    failures: u32,
    rest: Option<Span>,
}

impl Card {
    pub(super) fn standing(&self) -> FailureState {
        FailureState {
            failures: self.failures,
            rest: self.rest,
        }
    }

    pub(super) fn place(&self) -> Inverse {
        Inverse::Place(
            self.status.clone(),
            self.waiting,
            self.outcome,
            self.in_review,
            self.standing(),
        )
    }

    /// Returns true if a person put it into `todo`.
    pub(super) fn is_put_aside(&self) -> bool {
        self.status == Status::Todo && !self.waiting
    }
}

impl Model {
    /// Undoes an earlier step; `None` if it cannot be undone any more.
    pub(super) fn undo(&mut self, back: usize) -> Option<()> {
        let request = self.request().checked_sub(back)?;
        let (task, inverse) = self.requests.get(request)?.clone()?;
        (self.cards[task].changed_by.last() == Some(&request)).then_some(())?;
        match inverse {
            Inverse::Created => {
                let waits = |card: &Card| {
                    card.parents.contains_key(&task) && card.status != Status::Archived
                };
                (!self.cards.iter().any(waits)).then_some(())?;
                self.put(task, Status::Archived, Outcome::Cancelled);
            }
            Inverse::Assignee(assignee, standing) => {
                self.cards[task].assignee = assignee;
                self.restore(task, &standing);
            }
            Inverse::Place(status, waiting, outcome, in_review, standing) => {
                let reopens = self.cards[task].status.is_finished() && !status.is_finished();
                let builds_on_it = |card: &Card| {
                    card.parents.contains_key(&task)
                        && card.status == Status::Done
                        && card.completed_by > Some(request)
                };
                (!(reopens && self.cards.iter().any(builds_on_it))).then_some(())?;
                self.cards[task].outcome = outcome;
                self.cards[task].in_review = in_review;
                self.put_back(task, status, waiting);
                self.restore(task, &standing);
            }
            Inverse::Landing(former) => {
                (self.cards[task].landing != Some(true)).then_some(())?;
                self.cards[task].landing = former;
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
                on,
                was_put_aside,
            } => {
                (!self.depends_on(parent, task)).then_some(())?;
                self.cards[task].parents.insert(parent, on);
                if !was_put_aside {
                    self.settle(parent, task, on);
                }
            }
            Inverse::StartOn { parent, on } => {
                self.cards[task].parents.insert(parent, on);
                if !self.cards[task].is_put_aside() {
                    self.settle(parent, task, on);
                }
            }
        }
        self.cards[task].changed_by.pop();
        Some(())
    }

    /// Restores the status of a card. A worker that was stopped is gone, so its task becomes ready.
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

    fn restore(&mut self, task: usize, standing: &FailureState) {
        self.cards[task].failures = standing.failures;
        self.cards[task].rest = standing.rest;
    }
}
