//! The exit verdict: the effect of a worker's end on its task, as one table.

use domain::check::CheckEnd;
use domain::command::{Failure, HoldUntil, Met};
use domain::hold::Cause;
use domain::outcome::TaskOutcome;
use domain::run::Outcome;
use domain::time::{Seconds, Timestamp};

use crate::lanes::moment::reset_moment;
use crate::lanes::rules::{Meaning, Rules, Success};
use crate::run::fault::Fault;
use crate::run::folder::{Checked, End, Exit};

/// The longest part of the last line in an error, in characters.
const LAST_LINE_CHARS: usize = 200;

/// The evidence of how a run ended whose supervisor is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// The supervisor recorded it.
    Told(Exit),
    /// The supervisor vanished before our eyes and left no record.
    Vanished,
    /// It was killed before our eyes. A record in its folder is not its word: it goes as soon as it has
    /// written one, and a worker of the same user can write one too.
    Killed,
    /// It was gone when we came, and had left no record: the machine or the server went down.
    Lost,
}

/// The verdict on the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done, and this came out of it.
    Complete {
        result: Option<String>,
        outcome: Option<TaskOutcome>,
    },
    /// The work that its run has judged is as it should be.
    Approve { note: Option<String> },
    /// The work that its run has judged needs changes.
    RequestChanges { reason: String },
    /// Its check says whether it is done; this came out of it, unless the board knows.
    Checked {
        check: Box<CheckEnd>,
        result: Option<String>,
        outcome: Option<TaskOutcome>,
    },
    /// It needs a person, for this reason.
    Block { reason: String },
    /// The attempt failed.
    Fail(Failure),
    /// The attempt does not count, and the next one waits a while, for this reason: until the pool is
    /// released for what it has met, else by itself.
    Defer { reason: String, met: Option<Met> },
    /// The attempt did not begin, and whether that counts depends on whose fault it is.
    Hinder { error: String, fault: Fault },
    /// The attempt does not count.
    Interrupt,
}

impl Verdict {
    /// Its name in the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Complete { .. } => "completed",
            Self::Approve { .. } => "approved",
            Self::RequestChanges { .. } => "changes asked for",
            Self::Checked { check, .. } if check.is_red() => "its check did not pass",
            Self::Checked { .. } => "completed, and checked",
            Self::Block { .. } => "blocked",
            Self::Fail(failure) => failure.outcome.as_str(),
            Self::Hinder { .. } => "not started",
            Self::Defer { .. } => "deferred",
            Self::Interrupt => "interrupted",
        }
    }
}

/// The verdict on a run that is still open. A worker that completed or blocked its task itself has
/// closed the run with that, and leaves nothing to decide.
pub(crate) fn verdict(trace: Trace, rules: &Rules, now: Timestamp) -> Verdict {
    let exit = match trace {
        Trace::Told(exit) => exit,
        Trace::Vanished | Trace::Killed => {
            let error = "the worker's supervisor vanished".to_owned();
            return fail(Outcome::Crashed, None, error);
        }
        Trace::Lost => return Verdict::Interrupt,
    };
    let now = exit.ended_at.unwrap_or(now);
    if let Some(checked) = exit.check {
        let Checked { end, has_reported } = *checked;
        let answer = exit.answer.unwrap_or(exit.output);
        return Verdict::Checked {
            check: Box::new(end),
            result: not_blank(answer).filter(|_| !has_reported),
            outcome: negative(&exit.end, rules),
        };
    }
    if let Some(met) = met_limit(&exit, rules) {
        return met;
    }
    let Exit {
        end,
        output,
        answer,
        ..
    } = exit;
    match end {
        End::Code(code) => of_code(code, output, answer, (rules, now)),
        End::Signal(signal) => {
            let error = with_last_line(format!("ended by {}", signal_name(signal)), &output);
            fail(Outcome::Signal, None, error)
        }
        End::OutOfMemory { kills } => {
            let error = format!(
                "killed, most likely because memory ran out: while it ran, the system killed \
                 {kills} for that"
            );
            fail(Outcome::Oom, None, with_last_line(error, &output))
        }
        End::TimedOut(after) => {
            let error = format!("did not end within {}", span(after));
            fail(Outcome::TimedOut, None, with_last_line(error, &output))
        }
        End::HeartbeatLost(after) => {
            let error = format!("neither output nor heartbeat for {}", span(after));
            fail(Outcome::HeartbeatLost, None, with_last_line(error, &output))
        }
        End::NotStarted(error) => Verdict::Fail(not_started(error)),
        End::Hindered { error, fault } => Verdict::Hinder { error, fault },
        End::Stopped => Verdict::Interrupt,
    }
}

/// The verdict where the end of the worker is known and the rules are not. What an exit code means is
/// for a person to say: work that may be done is not done again.
pub(crate) fn verdict_without_rules(exit: Exit, now: Timestamp) -> Verdict {
    match exit.end {
        End::Code(code) => {
            let what = format!("exited with code {code}, and its lane's rules are lost");
            let reason = with_last_line(what, &exit.output);
            Verdict::Block { reason }
        }
        _ => verdict(Trace::Told(exit), &Rules::default(), now),
    }
}

/// The verdict on a worker that did not succeed, and by whose last words it is known why.
fn met_limit(exit: &Exit, rules: &Rules) -> Option<Verdict> {
    let fit = exit.fit.as_ref()?;
    let what = match exit.end {
        End::Code(code) => match (rules.meaning(code), rules.success) {
            (Meaning::Success, Success::Exit) | (Meaning::Blocked | Meaning::Negative, _) => {
                return None;
            }
            _ => format!("exited with code {code}"),
        },
        End::TimedOut(after) => format!("did not end within {}", span(after)),
        End::HeartbeatLost(after) => format!("neither output nor heartbeat for {}", span(after)),
        _ => return None,
    };
    let reason = match &fit.line {
        Some(line) => format!("{what}: {line}"),
        None => with_last_line(what, &exit.output),
    };
    let code = match exit.end {
        End::Code(code) => Some(code),
        _ => None,
    };
    Some(match fit.met {
        Some(met) => Verdict::Defer {
            reason,
            met: Some(met),
        },
        None => fail(Outcome::Exit, code, reason),
    })
}

/// The failure of an attempt whose worker never started.
pub(crate) fn not_started(error: String) -> Failure {
    Failure {
        outcome: Outcome::SpawnFailed,
        code: None,
        error,
        proposed: None,
    }
}

fn of_code(
    code: i32,
    output: String,
    answer: Option<String>,
    (rules, now): (&Rules, Timestamp),
) -> Verdict {
    let error = |what: String| with_last_line(what, &output);
    let exited = format!("exited with code {code}");
    match (rules.meaning(code), rules.success) {
        (Meaning::Success, Success::Exit) => Verdict::Complete {
            result: not_blank(answer.unwrap_or(output)),
            outcome: None,
        },
        (Meaning::Negative, _) => Verdict::Complete {
            result: not_blank(answer.unwrap_or(output)),
            outcome: Some(TaskOutcome::Failure),
        },
        (Meaning::Success, Success::Reports) => {
            let what = format!("{exited} and neither completed nor blocked its task");
            Verdict::Fail(Failure {
                outcome: Outcome::Protocol,
                code: Some(code),
                error: error(what),
                proposed: answer.and_then(not_blank).or(not_blank(output)),
            })
        }
        (Meaning::Failure, _) => fail(Outcome::Exit, Some(code), error(exited)),
        (Meaning::Temporary, _) => {
            let met = |moment| Met {
                cause: Cause::RateLimited,
                until: HoldUntil::Moment(moment),
            };
            Verdict::Defer {
                met: reset_moment(&output, now).map(met),
                reason: error(exited),
            }
        }
        (Meaning::Blocked, _) => Verdict::Block {
            reason: not_blank(output).unwrap_or(exited),
        },
    }
}

/// The outcome of a worker whose exit code says that it came to a negative end.
fn negative(end: &End, rules: &Rules) -> Option<TaskOutcome> {
    let is_negative = matches!(end, End::Code(code) if rules.meaning(*code) == Meaning::Negative);
    is_negative.then_some(TaskOutcome::Failure)
}

fn fail(outcome: Outcome, code: Option<i32>, error: String) -> Verdict {
    Verdict::Fail(Failure {
        outcome,
        code,
        error,
        proposed: None,
    })
}

fn not_blank(output: String) -> Option<String> {
    Some(output).filter(|output| !output.trim().is_empty())
}

fn span(seconds: u64) -> Seconds {
    Seconds(i64::try_from(seconds).unwrap_or(i64::MAX))
}

fn with_last_line(what: String, output: &str) -> String {
    // A line of brackets, as at the end of a stack trace, says nothing.
    let says_something = |line: &&str| line.contains(char::is_alphanumeric);
    match output.lines().rev().find(says_something) {
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
    use domain::backoff::RetryPolicy;
    use domain::command::NextAttempt;

    use super::*;
    use crate::lanes::ends::Fit;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn told_with(rules: &Rules, end: End, output: &str) -> Verdict {
        let exit = Exit {
            output: output.to_owned(),
            ..Exit::without_output(end)
        };
        verdict(Trace::Told(exit), rules, NOW)
    }

    fn told(end: End, output: &str) -> Verdict {
        told_with(&Rules::new(Success::Exit), end, output)
    }

    fn failed(outcome: Outcome, code: Option<i32>, error: &str) -> Verdict {
        fail(outcome, code, error.to_owned())
    }

    #[test]
    fn exit_0_completes_the_task_with_the_output_as_its_result() {
        let result = Some("a\nb".to_owned());
        assert_eq!(told(End::Code(0), "a\nb"), complete(result));
        assert_eq!(told(End::Code(0), " \n"), complete(None));
    }

    #[test]
    fn a_worker_that_is_to_report_and_exits_0_without_a_word_has_failed_and_its_output_is_kept() {
        let rules = Rules::new(Success::Reports);
        let violation = Failure {
            outcome: Outcome::Protocol,
            code: Some(0),
            error: "exited with code 0 and neither completed nor blocked its task: all done"
                .to_owned(),
            proposed: Some("I looked\nall done".to_owned()),
        };
        assert_eq!(
            told_with(&rules, End::Code(0), "I looked\nall done"),
            Verdict::Fail(violation)
        );
        assert_eq!(
            told_with(&rules, End::Code(3), ""),
            failed(Outcome::Exit, Some(3), "exited with code 3"),
        );
    }

    #[test]
    fn the_result_is_the_answer_alone_and_the_error_is_from_all_that_was_printed() {
        let told = |code, rules: &Rules, answer: &str| {
            let exit = Exit {
                output: "the answer\nwarning: old".to_owned(),
                answer: Some(answer.to_owned()),
                ..Exit::without_output(End::Code(code))
            };
            verdict(Trace::Told(exit), rules, NOW)
        };
        let exit = Rules::new(Success::Exit);
        let result = Some("the answer".to_owned());
        assert_eq!(told(0, &exit, "the answer"), complete(result));
        assert_eq!(told(0, &exit, "\n"), complete(None));
        let error = "exited with code 1: warning: old";
        let failure = failed(Outcome::Exit, Some(1), error);
        assert_eq!(told(1, &exit, "the answer"), failure);
        let proposed = |answer| match told(0, &Rules::new(Success::Reports), answer) {
            Verdict::Fail(failure) => failure.proposed,
            other => panic!("{other:?}"),
        };
        assert_eq!(proposed("the answer").as_deref(), Some("the answer"));
        assert_eq!(proposed("").as_deref(), Some("the answer\nwarning: old"));
    }

    fn complete(result: Option<String>) -> Verdict {
        Verdict::Complete {
            result,
            outcome: None,
        }
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
            Verdict::Defer { reason, met: None }
        );
    }

    #[test]
    fn a_lane_may_say_what_its_exit_codes_mean() {
        let mut rules = Rules::new(Success::Exit);
        rules.exit_codes.extend([
            (1, Meaning::Success),
            (42, Meaning::Blocked),
            (53, Meaning::Temporary),
            (75, Meaning::Failure),
            (99, Meaning::Negative),
        ]);
        let told = |code, output| told_with(&rules, End::Code(code), output);
        let result = Some("found".to_owned());
        assert_eq!(told(1, "found"), complete(result));
        let negative = Verdict::Complete {
            result: Some("the bug".to_owned()),
            outcome: Some(TaskOutcome::Failure),
        };
        assert_eq!(told(99, "the bug"), negative);
        let reason = "which port?".to_owned();
        assert_eq!(told(42, "which port?"), Verdict::Block { reason });
        let reason = "exited with code 42".to_owned();
        assert_eq!(told(42, ""), Verdict::Block { reason });
        let reason = "exited with code 53".to_owned();
        assert_eq!(told(53, ""), Verdict::Defer { reason, met: None });
        let failure = failed(Outcome::Exit, Some(75), "exited with code 75");
        assert_eq!(told(75, ""), failure);
    }

    #[test]
    fn exit_75_with_a_moment_holds_its_pool_until_then() {
        let met = Some(Met {
            cause: Cause::RateLimited,
            until: HoldUntil::Moment(NOW + Seconds(3_600)),
        });
        let found = told(End::Code(75), "busy\nretry-after: 3600");
        assert!(matches!(found, Verdict::Defer { met: until, .. } if until == met));
    }

    #[test]
    fn a_limit_that_a_worker_met_counts_unless_it_succeeded() {
        let met = Some(Met {
            cause: Cause::RateLimited,
            until: HoldUntil::Growing,
        });
        let ended = |success, end, met| {
            let line = Some("limit reached".to_owned());
            let exit = Exit {
                fit: Some(Fit { met, line }),
                ..Exit::without_output(end)
            };
            verdict(Trace::Told(exit), &Rules::new(success), NOW)
        };
        for (end, expected) in [
            (End::Code(1), "exited with code 1: limit reached"),
            (End::TimedOut(60), "did not end within 1m: limit reached"),
        ] {
            let reason = expected.to_owned();
            let found = ended(Success::Exit, end, met);
            assert_eq!(found, Verdict::Defer { reason, met });
        }
        let error = "exited with code 1: limit reached";
        let failed = failed(Outcome::Exit, Some(1), error);
        assert_eq!(ended(Success::Exit, End::Code(1), None), failed);
        let done = ended(Success::Exit, End::Code(0), met);
        assert!(matches!(done, Verdict::Complete { .. }));
        let unreported = ended(Success::Reports, End::Code(0), met);
        assert!(matches!(unreported, Verdict::Defer { .. }));
        let signal = ended(Success::Exit, End::Signal(9), met);
        assert!(matches!(signal, Verdict::Fail(_)));
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
    fn a_worker_that_took_too_long_says_how_long_that_was() {
        assert_eq!(
            told(End::TimedOut(1_800), "still at it"),
            failed(
                Outcome::TimedOut,
                None,
                "did not end within 30m: still at it"
            ),
        );
        assert_eq!(
            told(End::HeartbeatLost(90), ""),
            failed(
                Outcome::HeartbeatLost,
                None,
                "neither output nor heartbeat for 1m 30s"
            ),
        );
    }

    #[test]
    fn running_out_of_memory_is_a_likely_cause_and_is_called_that() {
        let Verdict::Fail(failure) = told(End::OutOfMemory { kills: 1 }, "") else {
            panic!("not failed");
        };
        assert_eq!(failure.outcome, Outcome::Oom);
        assert!(failure.error.contains("most likely"), "{}", failure.error);
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
    fn workers_that_report_rest_longer() {
        let next = |success| Rules::new(success).next_attempt();
        let after = |policy| NextAttempt::After(policy);
        assert_eq!(next(Success::Reports), after(RetryPolicy::LATER));
        assert_eq!(next(Success::Exit), after(RetryPolicy::SOON));
    }

    #[test]
    fn going_down_is_nobodys_failure_but_vanishing_is_a_crash() {
        let rules = Rules::new(Success::Exit);
        assert_eq!(told(End::Stopped, "half"), Verdict::Interrupt);
        assert_eq!(verdict(Trace::Lost, &rules, NOW), Verdict::Interrupt);
        assert_eq!(
            verdict(Trace::Vanished, &rules, NOW),
            failed(Outcome::Crashed, None, "the worker's supervisor vanished"),
        );
    }
}
