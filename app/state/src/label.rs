//! The words of the page for the words of the program.

use domain::run::Outcome;
use domain::status::Status;

/// The heading of a column.
pub fn of(status: &Status) -> &str {
    match status {
        Status::Triage => "Triage",
        Status::Todo => "Todo",
        Status::Ready => "Ready",
        Status::Running => "Running",
        Status::Blocked => "Blocked",
        Status::Done => "Done",
        Status::Archived => "Archived",
        Status::Other(name) => name,
    }
}

/// What belongs into a column, for when it is empty.
pub fn hint(status: &Status) -> &'static str {
    match status {
        Status::Triage => "Ideas. Nothing starts from here by itself.",
        Status::Todo => "Tasks that wait for others, or for you.",
        Status::Ready => "Tasks that a worker may take now.",
        Status::Running => "Tasks that a worker is busy with.",
        Status::Blocked => "Tasks that need an answer from you.",
        Status::Done => "Finished tasks, with their results.",
        Status::Archived => "Tasks that were put away.",
        Status::Other(_) => "Tasks of another version of this program.",
    }
}

/// How a run ended, in a word or two; `None` while it goes on.
pub fn of_run(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "running",
        Some(Outcome::Completed) => "completed",
        Some(Outcome::Blocked) => "blocked",
        Some(Outcome::SpawnFailed) => "did not start",
        Some(Outcome::Exit) => "failed",
        Some(Outcome::Signal) => "killed",
        Some(Outcome::Oom) => "out of memory",
        Some(Outcome::TimedOut) => "took too long",
        Some(Outcome::HeartbeatLost) => "went silent",
        Some(Outcome::Protocol) => "reported nothing",
        Some(Outcome::Crashed) => "vanished",
        Some(Outcome::Deferred) => "put off",
        Some(Outcome::Interrupted) => "interrupted",
        Some(Outcome::Cancelled) => "cancelled",
        Some(Outcome::Reclaimed) => "claim ran out",
    }
}
