//! The starts that wait for a moment which is known: the end of a back-off or of a hold, or the beginning
//! of a lane's hours. Slots are taken to be free by then.

use std::collections::BTreeSet;

use domain::dispatch::WhyNot;
use domain::hold::{Cause, LaneHold, PROBE_LASTS};

use crate::lanes::Lanes;
use crate::report::{Foreseen, Skipped};

/// Returns those of the tasks that were left which start at a known moment, the first start first. Of
/// those that wait for one hold, the first goes as its probe.
pub(super) fn foreseen(skipped: &[Skipped], lanes: &Lanes, holds: &[LaneHold]) -> Vec<Foreseen> {
    let mut probed = BTreeSet::new();
    let start = |left: &Skipped| {
        let assignee = left.assignee.clone()?;
        let lane = lanes.of(&assignee)?;
        let mut at = match left.why {
            WhyNot::Resting { until, .. }
            | WhyNot::OutOfHours { until, .. }
            | WhyNot::Held {
                until: Some(until), ..
            } => until,
            _ => return None,
        };
        for name in lane.names() {
            let Some(hold) = holds.iter().find(|hold| hold.name == name) else {
                continue;
            };
            at = at.max(hold.until?);
            if hold.cause != Cause::ByHand && !probed.insert(&hold.name) {
                at = at + PROBE_LASTS;
            }
        }
        let at = lane.opens_at(at).unwrap_or(at);
        let task = left.task.clone();
        Some(Foreseen { task, assignee, at })
    };
    let mut foreseen: Vec<Foreseen> = skipped.iter().filter_map(start).collect();
    foreseen.sort_by_key(|start| start.at);
    foreseen
}

#[cfg(test)]
mod tests {
    use domain::id::TaskId;
    use domain::time::{Seconds, Timestamp};

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
        let found = foreseen(&left, &lanes, &[hold(Some(UNTIL))]);
        let moments: Vec<_> = found.iter().map(|start| start.at).collect();
        assert_eq!(moments, [UNTIL, UNTIL + PROBE_LASTS]);
        let left = [held(1, "large", None)];
        assert_eq!(foreseen(&left, &lanes, &[hold(None)]), []);
    }
}
