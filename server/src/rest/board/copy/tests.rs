//! The golden file of the board, and the copy beside a board that is read anew.

use domain::actor::Actor;
use domain::command::{
    ArchiveTask, Command, CommentOnTask, CompleteTask, CreateTask, SetPriority, UnlinkTasks,
};
use domain::task::Task;
use http_body::Body as _;

use super::*;
use crate::rest::wire::fixture::task;

const NOW: Timestamp = Timestamp(1_777_200_012);

fn row(number: i64, task: Task, children: u32) -> BoardRow {
    BoardRow {
        task,
        number,
        parents: 0,
        children,
        children_done: children / 2,
        comments: 1,
    }
}

fn changes(rows: Vec<BoardRow>, is_whole: bool, count: u32) -> BoardChanges {
    BoardChanges {
        rows,
        is_whole,
        count,
        cursor: EventId(17),
        now: NOW,
    }
}

/// The whole text of a page, which must be as long as it says.
fn text(mut page: Page) -> String {
    let promised = page.size_hint().exact().unwrap();
    let mut bytes = Vec::new();
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    while let std::task::Poll::Ready(Some(Ok(frame))) =
        std::pin::Pin::new(&mut page).poll_frame(&mut context)
    {
        bytes.extend_from_slice(frame.data_ref().unwrap());
    }
    assert_eq!(u64::try_from(bytes.len()).unwrap(), promised);
    String::from_utf8(bytes).unwrap()
}

fn everything() -> Filter {
    Filter {
        tenant: None,
        include_archived: true,
    }
}

#[test]
fn the_board_reads_as_it_always_did() {
    let started = Task {
        started_at: Some(Timestamp(1_777_200_004)),
        completed_at: Some(Timestamp(1_777_200_009)),
        ..task("t_9f2a", Status::Ready)
    };
    let rows = vec![
        row(1, started, 2),
        row(2, task("t_9f2b", Status::Other("review".into())), 0),
        row(3, task("t_9f2c", Status::Archived), 0),
    ];
    let mut state = State::default();
    assert!(state.take_in(changes(rows, true, 3)));
    let json: serde_json::Value =
        serde_json::from_str(&text(state.page(everything(), NOW))).unwrap();
    assert_eq!(
        serde_json::to_string_pretty(&json).unwrap(),
        include_str!("../../wire/golden/board.json").trim_end()
    );
    let only = |tenant: &str| Filter {
        tenant: Some(tenant.to_owned()),
        include_archived: false,
    };
    assert!(!text(state.page(only("acme"), NOW)).contains("archived"));
    assert!(
        text(state.page(only(""), NOW))
            .starts_with(r#"{"columns":[{"name":"triage","tasks":[]},{"name":"todo","tasks":[]},"#)
    );
}

#[test]
fn a_text_that_looks_like_an_age_is_left_alone() {
    let text_of = r#","age":{"created_age_seconds":1,"started_age_seconds":2,"#;
    let sly = Task {
        body: Some(text_of.to_owned()),
        tenant: Some(text_of.to_owned()),
        ..task("t_1", Status::Ready)
    };
    let mut state = State::default();
    assert!(state.take_in(changes(vec![row(1, sly, 0)], true, 1)));
    let json: serde_json::Value =
        serde_json::from_str(&text(state.page(everything(), NOW))).unwrap();
    let task = &json["columns"][2]["tasks"][0];
    assert_eq!(task["body"], text_of);
    assert_eq!(task["age"]["created_age_seconds"], 12);
}

#[test]
fn a_copy_of_another_size_than_the_board_is_no_copy() {
    let mut state = State::default();
    let rows = vec![
        row(1, task("t_1", Status::Ready), 0),
        row(2, task("t_2", Status::Done), 0),
    ];
    assert!(state.take_in(changes(rows, true, 2)));
    assert!(!state.take_in(changes(vec![], false, 1)));
    let one = vec![row(1, task("t_1", Status::Ready), 0)];
    assert!(state.take_in(changes(one, true, 1)));
    assert!(!text(state.page(everything(), NOW)).contains("t_2"));
}

#[tokio::test]
async fn a_copy_that_follows_is_the_same_as_one_that_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = Kernel::open(&folder.path().join("kanban.db")).unwrap();
    let ada = Actor::full("ada");
    let create = |title: &str, parents: Vec<String>| CreateTask {
        title: title.to_owned(),
        tenant: Some(format!("tenant of {title}")),
        parents,
        ..CreateTask::default()
    };
    let follower = Arc::new(BoardCopy::default());
    follower.page(&kernel, everything()).await.unwrap();
    let mut ids: Vec<TaskId> = Vec::new();
    for title in ["a", "b", "c"] {
        let parents = ids.last().map(ToString::to_string).into_iter().collect();
        let created = kernel.execute(&ada, create(title, parents)).await.unwrap();
        ids.push(created.answer.task);
    }
    let [a, b, c] = <[TaskId; 3]>::try_from(ids).unwrap();
    let complete = CompleteTask {
        task: a.clone(),
        result: None,
        summary: None,
        metadata: None,
        outcome: None,
        unchecked: false,
    };
    let unlink = UnlinkTasks {
        parent: b.clone(),
        child: c.clone(),
    };
    let (urgent, archive) = (
        SetPriority {
            task: c,
            priority: 7,
        },
        ArchiveTask { task: b },
    );
    let say = CommentOnTask {
        task: a,
        body: "done".to_owned(),
    };
    let commands = [
        Command::from(complete),
        unlink.into(),
        urgent.into(),
        archive.into(),
        say.into(),
    ];
    for command in commands {
        kernel.execute_all(&ada, vec![command]).await.unwrap();
        let anew = Arc::new(BoardCopy::default());
        let pages = [&follower, &anew].map(|copy| copy.page(&kernel, everything()));
        let [followed, read] = futures::future::join_all(pages)
            .await
            .into_iter()
            .map(|page| {
                let text = text(page.unwrap());
                let mut json: serde_json::Value = serde_json::from_str(&text).unwrap();
                json["now"].take();
                json
            })
            .collect::<Vec<_>>()
            .try_into()
            .unwrap();
        assert_eq!(followed, read);
    }
}

#[test]
fn a_board_that_leaves_in_many_chunks_is_whole() {
    let long = |number: i64| Task {
        body: Some("x".repeat(1_000)),
        tenant: Some(["acme", "globex"][usize::from(number % 2 == 0)].to_owned()),
        ..task(&format!("t_{number:08x}"), Status::Ready)
    };
    let rows = (1..=400).map(|number| row(number, long(number), 0));
    let mut state = State::default();
    assert!(state.take_in(changes(rows.collect(), true, 400)));
    let numbers_of = |tenant: Option<&str>| {
        let filter = Filter {
            tenant: tenant.map(str::to_owned),
            include_archived: false,
        };
        let json = text(state.page(filter, NOW));
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let tasks = json["columns"][2]["tasks"].as_array().unwrap().iter();
        let id = |task: &serde_json::Value| task["id"].as_str().unwrap().to_owned();
        tasks.map(id).collect::<Vec<_>>()
    };
    let all: Vec<_> = (1..=400).map(|number| format!("t_{number:08x}")).collect();
    assert_eq!(numbers_of(None), all);
    assert_eq!(numbers_of(Some("acme")).len(), 200);
}
