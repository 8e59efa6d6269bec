//! Launch links: a link that a person clicks once and is logged in.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::time::Timestamp;

use super::ticket::{self, Purpose};
use super::token::Token;

/// The launch codes that were used, for as long as they would still be good. Only codes that we
/// signed get in, so nobody else can make it grow.
#[derive(Debug)]
pub(super) struct LaunchCodes {
    /// Codes that were issued earlier are refused: one of them may have been used before the
    /// restart that forgot it.
    started_at: Timestamp,
    used: Mutex<HashMap<u128, Timestamp>>,
}

impl LaunchCodes {
    pub(super) fn new(started_at: Timestamp) -> Self {
        Self {
            started_at,
            used: Mutex::default(),
        }
    }

    /// Uses a code up. Whether it was good; the second time it is not.
    pub(super) fn redeem(
        &self,
        token: &Token,
        purpose: Purpose,
        code: &str,
        now: Timestamp,
    ) -> bool {
        let Some(ticket) = ticket::read(token, purpose, code, now) else {
            return false;
        };
        if ticket.expires - Purpose::Launch.lifetime() < self.started_at {
            return false;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, expires| now < *expires);
        used.insert(ticket.id, ticket.expires).is_none()
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Seconds;

    use super::*;

    const START: Timestamp = Timestamp(1_777_200_000);

    fn token() -> Token {
        Token::from_text("0123456789abcdef0123456789abcdef")
    }

    #[test]
    fn a_launch_code_opens_once() {
        let codes = LaunchCodes::new(START);
        let code = ticket::issue(&token(), Purpose::Launch, START);
        assert!(!codes.redeem(&token(), Purpose::PlainLaunch, &code, START));
        assert!(codes.redeem(&token(), Purpose::Launch, &code, START));
        assert!(!codes.redeem(&token(), Purpose::Launch, &code, START));
        assert!(codes.redeem(
            &token(),
            Purpose::Launch,
            &ticket::issue(&token(), Purpose::Launch, START),
            START
        ));
    }

    #[test]
    fn a_restarted_server_takes_no_code_of_before() {
        let code = ticket::issue(&token(), Purpose::Launch, START);
        let restarted = START + Seconds(1);
        assert!(!LaunchCodes::new(restarted).redeem(&token(), Purpose::Launch, &code, restarted));
    }

    #[test]
    fn used_codes_are_forgotten_once_they_have_expired() {
        let codes = LaunchCodes::new(START);
        for now in [START, START + Purpose::Launch.lifetime()] {
            assert!(codes.redeem(
                &token(),
                Purpose::Launch,
                &ticket::issue(&token(), Purpose::Launch, now),
                now
            ));
        }
        assert_eq!(codes.used.lock().unwrap().len(), 1);
    }
}
