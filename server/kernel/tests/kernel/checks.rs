//! Checks on the board: who sets one, what a report of a worker does, and what a receipt decides.

use domain::actor::Actor;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{
    Answer, BeginCheck, BlockTask, ClaimPolicy, ClaimTask, Claimed, CompleteTask, CreateTask,
    EditTask, LEASE, ReleaseStaleClaims, SettleCheck, Undo,
};
use domain::error::Error as Refusal;
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use kernel::{BoardFilter, Error, Kernel};

use crate::board::{Board, START, refusal};

impl Board {
    async fn with_check(&self, check: &str) -> TaskId {
        self.create(CreateTask {
            title: "task".to_owned(),
            check: Some(check.to_owned()),
            ..CreateTask::default()
        })
        .await
    }

    async fn report(&self, claimed: &Claimed, result: &str) -> Result<(), Error> {
        let worker = Actor::worker("shell", claimed.token.clone());
        let complete = CompleteTask {
            task: claimed.task.id.clone(),
            result: Some(result.to_owned()),
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        };
        self.give(&worker, complete).await.map(|_| ())
    }

    pub(crate) async fn settle(&self, run: RunId, verdict: Verdict) {
        self.give(&Actor::dispatcher(), BeginCheck { run })
            .await
            .unwrap();
        let check = CheckEnd {
            command: "make test".to_owned(),
            verdict,
            began_at: START,
            ended_at: START,
            exit_code: Some(i32::from(verdict != Verdict::Passed)),
            output: "looked".to_owned(),
            log_start: None,
            log_end: None,
            git: GitFacts::default(),
        };
        let settle = SettleCheck {
            run,
            check,
            limit: None,
        };
        self.give(&Actor::dispatcher(), settle).await.unwrap();
    }

    async fn verdicts(&self, task: &TaskId) -> Vec<Verdict> {
        let receipts = self.kernel.task(task).await.unwrap().receipts;
        receipts.iter().map(|it| it.check.verdict).collect()
    }

    pub(crate) async fn checked(&self, task: &TaskId) -> Option<Verdict> {
        let board = self.kernel.board(BoardFilter::default()).await.unwrap();
        let card = board.tasks.into_iter().find(|card| card.id == *task);
        card.unwrap().checked
    }
}

fn finish(task: &TaskId, unchecked: bool) -> CompleteTask {
    CompleteTask {
        task: task.clone(),
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked,
    }
}

#[tokio::test]
async fn a_worker_finishes_its_task_only_by_a_check_that_has_passed() {
    let board = Board::new();
    let task = board.with_check("true").await;
    let claimed = board.claim(&task).await.unwrap();
    board.report(&claimed, "first").await.unwrap();
    board.report(&claimed, "second").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
    board.settle(claimed.run, Verdict::Passed).await;
    assert_eq!(board.status(&task).await, Status::Running);
    let worker = Actor::worker("shell", claimed.token.clone());
    board.give(&worker, finish(&task, false)).await.unwrap();
    let done = board.task(&task).await;
    assert_eq!(
        (done.status, done.result.as_deref()),
        (Status::Done, Some("second"))
    );
    assert_eq!(board.checked(&task).await, Some(Verdict::Passed));
    let kinds = board.kinds(&task).await;
    let expected = [
        "reported",
        "reported",
        "check_started",
        "check_passed",
        "completed",
    ];
    assert!(
        kinds
            .iter()
            .rev()
            .zip(expected.iter().rev())
            .all(|(a, b)| a == b),
        "{kinds:?}"
    );
}

#[tokio::test]
async fn a_worker_that_claimed_by_hand_is_told_that_nobody_would_run_the_check() {
    let board = Board::new();
    let task = board.with_check("true").await;
    let claim = ClaimTask {
        task: task.clone(),
        lock: "elsewhere:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let Answer::Claimed(claimed) = board.act(claim).await.unwrap().answer else {
        panic!("it was not claimed");
    };
    let worker = Actor::worker("ada", claimed.token.clone());
    let refused = refusal(board.give(&worker, finish(&task, true)).await);
    assert_eq!(refused, Refusal::HasCheck(task.clone()));
    board.act(finish(&task, true)).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Done);
}

#[tokio::test]
async fn a_lane_may_have_a_check_for_tasks_without_one() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let policy = ClaimPolicy {
        has_check: true,
        ..ClaimPolicy::default()
    };
    let claimed = board.claim_with(&task, policy).await.unwrap();
    board.report(&claimed, "42").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Running);
    // The next lane has none.
    board.settle(claimed.run, Verdict::Failed).await;
    let claimed = board.claim(&task).await.unwrap();
    board.report(&claimed, "42").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Done);
    assert_eq!(board.checked(&task).await, None);
}

#[tokio::test]
async fn red_checks_count_for_themselves_and_their_row_ends_with_a_person() {
    let board = Board::new();
    let task = board.with_check("false").await;
    for (rework, status) in [(1, Status::Ready), (2, Status::Ready), (3, Status::Blocked)] {
        let claimed = board.claim(&task).await.unwrap();
        board.report(&claimed, "done").await.unwrap();
        board.settle(claimed.run, Verdict::Failed).await;
        let detail = board.kernel.task(&task).await.unwrap();
        assert_eq!((&detail.task.status, detail.task.failures), (&status, 0));
        let last = detail.runs.last().unwrap();
        assert_eq!(last.outcome, Some(Outcome::CheckFailed));
        let events = detail.events.iter().rev();
        let red = events.filter(|it| it.kind == "check_failed").count();
        assert_eq!(red, rework);
    }
    assert_eq!(board.kernel.inbox().await.unwrap().len(), 1);
    board.unblock(&task).await;
    let claimed = board.claim(&task).await.unwrap();
    board.settle(claimed.run, Verdict::TimedOut).await;
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn a_person_finishes_without_the_check_only_by_saying_so_and_the_card_keeps_it() {
    let board = Board::new();
    let task = board.with_check("true").await;
    let refused = refusal(board.act(finish(&task, false)).await);
    assert_eq!(refused, Refusal::HasCheck(task.clone()));
    let receipt = board.act(finish(&task, true)).await.unwrap();
    assert_eq!(board.verdicts(&task).await, [Verdict::Unchecked]);
    assert_eq!(board.checked(&task).await, Some(Verdict::Unchecked));
    assert_eq!(
        board.newest_payload(&task).await,
        r#"{"result_len":0,"unchecked":true}"#
    );
    let receipts = board.kernel.task(&task).await.unwrap().receipts;
    assert_eq!(receipts[0].by.as_deref(), Some("ada"));
    let event = receipt.events[0];
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    assert_eq!(board.checked(&task).await, None);
    // A receipt stays.
    assert_eq!(board.verdicts(&task).await, [Verdict::Unchecked]);
}

#[tokio::test]
async fn only_a_person_sets_a_check_and_an_edit_of_it_can_be_undone() {
    let board = Board::new();
    let task = board.with_check("make test").await;
    let other = board.task_named("other").await;
    let claimed = board.claim(&other).await.unwrap();
    let worker = Actor::worker("shell", claimed.token.clone());
    let own = CreateTask {
        title: "mine".to_owned(),
        check: Some("true".to_owned()),
        ..CreateTask::default()
    };
    assert_eq!(
        refusal(board.give(&worker, own.clone()).await),
        Refusal::NotYourCheck
    );
    let chat = Actor::in_chat("ada", true);
    assert_eq!(refusal(board.give(&chat, own).await), Refusal::NotYourCheck);
    let edit = EditTask {
        check: Some(" ".to_owned()),
        ..EditTask::of(task.clone())
    };
    let receipt = board.act(edit).await.unwrap();
    assert_eq!(board.task(&task).await.check, None);
    let event = receipt.events[0];
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.task(&task).await.check.as_deref(), Some("make test"));
}

#[tokio::test]
async fn the_next_attempt_and_the_children_are_told_of_the_check() {
    let board = Board::new();
    let task = board.with_check("false").await;
    let claimed = board.claim(&task).await.unwrap();
    board.settle(claimed.run, Verdict::Failed).await;
    let context = board.kernel.context(&task).await.unwrap();
    let expected = "\n\n## Check of the last attempt\nIt exited with code 1: looked.\nCommand: make test\nlooked\n";
    assert!(context.contains(expected), "{context}");
    let claimed = board.claim(&task).await.unwrap();
    board.settle(claimed.run, Verdict::Passed).await;
    let worker = Actor::worker("shell", claimed.token.clone());
    board.give(&worker, finish(&task, false)).await.unwrap();
    let context = board.kernel.context(&task).await.unwrap();
    assert!(!context.contains("Check of the last"), "{context}");
    let child = board.child_of(&[&task]).await;
    let context = board.kernel.context(&child).await.unwrap();
    assert!(context.contains("(checked: passed)"), "{context}");
}

#[tokio::test]
async fn a_check_stays_what_it_is_while_its_task_is_worked_on() {
    let board = Board::new();
    let task = board.with_check("make test").await;
    let edit = |check: &str| EditTask {
        check: Some(check.to_owned()),
        ..EditTask::of(task.clone())
    };
    let edited = board.act(edit("make lint")).await.unwrap();
    board.claim(&task).await.unwrap();
    let refused = refusal(board.act(edit("")).await);
    assert!(matches!(refused, Refusal::WrongStatus { .. }), "{refused}");
    let event = edited.events[0];
    assert!(board.act(Undo { event }).await.is_err());
    assert_eq!(board.task(&task).await.check.as_deref(), Some("make lint"));
}

#[tokio::test]
async fn a_check_begins_once_though_its_supervisor_may_not_have_heard_that_it_did() {
    let board = Board::new();
    let task = board.with_check("make test").await;
    let claimed = board.claim(&task).await.unwrap();
    board.report(&claimed, "42").await.unwrap();
    let run = claimed.run;
    for _ in 0..2 {
        let begin = BeginCheck { run };
        board.give(&Actor::dispatcher(), begin).await.unwrap();
    }
    let kinds = board.kinds(&task).await;
    let begun = kinds.iter().filter(|kind| *kind == "check_started");
    assert_eq!(begun.count(), 1, "{kinds:?}");
}

#[tokio::test]
async fn nothing_that_a_check_starts_ends_its_run() {
    let board = Board::new();
    let task = board.with_check("make test").await;
    let claimed = board.claim(&task).await.unwrap();
    board.report(&claimed, "42").await.unwrap();
    let run = claimed.run;
    let begin = BeginCheck { run };
    board.give(&Actor::dispatcher(), begin).await.unwrap();
    let worker = Actor::worker("shell", claimed.token.clone());
    let block = BlockTask {
        task: task.clone(),
        reason: None,
    };
    let refused = Refusal::Checking(task.clone());
    assert_eq!(refusal(board.give(&worker, block).await), refused);
    let complete = finish(&task, false);
    assert_eq!(refusal(board.give(&worker, complete).await), refused);
}

#[tokio::test]
async fn who_finishes_it_past_us_leaves_a_receipt_and_no_old_seal_stays() {
    let board = Board::new();
    let task = board.with_check("make test").await;
    board.claim(&task).await.unwrap();
    board.sql("UPDATE tasks SET status = 'done'");
    board
        .give(&Actor::dispatcher(), ReleaseStaleClaims)
        .await
        .unwrap();
    assert_eq!(board.checked(&task).await, Some(Verdict::Unchecked));

    // A lane's check counts for a person too.
    let task = board.task_named("of a lane").await;
    let policy = ClaimPolicy {
        has_check: true,
        ..ClaimPolicy::default()
    };
    let claimed = board.claim_with(&task, policy).await.unwrap();
    board.settle(claimed.run, Verdict::Failed).await;
    let refused = refusal(board.act(finish(&task, false)).await);
    assert_eq!(refused, Refusal::HasCheck(task.clone()));
}

#[tokio::test]
async fn a_board_of_before_keeps_its_runs_but_for_those_whose_task_was_deleted() {
    let board = Board::new();
    let task = board.task_named("task").await;
    let run = board.claim(&task).await.unwrap().run;
    let Board { kernel, folder, .. } = board;
    drop(kernel);
    let path = folder.path().join("kanban.db");
    {
        #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(
            "PRAGMA foreign_keys = OFF; \
             INSERT INTO runs (task_id, token, lease_expires, started_at, ended_at, outcome) \
                 VALUES ('t_dead', 'x', 0, 0, 0, 'completed'); \
             DROP TABLE receipts; \
             DROP TRIGGER foreign_promotion; \
             DROP TRIGGER foreign_status; \
             DROP INDEX idx_tasks_failed; \
             ALTER TABLE tasks DROP COLUMN outcome; \
             DROP INDEX idx_links_on_failure; \
             ALTER TABLE task_links DROP COLUMN start_on; \
             DROP INDEX idx_tasks_review; \
             ALTER TABLE tasks DROP COLUMN review; \
             ALTER TABLE tasks DROP COLUMN reviewer; \
             ALTER TABLE tasks DROP COLUMN reviewed_run; \
             ALTER TABLE tasks DROP COLUMN worked_by; \
             ALTER TABLE tasks DROP COLUMN rounds; \
             ALTER TABLE tasks DROP COLUMN rework_limit; \
             ALTER TABLE runs DROP COLUMN review; \
             ALTER TABLE runs DROP COLUMN is_review; \
             ALTER TABLE runs DROP COLUMN claimed_by; \
             DROP INDEX idx_tasks_sealed; \
             ALTER TABLE runs DROP COLUMN reported_outcome; \
             DROP TABLE branches; \
             DROP TRIGGER landing_ends; \
             DROP TABLE landings; \
             ALTER TABLE runs DROP COLUMN lands; \
             ALTER TABLE tasks DROP COLUMN land_method; \
             ALTER TABLE tasks DROP COLUMN check_script; \
             ALTER TABLE tasks DROP COLUMN rework; \
             ALTER TABLE tasks DROP COLUMN checked; \
             ALTER TABLE runs DROP COLUMN has_check; \
             ALTER TABLE runs DROP COLUMN reported_at; \
             ALTER TABLE runs DROP COLUMN reported_result; \
             ALTER TABLE runs DROP COLUMN checking_since; \
             PRAGMA user_version = 12;",
        )
        .unwrap();
    }
    let kernel = Kernel::open(&path).unwrap();
    let runs = kernel.task(&task).await.unwrap().runs;
    assert_eq!(runs.iter().map(|run| run.id).collect::<Vec<_>>(), [run]);
    assert_eq!(kernel.open_runs().await.unwrap().len(), 1);
}
