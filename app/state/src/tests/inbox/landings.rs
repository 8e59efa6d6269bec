//! Landings that wait.

use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Receipt, Verdict};
use domain::dispatch::Pause;
use domain::id::ReceiptId;
use domain::landing::{Landing, Method};
use domain::task::TaskDetail;

use super::*;
use crate::Focus;
use crate::fixture::reading;
use crate::keys::Action;

const PROBLEM: &str = "main has changes that are not committed";

fn landing(number: u32) -> TaskSummary {
    TaskSummary {
        is_landing: true,
        ..with_status(number, Status::Done)
    }
}

fn waits(request: i64) -> Need {
    Need::Landing {
        onto: Some("main".to_owned()),
        method: Some(Method::Rebase),
        delete_branch: true,
        problem: PROBLEM.to_owned(),
        request: EventId(request),
    }
}

fn concern(request: i64) -> Concern {
    Concern {
        task: id(1),
        title: "Task 1".to_owned(),
        assignee: landing(1).assignee,
        since: Timestamp(20),
        behind: 0,
        need: waits(request),
    }
}

fn model(request: i64) -> Model {
    let (mut model, _) = live([landing(1), landing(2)]);
    read(&mut model, vec![concern(request)]);
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    model
}

fn entry() -> ConcernId {
    ConcernId::Landing(id(1))
}

fn land() -> Change {
    Change::Land {
        onto: Some("main".to_owned()),
        method: Some(Method::Rebase),
        delete_branch: true,
    }
}

#[test]
fn a_landing_that_waits_is_an_entry_and_its_card_says_why() {
    let shown = project(&model(7));
    assert_eq!(shown.inbox, [concern(7)]);
    let says: Vec<_> = shown.cards.iter().map(|it| it.landing.clone()).collect();
    let why = format!("Landing waits: {PROBLEM}");
    assert_eq!(says, [Some(why), Some("Landing".to_owned())]);
}

#[test]
fn a_landing_that_waits_is_tried_again_as_it_was_asked_for() {
    let mut model = model(7);
    let effects = answer(&mut model, entry(), Answer::Retry);
    assert_eq!(sent(&effects).1, &change(1, land()));
    assert_eq!(ids(&model), []);
}

#[test]
fn a_landing_is_taken_back_by_undoing_what_asked_for_it() {
    let mut taken = model(7);
    let focus = Focus {
        concern: Some(entry()),
        ..Focus::default()
    };
    let effects = inbox::press(&mut taken, Action::Archive, &focus).unwrap_or_default();
    let undo = Request::Undo {
        text: "the landing of “Task 1”".to_owned(),
        events: vec![EventId(7)],
        earlier: Vec::new(),
    };
    assert_eq!(sent(&effects).1, &undo);
    assert_eq!(ids(&taken), []);
}

#[test]
fn a_landing_that_has_ended_needs_nobody() {
    let (mut model, socket) = live([landing(1)]);
    read(&mut model, vec![concern(7)]);
    let landed = TaskSummary {
        is_landing: false,
        ..landing(1)
    };
    update(&mut model, Msg::Received(socket, frame(9, [landed])));
    assert_eq!(ids(&model), []);
}

fn done_with_branch(tip: &str) -> TaskDetail {
    let mut detail = reading(1, Vec::new()).detail;
    detail.task.status = Status::Done;
    detail.branch = Some(Branch {
        name: "kanban/t_1".to_owned(),
        base: Some("aa".to_owned()),
        tip: Some(tip.to_owned()),
        ..Branch::default()
    });
    detail
}

fn receipt(commit: &str) -> Receipt {
    Receipt {
        id: ReceiptId(1),
        run: None,
        by: None,
        check: CheckEnd {
            command: "land on main".to_owned(),
            verdict: Verdict::Landed,
            began_at: Timestamp(0),
            ended_at: Timestamp(1),
            exit_code: None,
            output: String::new(),
            log_start: None,
            log_end: None,
            git: GitFacts {
                commit: Some(commit.to_owned()),
                ..GitFacts::default()
            },
        },
    }
}

#[test]
fn what_is_done_and_has_not_landed_can_land() {
    assert!(
        !reading(1, Vec::new()).detail.can_land(),
        "it has no branch"
    );
    assert!(!done_with_branch("aa").can_land(), "nothing was committed");
    assert!(done_with_branch("bb").can_land());
    for (commit, expected) in [("bb", false), ("cc", true)] {
        let mut detail = done_with_branch("bb");
        detail.receipts = vec![receipt(commit)];
        assert_eq!(detail.can_land(), expected, "{commit}");
    }
}

fn asked_for() -> Landing {
    Landing {
        onto: Some("main".to_owned()),
        method: Some(Method::Rebase),
        delete_branch: true,
        by: "ada".to_owned(),
        asked_at: Timestamp(20),
        problem: None,
        request: EventId(7),
        result: None,
        commit: None,
    }
}

#[test]
fn an_open_task_whose_landing_waits_offers_the_same() {
    let (mut model, _) = live([landing(1)]);
    open(&mut model, 1);
    let mut open = reading(1, vec![crate::fixture::event(7, 1, "landing_requested")]);
    open.detail = TaskDetail {
        events: open.detail.events,
        landing: Some(Landing {
            problem: Some(PROBLEM.to_owned()),
            ..asked_for()
        }),
        ..done_with_branch("bb")
    };
    let need = |model: &mut Model, open: &drawer::Reading| {
        let result = Ok(Box::new(open.clone()));
        update(
            model,
            Msg::Drawer(drawer::Answer {
                task: id(1),
                result,
            }),
        );
        match project(model).drawer {
            Drawer::Loaded { need, .. } => need,
            other => panic!("it is not open but {other:?}"),
        }
    };
    assert_eq!(need(&mut model, &open), Some(waits(7)));
}

#[test]
fn an_open_task_says_why_no_landing_begins() {
    let (mut model, socket) = live([landing(1)]);
    open(&mut model, 1);
    let mut open = reading(1, vec![]);
    open.detail = TaskDetail {
        landing: Some(asked_for()),
        ..done_with_branch("bb")
    };
    let mut says = |paused: bool, reading: &drawer::Reading| {
        let mut dispatch = domain::fixture::dispatch();
        dispatch.paused.extend(paused.then(|| Pause {
            lane: None,
            since: Timestamp(30),
            by: "ada".to_owned(),
        }));
        let pulse = Pulse {
            dispatch,
            ..Pulse::default()
        };
        update(&mut model, Msg::Heard(socket, pulse));
        let told = drawer::Answer {
            task: id(1),
            result: Ok(Box::new(reading.clone())),
        };
        update(&mut model, Msg::Drawer(told));
        match project(&model).drawer {
            Drawer::Loaded { why_no_landing, .. } => why_no_landing.map(|why| why.to_string()),
            other => panic!("it is not open but {other:?}"),
        }
    };
    assert_eq!(says(false, &open), None);
    assert_eq!(
        says(true, &open).as_deref(),
        Some("the dispatcher is paused")
    );
    let mut at_its_last_step = open.clone();
    at_its_last_step.detail.landing = Some(Landing {
        result: Some("cc".to_owned()),
        ..asked_for()
    });
    assert_eq!(says(true, &at_its_last_step), None);
    open.detail.landing = None;
    assert_eq!(says(true, &open), None);
}
