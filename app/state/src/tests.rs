//! The page as a whole: what each message does to what is shown.

mod acting;
mod looking;
mod pressing;

use domain::board::{Snapshot, TaskSummary};
use domain::error::ErrorKind;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use proptest::prelude::*;

use crate::address::Address;
use crate::change::Change;
use crate::comment;
use crate::connection::{self, Link, Socket};
use crate::create::{self, Refused};
use crate::drawer;
use crate::edit::Text;
use crate::fixture::{
    NOW, any_frame, event, form, frame, page, reading, snapshot, summary, with_status,
};
use crate::layout::Layout;
use crate::pending::{self, Request, Saved, Ticket};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::shown::{Column, Drawer, Shown, project};
use crate::theme::Theme;
use crate::{Effect, Model, Msg, Opening, update};

fn id(number: u32) -> TaskId {
    TaskId::from_bits(number)
}

fn refusal() -> Refusal {
    Refusal {
        kind: ErrorKind::Refused,
        message: "task t_00000001 waits for t_00000002".to_owned(),
    }
}

/// A page whose socket is open.
fn live(tasks: impl IntoIterator<Item = TaskSummary>) -> (Model, Socket) {
    let mut model = page(tasks);
    let effects = update(&mut model, Msg::Started(NOW));
    let [Effect::OpenSocket { socket, .. }] = effects[..] else {
        panic!("no socket in {effects:?}");
    };
    update(&mut model, Msg::Received(socket, frame(7, [])));
    (model, socket)
}

fn ask(model: &mut Model, request: Request) -> Ticket {
    let effects = update(model, Msg::Pending(pending::Msg::Asked(request)));
    let [Effect::Send { ticket, .. }] = effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    ticket
}

fn move_of(task: u32, to: Status) -> Request {
    Request::Change {
        task: id(task),
        name: format!("Task {task}"),
        change: Change::Move(to),
    }
}

fn cards(column: &Column) -> Vec<TaskId> {
    column.cards().cloned().collect()
}

fn read_board(result: Result<Snapshot, Refusal>) -> Msg {
    Msg::ReadBoard {
        result,
        has_archive: false,
    }
}

fn answer(model: &mut Model, ticket: Ticket, result: Result<i64, Refusal>) {
    let result = result.map(|event| Saved {
        event: EventId(event),
    });
    update(model, Msg::Pending(pending::Msg::Answered(ticket, result)));
}

fn open(model: &mut Model, number: u32) {
    update(model, Msg::Visited(Address::of_task(id(number))));
    let reading = Box::new(reading(number, vec![]));
    update(
        model,
        Msg::Drawer(drawer::Msg::Read(id(number), Ok(reading))),
    );
}

fn lost_track(socket: Socket) -> Msg {
    Msg::Connection(connection::Msg::LostTrack(socket))
}

fn status_on_page(shown: &Shown, number: u32) -> Option<&Status> {
    shown
        .cards
        .iter()
        .find(|card| card.id == id(number))
        .map(|card| &card.status)
}

#[test]
fn the_page_connects_where_its_snapshot_ends() {
    let mut model = page([summary(1)]);
    let effects = update(&mut model, Msg::Started(NOW));
    assert!(matches!(
        effects[..],
        [Effect::OpenSocket {
            since: EventId(7),
            ..
        }]
    ));
    assert_eq!(project(&model).link, Link::Connecting);
}

#[test]
fn a_card_hangs_in_the_column_of_its_status() {
    let shown = project(&page([
        with_status(1, Status::Blocked),
        with_status(2, Status::Other("review".into())),
        summary(3),
    ]));
    assert_eq!(cards(&shown.columns.blocked), [id(1)]);
    assert_eq!(cards(&shown.columns.todo), [id(2)]);
    assert_eq!(cards(&shown.columns.ready), [id(3)]);
    assert!(!shown.is_empty);
}

#[test]
fn a_frame_moves_a_card_and_tells_screen_readers() {
    let (mut model, socket) = live([summary(1), summary(2)]);

    let frame = frame(8, [with_status(1, Status::Running)]);
    let effects = update(&mut model, Msg::Received(socket, frame));

    let shown = project(&model);
    assert_eq!(effects, []);
    assert_eq!(cards(&shown.columns.running), [id(1)]);
    assert_eq!(cards(&shown.columns.ready), [id(2)]);
    assert_eq!(shown.cards[0].changes, 1);
    assert_eq!(shown.cards[1].changes, 0);
    assert_eq!(shown.announcement, "“Task 1” moved to Running.");
}

#[test]
fn a_frame_of_an_old_socket_is_not_listened_to() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, Msg::Ticked(NOW + Seconds(21)));
    update(
        &mut model,
        Msg::Received(socket, frame(8, [with_status(1, Status::Done)])),
    );
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);
}

#[test]
fn silence_is_shown_and_the_next_socket_resumes_at_the_cursor() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, Msg::Received(socket, frame(12, [summary(2)])));

    let effects = update(&mut model, Msg::Ticked(NOW + Seconds(21)));

    assert!(matches!(
        effects[..],
        [Effect::OpenSocket {
            since: EventId(12),
            ..
        }]
    ));
    assert_eq!(project(&model).link, Link::Lost);
}

#[test]
fn an_empty_frame_keeps_the_connection() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, Msg::Ticked(NOW + Seconds(15)));
    update(&mut model, Msg::Received(socket, frame(7, [])));
    assert_eq!(update(&mut model, Msg::Ticked(NOW + Seconds(30))), []);
    assert_eq!(project(&model).link, Link::Live);
}

#[test]
fn a_lost_track_reads_the_board_once_and_connects_there() {
    let (mut model, socket) = live([summary(1)]);
    assert_eq!(update(&mut model, lost_track(socket)), [Effect::ReadBoard]);

    let mut later = snapshot([summary(2)]);
    later.cursor = EventId(3);
    let effects = update(&mut model, read_board(Ok(later)));

    assert!(matches!(
        effects[..],
        [Effect::OpenSocket {
            since: EventId(3),
            ..
        }]
    ));
    assert_eq!(cards(&project(&model).columns.ready), [id(2)]);
}

#[test]
fn a_board_that_cannot_be_read_is_tried_again_later() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, lost_track(socket));
    assert_eq!(update(&mut model, read_board(Err(refusal()))), []);
    assert_eq!(project(&model).link, Link::Lost);
    let effects = update(&mut model, Msg::Ticked(NOW + Seconds(1)));
    assert_eq!(effects, [Effect::ReadBoard]);
}

#[test]
fn nothing_is_heard_between_a_lost_track_and_the_snapshot() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, lost_track(socket));
    update(&mut model, Msg::Received(socket, frame(9, [summary(2)])));
    update(&mut model, read_board(Err(refusal())));
    update(&mut model, Msg::Received(socket, frame(9, [])));

    let shown = project(&model);
    assert_eq!(shown.link, Link::Lost);
    assert_eq!(shown.cards.len(), 1, "a frame hid the gap before it");

    update(&mut model, Msg::Ticked(NOW + Seconds(1)));
    let mut later = snapshot([summary(1), summary(2)]);
    later.cursor = EventId(10);
    let effects = update(&mut model, read_board(Ok(later)));
    assert!(matches!(
        effects[..],
        [Effect::OpenSocket {
            since: EventId(10),
            ..
        }]
    ));
    assert_eq!(project(&model).cards.len(), 2);
}

#[test]
fn a_new_task_is_shown_at_once_and_exactly_once() {
    let (mut model, socket) = live([]);
    assert!(project(&model).is_empty);

    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    let shown = project(&model);
    assert_eq!(shown.drafts[0].title, "Task 1");
    assert_eq!(shown.drafts[0].status, Status::Ready);
    assert!(!shown.is_empty);

    answer(&mut model, ticket, Ok(8));
    assert_eq!(
        project(&model).drafts.len(),
        1,
        "gone before its card is there"
    );

    update(&mut model, Msg::Received(socket, frame(8, [summary(1)])));
    let shown = project(&model);
    assert_eq!(shown.drafts, []);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
}

#[test]
fn a_frame_before_the_answer_shows_a_new_task_once_too() {
    let (mut model, socket) = live([]);
    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    update(&mut model, Msg::Received(socket, frame(8, [summary(1)])));
    assert_eq!(project(&model).drafts, []);
    answer(&mut model, ticket, Ok(8));
    assert_eq!(project(&model).cards.len(), 1);
}

#[test]
fn a_refused_form_comes_back_as_it_was_filled_in() {
    let (mut model, _) = live([]);
    let ticket = ask(&mut model, Request::Create(form("Task 1")));
    answer(&mut model, ticket, Err(refusal()));

    let shown = project(&model);
    assert_eq!(shown.drafts, []);
    assert_eq!(
        shown.create.refused,
        Some(Refused {
            form: form("Task 1"),
            refusal: refusal()
        })
    );

    ask(&mut model, Request::Create(form("Task 1")));
    assert_eq!(project(&model).create.refused, None);
}

#[test]
fn a_form_opened_from_triage_makes_an_idea_once() {
    let (mut model, _) = live([]);
    update(
        &mut model,
        Msg::Create(create::Msg::OpenedFrom(Status::Triage)),
    );
    assert!(project(&model).create.triage);
    ask(&mut model, Request::Create(form("Task 1")));
    assert!(!project(&model).create.triage);
}

#[test]
fn a_move_is_shown_at_once_and_taken_back_when_refused() {
    let (mut model, _) = live([with_status(1, Status::Todo)]);
    let ticket = ask(&mut model, move_of(1, Status::Ready));
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
    assert!(shown.cards[0].is_pending);

    answer(&mut model, ticket, Err(refusal()));
    let shown = project(&model);
    assert_eq!(status_on_page(&shown, 1), Some(&Status::Todo));
    assert!(!shown.cards[0].is_pending);
    assert_eq!(shown.notices[0].text, refusal().message);
}

#[test]
fn a_granted_move_does_not_jump_back_before_its_event() {
    let (mut model, socket) = live([with_status(1, Status::Todo)]);
    let ticket = ask(&mut model, move_of(1, Status::Ready));
    answer(&mut model, ticket, Ok(8));
    assert_eq!(cards(&project(&model).columns.ready), [id(1)]);

    update(
        &mut model,
        Msg::Received(socket, frame(8, [with_status(1, Status::Ready)])),
    );
    let shown = project(&model);
    assert_eq!(cards(&shown.columns.ready), [id(1)]);
    assert!(!shown.cards[0].is_pending);
}

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
fn a_comment_is_shown_at_once_and_never_twice() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    let request = Request::Comment {
        task: id(1),
        body: "Why?".to_owned(),
    };
    let ticket = ask(&mut model, request);
    answer(&mut model, ticket, Ok(8));
    let comments = |model: &Model| match project(model).drawer {
        Drawer::Loaded { comments, .. } => comments,
        other => panic!("it is not open but {other:?}"),
    };
    assert_eq!(comments(&model), ["Why?"]);

    let later = Box::new(reading(1, vec![event(8, 1, "commented")]));
    update(&mut model, Msg::Drawer(drawer::Msg::Read(id(1), Ok(later))));
    assert_eq!(comments(&model), [""; 0]);
}

#[test]
fn a_refused_comment_is_handed_back_even_after_the_task_was_left() {
    let (mut model, _) = live([summary(1)]);
    open(&mut model, 1);
    let draft = |model: &Model| match project(model).drawer {
        Drawer::Loaded { draft, .. } => draft,
        other => panic!("it is not open but {other:?}"),
    };
    let typed = comment::Msg::Typed(id(1), "Why?".to_owned());
    update(&mut model, Msg::Comment(typed));
    let ticket = ask(
        &mut model,
        Request::Comment {
            task: id(1),
            body: "Why?".to_owned(),
        },
    );
    assert_eq!(draft(&model), "");

    update(&mut model, Msg::Visited(Address::default()));
    answer(&mut model, ticket, Err(refusal()));
    open(&mut model, 1);
    assert_eq!(draft(&model), "Why?");
    assert_eq!(project(&model).notices[0].text, refusal().message);
}

#[test]
fn a_refused_sample_says_why() {
    let (mut model, _) = live([]);
    let ticket = ask(&mut model, Request::FillSample);
    assert!(project(&model).is_filling);
    answer(&mut model, ticket, Err(refusal()));
    let shown = project(&model);
    assert!(!shown.is_filling);
    assert_eq!(shown.notices.len(), 1);
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
        pulse: Pulse::default(),
        layout: Layout::default(),
        theme: Theme::Dark,
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
        pulse: Pulse::default(),
        layout: Layout::default(),
        theme: Theme::System,
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

#[test]
fn a_notice_can_be_dismissed_and_goes_away_by_itself() {
    let (mut model, _) = live([summary(1)]);
    for _ in 0..2 {
        let ticket = ask(&mut model, move_of(1, Status::Todo));
        answer(&mut model, ticket, Err(refusal()));
    }
    let first = project(&model).notices[0].id;
    update(&mut model, Msg::DismissedNotice(first));
    assert_eq!(project(&model).notices.len(), 1);
    update(&mut model, Msg::Ticked(NOW + Seconds(12)));
    assert_eq!(project(&model).notices.len(), 0);
}

#[test]
fn the_clock_ticks_in_seconds_and_in_minutes() {
    let mut model = page([]);
    update(&mut model, Msg::Ticked(Timestamp(125)));
    let shown = project(&model);
    assert_eq!(shown.second, Timestamp(125));
    assert_eq!(shown.minute, Timestamp(120));
}

#[test]
fn the_chosen_colours_are_kept() {
    let mut model = page([]);
    assert_eq!(
        update(&mut model, Msg::ChoseTheme(Theme::Dark)),
        [Effect::KeepTheme(Theme::Dark)]
    );
    assert_eq!(project(&model).theme, Theme::Dark);
}

#[test]
fn every_name_on_the_board_is_offered_and_the_shell_lane_always() {
    let mut other = summary(1);
    other.assignee = Some("claude".to_owned());
    assert_eq!(project(&page([other])).assignees, ["claude", "shell"]);
    assert_eq!(project(&page([])).assignees, ["shell"]);
}

proptest! {
    #[test]
    fn a_frame_received_twice_equals_once(frame in any_frame()) {
        let (mut once, socket) = live([summary(1), summary(2)]);
        update(&mut once, Msg::Received(socket, frame.clone()));
        let mut twice = once.clone();
        prop_assert_eq!(update(&mut twice, Msg::Received(socket, frame)), vec![]);
        prop_assert_eq!(twice, once);
    }

    #[test]
    fn every_card_hangs_in_exactly_one_column(
        frames in proptest::collection::vec(any_frame(), 0..4),
        moves in proptest::collection::vec((0..4_u32, proptest::sample::select(Status::ALL.to_vec())), 0..4),
    ) {
        let (mut model, socket) = live([summary(1), summary(2)]);
        for (position, mut frame) in (8..).zip(frames) {
            frame.cursor = EventId(position);
            update(&mut model, Msg::Received(socket, frame));
        }
        for (task, to) in moves {
            ask(&mut model, move_of(task, to));
        }
        update(&mut model, Msg::Filter(crate::filter::Msg::ToggledArchived));
        let Shown { cards, columns, .. } = project(&model);
        let hung = Status::ALL.iter().flat_map(|column| columns.of(column).cards().cloned());
        let mut hung: Vec<_> = hung.collect();
        hung.sort();
        prop_assert_eq!(hung, cards.into_iter().map(|card| card.id).collect::<Vec<_>>());
    }
}
