//! Acts that end a running worker: the person is asked first, once.

use super::*;
use crate::board::selection;
use crate::palette::{self, Page};
use crate::requests::confirm::{self, Question};
use crate::{Focus, shown};

/// A card whose worker runs.
fn working(number: u32) -> TaskSummary {
    TaskSummary {
        has_worker: true,
        ..with_status(number, Status::Running)
    }
}

fn asked(model: &Model) -> Option<Question> {
    project(model).confirmation
}

fn agree(model: &mut Model) -> Vec<Effect> {
    update(model, Msg::Confirm(confirm::Msg::Agreed))
}

fn sent(effects: &[Effect]) -> Vec<(TaskId, Change)> {
    let changes = effects.iter().flat_map(|effect| match effect {
        Effect::Send {
            request: Request::Change { task, change, .. },
            ..
        } => vec![(task.clone(), change.clone())],
        Effect::SendAll { changes, .. } => changes.clone(),
        _ => Vec::new(),
    });
    changes.collect()
}

fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let focus = Focus {
        card: Some(id(1)),
        concern: None,
    };
    update(model, Msg::Pressed(key(action), focus))
}

fn typed(model: &mut Model, text: &str) -> Vec<Effect> {
    update(model, Msg::Palette(palette::Msg::Typed(text.to_owned())));
    update(model, Msg::Palette(palette::Msg::ChoseMarked))
}

type Way = (&'static str, fn(&mut Model) -> Vec<Effect>, Change);

/// Everything that a person can do to a running card, by key and by pointer.
fn ways() -> Vec<Way> {
    let finished = || Change::Complete { result: None };
    let todo = || Change::Move(Status::Todo);
    let blocked = |text: &str| Change::Block {
        reason: Some(text.to_owned()),
    };
    vec![
        (
            "archive key",
            |it| press(it, Action::Archive),
            Change::Archive,
        ),
        ("complete key", |it| press(it, Action::Complete), finished()),
        (
            "move key",
            |it| press(it, Action::MoveBack),
            Change::Move(Status::Ready),
        ),
        (
            "block key",
            |it| {
                press(it, Action::Block);
                typed(it, "why?")
            },
            blocked("why?"),
        ),
        (
            "shift to blocked",
            |it| {
                press(it, Action::MoveForth);
                typed(it, "")
            },
            blocked(""),
        ),
        (
            "assign key",
            |it| {
                press(it, Action::Assign);
                typed(it, "ada")
            },
            Change::Reassign(Some("ada".to_owned())),
        ),
        (
            "carry",
            |it| {
                for action in [Action::Carry, Action::Left] {
                    press(it, action);
                }
                press(it, Action::Carry)
            },
            Change::Move(Status::Ready),
        ),
        (
            "drag",
            |it| update(it, Msg::Dropped(id(1), Status::Todo)),
            todo(),
        ),
        (
            "bulk",
            |it| {
                update(it, Msg::Selection(selection::Msg::ChoseAll));
                update(it, Msg::PutChosen(Status::Archived))
            },
            Change::Archive,
        ),
        (
            "button",
            |it| update(it, Msg::Changed(id(1), Change::Cancel)),
            Change::Cancel,
        ),
        (
            "palette",
            |it| {
                let opened = palette::Msg::Opened(Page::Task, vec![id(1)]);
                update(it, Msg::Palette(opened));
                typed(it, "stop")
            },
            Change::Cancel,
        ),
        (
            "request",
            |it| {
                update(
                    it,
                    Msg::Pending(pending::Msg::Asked(move_of(1, Status::Todo))),
                )
            },
            todo(),
        ),
    ]
}

#[test]
fn whatever_ends_a_worker_asks_first_and_once() {
    for (way, act, change) in ways() {
        let (mut model, _) = live([working(1)]);
        assert_eq!(sent(&act(&mut model)), [], "{way}");
        let question = asked(&model).unwrap_or_else(|| panic!("{way} does not ask"));
        assert_eq!(question.heading, "End the run of “Task 1”?", "{way}");
        assert_eq!(question.verb, change.verb(), "{way}");
        assert!(!model.takes_keys(), "{way}");
        let effects = agree(&mut model);
        assert_eq!(sent(&effects), [(id(1), change)], "{way}");
        assert_eq!(asked(&model), None, "{way}");
    }
}

#[test]
fn who_declines_changes_nothing() {
    for (way, act, _) in ways() {
        let (mut model, _) = live([working(1)]);
        act(&mut model);
        let effects = update(&mut model, Msg::Confirm(confirm::Msg::Declined));
        assert_eq!(effects, [], "{way}");
        assert_eq!(asked(&model), None, "{way}");
        assert_eq!(agree(&mut model), [], "{way}");
        let columns = shown::columns(&model);
        assert_eq!(cards(&columns.running), [id(1)], "{way}");
    }
}

#[test]
fn a_task_that_a_person_claimed_goes_where_they_put_it() {
    for (way, act, change) in ways() {
        let (mut model, _) = live([with_status(1, Status::Running)]);
        let effects = act(&mut model);
        // Somebody else would get it, and the one who has it would not know.
        if matches!(change, Change::Reassign(_)) {
            assert!(asked(&model).is_some());
            continue;
        }
        assert_eq!(sent(&effects), [(id(1), change)], "{way}");
        assert_eq!(asked(&model), None, "{way}");
    }
}

#[test]
fn what_leaves_the_worker_alone_asks_nothing() {
    let changes = [
        Change::SetPriority(3),
        Change::WaitFor {
            parent: "t_2".to_owned(),
            on: None,
        },
        Change::Assign(Some("shell".to_owned())),
        Change::Edit {
            title: Some("Another".to_owned()),
            body: None,
            check: None,
            review: None,
        },
    ];
    for change in changes {
        let (mut model, _) = live([working(1)]);
        let effects = update(&mut model, Msg::Changed(id(1), change.clone()));
        assert_eq!(sent(&effects), [(id(1), change)]);
    }
}

#[test]
fn of_many_cards_the_question_names_those_that_run_and_all_go_together() {
    let (mut model, _) = live((1..=8).map(|number| match number {
        1 => summary(1),
        number => working(number),
    }));
    update(&mut model, Msg::Selection(selection::Msg::ChoseAll));
    let effects = update(&mut model, Msg::PutChosen(Status::Done));
    assert_eq!(effects, [Effect::FocusConfirmation]);
    let question = asked(&model).unwrap();
    assert_eq!(question.heading, "End 7 runs?");
    assert_eq!(question.names.len(), 6);
    assert_eq!(question.names[0], "“Task 2”");
    assert_eq!(question.names[5], "and 2 more");
    assert_eq!(sent(&agree(&mut model)).len(), 8);
}

#[test]
fn a_run_that_ended_by_itself_meanwhile_is_left_alone() {
    let (mut model, socket) = live([working(1)]);
    press(&mut model, Action::MoveBack);
    let done = with_status(1, Status::Done);
    update(&mut model, Msg::Received(socket, frame(8, [done])));
    assert_eq!(sent(&agree(&mut model)), []);
    let notices = project(&model).notices;
    assert!(
        notices[0].text.contains("not running any more"),
        "{notices:?}"
    );
}

#[test]
fn a_run_that_began_meanwhile_is_asked_about_too() {
    let (mut model, socket) = live([working(1), summary(2)]);
    update(&mut model, Msg::Selection(selection::Msg::ChoseAll));
    update(&mut model, Msg::PutChosen(Status::Archived));
    update(&mut model, Msg::Received(socket, frame(8, [working(2)])));
    assert_eq!(agree(&mut model), [Effect::FocusConfirmation]);
    assert_eq!(asked(&model).unwrap().heading, "End 2 runs?");
    assert_eq!(sent(&agree(&mut model)).len(), 2);
}

#[test]
fn a_run_that_was_agreed_to_end_is_not_asked_about_again() {
    let (mut model, _) = live([working(1)]);
    press(&mut model, Action::MoveBack);
    agree(&mut model);
    let effects = press(&mut model, Action::Archive);
    assert_eq!(sent(&effects), [(id(1), Change::Archive)]);
}

#[test]
fn the_keyboard_goes_on_from_the_card_once_the_person_has_agreed() {
    let focus = |effects: Vec<Effect>| effects.into_iter().nth(1);
    for (action, goes_on) in [
        (Action::Archive, 2),
        (Action::MoveBack, 1),
        (Action::Complete, 1),
    ] {
        let (mut model, _) = live([working(1), working(2)]);
        assert_eq!(press(&mut model, action), [Effect::FocusConfirmation]);
        let effects = agree(&mut model);
        assert_eq!(
            focus(effects),
            Some(Effect::FocusCard(id(goes_on))),
            "{action:?}"
        );
    }
}
