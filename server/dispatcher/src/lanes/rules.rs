//! A lane's rules for the ends of its workers.

use std::collections::BTreeMap;

use domain::backoff::RetryPolicy;
use domain::command::{Breaker, NextAttempt};
use serde::{Deserialize, Serialize};

use super::ends::EndPattern;

/// A worker says with this code that what it needs cannot be had now (`EX_TEMPFAIL` in sysexits(3)),
/// such as a service that lets it in again only later.
const TEMPORARY_FAILURE: i32 = 75;

/// A lane's rules for the exit verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Rules {
    pub(crate) success: Success,
    /// The meaning of exit codes that are no plain failure.
    pub(crate) exit_codes: BTreeMap<i32, Meaning>,
    /// The meaning of an end by what was printed last; the first that fits counts.
    pub(crate) ends: Vec<EndPattern>,
    /// The back-off of failed attempts, where the lane has its own.
    pub(crate) retry: Option<RetryPolicy>,
    /// The number of failures in a row that blocks a task, where the lane has its own.
    pub(crate) limit: Option<u32>,
    /// The rule by which failures of different tasks are the lane's.
    pub(crate) breaker: Option<Breaker>,
}

/// The condition for a task to count as done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Success {
    /// It has to complete or block the task itself; to exit without a word is a failure.
    Reports,
    /// It has to exit with 0; the last lines of its standard output, or its last message, are the
    /// result.
    Exit,
}

/// The meaning of an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Meaning {
    /// As 0 does.
    Success,
    /// The attempt failed and is made again.
    Failure,
    /// A dependency is temporarily unavailable (`EX_TEMPFAIL`). The attempt does not count.
    Temporary,
    /// Only a person can help; the last output is the question.
    Blocked,
    /// It has finished, and came to a negative end: the task is done, with the outcome *failure*.
    Negative,
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(Success::Reports)
    }
}

impl Rules {
    pub(crate) fn new(success: Success) -> Self {
        Self {
            success,
            exit_codes: [(TEMPORARY_FAILURE, Meaning::Temporary)].into(),
            ends: Vec::new(),
            retry: None,
            limit: None,
            breaker: None,
        }
    }

    /// The back-off of a failed attempt. A worker that reports is most often an agent, whose
    /// service may be out for minutes.
    pub(crate) fn next_attempt(&self) -> NextAttempt {
        NextAttempt::After(self.retry.unwrap_or(self.usual_retry()))
    }

    /// The back-off of a lane that says nothing of its own.
    pub(crate) const fn usual_retry(&self) -> RetryPolicy {
        match self.success {
            Success::Reports => RetryPolicy::LATER,
            Success::Exit => RetryPolicy::SOON,
        }
    }

    /// Returns the meaning of an exit code.
    pub(crate) fn meaning(&self, code: i32) -> Meaning {
        let default = if code == 0 {
            Meaning::Success
        } else {
            Meaning::Failure
        };
        self.exit_codes.get(&code).copied().unwrap_or(default)
    }
}
