//! The credentials in force: the token, and the sessions that it signed.
//!
//! Both may end at any time, and whoever came in with them hears of it.

use std::io;

use domain::time::Timestamp;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use super::caller::Pass;
use super::left::LeftSessions;
use super::ticket::{self, Purpose, Ticket};
use super::token::Token;

/// A browser's session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) ticket: Ticket,
    /// The browser runs no scripts, so its pages hold the proof.
    pub(super) is_plain: bool,
}

impl Session {
    /// A new session.
    pub(super) fn new(now: Timestamp, is_plain: bool) -> Self {
        let ticket = Ticket {
            expires: now + Purpose::Session.lifetime(),
            id: rand::random(),
        };
        Self { ticket, is_plain }
    }

    const fn purpose(self) -> Purpose {
        if self.is_plain {
            Purpose::PlainSession
        } else {
            Purpose::Session
        }
    }
}

/// The keys of one server.
#[derive(Debug)]
pub(super) struct Keys(watch::Sender<State>);

#[derive(Debug)]
struct State {
    token: Token,
    /// The number of tokens that were in force before this one.
    generation: u64,
    left: LeftSessions,
}

impl Keys {
    pub(super) fn new(token: Token, left: LeftSessions) -> Self {
        let state = State {
            token,
            generation: 0,
            left,
        };
        Self(watch::Sender::new(state))
    }

    /// Runs `ask` with the token in force.
    pub(super) fn with_token<T>(&self, ask: impl FnOnce(&Token) -> T) -> T {
        ask(&self.0.borrow().token)
    }

    /// Checks the offered token.
    pub(super) fn admit_token(&self, offered: &str) -> Option<Pass> {
        let state = self.0.borrow();
        let generation = state.generation;
        state
            .token
            .is(offered)
            .then_some(Pass::Token { generation })
    }

    /// Finds the longest-lived valid session in these cookies.
    pub(super) fn admit_session(&self, cookies: &[&str], now: Timestamp) -> Option<Pass> {
        let session = self.sessions_in(cookies, now).pop()?;
        let generation = self.0.borrow().generation;
        Some(Pass::Session {
            generation,
            session,
        })
    }

    /// The sessions that these cookies stand for and that let somebody in, the longest-lived last.
    pub(super) fn sessions_in(&self, cookies: &[&str], now: Timestamp) -> Vec<Session> {
        let state = self.0.borrow();
        let read = |cookie: &&str, is_plain| {
            let purpose = if is_plain {
                Purpose::PlainSession
            } else {
                Purpose::Session
            };
            let ticket = ticket::read(&state.token, purpose, cookie, now)?;
            Some(Session { ticket, is_plain })
        };
        let sessions = cookies
            .iter()
            .filter_map(|cookie| read(cookie, false).or_else(|| read(cookie, true)));
        let mut sessions: Vec<_> = sessions
            .filter(|it| !state.left.contains(&it.ticket))
            .collect();
        sessions.sort_unstable_by_key(|session| session.ticket.expires);
        sessions
    }

    /// A new ticket for this purpose.
    pub(super) fn issue(&self, purpose: Purpose, now: Timestamp) -> String {
        self.with_token(|token| ticket::issue(token, purpose, now))
    }

    /// The ticket of a session, for another lifetime.
    pub(super) fn renew(&self, session: Session, now: Timestamp) -> String {
        let (purpose, id) = (session.purpose(), session.ticket.id);
        self.with_token(|token| ticket::renew(token, purpose, id, now))
    }

    /// The proof that the pages of a session can give and its cookie alone cannot.
    pub(super) fn proof(&self, session: Session) -> String {
        self.with_token(|token| ticket::proof(token, session.ticket.id))
    }

    /// Ends sessions before their time, with every copy of their cookies: none was signed later than
    /// now.
    ///
    /// # Errors
    /// Fails when it cannot be written down, so that only this server knows.
    pub(super) async fn leave(&self, sessions: &[Session], now: Timestamp) -> io::Result<()> {
        let sessions: Vec<_> = sessions.iter().map(|session| session.ticket).collect();
        let until = now + Purpose::Session.lifetime();
        let mut write_down = None;
        self.0.send_modify(|state| {
            write_down = Some(state.left.insert(&sessions, now, until));
        });
        match write_down {
            Some(write_down) => spawn_blocking(write_down).await?,
            None => Ok(()),
        }
    }

    /// Puts another token in force, which ends all sessions of the one before. Returns true when it
    /// differs.
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
            } => state.generation != *generation || state.left.contains(&session.ticket),
            // Ends with its run, which is not ours to watch.
            Pass::Worker { .. } => false,
        };
        // The sender lives as long as we are borrowed, so there is no error.
        states.wait_for(is_void).await.ok();
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn keys(folder: &TempDir) -> Keys {
        let left = LeftSessions::load(folder.path().join("left-sessions"), NOW).unwrap();
        Keys::new(Token::from_text("0123456789abcdef0123456789abcdef"), left)
    }

    #[tokio::test]
    async fn another_token_ends_whatever_the_first_let_in() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keys(&folder);
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
    async fn a_session_that_was_left_lets_nobody_in_after_a_restart_either_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let before = keys(&folder);
        let [left, other] = [(); 2].map(|()| before.issue(Purpose::Session, NOW));
        let Some(pass @ Pass::Session { session, .. }) = before.admit_session(&[&left], NOW) else {
            panic!("a good cookie was refused");
        };
        before.leave(&[session], NOW).await.unwrap();
        before.revoked(&pass).await;
        for keys in [before, keys(&folder)] {
            assert!(keys.admit_session(&[&left], NOW).is_none());
            assert!(keys.admit_session(&[&left, &other], NOW).is_some());
        }
    }
}
