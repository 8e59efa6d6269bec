//! The home that the file remembers, and the workspaces in it.

use domain::actor::Actor;
use domain::command::{
    Answer, Change, ClaimPolicy, Command, DispatchFrom, InterruptRun, MoveWorkspaces, PlaceRun,
    RecordWorkspace, Resume,
};
use domain::home::HomeIdentity;
use domain::id::TaskId;
use domain::task::WorkspaceKind;
use domain::workspace::Workspace;

use crate::board::Board;

fn home(path: &str, inode: i64) -> HomeIdentity {
    HomeIdentity {
        path: path.to_owned(),
        inode,
        machine: None,
        born: None,
        device: None,
    }
}

/// Begins to dispatch from this home, and returns the pauses there are then.
async fn dispatch_from(board: &Board, path: &str, inode: i64) -> Vec<String> {
    let settle = DispatchFrom {
        home: home(path, inode),
        workspaces: format!("{path}/kanban/workspaces"),
    };
    let receipt = board.give(&Actor::dispatcher(), settle).await.unwrap();
    let pauses = board.kernel.dispatch().await.unwrap().paused;
    let is_paused = matches!(receipt.answer, Answer::Change(Change::Done));
    assert!(!is_paused || !pauses.is_empty(), "{pauses:?}");
    pauses.into_iter().map(|pause| pause.by).collect()
}

#[tokio::test]
async fn a_copy_is_paused_once_and_remembered_in_the_place_of_its_original() {
    let board = Board::new();
    assert!(dispatch_from(&board, "/a", 1).await.is_empty());
    assert!(dispatch_from(&board, "/a", 1).await.is_empty());
    assert!(dispatch_from(&board, "/moved", 1).await.is_empty());
    assert_eq!(dispatch_from(&board, "/copy", 2).await, ["copy of /moved"]);
    let remembered = board.kernel.remembered_home().await.unwrap();
    assert_eq!(remembered, Some(home("/copy", 2)));
    board.act(Resume { lane: None }).await.unwrap();
    assert!(dispatch_from(&board, "/copy", 2).await.is_empty());
}

#[tokio::test]
async fn what_was_made_at_the_default_place_of_another_home_is_at_this_ones() {
    let board = Board::new();
    let made = board.task_named("made").await;
    let own = made.as_str();
    let not_its_own = format!("/a/kanban/workspaces/not-{own}");
    for (path, becomes) in [
        (format!("/a/kanban/workspaces/{own}"), true),
        (not_its_own, false),
        ("/a/elsewhere".to_owned(), false),
    ] {
        record(&board, &made, &path).await;
        dispatch_from(&board, "/b", 1).await;
        let own = format!("/b/kanban/workspaces/{own}");
        let found = if becomes { own } else { path.clone() };
        let shown = board.kernel.task(&made).await.unwrap().task;
        assert_eq!(shown.workspace_path.as_deref(), Some(&*found));
        let recorded = async |path: &str| board.kernel.workspace(path.into()).await.unwrap();
        assert!(recorded(&found).await.is_some());
        assert_eq!(recorded(&path).await.is_some(), !becomes);
    }
}

#[tokio::test]
async fn a_place_that_no_record_tells_of_is_a_persons() {
    let board = Board::new();
    let (task, other) = (board.task_named("a").await, board.task_named("b").await);
    let path = format!("/a/kanban/workspaces/{task}");
    record(&board, &other, &format!("/a/kanban/workspaces/{other}")).await;
    place(&board, &task, &path).await;
    let to = "/b/kanban/workspaces".to_owned();
    let moved = MoveWorkspaces { to };
    board.give(&Actor::dispatcher(), moved).await.unwrap();
    let shown = board.kernel.task(&task).await.unwrap().task;
    assert_eq!(shown.workspace_path, Some(path));
}

/// Records a folder as made for the task, which works in it.
async fn record(board: &Board, task: &TaskId, path: &str) {
    let record = RecordWorkspace(Workspace {
        path: path.to_owned(),
        task: task.clone(),
        kind: WorkspaceKind::Scratch,
        repository: None,
        branch: None,
    });
    board.give(&Actor::dispatcher(), record).await.unwrap();
    place(board, task, path).await;
}

/// Lets the task work in a folder.
async fn place(board: &Board, task: &TaskId, path: &str) {
    let claimed = board.claim_with(task, ClaimPolicy::default()).await;
    let run = claimed.unwrap().run;
    for command in [
        Command::from(PlaceRun {
            run,
            workspace: path.to_owned(),
        }),
        InterruptRun {
            run,
            error: Some("over".to_owned()),
        }
        .into(),
    ] {
        board.give(&Actor::dispatcher(), command).await.unwrap();
    }
}
