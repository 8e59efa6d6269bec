//! The lanes that there are, for whoever names one.

use std::collections::BTreeSet;

use dispatcher::{Config, Home, Settings};
use domain::dispatch::{Dispatch, LaneReport};
use domain::error::Error as Refusal;

/// The lanes as the living dispatcher has them; where there is none, as the next one will.
///
/// # Errors
/// Fails when there is no dispatcher and `kanban.toml` makes no sense.
pub(crate) fn known(
    dispatch: &Dispatch,
    home: &Home,
    config: &Config,
) -> Result<Vec<LaneReport>, dispatcher::Error> {
    match dispatch.living() {
        Some(report) => Ok(report.lanes.clone()),
        None => Ok(Settings::read(home, config)?.lanes().reports(dispatch.now)),
    }
}

/// Refuses the name of what is no lane.
pub(crate) fn check_lane(lane: &str, known: &[LaneReport]) -> Result<(), Refusal> {
    let names: Vec<&str> = known.iter().map(|lane| lane.name.as_str()).collect();
    check(lane, &names)
}

/// Refuses the name of what is neither a lane nor a pool.
pub(crate) fn check_lane_or_pool(name: &str, known: &[LaneReport]) -> Result<(), Refusal> {
    let lanes = known.iter().map(|lane| lane.name.as_str());
    let pools: BTreeSet<&str> = known
        .iter()
        .filter_map(|lane| lane.pool.as_deref())
        .collect();
    let names: Vec<&str> = lanes.chain(pools).collect();
    check(name, &names)
}

fn check(name: &str, names: &[&str]) -> Result<(), Refusal> {
    if names.contains(&name) {
        return Ok(());
    }
    Err(Refusal::UnknownLane {
        lane: name.to_owned(),
        known: names.join(", "),
    })
}
