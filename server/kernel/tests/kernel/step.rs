//! The steps of the property test, and their weights.

use domain::outcome::{StartOn, TaskOutcome};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;
use proptest::bool::weighted;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A step of the test. Tasks are named by their number, modulo how many there are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Create {
        parents: Vec<(Index, StartOn)>,
        triage: bool,
        key: Option<u8>,
        has_check: bool,
        /// True if a person has to approve its work.
        has_review: bool,
    },
    /// A link, or another condition for the one that is there.
    Link {
        parent: Index,
        child: Index,
        on: Option<StartOn>,
    },
    Unlink {
        parent: Index,
        child: Index,
    },
    /// A claim by hand, which checks only that the task is ready.
    Claim {
        task: Index,
    },
    /// A claim by the dispatcher: within the caps, after the back-off, and not while paused.
    Dispatch {
        task: Index,
    },
    Attach {
        task: Index,
    },
    Heartbeat {
        task: Index,
        by: Worker,
    },
    Renew {
        task: Index,
        by: Worker,
    },
    Complete {
        task: Index,
        by: Worker,
        outcome: Option<TaskOutcome>,
        unchecked: bool,
    },
    /// A person's verdict on the work that waits for one.
    Judge {
        task: Index,
        approves: bool,
    },
    /// The check of the newest run ends; where it passes, its task is completed.
    Check {
        task: Index,
        passes: bool,
    },
    /// A person asks for the landing of the work.
    Land {
        task: Index,
    },
    /// The lander says what has become of it.
    Lander {
        task: Index,
        says: Landing,
    },
    Block {
        task: Index,
        by: Worker,
    },
    Unblock {
        task: Index,
    },
    Assign {
        task: Index,
        to: u8,
        stop: bool,
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
    Defer {
        task: Index,
    },
    Interrupt {
        task: Index,
    },
    Cancel {
        task: Index,
    },
    /// Undoes the step this many steps ago.
    Undo {
        back: usize,
    },
    ReleaseStaleClaims,
    PromoteWaiting,
    Pause {
        lane: bool,
    },
    Resume {
        lane: bool,
    },
    ChangeCaps {
        global: u32,
        lane: u32,
    },
    /// Time passes, or somebody sets the clock back.
    Pass {
        span: Seconds,
    },
    Restart,
    /// The process is killed: what it had not yet written to the file is lost.
    Crash,
}

/// The word of a lander.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landing {
    /// It is about to move the target.
    Noted,
    Landed,
    SentBack,
    Waits,
}

/// The one who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    Person,
    /// The worker of the newest run of the task, whether it is open or not.
    Newest,
    /// The worker of the task's first run, which is often a late one.
    First,
}

pub(crate) fn any_step() -> BoxedStrategy<Step> {
    let task = any::<Index>;
    let by = || select(vec![Worker::Person, Worker::Newest, Worker::First]);
    let failed = select(vec![
        Outcome::Exit,
        Outcome::Crashed,
        Outcome::SpawnFailed,
        Outcome::Protocol,
        Outcome::Protocol,
    ]);
    let on = || {
        prop_oneof![
            3 => Just(StartOn::Success),
            1 => Just(StartOn::Failure),
            1 => Just(StartOn::Always),
        ]
    };
    let outcome = select(vec![
        None,
        Some(TaskOutcome::Success),
        Some(TaskOutcome::Failure),
    ]);
    let landing = select(vec![
        Landing::Noted,
        Landing::Landed,
        Landing::SentBack,
        Landing::Waits,
    ]);
    let parents = prop::collection::vec((task(), on()), 0..3);
    let of_people = prop_oneof![
        6 => (parents, weighted(0.1), prop::option::weighted(0.2, 0u8..3), weighted(0.3), weighted(0.3))
            .prop_map(|(parents, triage, key, has_check, has_review)| Step::Create {
                parents, triage, key, has_check, has_review
            }),
        3 => (task(), task(), prop::option::of(on()))
            .prop_map(|(parent, child, on)| Step::Link { parent, child, on }),
        2 => (task(), task()).prop_map(|(parent, child)| Step::Unlink { parent, child }),
        2 => task().prop_map(|task| Step::Unblock { task }),
        3 => (task(), 0u8..3, any::<bool>())
            .prop_map(|(task, to, stop)| Step::Assign { task, to, stop }),
        1 => task().prop_map(|task| Step::Archive { task }),
        4 => (task(), select(Status::ALL.to_vec())).prop_map(|(task, to)| Step::Move { task, to }),
        4 => (task(), any::<bool>()).prop_map(|(task, approves)| Step::Judge { task, approves }),
        4 => task().prop_map(|task| Step::Land { task }),
        1 => task().prop_map(|task| Step::Cancel { task }),
        5 => (1usize..5).prop_map(|back| Step::Undo { back }),
        1 => any::<bool>().prop_map(|lane| Step::Pause { lane }),
        2 => any::<bool>().prop_map(|lane| Step::Resume { lane }),
    ];
    let of_workers = prop_oneof![
        4 => task().prop_map(|task| Step::Claim { task }),
        8 => task().prop_map(|task| Step::Dispatch { task }),
        2 => task().prop_map(|task| Step::Attach { task }),
        2 => (task(), by()).prop_map(|(task, by)| Step::Heartbeat { task, by }),
        2 => (task(), by()).prop_map(|(task, by)| Step::Renew { task, by }),
        6 => (task(), by(), outcome, any::<bool>())
            .prop_map(|(task, by, outcome, unchecked)| Step::Complete { task, by, outcome, unchecked }),
        4 => (task(), any::<bool>()).prop_map(|(task, passes)| Step::Check { task, passes }),
        5 => (task(), landing).prop_map(|(task, says)| Step::Lander { task, says }),
        2 => (task(), by()).prop_map(|(task, by)| Step::Block { task, by }),
        5 => (task(), failed).prop_map(|(task, outcome)| Step::Fail { task, outcome }),
        2 => task().prop_map(|task| Step::Defer { task }),
        1 => task().prop_map(|task| Step::Interrupt { task }),
    ];
    let of_the_world = prop_oneof![
        1 => Just(Step::ReleaseStaleClaims),
        1 => Just(Step::PromoteWaiting),
        1 => (0u32..4, 0u32..3).prop_map(|(global, lane)| Step::ChangeCaps { global, lane }),
        3 => (-100i64..1_200).prop_map(|span| Step::Pass { span: Seconds(span) }),
        1 => (-100_000i64..100_000).prop_map(|span| Step::Pass { span: Seconds(span) }),
        1 => Just(Step::Restart),
        1 => Just(Step::Crash),
    ];
    prop_oneof![28 => of_people, 34 => of_workers, 9 => of_the_world].boxed()
}
