//! Runs from their claim to their end, with real processes. The supervisor is this test binary,
//! executed again.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by a panic, and these are its helpers"
)]

#[path = "runs/checks.rs"]
mod checks;
#[path = "runs/clock.rs"]
mod clock;
#[path = "runs/exit_verdict.rs"]
mod exit_verdict;
#[path = "runs/foreign_workers.rs"]
mod foreign_workers;
#[path = "runs/git.rs"]
mod git;
#[path = "runs/harness.rs"]
mod harness;
#[path = "runs/holds.rs"]
mod holds;
#[path = "runs/landing.rs"]
mod landing;
#[path = "runs/lanes.rs"]
mod lanes;
#[path = "runs/liveness.rs"]
mod liveness;
#[path = "runs/looks.rs"]
mod looks;
#[path = "runs/machine.rs"]
mod machine;
#[path = "runs/manual_claim.rs"]
mod manual_claim;
#[path = "runs/orphan_cleanup.rs"]
mod orphan_cleanup;
#[path = "runs/restart.rs"]
mod restart;
#[path = "runs/scenarios.rs"]
mod scenarios;
#[path = "runs/stop.rs"]
mod stop;
#[path = "runs/supervisors.rs"]
mod supervisors;

use std::path::Path;

/// In the environment of a supervisor: the file that it is started with.
const SPEC: &str = "DISPATCHER_TEST_SPEC";

/// In the environment of a lander: the file that it is started with.
const LANDING: &str = "DISPATCHER_TEST_LANDING";

/// In the environment of what a worker calls: the verb that it gives to the board.
const VERB: &str = "DISPATCHER_TEST_VERB";

/// Not a test: what the program does for its hidden verb `shim`.
#[test]
fn the_supervisor_itself() {
    if let Some(spec) = std::env::var_os(SPEC) {
        dispatcher::shim::main(Path::new(&spec));
    }
}

/// Not a test: what the program does for its hidden verb `lander`.
#[test]
fn the_lander_itself() {
    if let Some(spec) = std::env::var_os(LANDING) {
        assert!(dispatcher::shim::landing::main(Path::new(&spec)));
    }
}

/// Not a test: what the program does when a worker calls it.
#[tokio::test]
async fn the_program_itself() {
    if let Ok(verb) = std::env::var(VERB) {
        harness::carry_out(&verb).await;
    }
}
