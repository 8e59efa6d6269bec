//! The hidden verb by which the dispatcher starts the supervisor of a run.

use std::path::PathBuf;
use std::process::ExitCode;

/// Supervise one run; the dispatcher calls this
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The particulars of the run
    spec: PathBuf,
}

pub(super) fn run(args: &Args) -> ExitCode {
    crate::telemetry::start_to_file();
    dispatcher::shim::main(&args.spec)
}
