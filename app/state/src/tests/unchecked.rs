//! Finishing a task by hand that has a check: the person is asked once.

use super::*;
use crate::board::selection;
use crate::requests::confirm;

fn with_check() -> Refusal {
    Refusal {
        has_check: true,
        ..refusal()
    }
}

/// Asks for a change and lets the server refuse it because of a check.
fn finish(model: &mut Model) -> Vec<Effect> {
    let effects = update(model, Msg::Dropped(id(1), Status::Done));
    let [Effect::Send { ticket, .. }] = effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    let answer = pending::Msg::Answered(ticket, Err(with_check()));
    update(model, Msg::Pending(answer))
}

#[test]
fn a_task_with_a_check_is_finished_without_once_the_person_agrees() {
    let (mut model, _) = live([summary(1)]);
    assert_eq!(finish(&mut model), [Effect::FocusConfirmation]);
    let shown = project(&model);
    let question = shown.confirmation.unwrap();
    assert_eq!(question.heading, "“Task 1” has a check. Finish it without?");
    assert_eq!((question.names.len(), question.decline), (0, "Cancel"));
    assert_eq!(shown.notices, [], "it is asked, and not refused");
    assert_eq!(shown.cards[0].status, Status::Ready);

    let effects = update(&mut model, Msg::Confirm(confirm::Msg::Agreed));
    let [
        Effect::Send {
            request: Request::Change { change, .. },
            ..
        },
    ] = &effects[..]
    else {
        panic!("nothing sent in {effects:?}");
    };
    assert_eq!(*change, Change::CompleteUnchecked { result: None });
    assert_eq!(project(&model).cards[0].status, Status::Done);
}

#[test]
fn whoever_declines_changes_nothing() {
    let (mut model, _) = live([summary(1)]);
    finish(&mut model);
    assert_eq!(update(&mut model, Msg::Confirm(confirm::Msg::Declined)), []);
    assert_eq!(project(&model).confirmation, None);
    assert_eq!(project(&model).cards[0].status, Status::Ready);
}

#[test]
fn of_many_tasks_those_with_a_check_are_asked_about_together() {
    let (mut model, _) = live([summary(1), summary(2), summary(3)]);
    update(&mut model, Msg::Selection(selection::Msg::ChoseAll));
    let effects = update(&mut model, Msg::PutChosen(Status::Done));
    let [Effect::SendAll { ticket, .. }] = effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    let saved = Saved { event: EventId(8) };
    let answers = vec![Err(with_check()), Ok(saved), Err(with_check())];
    let answered = pending::Msg::AnsweredAll(ticket, Ok(answers));
    assert_eq!(
        update(&mut model, Msg::Pending(answered)),
        [Effect::FocusConfirmation]
    );
    let question = project(&model).confirmation.unwrap();
    assert_eq!(
        question.heading,
        "2 tasks have a check. Finish them without?"
    );
    assert_eq!(question.names, ["“Task 1”", "“Task 3”"]);

    let effects = update(&mut model, Msg::Confirm(confirm::Msg::Agreed));
    let [Effect::SendAll { changes, .. }] = &effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    let unchecked = Change::CompleteUnchecked { result: None };
    assert_eq!(*changes, [(id(1), unchecked.clone()), (id(3), unchecked)]);
}

#[test]
fn a_refusal_for_another_reason_asks_nothing() {
    let (mut model, _) = live([summary(1)]);
    let effects = update(&mut model, Msg::Dropped(id(1), Status::Done));
    let [Effect::Send { ticket, .. }] = effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    answer(&mut model, ticket, Err(refusal()));
    assert_eq!(project(&model).confirmation, None);
    assert_eq!(project(&model).notices[0].text, why(&model));
}
