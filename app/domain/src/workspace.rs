//! Folders that workers run in and that the dispatcher made.

use serde::{Deserialize, Serialize};

use crate::id::TaskId;
use crate::task::WorkspaceKind;

/// A folder that the dispatcher made. Nothing else is ever removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// Its absolute path.
    pub path: String,
    /// The task that it was made for.
    pub task: TaskId,
    /// Its kind.
    pub kind: WorkspaceKind,
    /// The repository that a worktree belongs to.
    pub repository: Option<String>,
    /// The branch that was made with a worktree.
    pub branch: Option<String>,
}
