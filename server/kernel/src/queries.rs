//! The queries: they change nothing, and each method reads in one transaction.

pub(crate) mod acts;
pub(crate) mod audit;
pub(crate) mod board;
mod branches;
pub(crate) mod context;
pub(crate) mod detail;
pub(crate) mod dispatch;
pub(crate) mod home;
pub(crate) mod inbox;
pub(crate) mod landings;
pub(crate) mod look;
pub(crate) mod open_runs;
pub(crate) mod outbox;
pub(crate) mod parents;
pub(crate) mod requests;
pub(crate) mod run_counts;
pub(crate) mod search;
pub(crate) mod startable;
pub(crate) mod stats;
pub(crate) mod subscriptions;
pub(crate) mod tasks;
pub(crate) mod workspaces;
