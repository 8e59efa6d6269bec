//! The plan: the tasks to start now. Pure: a snapshot goes in, a list comes out.

#[cfg(test)]
mod night;
#[cfg(test)]
mod week;

use std::collections::{BTreeMap, BTreeSet};

use domain::dispatch::Slot;
use domain::hold::{LaneHold, Lets};
use domain::id::{RunId, TaskId};
use domain::run::OpenRun;
use domain::time::Timestamp;
use kernel::Startable;

use crate::lanes::{Lane, Lanes};

/// The input of the decision.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The best of the tasks that are ready and rested in the lanes with room, in the order in which
    /// they are to start.
    pub(crate) startable: Vec<Startable>,
    /// The number of runs in each lane, those that are leaving included; `None` counts those that
    /// are leaving no known lane. A claim by hand takes up no slot.
    pub(crate) running: BTreeMap<Option<String>, u32>,
    /// The tasks of the closed runs whose processes have not ended yet: a second worker beside them
    /// would work on the same files.
    pub(crate) exiting_runs: BTreeSet<TaskId>,
    /// The cap on concurrent runs.
    pub(crate) cap: u32,
    /// The paused lanes; `None` pauses everything.
    pub(crate) paused: BTreeSet<Option<String>>,
    /// The number of runs that each held lane or pool lets start.
    pub(crate) held: BTreeMap<String, Lets>,
    /// The time, by which lanes have their hours.
    pub(crate) now: Timestamp,
}

impl Snapshot {
    /// The state of the slots and caps.
    pub(crate) fn new(
        open: &[OpenRun],
        exiting_runs: &BTreeMap<RunId, Slot>,
        cap: u32,
        paused: BTreeSet<Option<String>>,
    ) -> Self {
        let mut running: BTreeMap<Option<String>, u32> = BTreeMap::new();
        let of_exiting = exiting_runs.values().map(|slot| &slot.lane);
        let of_open = open
            .iter()
            .map(|run| &run.lane)
            .filter(|lane| lane.is_some());
        for lane in of_open.chain(of_exiting) {
            *running.entry(lane.clone()).or_default() += 1;
        }
        Self {
            startable: Vec::new(),
            running,
            exiting_runs: exiting_runs
                .values()
                .map(|slot| slot.task.clone())
                .collect(),
            cap,
            paused,
            held: BTreeMap::new(),
            now: Timestamp::default(),
        }
    }

    /// Adds the holds, as they are now.
    pub(crate) fn see_holds(&mut self, holds: &[LaneHold], now: Timestamp) {
        self.now = now;
        self.held = holds
            .iter()
            .map(|hold| (hold.name.clone(), hold.lets(now)))
            .collect();
    }

    /// The number of free slots.
    pub(crate) fn room(&self) -> u32 {
        if self.paused.contains(&None) {
            return 0;
        }
        let running: u32 = self.running.values().sum();
        self.cap.saturating_sub(running)
    }

    /// The number of free slots of this lane, the board's cap aside.
    fn room_in(&self, lane: &Lane) -> u32 {
        let name = Some(lane.name.clone());
        if lane.problem().is_some()
            || self.paused.contains(&name)
            || lane.opens_at(self.now).is_some()
        {
            return 0;
        }
        let running = self.running.get(&name).copied().unwrap_or_default();
        let room = lane.cap.map_or(u32::MAX, |cap| cap.saturating_sub(running));
        let held = lane.names().filter_map(|name| self.held.get(name)).min();
        match held {
            Some(Lets::None) => 0,
            Some(Lets::Probe) => room.min(1),
            Some(Lets::All) | None => room,
        }
    }

    /// The assignees of each lane or pool that is to be probed.
    pub(crate) fn probing(&self, assignees: &[String], lanes: &Lanes) -> Vec<Vec<String>> {
        let held = self.held.iter().filter(|(_, lets)| **lets == Lets::Probe);
        let of = |(name, _): (&String, &Lets)| -> Vec<String> {
            let is_of = |assignee: &&String| {
                let lane = lanes.of(assignee);
                lane.is_some_and(|lane| lane.names().any(|of| of == name))
            };
            assignees.iter().filter(is_of).cloned().collect()
        };
        held.map(of).filter(|of| !of.is_empty()).collect()
    }

    /// Leaves one task of these assignees, as their probe, and puts it before all others: where the slots are
    /// wanted by everybody, a lane would else be held for ever.
    pub(crate) fn probe_first(&mut self, assignees: &[String], probe: Option<Startable>) {
        let is_other = |one: &Startable| !assignees.contains(&one.assignee);
        self.startable.retain(is_other);
        self.startable.splice(0..0, probe);
    }

    /// Keeps the assignees whose lane has a free slot.
    pub(crate) fn with_room(&self, assignees: Vec<String>, lanes: &Lanes) -> Vec<String> {
        let has_room = |name: &String| lanes.of(name).is_some_and(|lane| self.room_in(lane) > 0);
        assignees.into_iter().filter(has_room).collect()
    }
}

/// A task to be claimed, and the lane that starts its worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) task: TaskId,
    pub(crate) assignee: String,
    pub(crate) lane: Lane,
}

/// The tasks to claim now, first the one that is to start first.
///
/// A task that cannot start does not hold up those behind it. The caps are checked again inside the
/// claim's transaction, where they are certain; here they save claims that would be refused.
pub(crate) fn plan(snapshot: &Snapshot, lanes: &Lanes) -> Vec<Start> {
    let mut room = snapshot.room();
    let mut room_in: BTreeMap<&str, u32> = lanes
        .all()
        .map(|lane| (lane.name.as_str(), snapshot.room_in(lane)))
        .collect();
    // A pool that is to be probed gets one run, and not one in each of its lanes.
    let mut probed: BTreeSet<&str> = BTreeSet::new();
    let is_probed = |name: &&str| snapshot.held.get(*name) == Some(&Lets::Probe);
    let mut starts = Vec::new();
    for Startable { task, assignee, .. } in &snapshot.startable {
        if room == 0 {
            break;
        }
        let Some(lane) = lanes.of(assignee) else {
            continue;
        };
        let room_in_lane = room_in.entry(&lane.name).or_default();
        if *room_in_lane == 0 || snapshot.exiting_runs.contains(task) {
            continue;
        }
        let probes: Vec<&str> = lane.names().filter(is_probed).collect();
        if probes.iter().any(|name| probed.contains(name)) {
            continue;
        }
        probed.extend(probes);
        *room_in_lane -= 1;
        room -= 1;
        starts.push(Start {
            task: task.clone(),
            assignee: assignee.clone(),
            lane: lane.clone(),
        });
    }
    starts
}

#[cfg(test)]
mod tests {
    use domain::id::RunToken;
    use proptest::prelude::*;

    use super::*;
    use crate::lanes::fixture::lane;

    fn task(number: u32) -> TaskId {
        TaskId::from_bits(number)
    }

    fn startable(assignees: &[&str]) -> Vec<Startable> {
        (0u32..)
            .zip(assignees)
            .map(|(number, assignee)| Startable {
                task: task(number),
                assignee: (*assignee).to_owned(),
                priority: 0,
            })
            .collect()
    }

    /// The first tasks, whose last runs are leaving these lanes.
    fn exiting_runs(lanes: &[&str]) -> BTreeMap<RunId, Slot> {
        let slot = |(number, lane): (u32, &&str)| {
            let lane = Some((*lane).to_owned());
            let task = task(number);
            (RunId(number.into()), Slot { task, lane })
        };
        (0u32..).zip(lanes).map(slot).collect()
    }

    fn open(number: u32, lane: Option<&str>) -> OpenRun {
        OpenRun {
            run: RunId(number.into()),
            task: task(number),
            token: RunToken::from_bits(number.into()),
            lane: lane.map(str::to_owned),
            supervisor: None,
            started_at: Timestamp(0),
            lease_expires: Timestamp(0),
            is_checking: false,
        }
    }

    fn two_lanes() -> Lanes {
        Lanes::of_lanes(vec![lane("shell", None), lane("narrow", Some(1))])
    }

    fn started(snapshot: &Snapshot) -> Vec<TaskId> {
        let starts = plan(snapshot, &two_lanes());
        starts.into_iter().map(|start| start.task).collect()
    }

    #[test]
    fn tasks_start_in_order_until_the_cap_is_reached() {
        let snapshot = Snapshot {
            startable: startable(&["shell"; 5]),
            running: [(Some("shell".to_owned()), 1), (None, 1)].into(),
            cap: 4,
            ..Snapshot::default()
        };
        assert_eq!(started(&snapshot), [task(0), task(1)]);
    }

    #[test]
    fn a_task_without_a_lane_is_passed_over_and_holds_up_nobody() {
        let snapshot = Snapshot {
            startable: startable(&["nobody", "shell"]),
            cap: 1,
            ..Snapshot::default()
        };
        assert_eq!(started(&snapshot), [task(1)]);
    }

    #[test]
    fn a_full_lane_holds_up_nobody_else() {
        let snapshot = Snapshot {
            startable: startable(&["narrow", "narrow", "shell"]),
            cap: 9,
            ..Snapshot::default()
        };
        assert_eq!(started(&snapshot), [task(0), task(2)]);
    }

    #[test]
    fn a_worker_that_has_not_left_holds_its_task_back_and_takes_up_a_place() {
        let exiting_runs = exiting_runs(&["narrow"]);
        let snapshot = Snapshot {
            startable: startable(&["shell", "narrow", "shell", "shell"]),
            ..Snapshot::new(&[], &exiting_runs, 2, BTreeSet::new())
        };
        assert_eq!(started(&snapshot), [task(2)]);
    }

    #[test]
    fn a_full_lane_is_not_asked_for_its_tasks() {
        let in_narrow = |running| Snapshot {
            running: [(Some("narrow".to_owned()), running)].into(),
            cap: 9,
            ..Snapshot::default()
        };
        let asked = |snapshot: Snapshot| {
            let assignees = ["shell", "narrow", "nobody"].map(str::to_owned);
            snapshot.with_room(assignees.into(), &two_lanes())
        };
        assert_eq!(asked(in_narrow(0)), ["shell", "narrow"]);
        assert_eq!(asked(in_narrow(1)), ["shell"]);
    }

    #[test]
    fn a_probe_goes_before_all_that_want_the_last_slot() {
        let mut snapshot = Snapshot {
            startable: startable(&["shell", "shell", "narrow", "narrow"]),
            cap: 1,
            held: [("narrow".to_owned(), Lets::Probe)].into(),
            ..Snapshot::default()
        };
        let lanes = two_lanes();
        let assignees = ["shell", "narrow"].map(str::to_owned);
        assert_eq!(snapshot.probing(&assignees, &lanes), [["narrow"]]);
        let probe = snapshot.startable.pop();
        snapshot.probe_first(&assignees[1..], probe);
        assert_eq!(started(&snapshot), [task(3)]);
    }

    #[test]
    fn what_is_paused_starts_nothing_and_holds_up_nobody() {
        let paused = |lane: Option<&str>| Snapshot {
            startable: startable(&["shell", "narrow"]),
            cap: 9,
            paused: [lane.map(str::to_owned)].into(),
            ..Snapshot::default()
        };
        assert_eq!(started(&paused(Some("shell"))), [task(1)]);
        assert_eq!(started(&paused(Some("narrow"))), [task(0)]);
        assert_eq!(started(&paused(None)), []);
    }

    #[test]
    fn a_lane_that_cannot_start_anything_starts_nothing() {
        let mut lanes = two_lanes();
        lanes.put(Lane {
            program: None,
            ..lane("shell", None)
        });
        let snapshot = Snapshot {
            startable: startable(&["shell", "narrow"]),
            cap: 9,
            ..Snapshot::default()
        };
        let starts = plan(&snapshot, &lanes);
        assert_eq!(starts.len(), 1);
        assert_eq!(starts[0].task, task(1));
    }

    #[test]
    fn assignees_without_a_lane_share_the_cap_of_the_lane_that_serves_them() {
        let mut lanes = two_lanes();
        lanes.serve_others_by("narrow").unwrap();
        let snapshot = Snapshot {
            startable: startable(&["ada", "bob", "shell", "narrow"]),
            cap: 9,
            ..Snapshot::default()
        };
        let starts = plan(&snapshot, &lanes);
        let lanes: Vec<_> = starts
            .iter()
            .map(|start| start.lane.name.as_str())
            .collect();
        assert_eq!(lanes, ["narrow", "shell"]);
        assert_eq!(starts[0].assignee, "ada");
    }

    proptest! {
        #[test]
        fn no_cap_is_ever_exceeded(
            assignees in prop::collection::vec(prop::sample::select(vec!["shell", "narrow", "nobody"]), 0..20),
            at_work in prop::collection::vec(
                prop::sample::select(vec![Some("shell"), Some("narrow"), None]),
                0..8,
            ),
            left in prop::collection::vec(prop::sample::select(vec!["shell", "narrow"]), 0..4),
            cap in 0u32..8,
        ) {
            let open: Vec<_> = (100u32..)
                .zip(&at_work)
                .map(|(number, lane)| open(number, *lane))
                .collect();
            let exiting_runs = exiting_runs(&left);
            let snapshot = Snapshot {
                startable: startable(&assignees),
                ..Snapshot::new(&open, &exiting_runs, cap, BTreeSet::new())
            };
            let starts = plan(&snapshot, &two_lanes());
            // A claim by hand takes up no slot.
            let all = starts.len() + at_work.iter().flatten().count() + left.len();
            prop_assert!(starts.is_empty() || u32::try_from(all).unwrap() <= cap);
            let narrow = starts.iter().filter(|start| start.lane.name == "narrow").count();
            let in_narrow = at_work.iter().flatten().chain(&left);
            let in_narrow = in_narrow.filter(|lane| **lane == "narrow").count();
            prop_assert!(narrow == 0 || in_narrow == 0 && narrow == 1);
            prop_assert!(starts.iter().all(|start| start.lane.name != "nobody"));
            let is_exiting = |start: &Start| exiting_runs.values().any(|slot| slot.task == start.task);
            prop_assert!(!starts.iter().any(is_exiting));
        }
    }
}
