//! Tasks that somebody takes to work on them, without a lane.

use std::path::{Path, PathBuf};

use dispatcher::Error;
use domain::actor::Actor;
use domain::command::Claimed;
use domain::command::{ArchiveTask, ClaimTask, CreateTask, LEASE};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::WorkspaceKind;
use domain::time::Timestamp;

use crate::harness::{AT_WORK, Board, gone, in_time, kill, open, outcomes, wait_at};

async fn claim(board: &Board, task: &TaskId) -> Result<Claimed, Refusal> {
    let claim = ClaimTask {
        task: task.clone(),
        lock: "here:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: dispatcher::manual_claim(&board.kernel, &board.home)
            .await
            .unwrap(),
    };
    match board.kernel.execute(&Actor::full("user"), claim).await {
        Ok(receipt) => Ok(*receipt.answer),
        Err(kernel::Error::Refused(refusal)) => Err(refusal),
        Err(error) => panic!("{error}"),
    }
}

/// Claims a task with this workspace, and returns the path where that was made.
async fn move_in(board: &Board, new: CreateTask) -> (TaskId, Result<PathBuf, Error>) {
    let task = board.create_task(new).await;
    let claimed = claim(board, &task).await.unwrap();
    let moving = dispatcher::move_in(&board.kernel, &board.home, board.config(), &claimed);
    let place = in_time(moving).await;
    (task, place)
}

/// Returns true when the folder may be removed once its task has been archived.
async fn is_noted(board: &Board, task: &TaskId, place: &Path) -> bool {
    board.told(ArchiveTask { task: task.clone() }).await;
    let noted = board.kernel.removable_workspaces(Timestamp(i64::MAX)).await;
    let noted = noted.unwrap();
    noted.iter().any(|it| Path::new(&it.path) == place)
}

#[tokio::test]
async fn whoever_claims_a_task_by_hand_finds_a_folder_that_is_known_as_ours() {
    let board = Board::new();
    let scratch = CreateTask {
        title: "by hand".to_owned(),
        ..CreateTask::default()
    };
    let (task, place) = move_in(&board, scratch).await;
    let place = place.unwrap();
    assert!(place.is_dir());
    assert_eq!(place, board.home.workspace(&task));
    let detail = board.detail(&task).await;
    let written = place.to_str();
    assert_eq!(detail.task.workspace_path.as_deref(), written);
    assert_eq!(detail.runs[0].workspace.as_deref(), written);
    assert!(is_noted(&board, &task, &place).await);
}

#[tokio::test]
async fn whoever_claims_a_task_by_hand_finds_the_worktree_of_its_lane() {
    let board = Board::new();
    let repository = board.repository();
    board.lane("agent", "", &format!("repository = {repository:?}"));
    let worktree = CreateTask {
        workspace_kind: WorkspaceKind::Worktree,
        workspace_path: None,
        ..board.task("agent", "")
    };
    let (task, place) = move_in(&board, worktree).await;
    let place = place.unwrap();
    assert!(place.join(".git").is_file());
    assert!(is_noted(&board, &task, &place).await);
}

#[tokio::test]
async fn a_claim_by_hand_whose_workspace_cannot_be_made_is_given_back() {
    let board = Board::new();
    let nowhere = CreateTask {
        workspace_path: Some("/proc/none/here".to_owned()),
        ..board.task("nobody", "")
    };
    let (task, place) = move_in(&board, nowhere).await;
    let error = place.unwrap_err().to_string();
    assert!(
        error.starts_with("workspace: cannot make /proc/none/here"),
        "{error}"
    );
    let detail = board.detail(&task).await;
    assert_eq!(
        (detail.task.status.clone(), detail.task.failures),
        (Status::Ready, 0)
    );
    assert_eq!(outcomes(&detail), [Some(Outcome::Interrupted)]);
}

/// A worker that says so when it is to leave, and does once it may.
const SLOW_TO_LEAVE: &str = "trap 'echo leaving > gate; read line < gate; exit 0' TERM\n\
    echo at work > gate; sleep 1000 & wait";

#[tokio::test]
async fn nobody_takes_a_task_by_hand_before_its_last_worker_has_left() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let (task, run) = board.at_work(SLOW_TO_LEAVE).await;
    // Only the files say what is left of the run.
    dispatcher.stop().await;
    board.move_to(&task, Status::Ready).await;
    let gate = board.work().join("gate");
    wait_at(gate.clone()).await;
    let leaving = Refusal::Leaving { task: task.clone() };
    assert_eq!(claim(&board, &task).await.unwrap_err(), leaving);
    open(gate, "so long\n").await;
    gone(run.supervisor.unwrap().pid).await;
    claim(&board, &task).await.unwrap();
}

#[tokio::test]
async fn nobody_takes_a_task_by_hand_while_its_worker_outlives_its_supervisor() {
    let board = Board::new();
    let dispatcher = board.start().await;
    let (task, run) = board.at_work(AT_WORK).await;
    dispatcher.stop().await;
    let supervisor = run.supervisor.unwrap().pid;
    kill("KILL", supervisor);
    gone(supervisor).await;
    board.move_to(&task, Status::Ready).await;
    let leaving = Refusal::Leaving { task: task.clone() };
    assert_eq!(claim(&board, &task).await.unwrap_err(), leaving);
    let worker = board.worker_of(run.run).await;
    kill("KILL", worker);
    gone(worker).await;
    claim(&board, &task).await.unwrap();
}

#[tokio::test]
async fn whoever_works_by_hand_needs_no_slot_and_takes_up_none() {
    let board = Board::new();
    let dispatcher = board.start_with(board.config_with_cap(1)).await.unwrap();
    let (first, second) = (
        board.create_for("nobody").await,
        board.create_for("nobody").await,
    );
    claim(&board, &first).await.unwrap();
    let (task, _) = board.at_work(AT_WORK).await;
    claim(&board, &second).await.unwrap();
    board.move_to(&task, Status::Triage).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
}
