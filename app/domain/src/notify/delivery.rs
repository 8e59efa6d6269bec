//! What is to be said to somebody, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Address;
use super::notice::Notice;
use crate::id::DeliveryId;
use crate::time::{Seconds, Timestamp};

/// One piece of news for one place. It is delivered at least once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: DeliveryId,
    /// What the receiver is told to know it again by, should it come twice.
    pub key: String,
    /// Who is told.
    #[serde(flatten)]
    pub to: Address,
    /// What is said.
    pub notice: Notice,
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next, while it is pending.
    pub next_attempt_at: Timestamp,
    /// Why it failed the last time.
    pub error: Option<String>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub settled_at: Option<Timestamp>,
}

/// How far a [`Delivery`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It will be tried, or tried again.
    Pending,
    /// It was taken.
    Delivered,
    /// It was refused for good, or too often. A person may have it tried again.
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

/// Whether a delivery that failed is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Retry {
    /// Whatever is tried will fail the same way.
    Never,
    /// It may succeed later.
    Later {
        /// Not before this long has passed: what the receiver asked for.
        after: Option<Seconds>,
    },
}
