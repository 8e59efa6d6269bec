//! The bounds that several doors share.

/// The largest body, in bytes. A task's text is a few kilobytes; this leaves room for a long report
/// as a result.
pub(crate) const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;

/// The longest lease of a claim without a heartbeat, in seconds: a day.
pub(crate) const LONGEST_LEASE: i64 = 86_400;

/// The most listeners at once. Each costs a few tens of kilobytes.
pub(crate) const MAX_LISTENERS: usize = 256;
