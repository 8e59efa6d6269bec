//! What opens the doors at this moment: the token, and the sessions that it signed.
//!
//! Both may end at any time, and whoever came in with them hears of it.

use std::collections::HashMap;

use domain::time::Timestamp;
use tokio::sync::watch;

use super::caller::Pass;
use super::ticket::{self, Purpose, Ticket};
use super::token::Token;

/// The keys of one server.
#[derive(Debug)]
pub(super) struct Keys(watch::Sender<State>);

#[derive(Debug)]
struct State {
    token: Token,
    /// How many tokens were in force before this one.
    generation: u64,
    /// Sessions that were left before their end. Only sessions that we signed get in, so nobody else
    /// can make it grow. A restart forgets them: whoever must be kept out then rotates the token.
    left: HashMap<u128, Timestamp>,
}

impl Keys {
    pub(super) fn new(token: Token) -> Self {
        let state = State {
            token,
            generation: 0,
            left: HashMap::new(),
        };
        Self(watch::Sender::new(state))
    }

    /// Runs `ask` with the token in force.
    pub(super) fn with_token<T>(&self, ask: impl FnOnce(&Token) -> T) -> T {
        ask(&self.0.borrow().token)
    }

    /// What the offered token lets in.
    pub(super) fn admit_token(&self, offered: &str) -> Option<Pass> {
        let state = self.0.borrow();
        let generation = state.generation;
        state
            .token
            .is(offered)
            .then_some(Pass::Token { generation })
    }

    /// What these cookies let in: the longest-lived session among them.
    pub(super) fn admit_session(&self, cookies: &[&str], now: Timestamp) -> Option<Pass> {
        let state = self.0.borrow();
        let session = cookies
            .iter()
            .filter_map(|cookie| ticket::read(&state.token, Purpose::Session, cookie, now))
            .filter(|ticket| !state.left.contains_key(&ticket.nonce))
            .max_by_key(|ticket| ticket.expires)?;
        Some(Pass::Session {
            generation: state.generation,
            session,
        })
    }

    /// A new ticket for this purpose.
    pub(super) fn issue(&self, purpose: Purpose, now: Timestamp) -> String {
        self.with_token(|token| ticket::issue(token, purpose, now))
    }

    /// Ends a session before its time.
    pub(super) fn leave(&self, session: Ticket, now: Timestamp) {
        self.0.send_modify(|state| {
            state.left.retain(|_, expires| now < *expires);
            state.left.insert(session.nonce, session.expires);
        });
    }

    /// Puts another token in force. Whatever the one before has let in is out. Says whether it is
    /// another one.
    pub(super) fn replace(&self, token: Token) -> bool {
        self.0.send_if_modified(|state| {
            if state.token == token {
                return false;
            }
            state.token = token;
            state.generation += 1;
            // They are worth nothing now, left or not.
            state.left.clear();
            true
        })
    }

    /// Waits until a pass lets nobody in any more.
    pub(super) async fn revoked(&self, pass: &Pass) {
        let mut states = self.0.subscribe();
        let is_void = |state: &State| match pass {
            Pass::Token { generation } => state.generation != *generation,
            Pass::Session {
                generation,
                session,
            } => state.generation != *generation || state.left.contains_key(&session.nonce),
            // Ends with its run, which is not ours to watch.
            Pass::Worker { .. } => false,
        };
        // The sender lives as long as we are borrowed, so there is no error.
        states.wait_for(is_void).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn keys() -> Keys {
        Keys::new(Token::from_text("0123456789abcdef0123456789abcdef"))
    }

    #[tokio::test]
    async fn another_token_ends_whatever_the_first_let_in() {
        let keys = keys();
        let cookie = keys.issue(Purpose::Session, NOW);
        let by_token = keys
            .admit_token("0123456789abcdef0123456789abcdef")
            .unwrap();
        let by_cookie = keys.admit_session(&[&cookie], NOW).unwrap();
        assert!(keys.replace(Token::from_text("another one, as long as the first")));
        keys.revoked(&by_token).await;
        keys.revoked(&by_cookie).await;
        assert!(keys.admit_session(&[&cookie], NOW).is_none());
        assert!(
            keys.admit_token("0123456789abcdef0123456789abcdef")
                .is_none()
        );
        assert!(!keys.replace(Token::from_text("another one, as long as the first")));
    }

    #[tokio::test]
    async fn a_session_that_was_left_lets_nobody_in_and_the_others_stay() {
        let keys = keys();
        let [left, other] = [(); 2].map(|()| keys.issue(Purpose::Session, NOW));
        let Some(pass @ Pass::Session { session, .. }) = keys.admit_session(&[&left], NOW) else {
            panic!("a good cookie was refused");
        };
        keys.leave(session, NOW);
        keys.revoked(&pass).await;
        assert!(keys.admit_session(&[&left], NOW).is_none());
        assert!(keys.admit_session(&[&left, &other], NOW).is_some());
    }
}
