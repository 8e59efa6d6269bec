//! Runs: the attempts at a task, their outcomes and their processes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{RunId, RunToken, TaskId};
use crate::time::Timestamp;

/// One attempt at a task: a row of table `runs`, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The task that is attempted.
    pub task_id: TaskId,
    /// The lane that started the worker; `None` when a person claimed the task by hand.
    pub lane: Option<String>,
    /// The process id of the worker.
    pub worker_pid: Option<i64>,
    /// The time of the claim.
    pub started_at: Timestamp,
    /// The time of its end; `None` while it is the current run.
    pub ended_at: Option<Timestamp>,
    /// Its outcome.
    pub outcome: Option<Outcome>,
    /// The worker's exit code, where it exited by itself.
    pub exit_code: Option<i32>,
    /// The error, in a sentence.
    pub error: Option<String>,
    /// The worker's summary; of one that reported nothing, its last output.
    pub summary: Option<String>,
    /// The worker's metadata for programs: the text of a JSON object.
    pub metadata: Option<String>,
    /// The working directory.
    pub workspace: Option<String>,
    /// The time of the worker's last heartbeat.
    pub heartbeat_at: Option<Timestamp>,
    /// The time at which its worker said that it has finished, where a check comes after that.
    pub reported_at: Option<Timestamp>,
    /// The start of its output in the task's log, in bytes.
    pub log_start: Option<u64>,
    /// The end of its output, in bytes.
    pub log_end: Option<u64>,
}

/// The outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The task is done.
    Completed,
    /// The task was blocked by the worker or a person.
    Blocked,
    /// The worker could not be started.
    SpawnFailed,
    /// The worker exited with a code that means failure.
    Exit,
    /// A signal ended the worker.
    Signal,
    /// The kernel of the operating system ended the worker because memory ran out.
    Oom,
    /// The worker exceeded the time limit.
    TimedOut,
    /// The worker sent no heartbeat for longer than its lane allows.
    HeartbeatLost,
    /// The worker exited with code 0 and reported nothing.
    Protocol,
    /// The check of what it claimed to have finished did not pass; not a failure.
    CheckFailed,
    /// The worker vanished without a trace of its exit.
    Crashed,
    /// A dependency of the worker was temporarily unavailable; not a failure.
    Deferred,
    /// The server, the supervisor or the machine went down; not a failure.
    Interrupted,
    /// The task was taken away from the worker: moved, archived or cancelled.
    Cancelled,
    /// The lease expired.
    Reclaimed,
}

impl Outcome {
    /// Every outcome, for tests and for the schema's check.
    pub const ALL: [Self; 15] = [
        Self::Completed,
        Self::Blocked,
        Self::SpawnFailed,
        Self::Exit,
        Self::Signal,
        Self::Oom,
        Self::TimedOut,
        Self::HeartbeatLost,
        Self::Protocol,
        Self::CheckFailed,
        Self::Crashed,
        Self::Deferred,
        Self::Interrupted,
        Self::Cancelled,
        Self::Reclaimed,
    ];

    /// The name in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Blocked => "blocked",
            Self::SpawnFailed => "spawn_failed",
            Self::Exit => "exit",
            Self::Signal => "signal",
            Self::Oom => "oom",
            Self::TimedOut => "timed_out",
            Self::HeartbeatLost => "heartbeat_lost",
            Self::Protocol => "protocol",
            Self::CheckFailed => "check_failed",
            Self::Deferred => "deferred",
            Self::Crashed => "crashed",
            Self::Interrupted => "interrupted",
            Self::Cancelled => "cancelled",
            Self::Reclaimed => "reclaimed",
        }
    }

    /// Returns the name of the nearest outcome that hermes-agent 0.19 has.
    pub fn hermes_name(self) -> &'static str {
        match self {
            Self::Exit | Self::Signal | Self::Oom | Self::Protocol | Self::CheckFailed => "crashed",
            Self::Interrupted | Self::Cancelled => "reclaimed",
            Self::HeartbeatLost => "stale",
            Self::Deferred => "rate_limited",
            Self::Completed
            | Self::Blocked
            | Self::SpawnFailed
            | Self::TimedOut
            | Self::Crashed
            | Self::Reclaimed => self.as_str(),
        }
    }

    /// The outcome with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == name)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A process, named so that no other process can be taken for it: a pid is used again, a pid
/// together with its start time on one boot of one kernel is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The kernel's `boot_id`.
    pub boot_id: String,
    /// The process id.
    pub pid: i64,
    /// The process's start, in clock ticks since that boot (field 22 of `/proc/<pid>/stat`).
    pub started_ticks: i64,
}

/// A run that is still open, as the dispatcher finds it when it starts or reconciles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenRun {
    /// The run.
    pub run: RunId,
    /// Its task.
    pub task: TaskId,
    /// Its secret.
    pub token: RunToken,
    /// The lane that started it; `None` when a person claimed the task by hand.
    pub lane: Option<String>,
    /// Its supervisor, once that has reported.
    pub supervisor: Option<ProcessIdentity>,
    /// The time of the claim.
    pub started_at: Timestamp,
    /// The end of the lease unless it is renewed.
    pub lease_expires: Timestamp,
    /// True once its check has begun.
    pub is_checking: bool,
}
