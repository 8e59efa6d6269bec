//! A delivery: one piece of news to be sent to one address, and its state.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use super::notice::Notice;
use crate::id::DeliveryId;
use crate::time::{Seconds, Timestamp};

/// One piece of news for one address. It is delivered at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Delivery {
    /// Its id.
    pub id: DeliveryId,
    /// The idempotency key, by which the receiver recognises a delivery that comes twice.
    pub key: String,
    /// The address.
    #[serde(flatten)]
    pub to: Address,
    /// The news.
    pub notice: Notice,
    /// Its state.
    pub state: DeliveryState,
    /// The number of attempts.
    pub attempts: u32,
    /// The time of the next attempt, while it is pending.
    pub next_attempt_at: Timestamp,
    /// The error of the last attempt.
    pub error: Option<String>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time at which it was delivered or given up.
    pub settled_at: Option<Timestamp>,
}

/// The state of a [`Delivery`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It waits for its next attempt.
    Pending,
    /// The receiver accepted it.
    Delivered,
    /// A dead letter: refused for good, or too often. A person may retry it.
    Dead,
}

impl DeliveryState {
    /// The states, in their order.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Dead];

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

impl fmt::Display for DeliveryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The retry policy of a delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Not retried: every attempt would fail the same way.
    Never,
    /// Retried: it may succeed later.
    Later {
        /// The least delay, as the receiver asked for.
        after: Option<Seconds>,
    },
}
