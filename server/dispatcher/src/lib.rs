//! The dispatcher: claims each task that is ready, starts its worker, watches it, and records on
//! the board how it ended.
//!
//! Every change goes through [`kernel::Kernel::execute`]; this crate holds no SQL, no route and no
//! page. Each worker has a supervisor process of its own ([`shim`]), so that the server may be
//! killed and started again while workers work on.

#![warn(missing_docs)]

mod by_hand;
mod config;
mod crashed;
mod dispatcher;
mod dry_run;
mod ends;
mod error;
mod fault;
pub mod gc;
mod holders;
mod home;
mod lanes;
mod latencies;
mod launch;
mod leftovers;
pub mod logs;
mod machine;
pub mod plain_file;
mod plan;
mod process;
mod prompt;
mod report;
mod run_folder;
pub mod sample;
pub mod shim;
mod strays;
mod supervisor;
mod template;
mod unsettled;
mod watched;
mod work;
mod workspaces;

pub use crate::by_hand::{by_hand, move_in};
pub use crate::config::{
    Config, EXAMPLE, FindServers, Mistake, Secrets, Servers, Settings, Stamp, config_text,
    durability,
};
pub use crate::dispatcher::{Dispatcher, Handle, dispatch_once, is_held};
pub use crate::dry_run::dry_run;
pub use crate::error::Error;
pub use crate::holders::lock_holders;
pub use crate::home::Home;
pub use crate::lanes::Lanes;
pub use crate::latencies::Latencies;
pub use crate::machine::look as look_at_machine;
pub use crate::report::{Skipped, Spawned, TickReport};
pub use crate::strays::{Stray, is_alive, is_stopped, strays};
pub use crate::workspaces::Repositories;
