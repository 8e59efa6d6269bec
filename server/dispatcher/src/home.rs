//! The home folder: the paths in it, and its identity.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use domain::home::HomeIdentity;
use domain::id::{RunId, TaskId};

/// The id of this machine (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";

/// The home folder of one board. Its layout is the original's, so that either program finds the
/// other's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home folder at `root`, made absolute: workers hear of it and run in folders of their own.
    ///
    /// # Errors
    /// Fails when `root` is empty, is relative to a current folder that is gone, or is not UTF-8,
    /// as a path in JSON has to be.
    pub fn at(root: impl AsRef<Path>) -> io::Result<Self> {
        let root = std::path::absolute(root)?;
        match root.to_str() {
            Some(_) => Ok(Self { root }),
            None => Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("the path {} is not UTF-8", root.display()),
            )),
        }
    }

    /// Its identity, by which a copy of it is known. It blocks.
    ///
    /// # Errors
    /// Fails when the folder is not there.
    pub fn identity(&self) -> io::Result<HomeIdentity> {
        // A machine that has no id yet has no file, an empty one, or a word in it.
        let machine = fs::read_to_string(MACHINE_ID).unwrap_or_default();
        let machine = machine.trim();
        let is_id = machine.len() == 32 && machine.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = fs::metadata(&self.root)?;
        let born = found.created().ok();
        let born = born.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        Ok(HomeIdentity {
            path: self.root.canonicalize()?.display().to_string(),
            inode: found.ino().cast_signed(),
            machine: is_id.then(|| machine.to_owned()),
            born: born.and_then(|since| i64::try_from(since.as_nanos()).ok()),
            device: Some(found.dev().cast_signed()),
        })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The board.
    pub fn db(&self) -> PathBuf {
        self.root.join("kanban.db")
    }

    /// Our configuration: lanes, caps, channels.
    pub fn config(&self) -> PathBuf {
        self.root.join("kanban.toml")
    }

    /// The token of programs that speak to the server.
    pub fn token(&self) -> PathBuf {
        self.root.join("token")
    }

    /// The file whose lock makes a dispatcher the only one of its board.
    pub fn dispatch_lock(&self) -> PathBuf {
        self.root.join("kanban.db.dispatch.lock")
    }

    /// Copies of the board.
    pub fn backups(&self) -> PathBuf {
        self.root.join("backups")
    }

    /// The logs of all tasks.
    pub fn logs(&self) -> PathBuf {
        self.root.join("kanban/logs")
    }

    /// The log of one task, over all its runs.
    pub fn log(&self, task: &TaskId) -> PathBuf {
        self.logs().join(format!("{task}.log"))
    }

    /// The workspaces of all tasks that name no folder of their own.
    pub fn workspaces(&self) -> PathBuf {
        self.root.join("kanban/workspaces")
    }

    /// The workspace of one such task.
    pub fn workspace(&self, task: &TaskId) -> PathBuf {
        self.workspaces().join(task.as_str())
    }

    /// The folders that git is given in the place of a repository's own.
    pub fn git(&self) -> PathBuf {
        self.root.join("kanban/git")
    }

    /// The folders of landings, and the locks of the repositories in which they are made.
    pub fn landings(&self) -> PathBuf {
        self.root.join("kanban/landings")
    }

    /// The folder of the landing of one task.
    pub fn landing_dir(&self, task: &TaskId) -> PathBuf {
        self.landings().join(task.as_str())
    }

    /// The folders of all runs that have not been settled.
    pub fn runs(&self) -> PathBuf {
        self.root.join("kanban/runs")
    }

    /// The folder in which the dispatcher and the supervisor of one run leave word for each other.
    pub fn run_dir(&self, run: RunId) -> PathBuf {
        self.runs().join(run.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_home_stays_where_it_was_when_a_worker_runs_elsewhere() {
        let home = Home::at("boards/one").unwrap();
        assert!(home.db().is_absolute());
        assert!(home.db().ends_with("boards/one/kanban.db"));
    }
}
