//! The command line, as people and scripts use it: one module a verb or a few that belong together.

mod authority;
mod bad_input;
mod board_files;
mod board_streams;
mod bulk;
mod create;
mod dash;
mod doctor;
mod edit;
pub(crate) mod follow;
pub(crate) mod golden;
mod guide;
mod homes;
mod init;
mod lanes;
mod list;
mod notify;
mod people;
mod restore;
mod show;
mod slash;
mod token;
mod work;
mod worker;
