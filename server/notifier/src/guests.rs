//! The allow list for chats, and strangers who try.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use domain::actor::Actor;
use domain::notify::Address;
use domain::time::Timestamp;

/// The allow list, by the ids that the platform gives. Nobody is on it unless they are named.
#[derive(Clone, Debug, Default)]
pub(super) struct Guests {
    /// These, wherever they write.
    pub(super) users: BTreeSet<String>,
    /// Everybody who writes there.
    pub(super) chats: BTreeSet<String>,
    /// Those whose tasks may start without anybody having looked at them.
    pub(super) trusted: BTreeSet<String>,
}

impl Guests {
    /// The actor of those who write from there, if they are let in.
    pub(super) fn actor(&self, from: &Address) -> Option<Actor> {
        let is_among = |guests: &BTreeSet<String>| {
            from.user_id
                .as_ref()
                .is_some_and(|user| guests.contains(user))
        };
        let is_trusted = is_among(&self.trusted);
        let is_let_in = is_trusted || is_among(&self.users) || self.chats.contains(&from.chat_id);
        let origin = format!("{}:{}", from.platform, from.chat_id);
        is_let_in.then(|| Actor::in_chat(name(from), is_trusted).from_origin(origin))
    }
}

/// The name that comments and tasks from there carry.
pub(super) fn name(from: &Address) -> String {
    let user = from.user_id.as_deref().unwrap_or("?");
    format!("{}:{user}", from.platform)
}

/// The most strangers that are answered in a day. Anybody can write to a bot, and whoever makes up
/// names must not fill the board with them.
const STRANGERS_A_DAY: usize = 100;

/// The strangers who were refused today. They are refused once; what else they write costs nothing.
#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<Today>);

#[derive(Debug, Default)]
struct Today {
    day: i64,
    refused: HashSet<(String, String)>,
}

impl Strangers {
    /// The day that `now` is in, where somebody who writes from there is still to be refused on it.
    pub(super) fn day_to_refuse(&self, now: Timestamp, from: &Address) -> Option<i64> {
        let day = now.0.div_euclid(86_400);
        // Whatever went wrong elsewhere, the set is whole.
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if today.day != day {
            *today = Today {
                day,
                ..Today::default()
            };
        }
        let is_refused = today.refused.contains(&who(from));
        let is_enough = today.refused.len() >= STRANGERS_A_DAY;
        (!is_refused && !is_enough).then_some(day)
    }

    /// Remembers that they were refused.
    pub(super) fn refused(&self, from: &Address) {
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        today.refused.insert(who(from));
    }
}

fn who(from: &Address) -> (String, String) {
    (from.chat_id.clone(), name(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(user: usize) -> Address {
        Address {
            platform: "telegram".to_owned(),
            chat_id: "7".to_owned(),
            thread_id: String::new(),
            user_id: Some(user.to_string()),
        }
    }

    #[test]
    fn only_so_many_strangers_are_refused_in_a_day() {
        let strangers = Strangers::default();
        let refuse = |day: i64, user| {
            let day = strangers.day_to_refuse(Timestamp(day * 86_400), &from(user));
            strangers.refused(&from(user));
            day
        };
        let today = (0..1_000).filter_map(|user| refuse(20_000, user)).count();
        assert_eq!(today, 100);
        assert_eq!(refuse(20_001, 5), Some(20_001));
        assert_eq!(refuse(20_001, 5), None);
    }
}
