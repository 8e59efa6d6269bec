//! What the end of a worker means for its task: one table.

use domain::command::Failure;
use domain::run::Outcome;

use crate::run_folder::{End, Exit};

/// How much of the last line goes into an error, in characters.
const LAST_LINE_CHARS: usize = 200;

/// A worker says with this code that what it needs cannot be had now (`EX_TEMPFAIL` in sysexits(3)),
/// such as a service that lets it in again only later.
const TEMPORARY_FAILURE: i32 = 75;

/// What is known of the end of a run whose supervisor is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// The supervisor told it.
    Told(Exit),
    /// The supervisor vanished before our eyes and told nothing.
    Vanished,
    /// It was gone when we came, and had told nothing: the machine or the server went down.
    Lost,
}

/// What becomes of the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done, and this came out of it.
    Complete { result: Option<String> },
    /// The attempt failed.
    Fail(Failure),
    /// The attempt does not count, and the next one waits a while, for this reason.
    Defer { reason: String },
    /// The attempt does not count.
    Interrupt,
}

/// The verdict on a run that is still open. A worker that completed or blocked its task itself has
/// closed the run with that, and leaves nothing to decide.
pub(crate) fn verdict(trace: Trace) -> Verdict {
    let Exit { end, output } = match trace {
        Trace::Told(exit) => exit,
        Trace::Vanished => {
            let error = "the worker's supervisor vanished".to_owned();
            return fail(Outcome::Crashed, None, error);
        }
        Trace::Lost => return Verdict::Interrupt,
    };
    match end {
        End::Code(0) => Verdict::Complete {
            result: Some(output).filter(|output| !output.trim().is_empty()),
        },
        End::Code(code) => {
            let error = with_last_line(format!("exited with code {code}"), &output);
            if code == TEMPORARY_FAILURE {
                Verdict::Defer { reason: error }
            } else {
                fail(Outcome::Exit, Some(code), error)
            }
        }
        End::Signal(signal) => {
            let error = with_last_line(format!("ended by {}", signal_name(signal)), &output);
            fail(Outcome::Signal, None, error)
        }
        End::NotStarted(error) => fail(Outcome::SpawnFailed, None, error),
        End::Stopped => Verdict::Interrupt,
    }
}

fn fail(outcome: Outcome, code: Option<i32>, error: String) -> Verdict {
    Verdict::Fail(Failure {
        outcome,
        code,
        error,
    })
}

fn with_last_line(what: String, output: &str) -> String {
    match output.lines().rev().find(|line| !line.trim().is_empty()) {
        Some(line) => {
            let line: String = line.trim().chars().take(LAST_LINE_CHARS).collect();
            format!("{what}: {line}")
        }
        None => what,
    }
}

/// The names that people know (signal(7)); the numbers are those of Linux.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(end: End, output: &str) -> Verdict {
        verdict(Trace::Told(Exit {
            end,
            output: output.to_owned(),
        }))
    }

    fn failed(outcome: Outcome, code: Option<i32>, error: &str) -> Verdict {
        fail(outcome, code, error.to_owned())
    }

    #[test]
    fn exit_0_completes_the_task_with_the_output_as_its_result() {
        let result = Some("a\nb".to_owned());
        assert_eq!(told(End::Code(0), "a\nb"), Verdict::Complete { result });
        assert_eq!(
            told(End::Code(0), " \n"),
            Verdict::Complete { result: None }
        );
    }

    #[test]
    fn any_other_code_fails_the_attempt_and_says_why() {
        assert_eq!(
            told(End::Code(3), "working\nno such file: x\n\n"),
            failed(
                Outcome::Exit,
                Some(3),
                "exited with code 3: no such file: x"
            ),
        );
        assert_eq!(
            told(End::Code(1), ""),
            failed(Outcome::Exit, Some(1), "exited with code 1"),
        );
    }

    #[test]
    fn exit_75_is_no_failure_but_a_reason_to_wait() {
        let reason = "exited with code 75: too many requests".to_owned();
        assert_eq!(
            told(End::Code(75), "asking\ntoo many requests\n"),
            Verdict::Defer { reason }
        );
    }

    #[test]
    fn a_signal_is_called_by_its_name() {
        assert_eq!(
            told(End::Signal(9), "half"),
            failed(Outcome::Signal, None, "ended by SIGKILL: half"),
        );
        assert_eq!(
            told(End::Signal(40), ""),
            failed(Outcome::Signal, None, "ended by signal 40"),
        );
    }

    #[test]
    fn a_worker_that_never_started_is_a_spawn_failure() {
        let error = "cannot start nothing-here: No such file or directory";
        assert_eq!(
            told(End::NotStarted(error.to_owned()), ""),
            failed(Outcome::SpawnFailed, None, error),
        );
    }

    #[test]
    fn going_down_is_nobodys_failure_but_vanishing_is_a_crash() {
        assert_eq!(told(End::Stopped, "half"), Verdict::Interrupt);
        assert_eq!(verdict(Trace::Lost), Verdict::Interrupt);
        assert_eq!(
            verdict(Trace::Vanished),
            failed(Outcome::Crashed, None, "the worker's supervisor vanished"),
        );
    }
}
