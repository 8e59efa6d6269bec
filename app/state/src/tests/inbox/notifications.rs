//! Browser notifications while the person looks elsewhere.

use super::*;
use crate::visitor::notification::{self, State};

#[test]
fn only_what_is_new_is_notified_and_only_to_those_who_asked() {
    let (mut model, socket) = live([asks(1, 10)]);
    let come = |model: &mut Model, cursor, tasks: Vec<TaskSummary>| {
        let mut effects = update(model, Msg::Received(socket, frame(cursor, tasks)));
        // The count of the tasks behind them is read besides.
        effects.retain(|effect| *effect != Effect::ReadInbox);
        effects
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
