//! Boards that earlier versions of ours made open in place, with everything that is in them.
//!
//! `tests/data/kanban-schema-6.db` was made by the program of that schema beside hermes-agent 0.13, on
//! the board `hermes-0.13.db`: each claimed two tasks and finished one, so that the fifth attempt is
//! one of ours in `runs` and one of theirs in `task_runs`; ours finished one more that theirs had
//! claimed, and one gave up with theirs.
//!
//! `tests/data/kanban-schema-2.db` was made by the kernel of that schema, by verbs: tasks in every
//! status, one that rests, one that gave up, one that was put off, one that was stopped, two that
//! run, and links, keys, comments and a subscription.

use domain::command::{ClaimPolicy, ClaimTask, CompleteTask, CreateTask, LEASE, Undo};
use domain::id::EventId;
use domain::run::Outcome;
use domain::status::Status;
use domain::time::Timestamp;
use kernel::{Clock, Kernel, Options};

use crate::beside::attempts::assert_in_step;
use crate::board::{START, person, refusal};
use crate::foreign::{Foreign, assert_all_is_there, everything, tasks};

fn open(file: &Foreign) -> Kernel {
    let options = Options {
        clock: Clock::standing_at(START),
        seed: Some(1),
        ..Options::default()
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

    let again = CreateTask {
        title: "again".to_owned(),
        idempotency_key: Some("nightly".to_owned()),
        ..CreateTask::default()
    };
    let receipt = kernel.execute(&person(), again).await.unwrap();
    assert!(
        !receipt.answer.is_new && receipt.answer.task == tasks["nightly import"].id,
        "{receipt:?}"
    );
    let write = CompleteTask {
        task: tasks["write it up"].id.clone(),
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    kernel.execute(&person(), write).await.unwrap();
    let waiting = kernel.task(&tasks["wait for the text"].id).await.unwrap();
    assert_eq!(waiting.task.status, Status::Ready);
    // Acts from before the first undo record cannot be undone.
    let undo = Undo { event: EventId(1) };
    refusal(kernel.execute(&person(), undo).await);
}

#[tokio::test]
async fn attempts_that_were_numbered_twice_have_one_number_each() {
    let file = Foreign::from_file("kanban-schema-6.db");
    let kernel = open(&file);
    assert_in_step(&file.path());
    let tasks = tasks(&kernel).await;
    let runs = async |title: &str| kernel.task(&tasks[title].id).await.unwrap().runs;
    let number = async |title: &str| runs(title).await.last().unwrap().id.0;
    // A worker that runs has its number in its environment, be it ours or theirs.
    assert_eq!(number("under way").await, 3);
    assert_eq!(number("ours, claimed").await, 4);
    assert_eq!(number("theirs, claimed").await, 6);
    let open: Vec<_> = kernel.open_runs().await.unwrap();
    assert_eq!(
        open.iter().map(|run| run.run.0).collect::<Vec<_>>(),
        [3, 4, 6]
    );
    assert_eq!(number("ours, over").await, 5);
    let over = &runs("theirs, over").await[0];
    assert!(over.id.0 > 7, "{over:?}");
    assert_eq!(over.summary.as_deref(), Some("only a summary"));
    assert_eq!(over.metadata.as_deref(), Some(r#"{"n": 1}"#));
    let result = tasks["theirs, over"].result.as_deref();
    assert_eq!(result, Some("only a summary"));
    let ended = &runs("ended by us").await[0];
    assert_eq!(ended.outcome, Some(Outcome::Completed));
    let gave_up = &tasks["gave up with them"];
    assert_eq!((gave_up.failures, gave_up.failure_limit), (1, Some(1)));
    assert_eq!(gave_up.last_error.as_deref(), Some("no such model"));
    // The next one of either is a number that neither has used.
    let new = CreateTask {
        title: "next".to_owned(),
        ..CreateTask::default()
    };
    let task = kernel.execute(&person(), new).await.unwrap().answer.task;
    let claim = ClaimTask {
        task,
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane: None,
        policy: ClaimPolicy::default(),
    };
    let claimed = kernel.execute(&person(), claim).await.unwrap().answer;
    assert!(claimed.run.0 > over.id.0);
    assert_in_step(&file.path());
}

#[tokio::test]
async fn boards_of_every_version_are_in_step_once_they_are_open() {
    for name in ["hermes-0.13.db", "hermes-0.19.db", "kanban-schema-2.db"] {
        let file = Foreign::from_file(name);
        drop(open(&file));
        assert_in_step(&file.path());
    }
}
