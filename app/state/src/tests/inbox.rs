//! The inbox: what is in it, and what answers do.

mod dead_ends;
mod keyboard;
mod landings;
mod letters;
mod notifications;

use domain::fixture::dispatch;
use domain::id::{DeliveryId, RunId};
use domain::inbox::{Concern, Need};
use domain::notify;

use super::*;
use crate::inbox::{self, Answer, ConcernId};
use crate::pulse::Pulse;

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

/// The server's concern about the same task.
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
            to: notify::Address {
                platform: "webhook".to_owned(),
                chat_id: "ci".to_owned(),
                thread_id: String::new(),
                user_id: None,
            },
            text: "it is done".to_owned(),
            error: "answered 404".to_owned(),
            count: 1,
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
    let told = Pulse {
        undelivered: dead.collect(),
        ..Pulse::default()
    };
    update(model, Msg::Heard(socket, told))
}

fn read(model: &mut Model, concerns: Vec<Concern>) -> Vec<Effect> {
    let told = inbox::ServerEntries::of(concerns);
    update(model, Msg::Inbox(inbox::Msg::Read(Ok(told))))
}

fn answer(model: &mut Model, concern: ConcernId, answer: Answer) -> Vec<Effect> {
    update(model, Msg::Inbox(inbox::Msg::Answered(concern, answer)))
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
fn what_waits_behind_a_question_is_as_the_server_said_last() {
    let (mut model, socket) = live([asks(1, 10), asks(2, 20)]);
    let told = Concern {
        behind: 4,
        ..Concern::of_task(&asks(2, 20)).unwrap()
    };
    read(&mut model, vec![told]);
    let behind = |model: &Model| -> Vec<u32> {
        let page = project(model);
        page.inbox.iter().map(|concern| concern.behind).collect()
    };
    assert_eq!(behind(&model), [0, 4]);
    // Another may wait behind what is asked now.
    let asked = frame(8, [asks(3, 30)]);
    assert_eq!(
        update(&mut model, Msg::Received(socket, asked)),
        [Effect::ReadInbox]
    );
}

#[test]
fn work_whose_reviewer_is_no_lane_waits_for_a_person() {
    let reviewed = TaskSummary {
        reviewer: Some("critic".to_owned()),
        ..with_status(1, Status::Review)
    };
    let (mut model, socket) = live([reviewed]);
    // Nobody knows which lanes there are.
    assert_eq!(ids(&model), []);
    let serving = |lane: &str| {
        let mut pulse = Pulse {
            dispatch: dispatch(),
            ..Pulse::default()
        };
        let report = pulse.dispatch.report.as_mut().unwrap();
        report.lanes.push(domain::fixture::lane(lane));
        pulse
    };
    let effects = update(&mut model, Msg::Heard(socket, serving("critic")));
    assert_eq!((ids(&model), effects), (vec![], vec![]));
    let effects = update(&mut model, Msg::Heard(socket, serving("other")));
    assert_eq!(
        (ids(&model), effects),
        (vec![task(1)], vec![Effect::ReadInbox])
    );
    let need = Need::Review {
        run: Some(RunId(3)),
        commit: None,
        result: None,
    };
    let told = Concern {
        need: need.clone(),
        ..project(&model).inbox[0].clone()
    };
    read(&mut model, vec![told]);
    assert_eq!(project(&model).inbox[0].need, need);
    let effects = update(&mut model, Msg::Heard(socket, serving("other")));
    assert_eq!(effects, [], "it is known by now");

    open(&mut model, 1);
    let mut open = crate::fixture::reading(1, vec![]);
    open.detail.task.status = Status::Review;
    open.detail.task.in_review = Some(domain::review::Review {
        reviewer: "critic".to_owned(),
        run: Some(RunId(3)),
        worked_by: "shell".to_owned(),
        rounds: 0,
    });
    let result = Ok(Box::new(open));
    let told = drawer::Answer {
        task: id(1),
        result,
    };
    update(&mut model, Msg::Drawer(told));
    let Drawer::Loaded { need: open, .. } = project(&model).drawer else {
        panic!("it is not open");
    };
    assert_eq!(open, Some(need));
}
