//! The plugin API: the paths, statuses and JSON that clients of the original know, and what we added.

mod attached;
mod board;
mod boards;
mod bulk;
mod changes;
mod dispatch;
mod logs;
mod once;
mod recovery;
mod service;
mod tasks;

/// The keys of every task, in this order.
const TASK_KEYS: [&str; 21] = [
    "id",
    "title",
    "body",
    "assignee",
    "status",
    "priority",
    "created_by",
    "created_at",
    "started_at",
    "completed_at",
    "workspace_kind",
    "workspace_path",
    "claim_lock",
    "claim_expires",
    "tenant",
    "result",
    "idempotency_key",
    "spawn_failures",
    "worker_pid",
    "last_spawn_error",
    "age",
];
