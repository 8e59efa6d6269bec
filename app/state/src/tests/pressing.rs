//! The board by keyboard alone.

use super::*;
use crate::Focus;
use crate::keys::{Action, Place, TABLE};

fn on(number: u32) -> Focus {
    Focus {
        card: Some(id(number)),
    }
}

fn press(model: &mut Model, action: Action, number: u32) -> Vec<Effect> {
    update(model, Msg::Pressed(action, on(number)))
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
    let effects = update(&mut model, Msg::Pressed(Action::Down, Focus::default()));
    assert_eq!(effects, [Effect::FocusCard(id(1))]);
}

#[test]
fn while_a_task_is_open_the_next_one_opens() {
    let mut model = board();
    open(&mut model, 1);
    let effects = update(&mut model, Msg::Pressed(Action::Down, Focus::default()));
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
    let effects = press(&mut model, Action::MoveForth, 1);
    assert!(matches!(
        &effects[..],
        [
            Effect::Send {
                request: Request::Change {
                    change: Change::Block { .. },
                    ..
                },
                ..
            },
            _
        ]
    ));
    let effects = press(&mut model, Action::MoveBack, 2);
    assert!(matches!(
        &effects[..],
        [Effect::Send { request, .. }, _] if *request == move_of(2, Status::Todo)
    ));
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
    update(
        &mut model,
        Msg::Pressed(Action::SelectAll, Focus::default()),
    );
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
        update(&mut model, Msg::Pressed(action, Focus::default()));
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
    for shortcut in TABLE.iter().filter(|it| it.place != Place::Inbox) {
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
    update(&mut model, Msg::Pressed(Action::Help, Focus::default()));
    assert!(project(&model).is_helping);
    update(&mut model, Msg::LeftHelp);
    assert!(!project(&model).is_helping);
}
