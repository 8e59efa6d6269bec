//! The open task.

use std::collections::BTreeMap;

use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Receipt, Verdict};
use domain::error::ErrorKind;
use domain::event::Event;
use domain::fixture;
use domain::id::{CommentId, ReceiptId, RunId};
use domain::landing::Landing;
use domain::outcome::StartOn;
use domain::run::{Outcome, Run};
use domain::task::{Comment, Task, TaskDetail};
use state::drawer::news::News;
use state::drawer::tab::Tab;
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
            conditions: BTreeMap::new(),
            child_conditions: BTreeMap::new(),
            runs: Vec::new(),
            receipts: Vec::new(),
            branch: None,
            landing: None,
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
    at(Address::of_task(id(1)), reading)
}

/// The same with another tab.
fn tab(tab: Tab, reading: Reading) -> String {
    at(Address::of_task(id(1)).with_tab(tab), Ok(reading))
}

fn at(address: Address, reading: Result<Reading, Refusal>) -> String {
    let opening = Opening {
        address,
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
        ..Branch::default()
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
fn a_link_shows_the_outcome_on_which_its_child_starts() {
    let mut reading = reading(task(Status::Todo));
    reading.detail.parents = vec![id(2)];
    reading.detail.conditions = [(id(2), StartOn::Failure)].into();
    reading.detail.children = vec![id(3)];
    let page = drawer(Ok(reading));
    has(&page, &["data-on=\"failure\"", "data-on=\"success\""]);
    // Success, the usual one, says nothing where no list can be opened.
    has(&page, &["<noscript>on failure"]);
    has_not(&page, &["<noscript>on success"]);
}

#[test]
fn finished_work_is_offered_to_land_until_it_has() {
    let mut reading = reading(task(Status::Done));
    has_not(&drawer(Ok(reading.clone())), &["Land…"]);
    reading.detail.branch = Some(Branch {
        name: "kanban/t_00000001".to_owned(),
        base: Some("aaaa".to_owned()),
        onto: Some("main".to_owned()),
        tip: Some("bbbb".to_owned()),
        ..Branch::default()
    });
    let asked = ["Land…", "Land kanban/t_00000001 into", "value=\"main\""];
    has(&drawer(Ok(reading.clone())), &asked);
    let landing = Landing {
        onto: Some("main".to_owned()),
        method: None,
        delete_branch: false,
        by: "ada".to_owned(),
        asked_at: NOW,
        problem: None,
        request: EventId(7),
        result: None,
        commit: None,
    };
    reading.detail.landing = Some(landing.clone());
    let page = drawer(Ok(reading.clone()));
    has(&page, &["Landing on main…"]);
    has_not(&page, &["Land…"]);
    reading.detail.landing = Some(Landing {
        problem: Some("main has moved".to_owned()),
        ..landing
    });
    has(
        &drawer(Ok(reading)),
        &["Landing waits", "main has moved", "Try again"],
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
    let mut reading = reading(task(Status::Todo));
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
fn attempts_that_ended_alike_are_one_line() {
    let mut reading = reading(task(Status::Todo));
    reading.detail.runs = vec![run(Outcome::Exit); 5];
    let page = drawer(Ok(reading));
    has(&page, &["#1–5", "5 × exit 3", "Each of them"]);
    assert_eq!(page.matches("no such file").count(), 1);
}

#[test]
fn a_question_stands_once_with_its_options_and_the_line_that_answers_it() {
    let mut asks = task(Status::Blocked);
    let question = "Which region?\n1. eu-west\n2. us-east";
    asks.block_reason = Some(question.to_owned());
    let mut reading = reading(asks);
    reading.html.question = Some("<p>Which region?</p><ol><li>eu-west".to_owned());
    let page = drawer(Ok(reading));
    has(
        &page,
        &[
            "<p>Which region?</p><ol><li>eu-west",
            "value=\"1. eu-west\"",
            "value=\"2. us-east\"",
            "id=\"answer-to-t_00000001\"",
        ],
    );
    assert_eq!(page.matches("Which region?").count(), 1);
}

#[test]
fn a_task_that_gave_up_says_its_error_and_how_to_try_again() {
    let mut failed = task(Status::Blocked);
    failed.failures = 5;
    failed.last_error = Some("exit code 7".to_owned());
    let page = drawer(Ok(reading(failed)));
    has(
        &page,
        &["Gave up after 5 failures", "exit code 7", "Try again"],
    );
    assert_eq!(page.matches("exit code 7").count(), 1);
}

fn receipt(verdict: Verdict) -> Receipt {
    Receipt {
        id: ReceiptId(1),
        run: None,
        by: None,
        check: CheckEnd {
            command: "make test".to_owned(),
            verdict,
            began_at: NOW,
            ended_at: NOW,
            exit_code: Some(2),
            output: "3 failed <b>\n".to_owned(),
            log_start: None,
            log_end: None,
            git: GitFacts::default(),
        },
    }
}

#[test]
fn a_finished_task_begins_with_its_result_and_its_evidence() {
    let mut done = task(Status::Done);
    done.result = Some("All counted".to_owned());
    let mut reading = reading(done);
    reading.detail.receipts = vec![receipt(Verdict::Failed), receipt(Verdict::Passed)];
    let page = drawer(Ok(reading.clone()));
    has(
        &page,
        &["data-verdict=\"passed\"", "make test", "3 failed &lt;b&gt;"],
    );
    has_not(&page, &["data-verdict=\"failed\""]);
    let result = page.find("All counted");
    assert!(
        result < page.find("data-verdict") && result < page.find("Assignee"),
        "{page}"
    );

    let page = tab(Tab::Evidence, reading);
    let places = ["passed", "failed"].map(|it| page.find(&format!("data-verdict=\"{it}\"")));
    assert!(places[0] < places[1], "the newest comes first: {page}");
}

#[test]
fn a_tab_is_a_link_and_is_there_where_it_has_something() {
    let page = drawer(Ok(reading(task(Status::Todo))));
    has(
        &page,
        &["href=\"./t/t_00000001?tab=activity\"", "role=\"tabpanel\""],
    );
    has_not(
        &page,
        &[
            "tab=log",
            "tab=evidence",
            "tabindex=\"-1\" title=\"Activity",
        ],
    );
    has(
        &drawer(Ok(reading(task(Status::Running)))),
        &["tab=log", "Nothing was printed yet"],
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
    let page = tab(Tab::Log, reading);
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
    let page = tab(Tab::Activity, reading);
    has(&page, &["bob", "Sure?", "class=\"event\""]);
}

#[test]
fn a_task_that_is_not_there_says_so_beside_the_board() {
    let page = drawer(Err(Refusal::new(
        ErrorKind::NotFound,
        "unknown task t_00000001".to_owned(),
    )));
    has(&page, &["Unknown task t_00000001", "Close"]);
    has_not(&page, &["Move to"]);
}

#[test]
fn nothing_is_open_on_the_bare_board() {
    let page = html(opening([summary(1)]), |_, shown| view! { <Drawer shown/> });
    has_not(&page, &["<aside"]);
}
