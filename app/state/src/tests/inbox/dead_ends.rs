//! Tasks whose children can never start.

use domain::outcome::{DeadEnd, StartOn, TaskOutcome};

use super::*;
use crate::Focus;
use crate::keys::Action;
use crate::palette::Page;

fn stuck(number: u32) -> TaskSummary {
    TaskSummary {
        waiting: true,
        is_dead_end: true,
        ..with_status(number, Status::Todo)
    }
}

fn failed(number: u32, since: i64) -> TaskSummary {
    TaskSummary {
        outcome: TaskOutcome::Failure,
        status_since: Timestamp(since),
        ..with_status(number, Status::Done)
    }
}

fn dead_end(parent: u32, child: u32) -> DeadEnd {
    DeadEnd {
        parent: id(parent),
        child: id(child),
        outcome: TaskOutcome::Failure,
        on: StartOn::Success,
        was_archived: false,
    }
}

/// The server's concern about a parent.
fn concern(parent: u32, children: &[u32], behind: u32) -> Concern {
    let dead_ends = children.iter().map(|child| dead_end(parent, *child));
    Concern {
        task: id(parent),
        title: format!("Task {parent}"),
        assignee: failed(parent, 0).assignee,
        since: Timestamp(20),
        behind,
        need: Need::DeadEnd {
            dead_ends: dead_ends.collect(),
        },
    }
}

fn wait(of: u32, parent: u32, on: StartOn) -> (TaskId, Change) {
    let change = Change::WaitFor {
        parent: id(parent).into(),
        on: Some(on),
    };
    (id(of), change)
}

/// Two children behind one parent that failed, one of them behind another as well, and a question.
fn model() -> (Model, Socket) {
    let tasks = [
        asks(1, 30),
        failed(2, 20),
        stuck(3),
        stuck(4),
        failed(5, 40),
    ];
    let (mut model, socket) = live(tasks);
    read(
        &mut model,
        vec![concern(2, &[3, 4], 7), concern(5, &[4], 1)],
    );
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    (model, socket)
}

#[test]
fn a_failed_parent_is_one_entry_with_all_that_is_behind_it() {
    let (model, _) = model();
    assert_eq!(ids(&model), [task(2), task(1), task(5)]);
    assert_eq!(project(&model).inbox[0], concern(2, &[3, 4], 7));
}

#[test]
fn a_parent_that_was_put_away_is_named_by_its_id() {
    let (mut model, _) = live([stuck(3)]);
    read(&mut model, vec![concern(2, &[3], 1)]);
    let shown = project(&model);
    assert_eq!(shown.inbox[0].title, id(2).to_string());
}

#[test]
fn a_task_that_is_stuck_is_asked_about_at_once() {
    let (mut model, socket) = live([failed(2, 20)]);
    let frame = frame(9, [stuck(3)]);
    let effects = update(&mut model, Msg::Received(socket, frame));
    assert!(effects.contains(&Effect::ReadInbox), "{effects:?}");
}

#[test]
fn each_way_out_is_taken_for_all_that_is_stuck_and_the_entry_is_gone_at_once() {
    let retry = vec![(id(2), Change::Move(Status::Ready))];
    let start = vec![wait(3, 2, StartOn::Always), wait(4, 2, StartOn::Always)];
    let stop = |of| (id(of), Change::StopWaitingFor(id(2)));
    let unlink = vec![stop(3), stop(4)];
    for (way, expected) in [
        (Answer::Retry, retry),
        (Answer::Accept, start),
        (Answer::Drop, unlink),
    ] {
        let (mut model, _) = model();
        let effects = answer(&mut model, task(2), way);
        let asked = match effects.as_slice() {
            [Effect::SendAll { changes, .. }, ..] => changes.clone(),
            effects => match sent(effects).1.clone() {
                Request::Change { task, change, .. } => vec![(task, change)],
                other => panic!("{other:?}"),
            },
        };
        assert_eq!(asked, expected);
        assert!(!ids(&model).contains(&task(2)));
    }
}

#[test]
fn a_task_that_is_stuck_has_its_ways_out_where_it_is_open() {
    let (mut model, _) = model();
    open(&mut model, 4);
    let mut stuck = crate::fixture::reading(4, vec![]);
    stuck.detail.task.status = Status::Todo;
    stuck.detail.task.waiting = true;
    stuck.detail.parents = vec![id(2), id(5)];
    let result = Ok(Box::new(stuck));
    update(
        &mut model,
        Msg::Drawer(drawer::Answer {
            task: id(4),
            result,
        }),
    );
    let need = |model: &Model| match project(model).drawer {
        Drawer::Loaded { need, .. } => need,
        other => panic!("it is not open but {other:?}"),
    };
    let dead_ends = vec![dead_end(2, 4), dead_end(5, 4)];
    assert_eq!(need(&model), Some(Need::DeadEnd { dead_ends }));
    let effects = answer(&mut model, task(4), Answer::Accept);
    let [Effect::SendAll { changes, .. }, ..] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let expected = [wait(4, 2, StartOn::Always), wait(4, 5, StartOn::Always)];
    assert_eq!(changes, &expected);
}

#[test]
fn a_parent_that_was_put_away_before_it_ended_is_told_of_as_that() {
    let archived = DeadEnd {
        outcome: TaskOutcome::Success,
        on: StartOn::Failure,
        was_archived: true,
        ..dead_end(2, 4)
    };
    let ended = TaskSummary {
        completed_at: Some(NOW),
        ..with_status(2, Status::Done)
    };
    // The card of the parent, where the archive is shown, and what the server knows.
    for (cards, told, expected) in [
        (vec![], vec![archived], true),
        (vec![with_status(2, Status::Archived)], vec![], true),
        (vec![ended], vec![], false),
    ] {
        let (mut model, _) = live(cards.into_iter().chain([stuck(4)]));
        let need = Need::DeadEnd { dead_ends: told };
        read(
            &mut model,
            vec![Concern {
                need,
                ..concern(2, &[], 0)
            }],
        );
        open(&mut model, 4);
        let mut stuck = crate::fixture::reading(4, vec![]);
        stuck.detail.task.status = Status::Todo;
        stuck.detail.task.waiting = true;
        stuck.detail.parents = vec![id(2)];
        stuck.detail.conditions = [(id(2), StartOn::Failure)].into();
        let result = Ok(Box::new(stuck));
        let told = drawer::Answer {
            task: id(4),
            result,
        };
        update(&mut model, Msg::Drawer(told));
        let Drawer::Loaded {
            need: Some(Need::DeadEnd { dead_ends }),
            ..
        } = project(&model).drawer
        else {
            panic!("nothing is said of what it waits for");
        };
        let is_told = dead_ends.iter().map(|it| it.was_archived);
        assert_eq!(is_told.collect::<Vec<_>>(), [expected]);
    }
}

#[test]
fn the_key_that_archives_unlinks_what_is_stuck() {
    let (mut model, _) = model();
    let focus = Focus {
        concern: Some(task(5)),
        ..Focus::default()
    };
    inbox::press(&mut model, Action::MoveTo, &focus);
    let asked = model.palette.take().map(|it| (it.page, it.targets));
    assert_eq!(asked, Some((Page::Move, vec![id(5)])));
    let effects = inbox::press(&mut model, Action::Archive, &focus).unwrap_or_default();
    assert_eq!(sent(&effects).1, &change(4, Change::StopWaitingFor(id(5))));
}
