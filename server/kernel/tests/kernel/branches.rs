//! Branches on the board: where work began, what a check saw, and what came after it.

use domain::actor::Actor;
use domain::branch::Branch;
use domain::changes::{ChangeKind, ChangedFile};
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{
    BeginCheck, CompleteTask, CreateTask, NoteTip, RecordBranch, RecordExit, SettleCheck,
};
use domain::id::{RunId, TaskId};
use domain::time::Timestamp;
use kernel::BoardFilter;

use crate::board::{Board, START};

fn branch(task: &TaskId) -> Branch {
    Branch {
        name: format!("kanban/{task}"),
        repository: "/r".to_owned(),
        base: Some("aaaa".to_owned()),
        onto: Some("main".to_owned()),
        tip: Some("aaaa".to_owned()),
        ..Branch::default()
    }
}

fn facts() -> GitFacts {
    let file = ChangedFile {
        path: "src/a\u{202e}b.rs".to_owned(),
        old_path: None,
        kind: ChangeKind::Changed,
        added: Some(2),
        removed: None,
    };
    GitFacts {
        commit: Some("bbbb".to_owned()),
        is_clean: Some(true),
        commit_after: None,
        base: Some("aaaa".to_owned()),
        files: vec![file],
        more_files: 7,
        git_problem: None,
    }
}

impl Board {
    async fn dispatcher_gives(&self, verb: impl domain::command::Verb) {
        self.give(&Actor::dispatcher(), verb)
            .await
            .map(drop)
            .unwrap();
    }

    /// A task that is done, whose check saw the commit `bbbb`.
    async fn done_at_bbbb(&self) -> TaskId {
        let task = CreateTask {
            title: "task".to_owned(),
            check: Some("make test".to_owned()),
            ..CreateTask::default()
        };
        let task = self.create(task).await;
        let claimed = self.claim(&task).await.unwrap();
        let run = claimed.run;
        let branch = branch(&task);
        self.dispatcher_gives(RecordBranch { run, branch }).await;
        self.dispatcher_gives(BeginCheck { run }).await;
        self.left_branch(run, "bbbb").await;
        let check = CheckEnd {
            command: "make test".to_owned(),
            verdict: Verdict::Passed,
            began_at: START,
            ended_at: START,
            exit_code: Some(0),
            output: String::new(),
            log_start: None,
            log_end: None,
            git: facts(),
        };
        let limit = None;
        self.dispatcher_gives(SettleCheck { run, check, limit })
            .await;
        let complete = CompleteTask {
            outcome: None,
            task: task.clone(),
            result: None,
            summary: None,
            metadata: None,
            unchecked: false,
        };
        let worker = Actor::worker("shell", claimed.token);
        self.give(&worker, complete).await.unwrap();
        task
    }

    async fn left_branch(&self, run: RunId, commit: &str) {
        self.dispatcher_gives(RecordExit {
            run,
            ended_at: None,
            code: Some(0),
            log_end: None,
            commit: Some(commit.to_owned()),
        })
        .await;
    }

    async fn has_changed_since(&self, task: &TaskId) -> bool {
        let board = self.kernel.board(BoardFilter::default()).await.unwrap();
        let card = board.tasks.into_iter().find(|card| card.id == *task);
        card.unwrap().has_changed_since
    }
}

#[tokio::test]
async fn a_receipt_keeps_what_git_said_of_the_workspace() {
    let board = Board::new();
    let task = board.done_at_bbbb().await;
    let detail = board.kernel.task(&task).await.unwrap();
    let mut expected = facts();
    "src/ab.rs".clone_into(&mut expected.files[0].path);
    assert_eq!(detail.receipts[0].check.git, expected);
    let words = detail.receipts[0].check.git_words();
    assert_eq!(words.unwrap(), "commit bbbb, 8 files changed +2 -0");
    let at_tip = Branch {
        tip: Some("bbbb".to_owned()),
        ..branch(&task)
    };
    assert_eq!(detail.branch, Some(at_tip));
}

#[tokio::test]
async fn a_commit_after_the_check_is_shown_on_the_card_and_told_once() {
    let board = Board::new();
    let task = board.done_at_bbbb().await;
    assert!(!board.has_changed_since(&task).await);
    let watched = board.kernel.checked_branches(Timestamp(0)).await.unwrap();
    assert_eq!(watched.into_keys().next().as_ref(), Some(&task));
    let note = |commit: &str| NoteTip {
        task: task.clone(),
        commit: commit.to_owned(),
    };
    for (commit, has_changed, events) in [
        ("bbbb", false, 0),
        ("cccc", true, 1),
        ("cccc", true, 1),
        ("bbbb", false, 2),
    ] {
        board.dispatcher_gives(note(commit)).await;
        assert_eq!(
            board.has_changed_since(&task).await,
            has_changed,
            "{commit}"
        );
        let kinds = board.kinds(&task).await;
        let moved = kinds.iter().filter(|kind| *kind == "branch_moved").count();
        assert_eq!(moved, events);
    }
}

#[tokio::test]
async fn parents_stand_in_the_order_of_their_links() {
    let board = Board::new();
    let mut parents = Vec::new();
    for name in ["one", "two", "three"] {
        parents.push(board.task_named(name).await);
    }
    parents.sort_by(|one, other| other.cmp(one));
    let child = board.child_of(&parents.iter().collect::<Vec<_>>()).await;
    let found = board.kernel.builds_on(&child).await.unwrap();
    let found: Vec<TaskId> = found.into_iter().map(|parent| parent.id).collect();
    assert_eq!(found, parents);
}
