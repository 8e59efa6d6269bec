//! The task that is open beside the board.

use std::sync::Arc;

use domain::inbox::Need;

use super::*;
use crate::drawer::tab::Tab;
use crate::inbox;

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
    assert_eq!(
        effects,
        [
            Effect::ReadTask(id(1)),
            Effect::FocusDrawer,
            Effect::ShowCard(id(1))
        ]
    );
    let shown = project(&model);
    assert!(shown.cards[0].is_open);
    assert_eq!(
        shown.drawer,
        Drawer::Loading {
            task: id(1),
            card: Some(Arc::new(summary(1)))
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

fn tab(model: &Model) -> Tab {
    match project(model).drawer {
        Drawer::Loaded { tab, .. } => tab,
        other => panic!("it is not open: {other:?}"),
    }
}

#[test]
fn a_tab_is_in_the_address_and_one_without_content_cannot_be_chosen() {
    let (mut model, _) = live([summary(1), summary(2)]);
    open(&mut model, 1);
    assert_eq!(tab(&model), Tab::Overview);
    let effects = update(&mut model, Msg::ChoseTab(Tab::Activity));
    assert_eq!(tab(&model), Tab::Activity);
    assert!(
        matches!(&effects[..], [Effect::KeepAddress(address)] if address.url() == "/t/t_00000001?tab=activity")
    );
    assert_eq!(update(&mut model, Msg::ChoseTab(Tab::Evidence)), []);
    assert_eq!(tab(&model), Tab::Activity);

    let nothing = Address::of_task(id(2)).with_tab(Tab::Log);
    update(&mut model, Msg::Visited(nothing));
    update(&mut model, read(2, Box::new(reading(2, vec![]))));
    assert_eq!(tab(&model), Tab::Overview);
}

#[test]
fn digits_choose_tabs_of_the_open_task() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(
        update(&mut model, Msg::Wanted(Action::Tab(Tab::Activity))),
        []
    );
    open(&mut model, 1);
    update(&mut model, Msg::Wanted(Action::Tab(Tab::Activity)));
    assert_eq!(tab(&model), Tab::Activity);
}

#[test]
fn the_tasks_beside_the_open_one_are_those_of_the_whole_board() {
    let (mut model, _) = live([
        summary(1),
        with_status(2, Status::Blocked),
        with_status(3, Status::Done),
    ]);
    assert_eq!(project(&model).around, (None, None));
    open(&mut model, 2);
    assert_eq!(project(&model).around, (Some(id(1)), Some(id(3))));
    open(&mut model, 3);
    assert_eq!(project(&model).around, (Some(id(2)), None));
    let effects = update(&mut model, Msg::Wanted(Action::Up));
    assert_eq!(effects, [Effect::Visit(Address::of_task(id(2)))]);
}

#[test]
fn a_blocked_task_is_answered_where_it_is_open() {
    let asks = TaskSummary {
        block_reason: Some("Which port?".to_owned()),
        ..with_status(1, Status::Blocked)
    };
    let (mut model, _) = live([asks]);
    update(&mut model, Msg::Visited(Address::of_task(id(1))));
    let mut reading = reading(1, vec![]);
    reading.detail.task.status = Status::Blocked;
    reading.detail.task.block_reason = Some("Which port?".to_owned());
    update(&mut model, read(1, Box::new(reading)));
    let Drawer::Loaded { need, .. } = project(&model).drawer else {
        panic!("it is not open");
    };
    let question = Some("Which port?".to_owned());
    assert_eq!(need, Some(Need::Answer { question }));

    let effects = update(&mut model, Msg::Wanted(Action::Answer));
    assert_eq!(effects.last(), Some(&Effect::FocusAnswer(id(1))));
    update(&mut model, Msg::ReachedField);
    let said = inbox::Answer::Say("8080".to_owned());
    let said = inbox::Msg::Answered(inbox::ConcernId::Task(id(1)), said);
    let effects = update(&mut model, Msg::Inbox(said));
    assert!(matches!(
        &effects[..],
        [
            Effect::Send {
                request: Request::Change {
                    change: Change::Answer { text },
                    ..
                },
                ..
            },
            Effect::FocusDrawer
        ] if text == "8080"
    ));
    let Drawer::Loaded { need, .. } = project(&model).drawer else {
        panic!("it is not open");
    };
    assert_eq!(need, None, "it goes on");
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
        changes: None,
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
        changes: None,
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
