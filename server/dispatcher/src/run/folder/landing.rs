//! The spec of a landing, from the dispatcher for the lander.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::id::{EventId, RunToken, TaskId};
use domain::landing::Method;
use serde::{Deserialize, Serialize};

use super::spec::{CheckSpec, Place};
use crate::error::Error;
use crate::home::Home;
use crate::workspaces::Trust;

/// The input of a lander.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LandingSpec {
    pub(crate) task: TaskId,
    /// The token of its check, which opens nothing and marks its processes.
    pub(crate) token: RunToken,
    pub(crate) db: PathBuf,
    pub(crate) repository: PathBuf,
    pub(crate) trust: Trust,
    /// The method of the lane.
    pub(crate) method: Method,
    /// The environment of the check on top of the dispatcher's; `None` unsets a variable.
    pub(crate) env: BTreeMap<String, Option<String>>,
    /// The umask of the check; `None` leaves it the lander's.
    pub(crate) umask: Option<u32>,
    pub(crate) log: PathBuf,
    /// The check that decides whether the result lands.
    pub(crate) check: Option<CheckSpec>,
}

impl LandingSpec {
    /// The token of the landing that this event asks for. It is that of no run, so nobody has to keep it
    /// secret.
    pub(crate) fn token_of(request: EventId) -> RunToken {
        // Of its 32 digits the first twelve mark a process.
        RunToken::from_bits(u128::from(request.0.unsigned_abs()) << 80)
    }

    /// The home folder of its board.
    pub(crate) fn home(&self) -> Result<Home, Error> {
        let root = self.db.parent().unwrap_or(&self.db);
        Home::at(root).map_err(Error::file("find", root))
    }

    /// The place of its check.
    pub(crate) fn place<'a>(&'a self, tree: &'a Path) -> Place<'a> {
        Place {
            workspace: tree,
            env: &self.env,
            umask: self.umask,
        }
    }
}
