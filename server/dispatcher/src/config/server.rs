//! The server that shows the board, as far as a dispatcher and its workers have to know.

use crate::home::Home;

/// A server that shows the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where browsers find it, for the workers to know.
    pub url: String,
    /// Whether other machines can reach it. Then no text that comes in over the network is run as a
    /// script, unless `kanban.toml` turns the lane `shell` on.
    pub is_reachable: bool,
}

/// How a dispatcher learns of the server.
#[derive(Clone, Debug)]
pub enum FindServer {
    /// There is none.
    Nowhere,
    /// The dispatcher is part of it.
    Here(Server),
    /// It is another process, which may start and end at any time: it is asked for each time that it
    /// matters. The function may block.
    Elsewhere(fn(&Home) -> Option<Server>),
}

impl FindServer {
    /// The server, if there is one now. It may block.
    pub fn now(&self, home: &Home) -> Option<Server> {
        match self {
            Self::Nowhere => None,
            Self::Here(server) => Some(server.clone()),
            Self::Elsewhere(find) => find(home),
        }
    }

    /// Whether other machines can reach the server now. It may block.
    pub(crate) fn is_reachable(&self, home: &Home) -> bool {
        self.now(home).is_some_and(|server| server.is_reachable)
    }
}
