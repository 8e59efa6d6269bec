//! The names of news: platforms and kinds.

/// The platforms that news can be sent to.
pub const PLATFORMS: [&str; 4] = ["command", "slack", "telegram", "webhook"];

/// The kinds of news that are sent unless others are chosen: those of the original.
pub const TOLD: [&str; 5] = ["completed", "blocked", "gave_up", "crashed", "timed_out"];

/// Every kind of news: the kinds of events, where `gave_up` also stands for `spawn_auto_blocked` and
/// a `timed_out` is no mere `attempt_failed`.
pub const KINDS: [&str; 32] = [
    "created",
    "ready",
    "claimed",
    "reclaimed",
    "crashed",
    "spawn_failed",
    "completed",
    "blocked",
    "unblocked",
    "archived",
    "assigned",
    "linked",
    "unlinked",
    "priority",
    "edited",
    "commented",
    "status",
    "spawned",
    "attempt_failed",
    "timed_out",
    "gave_up",
    "cancelled",
    "deferred",
    "lane_held",
    "lane_released",
    "interrupted",
    "adopted",
    "demoted",
    "marked",
    "unmarked",
    "snoozed",
    "undone",
];
