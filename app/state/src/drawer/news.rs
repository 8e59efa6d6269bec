//! The subscribers of the open task, and the state of their deliveries.

use domain::id::DeliveryId;
use domain::notify::delivery::{Delivery, DeliveryState};
use domain::notify::{Address, Subscription};
use domain::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

/// The time for which a delivery that is due is polled: it writes no event, and mostly takes a
/// moment.
const PATIENCE: Seconds = Seconds(30);

/// The subscribers of a task, and the state of their deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The subscribers, oldest subscription first.
    pub places: Vec<Recipient>,
    /// The dead letters, newest first.
    pub dead: Vec<Dead>,
    /// The latest due time of a delivery that waits.
    pub due: Option<Timestamp>,
}

/// News that reached nobody.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dead {
    /// Its number.
    pub delivery: DeliveryId,
    /// The recipient.
    pub to: Address,
    /// The kind of notice: one of [`domain::news::KINDS`].
    pub kind: String,
    /// The error.
    pub error: String,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Recipient {
    /// The recipient.
    pub to: Address,
    /// The state of the last delivery; `None` before the first.
    pub state: Option<State>,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// It was told.
    Told(Timestamp),
    /// It is to be told.
    Waits,
    /// It could not be told, and is tried again.
    TriesAgain,
    /// It was given up.
    Failed,
}

impl News {
    /// Combines the subscriptions to a task and its deliveries, newest first.
    pub fn of(subscriptions: Vec<Subscription>, deliveries: &[Delivery]) -> Self {
        let place = |Subscription { to, .. }| {
            let last = deliveries.iter().find(|it| is_same(&it.to, &to));
            let state = last.map(state);
            Recipient { to, state }
        };
        let dead = deliveries
            .iter()
            .filter(|it| it.state == DeliveryState::Dead);
        let dead = dead.map(|it| Dead {
            delivery: it.id,
            to: it.to.clone(),
            kind: it.notice.kind.clone(),
            error: it.error.clone().unwrap_or_default(),
        });
        let pending = deliveries
            .iter()
            .filter(|it| it.state == DeliveryState::Pending);
        Self {
            dead: dead.collect(),
            due: pending
                .map(|it| it.next_attempt_at.max(it.created_at))
                .max(),
            places: subscriptions.into_iter().map(place).collect(),
        }
    }

    /// Returns true while a delivery may happen in a moment.
    pub fn is_on_its_way(&self, now: Timestamp) -> bool {
        self.due
            .is_some_and(|due| due <= now && now <= due + PATIENCE)
    }
}

/// Returns true when two addresses are one place, whoever asked for them.
fn is_same(one: &Address, other: &Address) -> bool {
    let place = |it: &Address| {
        (
            it.platform.clone(),
            it.chat_id.clone(),
            it.thread_id.clone(),
        )
    };
    place(one) == place(other)
}

fn state(delivery: &Delivery) -> State {
    match delivery.state {
        DeliveryState::Delivered => State::Told(delivery.settled_at.unwrap_or(delivery.created_at)),
        DeliveryState::Pending if delivery.attempts == 0 => State::Waits,
        DeliveryState::Pending => State::TriesAgain,
        DeliveryState::Dead => State::Failed,
    }
}

#[cfg(test)]
mod tests {
    use domain::fixture::NOW;
    use domain::id::{EventId, TaskId};
    use domain::notify::notice::Notice;
    use domain::status::Status;

    use super::*;

    fn place(chat_id: &str) -> Address {
        Address {
            platform: "webhook".to_owned(),
            chat_id: chat_id.to_owned(),
            thread_id: String::new(),
            user_id: None,
        }
    }

    fn subscription(chat_id: &str) -> Subscription {
        Subscription {
            task_id: TaskId::from_bits(1),
            to: Address {
                user_id: Some("ada".to_owned()),
                ..place(chat_id)
            },
            created_at: NOW,
            last_event_id: EventId(7),
        }
    }

    fn delivery(number: i64, chat_id: &str, state: DeliveryState, attempts: u32) -> Delivery {
        Delivery {
            id: DeliveryId(number),
            key: "msg_1".to_owned(),
            to: place(chat_id),
            notice: Notice {
                event_id: EventId(7),
                kind: "blocked".to_owned(),
                at: NOW,
                task_id: TaskId::from_bits(1),
                title: "Deploy".to_owned(),
                assignee: None,
                tenant: None,
                status: Status::Blocked,
                detail: None,
            },
            state,
            attempts,
            next_attempt_at: NOW,
            error: (state == DeliveryState::Dead).then(|| "answered 404".to_owned()),
            created_at: NOW,
            settled_at: (state != DeliveryState::Pending).then_some(NOW),
        }
    }

    #[test]
    fn of_each_place_the_last_news_counts() {
        use DeliveryState::{Dead, Delivered, Pending};
        let subscriptions = ["none", "told", "waits", "again", "failed"].map(subscription);
        let deliveries = [
            delivery(6, "told", Delivered, 1),
            delivery(5, "told", Dead, 1),
            delivery(4, "waits", Pending, 0),
            delivery(3, "again", Pending, 2),
            delivery(2, "failed", Dead, 1),
            delivery(1, "elsewhere", Dead, 9),
        ];
        let news = News::of(subscriptions.into(), &deliveries);
        let states: Vec<_> = news.places.iter().map(|it| it.state).collect();
        let expected = [
            None,
            Some(State::Told(NOW)),
            Some(State::Waits),
            Some(State::TriesAgain),
            Some(State::Failed),
        ];
        assert_eq!(states, expected);
        let dead: Vec<_> = news.dead.iter().map(|it| it.delivery.0).collect();
        assert_eq!(
            dead,
            [5, 2, 1],
            "also for those who asked for no single task"
        );
    }

    #[test]
    fn what_is_due_is_waited_for_but_not_for_ever() {
        let waits = [delivery(1, "ci", DeliveryState::Pending, 0)];
        let news = News::of(Vec::new(), &waits);
        assert!(!news.is_on_its_way(NOW - Seconds(1)));
        assert!(news.is_on_its_way(NOW));
        assert!(news.is_on_its_way(NOW + PATIENCE));
        assert!(!news.is_on_its_way(NOW + PATIENCE + Seconds(1)));
        assert!(!News::default().is_on_its_way(NOW));
    }
}
