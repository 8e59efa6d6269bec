//! The authentication of requests: by the names they use, the page they come from and their
//! credential.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::Request;
use axum::http::Method;
use axum::http::header::{HeaderMap, UPGRADE};
use domain::error::Error;
use domain::time::{Seconds, Timestamp};
use tokio::time::Instant;

use super::attempts::Attempts;
use super::caller::{Caller, Pass};
use super::credential::Credential;
use super::exposure::Exposure;
use super::host::{Hosts, Mismatch, Origin};
use super::keys::{Keys, Session};
use super::launch::LaunchCodes;
use super::left::LeftSessions;
use super::ticket::Purpose;
use super::token::Token;
use super::workers::Workers;

/// The only address where the token may stand in the query: a browser's socket has no headers that
/// a script could set.
const EVENTS: &str = "/api/plugins/kanban/events";

/// The only address that is open to strangers and says more to those who are let in.
const HEALTH: &str = "/healthz";

/// Guards one server. It keeps nothing of a visitor but which launch codes were used, which sessions
/// were left and how many wrong tokens came.
#[derive(Debug)]
pub(crate) struct FrontDoor {
    pub(super) keys: Keys,
    hosts: Hosts,
    cookie_name: String,
    /// The path of the board, which its cookie keeps to: "" or `/kanban`.
    path: String,
    /// True when browsers may send the cookie by TLS only.
    is_secure: bool,
    pub(super) launch_codes: LaunchCodes,
    attempts: Attempts,
    /// The refusals that were logged.
    logged: Attempts,
    pub(super) workers: Workers,
}

/// The reason why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is meant for a server of another name.
    WrongHost(Mismatch),
    /// It comes from a page of another site.
    ForeignPage(Mismatch),
    /// It shows no credential, or one that is good no longer.
    Stranger,
    /// It shows a token that is not ours.
    WrongToken,
    /// It shows one wrong token after the other.
    TooManyAttempts(Duration),
    /// It is a worker, whose run is over or may not have this.
    Worker(Error),
    /// It shows what may be the token of a run, and the board does not say whether it is.
    Unknown,
}

impl FrontDoor {
    /// The door of the server that listens at `address` since `now`. Whoever `left` stays out.
    pub(crate) fn new(
        token: Token,
        left: LeftSessions,
        address: SocketAddr,
        exposure: &Exposure,
        now: Timestamp,
    ) -> Self {
        let path = exposure.path().to_owned();
        Self {
            keys: Keys::new(token, left),
            hosts: Hosts::of(address, exposure),
            is_secure: exposure.is_secure(),
            // Cookies do not tell ports apart, and a board at the root of a host is sent those of
            // every other path: two boards need two names.
            cookie_name: format!("kanban_{}{}", address.port(), path.replace('/', "_")),
            path,
            launch_codes: LaunchCodes::new(now),
            attempts: Attempts::default(),
            logged: Attempts::default(),
            workers: Workers::default(),
        }
    }

    /// The path of the board: "" or `/kanban`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Waits until what let `caller` in is worth nothing any more: the token was replaced, or the
    /// browser has logged out.
    pub(crate) async fn revoked(&self, caller: &Caller) {
        self.keys.revoked(&caller.pass).await;
    }

    /// The credential that lets a request in; `None` where everybody is welcome.
    pub(super) fn admit(&self, request: &Request, now: Timestamp) -> Result<Option<Pass>, Refusal> {
        let headers = request.headers();
        if !self.hosts.are_asked(headers, request.uri()) {
            return Err(Refusal::WrongHost(self.hosts.wrong_host(headers)));
        }
        // A plain link from elsewhere may open the board; only what changes or listens may not.
        let needs_origin = is_upgrade(request) || !request.method().is_safe();
        let origin = self.hosts.origin(headers);
        if needs_origin && origin == Origin::Foreign {
            return Err(Refusal::ForeignPage(self.hosts.foreign_page(headers)));
        }
        let path = request.uri().path();
        let is_open = is_open(request.method(), path);
        if is_open && path != HEALTH {
            return Ok(None);
        }
        let query = if path == EVENTS {
            request.uri().query()
        } else {
            None
        };
        match Credential::of(headers, query, &self.cookie_name) {
            Credential::Bearer(token) | Credential::Query(token) => {
                let pass = self.keys.admit_token(token);
                pass.map(Some).ok_or(Refusal::WrongToken)
            }
            Credential::Cookies(values) => match self.keys.admit_session(&values, now) {
                // Only browsers have cookies, and browsers say where a request comes from.
                Some(_) if needs_origin && origin == Origin::Unsaid => {
                    Err(Refusal::ForeignPage(self.hosts.foreign_page(headers)))
                }
                Some(pass) => Ok(Some(pass)),
                None if is_open => Ok(None),
                None => Err(Refusal::Stranger),
            },
            Credential::Nothing if is_open => Ok(None),
            Credential::Nothing => Err(Refusal::Stranger),
        }
    }

    /// The sessions of the browser that sent these headers, the longest-lived last.
    pub(super) fn sessions_of(&self, headers: &HeaderMap, now: Timestamp) -> Vec<Session> {
        match Credential::of(headers, None, &self.cookie_name) {
            Credential::Cookies(values) => self.keys.sessions_in(&values, now),
            _ => Vec::new(),
        }
    }

    /// A new `Set-Cookie` for a browser whose session is past half its life, so that nobody who
    /// comes by every week has to log in again.
    pub(super) fn renewed_cookie(&self, headers: &HeaderMap, now: Timestamp) -> Option<String> {
        let session = self.sessions_of(headers, now).pop()?;
        let half = Seconds(Purpose::Session.lifetime().0 / 2);
        (session.ticket.expires - half < now)
            .then(|| self.set_cookie(&self.keys.renew(session, now)))
    }

    /// The `Set-Cookie` of this session.
    pub(super) fn session_cookie(&self, session: Session, now: Timestamp) -> String {
        self.set_cookie(&self.keys.renew(session, now))
    }

    fn set_cookie(&self, value: &str) -> String {
        let max_age = Purpose::Session.lifetime().0;
        let secure = if self.is_secure { "; Secure" } else { "" };
        format!(
            "{}={value}; Path={}/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
            self.cookie_name, self.path
        )
    }

    /// The `Set-Cookie` that makes a browser forget its session.
    pub(super) fn no_cookie(&self) -> String {
        format!(
            "{}=; Path={}/; Max-Age=0; HttpOnly; SameSite=Lax",
            self.cookie_name, self.path
        )
    }

    /// Counts a wrong token, and puts off whoever has shown too many.
    pub(super) fn wrong_token(&self, origin: Option<IpAddr>) -> Refusal {
        match self.attempts.count(origin, Instant::now()) {
            Some(wait) => Refusal::TooManyAttempts(wait),
            None => Refusal::WrongToken,
        }
    }

    /// Counts a refusal. Returns true where it is to be logged: whoever tries for ever need not fill
    /// the log.
    pub(super) fn may_log(&self, origin: Option<IpAddr>) -> bool {
        self.logged.count(origin, Instant::now()).is_none()
    }
}

/// Returns true for the routes that need no credential: the health check, and the ways in.
fn is_open(method: &Method, path: &str) -> bool {
    matches!(
        (method, path),
        (&Method::GET | &Method::HEAD, HEALTH)
            | (&Method::GET, "/launch")
            // Slack signs its requests instead of showing a token.
            | (
                &Method::POST,
                "/login" | "/logout" | "/chat/slack/command" | "/chat/slack/events"
                    | "/chat/slack/interaction"
            )
    )
}

pub(super) fn is_upgrade(request: &Request) -> bool {
    request.headers().contains_key(UPGRADE) || request.method() == Method::CONNECT
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use axum::http::header::COOKIE;
    use tempfile::TempDir;

    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn door(public_url: Option<&str>) -> FrontDoor {
        door_in(&tempfile::tempdir().unwrap(), public_url)
    }

    fn door_in(folder: &TempDir, public_url: Option<&str>) -> FrontDoor {
        let left = LeftSessions::load(folder.path().join("left-sessions"), NOW).unwrap();
        let token = Token::from_text("0123456789abcdef0123456789abcdef");
        let exposure =
            public_url.map_or(Exposure::None, |url| Exposure::Proxy(url.parse().unwrap()));
        FrontDoor::new(token, left, ([127, 0, 0, 1], 8420).into(), &exposure, NOW)
    }

    fn session() -> Session {
        Session::new(NOW, false)
    }

    fn cookie(set_cookie: &str) -> HeaderMap {
        let pair = set_cookie.split(';').next().unwrap();
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(pair).unwrap())])
    }

    #[test]
    fn a_session_is_renewed_past_half_its_life_and_not_before() {
        let door = door(None);
        let first = cookie(&door.session_cookie(session(), NOW));
        let half = NOW + Seconds(Purpose::Session.lifetime().0 / 2);
        assert_eq!(door.renewed_cookie(&first, half), None);
        let renewed = door.renewed_cookie(&first, half + Seconds(1)).unwrap();
        assert!(renewed.starts_with("kanban_8420=") && cookie(&renewed) != first);
        assert_eq!(
            door.renewed_cookie(&first, NOW + Purpose::Session.lifetime()),
            None
        );
        assert_eq!(door.renewed_cookie(&HeaderMap::new(), half), None);
    }

    #[tokio::test]
    async fn whoever_leaves_by_one_copy_of_a_cookie_leaves_by_all_that_were_renewed() {
        let folder = tempfile::tempdir().unwrap();
        let door = door_in(&folder, None);
        let first = cookie(&door.session_cookie(session(), NOW));
        let late = NOW + Purpose::Session.lifetime() - Seconds(1);
        let renewed = cookie(&door.renewed_cookie(&first, late).unwrap());
        assert_eq!(door.sessions_of(&renewed, late).len(), 1);
        let sessions = door.sessions_of(&first, late);
        door.keys.leave(&sessions, late).await.unwrap();
        let last = late + Purpose::Session.lifetime() - Seconds(1);
        for now in [late, last] {
            assert_eq!(door.sessions_of(&renewed, now), []);
        }
    }

    #[test]
    fn a_cookie_keeps_to_tls_when_the_proxy_has_it() {
        let is_secure = |url| {
            door(url)
                .session_cookie(session(), NOW)
                .ends_with("; Secure")
        };
        assert!(is_secure(Some("https://kanban.example.com")));
        assert!(!is_secure(Some("http://localhost")) && !is_secure(None));
    }
}
