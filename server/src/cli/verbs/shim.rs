//! The hidden verb by which the dispatcher starts the supervisor of a run.

use std::path::PathBuf;

use crate::cli::output::Output;

/// Supervise one run; the dispatcher calls this
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The particulars of the run
    spec: PathBuf,
}

pub(super) fn run(args: &Args, output: &mut Output) {
    crate::telemetry::start_to_file();
    if !dispatcher::shim::main(&args.spec) {
        output.fail();
    }
}
