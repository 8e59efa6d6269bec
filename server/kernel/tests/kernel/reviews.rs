//! Reviews: work that is done waits for a verdict on exactly that run.

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{
    ApproveTask, BlockTask, CancelRun, ClaimPolicy, Claimed, CompleteTask, CreateTask, EditTask,
    RequestChanges, Undo,
};
use domain::dispatch::{Report, WhyNot};
use domain::error::Error as Refusal;
use domain::fixture;
use domain::id::{RunId, TaskId};
use domain::inbox::Need;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::TaskDetail;
use kernel::{BoardFilter, Error};

use crate::board::{Board, refusal};

impl Board {
    async fn reviewed_by(&self, reviewer: &str) -> TaskId {
        self.create(CreateTask {
            title: "task".to_owned(),
            assignee: Some("writer".to_owned()),
            review: Some(reviewer.to_owned()),
            ..CreateTask::default()
        })
        .await
    }

    /// Lets a worker finish the task; returns its run.
    async fn work_on(&self, task: &TaskId) -> RunId {
        let claimed = self.claim_in_lane(task, "writer").await;
        self.give(&worker(&claimed), finish(task, false))
            .await
            .unwrap();
        claimed.run
    }

    async fn claim_in_lane(&self, task: &TaskId, lane: &str) -> Claimed {
        self.claim_in(task, lane, ClaimPolicy::default())
            .await
            .unwrap()
    }

    /// Returns the reviewer that the work waits for.
    async fn reviewer(&self, task: &TaskId) -> String {
        self.task(task).await.in_review.unwrap().reviewer
    }

    async fn approve(&self, by: &Actor, task: &TaskId, run: Option<RunId>) -> Result<(), Error> {
        let approve = ApproveTask {
            task: task.clone(),
            run,
            commit: None,
            note: None,
        };
        self.give(by, approve).await.map(drop)
    }

    async fn send_back(&self, by: &Actor, task: &TaskId, reason: &str) -> Result<(), Error> {
        let request = RequestChanges {
            task: task.clone(),
            reason: reason.to_owned(),
            run: None,
            commit: None,
        };
        self.give(by, request).await.map(drop)
    }
}

fn worker(claimed: &Claimed) -> Actor {
    Actor::worker("writer", claimed.token.clone())
}

fn ada() -> Actor {
    Actor::full("ada")
}

fn finish(task: &TaskId, unchecked: bool) -> CompleteTask {
    CompleteTask {
        task: task.clone(),
        outcome: None,
        result: Some("42 ships".to_owned()),
        summary: None,
        metadata: None,
        unchecked,
    }
}

#[tokio::test]
async fn work_that_is_done_waits_for_a_person_and_children_for_the_verdict() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    let child = board.child_of(&[&task]).await;
    let run = board.work_on(&task).await;
    assert_eq!(board.status(&task).await, Status::Review);
    assert_eq!(board.status(&child).await, Status::Todo);
    let why = board.kernel.why(&task).await.unwrap();
    assert_eq!(why, Some(WhyNot::AwaitsVerdict));
    let inbox = board.kernel.inbox().await.unwrap();
    let result = Some("42 ships".to_owned());
    let need = Need::Review {
        run: Some(run),
        commit: None,
        result,
    };
    assert_eq!((inbox.len(), &inbox[0].need), (1, &need));

    board.approve(&ada(), &task, Some(run)).await.unwrap();
    let done = board.task(&task).await;
    assert_eq!(done.status, Status::Done);
    assert_eq!(done.result.as_deref(), Some("42 ships"));
    assert_eq!(board.status(&child).await, Status::Ready);
    let kinds = board.kinds(&task).await;
    assert_eq!(
        kinds[kinds.len() - 3..],
        ["review_requested", "approved", "completed"]
    );
}

#[tokio::test]
async fn changes_that_are_asked_for_stand_at_the_top_of_the_next_attempt_and_are_bounded() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    for round in 1..=3 {
        board.work_on(&task).await;
        let reason = format!("round {round}: the date is missing");
        board.send_back(&ada(), &task, &reason).await.unwrap();
        if round == 3 {
            break;
        }
        assert_eq!(board.status(&task).await, Status::Ready);
        let context = board.kernel.context(&task).await.unwrap();
        let (before, after) = context.split_once("## Changes asked for").unwrap();
        assert!(
            !before.contains("##") && after.contains(&reason),
            "{context}"
        );
    }
    let blocked = board.task(&task).await;
    assert_eq!(blocked.status, Status::Blocked);
    let reason = blocked.block_reason.unwrap();
    assert!(
        reason.contains("3 times") && reason.contains("round 3"),
        "{reason}"
    );
    // A person has looked, so the rounds begin anew, and the work does.
    board.unblock(&task).await;
    assert_eq!(board.status(&task).await, Status::Ready);
    board.work_on(&task).await;
    board.send_back(&ada(), &task, "again").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn a_verdict_on_another_run_than_the_last_is_refused() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    let first = board.work_on(&task).await;
    board.send_back(&ada(), &task, "not yet").await.unwrap();
    let refused = refusal(board.approve(&ada(), &task, Some(first)).await);
    assert!(matches!(refused, Refusal::NotInReview { .. }), "{refused}");
    let second = board.work_on(&task).await;
    let refused = refusal(board.approve(&ada(), &task, Some(first)).await);
    assert_eq!(refused, Refusal::MovedOn(task.clone()));
    board.approve(&ada(), &task, Some(second)).await.unwrap();
}

#[tokio::test]
async fn nobody_approves_their_own_work() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    let claimed = board.claim_in_lane(&task, "writer").await;
    let refused = refusal(board.approve(&worker(&claimed), &task, None).await);
    assert!(matches!(refused, Refusal::NotInReview { .. }), "{refused}");
    board.give(&ada(), finish(&task, false)).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Review);
    let refused = refusal(board.approve(&ada(), &task, None).await);
    assert_eq!(
        refused,
        Refusal::OwnWork {
            task: task.clone(),
            name: "ada".to_owned()
        }
    );
    let bob = Actor::full("bob");
    board.approve(&bob, &task, None).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Done);
}

#[tokio::test]
async fn a_second_lane_judges_the_work_in_a_run_of_its_own() {
    let board = Board::new();
    let task = board.reviewed_by("critic").await;
    let run = board.work_on(&task).await;
    let startable = board.kernel.startable(vec!["critic".to_owned()], 9).await;
    assert_eq!(startable.unwrap().len(), 1);
    let assignees = board.kernel.ready_assignees().await.unwrap();
    assert_eq!(assignees, ["critic"]);
    // Only that lane takes it.
    let stranger = board
        .claim_in(&task, "writer", ClaimPolicy::default())
        .await;
    assert_eq!(refusal(stranger), Refusal::AwaitsReview(task.clone()));
    // Also where a lane serves it under another name.
    let policy = ClaimPolicy {
        reviewer: Some("writer".to_owned()),
        ..ClaimPolicy::default()
    };
    let stranger = board.claim_in(&task, "critic", policy).await;
    assert_eq!(refusal(stranger), Refusal::AwaitsReview(task.clone()));

    let review = board.claim_in_lane(&task, "critic").await;
    let critic = Actor::worker("critic", review.token.clone());
    let refused = refusal(board.give(&critic, finish(&task, false)).await);
    assert_eq!(refused, Refusal::IsReview(task.clone()));
    let context = board.kernel.context(&task).await.unwrap();
    assert!(context.contains("## Review\nwriter says"), "{context}");
    board.send_back(&critic, &task, "no").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);

    board.work_on(&task).await;
    let review = board.claim_in_lane(&task, "critic").await;
    let critic = Actor::worker("critic", review.token.clone());
    board.approve(&critic, &task, None).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.status, Status::Done);
    let receipts = detail.receipts.iter();
    let verdicts: Vec<_> = receipts
        .map(|it| (it.by.as_deref(), it.check.verdict))
        .collect();
    let by = Some("critic");
    assert_eq!(
        verdicts,
        [(by, Verdict::ChangesRequested), (by, Verdict::Approved)]
    );
    assert_eq!(detail.receipts[0].run, Some(run));
}

#[tokio::test]
async fn a_review_that_fails_or_asks_is_made_again_and_the_work_is_not() {
    let board = Board::new();
    let task = board.reviewed_by("critic").await;
    board.work_on(&task).await;
    let review = board.claim_in_lane(&task, "critic").await;
    board.fail(review.run, Outcome::Exit).await;
    assert_eq!(board.status(&task).await, Status::Review);
    let end = board.task(&task).await.not_before.unwrap();
    board.clock.advance(domain::time::Seconds(end.0));
    let review = board.claim_in_lane(&task, "critic").await;
    let critic = Actor::worker("critic", review.token.clone());
    let reason = Some("which of them?".to_owned());
    let ask = BlockTask {
        task: task.clone(),
        reason,
    };
    board.give(&critic, ask).await.unwrap();
    board.unblock(&task).await;
    assert_eq!(board.status(&task).await, Status::Review);
}

#[tokio::test]
async fn a_review_that_is_cancelled_waits_for_a_person_until_it_is_handed_to_a_lane() {
    let board = Board::new();
    let task = board.reviewed_by("critic").await;
    board.work_on(&task).await;
    board.claim_in_lane(&task, "critic").await;
    let cancel = CancelRun { task: task.clone() };
    board.act(cancel).await.unwrap();
    let now = board.task(&task).await;
    assert_eq!(now.status, Status::Review);
    assert_eq!(now.result.as_deref(), Some("42 ships"));
    let why = board.kernel.why(&task).await.unwrap();
    assert_eq!(why, Some(WhyNot::AwaitsVerdict));
    // Another title hands nothing over, nor does its undo.
    let retitle = EditTask {
        title: Some("another title".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(retitle).await.unwrap();
    let event = board.newest_event();
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.reviewer(&task).await, "person");
    // A reviewer does, also the one that it had.
    let hand_over = EditTask {
        review: Some("critic".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(hand_over).await.unwrap();
    assert_eq!(board.reviewer(&task).await, "critic");
    board.claim_in_lane(&task, "critic").await;
    board.act(CancelRun { task: task.clone() }).await.unwrap();
    let event = board.newest_event();
    board.act(Undo { event }).await.unwrap();
    assert_eq!(board.reviewer(&task).await, "critic");
}

#[tokio::test]
async fn work_for_a_reviewer_who_is_no_lane_stands_in_the_inbox_and_says_so() {
    let board = Board::new();
    let task = board.reviewed_by("ghost").await;
    board.work_on(&task).await;
    // Without a dispatcher nobody knows the lanes.
    assert_eq!(board.kernel.inbox().await.unwrap(), []);
    let report = Report {
        lanes: vec![fixture::lane("critic")],
        ..fixture::report()
    };
    board.kernel.hold_report(report);
    let inbox = board.kernel.inbox().await.unwrap();
    assert_eq!(inbox.len(), 1);
    assert!(matches!(inbox[0].need, Need::Review { .. }), "{inbox:?}");
    let why = board.kernel.why(&task).await.unwrap().unwrap().to_string();
    let said = "its work is done and ghost is to judge it, but no lane has this name";
    assert!(why.starts_with(said), "{why}");
    let hand_over = EditTask {
        review: Some("critic".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(hand_over).await.unwrap();
    assert_eq!(board.kernel.inbox().await.unwrap(), []);
}

#[tokio::test]
async fn a_verdict_is_taken_back_as_a_whole() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    let child = board.child_of(&[&task]).await;
    let run = board.work_on(&task).await;
    for sends_back in [true, false] {
        if sends_back {
            board.send_back(&ada(), &task, "no").await.unwrap();
        } else {
            board.approve(&ada(), &task, None).await.unwrap();
        }
        let event = board.newest_event();
        board.give(&ada(), Undo { event }).await.unwrap();
        let back = board.task(&task).await;
        assert_eq!(back.status, Status::Review);
        assert_eq!(back.in_review.unwrap().run, Some(run));
        assert_eq!(back.result.as_deref(), Some("42 ships"));
        assert_eq!(board.status(&child).await, Status::Todo);
    }
}

#[tokio::test]
async fn a_person_finishes_without_the_review_only_by_saying_so() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    board.work_on(&task).await;
    let refused = refusal(board.give(&ada(), finish(&task, false)).await);
    assert_eq!(refused, Refusal::AwaitsReview(task.clone()));
    board.give(&ada(), finish(&task, true)).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    assert_eq!(detail.task.status, Status::Done);
    assert_eq!(sentences(&detail), ["finished without its review"]);
    assert_eq!(board.checked(&task).await, Some(Verdict::Unreviewed));
}

fn sentences(detail: &TaskDetail) -> Vec<String> {
    let receipts = detail.receipts.iter();
    receipts.map(|it| it.check.sentence()).collect()
}

#[tokio::test]
async fn what_is_finished_unchecked_says_without_what() {
    let board = Board::new();
    let checked = CreateTask {
        title: "task".to_owned(),
        review: Some("person".to_owned()),
        check: Some("true".to_owned()),
        ..CreateTask::default()
    };
    let task = board.create(checked).await;
    board.give(&ada(), finish(&task, true)).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    let both = ["finished without its review", "finished without its check"];
    assert_eq!(sentences(&detail), both);
    assert_eq!(board.checked(&task).await, Some(Verdict::Unchecked));
}

#[tokio::test]
async fn a_verdict_on_another_commit_than_the_last_is_refused() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    board.work_on(&task).await;
    board.sql(&format!(
        "INSERT INTO branches (task_id, repository, name, base, tip) \
         VALUES ('{task}', '/r', 'kanban/{task}', 'b0', 'c2')"
    ));
    let approve = |commit: &str| ApproveTask {
        task: task.clone(),
        run: None,
        commit: Some(commit.to_owned()),
        note: None,
    };
    let refused = refusal(board.give(&ada(), approve("c1")).await);
    assert_eq!(refused, Refusal::MovedOn(task.clone()));
    board.give(&ada(), approve("c2")).await.unwrap();
    let detail = board.kernel.task(&task).await.unwrap();
    let git = &detail.receipts[0].check.git;
    assert_eq!(git.commit.as_deref(), Some("c2"));
    assert!(!detail.has_changed_since_check());
}

#[tokio::test]
async fn a_lane_never_judges_its_own_work_but_a_person_does() {
    let board = Board::new();
    let task = board.reviewed_by("writer").await;
    board.work_on(&task).await;
    let review = board.task(&task).await.in_review.unwrap();
    assert!(review.is_for_person(), "{review:?}");
    let startable = board.kernel.startable(vec!["person".to_owned()], 9).await;
    assert!(startable.unwrap().is_empty());
    board.approve(&ada(), &task, None).await.unwrap();
}

#[tokio::test]
async fn a_reopened_parent_holds_no_review_back() {
    let board = Board::new();
    let parent = board.task_named("parent").await;
    board.complete(&parent, "done").await.unwrap();
    let task = board
        .create(CreateTask {
            title: "task".to_owned(),
            parents: vec![parent.to_string()],
            review: Some("critic".to_owned()),
            ..CreateTask::default()
        })
        .await;
    board.work_on(&task).await;
    board.move_to(&parent, Status::Ready).await.unwrap();
    board.claim_in_lane(&task, "critic").await;
}

#[tokio::test]
async fn what_another_program_puts_into_review_waits_for_a_person() {
    let board = Board::new();
    let task = board.task_named("theirs").await;
    board.sql("UPDATE tasks SET status = 'review'");
    assert_eq!(board.kernel.inbox().await.unwrap().len(), 1);
    board.approve(&ada(), &task, None).await.unwrap();
    assert_eq!(board.status(&task).await, Status::Done);
}

#[tokio::test]
async fn work_is_handed_to_another_reviewer_and_a_blocked_review_is_judged_by_hand() {
    let board = Board::new();
    let task = board.reviewed_by("cirtic").await;
    board.work_on(&task).await;
    let edit = EditTask {
        review: Some("critic".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(edit).await.unwrap();
    let review = board.claim_in_lane(&task, "critic").await;
    let critic = Actor::worker("critic", review.token.clone());
    let block = BlockTask {
        task: task.clone(),
        reason: Some("which of them?".to_owned()),
    };
    board.give(&critic, block).await.unwrap();
    board
        .send_back(&ada(), &task, "none of them")
        .await
        .unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
    board.work_on(&task).await;
    // A verdict that was undone does not count, and says nothing to the next reviewer.
    for _ in 0..3 {
        board.send_back(&ada(), &task, "no").await.unwrap();
        let event = board.newest_event();
        board.give(&ada(), Undo { event }).await.unwrap();
    }
    assert_eq!(board.status(&task).await, Status::Review);
    let context = board.kernel.context(&task).await.unwrap();
    assert!(context.contains("It has no check."), "{context}");
    board.send_back(&ada(), &task, "no").await.unwrap();
    assert_eq!(board.status(&task).await, Status::Ready);
}

#[tokio::test]
async fn who_claimed_by_hand_has_done_the_work() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    let claim = domain::command::ClaimTask {
        task: task.clone(),
        lock: "host:1".to_owned(),
        ttl: domain::command::LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let claimed = board.give(&ada(), claim).await.unwrap().answer;
    let domain::command::Answer::Claimed(claimed) = claimed else {
        panic!("claimed, but was told {claimed:?}");
    };
    board
        .give(&worker(&claimed), finish(&task, false))
        .await
        .unwrap();
    let refused = refusal(board.approve(&ada(), &task, None).await);
    assert!(matches!(refused, Refusal::OwnWork { .. }), "{refused}");
}

#[tokio::test]
async fn the_check_of_a_lane_counts_after_a_review_too() {
    let board = Board::new();
    let task = board.reviewed_by("critic").await;
    let policy = ClaimPolicy {
        has_check: true,
        ..ClaimPolicy::default()
    };
    let work = board.claim_in(&task, "writer", policy).await.unwrap();
    board.give(&ada(), finish(&task, true)).await.unwrap();
    board.move_to(&task, Status::Ready).await.unwrap();
    assert!(work.run.0 > 0);
    let policy = ClaimPolicy {
        has_check: true,
        ..ClaimPolicy::default()
    };
    let work = board.claim_in(&task, "writer", policy).await.unwrap();
    board.settle(work.run, Verdict::Passed).await;
    board
        .give(&worker(&work), finish(&task, false))
        .await
        .unwrap();
    let review = board.claim_in_lane(&task, "critic").await;
    let critic = Actor::worker("critic", review.token.clone());
    board.send_back(&critic, &task, "no").await.unwrap();
    let refused = refusal(board.give(&ada(), finish(&task, false)).await);
    assert_eq!(refused, Refusal::HasCheck(task.clone()));
}

#[tokio::test]
async fn a_card_says_that_its_task_names_a_reviewer_whatever_its_status() {
    let board = Board::new();
    let task = board.reviewed_by("person").await;
    board.task_named("other").await;
    let names = async || -> Vec<bool> {
        let snapshot = board.kernel.board(BoardFilter::default()).await.unwrap();
        let cards = snapshot.tasks.into_iter();
        cards.map(|card| card.names_reviewer).collect()
    };
    assert_eq!(names().await, [true, false]);
    board.act(finish(&task, true)).await.unwrap();
    assert_eq!(names().await, [true, false]);
    let leave_it_to_the_lane = EditTask {
        review: Some(String::new()),
        ..EditTask::of(task)
    };
    board.act(leave_it_to_the_lane).await.unwrap();
    assert_eq!(names().await, [false, false]);
}
