//! Checks: what the board itself runs before a task counts as done, and the receipts that it keeps.

use serde::{Deserialize, Serialize};

use crate::branch;
use crate::changes::ChangedFile;
use crate::id::{ReceiptId, RunId};
use crate::time::Timestamp;

/// The number of red checks in a row after which a task is blocked, where its lane has no other.
pub const REWORK_LIMIT: u32 = 3;

/// The longest script of a check, in characters.
pub const LONGEST_CHECK: usize = 16_384;

/// The part of a check's output that its receipt keeps: its end, in bytes.
pub const RECEIPT_OUTPUT: usize = 16 * 1_024;

/// The longest reason for which git could not be asked, in characters.
const LONGEST_PROBLEM: usize = 500;

/// The command of the receipts of reviews.
pub const REVIEW: &str = "review";

/// The evidence for a claim of completion. A receipt is written once and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// The run that claimed to have finished; `None` where a person finished a task that nobody ran.
    pub run: Option<RunId>,
    /// The one who gave the verdict, finished the task without, or asked for its landing.
    pub by: Option<String>,
    /// The check.
    pub check: CheckEnd,
}

/// A check that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckEnd {
    /// The script that ran, or the words of the command.
    pub command: String,
    /// Its verdict.
    pub verdict: Verdict,
    /// The time at which it began.
    pub began_at: Timestamp,
    /// The time at which its last process had ended.
    pub ended_at: Timestamp,
    /// Its exit code, where it exited by itself.
    pub exit_code: Option<i32>,
    /// The end of its output, at most [`RECEIPT_OUTPUT`] bytes; where it did not run, the reason.
    pub output: String,
    /// The start of its output in the task's log, in bytes.
    pub log_start: Option<u64>,
    /// The end of its output, in bytes.
    pub log_end: Option<u64>,
    /// The facts of git about the workspace.
    #[serde(flatten)]
    pub git: GitFacts,
}

/// The facts of git about what a check saw. All are empty where the workspace is of no repository that
/// the board knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GitFacts {
    /// The commit that was checked out when the check began.
    pub commit: Option<String>,
    /// True if everything was committed then.
    pub is_clean: Option<bool>,
    /// The commit that was checked out when the check had ended, where that is another.
    pub commit_after: Option<String>,
    /// The commit at which the work on the task began.
    pub base: Option<String>,
    /// The files that differed from the base when the check began, at most
    /// [`MOST_FILES`](crate::changes::MOST_FILES).
    pub files: Vec<ChangedFile>,
    /// The number of files that are left out.
    pub more_files: u32,
    /// The reason for which git could not be asked, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git_problem: Option<String>,
}

impl GitFacts {
    /// The facts of a workspace that git could not be asked about.
    pub fn unknown(problem: &str) -> Self {
        let problem = problem.chars().take(LONGEST_PROBLEM).collect();
        Self {
            git_problem: Some(problem),
            ..Self::default()
        }
    }

    /// The words of [`CheckEnd::git_words`]; `None` where nothing is to be known.
    fn words(&self, verdict: Verdict) -> Option<String> {
        if let Some(problem) = &self.git_problem {
            return Some(["git could not be asked: ", problem].concat());
        }
        if let (Verdict::Landed, Some(landed)) = (verdict, &self.commit_after) {
            let landed = branch::short(landed);
            let commit = branch::short(self.commit.as_deref()?);
            return Some(format!("commit {commit} as {landed}"));
        }
        let mut words = format!("commit {}", branch::short(self.commit.as_deref()?));
        if self.is_clean == Some(false) {
            words.push_str(", not all committed");
        }
        if let Some(after) = &self.commit_after {
            words.push_str(", and the check itself moved to ");
            words.push_str(branch::short(after));
        }
        if self.base.is_some() {
            let lines = |of: fn(&ChangedFile) -> Option<u32>| {
                let counts = self.files.iter().filter_map(of);
                counts.fold(0, u32::saturating_add)
            };
            let files = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
            let files = files.saturating_add(self.more_files);
            let plural = if files == 1 { "" } else { "s" };
            let (added, removed) = (lines(|file| file.added), lines(|file| file.removed));
            let changed = format!(", {files} file{plural} changed +{added} -{removed}");
            words.push_str(&changed);
        }
        Some(words)
    }
}

/// The verdict of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It exited with 0.
    Passed,
    /// It exited with another code, or a signal ended it.
    Failed,
    /// It took longer than it may.
    TimedOut,
    /// It could not be started.
    NotStarted,
    /// A person finished the task without it.
    Unchecked,
    /// A person finished the task without its review.
    Unreviewed,
    /// Whoever reviewed the work approved it.
    Approved,
    /// Whoever reviewed the work asked for changes.
    ChangesRequested,
    /// The work is on the branch that it was to land on.
    Landed,
    /// The work could not be merged into the branch that it was to land on.
    Conflict,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 10] = [
        Self::Passed,
        Self::Failed,
        Self::TimedOut,
        Self::NotStarted,
        Self::Unchecked,
        Self::Unreviewed,
        Self::Approved,
        Self::ChangesRequested,
        Self::Landed,
        Self::Conflict,
    ];

    /// Its name in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::NotStarted => "not_started",
            Self::Unchecked => "unchecked",
            Self::Unreviewed => "unreviewed",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
            Self::Landed => "landed",
            Self::Conflict => "conflict",
        }
    }

    /// Returns true for one that seals the work: it holds for the commit that it saw.
    pub const fn is_seal(self) -> bool {
        matches!(self, Self::Passed | Self::Approved | Self::Landed)
    }

    /// Its name in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "did not end in time",
            Self::NotStarted => "could not be started",
            Self::Unchecked => "finished unchecked",
            Self::Unreviewed => "finished unreviewed",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes were asked for",
            Self::Landed => "landed",
            Self::Conflict => "could not be merged",
        }
    }

    /// Returns the verdict with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == name)
    }
}

impl CheckEnd {
    /// See [`GitFacts`]: the commit and what differs from the base, in a few words.
    pub fn git_words(&self) -> Option<String> {
        self.git.words(self.verdict)
    }

    /// Returns true for one that ran and did not pass.
    pub const fn is_red(&self) -> bool {
        matches!(
            self.verdict,
            Verdict::Failed | Verdict::TimedOut | Verdict::NotStarted | Verdict::Conflict
        )
    }

    /// The verdict in a sentence, with the last line of the output.
    pub fn sentence(&self) -> String {
        let what = match (self.verdict, self.exit_code) {
            (Verdict::Passed | Verdict::Landed, _) => return self.verdict.words().to_owned(),
            // Older versions wrote `unchecked` for a review too.
            (Verdict::Unchecked, _) if self.command != REVIEW => {
                return "finished without its check".to_owned();
            }
            (Verdict::Unchecked | Verdict::Unreviewed, _) => {
                return "finished without its review".to_owned();
            }
            (Verdict::Failed, Some(code)) => format!("exited with code {code}"),
            (Verdict::Failed, None) => "ended by a signal".to_owned(),
            (verdict, _) => verdict.words().to_owned(),
        };
        let last = self.output.trim_end().rsplit('\n').next();
        match last.map(str::trim).filter(|line| !line.is_empty()) {
            Some(line) => {
                let line: String = line.chars().take(200).collect();
                format!("{what}: {line}")
            }
            None => what,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_says_how_a_check_ended_and_its_last_line() {
        let end = |verdict, exit_code, output: &str| CheckEnd {
            command: "make test".to_owned(),
            verdict,
            began_at: Timestamp(0),
            ended_at: Timestamp(1),
            exit_code,
            output: output.to_owned(),
            log_start: None,
            log_end: None,
            git: GitFacts::default(),
        };
        for (check, expected) in [
            (end(Verdict::Passed, Some(0), "fine"), "passed"),
            (
                end(Verdict::Failed, Some(2), "one\n2 tests failed\n\n"),
                "exited with code 2: 2 tests failed",
            ),
            (end(Verdict::Failed, None, " \n"), "ended by a signal"),
            (end(Verdict::TimedOut, None, ""), "did not end in time"),
        ] {
            assert_eq!(check.sentence(), expected);
        }
    }
}
