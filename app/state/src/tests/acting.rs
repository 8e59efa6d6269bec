//! Changes of one task and of many: shown at once, said, taken back.

use super::*;
use crate::board::selection;
use crate::drawer::edit;
use crate::notice::Kind;
use crate::palette::{self, Page};

fn choose(model: &mut Model, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        update(model, Msg::Selection(selection::Msg::Toggled(id(number))));
    }
}

fn drop_on(model: &mut Model, number: u32, column: Status) -> Vec<Effect> {
    update(model, Msg::Dropped(id(number), column))
}

fn ticket_of(effects: &[Effect]) -> Ticket {
    match effects {
        [
            Effect::Send { ticket, .. } | Effect::SendAll { ticket, .. },
            ..,
        ] => *ticket,
        other => panic!("nothing sent in {other:?}"),
    }
}

fn changes_of(effects: Vec<Effect>) -> Vec<(TaskId, Change)> {
    effects
        .into_iter()
        .flat_map(|effect| match effect {
            Effect::Send {
                request: Request::Change { task, change, .. },
                ..
            } => vec![(task, change)],
            Effect::SendAll { changes, .. } => changes,
            _ => Vec::new(),
        })
        .collect()
}

fn saved(event: i64) -> Saved {
    Saved {
        event: EventId(event),
    }
}

#[test]
fn a_dropped_card_hangs_there_at_once() {
    let (mut model, _) = live([summary(1)]);
    let effects = drop_on(&mut model, 1, Status::Todo);
    assert_eq!(changes_of(effects), [(id(1), Change::Move(Status::Todo))]);
    assert_eq!(cards(&project(&model).columns.todo), [id(1)]);
}

#[test]
fn a_card_dropped_where_it_hangs_asks_for_nothing() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(drop_on(&mut model, 1, Status::Ready), []);
    assert_eq!(project(&model).notices, []);
}

#[test]
fn a_drop_that_no_person_may_make_says_why() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(drop_on(&mut model, 1, Status::Running), []);
    let shown = project(&model);
    assert_eq!(
        shown.notices[0].text,
        "Only a worker that takes a task starts it"
    );
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
}

#[test]
fn a_dragged_card_shows_where_it_would_hang() {
    let mut urgent = with_status(1, Status::Todo);
    urgent.priority = 1;
    let (model, _) = live([urgent, summary(2), with_status(3, Status::Todo)]);
    assert_eq!(model.landing(&id(2), &Status::Todo), Ok(Some(id(1))));
    assert_eq!(model.landing(&id(1), &Status::Ready), Ok(None), "on top");
    assert!(model.landing(&id(2), &Status::Running).is_err());
    assert!(model.landing(&id(9), &Status::Todo).is_err());
}

#[test]
fn a_chosen_card_takes_the_others_along() {
    let (mut model, _) = live([summary(1), summary(2), with_status(3, Status::Blocked)]);
    choose(&mut model, [1, 3]);
    assert_eq!(model.taken_along(&id(3)), [id(1), id(3)]);

    let effects = drop_on(&mut model, 3, Status::Todo);

    let to_todo = Change::Move(Status::Todo);
    assert_eq!(
        changes_of(effects),
        [(id(1), to_todo.clone()), (id(3), to_todo)]
    );
    assert_eq!(cards(&project(&model).columns.todo), [id(1), id(3)]);
}

#[test]
fn a_card_that_is_not_chosen_goes_alone() {
    let (mut model, _) = live([summary(1), summary(2)]);
    choose(&mut model, [1]);
    let effects = drop_on(&mut model, 2, Status::Todo);
    assert_eq!(changes_of(effects), [(id(2), Change::Move(Status::Todo))]);
}

#[test]
fn of_many_changes_those_that_fail_stay_chosen_and_say_why() {
    let (mut model, _) = live([summary(1), summary(2), summary(3)]);
    choose(&mut model, [1, 2, 3]);
    let effects = update(&mut model, Msg::PutChosen(Status::Archived));
    let ticket = ticket_of(&effects);

    let results = vec![Ok(saved(8)), Err(refusal()), Ok(saved(9))];
    let told = pending::Msg::AnsweredAll(ticket, Ok(results));
    update(&mut model, Msg::Pending(told));

    let shown = project(&model);
    assert_eq!(shown.chosen, 1);
    let card = shown.cards.iter().find(|card| card.id == id(2)).unwrap();
    assert!(card.is_chosen);
    assert_eq!(card.refusal, Some(why(&model)));
    let said: Vec<&str> = shown.notices.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(
        said,
        [
            "Archived 2 tasks",
            "1 of 3 tasks stay as they are; their cards say why"
        ]
    );
}

#[test]
fn of_chosen_cards_those_that_cannot_go_say_why_without_asking() {
    let (mut model, _) = live([summary(1), with_status(2, Status::Triage)]);
    choose(&mut model, [1, 2]);
    let effects = update(&mut model, Msg::PutChosen(Status::Done));
    assert_eq!(
        changes_of(effects),
        [(id(1), Change::Complete { result: None })]
    );
    assert!(project(&model).cards[1].refusal.is_some());
}

#[test]
fn what_was_done_can_be_taken_back_once() {
    let (mut model, _) = live([summary(1)]);
    let effects = drop_on(&mut model, 1, Status::Todo);
    answer(&mut model, ticket_of(&effects), Ok(8));

    let shown = project(&model);
    assert_eq!(shown.notices[0].text, "Moved “Task 1” to Todo");
    let Kind::Done(act) = shown.notices[0].kind else {
        panic!("no offer");
    };

    let effects = update(&mut model, Msg::WantedUndo(Some(act)));
    assert_eq!(
        effects,
        [Effect::Send {
            ticket: ticket_of(&effects),
            request: Request::Undo {
                text: "Moved “Task 1” to Todo".to_owned(),
                events: vec![EventId(8)],
                earlier: Vec::new(),
            }
        }]
    );
    assert_eq!(project(&model).notices, []);
    answer(&mut model, ticket_of(&effects), Ok(9));
    update(&mut model, Msg::WantedUndo(None));
    assert_eq!(project(&model).notices[0].text, "There is nothing to undo");
}

#[test]
fn what_was_done_before_is_offered_no_more_and_taken_back_after_what_came_later() {
    let (mut model, socket) = live([summary(1)]);
    for (event, column) in [(8, Status::Todo), (9, Status::Triage)] {
        let effects = drop_on(&mut model, 1, column.clone());
        answer(&mut model, ticket_of(&effects), Ok(event));
        let moved = domain::board::Frame {
            events: vec![crate::fixture::event(event, 1, "status")],
            ..frame(event, [with_status(1, column)])
        };
        update(&mut model, Msg::Received(socket, moved));
    }
    let offers = project(&model).notices;
    let offered: Vec<_> = offers.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(offered, ["Moved “Task 1” to Triage"]);

    let undone = |effects: Vec<Effect>| match effects.as_slice() {
        [
            Effect::Send {
                ticket,
                request: Request::Undo { events, .. },
            },
        ] => (*ticket, events[0].0),
        other => panic!("nothing taken back in {other:?}"),
    };
    for (event, undone_by) in [(9, 10), (8, 11)] {
        let (ticket, taken_back) = undone(update(&mut model, Msg::WantedUndo(None)));
        assert_eq!(taken_back, event);
        answer(&mut model, ticket, Ok(undone_by));
    }
}

#[test]
fn an_undo_waits_for_the_one_before_it() {
    let (mut model, _) = live([summary(1)]);
    for (event, column) in [(8, Status::Todo), (9, Status::Triage)] {
        let effects = drop_on(&mut model, 1, column);
        answer(&mut model, ticket_of(&effects), Ok(event));
    }
    let first = update(&mut model, Msg::WantedUndo(None));
    assert_eq!(update(&mut model, Msg::WantedUndo(None)), []);
    let answered = pending::Msg::Answered(ticket_of(&first), Ok(saved(10)));
    let second = update(&mut model, Msg::Pending(answered));
    assert!(matches!(
        second.as_slice(),
        [Effect::Send { request: Request::Undo { events, .. }, .. }] if *events == [EventId(8)]
    ));
}

#[test]
fn many_changes_are_taken_back_together() {
    let (mut model, _) = live([summary(1), summary(2)]);
    choose(&mut model, [1, 2]);
    update(&mut model, Msg::AskedOfChosen(Page::Priority));
    update(
        &mut model,
        Msg::Palette(palette::Msg::Typed("2".to_owned())),
    );
    let effects = update(&mut model, Msg::Palette(palette::Msg::ChoseMarked));
    let told = pending::Msg::AnsweredAll(ticket_of(&effects), Ok(vec![Ok(saved(8)), Ok(saved(9))]));
    update(&mut model, Msg::Pending(told));

    let effects = update(&mut model, Msg::Wanted(Action::Undo));
    assert!(matches!(
        &effects[..],
        [Effect::Send { request: Request::Undo { events, .. }, .. }]
            if *events == [EventId(8), EventId(9)]
    ));
}

#[test]
fn more_changes_than_one_request_may_ask_for_are_said_and_taken_back_as_one() {
    let (mut model, _) = live((1..=2_500).map(summary));
    for _ in 0..24 {
        update(&mut model, Msg::WantedMore(Status::Ready));
    }
    update(&mut model, Msg::Selection(selection::Msg::ChoseAll));
    let mut effects = update(&mut model, Msg::PutChosen(Status::Todo));
    assert_eq!(project(&model).columns.todo.total, 2_500);

    let mut sent = Vec::new();
    for (first, count) in [(1, 1_000), (1_001, 1_000), (2_001, 500)] {
        assert_eq!(project(&model).notices, [], "it spoke too early");
        let ticket = ticket_of(&effects);
        sent.push(changes_of(effects).len());
        let results = (first..first + count).map(|event| Ok(saved(event)));
        let told = pending::Msg::AnsweredAll(ticket, Ok(results.collect()));
        effects = update(&mut model, Msg::Pending(told));
    }
    assert_eq!(sent, [1_000, 1_000, 500]);
    assert_eq!(effects, []);
    let said = project(&model).notices;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].text, "Moved 2500 tasks to Todo");

    let mut effects = update(&mut model, Msg::WantedUndo(None));
    let mut undone = Vec::new();
    while let [
        Effect::Send {
            ticket,
            request: Request::Undo { events, .. },
        },
    ] = effects.as_slice()
    {
        let ticket = *ticket;
        undone.push((events.first().copied(), events.len()));
        let answer = pending::Msg::Answered(ticket, Ok(saved(3_000)));
        effects = update(&mut model, Msg::Pending(answer));
    }
    assert_eq!(
        undone,
        [
            (Some(EventId(1_501)), 1_000),
            (Some(EventId(501)), 1_000),
            (Some(EventId(1)), 500),
        ]
    );
    assert_eq!(
        project(&model).announcement,
        "Undone: Moved 2500 tasks to Todo."
    );
}

#[test]
fn what_is_still_on_its_way_is_taken_back_when_it_has_arrived() {
    let (mut model, _) = live([summary(1), summary(2)]);
    let first = ticket_of(&drop_on(&mut model, 1, Status::Todo));
    answer(&mut model, first, Ok(8));
    let second = ticket_of(&drop_on(&mut model, 2, Status::Todo));
    let early = update(&mut model, Msg::WantedUndo(None));
    assert_eq!(early, []);

    let answer = pending::Msg::Answered(second, Ok(saved(9)));
    let effects = update(&mut model, Msg::Pending(answer));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Send { request: Request::Undo { events, .. }, .. }] if *events == [EventId(9)]
    ));
}

#[test]
fn a_change_that_changed_nothing_offers_no_undo() {
    let (mut model, _) = live([summary(1)]);
    let effects = update(&mut model, Msg::Changed(id(1), Change::SetPriority(0)));
    answer(&mut model, ticket_of(&effects), Ok(0));
    assert_eq!(project(&model).notices, []);
}

#[test]
fn a_refused_undo_says_why() {
    let (mut model, _) = live([summary(1)]);
    let effects = drop_on(&mut model, 1, Status::Todo);
    answer(&mut model, ticket_of(&effects), Ok(8));
    let effects = update(&mut model, Msg::WantedUndo(None));
    answer(&mut model, ticket_of(&effects), Err(refusal()));
    assert_eq!(project(&model).notices[0].text, why(&model));
}

#[test]
fn a_link_that_is_refused_says_why_beside_the_dependencies() {
    let (mut model, _) = live([summary(1), summary(2)]);
    open(&mut model, 1);
    let link = || {
        Msg::Changed(
            id(1),
            Change::WaitFor {
                parent: id(2).to_string(),
                on: None,
            },
        )
    };
    let effects = update(&mut model, link());
    answer(&mut model, ticket_of(&effects), Err(refusal()));

    let problem = |model: &Model| match project(model).drawer {
        Drawer::Loaded { problem, .. } => problem,
        other => panic!("it is not open but {other:?}"),
    };
    assert_eq!(problem(&model), Some(why(&model)));
    assert_eq!(project(&model).notices, []);
    update(&mut model, link());
    assert_eq!(problem(&model), None);
}

#[test]
fn an_edit_sends_what_is_different_and_shows_it_at_once() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    update(&mut model, Msg::Edit(edit::Msg::Began));
    let text = Text {
        title: "Renamed".to_owned(),
        ..Text::default()
    };
    let effects = update(&mut model, Msg::Edit(edit::Msg::Finished(text)));
    assert_eq!(
        changes_of(effects),
        [(
            id(1),
            Change::Edit {
                title: Some("Renamed".to_owned()),
                body: None,
                check: None,
                review: None,
            }
        )]
    );
    assert_eq!(project(&model).cards[0].title, "Renamed");
}

#[test]
fn an_edit_that_somebody_else_overtook_shows_their_text() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    let conflict = |model: &Model| match project(model).drawer {
        Drawer::Loaded { conflict, .. } => conflict,
        other => panic!("it is not open but {other:?}"),
    };
    update(&mut model, Msg::Edit(edit::Msg::Began));
    assert_eq!(conflict(&model), None);

    let mut theirs = reading(1, vec![]);
    theirs.detail.task.body = Some("theirs".to_owned());
    update(&mut model, read(1, Box::new(theirs)));
    assert_eq!(
        conflict(&model).map(|text| text.body).as_deref(),
        Some("theirs")
    );

    update(&mut model, Msg::Edit(edit::Msg::Began));
    assert_eq!(conflict(&model), None, "it was read");
}

#[test]
fn an_answer_of_the_palette_is_about_the_tasks_it_was_asked_about() {
    let (mut model, _) = live([summary(1), summary(2)]);
    let opened = palette::Msg::Opened(Page::Priority, vec![id(2)]);
    update(&mut model, Msg::Palette(opened));
    update(
        &mut model,
        Msg::Palette(palette::Msg::Typed("7".to_owned())),
    );
    let effects = update(&mut model, Msg::Palette(palette::Msg::ChoseMarked));
    assert_eq!(changes_of(effects), [(id(2), Change::SetPriority(7))]);
    assert_eq!(project(&model).palette, None);
}

#[test]
fn an_answer_that_asks_on_keeps_the_tasks() {
    let (mut model, _) = live([summary(1)]);
    update(&mut model, Msg::OpenedMenu(id(1)));
    let items = project(&model).palette.unwrap().items;
    let place = items
        .iter()
        .position(|item| item.label == "Assign to…")
        .unwrap();
    update(&mut model, Msg::Palette(palette::Msg::Chose(place)));
    let asked = project(&model).palette.unwrap();
    assert_eq!(asked.placeholder, "Assign to…");
    assert_eq!(asked.about.as_deref(), Some("Task 1"));
}

#[test]
fn an_answer_that_is_not_to_be_had_does_nothing() {
    let (mut model, _) = live([summary(1)]);
    let opened = palette::Msg::Opened(Page::Move, vec![id(1)]);
    update(&mut model, Msg::Palette(opened));
    let items = project(&model).palette.unwrap().items;
    let place = items
        .iter()
        .position(|item| item.problem.is_some())
        .unwrap();
    let effects = update(&mut model, Msg::Palette(palette::Msg::Chose(place)));
    assert_eq!(effects, []);
    assert!(project(&model).palette.is_some());
}

#[test]
fn a_nudge_says_what_came_of_it() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(update(&mut model, Msg::WantedNudge), [Effect::Nudge]);
    for (result, said) in [
        (Ok(0), "Nothing can start now"),
        (Ok(1), "Started one task"),
        (Ok(3), "Started 3 tasks"),
        (Err(refusal()), "waits for"),
    ] {
        update(&mut model, Msg::Nudged(result));
        let notices = project(&model).notices;
        assert!(
            notices.last().is_some_and(|it| it.text.contains(said)),
            "{notices:?}"
        );
    }
}

#[test]
fn leaving_is_for_the_browser_to_do() {
    let (mut model, _) = live([]);
    assert_eq!(update(&mut model, Msg::LoggedOut), [Effect::LogOut]);
}
