//! The board as a few plain vectors: what the kernel is compared with.
//!
//! It says the rules a second time, from the outside and without a database, so that a mistake in
//! one of the two shows.

use std::collections::BTreeSet;

use domain::command::{FAILURE_LIMIT, LEASE};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest_state_machine::ReferenceStateMachine;

/// What happens to the board. Tasks are named by their number, modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create {
        parents: Vec<Index>,
        triage: bool,
        key: Option<u8>,
    },
    Link {
        parent: Index,
        child: Index,
    },
    Unlink {
        parent: Index,
        child: Index,
    },
    Claim {
        task: Index,
    },
    Renew {
        task: Index,
        by: Worker,
    },
    Complete {
        task: Index,
        by: Worker,
    },
    Block {
        task: Index,
        by: Worker,
    },
    Unblock {
        task: Index,
    },
    Archive {
        task: Index,
    },
    Move {
        task: Index,
        to: Status,
    },
    Fail {
        task: Index,
        outcome: Outcome,
    },
    Interrupt {
        task: Index,
    },
    Cancel {
        task: Index,
    },
    ReleaseStaleClaims,
    PromoteWaiting,
    Pass {
        span: Seconds,
    },
    ChangeCap {
        cap: u32,
    },
    Restart,
}

/// In whose name something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    Person,
    /// The worker of the newest run of the task, whether it is open or not.
    Newest,
    /// The worker of the task's first run, which is often a late one.
    First,
}

#[derive(Clone, Debug)]
pub(crate) struct Card {
    pub(crate) status: Status,
    pub(crate) waiting: bool,
    pub(crate) parents: BTreeSet<usize>,
    pub(crate) failures: u32,
    /// How many runs it has had.
    pub(crate) runs: usize,
    /// When the lease of its open run ends.
    pub(crate) lease: Option<i64>,
    key: Option<u8>,
}

#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) cards: Vec<Card>,
    pub(crate) now: i64,
    pub(crate) cap: u32,
    /// Whether the last step was refused.
    pub(crate) refused: bool,
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let empty = Self {
            cards: Vec::new(),
            now: 0,
            cap: 2,
            refused: false,
        };
        Just(empty).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        let task = any::<Index>;
        let by = || select(vec![Worker::Person, Worker::Newest, Worker::First]);
        let failed = select(vec![Outcome::Exit, Outcome::Crashed, Outcome::SpawnFailed]);
        let parents = prop::collection::vec(task(), 0..3);
        prop_oneof![
            6 => (parents, prop::bool::weighted(0.1), prop::option::weighted(0.2, 0u8..3))
                .prop_map(|(parents, triage, key)| Step::Create { parents, triage, key }),
            3 => (task(), task()).prop_map(|(parent, child)| Step::Link { parent, child }),
            2 => (task(), task()).prop_map(|(parent, child)| Step::Unlink { parent, child }),
            8 => task().prop_map(|task| Step::Claim { task }),
            2 => (task(), by()).prop_map(|(task, by)| Step::Renew { task, by }),
            6 => (task(), by()).prop_map(|(task, by)| Step::Complete { task, by }),
            2 => (task(), by()).prop_map(|(task, by)| Step::Block { task, by }),
            2 => task().prop_map(|task| Step::Unblock { task }),
            1 => task().prop_map(|task| Step::Archive { task }),
            4 => (task(), select(Status::ALL.to_vec()))
                .prop_map(|(task, to)| Step::Move { task, to }),
            4 => (task(), failed).prop_map(|(task, outcome)| Step::Fail { task, outcome }),
            1 => task().prop_map(|task| Step::Interrupt { task }),
            1 => task().prop_map(|task| Step::Cancel { task }),
            1 => Just(Step::ReleaseStaleClaims),
            1 => Just(Step::PromoteWaiting),
            2 => (-100i64..1_200).prop_map(|span| Step::Pass { span: Seconds(span) }),
            1 => (0u32..4).prop_map(|cap| Step::ChangeCap { cap }),
            1 => Just(Step::Restart),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        let happened = match step {
            Step::Create {
                parents,
                triage,
                key,
            } => {
                model.create(parents, *triage, *key);
                Some(())
            }
            Step::Pass { span } => {
                model.now += span.0;
                Some(())
            }
            Step::ChangeCap { cap } => {
                model.cap = *cap;
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
            Step::Restart => Some(()),
            on_a_task => model.happen_to_a_task(on_a_task),
        };
        model.refused = happened.is_none();
        model
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
            runs: 0,
            lease: None,
            key,
        });
        let new = self.cards.len() - 1;
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
                if self.cards[child].parents.remove(&parent) {
                    self.promote_one(child);
                }
                Some(())
            }
            Step::Claim { task } => self.claim(self.pick(*task)?),
            Step::Renew { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                let now = self.now;
                self.cards[task]
                    .lease
                    .as_mut()
                    .map(|lease| *lease = now + LEASE.0)
            }
            Step::Complete { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                self.only_from(task, &[Status::Ready, Status::Running, Status::Blocked])?;
                self.cards[task].failures = 0;
                self.put(task, Status::Done);
                self.promote();
                Some(())
            }
            Step::Block { task, by } => {
                let task = self.may_report(self.pick(*task)?, *by)?;
                self.only_from(task, &[Status::Ready, Status::Running])?;
                self.put(task, Status::Blocked);
                Some(())
            }
            Step::Unblock { task } => self.unblock(self.pick(*task)?),
            Step::Archive { task } => {
                let task = self.pick(*task)?;
                (self.cards[task].status != Status::Archived).then_some(())?;
                self.cards[task].waiting = false;
                self.put(task, Status::Archived);
                self.promote();
                Some(())
            }
            Step::Move { task, to } => self.put_by_hand(self.pick(*task)?, to),
            Step::Fail { task, .. } => self.fail(self.pick(*task)?),
            Step::Interrupt { task } => {
                let task = self.pick(*task)?;
                self.only_from(task, &[Status::Running])?;
                self.release(task);
                Some(())
            }
            Step::Cancel { task } => {
                let task = self.pick(*task)?;
                self.only_from(task, &[Status::Running])?;
                self.put(task, Status::Todo);
                Some(())
            }
            _ => unreachable!("{step:?} is about no task"),
        }
    }

    fn link(&mut self, parent: usize, child: usize) -> Option<()> {
        (!self.depends_on(parent, child)).then_some(())?;
        let is_new = self.cards[child].parents.insert(parent);
        if is_new && !self.cards[parent].status.is_finished() {
            if self.cards[child].status == Status::Ready {
                self.let_wait(child);
            } else if self.cards[child].status == Status::Todo {
                self.cards[child].waiting = true;
            }
        }
        Some(())
    }

    fn claim(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Ready])?;
        let running = self
            .cards
            .iter()
            .filter(|card| card.lease.is_some())
            .count();
        (!self.is_held_back(task) && running < self.cap as usize).then_some(())?;
        self.put(task, Status::Running);
        self.cards[task].lease = Some(self.now + LEASE.0);
        self.cards[task].runs += 1;
        Some(())
    }

    /// A worker may report while its run is open; a person always may.
    fn may_report(&self, task: usize, by: Worker) -> Option<usize> {
        let card = &self.cards[task];
        let is_current = match by {
            Worker::Person => true,
            Worker::Newest => card.lease.is_some(),
            Worker::First => card.lease.is_some() && card.runs == 1,
        };
        is_current.then_some(task)
    }

    fn unblock(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Blocked])?;
        self.cards[task].failures = 0;
        self.cards[task].waiting = false;
        self.release(task);
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
        self.cards[task].waiting = false;
        self.put(task, to.clone());
        if from.is_finished() {
            for child in 0..self.cards.len() {
                let card = &self.cards[child];
                if card.status == Status::Ready && card.parents.contains(&task) {
                    self.let_wait(child);
                }
            }
        }
        Some(())
    }

    fn fail(&mut self, task: usize) -> Option<()> {
        self.only_from(task, &[Status::Running])?;
        self.cards[task].failures += 1;
        let has_given_up = self.cards[task].failures >= FAILURE_LIMIT;
        if has_given_up {
            self.put(task, Status::Blocked);
        } else {
            self.release(task);
        }
        Some(())
    }

    fn release_stale_claims(&mut self) {
        for task in 0..self.cards.len() {
            if self.cards[task].lease.is_some_and(|lease| lease < self.now) {
                self.release(task);
            }
        }
    }

    fn release(&mut self, task: usize) {
        if self.is_held_back(task) {
            self.let_wait(task);
        } else {
            self.put(task, Status::Ready);
        }
    }

    fn promote(&mut self) {
        for task in 0..self.cards.len() {
            self.promote_one(task);
        }
    }

    fn promote_one(&mut self, task: usize) {
        let card = &self.cards[task];
        if card.waiting && card.status == Status::Todo && !self.is_held_back(task) {
            self.cards[task].waiting = false;
            self.put(task, Status::Ready);
        }
    }

    fn let_wait(&mut self, task: usize) {
        self.cards[task].waiting = true;
        self.put(task, Status::Todo);
    }

    fn put(&mut self, task: usize, to: Status) {
        self.cards[task].status = to;
        self.cards[task].lease = None;
    }

    fn only_from(&self, task: usize, statuses: &[Status]) -> Option<()> {
        statuses.contains(&self.cards[task].status).then_some(())
    }
}
