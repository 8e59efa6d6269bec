//! The board by keyboard alone.

use super::*;
use crate::keys::{Scope, TABLE};
use crate::palette;
use crate::{Focus, Press};

fn on(number: u32) -> Focus {
    Focus {
        card: Some(id(number)),
        concern: None,
    }
}

fn press(model: &mut Model, action: Action, number: u32) -> Vec<Effect> {
    update(model, Msg::Pressed(key(action), on(number)))
}

/// Two ready cards, nothing running, one blocked and one done.
fn board() -> Model {
    live([
        summary(1),
        summary(2),
        with_status(3, Status::Blocked),
        with_status(4, Status::Done),
    ])
    .0
}

#[test]
fn arrows_go_from_card_to_card() {
    let mut model = board();
    let mut goes = |action, from| match press(&mut model, action, from).as_slice() {
        [Effect::FocusCard(to)] => Some(to.clone()),
        [] => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(goes(Action::Down, 1), Some(id(2)));
    assert_eq!(goes(Action::Down, 2), None);
    assert_eq!(goes(Action::Up, 2), Some(id(1)));
    assert_eq!(goes(Action::Right, 2), Some(id(3)), "past the empty column");
    assert_eq!(goes(Action::Left, 4), Some(id(3)));
    assert_eq!(goes(Action::Left, 1), None);
}

#[test]
fn the_first_arrow_finds_the_first_card() {
    let mut model = board();
    let effects = update(&mut model, Msg::Wanted(Action::Down));
    assert_eq!(effects, [Effect::FocusCard(id(1))]);
}

#[test]
fn while_a_task_is_open_the_next_one_opens() {
    let mut model = board();
    open(&mut model, 1);
    let effects = update(&mut model, Msg::Wanted(Action::Down));
    assert_eq!(effects, [Effect::Visit(Address::of_task(id(2)))]);
}

#[test]
fn a_card_is_picked_up_carried_and_put_down() {
    let mut model = board();
    press(&mut model, Action::Carry, 1);
    assert!(project(&model).cards[0].is_carried);
    assert!(
        project(&model)
            .carried
            .unwrap()
            .starts_with("“Task 1” held over Ready")
    );

    let effects = press(&mut model, Action::Left, 1);
    assert_eq!(effects, [Effect::FocusCard(id(1))]);
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.todo), [id(1)]);
    assert!(shown.carried.unwrap().contains("held over Todo"));

    let effects = press(&mut model, Action::Carry, 1);
    assert!(matches!(
        &effects[..],
        [Effect::Send { request, .. }, Effect::FocusCard(_)] if *request == move_of(1, Status::Todo)
    ));
    assert_eq!(project(&model).carried, None);
}

#[test]
fn escape_takes_a_carried_card_back() {
    let mut model = board();
    press(&mut model, Action::Carry, 1);
    press(&mut model, Action::Right, 1);
    assert_eq!(cards(&project(&model).columns.blocked), [id(1), id(3)]);
    let effects = press(&mut model, Action::Leave, 1);
    assert_eq!(effects, [Effect::FocusCard(id(1))]);
    assert_eq!(cards(&project(&model).columns.ready), [id(1), id(2)]);
}

#[test]
fn a_card_moves_by_one_column_past_what_takes_none() {
    let mut model = board();
    let effects = press(&mut model, Action::MoveBack, 2);
    assert!(matches!(
        &effects[..],
        [Effect::Send { request, .. }, _] if *request == move_of(2, Status::Todo)
    ));
    let effects = press(&mut model, Action::MoveForth, 3);
    assert_eq!(status_on_page(&project(&model), 3), Some(&Status::Done));
    assert!(matches!(&effects[..], [Effect::Send { .. }, _]));
}

#[test]
fn a_card_that_goes_to_blocked_is_asked_for_its_question() {
    let dropped = |model: &mut Model| update(model, Msg::Dropped(id(1), Status::Blocked));
    let shifted = |model: &mut Model| {
        let effects = press(model, Action::MoveForth, 1);
        assert_eq!(effects, [Effect::FocusCard(id(1))]);
        Vec::new()
    };
    let carried = |model: &mut Model| {
        for action in [Action::Carry, Action::Right] {
            press(model, action, 1);
        }
        shifted_by(press(model, Action::Carry, 1))
    };
    let ways: [&dyn Fn(&mut Model) -> _; 3] = [&dropped, &shifted, &carried];
    for way in ways {
        let mut model = board();
        assert_eq!(way(&mut model), []);
        let asked = project(&model).palette.unwrap();
        assert_eq!(asked.about.as_deref(), Some("Task 1"));
        assert_eq!(asked.items[0].label, "Block without a question");
        let typed = palette::Msg::Typed("which port?".to_owned());
        update(&mut model, Msg::Palette(typed));
        let effects = update(&mut model, Msg::Palette(palette::Msg::ChoseMarked));
        let reason = Some("which port?".to_owned());
        assert!(matches!(
            &effects[..],
            [Effect::Send { request: Request::Change { change, .. }, .. }]
                if *change == Change::Block { reason: reason.clone() }
        ));
    }
}

/// The effects, but for the focus that goes back to the card.
fn shifted_by(effects: Vec<Effect>) -> Vec<Effect> {
    let is_focus = |effect: &Effect| *effect == Effect::FocusCard(id(1));
    effects.into_iter().filter(|it| !is_focus(it)).collect()
}

#[test]
fn a_key_that_is_held_down_only_goes_from_card_to_card() {
    for shortcut in TABLE {
        let mut model = board();
        let held = Press {
            is_repeat: true,
            ..key(shortcut.action)
        };
        let before = project(&model);
        let effects = update(&mut model, Msg::Pressed(held, on(1)));
        let has_done_nothing = effects.is_empty() && project(&model) == before;
        let repeats = shortcut.action.repeats();
        assert!(repeats || has_done_nothing, "{shortcut:?}");
    }
}

#[test]
fn a_double_press_archives_one_card() {
    let mut model = board();
    let first = key(Action::Archive);
    update(&mut model, Msg::Pressed(first, on(1)));
    let at = |pause_ms| Press {
        at_ms: first.at_ms + pause_ms,
        ..first
    };
    let second = update(&mut model, Msg::Pressed(at(200), on(2)));
    assert_eq!(second, []);
    let later = update(&mut model, Msg::Pressed(at(900), on(2)));
    assert!(!later.is_empty());
}

#[test]
fn letters_typed_right_after_a_key_that_opens_a_field_are_no_shortcuts() {
    for opens in [
        Action::Search,
        Action::Create,
        Action::Palette,
        Action::Help,
        Action::MoveTo,
        Action::Assign,
        Action::Prioritise,
        Action::Block,
    ] {
        let mut model = board();
        press(&mut model, opens, 1);
        let before = model.clone();
        for shortcut in TABLE {
            let effects = press(&mut model, shortcut.action, 1);
            assert_eq!(effects, [], "{opens:?}, then {shortcut:?}");
        }
        let mut after = model.clone();
        after.last_press = before.last_press;
        assert_eq!(after, before, "{opens:?}");
    }
}

#[test]
fn the_page_has_its_keys_back_once_the_field_was_reached() {
    let mut model = board();
    press(&mut model, Action::Search, 1);
    update(&mut model, Msg::ReachedField);
    assert_eq!(
        press(&mut model, Action::Down, 1),
        [Effect::FocusCard(id(2))]
    );
}

#[test]
fn keys_are_about_the_chosen_cards_where_there_are_any() {
    let mut model = board();
    press(&mut model, Action::Select, 1);
    press(&mut model, Action::Select, 2);
    let effects = press(&mut model, Action::Complete, 3);
    let [Effect::SendAll { changes, .. }, ..] = &effects[..] else {
        panic!("{effects:?}");
    };
    let tasks: Vec<_> = changes.iter().map(|(task, _)| task.clone()).collect();
    assert_eq!(tasks, [id(1), id(2)]);
}

#[test]
fn shift_chooses_along_the_way() {
    let mut model = board();
    let effects = press(&mut model, Action::ReachDown, 1);
    assert_eq!(effects, [Effect::FocusCard(id(2))]);
    assert_eq!(project(&model).chosen, 2);
    update(&mut model, Msg::Wanted(Action::SelectAll));
    assert_eq!(project(&model).chosen, 4);
    press(&mut model, Action::Leave, 1);
    assert_eq!(project(&model).chosen, 0);
}

#[test]
fn escape_leaves_one_thing_at_a_time() {
    let mut model = board();
    press(&mut model, Action::Select, 1);
    open(&mut model, 1);
    let effects = press(&mut model, Action::Leave, 1);
    assert_eq!(effects, [Effect::Visit(Address::default())]);
    assert_eq!(project(&model).chosen, 1);
}

#[test]
fn an_archived_card_leaves_the_keyboard_to_its_neighbour() {
    let mut model = board();
    let effects = press(&mut model, Action::Archive, 1);
    assert!(
        matches!(&effects[..], [Effect::Send { .. }, Effect::FocusCard(next)] if *next == id(2))
    );
}

#[test]
fn questions_open_only_about_a_task() {
    for action in [
        Action::MoveTo,
        Action::Assign,
        Action::Prioritise,
        Action::Block,
    ] {
        let mut model = board();
        update(&mut model, Msg::Wanted(action));
        assert_eq!(project(&model).palette, None);
        press(&mut model, action, 1);
        assert_eq!(
            project(&model).palette.unwrap().about.as_deref(),
            Some("Task 1")
        );
    }
}

#[test]
fn every_key_does_something_somewhere() {
    for shortcut in TABLE.iter().filter(|it| it.scope != Scope::Inbox) {
        let does_something = [1, 2, 3].into_iter().any(|card| {
            let mut model = board();
            if shortcut.action == Action::Leave {
                open(&mut model, 1);
            }
            let before = model.clone();
            !press(&mut model, shortcut.action, card).is_empty() || model != before
        });
        assert!(does_something, "{shortcut:?}");
    }
}

#[test]
fn help_opens_and_closes() {
    let mut model = board();
    update(&mut model, Msg::Wanted(Action::Help));
    assert!(project(&model).is_helping);
    update(&mut model, Msg::LeftHelp);
    assert!(!project(&model).is_helping);
}
