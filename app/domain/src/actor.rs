//! Who acts.

use crate::id::RunToken;

/// Whoever gives a command: the name that is written down, and what it may do.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The name that comments and new tasks carry: `dashboard`, `user`, a profile.
    pub name: String,
    /// What the credential allows.
    pub authority: Authority,
}

/// What an actor's credential allows.
#[derive(Clone, Debug)]
pub enum Authority {
    /// Everything: a person, or a program with the board's token.
    Full,
    /// A worker: its own task, comments and new tasks, for as long as its run is the current one.
    Run(RunToken),
}

impl Actor {
    /// An actor that may do everything.
    pub fn full(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Full,
        }
    }

    /// The worker that holds `token`.
    pub fn worker(name: impl Into<String>, token: RunToken) -> Self {
        Self {
            name: name.into(),
            authority: Authority::Run(token),
        }
    }

    /// The dispatcher itself.
    pub fn dispatcher() -> Self {
        Self::full("dispatcher")
    }
}
