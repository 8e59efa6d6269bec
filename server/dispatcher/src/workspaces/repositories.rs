//! The repositories that `kanban.toml` names: of no other does a task get a worktree.

use std::path::{Path, PathBuf};

use super::{Error, Trust};

/// The repositories of which tasks may have worktrees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repositories {
    pub(crate) listed: Vec<PathBuf>,
    /// Those whose own settings may name programs.
    pub(crate) trusted: Vec<PathBuf>,
}

impl Repositories {
    /// Returns the trust in a repository. It blocks.
    ///
    /// # Errors
    /// Fails when it is not listed.
    pub(crate) fn trust(&self, repository: &Path) -> Result<Trust, Error> {
        let spelled_out = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let asked_for = spelled_out(repository);
        let is_in = |list: &[PathBuf]| list.iter().any(|path| spelled_out(path) == asked_for);
        if is_in(&self.trusted) {
            Ok(Trust::Trusted)
        } else if is_in(&self.listed) {
            Ok(Trust::Untrusted)
        } else {
            Err(Error::NotListed(repository.to_owned()))
        }
    }
}
