//! Checks: what the board itself runs before a task counts as done, and the receipts that it keeps.

use serde::{Deserialize, Serialize};

use crate::id::{ReceiptId, RunId};
use crate::time::Timestamp;

/// The number of red checks in a row after which a task is blocked, where its lane has no other.
pub const REWORK_LIMIT: u32 = 3;

/// The longest script of a check, in characters.
pub const LONGEST_CHECK: usize = 16_384;

/// The part of a check's output that its receipt keeps: its end, in bytes.
pub const RECEIPT_OUTPUT: usize = 16 * 1_024;

/// The evidence for a claim of completion. A receipt is written once and never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Receipt {
    /// Its id.
    pub id: ReceiptId,
    /// The run that claimed to have finished; `None` where a person finished a task that nobody ran.
    pub run: Option<RunId>,
    /// The person who finished the task without its check.
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
    /// The commit that was checked out in a git workspace.
    pub commit: Option<String>,
    /// In a git workspace: true if everything was committed.
    pub is_clean: Option<bool>,
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
    /// Whoever reviewed the work approved it.
    Approved,
    /// Whoever reviewed the work asked for changes.
    ChangesRequested,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 7] = [
        Self::Passed,
        Self::Failed,
        Self::TimedOut,
        Self::NotStarted,
        Self::Unchecked,
        Self::Approved,
        Self::ChangesRequested,
    ];

    /// Its name in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::NotStarted => "not_started",
            Self::Unchecked => "unchecked",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes_requested",
        }
    }

    /// Its name in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::TimedOut => "did not end in time",
            Self::NotStarted => "could not be started",
            Self::Unchecked => "finished without its check",
            Self::Approved => "approved",
            Self::ChangesRequested => "changes were asked for",
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
    /// Returns true for one that ran and did not pass.
    pub const fn is_red(&self) -> bool {
        matches!(
            self.verdict,
            Verdict::Failed | Verdict::TimedOut | Verdict::NotStarted
        )
    }

    /// The verdict in a sentence, with the last line of the output.
    pub fn sentence(&self) -> String {
        let what = match (self.verdict, self.exit_code) {
            (Verdict::Passed | Verdict::Unchecked, _) => return self.verdict.words().to_owned(),
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
            commit: None,
            is_clean: None,
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
