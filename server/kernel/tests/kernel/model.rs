//! The board as a few plain vectors, to compare the kernel with.
//!
//! It implements the rules a second time, from the outside and without a database, so that a
//! mistake in one of the two shows.

#[path = "model/landing.rs"]
mod landing;
#[path = "model/rest.rs"]
mod rest;
#[path = "model/undo.rs"]
mod undo;
#[path = "model/verbs.rs"]
mod verbs;

use std::collections::BTreeMap;

use domain::outcome::{StartOn, TaskOutcome};
use domain::run::Outcome;
use domain::status::Status;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest_state_machine::ReferenceStateMachine;

use rest::Span;
use undo::Inverse;

use crate::step::{Landing, Step, any_step};

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Card {
    pub(crate) status: Status,
    pub(crate) waiting: bool,
    pub(crate) parents: BTreeMap<usize, StartOn>,
    pub(crate) outcome: TaskOutcome,
    pub(crate) failures: u32,
    /// The earliest and the latest end of the back-off after a failed or deferred attempt.
    pub(crate) rest: Option<Span>,
    pub(crate) assignee: u8,
    pub(crate) run: Option<Run>,
    /// The number of its runs.
    pub(crate) runs: usize,
    pub(crate) has_check: bool,
    has_review: bool,
    /// While its work waits for a verdict: true if a person did it.
    pub(crate) in_review: Option<bool>,
    /// The number of times in a row that changes were asked for.
    rounds: u32,
    /// True if the last run of a lane had one.
    had_check: bool,
    /// The number of its checks in a row that did not pass.
    rework: u32,
    /// While its work is to land: true once it is about to be on its target.
    pub(crate) landing: Option<bool>,
    /// The number of times in a row that it could not.
    sent_back: u32,
    /// The outcomes of those that count.
    ends: Vec<Outcome>,
    /// The number of deferrals in a row, and their back-offs together.
    deferrals: u32,
    deferred_for: Span,
    key: Option<u8>,
    /// The requests that changed it, except by comments and by changes that followed from its
    /// parents, without those that were undone.
    changed_by: Vec<usize>,
    /// The request that completed it last.
    completed_by: Option<usize>,
}

/// An open run.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) lease: i64,
    pub(crate) heartbeat: Option<i64>,
    pub(crate) is_in_lane: bool,
    is_supervised: bool,
    has_check: bool,
    /// The outcome that its worker reported before its check.
    reported: Option<TaskOutcome>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) cards: Vec<Card>,
    /// The inverse of every request so far.
    requests: Vec<Option<(usize, Inverse)>>,
    pub(crate) now: i64,
    pub(crate) global_cap: u32,
    pub(crate) lane_cap: u32,
    /// The pauses of the dispatcher, and of its lane.
    pub(crate) is_paused: [bool; 2],
    /// True if the last step was refused.
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

    /// Leaves out the steps that depend on the exact end of a back-off. Few cards meet more often.
    fn preconditions(model: &Self, step: &Step) -> bool {
        match step {
            Step::Create { .. } => model.cards.len() < CARDS,
            // A lander says so only after it has said what it is about to do.
            Step::Lander {
                task,
                says: Landing::Landed,
            } => {
                let card = model.pick(*task).map(|task| &model.cards[task]);
                card.is_some_and(|card| card.landing == Some(true))
            }
            Step::Dispatch { task } => {
                let card = model.pick(*task).map(|task| &model.cards[task]);
                let rest = card.and_then(|card| card.rest);
                rest.is_none_or(|(from, to)| model.now < from || model.now >= to)
            }
            Step::Defer { task } => {
                let card = model.pick(*task).map(|task| &model.cards[task]);
                card.is_none_or(|card| {
                    card.is_put_off_too_often() || !card.is_perhaps_put_off_too_often()
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
                has_check,
                has_review,
            } => {
                model.create(parents, *triage, *key, [*has_check, *has_review]);
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

/// The maximum number of cards.
const CARDS: usize = 6;

impl Model {
    /// The number of the task that an index means, if there is any task.
    pub(crate) fn pick(&self, index: Index) -> Option<usize> {
        (!self.cards.is_empty()).then(|| index.index(self.cards.len()))
    }

    pub(crate) fn is_held_back(&self, card: usize) -> bool {
        self.cards[card]
            .parents
            .iter()
            .any(|(parent, on)| !self.is_met(*parent, *on))
    }

    /// Returns true if a card is finished as a child asks for that starts on this.
    fn is_met(&self, parent: usize, on: StartOn) -> bool {
        let parent = &self.cards[parent];
        parent.status.is_finished() && on.is_met_by(parent.outcome)
    }

    /// Returns true if `task` is `ancestor` or depends on it.
    pub(crate) fn depends_on(&self, task: usize, ancestor: usize) -> bool {
        task == ancestor
            || self.cards[task]
                .parents
                .keys()
                .any(|parent| self.depends_on(*parent, ancestor))
    }

    /// The number of the present request.
    fn request(&self) -> usize {
        self.requests.len() - 1
    }

    /// Records a change of a card that no earlier act can be undone past.
    fn touch(&mut self, task: usize) {
        let request = self.request();
        self.cards[task].changed_by.push(request);
    }

    /// Records a change that can be undone itself.
    fn note(&mut self, task: usize, inverse: Inverse) {
        self.touch(task);
        *self.requests.last_mut().unwrap() = Some((task, inverse));
    }
}
