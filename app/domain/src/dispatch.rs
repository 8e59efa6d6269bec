//! What the dispatcher says of itself. It is kept in the database, so that every door can explain
//! what happens without reaching the dispatcher.

mod facts;
mod why;

use serde::{Deserialize, Serialize};

use crate::id::{RunId, TaskId};
use crate::run::{OpenRun, ProcessIdentity};
use crate::time::{Seconds, Timestamp};

pub use facts::Facts;
pub use why::{Because, WhyNot, names_of, why_not};

/// How long a dispatcher may say nothing before it is taken for dead: it looks at the board once a
/// minute at least, and says so.
pub const SILENCE: Seconds = Seconds(150);

/// What a dispatcher says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The name under which it claims, `host:pid`.
    pub claimer: String,
    /// Its process.
    pub process: ProcessIdentity,
    /// Whether it goes on; the last report of one that was stopped says no.
    pub is_running: bool,
    /// When it last looked at the board with success.
    pub last_tick: Option<Timestamp>,
    /// When it will look again, if nothing happens before.
    pub next_tick: Option<Timestamp>,
    /// How many runs may go on at once.
    pub cap: u32,
    /// Why it is that many: `2 processors`, `dispatcher.cap in kanban.toml`.
    pub cap_reason: String,
    /// How many times in a row it found ready work and room for it, and started nothing.
    pub bad_ticks: u32,
    /// What is wrong with its configuration or its last look, in a sentence.
    pub problem: Option<String>,
    /// What assignees' names stand for.
    pub lanes: Vec<LaneReport>,
    /// What is wrong with the machine, in a sentence: nothing is started until it is mended.
    #[serde(default)]
    pub fault: Option<String>,
    /// The places of the runs that were closed and whose processes have not ended yet.
    #[serde(default)]
    pub leaving: Vec<Place>,
    /// The runs that it can neither watch nor bring to an end.
    #[serde(default)]
    pub stuck: Vec<Stuck>,
    /// Whether this is said of another process by a server that waits for its dispatch lock.
    #[serde(default)]
    pub is_of_another: bool,
}

/// A run that can neither be watched nor brought to an end, as things are. It is tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// The run.
    pub run: RunId,
    /// What it takes up.
    pub place: Place,
    /// Why, in a sentence.
    pub error: String,
}

/// What a run takes up until the last of its processes has ended: no other one is started for its task,
/// and there is room for one less, in its lane too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The task.
    pub task: TaskId,
    /// The lane, where that is known.
    pub lane: Option<String>,
}

impl Place {
    /// That of an open run.
    pub fn of(run: &OpenRun) -> Self {
        Self {
            task: run.task.clone(),
            lane: run.lane.clone(),
        }
    }
}

/// What a dispatcher says of one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneReport {
    /// The assignee that it serves.
    pub name: String,
    /// The program that it starts, as it was found.
    pub program: Option<String>,
    /// How many of its runs may go on at once, where that is less than the board's cap.
    pub cap: Option<u32>,
    /// Whether it also serves assignees that have no lane of their own.
    pub serves_others: bool,
    /// Why it starts nothing, in a sentence.
    pub problem: Option<String>,
}

/// Something that was told to start nothing more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The lane; `None` is the whole dispatcher.
    pub lane: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Who said so.
    pub by: String,
}

/// How many runs go on in a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// The lane; `None` counts the tasks that people claimed by hand.
    pub lane: Option<String>,
    /// How many.
    pub count: u32,
}

/// Everything about dispatching that is not about one task, read at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// What the dispatcher last said; `None` where there never was one.
    pub report: Option<Report>,
    /// When it said that.
    pub reported_at: Option<Timestamp>,
    /// What is paused.
    pub paused: Vec<Pause>,
    /// What goes on.
    pub running: Vec<Running>,
    /// When all of this was read.
    pub now: Timestamp,
}

impl Dispatch {
    /// What a living dispatcher says.
    pub fn living(&self) -> Option<&Report> {
        let silent_for = self.now.seconds_since(self.reported_at?);
        self.report
            .as_ref()
            .filter(|report| report.is_running && silent_for <= SILENCE.0)
    }

    /// The process that holds the dispatch lock and says nothing itself, as a server that waits for the
    /// lock has it.
    pub fn elsewhere(&self) -> Option<&str> {
        let silent_for = self.now.seconds_since(self.reported_at?);
        let report = self.report.as_ref();
        let report = report.filter(|report| report.is_of_another && silent_for <= SILENCE.0)?;
        Some(&report.claimer)
    }

    /// How many slots are taken: by the runs of lanes, and by those that were closed and whose processes
    /// have not ended yet. What people claimed by hand takes up none.
    pub fn count(&self) -> u32 {
        self.count_of(|lane| lane.is_some())
    }

    /// How many of them go on in this lane.
    pub fn count_in(&self, lane: &str) -> u32 {
        self.count_of(|of| of == Some(lane))
    }

    fn count_of<'a>(&'a self, is_counted: impl Fn(Option<&str>) -> bool) -> u32 {
        let open = self.running.iter();
        let open = open.filter(|running| is_counted(running.lane.as_deref()));
        let open: u32 = open.map(|running| running.count).sum();
        let leaving = self.living().into_iter().flat_map(|report| &report.leaving);
        // Where the lane of one is not known, it is some lane's.
        let lane_of = |place: &'a Place| place.lane.as_deref().or(Some(""));
        let leaving = leaving.filter(|place| is_counted(lane_of(place)));
        open.saturating_add(u32::try_from(leaving.count()).unwrap_or(u32::MAX))
    }

    /// Whether nothing is started, in this lane or at all.
    pub fn is_paused(&self, lane: Option<&str>) -> bool {
        self.paused
            .iter()
            .any(|pause| pause.lane.as_deref() == lane)
    }
}

impl Report {
    /// What is known of another process that holds the dispatch lock.
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
            leaving: Vec::new(),
            fault: None,
            stuck: Vec::new(),
            is_of_another: true,
        }
    }

    /// The lane that starts the workers of an assignee.
    pub fn lane_of(&self, assignee: &str) -> Option<&LaneReport> {
        let own = self.lanes.iter().find(|lane| lane.name == assignee);
        let for_others = || self.lanes.iter().find(|lane| lane.serves_others);
        own.or_else(|| for_others().filter(|_| is_profile(assignee)))
    }
}

/// Returns true for an assignee whom the lane of all others may serve. Its program is handed the name
/// and must not take it for an option.
pub fn is_profile(assignee: &str) -> bool {
    !assignee.is_empty() && !assignee.starts_with('-')
}
