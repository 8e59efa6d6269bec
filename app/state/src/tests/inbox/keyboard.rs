//! The inbox by keys: where the keyboard goes, and what a key does there.

use super::*;
use crate::keys::{self, TABLE};
use crate::{Focus, Press};

fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    let focus = Focus {
        card: None,
        concern: project(model).concern,
    };
    update(model, Msg::Pressed(key(action), focus))
}

#[test]
fn keys_go_up_and_down_and_stay_at_the_ends() {
    let (mut model, _) = three();
    for (action, reached) in [
        (Action::Up, task(1)),
        (Action::Down, task(2)),
        (Action::Down, letter(7)),
        (Action::Down, letter(7)),
        (Action::Up, task(2)),
    ] {
        assert_eq!(
            press(&mut model, action),
            [Effect::FocusConcern(reached.clone())]
        );
        assert_eq!(project(&model).concern, Some(reached));
    }
}

#[test]
fn one_key_does_what_is_nearest() {
    let (mut model, _) = three();
    assert_eq!(
        press(&mut model, Action::Answer),
        [Effect::FocusAnswer(id(1))]
    );
    update(&mut model, Msg::ReachedField);
    assert_eq!(
        press(&mut model, Action::TryAgain),
        [],
        "a question wants an answer"
    );
    press(&mut model, Action::Down);
    let effects = press(&mut model, Action::Answer);
    let result = Some("42 ships".to_owned());
    assert_eq!(sent(&effects).1, &change(2, Change::Complete { result }));
    let effects = press(&mut model, Action::Answer);
    assert_eq!(sent(&effects).1, &Request::RetryDelivery(DeliveryId(7)));
}

#[test]
fn a_task_that_gave_up_tries_again_by_one_key() {
    let (mut model, _) = three();
    press(&mut model, Action::Down);
    let effects = press(&mut model, Action::TryAgain);
    let text = String::new();
    assert_eq!(sent(&effects).1, &change(2, Change::Answer { text }));
}

#[test]
fn archiving_drops_news_and_puts_tasks_away() {
    let (mut model, _) = three();
    let effects = press(&mut model, Action::Archive);
    assert_eq!(sent(&effects).1, &change(1, Change::Archive));
    press(&mut model, Action::Down);
    let effects = press(&mut model, Action::Archive);
    assert_eq!(sent(&effects).1, &Request::DropDelivery(DeliveryId(7)));
}

#[test]
fn the_last_answer_leaves_the_keyboard_with_the_inbox() {
    let (mut model, _) = live([asks(1, 10)]);
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    let effects = answer(&mut model, task(1), Answer::Say("8080".to_owned()));
    assert_eq!(effects[1..], [Effect::FocusInbox]);
    assert_eq!(project(&model).concern, None);
    assert_eq!(press(&mut model, Action::Down), []);
}

#[test]
fn one_that_somebody_else_answered_makes_room_for_the_next() {
    let (mut model, socket) = three();
    press(&mut model, Action::Down);
    update(&mut model, Msg::Received(socket, frame(9, [summary(2)])));
    assert_eq!(project(&model).concern, Some(letter(7)));
}

#[test]
fn the_inbox_opens_and_leaves_by_keys() {
    let (mut model, _) = live([asks(1, 10)]);
    let inbox = Address::default().with_inbox();
    assert_eq!(
        press(&mut model, Action::GoToInbox),
        [Effect::Visit(inbox.clone())]
    );
    assert_eq!(
        update(&mut model, Msg::Visited(inbox)),
        [Effect::FocusConcern(task(1))]
    );
    let open = Address::default().with_task(Some(id(1)));
    assert_eq!(press(&mut model, Action::Open), [Effect::Visit(open)]);
    assert_eq!(
        press(&mut model, Action::Leave),
        [Effect::Visit(Address::default())]
    );
}

#[test]
fn every_key_of_the_inbox_does_something_there() {
    for shortcut in TABLE.iter().filter(|it| it.scope == keys::Scope::Inbox) {
        let does_something = [0, 1, 2].into_iter().any(|steps| {
            let (mut model, _) = three();
            for _ in 0..steps {
                press(&mut model, Action::Down);
            }
            !press(&mut model, shortcut.action).is_empty()
        });
        assert!(does_something, "{shortcut:?}");
    }
}

#[test]
fn the_second_of_two_quick_presses_is_not_for_the_next_concern() {
    let (mut model, _) = live([gave_up(1, 10), gave_up(2, 20)]);
    read(&mut model, vec![proposed(1, 10), proposed(2, 20)]);
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    for action in [
        Action::Answer,
        Action::TryAgain,
        Action::Complete,
        Action::Archive,
    ] {
        let mut model = model.clone();
        let first = key(action);
        let focus = |concern| Focus {
            card: None,
            concern: Some(concern),
        };
        let effects = update(&mut model, Msg::Pressed(first, focus(task(1))));
        sent(&effects);
        let second = Press {
            at_ms: first.at_ms + 200,
            ..first
        };
        let effects = update(&mut model, Msg::Pressed(second, focus(task(2))));
        assert_eq!(effects, [], "{action:?}");
        assert_eq!(ids(&model), [task(2)]);
    }
}

#[test]
fn a_key_is_about_the_concern_that_has_the_keyboard_and_about_no_other() {
    let (mut model, _) = three();
    for gone in [None, Some(task(9))] {
        let focus = Focus {
            card: None,
            concern: gone,
        };
        for shortcut in TABLE.iter().filter(|it| it.action.makes_room()) {
            let effects = update(
                &mut model,
                Msg::Pressed(key(shortcut.action), focus.clone()),
            );
            assert_eq!(effects, [], "{shortcut:?}");
        }
    }
}

#[test]
fn cards_that_are_chosen_on_the_board_are_left_alone_by_keys_of_the_inbox() {
    let (mut model, _) = live([summary(1)]);
    update(&mut model, Msg::Wanted(Action::SelectAll));
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    assert_eq!(press(&mut model, Action::Archive), []);
}

#[test]
fn a_line_that_was_left_by_escape_is_reached_again_at_once() {
    let (mut model, _) = three();
    let press = key(Action::Answer);
    let focus = || Focus {
        card: None,
        concern: Some(task(1)),
    };
    for _ in 0..2 {
        let effects = update(&mut model, Msg::Pressed(press, focus()));
        assert_eq!(effects, [Effect::FocusAnswer(id(1))]);
        update(&mut model, Msg::ReachedField);
    }
}
