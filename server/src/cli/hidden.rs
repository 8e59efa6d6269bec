//! The programs inside this one that the dispatcher starts: `kanban shim FILE` for each run, `kanban lander
//! FILE` for each landing. They do without the command line, whose sixty verbs take longer to set up than a
//! supervisor takes to start its worker.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use domain::authority::{Act, Grant};
use rustix::process::umask;

use super::{OURS_ALONE, session};
use crate::telemetry;

/// Runs the program that the command line names, if it names one of these.
pub(super) fn run() -> Option<ExitCode> {
    let mut words = env::args_os().skip(1);
    let program: fn(&Path) -> bool = match words.next()?.to_str()? {
        "shim" => dispatcher::shim::main,
        "lander" => dispatcher::shim::landing::main,
        _ => return None,
    };
    let file = PathBuf::from(words.next()?);
    if words.next().is_some() || session::authority().grant(Act::Dispatch) == Grant::Never {
        return None;
    }
    umask(OURS_ALONE);
    telemetry::start_to_file();
    let is_well = program(&file);
    Some(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
