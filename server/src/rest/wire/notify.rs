//! Subscriptions, deliveries and the inbox.

use domain::id::{DeliveryId, EventId, SubscriptionId, TaskId};
use domain::inbox::{Concern, Need};
use domain::notify::delivery::Delivery;
use domain::notify::notice::Notice;
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, BoardSubscription};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What needs a person, what has waited longest first.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Inbox<'a> {
    inbox: Vec<ConcernObject<'a>>,
    /// How many there are.
    count: usize,
}

/// One thing that needs a person: `question` belongs to `answer`; `failures`, `error` and `proposed`
/// to `gave_up`; the rest and an `error` to `undelivered`.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "task": "t_1a2b3c4d", "title": "Deploy", "assignee": "shell", "since": 1_777_200_000,
    "behind": 3, "need": "answer", "question": "Which region?",
}))]
struct ConcernObject<'a> {
    #[schema(value_type = String)]
    task: &'a TaskId,
    title: &'a str,
    assignee: Option<&'a str>,
    #[schema(value_type = i64)]
    since: Timestamp,
    /// How many tasks wait for it, for those that wait for it, and so on: 100 where they are more.
    behind: u32,
    #[serde(flatten)]
    need: NeedObject<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(tag = "need", rename_all = "snake_case")]
enum NeedObject<'a> {
    /// A task is blocked: it wants a comment, and to go on.
    Answer { question: Option<&'a str> },
    /// A task failed, or was put off, too often.
    GaveUp {
        failures: u32,
        error: &'a str,
        /// The last output of a worker that reported nothing: perhaps it is the result.
        proposed: Option<&'a str>,
    },
    /// Somebody could not be told: it wants another attempt, or to be dropped.
    Undelivered {
        #[schema(value_type = i64)]
        delivery: DeliveryId,
        to: PlaceObject<'a>,
        text: &'a str,
        error: &'a str,
        /// How many there are for this place; `delivery` is the first, and stands for all of them.
        count: u32,
    },
}

/// A place where somebody is told.
#[derive(Serialize, ToSchema)]
struct PlaceObject<'a> {
    platform: &'a str,
    chat_id: &'a str,
    thread_id: &'a str,
}

impl<'a> Inbox<'a> {
    pub(in crate::rest) fn new(concerns: &'a [Concern]) -> Self {
        Self {
            inbox: concerns.iter().map(ConcernObject::new).collect(),
            count: concerns.len(),
        }
    }
}

impl<'a> ConcernObject<'a> {
    fn new(concern: &'a Concern) -> Self {
        Self {
            task: &concern.task,
            title: &concern.title,
            assignee: concern.assignee.as_deref(),
            since: concern.since,
            behind: concern.behind,
            need: match &concern.need {
                Need::Answer { question } => NeedObject::Answer {
                    question: question.as_deref(),
                },
                Need::GaveUp {
                    failures,
                    error,
                    proposed,
                } => NeedObject::GaveUp {
                    failures: *failures,
                    error,
                    proposed: proposed.as_deref(),
                },
                Need::Undelivered {
                    delivery,
                    to,
                    text,
                    error,
                    count,
                } => NeedObject::Undelivered {
                    delivery: *delivery,
                    to: PlaceObject::new(to),
                    text,
                    error,
                    count: *count,
                },
            },
        }
    }
}

impl<'a> PlaceObject<'a> {
    fn new(to: &'a Address) -> Self {
        Self {
            platform: &to.platform,
            chat_id: &to.chat_id,
            thread_id: &to.thread_id,
        }
    }
}

/// What is to be said to whom, and what became of it.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Deliveries<'a> {
    deliveries: Vec<DeliveryObject<'a>>,
}

#[derive(Serialize, ToSchema)]
struct DeliveryObject<'a> {
    #[schema(value_type = i64)]
    id: DeliveryId,
    /// What the receiver is told to know it again by.
    key: &'a str,
    #[serde(flatten)]
    to: PlaceObject<'a>,
    notice: NoticeObject<'a>,
    /// What people are told.
    text: String,
    /// `pending`, `delivered` or `dead`.
    state: &'a str,
    attempts: u32,
    /// When it is tried next, while it is pending.
    #[schema(value_type = i64)]
    next_attempt_at: Timestamp,
    /// Why it failed the last time.
    error: Option<&'a str>,
    #[schema(value_type = i64)]
    created_at: Timestamp,
    /// When it was delivered or given up.
    #[schema(value_type = Option<i64>)]
    settled_at: Option<Timestamp>,
}

#[derive(Serialize, ToSchema)]
struct NoticeObject<'a> {
    #[schema(value_type = i64)]
    event_id: EventId,
    kind: &'a str,
    #[schema(value_type = i64)]
    at: Timestamp,
    #[schema(value_type = String)]
    task_id: &'a TaskId,
    title: &'a str,
    assignee: Option<&'a str>,
    tenant: Option<&'a str>,
    status: &'a str,
    detail: Option<&'a str>,
}

impl<'a> Deliveries<'a> {
    pub(in crate::rest) fn new(deliveries: &'a [Delivery]) -> Self {
        let object = |delivery: &'a Delivery| DeliveryObject {
            id: delivery.id,
            key: &delivery.key,
            to: PlaceObject::new(&delivery.to),
            notice: NoticeObject::new(&delivery.notice),
            text: delivery.notice.text(),
            state: delivery.state.as_str(),
            attempts: delivery.attempts,
            next_attempt_at: delivery.next_attempt_at,
            error: delivery.error.as_deref(),
            created_at: delivery.created_at,
            settled_at: delivery.settled_at,
        };
        Self {
            deliveries: deliveries.iter().map(object).collect(),
        }
    }
}

impl<'a> NoticeObject<'a> {
    fn new(notice: &'a Notice) -> Self {
        Self {
            event_id: notice.event_id,
            kind: &notice.kind,
            at: notice.at,
            task_id: &notice.task_id,
            title: &notice.title,
            assignee: notice.assignee.as_deref(),
            tenant: notice.tenant.as_deref(),
            status: notice.status.as_str(),
            detail: notice.detail.as_deref(),
        }
    }
}

/// Who is told of more than one task.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct BoardSubscriptions<'a> {
    subscriptions: Vec<BoardSubscriptionObject<'a>>,
}

#[derive(Serialize, ToSchema)]
struct BoardSubscriptionObject<'a> {
    #[schema(value_type = i64)]
    id: SubscriptionId,
    #[serde(flatten)]
    to: PlaceObject<'a>,
    user_id: Option<&'a str>,
    /// Tasks of this project or customer only.
    tenant: Option<&'a str>,
    /// Tasks that this one is to work on only.
    assignee: Option<&'a str>,
    kinds: &'a [String],
    #[schema(value_type = i64)]
    created_at: Timestamp,
}

impl<'a> BoardSubscriptions<'a> {
    pub(in crate::rest) fn new(subscriptions: &'a [BoardSubscription]) -> Self {
        let object = |subscription: &'a BoardSubscription| BoardSubscriptionObject {
            id: subscription.id,
            to: PlaceObject::new(&subscription.to),
            user_id: subscription.to.user_id.as_deref(),
            tenant: subscription.filter.tenant.as_deref(),
            assignee: subscription.filter.assignee.as_deref(),
            kinds: &subscription.filter.kinds,
            created_at: subscription.created_at,
        };
        Self {
            subscriptions: subscriptions.iter().map(object).collect(),
        }
    }
}

/// The places that want to be left alone at certain hours.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct QuietPlaces<'a> {
    places: Vec<QuietPlaceObject<'a>>,
}

#[derive(Serialize, ToSchema)]
struct QuietPlaceObject<'a> {
    #[serde(flatten)]
    to: PlaceObject<'a>,
    hours: String,
}

impl<'a> QuietPlaces<'a> {
    pub(in crate::rest) fn new(places: &'a [(Address, QuietHours)]) -> Self {
        let object = |(to, hours): &'a (Address, QuietHours)| QuietPlaceObject {
            to: PlaceObject::new(to),
            hours: hours.to_string(),
        };
        Self {
            places: places.iter().map(object).collect(),
        }
    }
}
