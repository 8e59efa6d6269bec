//! The vocabulary and the rules of the board: tasks, commands and events.
//!
//! Pure: no clock, no randomness, no input or output. It compiles for the server and the browser.

#![warn(missing_docs)]

pub mod actor;
pub mod audit;
pub mod authority;
pub mod backoff;
pub mod board;
pub mod branch;
pub mod changes;
pub mod check;
pub mod command;
pub mod dispatch;
pub mod error;
pub mod event;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod hold;
pub mod home;
pub mod id;
pub mod inbox;
pub mod landing;
pub mod live;
pub mod news;
pub mod notify;
#[cfg(feature = "openapi")]
mod openapi;
pub mod outcome;
pub mod review;
pub mod run;
pub mod search;
pub mod stats;
pub mod status;
pub mod task;
pub mod text;
pub mod time;
pub mod transition;
pub mod workspace;
