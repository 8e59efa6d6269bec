//! The verbs that say who is told what.

use serde::{Deserialize, Serialize};

use super::{Audited, Change, Verb, texts, verb};
use crate::actor::Authority;
use crate::authority::Act;
use crate::error::Error;
use crate::id::{DeliveryId, SubscriptionId, TaskId};
use crate::notify::quiet::QuietHours;
use crate::notify::{Address, Filter};

/// Subscribes an address to the news of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscribe {
    /// The task.
    pub task: TaskId,
    /// The address.
    pub to: Address,
}

impl Verb for Subscribe {
    type Answer = Change;

    const ACT: Act = Act::Subscribe;

    fn task(&self) -> Option<&TaskId> {
        Some(&self.task)
    }

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { task: _, to } = self;
        texts::address(to)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("subscribe", Some(self.to.chat())))
    }
}

/// Removes a subscription to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Unsubscribe {
    /// The task.
    pub task: TaskId,
    /// The address, of which the user does not count.
    pub to: Address,
}

verb!(Unsubscribe: Subscribe -> Change, task);

/// Subscribes an address to the news of many tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SubscribeBoard {
    /// The address.
    pub to: Address,
    /// The filter of tasks and news.
    pub filter: Filter,
}

impl Verb for SubscribeBoard {
    type Answer = Change;

    const ACT: Act = Act::SubscribeBoard;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { to, filter } = self;
        let Filter {
            tenant,
            assignee,
            kinds: _,
        } = filter;
        texts::name("tenant", tenant.as_mut())?;
        texts::name("assignee", assignee.as_mut())?;
        texts::address(to)
    }

    fn audited(&self) -> Option<Audited<'_>> {
        Some(("subscribe", Some(self.to.chat())))
    }
}

/// Removes a subscription to many tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnsubscribeBoard {
    /// The subscription.
    pub subscription: SubscriptionId,
}

verb!(UnsubscribeBoard: SubscribeBoard -> Change);

/// Sets the quiet hours of an address; messages of that time are sent afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetQuietHours {
    /// The address, of which the user does not count.
    pub to: Address,
    /// The hours; `None` is never.
    pub hours: Option<QuietHours>,
}

impl Verb for SetQuietHours {
    type Answer = Change;

    const ACT: Act = Act::SubscribeBoard;

    fn accept(&mut self, _: &Authority) -> Result<(), Error> {
        let Self { to, hours: _ } = self;
        texts::address(to)
    }
}

/// Retries a delivery that was given up, and everything else undelivered at its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetryDelivery {
    /// The delivery.
    pub delivery: DeliveryId,
}

verb!(RetryDelivery: Redeliver -> Change);

/// Drops a delivery that was given up, and everything else undelivered at its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DropDelivery {
    /// The delivery.
    pub delivery: DeliveryId,
}

verb!(DropDelivery: Redeliver -> Change);
