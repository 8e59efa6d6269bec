//! The reports of a tick and of the dispatcher's status, and the reason why a task waits.

use dispatcher::TickReport;
use domain::dispatch::{self, Dispatch, Facts, Pause, WhyNot, why_not};
use domain::id::TaskId;
use domain::time::Timestamp;
use kernel::ReadyCount;
use serde::Serialize;
use utoipa::ToSchema;

/// What came of a look at the board, as the original tells it.
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

/// How the dispatcher does.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Health<'a> {
    /// Whether there is one that lives.
    is_running: bool,
    /// How many runs go on.
    running: u32,
    /// How many may.
    cap: Option<u32>,
    /// Why it is that many.
    cap_reason: Option<&'a str>,
    /// When it last looked at the board with success.
    last_tick: Option<Timestamp>,
    next_tick: Option<Timestamp>,
    /// How many times in a row it found ready work and room for it, and started nothing.
    bad_ticks: Option<u32>,
    /// What is wrong with it, in a sentence.
    problem: Option<&'a str>,
    paused: &'a [Pause],
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
    /// How many of them rest between two attempts.
    resting: u32,
    /// What is in the way of those that do not rest.
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
            not_started: ready.iter().filter_map(not_started).collect(),
            now: dispatch.now,
        }
    }
}

/// What assignees' names stand for.
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
    /// How many of its runs may go on, where that is less than the board's cap.
    cap: Option<u32>,
    running: u32,
    paused: bool,
    /// Whether it also serves assignees without a lane of their own.
    serves_others: bool,
    /// Why it starts nothing, in a sentence.
    problem: Option<&'a str>,
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
        };
        Self {
            lanes: reported.map(lane).collect(),
        }
    }
}

/// Why a task is not running.
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
