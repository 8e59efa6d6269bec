//! Lanes and pools that are held: what begins a hold, what it lets start, and what ends it.

#[path = "holds/random.rs"]
mod random;

use domain::actor::Actor;
use domain::command::{
    Breaker, ClaimPolicy, Claimed, DeferRun, DeferTask, FailRun, Failure, FollowClock, HoldLane,
    HoldUntil, InterruptRun, Met, NextAttempt, PublishDispatcher, ReleaseLane, SnoozeTask,
};
use domain::error::Error as Refusal;
use domain::fixture;
use domain::hold::{Cause, LONGEST_HOLD, LaneHold, PROBE_LASTS};
use domain::id::{RunId, TaskId};
use domain::inbox::Need;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Seconds;
use kernel::Error;

use crate::board::{Board, START, refusal};

const POOL: &str = "account";

fn in_pool() -> ClaimPolicy {
    ClaimPolicy {
        respects_rest: true,
        respects_pause: true,
        pool: Some(POOL.to_owned()),
        ..ClaimPolicy::default()
    }
}

impl Board {
    async fn start(&self, task: &TaskId) -> Result<Claimed, Error> {
        self.claim_in(task, "claude", in_pool()).await
    }

    async fn started(&self, title: &str) -> (TaskId, RunId) {
        let task = self.task_named(title).await;
        let run = self.start(&task).await.unwrap().run;
        (task, run)
    }

    async fn meet(&self, run: RunId, cause: Cause, until: HoldUntil) {
        let defer = DeferRun {
            run,
            reason: "usage limit reached".to_owned(),
            met: Some(Met { cause, until }),
        };
        self.give(&Actor::dispatcher(), defer).await.unwrap();
    }

    async fn hold(&self) -> Option<LaneHold> {
        self.kernel.dispatch().await.unwrap().holds.pop()
    }

    /// The time until the probe of the hold.
    async fn left(&self) -> i64 {
        let until = self.hold().await.unwrap().until.unwrap();
        until.seconds_since(self.clock.now())
    }

    async fn fail_alike(&self, run: RunId, error: &str) {
        let fail = FailRun {
            run,
            failure: Failure {
                outcome: Outcome::Exit,
                code: Some(1),
                error: error.to_owned(),
                proposed: None,
            },
            limit: Some(2),
            next: NextAttempt::default(),
            breaker: Some(Breaker::USUAL),
        };
        self.give(&Actor::dispatcher(), fail).await.unwrap();
    }
}

fn moment(seconds: i64) -> HoldUntil {
    HoldUntil::Moment(START + Seconds(seconds))
}

#[tokio::test]
async fn a_limit_holds_all_that_share_the_account_and_costs_no_attempt() {
    let board = Board::new();
    let (task, run) = board.started("first").await;
    board.meet(run, Cause::Quota, moment(3_600)).await;
    let put_off = board.task(&task).await;
    assert_eq!((put_off.status, put_off.failures), (Status::Ready, 0));
    assert_eq!(put_off.not_before, None);
    assert_eq!(
        board.kinds(&task).await,
        ["created", "claimed", "lane_held", "deferred"]
    );
    let hold = board.hold().await.unwrap();
    assert_eq!((hold.name.as_str(), hold.cause), (POOL, Cause::Quota));
    assert_eq!(hold.until, Some(START + Seconds(3_600)));

    let other = board.task_named("other").await;
    let refused = refusal(board.claim_in(&other, "small", in_pool()).await);
    let expected = Refusal::Held {
        lane: POOL.to_owned(),
        cause: Cause::Quota,
        until: hold.until,
    };
    assert_eq!(refused, expected);
    // Another account, and a person, are not concerned.
    let alone = ClaimPolicy {
        pool: None,
        ..in_pool()
    };
    board.claim_in(&other, "gemini", alone).await.unwrap();
    board.claim(&task).await.unwrap();
}

#[tokio::test]
async fn one_probe_goes_first_and_the_others_once_it_lasts() {
    let board = Board::new();
    let (first, run) = board.started("first").await;
    board.meet(run, Cause::RateLimited, moment(60)).await;
    board.pass(Seconds(60));
    let second = board.task_named("second").await;
    board.start(&second).await.unwrap();
    let refused = refusal(board.start(&first).await);
    assert!(matches!(refused, Refusal::Held { .. }), "{refused}");
    board.pass(PROBE_LASTS - Seconds(1));
    assert!(board.start(&first).await.is_err());
    board.pass(Seconds(1));
    board.start(&first).await.unwrap();
    assert_eq!(board.hold().await, None);
    assert!(
        board
            .kinds(&first)
            .await
            .contains(&"lane_released".to_owned())
    );
}

#[tokio::test]
async fn a_probe_that_ends_for_another_reason_releases_and_one_that_was_cut_short_does_not() {
    let board = Board::new();
    for outcome in [Some(Outcome::Exit), None] {
        let (_, run) = board.started("first").await;
        board
            .meet(run, Cause::RateLimited, HoldUntil::Growing)
            .await;
        let left = board.left().await;
        board.pass(Seconds(left));
        let (_, probe) = board.started("probe").await;
        if let Some(outcome) = outcome {
            board.fail(probe, outcome).await;
            assert_eq!(board.hold().await, None);
            continue;
        }
        let (run, error) = (probe, None);
        let interrupt = InterruptRun { run, error };
        board.give(&Actor::dispatcher(), interrupt).await.unwrap();
        let hold = board.hold().await.unwrap();
        assert_eq!(hold.probe, None);
        board.started("another probe").await;
    }
}

#[tokio::test]
async fn a_hold_whose_end_nobody_named_grows_with_each_probe_from_a_minute_to_half_an_hour() {
    let board = Board::new();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let (_, run) = board.started("probe").await;
        board.meet(run, Cause::Overloaded, HoldUntil::Growing).await;
        waits.push(board.left().await);
        board.pass(Seconds(*waits.last().unwrap()));
    }
    assert_eq!(waits, [60, 120, 240, 480, 960, 1_800, 1_800, 1_800]);
    let (_, run) = board.started("probe").await;
    board.fail(run, Outcome::Exit).await;
    assert_eq!(board.hold().await, None);
    // One that follows soon is the next in the row, and one much later begins another.
    let (_, run) = board.started("again").await;
    board.meet(run, Cause::Overloaded, HoldUntil::Growing).await;
    assert_eq!(board.left().await, 1_800);
    board.pass(Seconds(1_800));
    let (_, run) = board.started("probe").await;
    board.fail(run, Outcome::Exit).await;
    board.pass(Seconds(3_600));
    let (_, run) = board.started("much later").await;
    board.meet(run, Cause::Overloaded, HoldUntil::Growing).await;
    assert_eq!(board.left().await, 60);
}

#[tokio::test]
async fn of_many_that_meet_the_same_the_latest_moment_counts_and_none_makes_it_grow() {
    let board = Board::new();
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(board.started("task").await.1);
    }
    board
        .meet(runs[0], Cause::RateLimited, HoldUntil::Growing)
        .await;
    board
        .meet(runs[1], Cause::RateLimited, HoldUntil::Growing)
        .await;
    assert_eq!(board.left().await, 60);
    board.meet(runs[2], Cause::RateLimited, moment(600)).await;
    board.meet(runs[3], Cause::RateLimited, moment(300)).await;
    assert_eq!(board.left().await, 600);
    let far = LONGEST_HOLD.0 * 2;
    board.meet(runs[4], Cause::RateLimited, moment(far)).await;
    assert_eq!(board.left().await, LONGEST_HOLD.0);
}

#[tokio::test]
async fn each_task_gets_its_turn_as_a_probe_and_a_release_lets_the_next_one_go_at_once() {
    let board = Board::new();
    let mut names = Vec::new();
    for title in ["a", "b", "c"] {
        let task = board.task_named(title).await;
        board.sql(&format!(
            "UPDATE tasks SET assignee = 'claude' WHERE id = '{task}'"
        ));
        names.push(task);
    }
    let mut probes = Vec::new();
    for _ in 0..6 {
        let next = board.kernel.next_in_turn(vec!["claude".to_owned()]).await;
        let task = next.unwrap().unwrap().task;
        let run = board.start(&task).await.unwrap().run;
        board.meet(run, Cause::Quota, HoldUntil::Growing).await;
        let lane = POOL.to_owned();
        board.act(ReleaseLane { lane }).await.unwrap();
        probes.push(task);
    }
    assert_eq!(probes, [names.clone(), names].concat());
}

#[tokio::test]
async fn login_trouble_that_a_run_of_before_meets_is_told_in_place_of_the_limit() {
    let board = Board::new();
    let (_, limited) = board.started("limited").await;
    let (stranger, run) = board.started("stranger").await;
    board
        .meet(limited, Cause::RateLimited, HoldUntil::Growing)
        .await;
    board
        .meet(run, Cause::Unauthorized, HoldUntil::Released)
        .await;
    let hold = board.hold().await.unwrap();
    assert_eq!((hold.cause, hold.until), (Cause::Unauthorized, None));
    assert_eq!(hold.task, Some(stranger));
    assert_eq!(board.kernel.inbox().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_hold_by_hand_stands_beside_one_that_a_worker_met_and_outlasts_it() {
    let board = Board::new();
    let by_hand = HoldLane {
        lane: POOL.to_owned(),
        until: None,
        span: Some(Seconds(18_000)),
        reason: Some("the machine is needed".to_owned()),
    };
    let (task, run) = board.started("limited").await;
    board.meet(run, Cause::RateLimited, moment(60)).await;
    board.pass(Seconds(60));
    let probe = board.start(&task).await.unwrap().run;
    board.act(by_hand.clone()).await.unwrap();
    board.fail(probe, Outcome::Exit).await;
    let left = board.hold().await.unwrap();
    assert_eq!(left.cause, Cause::ByHand);
    assert_eq!(left.reason.as_deref(), Some("the machine is needed"));
    assert!(board.start(&board.task_named("next").await).await.is_err());
    board.pass(Seconds(18_000));
    board.started("after").await;

    let (_, run) = board.started("stranger").await;
    board.act(by_hand).await.unwrap();
    board
        .meet(run, Cause::Unauthorized, HoldUntil::Released)
        .await;
    let holds = board.kernel.dispatch().await.unwrap().holds;
    let causes: Vec<Cause> = holds.into_iter().map(|hold| hold.cause).collect();
    assert_eq!(causes, [Cause::Unauthorized, Cause::ByHand]);
}

#[tokio::test]
async fn a_probe_that_fails_late_in_the_same_words_has_shown_nothing() {
    let board = Board::new();
    let error = "exited with code 1: cannot reach the service";
    for _ in 0..3 {
        let (_, run) = board.started("task").await;
        board.fail_alike(run, error).await;
    }
    let mut waits = Vec::new();
    for _ in 0..3 {
        waits.push(board.left().await);
        board.pass(Seconds(*waits.last().unwrap()));
        let (task, run) = board.started("probe").await;
        board.pass(Seconds(45));
        board.fail_alike(run, error).await;
        assert_eq!(board.task(&task).await.failures, 0);
    }
    assert_eq!(waits, [60, 120, 240]);
    // One that fails for a reason of its own has.
    let left = board.left().await;
    board.pass(Seconds(left));
    let (task, run) = board.started("probe").await;
    board.pass(Seconds(45));
    board
        .fail_alike(run, "exited with code 1: no such file")
        .await;
    assert_eq!(board.hold().await, None);
    assert_eq!(board.task(&task).await.failures, 1);
}

#[tokio::test]
async fn of_a_limit_that_others_have_shown_to_be_over_each_task_that_met_it_has_its_own() {
    let board = Board::new();
    let (first, run) = board.started("first").await;
    board
        .meet(run, Cause::RateLimited, HoldUntil::Growing)
        .await;
    board.pass(Seconds(60));
    let (second, probe) = board.started("second").await;
    board
        .meet(probe, Cause::RateLimited, HoldUntil::Growing)
        .await;
    board.pass(Seconds(120));
    let (_, good) = board.started("good").await;
    board.fail(good, Outcome::Exit).await;
    for task in [&first, &second] {
        let run = board.start(task).await.unwrap().run;
        board
            .meet(run, Cause::RateLimited, HoldUntil::Growing)
            .await;
        assert_eq!(board.hold().await, None);
        assert!(board.task(task).await.not_before.is_some());
    }
}

#[tokio::test]
async fn a_moment_that_proves_wrong_again_and_again_grows() {
    let board = Board::new();
    let mut waits = Vec::new();
    for _ in 0..4 {
        let (_, run) = board.started("task").await;
        let until = HoldUntil::Moment(board.clock.now() + Seconds(1));
        board.meet(run, Cause::RateLimited, until).await;
        waits.push(board.left().await);
        board.pass(Seconds(*waits.last().unwrap()));
    }
    assert_eq!(waits, [1, 60, 120, 240]);
}

#[tokio::test]
async fn a_failure_is_taken_back_from_a_task_that_runs_too() {
    let board = Board::new();
    let error = "exited with code 1: boom";
    let (busy, run) = board.started("busy").await;
    board.fail_alike(run, error).await;
    board.pass(Seconds(20));
    let again = board.start(&busy).await.unwrap().run;
    for _ in 0..2 {
        let (_, run) = board.started("task").await;
        board.fail_alike(run, error).await;
    }
    let task = board.task(&busy).await;
    assert_eq!((task.status, task.failures), (Status::Running, 0));
    board.fail(again, Outcome::Exit).await;
    assert_eq!(board.task(&busy).await.failures, 1);
}

#[tokio::test]
async fn failures_that_others_have_shown_to_be_over_are_their_tasks_own() {
    let board = Board::new();
    let mut bad = Vec::new();
    for _ in 0..3 {
        let (task, run) = board.started("bad").await;
        board.fail_alike(run, "exited with code 1: boom").await;
        bad.push(task);
    }
    assert_eq!(board.hold().await.unwrap().name, "claude");
    board.pass(Seconds(60));
    let (_, good) = board.started("good").await;
    board.fail(good, Outcome::Exit).await;
    assert_eq!(board.hold().await, None);
    for task in &bad {
        let run = board.start(task).await.unwrap().run;
        board.fail_alike(run, "exited with code 1: boom").await;
        assert_eq!(board.task(task).await.failures, 1);
    }
    assert_eq!(board.hold().await, None);
}

#[tokio::test]
async fn a_run_of_before_the_breaker_opened_that_fails_alike_costs_its_task_nothing() {
    let board = Board::new();
    let mut started = Vec::new();
    for _ in 0..5 {
        started.push(board.started("task").await);
    }
    for (task, run) in &started {
        board.fail_alike(*run, "exited with code 1: boom").await;
        let failures = board.task(task).await.failures;
        assert!(board.hold().await.is_none() || failures == 0, "{failures}");
    }
    // The first probe of the row is due when it was.
    assert_eq!(board.left().await, 60);
}

#[tokio::test]
async fn failures_that_are_taken_back_leave_a_snooze_alone_and_are_taken_back_once() {
    let board = Board::new();
    let (snoozed, run) = board.started("snoozed").await;
    board.fail_alike(run, "exited with code 1: boom").await;
    let until = START + Seconds(86_400);
    let snooze = SnoozeTask {
        task: snoozed.clone(),
        until: Some(until),
        span: None,
    };
    board.act(snooze).await.unwrap();
    for _ in 0..2 {
        let (_, run) = board.started("bad").await;
        board.fail_alike(run, "exited with code 1: boom").await;
    }
    let task = board.task(&snoozed).await;
    assert_eq!((task.not_before, task.failures), (Some(until), 0));
    let runs = board.kernel.task(&snoozed).await.unwrap().runs;
    assert_eq!(runs[0].outcome, Some(Outcome::Deferred));
}

#[tokio::test]
async fn a_task_that_meets_a_limit_which_another_has_shown_to_be_over_is_put_off_alone() {
    let board = Board::new();
    let (bad, run) = board.started("bad").await;
    board.meet(run, Cause::Quota, HoldUntil::Growing).await;
    board.pass(Seconds(60));
    let (good, probe) = board.started("good").await;
    board.fail(probe, Outcome::Exit).await;
    let run = board.start(&bad).await.unwrap().run;
    board.meet(run, Cause::Quota, moment(7_200)).await;
    assert_eq!(board.hold().await, None);
    let put_off = board.task(&bad).await;
    assert_eq!(put_off.not_before, Some(START + Seconds(7_200)));
    assert_eq!((put_off.status, put_off.failures), (Status::Ready, 0));
    board.pass(Seconds(60));
    let run = board.start(&good).await.unwrap().run;
    board.meet(run, Cause::Quota, HoldUntil::Growing).await;
    assert!(board.hold().await.is_some());
}

#[tokio::test]
async fn a_hold_by_hand_ends_at_its_moment_without_a_probe_and_needs_one_to_come() {
    let board = Board::new();
    let hold = |until, span| HoldLane {
        lane: POOL.to_owned(),
        until,
        span,
        reason: Some("the budget is spent".to_owned()),
    };
    for (until, span) in [
        (None, None),
        (Some(START), None),
        (None, Some(Seconds(0))),
        (None, Some(Seconds(-5))),
    ] {
        assert_eq!(
            refusal(board.act(hold(until, span)).await),
            Refusal::HoldWithoutEnd
        );
    }
    board.act(hold(None, Some(Seconds(60)))).await.unwrap();
    let held = board.hold().await.unwrap();
    assert_eq!(
        (held.cause, held.by.as_deref()),
        (Cause::ByHand, Some("ada"))
    );
    let tasks = [board.task_named("a").await, board.task_named("b").await];
    assert!(board.start(&tasks[0]).await.is_err());
    board.pass(Seconds(60));
    for task in &tasks {
        board.start(task).await.unwrap();
        assert!(
            !board
                .kinds(task)
                .await
                .contains(&"lane_released".to_owned())
        );
    }

    board.act(hold(None, Some(Seconds(60)))).await.unwrap();
    let release = ReleaseLane {
        lane: POOL.to_owned(),
    };
    board.act(release.clone()).await.unwrap();
    assert_eq!(board.hold().await, None);
    assert!(board.act(release).await.unwrap().answer.is_nothing());
}

#[tokio::test]
async fn login_trouble_waits_for_a_person_in_one_entry_of_the_inbox_and_then_one_goes_first() {
    let board = Board::new();
    let mut met = Vec::new();
    for title in ["a", "b"] {
        met.push(board.started(title).await);
    }
    for (_, run) in &met {
        board
            .meet(*run, Cause::Unauthorized, HoldUntil::Released)
            .await;
    }
    board.pass(Seconds(86_400));
    assert!(board.start(&met[0].0).await.is_err());
    let inbox = board.kernel.inbox().await.unwrap();
    let [entry] = inbox.as_slice() else {
        panic!("{inbox:?}");
    };
    assert_eq!(entry.task, met[0].0);
    let reason = Some("usage limit reached".to_owned());
    let expected = Need::Held {
        lane: POOL.to_owned(),
        cause: Cause::Unauthorized,
        reason,
    };
    assert_eq!(entry.need, expected);
    let lane = POOL.to_owned();
    board.act(ReleaseLane { lane }).await.unwrap();
    board.start(&met[0].0).await.unwrap();
    assert!(board.start(&met[1].0).await.is_err());
}

#[tokio::test]
async fn a_worker_puts_its_own_task_off_and_nobody_elses() {
    let board = Board::new();
    let (task, _) = board.started("own").await;
    let claimed = board.task_named("other").await;
    let claimed = board.start(&claimed).await.unwrap();
    let defer = |task: &TaskId| DeferTask {
        task: task.clone(),
        until: None,
        span: Some(Seconds(7_200)),
        reason: None,
    };
    let worker = Actor::worker("claude", claimed.token);
    assert!(board.give(&worker, defer(&task)).await.is_err());
    board.give(&worker, defer(&claimed.task.id)).await.unwrap();
    assert_eq!(board.left().await, 7_200);
    let put_off = board.task(&claimed.task.id).await;
    assert_eq!((put_off.status, put_off.failures), (Status::Ready, 0));
    let idle = board.task_named("idle").await;
    assert_eq!(
        refusal(board.act(defer(&idle)).await),
        Refusal::NoWorker(idle)
    );
}

#[tokio::test]
async fn different_tasks_that_fail_alike_and_early_are_the_failure_of_their_lane() {
    let board = Board::new();
    let mut tasks = Vec::new();
    for number in 1..=3 {
        let (task, run) = board.started("task").await;
        board.pass(Seconds(2));
        board
            .fail_alike(run, &format!("exited with code 1: no model for t_{number}"))
            .await;
        tasks.push(task);
    }
    let hold = board.hold().await.unwrap();
    assert_eq!((hold.cause, board.left().await), (Cause::Failing, 60));
    for task in &tasks {
        let task = board.task(task).await;
        let found = (task.status, task.failures, task.not_before, task.last_error);
        assert_eq!(found, (Status::Ready, 0, None, None));
    }
    // A probe that fails early once more is enough, and costs nothing either.
    board.pass(Seconds(60));
    let probe = board.start(&tasks[0]).await.unwrap();
    board
        .fail_alike(probe.run, "exited with code 1: something else")
        .await;
    assert_eq!(board.left().await, 120);
    assert_eq!(board.task(&tasks[0]).await.failures, 0);
}

#[tokio::test]
async fn a_task_that_gave_up_for_its_lane_is_taken_up_again() {
    let board = Board::new();
    let error = "exited with code 1: no such option";
    let (given_up, run) = board.started("twice").await;
    board.fail_alike(run, error).await;
    board.pass(Seconds(10));
    let again = board.start(&given_up).await.unwrap();
    board.fail_alike(again.run, error).await;
    assert_eq!(board.status(&given_up).await, Status::Blocked);
    for title in ["b", "c"] {
        let (_, run) = board.started(title).await;
        board.fail_alike(run, error).await;
    }
    let task = board.task(&given_up).await;
    assert_eq!((task.status, task.failures), (Status::Ready, 0));
}

#[tokio::test]
async fn failures_that_are_late_or_unlike_or_of_one_task_hold_nothing() {
    let error = "exited with code 1: tests failed";
    let late = Board::new();
    for title in ["a", "b", "c", "d"] {
        let (_, run) = late.started(title).await;
        late.pass(Seconds(31));
        late.fail_alike(run, error).await;
    }
    assert_eq!(late.hold().await, None);

    let unlike = Board::new();
    for title in ["alpha", "beta", "gamma", "delta"] {
        let (_, run) = unlike.started(title).await;
        unlike
            .fail_alike(run, &format!("exited with code 1: {title} is missing"))
            .await;
    }
    assert_eq!(unlike.hold().await, None);

    let slow = Board::new();
    for title in ["a", "b", "c", "d"] {
        let (_, run) = slow.started(title).await;
        slow.fail_alike(run, error).await;
        slow.pass(Seconds(61));
    }
    assert_eq!(slow.hold().await, None);

    let one = Board::new();
    let (task, run) = one.started("again and again").await;
    one.fail(run, Outcome::Exit).await;
    for _ in 0..3 {
        one.pass(Seconds(20));
        let run = one.start(&task).await.unwrap().run;
        one.fail(run, Outcome::Exit).await;
    }
    assert_eq!(one.hold().await, None);
}

#[tokio::test]
async fn a_clock_that_is_set_takes_along_the_holds_whose_end_nobody_named() {
    for (until, expected) in [(HoldUntil::Growing, 60), (moment(3_600), 3_600 - 7_200)] {
        let board = Board::new();
        let (_, run) = board.started("task").await;
        board.meet(run, Cause::RateLimited, until).await;
        let by = Seconds(7_200);
        board.pass(by);
        let follow = FollowClock {
            by,
            grace: Seconds(60),
        };
        board.give(&Actor::dispatcher(), follow).await.unwrap();
        assert_eq!(board.left().await, expected);
    }
    // What was read while the clock stood a year ahead.
    let board = Board::new();
    let year = Seconds(365 * 86_400);
    let (_, run) = board.started("task").await;
    board.meet(run, Cause::RateLimited, moment(3_600)).await;
    board.pass(Seconds(-year.0));
    let follow = FollowClock {
        by: Seconds(-year.0),
        grace: Seconds(60),
    };
    board.give(&Actor::dispatcher(), follow).await.unwrap();
    assert_eq!(board.left().await, LONGEST_HOLD.0);
}

#[tokio::test]
async fn a_hold_counts_who_waits_for_it() {
    let board = Board::new();
    let mut report = fixture::report();
    report.lanes[0].pool = Some(POOL.to_owned());
    let publish = PublishDispatcher(report);
    board.give(&Actor::dispatcher(), publish).await.unwrap();
    for assignee in ["shell", "shell", "nobody"] {
        let task = board.task_named("task").await;
        board.sql(&format!(
            "UPDATE tasks SET assignee = '{assignee}' WHERE id = '{task}'"
        ));
    }
    let hold = HoldLane {
        lane: POOL.to_owned(),
        until: None,
        span: Some(Seconds(60)),
        reason: None,
    };
    board.act(hold).await.unwrap();
    assert_eq!(board.hold().await.unwrap().waiting, 2);
}
