//! The changes of a task: what its branch holds since its work began.

mod text;

use serde::{Deserialize, Serialize};

use crate::text::first_of;
use crate::time::Timestamp;

pub use text::{Detail, MOST_TO_REVIEW};

/// The largest number of files that are listed.
pub const MOST_FILES: usize = 300;

/// The largest number of commits that are listed.
pub const MOST_COMMITS: usize = 300;

/// The longest text of all patches together, in bytes.
pub const MOST_PATCH: usize = 1024 * 1024;

/// The longest text of a file that git does not know yet, in bytes.
pub const MOST_NEW: usize = 64 * 1024;

/// The work of a task since its base. Made when somebody asks, and never kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changes {
    /// The branch of the task.
    pub branch: String,
    /// The commit from which on changes are shown.
    pub base: String,
    /// The commit at which the branch is, or its worktree where that is still there.
    pub commit: String,
    /// The commits since the base, newest first.
    pub commits: Vec<Commit>,
    /// The number of commits that are left out.
    pub more_commits: u32,
    /// The files that differ from the base, as they are in the worktree; as they are committed where
    /// that is gone.
    pub files: Vec<FileChange>,
    /// The number of files that are left out.
    pub more_files: u32,
    /// True where patches were left out because all together are longer than [`MOST_PATCH`], or that of a
    /// file that git does not know yet than [`MOST_NEW`].
    pub is_cut: bool,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Commit {
    /// Its full id.
    pub id: String,
    /// The name of its author.
    pub author: String,
    /// The time at which it was committed.
    pub at: Timestamp,
    /// The first line of its message.
    pub subject: String,
}

/// A changed file, with its patch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FileChange {
    /// The file.
    #[serde(flatten)]
    pub file: ChangedFile,
    /// True where some of it is not committed.
    pub is_uncommitted: bool,
    /// The hunks in unified format, each beginning with `@@`; `None` for a binary file, and where it was
    /// left out.
    pub patch: Option<String>,
}

/// A changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangedFile {
    /// Its path in the repository; a folder that git does not know yet ends in a slash.
    pub path: String,
    /// The path that it had before, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// The kind of change.
    pub kind: ChangeKind,
    /// The number of added lines; `None` where there are no lines, or nobody counted.
    pub added: Option<u32>,
    /// The number of removed lines.
    pub removed: Option<u32>,
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The file is new.
    Added,
    /// The file is gone.
    Removed,
    /// The file has another path, and may differ.
    Renamed,
    /// The text differs.
    Changed,
    /// The content differs, and is no text.
    Binary,
}

impl ChangeKind {
    /// Its name in JSON and in a list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Changed => "changed",
            Self::Binary => "binary",
        }
    }
}

impl FileChange {
    /// Returns true where it has lines that differ, and its patch was left out for its length.
    pub fn is_left_out(&self) -> bool {
        let has_lines = (self.file.added, self.file.removed) != (Some(0), Some(0));
        let is_text = self.file.kind != ChangeKind::Binary && !self.file.path.ends_with('/');
        self.patch.is_none() && has_lines && is_text
    }
}

impl Changes {
    /// Returns the sentences that say what is left out.
    pub fn left_out(&self) -> Vec<String> {
        let count = |count: u32, one: &str| match count {
            0 => None,
            1 => Some(format!("1 more {one} is not listed.")),
            _ => Some(format!("{count} more {one}s are not listed.")),
        };
        let without = self.files.iter().filter(|it| it.is_left_out());
        let paths: Vec<&str> = without.map(|it| it.file.path.as_str()).collect();
        let cut = (self.is_cut && !paths.is_empty()).then(|| {
            let names = first_of(&paths, paths.len());
            format!(
                "Left out for their length, the patches of {names}: all together have 1 MiB at most, and \
                 a file that git does not know yet 64 KiB."
            )
        });
        let parts = [
            count(self.more_commits, "commit"),
            count(self.more_files, "file"),
            cut,
        ];
        parts.into_iter().flatten().collect()
    }

    /// Returns the added and removed lines of all files that are listed.
    pub fn lines(&self) -> (u32, u32) {
        let sum = |of: fn(&ChangedFile) -> Option<u32>| {
            let counts = self.files.iter().filter_map(|it| of(&it.file));
            counts.fold(0, u32::saturating_add)
        };
        (sum(|file| file.added), sum(|file| file.removed))
    }
}
