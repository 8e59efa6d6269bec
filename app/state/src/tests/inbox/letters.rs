//! News that reached nobody.

use super::*;

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
