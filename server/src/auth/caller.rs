//! The authenticated caller.

use std::net::IpAddr;

use domain::actor::{Actor, RequestKey};
use domain::id::RunToken;

use super::hash::hash;
use super::keys::Session;

/// The name of callers with the board's token in the event log; as in the original.
const DASHBOARD: &str = "dashboard";

/// The authenticated caller, and its address. Handlers get it from the front door.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(super) pass: Pass,
    /// The address that the connection came from: behind a proxy, the proxy's.
    pub(super) origin: Option<IpAddr>,
    /// The request's idempotency key, where it has one.
    pub(crate) request: Option<RequestKey>,
}

/// The credential that let somebody in.
#[derive(Clone, Debug)]
pub(super) enum Pass {
    /// The board's token, of this generation.
    Token { generation: u64 },
    /// A browser's session, signed with the token of this generation.
    Session { generation: u64, session: Session },
    /// The token of a run that is open.
    Worker { token: RunToken },
}

impl Caller {
    /// The actor of its commands.
    pub(crate) fn actor(&self) -> Actor {
        self.actor_as(DASHBOARD)
    }

    /// The actor of its commands when it calls itself `name`. A worker cannot choose.
    pub(crate) fn actor_as(&self, name: &str) -> Actor {
        let actor = match &self.pass {
            Pass::Token { .. } | Pass::Session { .. } => Actor::full(name),
            // The board knows the name of its run.
            Pass::Worker { token } => Actor::worker("worker", token.clone()),
        };
        let actor = actor.making(self.request.clone());
        match self.origin {
            Some(origin) => actor.from_origin(origin.to_string()),
            None => actor,
        }
    }

    /// The run whose worker it is.
    pub(crate) fn run(&self) -> Option<&RunToken> {
        match &self.pass {
            Pass::Token { .. } | Pass::Session { .. } => None,
            Pass::Worker { token } => Some(token),
        }
    }

    /// The scope of its idempotency keys: the board, or one run.
    pub(crate) fn scope(&self) -> String {
        match &self.pass {
            Pass::Token { .. } | Pass::Session { .. } => "board".to_owned(),
            Pass::Worker { token } => format!("run {}", hash(&[token.as_str().as_bytes()])),
        }
    }
}
