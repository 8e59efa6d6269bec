//! Values for tests, also for those of other packages. Each value has a default for all that a test
//! is not about.

use std::io::Write;

use crate::board::TaskSummary;
use crate::dispatch::{Dispatch, LaneReport, Report};
use crate::id::TaskId;
use crate::outcome::TaskOutcome;
use crate::run::ProcessIdentity;
use crate::status::Status;
use crate::task::{Task, WorkspaceKind};
use crate::time::Timestamp;

/// The time of all values here.
pub const NOW: Timestamp = Timestamp(1_000_000);

/// Tells whoever runs the tests that `test` is left out, because this machine does not allow what it
/// needs.
///
/// # Panics
/// When `KANBAN_TESTS_NEED_ALL` is 1: then no test may be left out.
pub fn left_out(test: &str, needs: &str) {
    let needs_all = std::env::var_os("KANBAN_TESTS_NEED_ALL");
    assert!(
        needs_all.is_none_or(|value| value != "1"),
        "{test} was not run: it needs {needs}"
    );
    // Past the harness, which shows nothing of a test that passes.
    writeln!(std::io::stderr(), "left out: {test}, which needs {needs}").ok();
}

/// A ready task that was put on the board now.
pub fn task(number: u32) -> Task {
    Task {
        id: TaskId::from_bits(number),
        title: format!("Task {number}"),
        body: None,
        assignee: Some("shell".to_owned()),
        status: Status::Ready,
        priority: 0,
        created_by: None,
        created_at: NOW,
        started_at: None,
        completed_at: None,
        workspace_kind: WorkspaceKind::Scratch,
        workspace_path: None,
        claim_lock: None,
        claim_expires: None,
        tenant: None,
        result: None,
        outcome: TaskOutcome::Success,
        idempotency_key: None,
        failures: 0,
        worker_pid: None,
        last_error: None,
        waiting: false,
        status_since: NOW,
        not_before: None,
        failure_limit: None,
        block_reason: None,
        max_runtime: None,
        due_at: None,
        skills: None,
        check: None,
        rework_limit: None,
        review: None,
        land_method: None,
        in_review: None,
    }
}

/// The summary of [`task`].
pub fn summary(number: u32) -> TaskSummary {
    let task = task(number);
    TaskSummary {
        id: task.id,
        number: i64::from(number),
        title: task.title,
        assignee: task.assignee,
        status: task.status,
        has_worker: false,
        is_checking: false,
        checked: None,
        has_changed_since: false,
        is_landing: false,
        priority: task.priority,
        tenant: task.tenant,
        created_at: task.created_at,
        started_at: task.started_at,
        completed_at: task.completed_at,
        status_since: task.status_since,
        not_before: task.not_before,
        due_at: task.due_at,
        failures: task.failures,
        last_error: task.last_error,
        waiting: task.waiting,
        block_reason: task.block_reason,
        outcome: task.outcome,
        names_reviewer: false,
        reviewer: None,
        is_dead_end: false,
        parents: 0,
        children: 0,
        children_done: 0,
        comments: 0,
    }
}

/// A process of this boot.
pub fn process() -> ProcessIdentity {
    ProcessIdentity {
        boot_id: "boot".to_owned(),
        pid: 7,
        started_ticks: 9,
    }
}

/// A lane that can start something.
pub fn lane(name: &str) -> LaneReport {
    LaneReport {
        name: name.to_owned(),
        program: Some(format!("/usr/bin/{name}")),
        cap: None,
        serves_others: false,
        problem: None,
        pool: None,
        opens_at: None,
        review: None,
    }
}

/// The report of a dispatcher with a cap of one run, in lane `shell`.
pub fn report() -> Report {
    Report {
        claimer: "host:1".to_owned(),
        process: process(),
        is_running: true,
        last_tick: Some(NOW),
        next_tick: None,
        cap: 1,
        cap_reason: "1 processor".to_owned(),
        bad_ticks: 0,
        problem: None,
        lanes: vec![lane("shell")],
        fault: None,
        exiting_runs: Vec::new(),
        unrecoverable_runs: Vec::new(),
        is_of_another: false,
    }
}

/// The dispatcher of [`report`], with no open run.
pub fn dispatch() -> Dispatch {
    Dispatch {
        report: Some(report()),
        reported_at: Some(NOW),
        paused: Vec::new(),
        holds: Vec::new(),
        running: Vec::new(),
        now: NOW,
    }
}
