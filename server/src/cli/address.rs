//! A place where somebody is told, as flags.

use domain::notify::Address;

/// An address of notifications.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Args {
    /// The channel: `telegram`, `slack`, `webhook`, `command`
    #[arg(long, value_name = "NAME")]
    platform: String,
    /// The chat within it
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    chat_id: String,
    /// The thread within the chat
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    thread_id: String,
}

impl Args {
    /// The place, for this user.
    pub(super) fn with_user(self, user_id: Option<String>) -> Address {
        Address {
            platform: self.platform,
            chat_id: self.chat_id,
            thread_id: self.thread_id,
            user_id,
        }
    }
}

/// Returns true when two addresses are one place, whoever asked for them.
pub(super) fn is_same_place(one: &Address, other: &Address) -> bool {
    one.platform.trim() == other.platform.trim()
        && one.chat_id.trim() == other.chat_id.trim()
        && one.thread_id == other.thread_id
}
