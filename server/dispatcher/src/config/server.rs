//! The servers that show the board, as far as a dispatcher and its workers have to know.

use crate::home::Home;

/// The servers of a home folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Servers {
    /// The address at which browsers find one of them, for the workers to know.
    pub url: Option<String>,
    /// True while others can reach any of them: it listens beyond this machine, or stands behind a
    /// proxy. Then no text that comes in over the network is run as a script, unless `kanban.toml`
    /// turns the lane `shell` on.
    pub is_reachable: bool,
}

/// The way a dispatcher learns of the servers.
#[derive(Clone, Debug)]
pub enum FindServers {
    /// There are none.
    Nowhere,
    /// They start and end at any time, so they are asked for each time that it matters. The function
    /// may block.
    By(fn(&Home) -> Servers),
}

impl FindServers {
    /// The servers that there are now. It may block.
    pub fn now(&self, home: &Home) -> Servers {
        match self {
            Self::Nowhere => Servers::default(),
            Self::By(find) => find(home),
        }
    }
}
