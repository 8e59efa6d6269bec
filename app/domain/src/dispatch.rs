//! The dispatcher's report on itself. It is kept in the database, so that every door can explain
//! what happens without reaching the dispatcher.

mod facts;
mod why;

use serde::{Deserialize, Serialize};

use crate::hold::LaneHold;
use crate::id::{RunId, TaskId};
use crate::run::{OpenRun, ProcessIdentity};
use crate::time::{Seconds, Timestamp};

pub use facts::Facts;
pub use why::{Because, WhyNot, why_no_landing, why_not};

/// The age at which a report no longer counts and its dispatcher is taken for dead: one is
/// published at least once a minute.
pub const SILENCE: Seconds = Seconds(150);

/// A dispatcher's report on itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The name under which it claims, `host:pid`.
    pub claimer: String,
    /// Its process.
    pub process: ProcessIdentity,
    /// True while it runs; false in the last report of one that was stopped.
    pub is_running: bool,
    /// The time of the last tick that succeeded.
    pub last_tick: Option<Timestamp>,
    /// The time of the next tick, unless something happens before.
    pub next_tick: Option<Timestamp>,
    /// The maximum number of open runs.
    pub cap: u32,
    /// The source of that number: `2 processors`, `dispatcher.cap in kanban.toml`.
    pub cap_reason: String,
    /// The number of ticks in a row that found ready work and a free slot, and started nothing.
    pub bad_ticks: u32,
    /// A problem of its configuration or its last tick, in a sentence.
    pub problem: Option<String>,
    /// The lanes that it serves.
    pub lanes: Vec<LaneReport>,
    /// A fault of the machine, in a sentence: nothing is started until it is mended.
    #[serde(default)]
    pub fault: Option<String>,
    /// The slots of the runs that were closed and whose processes have not ended yet.
    #[serde(default, alias = "leaving")]
    pub exiting_runs: Vec<Slot>,
    /// The runs that it can neither watch nor end.
    #[serde(default, alias = "stuck")]
    pub unrecoverable_runs: Vec<UnrecoverableRun>,
    /// True if a server that waits for the dispatch lock reports another process as its holder.
    #[serde(default)]
    pub is_of_another: bool,
}

/// A run that can neither be watched nor ended, for now. It is retried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnrecoverableRun {
    /// The run.
    pub run: RunId,
    /// Its slot.
    #[serde(alias = "place")]
    pub slot: Slot,
    /// The error, in a sentence.
    pub error: String,
}

/// A slot: counts against the caps of the board and of its lane until the last process of its run
/// has ended; no other run of its task is started until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The task.
    pub task: TaskId,
    /// The lane, where that is known.
    pub lane: Option<String>,
}

impl Slot {
    /// Returns the slot of an open run.
    pub fn of(run: &OpenRun) -> Self {
        Self {
            task: run.task.clone(),
            lane: run.lane.clone(),
        }
    }
}

/// The report on one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneReport {
    /// The assignee that it serves.
    pub name: String,
    /// The resolved path of the program that it starts.
    pub program: Option<String>,
    /// The maximum number of its open runs, where it is less than the board's.
    pub cap: Option<u32>,
    /// True if it also serves assignees that have no lane of their own.
    pub serves_others: bool,
    /// The error that keeps it from starting anything, in a sentence.
    pub problem: Option<String>,
    /// The pool that it is in: what shares its account.
    #[serde(default)]
    pub pool: Option<String>,
    /// The next moment at which its hours, or those of its pool, begin; `None` while they last.
    #[serde(default)]
    pub opens_at: Option<Timestamp>,
    /// The one who has to approve its work, where a task names nobody.
    #[serde(default)]
    pub review: Option<String>,
}

/// A pause of the dispatcher or of one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Pause {
    /// The lane; `None` is the whole dispatcher.
    pub lane: Option<String>,
    /// The time of the pause.
    pub since: Timestamp,
    /// The name of the actor who paused it.
    pub by: String,
}

/// The number of open runs of a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The lane; `None` counts the tasks that people claimed by hand.
    pub lane: Option<String>,
    /// Their number.
    pub count: u32,
}

/// The state of dispatching that is not about one task, read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// The last report; `None` where there never was one.
    pub report: Option<Report>,
    /// The time of the report.
    pub reported_at: Option<Timestamp>,
    /// The pauses.
    pub paused: Vec<Pause>,
    /// The holds that have not ended, by name.
    #[serde(default)]
    pub holds: Vec<LaneHold>,
    /// The open runs of each lane.
    pub running: Vec<Running>,
    /// The time of reading.
    pub now: Timestamp,
}

impl Dispatch {
    /// Returns the report of a living dispatcher.
    pub fn living(&self) -> Option<&Report> {
        let silent_for = self.now.seconds_since(self.reported_at?);
        self.report
            .as_ref()
            .filter(|report| report.is_running && silent_for <= SILENCE.0)
    }

    /// Returns the process that holds the dispatch lock and publishes nothing itself, as reported
    /// by a server that waits for the lock.
    pub fn elsewhere(&self) -> Option<&str> {
        let silent_for = self.now.seconds_since(self.reported_at?);
        let report = self.report.as_ref();
        let report = report.filter(|report| report.is_of_another && silent_for <= SILENCE.0)?;
        Some(&report.claimer)
    }

    /// Returns the number of slots in use: by the runs of lanes, and by those that were closed and
    /// whose processes have not ended yet. A task claimed by hand uses none.
    pub fn count(&self) -> u32 {
        self.count_of(|lane| lane.is_some())
    }

    /// Returns the number of slots in use in this lane.
    pub fn count_in(&self, lane: &str) -> u32 {
        self.count_of(|of| of == Some(lane))
    }

    fn count_of<'a>(&'a self, is_counted: impl Fn(Option<&str>) -> bool) -> u32 {
        let open = self.running.iter();
        let open = open.filter(|running| is_counted(running.lane.as_deref()));
        let open: u32 = open.map(|running| running.count).sum();
        let exiting_runs = self
            .living()
            .into_iter()
            .flat_map(|report| &report.exiting_runs);
        // A run whose lane is unknown counts as one of some lane.
        let lane_of = |slot: &'a Slot| slot.lane.as_deref().or(Some(""));
        let exiting_runs = exiting_runs.filter(|slot| is_counted(lane_of(slot)));
        open.saturating_add(u32::try_from(exiting_runs.count()).unwrap_or(u32::MAX))
    }

    /// Returns the hold of a lane or of its pool, the one that lets fewer start.
    pub fn hold_of(&self, lane: &LaneReport) -> Option<&LaneHold> {
        let is_of =
            |hold: &&LaneHold| hold.name == lane.name || lane.pool.as_ref() == Some(&hold.name);
        let holds = self.holds.iter().filter(is_of);
        holds.min_by_key(|hold| hold.lets(self.now))
    }

    /// Returns true if no lane of a living dispatcher works under this name.
    pub fn lacks_lane(&self, name: &str) -> bool {
        self.living()
            .is_some_and(|report| report.lane_of(name).is_none())
    }

    /// Returns true if a lane of the last report hands its work to somebody for review.
    pub fn has_reviewing_lane(&self) -> bool {
        let report = self.report.as_ref();
        report.is_some_and(|report| report.lanes.iter().any(|lane| lane.review.is_some()))
    }

    /// Returns true while there is a pause of this lane, or for `None` of the whole dispatcher.
    pub fn is_paused(&self, lane: Option<&str>) -> bool {
        self.paused
            .iter()
            .any(|pause| pause.lane.as_deref() == lane)
    }
}

impl Report {
    /// Builds the report on another process that holds the dispatch lock.
    pub fn of_another(claimer: String) -> Self {
        Self {
            claimer,
            process: ProcessIdentity {
                boot_id: String::new(),
                pid: 0,
                started_ticks: 0,
            },
            is_running: false,
            last_tick: None,
            next_tick: None,
            cap: 0,
            cap_reason: String::new(),
            bad_ticks: 0,
            problem: None,
            lanes: Vec::new(),
            exiting_runs: Vec::new(),
            fault: None,
            unrecoverable_runs: Vec::new(),
            is_of_another: true,
        }
    }

    /// Returns true if the next tick should have been long ago: the dispatcher hangs.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_tick
            .is_some_and(|due| now.seconds_since(due) > SILENCE.0)
    }

    /// Returns the lane that starts the workers of an assignee.
    pub fn lane_of(&self, assignee: &str) -> Option<&LaneReport> {
        lane_of(&self.lanes, assignee)
    }
}

/// Returns the one of these lanes that starts the workers of an assignee.
pub fn lane_of<'a>(lanes: &'a [LaneReport], assignee: &str) -> Option<&'a LaneReport> {
    let own = lanes.iter().find(|lane| lane.name == assignee);
    let for_others = || lanes.iter().find(|lane| lane.serves_others);
    own.or_else(|| for_others().filter(|_| is_profile(assignee)))
}

/// Returns true for an assignee whom the lane of all others may serve. Its program is handed the name
/// and must not take it for an option.
pub fn is_profile(assignee: &str) -> bool {
    !assignee.is_empty() && !assignee.starts_with('-')
}
