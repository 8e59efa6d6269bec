//! The check of a run: it comes after its worker, in the same workspace, with a tree and a time of its
//! own. Its end says whether the task is done.

use domain::check::{CheckEnd, GitFacts, RECEIPT_OUTPUT, Verdict};
use domain::time::Timestamp;
use tokio::time::Instant;

use super::output::Written;
use super::tree::Tree;
use super::watch::Watch;
use super::{LAST_OUTPUT, Supervision, worker};
use crate::lanes::Limits;
use crate::lanes::rules::{Meaning, Rules, Success};
use crate::run::fault::Fault;
use crate::run::folder::{CheckSpec, Checked, End, Exit};

impl Supervision<'_> {
    /// Runs the check of a worker that claims to have finished, and adds its end to that of the worker.
    pub(super) async fn checked(&mut self, mut exit: Exit) -> Exit {
        let Some(check) = &self.spec.check else {
            return exit;
        };
        let report = loop {
            match self.board.report().await {
                Ok(report) => break report,
                Err(error) => tracing::warn!(%error, "the board cannot be asked for the report"),
            }
            if !self.next_try().await {
                return stopped(exit);
            }
        };
        if report.is_none() && !claims_by_its_end(&exit.end, &self.spec.rules) {
            return exit;
        }
        let is_open = loop {
            match self.board.begin_check().await {
                Ok(is_open) => break is_open,
                Err(error) => tracing::warn!(%error, "the board is not told that the check begins"),
            }
            if !self.next_try().await {
                return stopped(exit);
            }
        };
        if !is_open {
            return stopped(exit);
        }
        let has_reported = report.is_some();
        let result = report.flatten().or_else(|| exit.answer.clone());
        let result = result.unwrap_or_default();
        // Looked at before the check, which may commit itself.
        let Ok(mut git) = self.git_facts().await else {
            return stopped(exit);
        };
        let Ok(elsewhere) = self.is_elsewhere().await else {
            return stopped(exit);
        };
        let end = match elsewhere {
            // It would say something of work that nothing follows from.
            Some(problem) => Some(not_started(check, problem, self.board.now())),
            None => self.run_check(check, &result).await,
        };
        let Some(mut end) = end else {
            return stopped(exit);
        };
        let Ok(after) = self.checked_out().await else {
            return stopped(exit);
        };
        git.commit_after = after.filter(|after| git.commit.as_ref().is_some_and(|it| it != after));
        end.git = git;
        if end.verdict != Verdict::NotStarted {
            exit.log_end = end.log_end;
        }
        exit.ended_at = Some(end.ended_at);
        exit.check = Some(Box::new(Checked { end, has_reported }));
        exit
    }

    /// Runs it to its end; `None` when the run was closed meanwhile.
    async fn run_check(&mut self, check: &CheckSpec, result: &str) -> Option<CheckEnd> {
        let result_file = self.folder.result_file();
        let started = loop {
            let written = self.folder.write_result(result);
            let start = |()| {
                let heading = format!("check of run {}", self.spec.run);
                let log = (&*self.spec.log, &*heading);
                worker::start_check(&self.spec.place(), check, log, &result_file)
            };
            match written.and_then(start) {
                Ok(started) => break started,
                // A refusal of the machine says nothing of the work, and may pass.
                Err(error) if error.fault() == Fault::Machine => {
                    tracing::warn!(%error, "the check is not started yet");
                }
                Err(error) => {
                    return Some(not_started(check, error.to_string(), self.board.now()));
                }
            }
            if !self.next_try().await {
                return None;
            }
        };
        let began_at = self.board.now();
        let limits = Limits {
            max_run_time: check.time,
            heartbeat_timeout: None,
        };
        self.watch = Watch::new(limits, Instant::now());
        let mut tree = Tree::of(started.pid);
        let end = self.end_of(&mut tree, &started.output).await;
        self.end_tree(&mut tree).await;
        let ended_at = self.board.now();
        let written = started.output.written(LAST_OUTPUT).await;
        ended(
            check,
            &end,
            (began_at, ended_at),
            started.log_start,
            &written,
        )
    }
}

/// The end of a check that ran, and wrote this into the log from `log_start` on; `None` where it was to
/// end.
pub(super) fn ended(
    check: &CheckSpec,
    end: &End,
    (began_at, ended_at): (Timestamp, Timestamp),
    log_start: u64,
    written: &Written,
) -> Option<CheckEnd> {
    let (verdict, exit_code) = match end {
        End::Stopped => return None,
        End::Code(0) => (Verdict::Passed, Some(0)),
        End::Code(code) => (Verdict::Failed, Some(*code)),
        End::TimedOut(_) => (Verdict::TimedOut, None),
        _ => (Verdict::Failed, None),
    };
    Some(CheckEnd {
        command: check.command.clone(),
        verdict,
        began_at,
        ended_at,
        exit_code,
        output: last(&written.printed),
        log_start: Some(log_start),
        log_end: written.log_end,
        git: GitFacts::default(),
    })
}

/// Returns true for the end of a worker that says by it that it has finished.
fn claims_by_its_end(end: &End, rules: &Rules) -> bool {
    let End::Code(code) = end else {
        return false;
    };
    match rules.meaning(*code) {
        Meaning::Success => rules.success == Success::Exit,
        Meaning::Negative => true,
        _ => false,
    }
}

fn stopped(exit: Exit) -> Exit {
    Exit {
        end: End::Stopped,
        ..exit
    }
}

pub(super) fn not_started(check: &CheckSpec, problem: String, now: Timestamp) -> CheckEnd {
    CheckEnd {
        command: check.command.clone(),
        verdict: Verdict::NotStarted,
        began_at: now,
        ended_at: now,
        exit_code: None,
        output: problem,
        log_start: None,
        log_end: None,
        git: GitFacts::default(),
    }
}

/// The end of an output, as a receipt keeps it.
fn last(output: &str) -> String {
    let from = output.len().saturating_sub(RECEIPT_OUTPUT);
    output
        .get(output.ceil_char_boundary(from)..)
        .unwrap_or_default()
        .to_owned()
}
