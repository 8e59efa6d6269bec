//! The reports of a tick and of the dispatcher's status, and the reason why a task waits.

use dispatcher::TickReport;
use domain::dispatch::{self, Dispatch, Facts, Pause, WhyNot, why_not};
use domain::hold::LaneHold;
use domain::id::TaskId;
use domain::time::Timestamp;
use kernel::ReadyCount;
use serde::Serialize;
use utoipa::ToSchema;

/// The report of a dispatcher tick, as the original has it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "reclaimed": 0, "promoted": 1, "spawned": [["t_1a2b3c4d", "shell", "/home/ada/.kanban/kanban/workspaces/t_1a2b3c4d"]],
    "skipped_unassigned": [], "crashed": [], "auto_blocked": [],
}))]
pub(in crate::rest) struct Tick {
    reclaimed: usize,
    promoted: usize,
    /// The task, its assignee and its workspace.
    #[schema(value_type = Vec<Vec<String>>)]
    spawned: Vec<(TaskId, String, String)>,
    skipped_unassigned: Vec<TaskId>,
    crashed: Vec<TaskId>,
    auto_blocked: Vec<TaskId>,
}

impl Tick {
    pub(in crate::rest) fn new(report: TickReport) -> Self {
        let spawned = report.spawned.into_iter();
        Self {
            reclaimed: report.reclaimed,
            promoted: report.promoted,
            spawned: spawned
                .map(|it| (it.task, it.assignee, it.workspace))
                .collect(),
            skipped_unassigned: report.skipped_unassigned,
            crashed: report.crashed,
            auto_blocked: report.auto_blocked,
        }
    }
}

/// The status of the dispatcher.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Health<'a> {
    /// True when a dispatcher is alive.
    is_running: bool,
    /// The number of busy slots.
    running: u32,
    /// The number of slots: the cap on concurrent runs.
    cap: Option<u32>,
    /// The source of the cap.
    cap_reason: Option<&'a str>,
    /// The time of the last successful tick.
    last_tick: Option<Timestamp>,
    next_tick: Option<Timestamp>,
    /// The number of ticks in a row that found ready tasks and free slots, and started nothing.
    bad_ticks: Option<u32>,
    /// The problem of the dispatcher, in a sentence.
    problem: Option<&'a str>,
    paused: &'a [Pause],
    /// The lanes and pools that start nothing until a moment.
    holds: &'a [LaneHold],
    /// The tasks that are ready and that nobody works on yet, by assignee.
    not_started: Vec<NotStarted<'a>>,
    now: Timestamp,
}

/// The ready tasks of one assignee.
#[derive(Serialize, ToSchema)]
struct NotStarted<'a> {
    /// `null`: of nobody.
    assignee: Option<&'a str>,
    ready: u32,
    /// The number of them that wait for a retry.
    resting: u32,
    /// The reason for those that do not wait for a retry.
    why: Reason,
}

impl<'a> Health<'a> {
    pub(in crate::rest) fn new(dispatch: &'a Dispatch, ready: &'a [ReadyCount]) -> Self {
        let living = dispatch.living();
        let not_started = |count: &'a ReadyCount| {
            let assignee = count.assignee.as_deref();
            Some(NotStarted {
                assignee,
                ready: count.ready,
                resting: count.resting,
                why: why_not(&Facts::of_ready(assignee), dispatch)?.into(),
            })
        };
        // The last words of one that is gone say when it was last there.
        let report = dispatch.report.as_ref();
        Self {
            is_running: living.is_some(),
            running: dispatch.count(),
            cap: living.map(|report| report.cap),
            cap_reason: living.map(|report| report.cap_reason.as_str()),
            last_tick: report.and_then(|report| report.last_tick),
            next_tick: living.and_then(|report| report.next_tick),
            bad_ticks: living.map(|report| report.bad_ticks),
            problem: report.and_then(|report| report.problem.as_deref()),
            paused: &dispatch.paused,
            holds: &dispatch.holds,
            not_started: ready.iter().filter_map(not_started).collect(),
            now: dispatch.now,
        }
    }
}

/// The lanes.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Lanes<'a> {
    lanes: Vec<Lane<'a>>,
}

/// One lane.
#[derive(Serialize, ToSchema)]
struct Lane<'a> {
    /// The assignee that it serves.
    name: &'a str,
    /// The program that it starts, as it was found.
    program: Option<&'a str>,
    /// Its own cap on concurrent runs, where it has one.
    cap: Option<u32>,
    running: u32,
    paused: bool,
    /// True when it also serves assignees without a lane of their own.
    serves_others: bool,
    /// The reason why it starts nothing, in a sentence.
    problem: Option<&'a str>,
    /// The pool that it is in: what shares its account.
    pool: Option<&'a str>,
    /// The hold of it or of its pool.
    hold: Option<&'a LaneHold>,
    /// The beginning of its hours, outside of them.
    opens_at: Option<Timestamp>,
}

impl<'a> Lanes<'a> {
    pub(in crate::rest) fn new(dispatch: &'a Dispatch) -> Self {
        let reported = dispatch.report.iter().flat_map(|report| &report.lanes);
        let lane = |lane: &'a dispatch::LaneReport| Lane {
            name: &lane.name,
            program: lane.program.as_deref(),
            cap: lane.cap,
            running: dispatch.count_in(&lane.name),
            paused: dispatch.is_paused(Some(&lane.name)),
            serves_others: lane.serves_others,
            problem: lane.problem.as_deref(),
            pool: lane.pool.as_deref(),
            hold: dispatch.hold_of(lane),
            opens_at: lane.opens_at,
        };
        Self {
            lanes: reported.map(lane).collect(),
        }
    }
}

/// The reason why a task is not running.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Why {
    /// `null` while it is.
    why: Option<Reason>,
}

/// The first thing that would have to change.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "reason": "waits_for_parents", "parents": ["t_1a2b3c4d"], "text": "it waits for t_1a2b3c4d",
}))]
struct Reason {
    /// Its class in `reason`, and particulars of that class.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    why: WhyNot,
    /// The same as a sentence.
    text: String,
}

impl Why {
    pub(in crate::rest) fn new(why: Option<WhyNot>) -> Self {
        Self {
            why: why.map(Reason::from),
        }
    }
}

impl From<WhyNot> for Reason {
    fn from(why: WhyNot) -> Self {
        Self {
            text: why.text(),
            why,
        }
    }
}
