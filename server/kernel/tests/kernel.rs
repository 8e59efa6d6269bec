//! The kernel on a real file: what the verbs do, what they refuse, and what survives.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that cannot go on has failed"
)]

#[path = "kernel/another_program.rs"]
mod another_program;
#[path = "kernel/authority.rs"]
mod authority;
#[path = "kernel/beside.rs"]
mod beside;
#[path = "kernel/board.rs"]
mod board;
#[path = "kernel/branches.rs"]
mod branches;
#[path = "kernel/checks.rs"]
mod checks;
#[path = "kernel/concurrency.rs"]
mod concurrency;
#[path = "kernel/dependencies.rs"]
mod dependencies;
#[path = "kernel/dispatch.rs"]
mod dispatch;
#[path = "kernel/editing.rs"]
mod editing;
#[path = "kernel/failures.rs"]
mod failures;
#[path = "kernel/feed.rs"]
mod feed;
#[path = "kernel/foreign.rs"]
mod foreign;
#[path = "kernel/golden.rs"]
mod golden;
#[path = "kernel/holds.rs"]
mod holds;
#[path = "kernel/home.rs"]
mod home;
#[path = "kernel/intake.rs"]
mod intake;
#[path = "kernel/keeping.rs"]
mod keeping;
#[path = "kernel/landings.rs"]
mod landings;
#[path = "kernel/leases.rs"]
mod leases;
#[path = "kernel/lifecycle.rs"]
mod lifecycle;
#[path = "kernel/machine.rs"]
mod machine;
#[path = "kernel/model.rs"]
mod model;
#[path = "kernel/notify.rs"]
mod notify;
#[path = "kernel/odd_rows.rs"]
mod odd_rows;
#[path = "kernel/opening.rs"]
mod opening;
#[path = "kernel/outcomes.rs"]
mod outcomes;
#[path = "kernel/requests.rs"]
mod requests;
#[path = "kernel/reviews.rs"]
mod reviews;
#[path = "kernel/runs.rs"]
mod runs;
#[path = "kernel/search.rs"]
mod search;
#[path = "kernel/step.rs"]
mod step;
#[path = "kernel/tokens.rs"]
mod tokens;
#[path = "kernel/transfer.rs"]
mod transfer;
#[path = "kernel/undo.rs"]
mod undo;
#[path = "kernel/upgrade.rs"]
mod upgrade;
