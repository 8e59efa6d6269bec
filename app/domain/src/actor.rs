//! Who acts.

use serde::{Deserialize, Serialize};

use crate::id::RunToken;

/// Whoever gives a command: the name that is written down, and what it may do.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The name that comments and new tasks carry: `dashboard`, `user`, a profile.
    pub name: String,
    /// What the credential allows.
    pub authority: Authority,
    /// The address that it speaks from; `None` is the command line.
    pub origin: Option<String>,
    /// The request that it makes, where that is carried out once.
    pub request: Option<RequestKey>,
}

/// A request that is carried out once, however often it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestKey {
    /// Whose key it is: two callers may use the same.
    pub caller: String,
    /// The key.
    pub key: String,
    /// A hash of what is asked, so that no other request is taken for it.
    pub fingerprint: String,
    /// Which change of a bulk request; 0 is the request as a whole.
    pub part: u32,
}

/// What an actor's credential allows.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Everything: a person, or a program with the board's token.
    Full,
    /// A worker: its own task, comments and new tasks, for as long as its run is the current one.
    Run(RunToken),
    /// Somebody in a chat, who was let in by name.
    Chat {
        /// Whether what they write may start work without anybody having looked at it.
        is_trusted: bool,
    },
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

    /// The same, speaking from this address.
    #[must_use]
    pub fn from_origin(self, origin: impl Into<String>) -> Self {
        let origin = Some(origin.into());
        Self { origin, ..self }
    }

    /// The same, making this request.
    #[must_use]
    pub fn making(self, request: Option<RequestKey>) -> Self {
        Self { request, ..self }
    }

    /// The same, making one part of its request, counted from 1.
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
