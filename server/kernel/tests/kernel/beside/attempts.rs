//! Attempts, counters and claims, which hermes-agent compares: the same in its tables as in ours after
//! every verb of ours and after each of its statements.

use std::path::Path;

use domain::actor::Actor;
use domain::command::{
    ArchiveTask, AssignTask, BlockTask, CancelRun, Command, CompleteTask, CreateTask, DeferRun,
    Heartbeat, InterruptRun, LEASE, MoveTask, RecordSpawn, ReleaseStaleClaims, RenewLease,
};
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::board::{Board, START};

/// Statements that find the differences between the two sides.
const OUT_OF_STEP: [(&str, &str); 7] = [
    (
        "a task names another run than the one that is open",
        "SELECT id FROM tasks WHERE current_run_id IS NOT \
             (SELECT id FROM runs WHERE task_id = tasks.id AND ended_at IS NULL)",
    ),
    (
        "failures are counted in two ways",
        "SELECT id FROM tasks WHERE spawn_failures IS NOT consecutive_failures \
             OR last_spawn_error IS NOT last_failure_error",
    ),
    (
        "an attempt is on one side only",
        "SELECT id FROM runs WHERE id NOT IN (SELECT id FROM task_runs) \
         UNION ALL SELECT id FROM task_runs WHERE id NOT IN (SELECT id FROM runs)",
    ),
    (
        "an attempt reads differently",
        "SELECT ours.id FROM runs AS ours JOIN task_runs AS theirs USING (id) \
         WHERE ours.task_id <> theirs.task_id OR ours.started_at <> theirs.started_at \
             OR ours.ended_at IS NOT theirs.ended_at OR ours.summary IS NOT theirs.summary \
             OR ours.error IS NOT theirs.error OR ours.metadata IS NOT theirs.metadata \
             OR ours.heartbeat_at IS NOT theirs.last_heartbeat_at \
             OR (ours.ended_at IS NULL) <> (theirs.status = 'running') \
             OR (ours.outcome IS 'completed') <> (theirs.outcome IS 'completed') \
             OR (ours.outcome IS 'completed') <> (theirs.status = 'done')",
    ),
    (
        "a claim reads differently",
        "SELECT tasks.id FROM tasks JOIN task_runs AS theirs ON theirs.id = tasks.current_run_id \
             JOIN runs AS ours ON ours.id = theirs.id \
         WHERE theirs.claim_lock IS NOT tasks.claim_lock \
             OR theirs.claim_expires IS NOT tasks.claim_expires \
             OR theirs.claim_expires IS NOT ours.lease_expires \
             OR theirs.worker_pid IS NOT ours.worker_pid \
             OR theirs.last_heartbeat_at IS NOT tasks.last_heartbeat_at",
    ),
    (
        "an attempt that is over holds a claim",
        "SELECT id FROM task_runs WHERE ended_at IS NOT NULL \
             AND (claim_lock IS NOT NULL OR claim_expires IS NOT NULL OR worker_pid IS NOT NULL)",
    ),
    (
        "an event names a run of another task",
        "SELECT id FROM task_events WHERE run_id IS NOT NULL AND run_id NOT IN \
             (SELECT id FROM runs WHERE runs.task_id = task_events.task_id)",
    ),
];

/// Finds the events of a run that do not name it; those of an earlier version never did.
const NAMES_NO_RUN: (&str, &str) = (
    "an event names no run",
    "SELECT id FROM task_events WHERE run_id IS NULL AND kind IN ('claimed', 'spawned', \
         'crashed', 'attempt_failed', 'spawn_failed', 'interrupted', 'deferred', 'cancelled')",
);

/// Fails when the two sides of the file at `path` differ.
#[track_caller]
pub(crate) fn assert_in_step(path: &Path) {
    assert_none(path, &OUT_OF_STEP);
}

/// The same for a file that this version made.
#[track_caller]
pub(crate) fn assert_always_in_step(path: &Path) {
    assert_none(path, &OUT_OF_STEP);
    assert_none(path, &[NAMES_NO_RUN]);
}

#[track_caller]
fn assert_none(path: &Path, queries: &[(&str, &str)]) {
    #[expect(clippy::disallowed_methods, reason = "the test looks from outside")]
    let conn = Connection::open(path).unwrap();
    for (what, sql) in queries {
        let mut statement = conn.prepare(sql).unwrap();
        let found: Vec<Value> = statement
            .query_map((), |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(found.is_empty(), "{what}: {found:?}");
    }
}

/// A board on which another run is over already, so that no number is right by chance.
async fn board() -> Board {
    let board = Board::new();
    let first = board.task_named("first").await;
    board.claim(&first).await.unwrap();
    board.complete(&first, "done").await.unwrap();
    board
}

#[track_caller]
fn assert_same(board: &Board) {
    assert_always_in_step(&board.folder.path().join("kanban.db"));
}

/// Claims a ready task as 0.13 and later do; the number is that of the attempt.
fn claims(board: &Board, task: &TaskId, number: i64) {
    board.sql(&format!(
        "BEGIN IMMEDIATE; \
         UPDATE tasks SET status = 'running', claim_lock = 'host:9', claim_expires = 1777300000, \
             started_at = coalesce(started_at, 1777200000) WHERE id = '{task}' AND status = 'ready'; \
         INSERT INTO task_runs (task_id, profile, status, claim_lock, claim_expires, started_at) \
             VALUES ('{task}', 'p', 'running', 'host:9', 1777300000, 1777200000); \
         UPDATE tasks SET current_run_id = {number} WHERE id = '{task}'; \
         INSERT INTO task_events (task_id, run_id, kind, created_at) \
             VALUES ('{task}', {number}, 'claimed', 1777200000); \
         COMMIT"
    ));
}

/// Ends an attempt as they do.
fn ends(board: &Board, task: &TaskId, number: i64, status: &str, outcome: &str) {
    board.sql(&format!(
        "BEGIN IMMEDIATE; \
         UPDATE tasks SET status = '{status}', claim_lock = NULL, claim_expires = NULL, \
             worker_pid = NULL WHERE id = '{task}' AND current_run_id = {number}; \
         UPDATE task_runs SET status = '{status}', outcome = '{outcome}', summary = 'so far', \
             error = 'e', metadata = '{{\"n\": NaN}}', ended_at = 1777200009, claim_lock = NULL, \
             claim_expires = NULL, worker_pid = NULL WHERE id = {number} AND ended_at IS NULL; \
         UPDATE task_runs SET metadata = NULL WHERE id = {number}; \
         UPDATE tasks SET current_run_id = NULL WHERE id = '{task}'; \
         COMMIT"
    ));
}

fn kinds_of_end(task: &TaskId, run: RunId) -> Vec<Command> {
    let task = || task.clone();
    vec![
        CompleteTask {
            task: task(),
            result: None,
            summary: Some("all of it".to_owned()),
            metadata: Some("{}".to_owned()),
            outcome: None,
            unchecked: false,
        }
        .into(),
        BlockTask {
            task: task(),
            reason: Some("which?".to_owned()),
        }
        .into(),
        ArchiveTask { task: task() }.into(),
        MoveTask {
            task: task(),
            to: Status::Triage,
        }
        .into(),
        AssignTask {
            task: task(),
            assignee: Some("somebody else".to_owned()),
            stop: true,
            reason: None,
        }
        .into(),
        CancelRun { task: task() }.into(),
        InterruptRun { run, error: None }.into(),
        DeferRun {
            run,
            reason: "not now".to_owned(),
            met: None,
        }
        .into(),
    ]
}

#[tokio::test]
async fn a_worker_finds_its_own_number_on_the_task_and_in_task_runs() {
    let board = board().await;
    let task = board.task_named("second").await;
    let claimed = board.claim(&task).await.unwrap();
    assert_ne!(claimed.run, RunId(1));
    assert_same(&board);
    let spawn = RecordSpawn {
        run: claimed.run,
        worker_pid: 7,
        workspace: "/tmp/w".to_owned(),
        log_start: None,
    };
    board.give(&Actor::dispatcher(), spawn).await.unwrap();
    assert_same(&board);
    board.pass(Seconds(60));
    for ttl in [LEASE, Seconds(60)] {
        let task = task.clone();
        board.act(Heartbeat { task, ttl }).await.unwrap();
        assert_same(&board);
    }
    let renew = RenewLease { task, ttl: LEASE };
    board.act(renew).await.unwrap();
    assert_same(&board);
}

#[tokio::test]
async fn whatever_ends_a_run_ends_it_for_hermes_too() {
    let board = board().await;
    for number in 0..8 {
        for is_theirs in [false, true] {
            let task = board.task_named("task").await;
            let run = if is_theirs {
                let next = board.kernel.open_runs().await.unwrap().len();
                assert_eq!(next, 0, "all are over");
                let number = 2 * number + 3;
                claims(&board, &task, number);
                RunId(number)
            } else {
                board.claim(&task).await.unwrap().run
            };
            assert_same(&board);
            let end = kinds_of_end(&task, run)
                .into_iter()
                .nth(usize::try_from(number).unwrap())
                .unwrap();
            board.act(end).await.unwrap();
            assert_same(&board);
            assert_eq!(board.kernel.open_runs().await.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn what_a_run_asked_is_what_it_came_to() {
    let board = board().await;
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    board.block(&task, "which region?").await;
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!(run.summary.as_deref(), Some("which region?"));
    assert_same(&board);
}

#[tokio::test]
async fn failures_are_counted_for_hermes_too_and_forgiven() {
    let board = board().await;
    let task = board.task_named("task").await;
    let outcomes = [
        Outcome::SpawnFailed,
        Outcome::Exit,
        Outcome::Protocol,
        Outcome::TimedOut,
        Outcome::HeartbeatLost,
    ];
    for outcome in outcomes {
        let run = board.claim(&task).await.unwrap().run;
        board.fail(run, outcome).await;
        assert_same(&board);
        board.pass(Seconds(3_600));
    }
    assert_eq!(board.status(&task).await, Status::Blocked);
    board.unblock(&task).await;
    assert_same(&board);
    assert_eq!(board.task(&task).await.failures, 0);
}

#[tokio::test]
async fn an_attempt_of_hermes_is_a_run_under_its_number() {
    let board = board().await;
    for (number, (status, outcome, expected)) in (2..).zip([
        ("done", "completed", Outcome::Completed),
        ("ready", "rate_limited", Outcome::Deferred),
        ("ready", "stale", Outcome::HeartbeatLost),
        ("blocked", "gave_up", Outcome::SpawnFailed),
        ("ready", "of another time", Outcome::Exit),
    ]) {
        let task = board.task_named("task").await;
        claims(&board, &task, number);
        assert_same(&board);
        let open = board.kernel.open_runs().await.unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!((open[0].run, &open[0].task), (RunId(number), &task));
        ends(&board, &task, number, status, outcome);
        assert_same(&board);
        let run = board.kernel.run(RunId(number)).await.unwrap();
        assert_eq!(run.outcome, Some(expected), "{outcome}");
        assert_eq!(run.ended_at, Some(Timestamp(1_777_200_009)));
        assert_eq!(run.summary.as_deref(), Some("so far"));
    }
    // A run that has ended already and was recorded afterwards.
    let task = board.task_named("never claimed").await;
    board.sql(&format!(
        "INSERT INTO task_runs (task_id, status, outcome, summary, started_at, ended_at) \
         VALUES ('{task}', 'completed', 'completed', 'by hand', 1777200000, 1777200000)"
    ));
    let runs = board.kernel.task(&task).await.unwrap().runs;
    assert_eq!(runs[0].summary.as_deref(), Some("by hand"));
}

#[tokio::test]
async fn a_run_of_ours_ends_as_hermes_says() {
    let board = board().await;
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    ends(&board, &task, run.0, "blocked", "blocked");
    assert_same(&board);
    let ended = board.kernel.run(run).await.unwrap();
    assert_eq!(ended.outcome, Some(Outcome::Blocked));
    assert!(board.kernel.claims().await.unwrap().stale.is_empty());
    // An outcome that they have no word for stays when they add to it.
    let task = board.task_named("another").await;
    let run = board.claim(&task).await.unwrap().run;
    board.fail(run, Outcome::Oom).await;
    board.sql(&format!(
        "UPDATE task_runs SET summary = 'it was too large' WHERE id = {run}"
    ));
    let run = board.kernel.run(run).await.unwrap();
    assert_eq!(run.outcome, Some(Outcome::Oom));
    assert_eq!(run.summary.as_deref(), Some("it was too large"));
    assert_same(&board);
}

#[tokio::test]
async fn a_run_whose_task_the_seed_took_away_is_named_by_nothing_any_more() {
    let board = board().await;
    let (done, given) = (board.task_named("a").await, board.task_named("b").await);
    board.claim(&done).await.unwrap();
    board.claim(&given).await.unwrap();
    board.sql(
        "UPDATE tasks SET status = 'done', claim_lock = NULL, claim_expires = NULL \
         WHERE status = 'running'",
    );
    let assign = AssignTask {
        task: given,
        assignee: Some("ada".to_owned()),
        stop: false,
        reason: None,
    };
    board.act(assign).await.unwrap();
    board.act(ReleaseStaleClaims).await.unwrap();
    assert_same(&board);
}

#[tokio::test]
async fn a_heartbeat_of_hermes_is_a_sign_of_life_whichever_way_it_comes() {
    let board = board().await;
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let said = async || board.kernel.run(run).await.unwrap().heartbeat_at;
    let at = |seconds| Timestamp(START.0 + seconds);
    board.sql(&format!(
        "UPDATE tasks SET last_heartbeat_at = {} WHERE id = '{task}'",
        at(1).0
    ));
    assert_eq!(said().await, Some(at(1)));
    board.sql(&format!(
        "UPDATE task_runs SET last_heartbeat_at = {} WHERE id = {run}; \
         UPDATE tasks SET last_heartbeat_at = {} WHERE id = '{task}'",
        at(2).0,
        at(2).0
    ));
    assert_eq!(said().await, Some(at(2)));
    let beats = |run: &str, seconds| {
        board.sql(&format!(
            "INSERT INTO task_events (task_id, run_id, kind, created_at) \
             VALUES ('{task}', {run}, 'heartbeat', {})",
            at(seconds).0
        ));
    };
    beats("NULL", 3);
    assert_eq!(said().await, Some(at(3)));
    assert_same(&board);
    // That of a worker that has lost its task is none.
    beats("1", 4);
    assert_eq!(said().await, Some(at(3)));
}

#[tokio::test]
async fn a_limit_and_an_error_of_hermes_are_ours() {
    let board = board().await;
    board.sql(
        "INSERT INTO tasks (id, title, status, created_at, max_retries) \
         VALUES ('t_02', 'theirs', 'ready', 1777100000, 7)",
    );
    let task: TaskId = "t_02".parse().unwrap();
    assert_eq!(board.task(&task).await.failure_limit, Some(7));
    board.sql(
        "UPDATE tasks SET status = 'blocked', consecutive_failures = 2, \
             last_failure_error = 'no such model', max_retries = 9 WHERE id = 't_02'; \
         INSERT INTO task_events (task_id, kind, payload, created_at) \
             VALUES ('t_02', 'gave_up', '{\"error\": \"no such model\"}', 1777200000)",
    );
    let gave_up = board.task(&task).await;
    assert_eq!((gave_up.failures, gave_up.failure_limit), (2, Some(9)));
    assert_eq!(gave_up.last_error.as_deref(), Some("no such model"));
    assert_same(&board);
    let inbox = board.kernel.inbox().await.unwrap();
    assert!(format!("{:?}", inbox[0].need).contains("no such model"));
    board.sql(
        "UPDATE tasks SET status = 'ready' WHERE id = 't_02'; \
         INSERT INTO task_events (task_id, kind, created_at) VALUES ('t_02', 'unblocked', 1777200000)",
    );
    assert_eq!(board.task(&task).await.failures, 0);
    assert_same(&board);
    let ours = board
        .create(CreateTask {
            title: "ours".to_owned(),
            failure_limit: Some(3),
            ..CreateTask::default()
        })
        .await;
    board.sql(&format!(
        "UPDATE tasks SET title = 'right' WHERE id = '{ours}' AND max_retries = 3"
    ));
    assert_eq!(board.task(&ours).await.title, "right");
}

#[tokio::test]
async fn a_summary_without_a_result_is_the_result_wherever_it_is_asked_for() {
    let board = board().await;
    let (in_run, in_event) = (board.task_named("a").await, board.task_named("b").await);
    let child = board.child_of(&[&in_run, &in_event]).await;
    claims(&board, &in_run, 2);
    ends(&board, &in_run, 2, "done", "completed");
    // The attempt of this one was forgotten.
    board.sql(&format!(
        "UPDATE tasks SET status = 'done' WHERE id = '{in_event}'; \
         INSERT INTO task_events (task_id, kind, payload, created_at) VALUES \
             ('{in_run}', 'completed', '{{\"summary\": \"so\"}}', 1777200000), \
             ('{in_event}', 'completed', '{{\"summary\": \"in short\"}}', 1777200000)"
    ));
    let context = board.kernel.context(&child).await.unwrap();
    for (task, said) in [(&in_run, "so far"), (&in_event, "in short")] {
        assert_eq!(board.task(task).await.result.as_deref(), Some(said));
        assert!(context.contains(said), "{context}");
        let query = kernel::SearchQuery {
            text: said.to_owned(),
            include_archived: false,
            offset: 0,
            limit: 10,
        };
        let hits = board.kernel.search(query).await.unwrap().hits;
        assert_eq!(hits.len(), 1, "{said}");
    }
    // It is nothing that a task which is open again has come to.
    board.move_to(&in_run, Status::Triage).await.unwrap();
    assert_eq!(board.task(&in_run).await.result, None);
}
