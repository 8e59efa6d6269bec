//! The open task.

use domain::branch::Branch;
use domain::error::ErrorKind;
use domain::event::Event;
use domain::fixture;
use domain::id::{CommentId, RunId};
use domain::run::{Outcome, Run};
use domain::task::{Comment, Task, TaskDetail};
use state::drawer::news::News;
use state::drawer::{Html, Log, Reading};
use state::refusal::Refusal;

use super::*;
use crate::view::drawer::Drawer;

fn task(status: Status) -> Task {
    Task {
        title: "Count words".to_owned(),
        body: Some("# Why\nbecause".to_owned()),
        assignee: Some("ada".to_owned()),
        status,
        priority: 1,
        created_by: Some("dashboard".to_owned()),
        ..fixture::task(1)
    }
}

fn reading(task: Task) -> Reading {
    Reading {
        detail: TaskDetail {
            task,
            comments: Vec::new(),
            events: Vec::new(),
            parents: Vec::new(),
            children: Vec::new(),
            runs: Vec::new(),
            receipts: Vec::new(),
            branch: None,
        },
        log: None,
        html: Html::default(),
        news: News::default(),
    }
}

fn run(outcome: Outcome) -> Run {
    Run {
        id: RunId(1),
        task_id: id(1),
        lane: Some("ada".to_owned()),
        worker_pid: None,
        started_at: NOW,
        ended_at: Some(NOW),
        outcome: Some(outcome),
        exit_code: Some(3),
        error: Some("no such file".to_owned()),
        summary: None,
        metadata: None,
        workspace: None,
        heartbeat_at: None,
        reported_at: None,
        log_start: None,
        log_end: None,
    }
}

fn drawer(reading: Result<Reading, Refusal>) -> String {
    let opening = Opening {
        address: Address::of_task(id(1)),
        reading: Some(reading),
        ..opening([summary(1), summary(2)])
    };
    html(opening, |_, shown| view! { <Drawer shown/> })
}

#[test]
fn a_task_is_shown_with_its_facts_and_what_can_be_done() {
    let page = drawer(Ok(reading(task(Status::Todo))));
    has(
        &page,
        &[
            "Count words",
            "Todo",
            "ada",
            "by dashboard",
            "Move to",
            "# Why",
        ],
    );
    // What is not possible now stays in sight, and says why.
    has(
        &page,
        &["disabled", "Move it to Ready before it is finished"],
    );
}

#[test]
fn the_branch_of_a_worktree_is_shown_beside_the_workspace() {
    let mut reading = reading(task(Status::Todo));
    has_not(&drawer(Ok(reading.clone())), &["Branch"]);
    reading.detail.task.workspace_path = Some("/srv/ships".to_owned());
    reading.detail.branch = Some(Branch {
        name: "kanban/t_00000001".to_owned(),
        repository: "/srv/ships".to_owned(),
        base: Some("0123456789abcdef".to_owned()),
        onto: Some("main".to_owned()),
        tip: None,
    });
    let branch = [
        "Branch",
        "kanban/t_00000001",
        "Based on",
        "0123456789 of main",
    ];
    has(
        &drawer(Ok(reading)),
        &[&["Workspace", "/srv/ships"], &branch[..]].concat(),
    );
}

#[test]
fn markdown_is_shown_as_the_server_made_it() {
    let mut reading = reading(task(Status::Todo));
    reading.html.body = Some("<h1>Why</h1>".to_owned());
    has(
        &drawer(Ok(reading)),
        &["<div dir=\"auto\" class=\"markdown\"><h1>Why</h1></div>"],
    );
}

#[test]
fn a_script_is_shown_letter_by_letter() {
    let mut script = task(Status::Todo);
    script.assignee = Some("shell".to_owned());
    let mut reading = reading(script);
    reading.html.body = Some("<h1>Why</h1>".to_owned());
    has_not(&drawer(Ok(reading)), &["<h1>Why</h1>"]);
}

#[test]
fn neighbours_are_named_by_their_titles() {
    let mut reading = reading(task(Status::Todo));
    reading.detail.parents = vec![id(2), id(9)];
    reading.detail.children = vec![id(2)];
    let page = drawer(Ok(reading));
    has(
        &page,
        &[
            "Waits for",
            "Needed by",
            "Task 2",
            "t_00000009",
            "Do not wait for t_00000002",
        ],
    );
}

#[test]
fn of_many_neighbours_fifty_are_named_and_the_rest_counted() {
    let mut reading = reading(task(Status::Todo));
    reading.detail.parents = (100..5_100).map(id).collect();
    let page = drawer(Ok(reading));
    has(&page, &["and 4950 more"]);
    assert_eq!(page.matches("Do not wait for").count(), 100);
}

#[test]
fn attempts_say_how_they_ended() {
    let mut reading = reading(task(Status::Blocked));
    reading.detail.runs = vec![run(Outcome::Exit)];
    let page = drawer(Ok(reading));
    has(
        &page,
        &[
            "#1",
            "exit 3",
            "no such file",
            "Try again",
            "data-tone=\"trouble\"",
        ],
    );
}

#[test]
fn a_cut_log_says_where_all_of_it_is() {
    let mut reading = reading(task(Status::Done));
    // The second one began after the task was read.
    reading.detail.runs = vec![run(Outcome::Exit)];
    reading.log = Some(Log {
        text: "──── run 1 ────\n──── run 2 ────\n\u{1b}[31mred\u{1b}[0m <b>\n".to_owned(),
        size_bytes: 2_000_000,
        is_truncated: true,
        path: "/home/ada/.kanban/kanban/logs/t_00000001.log".to_owned(),
    });
    let page = drawer(Ok(reading));
    has(
        &page,
        &[
            "2 MB, its end shown",
            "/home/ada/.kanban/kanban/logs/t_00000001.log",
            "href=\"./t/t_00000001/log\"",
            "<p class=\"run\">Attempt #1</p>",
            "<p class=\"run\">Run 2</p>",
            "class=\"colour-1\"",
            "&lt;b&gt;",
        ],
    );
    has_not(&page, &["────"]);
}

#[test]
fn what_was_said_and_what_happened_stand_in_one_row() {
    let mut reading = reading(task(Status::Todo));
    reading.detail.comments = vec![Comment {
        id: CommentId(1),
        task_id: id(1),
        author: "bob".to_owned(),
        body: "Sure?".to_owned(),
        created_at: NOW,
    }];
    reading.detail.events = ["created", "commented"]
        .into_iter()
        .zip(1..)
        .map(|(kind, number)| Event {
            id: EventId(number),
            task_id: id(1),
            kind: kind.to_owned(),
            payload: None,
            created_at: NOW,
        })
        .collect();
    let page = drawer(Ok(reading));
    has(&page, &["bob", "Sure?", "class=\"event\""]);
}

#[test]
fn a_task_that_is_not_there_says_so_beside_the_board() {
    let page = drawer(Err(Refusal {
        kind: ErrorKind::NotFound,
        message: "unknown task t_00000001".to_owned(),
    }));
    has(&page, &["Unknown task t_00000001", "Close"]);
    has_not(&page, &["Move to"]);
}

#[test]
fn nothing_is_open_on_the_bare_board() {
    let page = html(opening([summary(1)]), |_, shown| view! { <Drawer shown/> });
    has_not(&page, &["<aside"]);
}
