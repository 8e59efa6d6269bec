//! The dispatcher: claims each task that is ready, starts its worker, watches it, and records on
//! the board how it ended.
//!
//! Every change goes through [`kernel::Kernel::execute`]; this crate holds no SQL, no route and no
//! page. Each worker has a supervisor process of its own ([`shim`]), so that the server may be
//! killed and started again while workers work on.

#![warn(missing_docs)]

pub mod agents;
pub mod branches;
pub mod changes;
mod claim;
mod config;
mod dispatcher;
mod error;
pub mod gc;
mod home;
mod lanes;
mod latencies;
mod machine;
pub mod plain_file;
mod process;
mod report;
mod run;
pub mod sample;
mod work;
mod workspaces;

pub use crate::run::{logs, shim};

pub use crate::claim::dry_run::dry_run;
pub use crate::claim::manual_claim::{manual_claim, move_in};
pub use crate::config::{
    Config, ConfigFile, Document, EXAMPLE, Entry, FindServers, Mistake, NotAdded, Secrets, Servers,
    Settings, Wrong, add_lane, durability,
};
pub use crate::dispatcher::{Dispatcher, Handle, dispatch_once, is_held};
pub use crate::error::Error;
pub use crate::home::Home;
pub use crate::lanes::Lanes;
pub use crate::latencies::Latencies;
pub use crate::machine::look as look_at_machine;
pub use crate::process::holders::lock_holders;
pub use crate::process::orphan_processes::{OrphanProcess, is_alive, is_stopped, orphan_processes};
pub use crate::report::{Foreseen, Skipped, Spawned, TickReport};
pub use crate::work::settle_in;
pub use crate::workspaces::Repositories;
