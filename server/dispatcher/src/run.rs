//! One run, from the granted claim to its settled end: its folder, its supervisor, its log.

pub(crate) mod environment;
pub(crate) mod exit_verdict;
pub(crate) mod fault;
pub(crate) mod folder;
pub(crate) mod launch;
pub mod logs;
pub(crate) mod proxy;
pub mod shim;
pub(crate) mod supervisor;
pub(crate) mod unfinished_runs;
pub(crate) mod watched;
