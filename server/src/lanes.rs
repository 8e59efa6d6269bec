//! The lanes that there are, for whoever names one.

use dispatcher::{Config, Home, Settings};
use domain::dispatch::{Dispatch, LaneReport};

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

/// The error for an unknown lane.
pub(crate) fn complaint(lane: &str, known: &[LaneReport]) -> Option<String> {
    let names: Vec<&str> = known.iter().map(|lane| lane.name.as_str()).collect();
    let is_there = names.contains(&lane);
    (!is_there).then(|| format!("there is no lane {lane}; there are: {}", names.join(", ")))
}
