//! The verbs of the notifier.

use serde::{Deserialize, Serialize};

use super::{Change, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::DeliveryId;
use crate::notify::delivery::Retry;
use crate::text::printed;

/// Records that these were delivered, in one message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordDelivered {
    /// The deliveries; all to one address.
    pub deliveries: Vec<DeliveryId>,
    /// The receiver's id of the message.
    pub receipt: Option<String>,
    /// True for a chat, which has a rate limit.
    pub is_chat: bool,
}

verb!(RecordDelivered: Deliver -> Change);

/// Records that these could not be delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordUndelivered {
    /// The deliveries; all to one address.
    pub deliveries: Vec<DeliveryId>,
    /// The error, in a sentence.
    pub error: String,
    /// The time of the next attempt, or none.
    pub retry: Retry,
}

impl Verb for RecordUndelivered {
    type Answer = Change;

    const ACT: Act = Act::Deliver;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self {
            deliveries: _,
            error,
            retry: _,
        } = self;
        texts::clean(error, printed);
        Ok(())
    }
}

/// Records a message from a chat, which the second time changes nothing, so that a message that
/// is sent again is not acted upon twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeMessage {
    /// The platform of the chat.
    pub platform: String,
    /// The platform's id of the message.
    pub message: String,
}

verb!(TakeMessage: Deliver -> Change);
