//! The frames of the socket, and the page without one.

use domain::fixture::dispatch;

use super::*;
use crate::pulse::Pulse;

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
fn the_column_for_reviews_is_there_while_a_task_or_a_lane_uses_them() {
    let named = |status| TaskSummary {
        names_reviewer: true,
        ..with_status(1, status)
    };
    for (task, expected) in [
        (summary(1), false),
        (with_status(1, Status::Review), true),
        (named(Status::Ready), true),
        (named(Status::Done), true),
        (named(Status::Archived), false),
    ] {
        let shown = project(&page([task.clone()]));
        assert_eq!(shown.has_reviews, expected, "{task:?}");
    }
    let (mut model, socket) = live([summary(1)]);
    let mut pulse = Pulse {
        dispatch: dispatch(),
        ..Pulse::default()
    };
    update(&mut model, Msg::Heard(socket, pulse.clone()));
    assert!(!project(&model).has_reviews);
    let lanes = &mut pulse.dispatch.report.as_mut().unwrap().lanes;
    lanes[0].review = Some("person".to_owned());
    update(&mut model, Msg::Heard(socket, pulse));
    assert!(project(&model).has_reviews);
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
fn the_clock_ticks_in_seconds_and_in_minutes() {
    let mut model = page([]);
    update(&mut model, Msg::Ticked(Timestamp(125)));
    let shown = project(&model);
    assert_eq!(shown.second, Timestamp(125));
    assert_eq!(shown.minute, Timestamp(120));
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
        update(&mut model, Msg::Filter(crate::board::filter::Msg::ToggledArchived));
        let Shown { cards, columns, .. } = project(&model);
        let hung = Status::ALL.iter().flat_map(|column| columns.of(column).cards().cloned());
        let mut hung: Vec<_> = hung.collect();
        hung.sort();
        prop_assert_eq!(hung, cards.into_iter().map(|card| card.id).collect::<Vec<_>>());
    }
}
