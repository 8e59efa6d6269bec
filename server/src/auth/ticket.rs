//! Tickets: what a browser holds instead of the token.
//!
//! A ticket states its purpose and its end and is signed with the token, so the server keeps none
//! of them: tickets survive a restart and die with the token.

use data_encoding::HEXLOWER;
use domain::time::{Seconds, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::token::Token;

/// The purpose of a ticket. One kind is never taken for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The cookie of a browser that runs scripts, which keep its proof.
    Session,
    /// The cookie of a browser without scripts: the forms on its pages hold its proof.
    PlainSession,
    /// The code of a launch link, which becomes a cookie once.
    Launch,
    /// The same, for a browser without scripts.
    PlainLaunch,
}

impl Purpose {
    /// The lifetime of such a ticket: a month for a browser that is used every day, and long enough
    /// for a person to notice the link in a terminal and click on it.
    pub(super) const fn lifetime(self) -> Seconds {
        match self {
            Self::Session | Self::PlainSession => Seconds(30 * 86_400),
            Self::Launch | Self::PlainLaunch => Seconds(15 * 60),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::PlainSession => "plain session",
            Self::Launch => "launch",
            Self::PlainLaunch => "plain launch",
        }
    }
}

/// A ticket whose signature is known to be ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Its expiry.
    pub(super) expires: Timestamp,
    /// Its id. A session keeps its id when it is renewed, so that it ends as a whole.
    pub(super) id: u128,
}

/// Signs a new ticket. The text is made of digits, `a` to `f` and dots, so it fits in a URL and in
/// a cookie as it is.
pub(super) fn issue(token: &Token, purpose: Purpose, now: Timestamp) -> String {
    renew(token, purpose, rand::random(), now)
}

/// Signs the ticket of this name once more, for another lifetime from now on.
pub(super) fn renew(token: &Token, purpose: Purpose, id: u128, now: Timestamp) -> String {
    let expires = now + purpose.lifetime();
    let claim = format!("{}.{id:032x}", expires.0);
    let signature = sign(token, purpose.name(), &claim);
    format!("{claim}.{signature}")
}

/// Reads a ticket: `None` unless we signed it for this purpose and it is still good.
pub(super) fn read(token: &Token, purpose: Purpose, text: &str, now: Timestamp) -> Option<Ticket> {
    let (claim, signature) = text.rsplit_once('.')?;
    let expected = sign(token, purpose.name(), claim);
    if !bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        return None;
    }
    let (expires, id) = claim.split_once('.')?;
    let ticket = Ticket {
        expires: Timestamp(expires.parse().ok()?),
        id: u128::from_str_radix(id, 16).ok()?,
    };
    (now < ticket.expires).then_some(ticket)
}

/// The proof that a request comes from a page of this session: a second secret, which its cookie does
/// not tell.
pub(super) fn proof(token: &Token, session: u128) -> String {
    sign(token, "proof", &format!("{session:032x}"))
}

fn sign(token: &Token, purpose: &str, claim: &str) -> String {
    #[expect(
        clippy::expect_used,
        reason = "HMAC is defined for keys of every length (RFC 2104)"
    )]
    let mut mac = Hmac::<Sha256>::new_from_slice(token.as_bytes()).expect("any key length");
    mac.update(purpose.as_bytes());
    mac.update(b"\0");
    mac.update(claim.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn token() -> Token {
        Token::from_text("0123456789abcdef0123456789abcdef")
    }

    #[test]
    fn a_ticket_is_good_until_it_ends() {
        let text = issue(&token(), Purpose::Session, NOW);
        let ticket = read(&token(), Purpose::Session, &text, NOW).unwrap();
        assert_eq!(ticket.expires, NOW + Purpose::Session.lifetime());
        assert_eq!(
            read(&token(), Purpose::Session, &text, ticket.expires),
            None
        );
    }

    #[test]
    fn a_launch_code_is_no_cookie() {
        let code = issue(&token(), Purpose::Launch, NOW);
        assert_eq!(read(&token(), Purpose::Session, &code, NOW), None);
    }

    #[test]
    fn tickets_die_with_the_token() {
        let text = issue(&token(), Purpose::Session, NOW);
        let rotated = Token::from_text("another one, as long as the first");
        assert_eq!(read(&rotated, Purpose::Session, &text, NOW), None);
    }

    #[test]
    fn a_ticket_with_one_changed_character_is_refused() {
        let text = issue(&token(), Purpose::Session, NOW);
        for at in 0..text.len() {
            let mut forged = text.clone().into_bytes();
            forged[at] = if forged[at] == b'1' { b'2' } else { b'1' };
            let forged = String::from_utf8(forged).unwrap();
            assert_eq!(
                read(&token(), Purpose::Session, &forged, NOW),
                None,
                "{forged}"
            );
        }
    }

    #[test]
    fn garbage_is_refused_without_a_panic() {
        for text in [
            "",
            ".",
            "..",
            "a.b.c",
            "9999999999.1.",
            "\u{1f980}.\u{1f980}.\u{1f980}",
        ] {
            assert_eq!(read(&token(), Purpose::Session, text, NOW), None);
        }
    }
}
