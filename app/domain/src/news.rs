//! The names of news: platforms and kinds.

/// The platforms that news can be sent to.
pub const PLATFORMS: [&str; 4] = ["command", "slack", "telegram", "webhook"];

/// The kinds of news that are sent unless others are chosen: those of the original, what waits for a
/// verdict, and the beginning and the end of what keeps a whole lane from working.
pub const TOLD: [&str; 8] = [
    "completed",
    "review_requested",
    "blocked",
    "gave_up",
    "crashed",
    "timed_out",
    "lane_held",
    "lane_released",
];

/// Every kind of news: the kinds of events, where `gave_up` also stands for `spawn_auto_blocked` and
/// a `timed_out` is no mere `attempt_failed`.
pub const KINDS: [&str; 45] = [
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
    "reported",
    "check_started",
    "check_passed",
    "check_failed",
    "review_requested",
    "approved",
    "changes_requested",
    "branch_moved",
    "landing_requested",
    "landing_waits",
    "landing_ended",
    "landing_failed",
    "landed",
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
