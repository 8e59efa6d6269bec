//! The actor of a command: its name, authority and origin.

use serde::{Deserialize, Serialize};

use crate::id::RunToken;

/// The actor of a command: the name that is written down, and its authority.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The name that comments and new tasks carry: `dashboard`, `user`, a profile.
    pub name: String,
    /// The authority of its credential.
    pub authority: Authority,
    /// The address it connects from; `None` is the command line.
    pub origin: Option<String>,
    /// The idempotent request that it makes, if any.
    pub request: Option<RequestKey>,
}

/// An idempotent request: carried out once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// The caller that chose the key: two callers may use the same.
    pub caller: String,
    /// The idempotency key.
    pub key: String,
    /// A hash of what is asked, so that no other request is taken for it.
    pub fingerprint: String,
    /// The number of the change in a bulk request, from 1; 0 is the request as a whole.
    pub part: u32,
}

/// The rights of an actor's credential.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Everything: a person, or a program with the board's token.
    Full,
    /// A worker: its own task, comments and new tasks, for as long as its run is the current one.
    Run(RunToken),
    /// A chat user who was let in by name.
    Chat {
        /// True if their messages may start work that nobody has looked at.
        is_trusted: bool,
    },
}

impl Authority {
    /// Returns true for a worker, whose texts are a program's output.
    pub const fn is_worker(&self) -> bool {
        matches!(self, Self::Run(_))
    }
}

impl Actor {
    /// An actor that may do everything.
    pub fn full(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Full,
            origin: None,
            request: None,
        }
    }

    /// The worker that holds `token`.
    pub fn worker(name: impl Into<String>, token: RunToken) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Run(token),
            origin: None,
            request: None,
        }
    }

    /// Somebody in a chat.
    pub fn in_chat(name: impl Into<String>, is_trusted: bool) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Chat { is_trusted },
            origin: None,
            request: None,
        }
    }

    /// The same, with this origin.
    #[must_use]
    pub fn from_origin(self, origin: impl Into<String>) -> Self {
        let origin = Some(origin.into());
        Self { origin, ..self }
    }

    /// The same, with this request.
    #[must_use]
    pub fn making(self, request: Option<RequestKey>) -> Self {
        Self { request, ..self }
    }

    /// The same, with this part of its request, counted from 1.
    #[must_use]
    pub fn making_part(mut self, part: u32) -> Self {
        if let Some(request) = &mut self.request {
            request.part = part;
        }
        self
    }

    /// The dispatcher itself.
    pub fn dispatcher() -> Self {
        Self::full("dispatcher")
    }
}
