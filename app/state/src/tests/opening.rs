//! The task that is open beside the board.

use super::*;

#[test]
fn the_open_task_moves_with_its_card() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    ask(&mut model, move_of(1, Status::Todo));
    let Drawer::Loaded { status, .. } = project(&model).drawer else {
        panic!("it is not open");
    };
    assert_eq!(status, Status::Todo);
}

#[test]
fn opening_a_task_reads_it_and_closing_gives_the_keyboard_back() {
    let (mut model, _) = live([summary(1)]);
    let effects = update(&mut model, Msg::Visited(Address::of_task(id(1))));
    assert_eq!(effects, [Effect::ReadTask(id(1)), Effect::FocusDrawer]);
    let shown = project(&model);
    assert!(shown.cards[0].is_open);
    assert_eq!(
        shown.drawer,
        Drawer::Loading {
            task: id(1),
            title: Some("Task 1".to_owned())
        }
    );

    assert_eq!(
        update(&mut model, Msg::LeftTask),
        [Effect::Visit(Address::default())]
    );
    let effects = update(&mut model, Msg::Visited(Address::default()));
    assert_eq!(effects, [Effect::FocusCard(id(1))]);
    assert_eq!(project(&model).drawer, Drawer::Closed);
}

#[test]
fn visiting_where_one_is_does_nothing() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(update(&mut model, Msg::Visited(Address::default())), []);
    open(&mut model, 1);
    assert_eq!(
        update(&mut model, Msg::Visited(Address::of_task(id(1)))),
        []
    );
}

#[test]
fn there_is_no_task_to_leave_on_the_bare_board() {
    let (mut model, _) = live([]);
    assert_eq!(update(&mut model, Msg::LeftTask), []);
}

#[test]
fn a_frame_about_the_open_task_reads_it_again() {
    let (mut model, socket) = live([summary(1), summary(2)]);
    open(&mut model, 1);
    let effects = update(&mut model, Msg::Received(socket, frame(8, [summary(2)])));
    assert_eq!(effects, []);
    let effects = update(&mut model, Msg::Received(socket, frame(9, [summary(1)])));
    assert_eq!(effects, [Effect::ReadTask(id(1))]);
}

#[test]
fn a_link_to_a_task_opens_with_it() {
    let model = Model::new(Opening {
        address: Address::of_task(id(1)),
        snapshot: snapshot([summary(1)]),
        reading: Some(Ok(reading(1, vec![]))),
        inbox: crate::inbox::ServerEntries::default(),
        pulse: Pulse::default(),
        notifies: false,
        layout: Layout::default(),
        theme: Theme::Dark,
        me: None,
        problem: None,
    });
    let shown = project(&model);
    assert_eq!(shown.drawer.task(), Some(&id(1)));
    assert!(matches!(shown.drawer, Drawer::Loaded { .. }));
    assert_eq!(shown.theme, Theme::Dark);
}

#[test]
fn a_link_to_a_missing_task_says_so_beside_the_board() {
    let model = Model::new(Opening {
        address: Address::of_task(id(9)),
        snapshot: snapshot([summary(1)]),
        reading: Some(Err(refusal())),
        inbox: crate::inbox::ServerEntries::default(),
        pulse: Pulse::default(),
        notifies: false,
        layout: Layout::default(),
        theme: Theme::System,
        me: None,
        problem: Some(refusal()),
    });
    let shown = project(&model);
    assert_eq!(
        shown.drawer,
        Drawer::Failed {
            task: id(9),
            refusal: refusal()
        }
    );
    assert_eq!(shown.notices[0].text, refusal().message);
}
