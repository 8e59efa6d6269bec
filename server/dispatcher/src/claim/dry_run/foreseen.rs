//! The starts that wait for a moment which is known: the end of a back-off or of a hold, or the beginning
//! of a lane's hours. Slots are taken to be free by then.

use std::collections::BTreeMap;

use domain::dispatch::WhyNot;
use domain::hold::{Cause, LaneHold, PROBE_LASTS};
use domain::id::TaskId;
use domain::task::Task;
use domain::time::Timestamp;

use crate::lanes::{Lane, Lanes};
use crate::report::{Foreseen, Skipped};

/// The ends of back-offs.
type Rests = BTreeMap<TaskId, Timestamp>;

/// Returns the ends of the back-offs of these tasks.
pub(super) fn rests(tasks: &[Task]) -> Rests {
    let tasks = tasks.iter();
    tasks
        .filter_map(|task| Some((task.id.clone(), task.not_before?)))
        .collect()
}

/// Returns those of the tasks that were left which start at a known moment, the first start first. Of
/// those that wait for one hold, the first goes as its probe.
pub(super) fn foreseen(
    (skipped, rests): (&[Skipped], Rests),
    lanes: &Lanes,
    holds: &[LaneHold],
) -> Vec<Foreseen> {
    let start = |left: &Skipped| {
        let (WhyNot::Resting { until, .. }
        | WhyNot::OutOfHours { until, .. }
        | WhyNot::Held {
            until: Some(until), ..
        }) = left.why
        else {
            return None;
        };
        let assignee = left.assignee.clone()?;
        let lane = lanes.of(&assignee)?;
        let rest = rests.get(&left.task).copied();
        let mut at = until.max(rest.unwrap_or(until));
        for hold in holds_of(lane, holds) {
            let lasts = hold.probe.map(|probe| probe.since + PROBE_LASTS);
            at = at.max(hold.until?).max(lasts.unwrap_or(at));
        }
        let at = lane.opens_at(at).unwrap_or(at);
        let task = left.task.clone();
        Some(Foreseen { task, assignee, at })
    };
    let mut foreseen: Vec<Foreseen> = skipped.iter().filter_map(start).collect();
    foreseen.sort_by_key(|start| start.at);
    let mut probes: BTreeMap<&str, Timestamp> = BTreeMap::new();
    for start in &mut foreseen {
        let Some(lane) = lanes.of(&start.assignee) else {
            continue;
        };
        let is_probed = |hold: &&LaneHold| hold.cause != Cause::ByHand && hold.probe.is_none();
        for hold in holds_of(lane, holds).filter(is_probed) {
            match probes.get(hold.name.as_str()) {
                Some(probe) => start.at = start.at.max(*probe + PROBE_LASTS),
                None => {
                    probes.insert(&hold.name, start.at);
                }
            }
        }
    }
    foreseen.sort_by_key(|start| start.at);
    foreseen
}

fn holds_of<'a>(lane: &Lane, holds: &'a [LaneHold]) -> impl Iterator<Item = &'a LaneHold> {
    holds
        .iter()
        .filter(|hold| lane.names().any(|name| name == hold.name))
}

#[cfg(test)]
mod tests {
    use domain::time::Seconds;

    use super::*;
    use crate::lanes::fixture::lane;

    const UNTIL: Timestamp = Timestamp(1_800_003_600);

    fn held(number: u32, assignee: &str, until: Option<Timestamp>) -> Skipped {
        Skipped {
            task: TaskId::from_bits(number),
            assignee: Some(assignee.to_owned()),
            why: WhyNot::Held {
                name: "account".to_owned(),
                cause: Cause::Quota,
                until,
                remaining: Seconds(3_600),
                waiting: 2,
                detail: None,
            },
        }
    }

    #[test]
    fn of_a_held_pool_one_starts_at_its_moment_and_the_others_once_that_one_lasts() {
        let names = ["large", "small"];
        let mut lanes = Lanes::of_lanes(names.iter().map(|name| lane(name, None)).collect());
        lanes
            .pool("account", &names.map(str::to_owned), None)
            .unwrap();
        let hold = |until| LaneHold {
            name: "account".to_owned(),
            cause: Cause::Quota,
            reason: None,
            by: None,
            task: None,
            since: Timestamp(1_800_000_000),
            until,
            probe: None,
            waiting: 2,
        };
        let left = [
            held(1, "large", Some(UNTIL)),
            held(2, "small", Some(UNTIL)),
            held(3, "nobody", Some(UNTIL)),
        ];
        let none = Rests::new;
        let found = foreseen((&left, none()), &lanes, &[hold(Some(UNTIL))]);
        let moments: Vec<_> = found.iter().map(|start| start.at).collect();
        assert_eq!(moments, [UNTIL, UNTIL + PROBE_LASTS]);
        let later = UNTIL + Seconds(600);
        let rests = [(TaskId::from_bits(1), later)].into();
        let found = foreseen((&left, rests), &lanes, &[hold(Some(UNTIL))]);
        let starts: Vec<_> = found.iter().map(|start| (&start.task, start.at)).collect();
        let [first, second] = [TaskId::from_bits(2), TaskId::from_bits(1)];
        assert_eq!(starts, [(&first, UNTIL), (&second, later)]);
        let left = [held(1, "large", None)];
        assert_eq!(foreseen((&left, none()), &lanes, &[hold(None)]), []);
    }
}
