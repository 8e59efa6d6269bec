//! Which tasks to start now. Pure: a snapshot goes in, a list comes out.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::TaskId;
use kernel::Startable;

use crate::lanes::{Lane, Lanes};

/// What the decision is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The best of the tasks that are ready and rested in the lanes with room, in the order in which
    /// they are to start.
    pub(crate) startable: Vec<Startable>,
    /// How many runs each lane has going on; `None` counts those that people claimed by hand.
    pub(crate) running: BTreeMap<Option<String>, u32>,
    /// Tasks whose last worker has not left yet, whatever the board says: a second one beside it
    /// would work on the same files.
    pub(crate) leaving: BTreeSet<TaskId>,
    /// How many runs may go on at once.
    pub(crate) cap: u32,
}

impl Snapshot {
    /// How many runs may start now.
    pub(crate) fn room(&self) -> u32 {
        self.cap.saturating_sub(self.running.values().sum())
    }

    /// The assignees whose tasks may start now.
    pub(crate) fn assignees_with_room(&self, lanes: &Lanes) -> Vec<String> {
        let has_room = |lane: &&Lane| {
            let running = self.running.get(&Some(lane.name.clone())).copied();
            lane.cap.is_none_or(|cap| running.unwrap_or_default() < cap)
        };
        let with_room = lanes.all().filter(has_room);
        with_room.map(|lane| lane.name.clone()).collect()
    }
}

/// A task to be claimed, and the lane that starts its worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    pub(crate) task: TaskId,
    pub(crate) lane: Lane,
}

/// The tasks to claim now, first the one that is to start first.
///
/// A task that cannot start does not hold up those behind it. The caps are checked again inside the
/// claim's transaction, where they are certain; here they save claims that would be refused.
pub(crate) fn plan(snapshot: &Snapshot, lanes: &Lanes) -> Vec<Start> {
    let mut running = snapshot.running.clone();
    let mut room = snapshot.room();
    let mut starts = Vec::new();
    for Startable { task, assignee, .. } in &snapshot.startable {
        if room == 0 {
            break;
        }
        let Some(lane) = lanes.of(assignee) else {
            continue;
        };
        let in_lane = running.entry(Some(lane.name.clone())).or_default();
        let is_full = lane.cap.is_some_and(|cap| *in_lane >= cap);
        if is_full || snapshot.leaving.contains(task) {
            continue;
        }
        *in_lane += 1;
        room -= 1;
        starts.push(Start {
            task: task.clone(),
            lane: lane.clone(),
        });
    }
    starts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    fn lane(name: &str, cap: Option<u32>) -> Lane {
        Lane {
            name: name.to_owned(),
            argv: vec![name.to_owned()],
            cap,
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
    fn a_task_whose_last_worker_has_not_left_is_not_started_beside_it() {
        let snapshot = Snapshot {
            startable: startable(&["shell", "shell"]),
            leaving: [task(0)].into(),
            cap: 9,
            ..Snapshot::default()
        };
        assert_eq!(started(&snapshot), [task(1)]);
    }

    #[test]
    fn a_full_lane_is_not_asked_for_its_tasks() {
        let in_narrow = |running| Snapshot {
            running: [(Some("narrow".to_owned()), running)].into(),
            cap: 9,
            ..Snapshot::default()
        };
        let asked = |snapshot: Snapshot| snapshot.assignees_with_room(&two_lanes());
        assert_eq!(asked(in_narrow(0)), ["shell", "narrow"]);
        assert_eq!(asked(in_narrow(1)), ["shell"]);
    }

    proptest! {
        #[test]
        fn no_cap_is_ever_exceeded(
            assignees in prop::collection::vec(prop::sample::select(vec!["shell", "narrow", "nobody"]), 0..20),
            in_shell in 0u32..5,
            in_narrow in 0u32..5,
            by_hand in 0u32..5,
            cap in 0u32..8,
        ) {
            let snapshot = Snapshot {
                startable: startable(&assignees),
                running: [
                    (Some("shell".to_owned()), in_shell),
                    (Some("narrow".to_owned()), in_narrow),
                    (None, by_hand),
                ].into(),
                cap,
                ..Snapshot::default()
            };
            let starts = plan(&snapshot, &two_lanes());
            let planned = u32::try_from(starts.len()).unwrap();
            let narrow = starts.iter().filter(|start| start.lane.name == "narrow").count();
            prop_assert!(planned == 0 || planned + in_shell + in_narrow + by_hand <= cap);
            prop_assert!(narrow == 0 || in_narrow == 0 && narrow == 1);
            prop_assert!(starts.iter().all(|start| start.lane.name != "nobody"));
        }
    }
}
