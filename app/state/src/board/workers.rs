//! The dispatcher and its lanes, as the head of the page shows them.

use domain::dispatch::{Dispatch, LaneReport};
use domain::hold::Lets;
use domain::time::Timestamp;

/// The dispatcher and its lanes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Workers {
    /// The state of the dispatcher.
    pub state: State,
    /// The number of running workers.
    pub running: u32,
    /// The cap on running workers.
    pub cap: Option<u32>,
    /// The reason for that cap.
    pub cap_reason: String,
    /// The time of its last tick.
    pub last_tick: Option<Timestamp>,
    /// Its problem, in a sentence.
    pub problem: Option<String>,
    /// Its lanes.
    pub lanes: Vec<Lane>,
}

/// The state of the dispatcher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// There is none.
    #[default]
    Off,
    /// It was told not to.
    Paused,
    /// Yes.
    On,
}

/// One lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The assignee that it serves.
    pub name: String,
    /// The number of its running workers.
    pub running: u32,
    /// Its own cap, where it has one.
    pub cap: Option<u32>,
    /// True while it is paused.
    pub is_paused: bool,
    /// The reason why it starts nothing.
    pub problem: Option<String>,
    /// The hold of it or of its pool, or its hours.
    pub held: Option<Held>,
    /// True when that keeps a task waiting: of the lanes that come with the program, some are of no
    /// use here, and nobody needs to hear of it.
    pub is_failing: bool,
}

/// A lane that starts nothing until a moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The name of the hold: the lane or its pool; `None` outside of its hours.
    pub name: Option<String>,
    /// The reason, in a sentence.
    pub words: String,
    /// The moment, where it is known and to come.
    pub until: Option<Timestamp>,
}

impl Lane {
    /// The lane or the pool that is held.
    fn held_by(&self) -> Option<&str> {
        self.held.as_ref()?.name.as_deref()
    }
}

impl Held {
    fn of(lane: &LaneReport, dispatch: &Dispatch) -> Option<Self> {
        let is_to_come = |until: &Timestamp| *until > dispatch.now;
        if let Some(hold) = dispatch.hold_of(lane)
            && hold.lets(dispatch.now) == Lets::None
        {
            let detail = hold.reason.as_ref().map(|reason| [": ", reason].concat());
            let detail = detail.unwrap_or_default();
            return Some(Self {
                name: Some(hold.name.clone()),
                words: ["Held, ", hold.cause.words(), &detail].concat(),
                until: hold.until.filter(is_to_come),
            });
        }
        let until = lane.opens_at.filter(is_to_come)?;
        Some(Self {
            name: None,
            words: "Outside of its hours".to_owned(),
            until: Some(until),
        })
    }
}

impl Workers {
    /// Summarises a dispatcher's report; `is_wanted` returns true when a ready task is assigned to
    /// a lane.
    pub fn of(dispatch: &Dispatch, is_wanted: impl Fn(&str) -> bool) -> Self {
        let running = dispatch.count();
        let Some(report) = dispatch.living() else {
            return Self {
                running,
                ..Self::default()
            };
        };
        let is_paused = dispatch.is_paused(None);
        let lanes = report.lanes.iter().map(|lane| Lane {
            name: lane.name.clone(),
            running: dispatch.count_in(&lane.name),
            cap: lane.cap,
            is_paused: dispatch.is_paused(Some(&lane.name)),
            problem: lane.problem.clone(),
            held: Held::of(lane, dispatch),
            is_failing: lane.problem.is_some() && is_wanted(&lane.name),
        });
        Self {
            state: if is_paused { State::Paused } else { State::On },
            running,
            cap: Some(report.cap),
            cap_reason: report.cap_reason.clone(),
            last_tick: report.last_tick,
            problem: report.problem.clone(),
            lanes: lanes.collect(),
        }
    }

    /// The lanes that start nothing though somebody waits for them.
    pub fn failing(&self) -> impl Iterator<Item = &str> {
        let failing = self.lanes.iter().filter(|lane| lane.is_failing);
        failing.map(|lane| lane.name.as_str())
    }

    /// Returns true while a lane or a pool is held.
    pub fn is_held(&self) -> bool {
        self.lanes.iter().any(|lane| lane.held_by().is_some())
    }

    /// In few words: `2 of 4 running`.
    pub fn in_words(&self) -> String {
        let words = self.running_in_words();
        let mut names: Vec<&str> = self.lanes.iter().filter_map(Lane::held_by).collect();
        names.dedup();
        match names.as_slice() {
            [] => words,
            [name] => [&words, ", ", name, " held"].concat(),
            names => [&words, ", ", &names.len().to_string(), " held"].concat(),
        }
    }

    fn running_in_words(&self) -> String {
        match (self.state, self.running, self.cap) {
            (State::Off, 0, _) => "Dispatcher off".to_owned(),
            (State::Off, running, _) => format!("Dispatcher off, {running} running"),
            (State::Paused, 0, _) => "Paused".to_owned(),
            (State::Paused, running, _) => format!("Paused, {running} running"),
            (State::On, running, Some(cap)) => format!("{running} of {cap} running"),
            (State::On, running, None) => format!("{running} running"),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::dispatch::{Pause, Report, Running, SILENCE};
    use domain::fixture::{self, NOW, report};
    use domain::time::Seconds;

    use super::*;

    /// Three runs, and room for a fourth.
    fn dispatch() -> Dispatch {
        Dispatch {
            report: Some(Report { cap: 4, ..report() }),
            running: vec![Running {
                lane: Some("shell".to_owned()),
                count: 3,
            }],
            ..fixture::dispatch()
        }
    }

    #[test]
    fn a_living_dispatcher_counts_its_runs() {
        let workers = Workers::of(&dispatch(), |_| true);
        assert_eq!(workers.in_words(), "3 of 4 running");
        assert_eq!(workers.lanes[0].running, 3);
    }

    #[test]
    fn a_lane_that_cannot_start_is_failing_once_somebody_waits_for_it() {
        let mut dispatch = dispatch();
        dispatch.report.as_mut().unwrap().lanes[0].problem = Some("no such program".to_owned());
        let workers = Workers::of(&dispatch, |name| name == "shell");
        assert_eq!(workers.failing().collect::<Vec<_>>(), ["shell"]);
        assert_eq!(Workers::of(&dispatch, |_| false).failing().count(), 0);
    }

    #[test]
    fn a_pause_and_a_silence_are_said() {
        let mut paused = dispatch();
        paused.paused = vec![Pause {
            lane: None,
            since: NOW,
            by: "ada".to_owned(),
        }];
        assert_eq!(
            Workers::of(&paused, |_| true).in_words(),
            "Paused, 3 running"
        );

        let mut silent = dispatch();
        silent.now = NOW + SILENCE + Seconds(1);
        assert_eq!(
            Workers::of(&silent, |_| true).in_words(),
            "Dispatcher off, 3 running"
        );
        assert_eq!(Workers::default().in_words(), "Dispatcher off");
    }
}
