//! Any sequence of verbs, restarts, crashes and clock jumps leaves the file as the model says, and
//! never breaks an invariant. `PROPTEST_CASES` sets how many sequences are tried.
//!
//! The tests that hold the twelve invariants of the board:
//!
//! 1. `running` means exactly one open run and a lease, and the reverse: [`check_run`].
//! 2. Of two claims at once one wins: `tests/processes.rs`.
//! 3. Links never form a cycle: [`Machine::check_invariants`].
//! 4. Only what waits in `todo` becomes ready by itself: [`check_promotions`].
//! 5. Event ids only grow, and the events are those of the receipt: [`Real::hear`].
//! 6. One live task has a key: the model, and `tests/processes.rs`.
//! 7. A late worker changes nothing: the model, where `Worker::First` reports.
//! 8. Acknowledged writes survive a crash: `Step::Crash`, and `tests/processes.rs`.
//! 9. Caps hold: the model, where the dispatcher claims.
//! 10. Only folders that the dispatcher made are removed: the tests of the dispatcher's `gc`.
//! 11. The tail of a log is as long as was asked for: the tests of the dispatcher's `logs`.
//! 12. A listener that reconnects hears every later event once, in order: [`Real::hear`].

#[path = "machine/real.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::check::Verdict;
use domain::event::Event;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use kernel::Error;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use real::{Real, assignee};

use crate::beside::attempts::assert_always_in_step;
use crate::board::START;
use crate::model::{Card, Model};
use crate::step::Step;

prop_state_machine! {
    #[test]
    fn the_file_is_always_what_the_model_says(sequential 1..60 => Machine);
}

struct Machine;

impl StateMachineTest for Machine {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Model) -> Real {
        Real::new()
    }

    fn apply(mut real: Real, model: &<Model as ReferenceStateMachine>::State, step: Step) -> Real {
        let said = real.carry_out(model, &step);
        let written = match said {
            Some(Ok(events)) => {
                assert!(!model.refused, "{step:?} was not refused");
                events
            }
            Some(Err(Error::Refused(refusal))) => {
                assert!(model.refused, "{step:?}: {refusal}");
                Vec::new()
            }
            Some(Err(other)) => panic!("{step:?} failed: {other}"),
            None => Vec::new(),
        };
        let events = real.hear();
        let heard: Vec<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(heard, written, "the events of {step:?}");
        check_promotions(&real.now, &events);
        real.steps.push(written.last().copied());
        real.now = real.all_tasks();
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        assert_eq!(real.now.len(), model.cards.len());
        assert_always_in_step(&real.file());
        let parents = real.parents();
        for (number, id) in real.tasks.iter().enumerate() {
            let (task, card) = (&real.now[id], &model.cards[number]);
            assert_eq!(task.status, card.status, "status of {id}");
            assert_eq!(task.waiting, card.waiting, "waiting of {id}");
            assert_eq!(task.failures, card.failures, "failures of {id}");
            assert_eq!(task.assignee, assignee(card.assignee), "assignee of {id}");
            check_rest(task, card);
            check_run(real, task, card);

            assert_eq!(task.outcome, card.outcome, "outcome of {id}");
            let in_review = task.in_review.is_some();
            assert_eq!(in_review, card.in_review.is_some(), "review of {id}");
            check_receipt(real, task);
            check_landing(real, task, card);

            let expected: BTreeMap<_, _> = card
                .parents
                .iter()
                .map(|(parent, on)| (real.tasks[*parent].clone(), *on))
                .collect();
            let found = parents.get(id).cloned().unwrap_or_default();
            assert_eq!(found, expected, "parents of {id}");
            assert!(
                task.status != Status::Ready || !model.is_held_back(number),
                "{id} is too early"
            );
            assert!(
                !card
                    .parents
                    .keys()
                    .any(|parent| model.depends_on(*parent, number)),
                "{id} waits for itself"
            );
        }
    }
}

fn check_run(real: &Real, task: &Task, card: &Card) {
    let id = &task.id;
    let open = real.runtime.block_on(real.kernel().open_runs()).unwrap();
    let runs: Vec<_> = open.iter().filter(|run| run.task == *id).collect();
    let is_running = task.status == Status::Running;
    assert_eq!(runs.len(), usize::from(is_running), "open runs of {id}");
    assert_eq!(task.claim_lock.is_some(), is_running, "lock of {id}");
    assert!(is_running || task.worker_pid.is_none(), "pid of {id}");
    let lease = card.run.as_ref().map(|run| START.0 + run.lease);
    assert_eq!(task.claim_expires.map(|at| at.0), lease, "lease of {id}");
    if let (Some(open), Some(run)) = (runs.first(), &card.run) {
        let expected = run.heartbeat.map(|at| Timestamp(START.0 + at));
        let found = real.runtime.block_on(real.kernel().run(open.run)).unwrap();
        assert_eq!(found.heartbeat_at, expected, "heartbeat of {id}");
        assert_eq!(open.lane.is_some(), run.is_in_lane, "lane of {id}");
    }
}

/// Checks that what is to land is done, and wanted.
fn check_landing(real: &Real, task: &Task, card: &Card) {
    let landing = real.runtime.block_on(real.kernel().landing(&task.id));
    let found = landing.unwrap().map(|landing| landing.result.is_some());
    assert_eq!(found, card.landing, "landing of {}", task.id);
    assert!(
        found.is_none() || task.status == Status::Done,
        "{} is too late",
        task.id
    );
}

/// Checks that what is done has passed its check, or was finished without it.
fn check_receipt(real: &Real, task: &Task) {
    if task.status == Status::Done && (task.check.is_some() || task.review.is_some()) {
        let verdict = real.last_verdict(&task.id);
        let is_proven = matches!(
            verdict,
            Some(
                Verdict::Passed
                    | Verdict::Unchecked
                    | Verdict::Unreviewed
                    | Verdict::Approved
                    | Verdict::Landed
            )
        );
        assert!(is_proven, "{} is done by {verdict:?}", task.id);
    }
}

fn check_rest(task: &Task, card: &Card) {
    let rest = task.not_before.map(|at| at.0 - START.0);
    match (rest, card.rest) {
        (None, None) => {}
        (Some(until), Some((from, to))) if (from..=to).contains(&until) => {}
        (found, expected) => panic!("{} rests until {found:?}, not {expected:?}", task.id),
    }
}

/// Checks that a task that became ready by itself waited in `todo`, or was put back there by the
/// same undo.
fn check_promotions(before: &HashMap<TaskId, Task>, events: &[Event]) {
    let undone: BTreeSet<_> = of_kind(events, "undone").collect();
    for task in of_kind(events, "ready").filter(|task| !undone.contains(task)) {
        let before = &before[task];
        assert_eq!(
            (&before.status, before.waiting),
            (&Status::Todo, true),
            "{task}"
        );
    }
}

fn of_kind<'a>(events: &'a [Event], kind: &str) -> impl Iterator<Item = &'a TaskId> {
    let of_kind = events.iter().filter(move |event| event.kind == kind);
    of_kind.map(|event| &event.task_id)
}
