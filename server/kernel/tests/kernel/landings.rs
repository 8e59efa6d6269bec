//! Landings on the board: what is asked for, what comes of it, and what nobody may have any more.

use domain::actor::Actor;
use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{
    ArchiveTask, ClaimPolicy, CompleteTask, CreateTask, EditTask, LandTask, MoveTask, NoteLanding,
    RecordBranch, RecordExit, SettleLanding, Undo,
};
use domain::error::Error as Refusal;
use domain::id::{EventId, TaskId};
use domain::inbox::Need;
use domain::landing::{LandingEnd, Method, SENT_BACK_LIMIT};
use domain::outcome::TaskOutcome;
use domain::status::Status;
use domain::task::TaskDetail;
use domain::time::{Seconds, Timestamp};
use kernel::{BoardFilter, Error};

use crate::board::{Board, START, refusal};
use crate::transfer::{export, import};

/// The work of a task whose branch began at this one.
const WORK: &str = "bbbb";

impl Board {
    /// A task that a lane has done, on a branch that began on `onto`.
    async fn worked(&self, onto: Option<&str>, lands: bool, outcome: TaskOutcome) -> TaskId {
        let task = self
            .create(CreateTask {
                title: "task".to_owned(),
                assignee: Some("writer".to_owned()),
                ..CreateTask::default()
            })
            .await;
        self.work_again(&task, onto, lands, outcome).await;
        task
    }

    async fn work_again(
        &self,
        task: &TaskId,
        onto: Option<&str>,
        lands: bool,
        outcome: TaskOutcome,
    ) {
        let policy = ClaimPolicy {
            lands,
            ..ClaimPolicy::default()
        };
        let claimed = self.claim_in(task, "writer", policy).await.unwrap();
        let run = claimed.run;
        let branch = Branch {
            name: format!("kanban/{task}"),
            repository: "/r".to_owned(),
            base: Some("aaaa".to_owned()),
            onto: onto.map(ToOwned::to_owned),
            tip: Some("aaaa".to_owned()),
            ..Branch::default()
        };
        let dispatcher = Actor::dispatcher();
        self.give(&dispatcher, RecordBranch { run, branch })
            .await
            .unwrap();
        let exit = RecordExit {
            run,
            code: Some(0),
            log_end: None,
            commit: Some(WORK.to_owned()),
            ended_at: None,
        };
        self.give(&dispatcher, exit).await.unwrap();
        let complete = CompleteTask {
            task: task.clone(),
            outcome: Some(outcome),
            result: Some("42 ships".to_owned()),
            summary: None,
            metadata: None,
            unchecked: false,
        };
        let worker = Actor::worker("writer", claimed.token);
        self.give(&worker, complete).await.unwrap();
    }

    async fn done(&self) -> TaskId {
        self.worked(Some("main"), false, TaskOutcome::Success).await
    }

    async fn land(&self, task: &TaskId) -> Result<Vec<EventId>, Error> {
        let receipt = self.act(land(task)).await?;
        Ok(receipt.events)
    }

    async fn landing_ends(&self, task: &TaskId, end: LandingEnd) -> Result<(), Error> {
        let landing = self.read(task).await.landing;
        let request = landing.map_or(EventId(0), |landing| landing.request);
        let settle = SettleLanding {
            task: task.clone(),
            request,
            onto: "main".to_owned(),
            end,
        };
        self.give(&Actor::dispatcher(), settle).await.map(drop)
    }

    async fn read(&self, task: &TaskId) -> TaskDetail {
        self.kernel.task(task).await.unwrap()
    }

    async fn is_landing(&self, task: &TaskId) -> bool {
        let board = self.kernel.board(BoardFilter::default()).await.unwrap();
        let card = board.tasks.iter().find(|card| card.id == *task).unwrap();
        assert_eq!(card.is_landing, self.read(task).await.landing.is_some());
        card.is_landing
    }
}

/// The word of a lander for what is asked for now.
async fn note(board: &Board, task: &TaskId, check: Option<Box<CheckEnd>>) -> NoteLanding {
    let landing = board.read(task).await.landing;
    NoteLanding {
        task: task.clone(),
        request: landing.map_or(EventId(0), |landing| landing.request),
        result: "cccc".to_owned(),
        commit: WORK.to_owned(),
        check,
    }
}

fn land(task: &TaskId) -> LandTask {
    LandTask {
        task: task.clone(),
        onto: None,
        method: None,
        delete_branch: false,
    }
}

fn check(verdict: Verdict, output: &str) -> CheckEnd {
    CheckEnd {
        command: "make test".to_owned(),
        verdict,
        began_at: START,
        ended_at: START,
        exit_code: Some(1),
        output: output.to_owned(),
        log_start: None,
        log_end: None,
        git: GitFacts {
            commit: Some("cccc".to_owned()),
            base: Some("dddd".to_owned()),
            ..GitFacts::default()
        },
    }
}

fn landed() -> LandingEnd {
    LandingEnd::Landed {
        commit: WORK.to_owned(),
        before: Some("dddd".to_owned()),
        result: "cccc".to_owned(),
        kept: None,
    }
}

fn red(verdict: Verdict) -> LandingEnd {
    LandingEnd::SentBack {
        check: Box::new(check(verdict, "two tests failed\n")),
        limit: None,
    }
}

fn waits(until: Timestamp) -> LandingEnd {
    LandingEnd::Waits {
        problem: "main has changes".to_owned(),
        until,
    }
}

fn kinds(detail: &TaskDetail) -> Vec<&str> {
    let kinds = detail.events.iter().map(|event| event.kind.as_str());
    kinds.filter(|kind| kind.starts_with("land")).collect()
}

#[tokio::test]
async fn what_has_landed_has_a_receipt_with_both_commits_after_that_of_its_check() {
    let board = Board::new();
    let task = board.done().await;
    board.land(&task).await.unwrap();
    let landing = board.read(&task).await.landing.unwrap();
    assert_eq!(landing.onto.as_deref(), Some("main"));
    assert!(board.is_landing(&task).await);
    let note = note(&board, &task, Some(Box::new(check(Verdict::Passed, "")))).await;
    board.give(&Actor::dispatcher(), note).await.unwrap();
    board.landing_ends(&task, landed()).await.unwrap();

    let detail = board.read(&task).await;
    let verdicts: Vec<_> = detail.receipts.iter().map(|it| it.check.verdict).collect();
    assert_eq!(verdicts, [Verdict::Passed, Verdict::Landed]);
    let git = &detail.receipts[1].check.git;
    let commits = [&git.commit, &git.commit_after, &git.base];
    assert_eq!(
        commits.map(Option::as_deref),
        [Some(WORK), Some("cccc"), Some("dddd")]
    );
    assert_eq!(detail.receipts[1].by.as_deref(), Some("ada"));
    assert_eq!(kinds(&detail), ["landing_requested", "landed"]);
    let branch = detail.branch.unwrap();
    assert_eq!(branch.landed_onto.as_deref(), Some("main"));
    assert_eq!(branch.landed_commit.as_deref(), Some("cccc"));
    assert_eq!(detail.task.status, Status::Done);
    assert!(!board.is_landing(&task).await);
    assert!(board.land(&task).await.unwrap().is_empty(), "it is there");
}

#[tokio::test]
async fn only_finished_work_on_a_branch_with_a_target_may_land() {
    let board = Board::new();
    let ready = board.task_named("ready").await;
    let refused = refusal(board.land(&ready).await);
    assert!(matches!(refused, Refusal::WrongStatus { .. }));
    board.complete(&ready, "by hand").await.unwrap();
    assert_eq!(refusal(board.land(&ready).await), Refusal::NoBranch(ready));
    let detached = board.worked(None, false, TaskOutcome::Success).await;
    let refused = refusal(board.land(&detached).await);
    assert_eq!(refused, Refusal::NoTarget(detached.clone()));
    let named = LandTask {
        onto: Some("release".to_owned()),
        ..land(&detached)
    };
    board.act(named).await.unwrap();
    assert!(board.is_landing(&detached).await);
    let of_a_task = LandTask {
        onto: Some("kanban/t_1".to_owned()),
        ..land(&detached)
    };
    let refused = refusal(board.act(of_a_task).await);
    assert!(matches!(refused, Refusal::BranchOfATask(_)));
}

#[tokio::test]
async fn work_that_could_not_land_is_worked_on_again_with_the_reason_and_a_person_looks_at_the_third()
 {
    let board = Board::new();
    let task = board.done().await;
    let child = board.child_of(&[&task]).await;
    for round in 1..=SENT_BACK_LIMIT {
        board.land(&task).await.unwrap();
        let verdict = [Verdict::Conflict, Verdict::Failed, Verdict::TimedOut][round as usize - 1];
        board.landing_ends(&task, red(verdict)).await.unwrap();
        let detail = board.read(&task).await;
        assert_eq!(detail.landing, None);
        assert_eq!(detail.task.result, None);
        let child = board.kernel.task_alone(&child).await.unwrap();
        assert_eq!(child.status, Status::Todo, "it builds on this");
        let context = board.kernel.context(&task).await.unwrap();
        assert!(context.contains("two tests failed"), "{context}");
        let heading = match verdict {
            Verdict::Conflict => "## Landing of the last attempt",
            _ => "on top of dddd",
        };
        assert!(context.contains(heading), "{context}");
        if round < SENT_BACK_LIMIT {
            assert_eq!(detail.task.status, Status::Ready);
            board
                .work_again(&task, Some("main"), false, TaskOutcome::Success)
                .await;
        } else {
            assert_eq!(detail.task.status, Status::Blocked);
            let reason = detail.task.block_reason.unwrap();
            assert!(
                reason.starts_with("its work could not land 3 times"),
                "{reason}"
            );
        }
    }
}

#[tokio::test]
async fn a_lane_lets_its_work_land_by_itself_unless_it_failed() {
    let board = Board::new();
    let task = board.worked(Some("main"), true, TaskOutcome::Success).await;
    let landing = board.read(&task).await.landing.unwrap();
    assert_eq!(landing.by, "kanban.toml");
    let failed = board.worked(Some("main"), true, TaskOutcome::Failure).await;
    assert!(!board.is_landing(&failed).await);
    let detached = board.worked(None, true, TaskOutcome::Success).await;
    let problem = board
        .read(&detached)
        .await
        .landing
        .unwrap()
        .problem
        .unwrap();
    assert!(problem.contains("--onto"), "{problem}");
    let due = board.kernel.look(START).await.unwrap().landings;
    assert_eq!(due.iter().map(|due| &due.task).collect::<Vec<_>>(), [&task]);
    assert_eq!(due[0].repository, "/r");
}

#[tokio::test]
async fn a_landing_that_waits_says_so_once_and_is_tried_again_after_its_pause() {
    let board = Board::new();
    let task = board.done().await;
    board.land(&task).await.unwrap();
    for _ in 0..3 {
        board
            .landing_ends(&task, waits(START + Seconds(60)))
            .await
            .unwrap();
        assert!(board.kernel.look(START).await.unwrap().landings.is_empty());
    }
    let detail = board.read(&task).await;
    assert_eq!(kinds(&detail), ["landing_requested", "landing_waits"]);
    assert_eq!(detail.landing.unwrap().problem.unwrap(), "main has changes");
    board.clock.advance(Seconds(60));
    assert_eq!(board.kernel.look(START).await.unwrap().landings.len(), 1);
    // Asked for again it is tried at once.
    board
        .landing_ends(&task, waits(START + Seconds(600)))
        .await
        .unwrap();
    board.land(&task).await.unwrap();
    assert_eq!(board.kernel.look(START).await.unwrap().landings.len(), 1);
    assert_eq!(board.read(&task).await.landing.unwrap().problem, None);
}

#[tokio::test]
async fn a_landing_that_waits_is_in_the_inbox_with_what_takes_it_back() {
    let board = Board::new();
    let task = board.done().await;
    let asked = LandTask {
        method: Some(Method::Rebase),
        delete_branch: true,
        ..land(&task)
    };
    let events = board.act(asked).await.unwrap().events;
    assert!(board.kernel.inbox().await.unwrap().is_empty());
    board.landing_ends(&task, waits(START)).await.unwrap();
    let of_lane = board.worked(None, true, TaskOutcome::Success).await;

    let inbox = board.kernel.inbox().await.unwrap();
    let told = inbox.into_iter().map(|concern| match concern.need {
        Need::Landing {
            onto,
            method,
            delete_branch,
            request,
            ..
        } => (concern.task, onto, method, delete_branch, request),
        need => panic!("{need:?}"),
    });
    let onto = Some("main".to_owned());
    let (method, request) = (Some(Method::Rebase), events[0]);
    let of_its_own = board.read(&of_lane).await.landing.unwrap().request;
    assert_eq!(
        told.collect::<Vec<_>>(),
        [
            (task.clone(), onto, method, true, request),
            (of_lane.clone(), None, None, false, of_its_own),
        ]
    );
    for event in [request, of_its_own] {
        board.act(Undo { event }).await.unwrap();
    }
    let left = board.read(&of_lane).await.task.status;
    assert_eq!(left, Status::Done, "nothing else is taken back");
    assert!(board.kernel.inbox().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_landing_is_taken_back_with_its_request_or_by_whoever_moves_its_task() {
    let board = Board::new();
    let task = board.done().await;
    let events = board.land(&task).await.unwrap();
    board.landing_ends(&task, waits(START)).await.unwrap();
    board.act(Undo { event: events[0] }).await.unwrap();
    assert!(!board.is_landing(&task).await);

    board.land(&task).await.unwrap();
    let to_todo = MoveTask {
        task: task.clone(),
        to: Status::Todo,
    };
    board.act(to_todo).await.unwrap();
    assert!(!board.is_landing(&task).await);
    let refused = board.landing_ends(&task, red(Verdict::Conflict)).await;
    assert_eq!(refusal(refused), Refusal::NoLanding(task.clone()));
    let note = note(&board, &task, None).await;
    let refused = board.give(&Actor::dispatcher(), note).await;
    assert_eq!(refusal(refused), Refusal::NoLanding(task.clone()));
    // The target holds it, whatever became of the task.
    board.landing_ends(&task, landed()).await.unwrap();
    let branch = board.read(&task).await.branch.unwrap();
    assert_eq!(branch.landed_commit.as_deref(), Some("cccc"));

    let other = board.done().await;
    board.land(&other).await.unwrap();
    board
        .act(ArchiveTask {
            task: other.clone(),
        })
        .await
        .unwrap();
    assert_eq!(board.read(&other).await.landing, None);
}

#[tokio::test]
async fn what_is_about_to_be_on_its_target_is_not_taken_back() {
    let board = Board::new();
    let task = board.done().await;
    let events = board.land(&task).await.unwrap();
    let note = note(&board, &task, None).await;
    board.give(&Actor::dispatcher(), note).await.unwrap();
    let refused = refusal(board.act(Undo { event: events[0] }).await);
    assert_eq!(refused, Refusal::IsLanding(task.clone()));
    assert_eq!(refusal(board.land(&task).await), Refusal::IsLanding(task));
}

#[tokio::test]
async fn work_that_was_changed_after_it_landed_shows_that_and_may_land_again() {
    let board = Board::new();
    let task = board.done().await;
    board.land(&task).await.unwrap();
    board.landing_ends(&task, landed()).await.unwrap();
    assert!(!board.read(&task).await.has_changed_since_check());
    let note = domain::command::NoteTip {
        task: task.clone(),
        commit: "eeee".to_owned(),
    };
    board.give(&Actor::dispatcher(), note).await.unwrap();
    assert!(board.read(&task).await.has_changed_since_check());
    assert!(!board.land(&task).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_task_says_how_it_lands_and_an_edit_of_that_is_taken_back() {
    let board = Board::new();
    let new = CreateTask {
        title: "task".to_owned(),
        land_method: Some(Method::Rebase),
        ..CreateTask::default()
    };
    let task = board.create(new).await;
    let edit = |method: &str| EditTask {
        land_method: Some(method.to_owned()),
        ..EditTask::of(task.clone())
    };
    let method = async || board.task(&task).await.land_method;
    assert_eq!(method().await, Some(Method::Rebase));
    let edited = board.act(edit("merge")).await.unwrap();
    assert_eq!(method().await, Some(Method::Merge));
    assert!(board.act(edit("merge")).await.unwrap().events.is_empty());
    let event = edited.events[0];
    board.act(Undo { event }).await.unwrap();
    assert_eq!(method().await, Some(Method::Rebase));
    let left_to_the_lane = board.act(edit(" ")).await.unwrap();
    assert_eq!(method().await, None);
    let event = left_to_the_lane.events[0];
    board.act(Undo { event }).await.unwrap();
    assert_eq!(method().await, Some(Method::Rebase));

    // An edit of another field keeps it.
    let retitle = EditTask {
        title: Some("other".to_owned()),
        ..EditTask::of(task.clone())
    };
    board.act(retitle).await.unwrap();
    assert_eq!(method().await, Some(Method::Rebase));
    let refused = refusal(board.act(edit("squash")).await);
    assert_eq!(refused, Refusal::UnknownMethod("squash".to_owned()));
}

#[tokio::test]
async fn the_landing_method_of_a_task_is_set_by_a_person_and_comes_along_with_lists_and_boards() {
    let board = Board::new();
    let new = CreateTask {
        title: "mine".to_owned(),
        land_method: Some(Method::Rebase),
        ..CreateTask::default()
    };
    let chat = Actor::in_chat("ada", true);
    let refused = refusal(board.give(&chat, new).await);
    assert_eq!(refused, Refusal::NotYourCheck);
    let list = "{\"title\":\"one\",\"land_method\":\"rebase\"}\n{\"title\":\"two\"}\n";
    let imported = import(&board, list).await.unwrap();
    let other = Board::new();
    import(&other, &export(&board).await).await.unwrap();
    for board in [&board, &other] {
        let methods = [
            board.task(&imported.tasks[0]).await.land_method,
            board.task(&imported.tasks[1]).await.land_method,
        ];
        assert_eq!(methods, [Some(Method::Rebase), None]);
    }
    let wrong = import(&board, "{\"title\":\"a\",\"land_method\":\"squash\"}\n").await;
    assert!(wrong.is_err());
}
