//! Lists of subscriptions, deliveries and concerns, around the types of the program.

use domain::inbox::Concern;
use domain::notify::delivery::Delivery;
use domain::notify::quiet::QuietHours;
use domain::notify::{Address, BoardSubscription};
use serde::Serialize;
use utoipa::ToSchema;

/// The tasks and deliveries that need a person, the oldest first.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Inbox<'a> {
    inbox: &'a [Concern],
    /// Their number.
    count: usize,
}

impl<'a> Inbox<'a> {
    pub(in crate::rest) fn new(inbox: &'a [Concern]) -> Self {
        let count = inbox.len();
        Self { inbox, count }
    }
}

/// The deliveries, newest first.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Deliveries<'a> {
    deliveries: Vec<DeliveryObject<'a>>,
}

#[derive(Serialize, ToSchema)]
struct DeliveryObject<'a> {
    #[serde(flatten)]
    delivery: &'a Delivery,
    /// The text for people.
    text: String,
}

impl<'a> Deliveries<'a> {
    pub(in crate::rest) fn new(deliveries: &'a [Delivery]) -> Self {
        let object = |delivery: &'a Delivery| DeliveryObject {
            delivery,
            text: delivery.notice.text(),
        };
        Self {
            deliveries: deliveries.iter().map(object).collect(),
        }
    }
}

/// The subscriptions to the board.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct BoardSubscriptions<'a> {
    pub(in crate::rest) subscriptions: &'a [BoardSubscription],
}

/// The places that want to be left alone at certain hours.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct QuietPlaces<'a> {
    places: Vec<QuietPlace<'a>>,
}

#[derive(Serialize, ToSchema)]
struct QuietPlace<'a> {
    #[serde(flatten)]
    to: &'a Address,
    hours: &'a QuietHours,
}

impl<'a> QuietPlaces<'a> {
    pub(in crate::rest) fn new(places: &'a [(Address, QuietHours)]) -> Self {
        let places = places.iter().map(|(to, hours)| QuietPlace { to, hours });
        Self {
            places: places.collect(),
        }
    }
}
