//! Who acts.

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
        }
    }

    /// The worker that holds `token`.
    pub fn worker(name: impl Into<String>, token: RunToken) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Run(token),
            origin: None,
        }
    }

    /// Somebody in a chat.
    pub fn in_chat(name: impl Into<String>, is_trusted: bool) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Chat { is_trusted },
            origin: None,
        }
    }

    /// The same, speaking from this address.
    #[must_use]
    pub fn from_origin(self, origin: impl Into<String>) -> Self {
        let origin = Some(origin.into());
        Self { origin, ..self }
    }

    /// The dispatcher itself.
    pub fn dispatcher() -> Self {
        Self::full("dispatcher")
    }
}
