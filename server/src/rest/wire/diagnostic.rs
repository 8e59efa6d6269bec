//! Diagnostics of a task, by the rules of the original that need no model: repeated failures, stuck
//! in blocked, stranded in ready.

use domain::status::Status;
use domain::task::Task;
use domain::text::lines;
use domain::time::{Seconds, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// After so many failures in a row somebody should look.
pub(in crate::rest) const FAILURES: u32 = 2;

/// The time after which a blocked task counts as forgotten.
pub(in crate::rest) const BLOCKED: Seconds = Seconds(86_400);

/// The time after which a ready task counts as stranded.
pub(in crate::rest) const READY: Seconds = Seconds(1_800);

/// The severity of a diagnostic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::rest) enum Severity {
    Warning,
    Error,
    Critical,
}

impl Severity {
    /// The severity with this name.
    pub(in crate::rest) fn from_name(name: &str) -> Option<Self> {
        match name {
            "warning" => Some(Self::Warning),
            "error" => Some(Self::Error),
            "critical" => Some(Self::Critical),
            _ => None,
        }
    }
}

/// One thing that looks wrong.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::rest) struct Diagnostic {
    /// `repeated_failures`, `stuck_in_blocked` or `stranded_in_ready`.
    kind: &'static str,
    pub(in crate::rest) severity: Severity,
    title: String,
    /// A sentence.
    detail: String,
    /// The actions that resolve it.
    actions: Vec<Action>,
    first_seen_at: Timestamp,
    pub(in crate::rest) last_seen_at: Timestamp,
    count: u32,
    /// Always `null`: it is about the task.
    run_id: Option<i64>,
    #[schema(value_type = Object)]
    data: Value,
}

/// Something that helps.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Action {
    /// `reassign`, `unblock`, `comment` or `cli_hint`.
    kind: &'static str,
    label: String,
    #[schema(value_type = Object)]
    payload: Value,
    suggested: bool,
}

impl Action {
    fn new(kind: &'static str, label: &str) -> Self {
        Self {
            kind,
            label: label.to_owned(),
            payload: json!({}),
            suggested: false,
        }
    }

    /// A line for a terminal.
    fn command(line: String) -> Self {
        Self {
            payload: json!({ "command": line }),
            label: line,
            ..Self::new("cli_hint", "")
        }
    }

    fn suggested(self) -> Self {
        Self {
            suggested: true,
            ..self
        }
    }
}

/// Everything that looks wrong with a task, the worst first.
pub(in crate::rest) fn of(task: &Task, now: Timestamp) -> Vec<Diagnostic> {
    let found = [
        repeated_failures(task),
        stuck(task, now),
        stranded(task, now),
    ];
    let mut found: Vec<_> = found.into_iter().flatten().collect();
    found.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
    found
}

fn repeated_failures(task: &Task) -> Option<Diagnostic> {
    let failures = task.failures;
    let is_over = matches!(
        task.status,
        Status::Running | Status::Done | Status::Archived
    );
    if is_over || failures < FAILURES {
        return None;
    }
    let has_given_up = task.status == Status::Blocked && task.block_reason.is_none();
    let severity = if has_given_up || failures >= 2 * FAILURES {
        Severity::Critical
    } else {
        Severity::Error
    };
    let error = task.last_error.as_deref().unwrap_or("nothing was said");
    Some(Diagnostic {
        kind: "repeated_failures",
        severity,
        title: format!("{failures} attempts failed in a row"),
        detail: format!("the last one failed with: {}", lines(error)),
        actions: vec![
            Action::command(format!("kanban log {}", task.id)).suggested(),
            Action::new("reassign", "Give it to somebody else"),
        ],
        first_seen_at: task.status_since,
        last_seen_at: task.status_since,
        count: failures,
        run_id: None,
        data: json!({ "failures": failures, "error": task.last_error }),
    })
}

fn stuck(task: &Task, now: Timestamp) -> Option<Diagnostic> {
    let blocked_for = now.seconds_since(task.status_since);
    if task.status != Status::Blocked || blocked_for < BLOCKED.0 {
        return None;
    }
    let question = task.block_reason.as_deref().filter(|it| !it.is_empty());
    Some(Diagnostic {
        kind: "stuck_in_blocked",
        severity: Severity::Warning,
        title: format!("blocked for {}", Seconds(blocked_for)),
        detail: match question {
            Some(question) => format!("it asks: {}", lines(question)),
            None => "nobody has looked at it".to_owned(),
        },
        actions: vec![
            Action::new("comment", "Answer it").suggested(),
            Action::new("unblock", "Let it go on"),
        ],
        first_seen_at: task.status_since + BLOCKED,
        last_seen_at: now,
        count: 1,
        run_id: None,
        data: json!({ "blocked_seconds": blocked_for }),
    })
}

fn stranded(task: &Task, now: Timestamp) -> Option<Diagnostic> {
    let is_assigned = task.assignee.as_deref().is_some_and(|it| !it.is_empty());
    // A task that rests between two attempts is not forgotten.
    let since = task.status_since.max(task.not_before.unwrap_or_default());
    let ready_for = now.seconds_since(since);
    if task.status != Status::Ready || !is_assigned || ready_for < READY.0 {
        return None;
    }
    Some(Diagnostic {
        kind: "stranded_in_ready",
        severity: match ready_for / READY.0 {
            ..2 => Severity::Warning,
            2..6 => Severity::Error,
            6.. => Severity::Critical,
        },
        title: format!("ready for {} and not started", Seconds(ready_for)),
        detail: "the dispatcher has not started it".to_owned(),
        actions: vec![
            Action::command(format!("kanban why {}", task.id)).suggested(),
            Action::new("reassign", "Give it to somebody else"),
        ],
        first_seen_at: since + READY,
        last_seen_at: now,
        count: 1,
        run_id: None,
        data: json!({ "ready_seconds": ready_for }),
    })
}

/// The tasks with which something looks wrong.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Diagnostics<'a> {
    /// The worst first.
    diagnostics: Vec<TaskDiagnostics<'a>>,
    /// The number of diagnostics.
    count: usize,
}

#[derive(Serialize, ToSchema)]
struct TaskDiagnostics<'a> {
    task_id: &'a str,
    task_title: &'a str,
    task_status: &'a str,
    task_assignee: Option<&'a str>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Diagnostics<'a> {
    /// The diagnostics that are at least this severe.
    pub(in crate::rest) fn new(tasks: &'a [Task], least: Severity, now: Timestamp) -> Self {
        let of_task = |task: &'a Task| {
            let mut diagnostics = of(task, now);
            diagnostics.retain(|diagnostic| diagnostic.severity >= least);
            TaskDiagnostics {
                task_id: task.id.as_str(),
                task_title: &task.title,
                task_status: task.status.as_str(),
                task_assignee: task.assignee.as_deref(),
                diagnostics,
            }
        };
        let mut diagnostics: Vec<_> = tasks.iter().map(of_task).collect();
        diagnostics.retain(|task| !task.diagnostics.is_empty());
        diagnostics.sort_by_key(|task| {
            let worst = task.diagnostics.first();
            std::cmp::Reverse(worst.map(|it| (it.severity, it.last_seen_at)))
        });
        Self {
            count: diagnostics.iter().map(|task| task.diagnostics.len()).sum(),
            diagnostics,
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::fixture;

    use super::*;

    const NOW: Timestamp = Timestamp(1_777_200_000);

    fn found(task: &Task) -> Vec<(&'static str, Severity)> {
        let found = of(task, NOW).into_iter();
        found.map(|it| (it.kind, it.severity)).collect()
    }

    fn task(status: Status, seconds: i64) -> Task {
        Task {
            status,
            status_since: NOW - Seconds(seconds),
            assignee: Some("ops".to_owned()),
            ..fixture::task(1)
        }
    }

    #[test]
    fn a_task_that_waits_as_it_should_has_nothing_wrong() {
        for status in Status::ALL {
            assert_eq!(found(&task(status, 1_799)), []);
        }
        for status in [Status::Triage, Status::Todo, Status::Running, Status::Done] {
            assert_eq!(found(&task(status, 1_000_000)), []);
        }
        let unassigned = Task {
            assignee: None,
            ..task(Status::Ready, 1_000_000)
        };
        assert_eq!(found(&unassigned), []);
        let resting = Task {
            not_before: Some(NOW - Seconds(1)),
            ..task(Status::Ready, 1_000_000)
        };
        assert_eq!(found(&resting), []);
    }

    #[test]
    fn a_ready_task_is_worse_the_longer_it_is_stranded() {
        for (seconds, severity) in [
            (1_800, Severity::Warning),
            (3_600, Severity::Error),
            (10_800, Severity::Critical),
        ] {
            let stranded = task(Status::Ready, seconds);
            assert_eq!(found(&stranded), [("stranded_in_ready", severity)]);
        }
    }

    #[test]
    fn failures_and_a_long_block_are_told_the_worst_first() {
        let failed = |failures, block_reason: Option<&str>| Task {
            failures,
            block_reason: block_reason.map(str::to_owned),
            ..task(Status::Blocked, 86_400)
        };
        let stuck = ("stuck_in_blocked", Severity::Warning);
        assert_eq!(found(&failed(1, Some("why?"))), [stuck]);
        let again = ("repeated_failures", Severity::Error);
        assert_eq!(found(&failed(2, Some("why?"))), [again, stuck]);
        let given_up = ("repeated_failures", Severity::Critical);
        assert_eq!(found(&failed(2, None)), [given_up, stuck]);
        assert_eq!(found(&failed(4, Some(""))), [given_up, stuck]);
    }
}
