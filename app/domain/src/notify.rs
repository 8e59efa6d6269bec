//! Notifications: the subscriptions, their addresses and filters, and the kinds of news.

pub mod delivery;
pub mod notice;
pub mod pace;
pub mod quiet;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{EventId, SubscriptionId, TaskId};
use crate::news::{KINDS, TOLD};
use crate::time::Timestamp;

/// An address that news is sent to. Two threads of one chat are two addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Address {
    /// The channel: `telegram`, `slack`, `webhook`, `command`.
    pub platform: String,
    /// The chat within it, or the name that `kanban.toml` gives to the webhook or the command.
    pub chat_id: String,
    /// The thread within the chat; empty where there is none.
    #[serde(default)]
    pub thread_id: String,
    /// The user who asked for it.
    #[serde(default)]
    pub user_id: Option<String>,
}

impl Address {
    /// The chat, whichever its thread, as `platform:chat`: the origin of what is said there.
    pub fn chat(&self) -> String {
        format!("{}:{}", self.platform, self.chat_id)
    }
}

/// `platform:chat`, or `platform:chat:thread`.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.platform, self.chat_id)?;
        match self.thread_id.as_str() {
            "" => Ok(()),
            thread => write!(f, ":{thread}"),
        }
    }
}

/// A row of table `kanban_notify_subs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Subscription {
    /// The task that it is about.
    pub task_id: TaskId,
    /// The subscriber.
    #[serde(flatten)]
    pub to: Address,
    /// The time of the subscription.
    pub created_at: Timestamp,
    /// The cursor: events up to this one are not sent.
    pub last_event_id: EventId,
}

/// A subscription to more than one task, also to those that do not exist yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BoardSubscription {
    /// Its id.
    pub id: SubscriptionId,
    /// The subscriber.
    #[serde(flatten)]
    pub to: Address,
    /// The filter of tasks and news.
    #[serde(flatten)]
    pub filter: Filter,
    /// The time of the subscription.
    pub created_at: Timestamp,
}

/// The filter of a [`BoardSubscription`]. `None` lets everything through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Filter {
    /// Tasks of this project or customer only.
    pub tenant: Option<String>,
    /// Tasks of this assignee only.
    pub assignee: Option<String>,
    /// The kinds of news; an empty list stands for those of [`TOLD`].
    pub kinds: Vec<String>,
}

impl Filter {
    /// The kinds that it lets through, in the order of [`KINDS`] and each once.
    ///
    /// # Errors
    /// Fails if it names one that does not exist.
    pub fn kinds(&self) -> Result<Vec<&'static str>, Error> {
        let unknown = self
            .kinds
            .iter()
            .find(|kind| !KINDS.contains(&kind.as_str()));
        if let Some(kind) = unknown {
            return Err(Error::UnknownNews(kind.clone()));
        }
        let is_wanted = |kind: &&str| match self.kinds.as_slice() {
            [] => TOLD.contains(kind),
            named => named.iter().any(|name| name == kind),
        };
        Ok(KINDS.into_iter().filter(is_wanted).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_without_kinds_lets_the_usual_news_through() {
        let usual = Filter::default().kinds().unwrap();
        assert_eq!(usual.len(), TOLD.len());
        assert!(TOLD.iter().all(|kind| usual.contains(kind)));
    }

    #[test]
    fn a_filter_names_kinds_that_exist() {
        let named = |kinds: &[&str]| Filter {
            kinds: kinds.iter().map(|&kind| kind.to_owned()).collect(),
            ..Filter::default()
        };
        let two = named(&["unblocked", "created", "unblocked"]);
        assert_eq!(two.kinds().unwrap(), ["created", "unblocked"]);
        let unknown = named(&["finished"]);
        assert_eq!(
            unknown.kinds(),
            Err(Error::UnknownNews("finished".to_owned()))
        );
    }
}
