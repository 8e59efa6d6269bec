//! The verdict on a lane: the step at which its trial failed, and why, read from what the run left.

use domain::run::Outcome;
use domain::status::Status;

/// The steps of a trial, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    /// The program is found on the PATH of whoever starts it.
    Program,
    /// It starts.
    Start,
    /// Somebody is logged in.
    LogIn,
    /// It may edit files and run commands.
    Permission,
    /// It says that it is done.
    Report,
}

impl Step {
    pub(super) const ALL: [Self; 5] = [
        Self::Program,
        Self::Start,
        Self::LogIn,
        Self::Permission,
        Self::Report,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Program => "program",
            Self::Start => "start",
            Self::LogIn => "log in",
            Self::Permission => "permission",
            Self::Report => "report",
        }
    }
}

/// The traces of the run.
#[derive(Debug)]
pub(super) struct Traces<'a> {
    pub(super) status: &'a Status,
    pub(super) outcome: Option<Outcome>,
    /// True when there was a process of its own.
    pub(super) has_started: bool,
    pub(super) exit_code: Option<i32>,
    pub(super) error: &'a str,
    pub(super) log: &'a str,
    /// True when it has written what it was asked to.
    pub(super) has_written: bool,
}

/// A step that failed, and why.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) step: Step,
    pub(super) why: String,
    /// The steps before it that nothing proves.
    pub(super) unknown: &'static [Step],
}

impl Failed {
    pub(super) const fn at(step: Step, why: String) -> Self {
        let unknown = &[];
        Self { step, why, unknown }
    }
}

/// The exit codes with which a shell says that it cannot start a program (POSIX, 2.8.2).
const CANNOT_START: [i32; 2] = [126, 127];

/// What programs say, in lower case, to whom they do not know: Claude Code, Codex, Gemini CLI,
/// `OpenCode`, and the services behind them.
const LOG_IN: [&str; 11] = [
    "not logged in",
    "/login",
    "log in",
    "login",
    "logged out",
    "unauthorized",
    "authenticat",
    "auth method",
    "api key",
    "api_key",
    "error 401",
];

/// What programs say, in lower case, when they were not let do something.
const PERMISSION: [&str; 7] = [
    "permission",
    "approval",
    "not allowed",
    "denied",
    "read-only",
    "rejected by policy",
    "sandbox",
];

/// The first step that failed, if one did.
pub(super) fn verdict(traces: &Traces<'_>) -> Result<(), Failed> {
    let failed = |step, why: &str| {
        let unknown: &[Step] = match step {
            Step::Report if !traces.has_written => &[Step::LogIn, Step::Permission],
            _ => &[],
        };
        let why = why.to_owned();
        Err(Failed { step, why, unknown })
    };
    let cannot_start = !traces.has_started
        || traces
            .exit_code
            .is_some_and(|code| CANNOT_START.contains(&code));
    if cannot_start {
        return failed(Step::Start, traces.error);
    }
    let is_done = *traces.status == Status::Done;
    if is_done && traces.has_written {
        return Ok(());
    }
    let said = traces.log.to_lowercase();
    let line_with = |words: &[&str]| {
        let has = |line: &&str| words.iter().any(|word| line.contains(word));
        let at = said.lines().position(|line| has(&line))?;
        traces.log.lines().nth(at).map(str::trim)
    };
    if let Some(line) = line_with(&LOG_IN).filter(|_| !traces.has_written) {
        return failed(Step::LogIn, &format!("it says: {line}"));
    }
    let not_permitted = line_with(&PERMISSION).filter(|_| !traces.has_written);
    match (not_permitted, traces.outcome) {
        (Some(line), _) => failed(Step::Permission, &format!("it says: {line}")),
        (None, _) if is_done => failed(
            Step::Permission,
            "it says that it is done, and has not written the file that it was asked for",
        ),
        (None, Some(Outcome::Blocked)) => failed(
            Step::Report,
            &format!("it asked instead of finishing: {}", traces.error),
        ),
        (None, _) => failed(Step::Report, traces.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(
        outcome: Outcome,
        exit_code: Option<i32>,
        log: &str,
        has_written: bool,
    ) -> Option<Step> {
        let status = match outcome {
            Outcome::Completed => Status::Done,
            _ => Status::Blocked,
        };
        let traces = Traces {
            status: &status,
            outcome: Some(outcome),
            has_started: outcome != Outcome::SpawnFailed,
            exit_code,
            error: "an error",
            log,
            has_written,
        };
        verdict(&traces).err().map(|failed| failed.step)
    }

    #[test]
    fn each_end_says_which_step_failed() {
        use Outcome::{Blocked, Completed, Exit, Protocol, SpawnFailed, TimedOut};
        for (outcome, code, log, has_written, expected) in [
            (Completed, Some(0), "done", true, None),
            (Completed, Some(0), "done", false, Some(Step::Permission)),
            (SpawnFailed, None, "", false, Some(Step::Start)),
            (
                Exit,
                Some(127),
                "sh: agent: not found",
                false,
                Some(Step::Start),
            ),
            (
                Exit,
                Some(1),
                "Not logged in · Please run /login",
                false,
                Some(Step::LogIn),
            ),
            (
                TimedOut,
                None,
                "retry 2 of 10: authentication_failed (401)",
                false,
                Some(Step::LogIn),
            ),
            (
                Completed,
                Some(0),
                "Invalid API key",
                false,
                Some(Step::LogIn),
            ),
            (
                Protocol,
                Some(0),
                "failed: This command requires approval",
                false,
                Some(Step::Permission),
            ),
            (Protocol, Some(0), "done", true, Some(Step::Report)),
            (
                Protocol,
                Some(0),
                "I print it with permission",
                true,
                Some(Step::Report),
            ),
            (Blocked, Some(0), "which file?", false, Some(Step::Report)),
            (TimedOut, None, "thinking", false, Some(Step::Report)),
            (Exit, Some(3), "boom", false, Some(Step::Report)),
        ] {
            let found = step(outcome, code, log, has_written);
            assert_eq!(found, expected, "{outcome:?} {code:?} {log}");
        }
    }
}
