//! The hidden verb by which the dispatcher starts a lander.

use std::path::PathBuf;

use crate::cli::output::Output;

/// Bring the work of one task onto its branch; the dispatcher calls this
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The particulars of the landing
    spec: PathBuf,
}

pub(super) fn run(args: &Args, output: &mut Output) {
    crate::telemetry::start_to_file();
    if !dispatcher::shim::landing::main(&args.spec) {
        output.fail();
    }
}
