//! What drives the board: it claims each task that is ready, starts its worker, watches it, and says
//! on the board how it ended.
//!
//! Every change goes through [`kernel::Kernel::execute`]; this crate holds no SQL, no route and no
//! page. Each worker has a supervisor process of its own ([`shim`]), so that the server may be
//! killed and started again while workers work on.

#![warn(missing_docs)]

mod dispatcher;
mod ends;
mod error;
mod home;
mod lanes;
mod launch;
mod leftovers;
pub mod logs;
mod plan;
mod process;
mod run_folder;
pub mod sample;
pub mod shim;
mod watched;
mod work;
mod workspaces;

pub use crate::dispatcher::{Config, Dispatcher, Handle, Status};
pub use crate::error::Error;
pub use crate::home::Home;
pub use crate::lanes::{Lane, Lanes};
