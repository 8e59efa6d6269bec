//! The inbox: what is in it, what answers do, and where the keyboard goes.

use domain::id::DeliveryId;
use domain::inbox::{Concern, Need};
use domain::notify::Address as Place;

use super::*;
use crate::Focus;
use crate::inbox::{self, Answer, ConcernId};
use crate::keys::{self, Action, TABLE};
use crate::notification::{self, State};
use crate::pulse::Status as Told;

/// A task that asks since so many seconds.
fn asks(number: u32, since: i64) -> TaskSummary {
    TaskSummary {
        block_reason: Some("which port?".to_owned()),
        status_since: Timestamp(since),
        ..with_status(number, Status::Blocked)
    }
}

fn gave_up(number: u32, since: i64) -> TaskSummary {
    TaskSummary {
        block_reason: None,
        last_error: Some("ended without a word".to_owned()),
        failures: 3,
        ..asks(number, since)
    }
}

/// What the server says of the same task.
fn proposed(number: u32, since: i64) -> Concern {
    Concern {
        need: Need::GaveUp {
            failures: 3,
            error: "ended without a word".to_owned(),
            proposed: Some("42 ships".to_owned()),
        },
        ..Concern::of_task(&gave_up(number, since)).unwrap()
    }
}

fn undelivered(delivery: i64, task: u32, since: i64) -> Concern {
    Concern {
        need: Need::Undelivered {
            delivery: DeliveryId(delivery),
            to: Place {
                platform: "webhook".to_owned(),
                chat_id: "ci".to_owned(),
                thread_id: String::new(),
                user_id: None,
            },
            text: "it is done".to_owned(),
            error: "answered 404".to_owned(),
        },
        ..Concern::of_task(&asks(task, since)).unwrap()
    }
}

fn task(number: u32) -> ConcernId {
    ConcernId::Task(id(number))
}

fn letter(number: i64) -> ConcernId {
    ConcernId::Delivery(DeliveryId(number))
}

fn ids(model: &Model) -> Vec<ConcernId> {
    project(model).inbox.iter().map(ConcernId::of).collect()
}

/// The inbox, open, with a question, a proposed result and a dead letter, in this order.
fn three() -> (Model, Socket) {
    let (mut model, socket) = live([asks(1, 10), gave_up(2, 20), with_status(3, Status::Done)]);
    let effects = tell(&mut model, socket, &[(7, 3)]);
    assert_eq!(effects, [Effect::ReadInbox]);
    read(&mut model, vec![proposed(2, 20), undelivered(7, 3, 30)]);
    update(&mut model, Msg::Visited(Address::default().with_inbox()));
    (model, socket)
}

fn tell(model: &mut Model, socket: Socket, dead: &[(i64, u32)]) -> Vec<Effect> {
    let dead = dead
        .iter()
        .map(|&(delivery, of)| (DeliveryId(delivery), id(of)));
    let told = Told {
        undelivered: dead.collect(),
        ..Told::default()
    };
    update(model, Msg::Heard(socket, told))
}

fn read(model: &mut Model, concerns: Vec<Concern>) -> Vec<Effect> {
    let told = inbox::Told::of(concerns);
    update(model, Msg::Inbox(inbox::Msg::Read(Ok(told))))
}

fn answer(model: &mut Model, concern: ConcernId, answer: Answer) -> Vec<Effect> {
    update(model, Msg::Inbox(inbox::Msg::Answered(concern, answer)))
}

fn press(model: &mut Model, action: Action) -> Vec<Effect> {
    update(model, Msg::Pressed(action, Focus::default()))
}

fn sent(effects: &[Effect]) -> (Ticket, &Request) {
    match effects {
        [Effect::Send { ticket, request }, ..] => (*ticket, request),
        other => panic!("nothing sent in {other:?}"),
    }
}

fn change(of: u32, change: Change) -> Request {
    Request::Change {
        task: id(of),
        name: format!("Task {of}"),
        change,
    }
}

#[test]
fn what_has_waited_longest_comes_first() {
    let (model, _) = three();
    assert_eq!(ids(&model), [task(1), task(2), letter(7)]);
    let shown = project(&model);
    assert_eq!(shown.inbox[1], proposed(2, 20));
    assert_eq!(shown.concern, Some(task(1)));
}

#[test]
fn of_one_second_tasks_come_before_news() {
    let (mut model, socket) = live([asks(9, 10), asks(8, 10), with_status(3, Status::Done)]);
    tell(&mut model, socket, &[(1, 3)]);
    read(&mut model, vec![undelivered(1, 3, 10)]);
    assert_eq!(ids(&model), [task(8), task(9), letter(1)]);
}

#[test]
fn an_answer_is_a_comment_and_an_unblock_and_the_next_has_the_keyboard() {
    let (mut model, socket) = three();
    update(
        &mut model,
        Msg::Comment(comment::Msg::Typed(id(1), "8080".to_owned())),
    );
    let text = "8080".to_owned();
    let effects = answer(&mut model, task(1), Answer::Say(text.clone()));
    let answered = Change::Answer { text };
    assert_eq!(sent(&effects).1, &change(1, answered.clone()));
    assert_eq!(effects[1..], [Effect::FocusConcern(task(2))]);
    assert_eq!(answered.into_commands(id(1)).len(), 2);
    assert_eq!(ids(&model), [task(2), letter(7)], "it is gone at once");
    assert_eq!(project(&model).comments.draft(&id(1)), "");

    let (ticket, _) = sent(&effects);
    update(
        &mut model,
        Msg::Pending(pending::Msg::Answered(
            ticket,
            Ok(Saved { event: EventId(9) }),
        )),
    );
    assert_eq!(ids(&model), [task(2), letter(7)]);
    update(&mut model, Msg::Received(socket, frame(9, [summary(1)])));
    assert_eq!(ids(&model), [task(2), letter(7)]);
}

#[test]
fn a_refused_answer_comes_back_with_its_words() {
    let (mut model, _) = three();
    let effects = answer(&mut model, task(1), Answer::Say("8080".to_owned()));
    let (ticket, _) = sent(&effects);
    update(
        &mut model,
        Msg::Pending(pending::Msg::Answered(ticket, Err(refusal()))),
    );
    assert_eq!(ids(&model)[0], task(1));
    let shown = project(&model);
    assert_eq!(shown.comments.draft(&id(1)), "8080");
    assert_eq!(shown.notices.len(), 1);
}

#[test]
fn nothing_said_is_no_comment() {
    let quiet = Change::Answer {
        text: " \n".to_owned(),
    };
    assert_eq!(quiet.into_commands(id(1)).len(), 1);
}

#[test]
fn a_proposed_result_is_accepted_as_it_was_shown() {
    let (mut model, _) = three();
    let effects = answer(&mut model, task(2), Answer::Accept);
    let result = Some("42 ships".to_owned());
    assert_eq!(sent(&effects).1, &change(2, Change::Complete { result }));
    assert_eq!(effects[1..], [Effect::FocusConcern(letter(7))]);
}

#[test]
fn what_nobody_proposed_is_not_accepted() {
    let (mut model, socket) = live([gave_up(2, 20)]);
    assert_eq!(answer(&mut model, task(2), Answer::Accept), []);
    let again = frame(8, [gave_up(2, 25)]);
    assert_eq!(
        update(&mut model, Msg::Received(socket, again)),
        [Effect::ReadInbox]
    );
    // The proposal of an earlier time is none of this one.
    read(&mut model, vec![proposed(2, 20)]);
    assert_eq!(answer(&mut model, task(2), Answer::Accept), []);
}

#[test]
fn a_dead_letter_leaves_when_it_is_tried_again_and_stays_away() {
    let (mut model, socket) = three();
    let effects = answer(&mut model, letter(7), Answer::Retry);
    assert_eq!(sent(&effects).1, &Request::RetryDelivery(DeliveryId(7)));
    assert_eq!(
        effects[1..],
        [Effect::FocusConcern(task(2))],
        "the last leaves to the one before"
    );
    let (ticket, _) = sent(&effects);
    let saved = Saved { event: EventId(0) };
    update(
        &mut model,
        Msg::Pending(pending::Msg::Answered(ticket, Ok(saved))),
    );
    assert_eq!(ids(&model), [task(1), task(2)]);
    assert_eq!(tell(&mut model, socket, &[]), [], "that is known");
}

#[test]
fn a_dead_letter_that_died_again_at_once_comes_back() {
    let (mut model, socket) = three();
    tell(&mut model, socket, &[(7, 3)]);
    let effects = answer(&mut model, letter(7), Answer::Retry);
    let (ticket, _) = sent(&effects);
    let saved = Saved { event: EventId(0) };
    update(
        &mut model,
        Msg::Pending(pending::Msg::Answered(ticket, Ok(saved))),
    );
    assert_eq!(ids(&model).len(), 2);
    let effects = update(&mut model, Msg::Ticked(NOW + Seconds(1)));
    assert!(effects.contains(&Effect::ReadPulse), "{effects:?}");
    let pulse = Pulse {
        undelivered: [(DeliveryId(7), id(3))].into(),
        ..Pulse::default()
    };
    assert_eq!(
        update(&mut model, Msg::ReadPulse(Ok(pulse))),
        [Effect::ReadInbox]
    );
    assert_eq!(ids(&model).len(), 3);
}

#[test]
fn cards_say_that_news_of_them_reached_nobody() {
    let (model, _) = three();
    let marked: Vec<TaskId> = project(&model)
        .cards
        .into_iter()
        .filter(|card| card.is_undelivered)
        .map(|card| card.id)
        .collect();
    assert_eq!(marked, [id(3)]);
}

#[test]
fn news_during_a_reading_lead_to_one_more() {
    let (mut model, socket) = live([]);
    assert_eq!(tell(&mut model, socket, &[(1, 1)]), [Effect::ReadInbox]);
    assert_eq!(tell(&mut model, socket, &[(1, 1), (2, 1)]), []);
    assert_eq!(read(&mut model, vec![]), [Effect::ReadInbox]);
    assert_eq!(read(&mut model, vec![]), []);
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
fn only_what_is_new_is_notified_and_only_to_those_who_asked() {
    let (mut model, socket) = live([asks(1, 10)]);
    let come = |model: &mut Model, cursor, tasks: Vec<TaskSummary>| {
        update(model, Msg::Received(socket, frame(cursor, tasks)))
    };
    assert_eq!(come(&mut model, 8, vec![asks(2, 20)]), []);
    let wanted = Msg::Notification(notification::Msg::Wanted);
    assert_eq!(update(&mut model, wanted), [Effect::AskForPermission]);
    let permitted = Msg::Notification(notification::Msg::Permitted(true));
    assert_eq!(
        update(&mut model, permitted),
        [Effect::KeepNotifications(true)]
    );

    let effects = come(&mut model, 9, vec![asks(3, 30)]);
    let [Effect::Notify(notifications)] = &effects[..] else {
        panic!("no notification in {effects:?}");
    };
    assert_eq!(notifications.len(), 1);
    assert_eq!(notifications[0].title, "“Task 3” is blocked");
    assert_eq!(notifications[0].body, "which port?");
    assert_eq!(notifications[0].task, Some(id(3)));
    assert_eq!(come(&mut model, 10, vec![asks(3, 30)]), []);

    let many = (4..9).map(|number| asks(number, 40)).collect();
    let effects = come(&mut model, 11, many);
    assert!(
        matches!(&effects[..], [Effect::Notify(it)] if it.len() == 1 && it[0].title == "5 things need you"),
        "{effects:?}"
    );
    let declined = Msg::Notification(notification::Msg::Declined);
    assert_eq!(
        update(&mut model, declined),
        [Effect::KeepNotifications(false)]
    );
    assert_eq!(come(&mut model, 12, vec![asks(9, 50)]), []);
}

#[test]
fn a_browser_that_refuses_says_so() {
    let (mut model, _) = live([]);
    update(
        &mut model,
        Msg::Notification(notification::Msg::Permitted(false)),
    );
    assert_eq!(project(&model).notifications, State::Refused);
}

#[test]
fn a_dead_letter_of_the_open_task_is_read_with_it() {
    let (mut model, socket) = live([summary(1)]);
    update(&mut model, Msg::OpenedTask(id(1)));
    update(
        &mut model,
        Msg::Visited(Address::default().with_task(Some(id(1)))),
    );
    let result = Ok(Box::new(reading(1, vec![])));
    let task = id(1);
    update(&mut model, Msg::Drawer(drawer::Answer { task, result }));
    assert_eq!(
        tell(&mut model, socket, &[(7, 1)]),
        [Effect::ReadInbox, Effect::ReadTask(id(1))]
    );
}

#[test]
fn every_key_of_the_inbox_does_something_there() {
    for shortcut in TABLE.iter().filter(|it| it.place == keys::Place::Inbox) {
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
