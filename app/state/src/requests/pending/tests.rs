//! A pending request, until its event.

use domain::board::TaskSummary;
use domain::fixture::summary;
use domain::status::Status;

use super::*;
use crate::fixture::{event, form, frame, reading, with_status};

const CURSOR: EventId = EventId(7);

fn ask(model: &mut Model, request: Request) -> Ticket {
    match model.ask(request) {
        Effect::Send { ticket, .. } => ticket,
        other => panic!("asked, but got {other:?}"),
    }
}

fn move_of(task: u32, to: Status) -> Request {
    Request::Change {
        task: TaskId::from_bits(task),
        name: "Task".to_owned(),
        change: Change::Move(to),
    }
}

fn status_of(model: &Model, task: &TaskSummary) -> Status {
    let foreseen = model.changes().foresee(task);
    foreseen.map_or_else(|| task.status.clone(), |task| task.status)
}

#[test]
fn a_move_is_shown_from_the_request_until_its_event() {
    let mut model = Model::default();
    let task = summary(1);
    let ticket = ask(&mut model, move_of(1, Status::Todo));
    assert_eq!(status_of(&model, &task), Status::Todo);
    assert!(model.changes().touch(&task.id));

    model.grant(ticket, Saved { event: EventId(8) });
    model.settle(CURSOR, None);
    assert_eq!(
        status_of(&model, &task),
        Status::Todo,
        "it jumped back before its event"
    );

    model.settle(EventId(8), None);
    assert_eq!(status_of(&model, &task), Status::Ready);
    assert!(!model.changes().touch(&task.id));
}

#[test]
fn a_refused_move_is_gone_and_handed_back() {
    let mut model = Model::default();
    let ticket = ask(&mut model, move_of(1, Status::Todo));
    assert_eq!(model.refuse(ticket), Some(move_of(1, Status::Todo)));
    assert_eq!(status_of(&model, &summary(1)), Status::Ready);
    assert_eq!(model.refuse(ticket), None);
}

#[test]
fn a_move_that_the_rules_forbid_shows_nothing() {
    let mut model = Model::default();
    ask(&mut model, move_of(1, Status::Running));
    assert_eq!(status_of(&model, &summary(1)), Status::Ready);
}

#[test]
fn moves_of_one_task_are_shown_in_their_order() {
    let mut model = Model::default();
    ask(&mut model, move_of(1, Status::Todo));
    ask(&mut model, move_of(1, Status::Triage));
    ask(&mut model, move_of(2, Status::Ready));
    assert_eq!(status_of(&model, &summary(1)), Status::Triage);
    assert_eq!(
        status_of(&model, &with_status(2, Status::Blocked)),
        Status::Ready
    );
}

#[test]
fn an_answer_that_changed_nothing_settles_at_once() {
    let mut model = Model::default();
    let ticket = ask(&mut model, move_of(1, Status::Ready));
    model.grant(ticket, Saved { event: EventId(0) });
    model.settle(CURSOR, None);
    assert!(!model.changes().touch(&TaskId::from_bits(1)));
}

/// Puts tasks away, all at once.
fn ask_all(model: &mut Model, tasks: std::ops::RangeInclusive<u32>) -> (Ticket, usize) {
    let changes = tasks.map(|n| (TaskId::from_bits(n), String::new(), Change::Archive));
    let effect = model.ask_all(changes.collect());
    sent(effect.as_ref())
}

/// The changes that were sent: their ticket and number.
fn sent(effect: Option<&Effect>) -> (Ticket, usize) {
    match effect {
        Some(Effect::SendAll { ticket, changes }) => (*ticket, changes.len()),
        other => panic!("nothing sent but {other:?}"),
    }
}

fn done(progress: Progress) -> Vec<Answer> {
    match progress {
        Progress::IsDone(answers) => answers,
        Progress::Goes(effect) => panic!("it goes on with {effect:?}"),
    }
}

fn next(progress: &Progress) -> (Ticket, usize) {
    match progress {
        Progress::Goes(effect) => sent(Some(effect)),
        Progress::IsDone(answers) => panic!("it ended after {}", answers.len()),
    }
}

#[test]
fn of_many_changes_each_gets_its_answer() {
    let mut model = Model::default();
    let (ticket, _) = ask_all(&mut model, 1..=3);
    assert_eq!(status_of(&model, &summary(2)), Status::Archived);

    let refusal = Refusal::invalid("no");
    let saved = Saved { event: EventId(8) };
    let results = vec![Ok(saved), Err(refusal.clone()), Ok(saved)];
    let answers = done(model.answer_all(ticket, Ok(results)));

    let said: Vec<_> = answers.into_iter().map(|(_, result)| result).collect();
    assert_eq!(said, [Ok(saved), Err(refusal), Ok(saved)]);
    assert_eq!(status_of(&model, &summary(2)), Status::Ready);
    assert_eq!(status_of(&model, &summary(3)), Status::Archived);
    model.settle(EventId(8), None);
    assert!(!model.changes().touch(&TaskId::from_bits(3)));
}

#[test]
fn many_changes_that_get_one_refusal_all_get_it() {
    let mut model = Model::default();
    let (ticket, _) = ask_all(&mut model, 1..=2);
    let answers = done(model.answer_all(ticket, Err(Refusal::invalid("no"))));
    assert_eq!(answers.len(), 2);
    assert!(answers.iter().all(|(_, result)| result.is_err()));
    assert_eq!(status_of(&model, &summary(1)), Status::Ready);
}

#[test]
fn more_changes_than_one_request_may_ask_for_go_one_request_after_another() {
    let mut model = Model::default();
    let (ticket, first) = ask_all(&mut model, 1..=2_500);
    let (other, _) = ask_all(&mut model, 3_001..=3_002);
    assert_eq!(first, MAX_CHANGES);
    assert_eq!(
        status_of(&model, &summary(2_500)),
        Status::Archived,
        "what waits is shown at once too"
    );

    let saved = Saved { event: EventId(8) };
    let refusal = Refusal::invalid("no");
    let mut results = vec![Ok(saved); MAX_CHANGES];
    results[0] = Err(refusal.clone());
    let second = model.answer_all(ticket, Ok(results));
    assert_eq!(next(&second), (ticket, MAX_CHANGES));
    model.settle(EventId(8), None);

    assert_eq!(
        done(model.answer_all(other, Ok(vec![Ok(saved); 2]))).len(),
        2
    );
    let third = model.answer_all(ticket, Ok(vec![Ok(saved); MAX_CHANGES]));
    assert_eq!(next(&third), (ticket, 500));
    let answers = done(model.answer_all(ticket, Ok(vec![Ok(saved); 500])));

    let tasks: Vec<_> = answers
        .iter()
        .map(|(request, _)| match request {
            Request::Change { task, .. } => task.clone(),
            other => panic!("{other:?} was answered"),
        })
        .collect();
    assert_eq!(
        tasks,
        (1..=2_500).map(TaskId::from_bits).collect::<Vec<_>>()
    );
    assert_eq!(answers[0].1, Err(refusal));
    assert!(answers[1..].iter().all(|(_, result)| result.is_ok()));
}

#[test]
fn after_a_refusal_of_all_nothing_more_of_them_is_sent() {
    let mut model = Model::default();
    let (ticket, _) = ask_all(&mut model, 1..=2_500);
    let saved = Saved { event: EventId(8) };
    model.answer_all(ticket, Ok(vec![Ok(saved); MAX_CHANGES]));
    let answers = done(model.answer_all(ticket, Err(Refusal::invalid("no"))));
    assert_eq!(answers.len(), 2_500);
    let refused = answers.iter().filter(|(_, result)| result.is_err());
    assert_eq!(refused.count(), 1_500);
    assert_eq!(status_of(&model, &summary(2_500)), Status::Ready);
}

#[test]
fn a_draft_stays_until_its_task_is_on_the_board() {
    let mut model = Model::default();
    let ticket = ask(&mut model, Request::Create(form("Count words")));
    model.settle(EventId(100), None);
    assert_eq!(model.drafts().count(), 1);

    model.grant(
        ticket,
        Saved {
            event: EventId(101),
        },
    );
    model.settle(EventId(101), None);
    assert_eq!(model.drafts().count(), 0);
}

#[test]
fn a_frame_that_overtakes_the_answer_takes_the_place_of_one_draft() {
    let mut model = Model::default();
    ask(&mut model, Request::Create(form(" Task 1")));
    ask(&mut model, Request::Create(form("Task 1")));
    let frame = frame(8, [summary(1)]);

    model.recognise(&frame);
    model.settle(frame.cursor, None);

    assert_eq!(model.drafts().count(), 1);
}

#[test]
fn a_draft_mistaken_for_a_task_of_somebody_else_keeps_its_answer() {
    let mut model = Model::default();
    let granted = ask(&mut model, Request::Create(form("Task 1")));
    let refused = ask(&mut model, Request::Create(form("Task 1")));
    for cursor in [8, 9] {
        let frame = frame(cursor, [summary(1)]);
        model.recognise(&frame);
        model.settle(frame.cursor, None);
    }
    assert_eq!(model.drafts().count(), 0);

    assert_eq!(
        model.refuse(refused),
        Some(Request::Create(form("Task 1"))),
        "the refusal vanished"
    );
    model.grant(granted, Saved { event: EventId(10) });
    model.settle(EventId(9), None);
    assert_eq!(model.drafts().count(), 1, "its own card is not there yet");
    model.settle(EventId(10), None);
    assert_eq!(model.drafts().count(), 0);
}

#[test]
fn a_comment_is_shown_until_the_open_task_contains_it() {
    let mut model = Model::default();
    let task = TaskId::from_bits(1);
    let ticket = ask(
        &mut model,
        Request::Comment {
            task: task.clone(),
            body: "Why?".to_owned(),
        },
    );
    model.grant(ticket, Saved { event: EventId(8) });

    model.settle(EventId(9), Some(&reading(1, vec![event(7, 1, "created")])));
    assert_eq!(model.comments_on(&task).collect::<Vec<_>>(), ["Why?"]);
    assert_eq!(model.comments_on(&TaskId::from_bits(2)).count(), 0);

    model.settle(
        EventId(9),
        Some(&reading(1, vec![event(8, 1, "commented")])),
    );
    assert_eq!(model.comments_on(&task).count(), 0);
}

#[test]
fn the_sample_is_on_its_way_until_its_last_event() {
    let mut model = Model::default();
    let ticket = ask(&mut model, Request::FillSample);
    assert!(model.is_filling());
    model.grant(ticket, Saved { event: EventId(20) });
    model.settle(EventId(19), None);
    assert!(model.is_filling());
    model.settle(EventId(20), None);
    assert!(!model.is_filling());
}
