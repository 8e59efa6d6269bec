//! Boards that earlier versions of ours made open in place, with everything that is in them.
//!
//! `tests/data/kanban-schema-2.db` was made by the kernel of that schema, by verbs: tasks in every
//! status, one that rests, one that gave up, one that was put off, one that was stopped, two that
//! run, and links, keys, comments and a subscription.

use domain::command::{Answer, Command, NewTask};
use domain::id::EventId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Timestamp;
use kernel::{Clock, Kernel, Options};

use crate::board::{START, person, refusal};
use crate::foreign::{Foreign, assert_all_is_there, everything, tasks};

fn open(file: &Foreign) -> Kernel {
    let options = Options {
        clock: Clock::standing_at(START),
        seed: Some(1),
    };
    Kernel::open_with(&file.path(), options).unwrap()
}

#[tokio::test]
async fn a_board_of_schema_2_keeps_everything_and_is_copied_first() {
    let file = Foreign::from_file("kanban-schema-2.db");
    let before = everything(&file.path());
    let kernel = open(&file);
    assert_all_is_there(&before, &everything(&file.path()), &[]);
    assert_eq!(file.copies().len(), 1);
    assert_eq!(everything(&file.copies()[0]), before);
    drop(kernel);
    drop(open(&file));
    assert_eq!(file.copies().len(), 1, "there was nothing left to do");
}

#[tokio::test]
async fn a_board_of_schema_2_goes_on_where_it_was() {
    let file = Foreign::from_file("kanban-schema-2.db");
    let kernel = open(&file);
    let tasks = tasks(&kernel).await;
    let status = |title: &str| tasks[title].status.clone();
    for (title, expected) in [
        ("collect the figures", Status::Done),
        ("write it up", Status::Ready),
        ("wait for the text", Status::Todo),
        ("an idea", Status::Triage),
        ("cannot work", Status::Blocked),
        ("under way", Status::Running),
        ("put away", Status::Archived),
    ] {
        assert_eq!(status(title), expected, "{title}");
    }
    let question = |title: &str| tasks[title].block_reason.as_deref();
    assert_eq!(question("needs an answer"), Some("which region?"));
    assert_eq!(question("cannot work"), None);
    assert_eq!(
        tasks["nightly import"].not_before,
        Some(Timestamp(START.0 + 37))
    );
    assert_eq!(kernel.open_runs().await.unwrap().len(), 2);
    let deferred = kernel.task(&tasks["no room just now"].id).await.unwrap();
    assert_eq!(deferred.runs[0].outcome, Some(Outcome::Deferred));

    let again = Command::CreateTask(NewTask {
        title: "again".to_owned(),
        idempotency_key: Some("nightly".to_owned()),
        ..NewTask::default()
    });
    let receipt = kernel.execute(&person(), again).await.unwrap();
    assert!(
        matches!(receipt.answer, Answer::Created { ref task, is_new: false } if *task == tasks["nightly import"].id),
        "{receipt:?}"
    );
    let write = Command::CompleteTask {
        task: tasks["write it up"].id.clone(),
        result: None,
        summary: None,
        metadata: None,
    };
    kernel.execute(&person(), write).await.unwrap();
    let waiting = kernel.task(&tasks["wait for the text"].id).await.unwrap();
    assert_eq!(waiting.task.status, Status::Ready);
    // What was done before there was anything to take it back with stays done.
    let undo = Command::Undo { event: EventId(1) };
    refusal(kernel.execute(&person(), undo).await);
}
