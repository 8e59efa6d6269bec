//! The bodies of requests, for the document of the API. It is read by `input`, more leniently than
//! these types say: numbers may come as text, truth in many words, unknown keys are ignored.

#![expect(dead_code, reason = "they describe what `input` reads key by key")]

use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

/// A task to be put on the board.
#[derive(ToSchema)]
#[schema(example = json!({
    "title": "Fix the login flow",
    "body": "It says 500 after a wrong password.",
    "assignee": "shell",
    "priority": 2,
    "parents": [],
}))]
pub(in crate::rest) struct NewTask {
    /// What is to be done, in a line.
    title: String,
    /// The whole story.
    body: Option<String>,
    /// Who is to work on it: a lane, or a profile.
    assignee: Option<String>,
    /// The project or customer.
    tenant: Option<String>,
    /// Higher starts sooner.
    #[schema(default = 0)]
    priority: Option<i64>,
    /// What kind of folder its workers run in.
    #[schema(default = "scratch", pattern = "^(scratch|dir|worktree)$")]
    workspace_kind: Option<String>,
    /// Which folder.
    workspace_path: Option<String>,
    /// The ids of tasks to wait for.
    #[schema(default = json!([]), max_items = 1000)]
    parents: Option<Vec<String>>,
    /// Whether it is only an idea yet.
    #[schema(default = false)]
    triage: Option<bool>,
    /// A key under which a repeated request finds the task of the first.
    idempotency_key: Option<String>,
    /// How long an attempt may run, where that is less than its lane allows; 0 is as long as that.
    #[schema(minimum = 0, maximum = 31_536_000)]
    max_runtime_seconds: Option<i64>,
    /// After how many failures in a row it is blocked; 0 is as many as the board allows.
    #[schema(minimum = 0, maximum = 1_000)]
    max_retries: Option<i64>,
    /// What its workers are to be able to do: names that the lane hands on.
    #[schema(max_items = 100)]
    skills: Option<Vec<String>>,
}

/// What is to become of a task.
#[derive(ToSchema)]
#[schema(example = json!({ "status": "done", "result": "merged as 1a2b3c4" }))]
pub(in crate::rest) struct Changes {
    /// Where to: `triage`, `todo`, `ready`, `blocked`, `done` or `archived`.
    status: Option<String>,
    /// Who is to work on it; empty is nobody.
    assignee: Option<String>,
    /// Whether a worker that has it is stopped when somebody else gets it.
    stop: Option<bool>,
    /// Higher starts sooner.
    priority: Option<i64>,
    /// What is to be done, in a line.
    title: Option<String>,
    /// The whole story.
    body: Option<String>,
    /// How long an attempt may run, from the next one on; 0 is as long as its lane allows.
    #[schema(minimum = 0, maximum = 31_536_000)]
    max_runtime_seconds: Option<i64>,
    /// After how many failures in a row it is blocked; 0 is as many as the board allows.
    #[schema(minimum = 0, maximum = 1_000)]
    max_retries: Option<i64>,
    /// With `done`: what came out of it, for the tasks that depend on it.
    result: Option<String>,
    /// With `done`: what the run did.
    summary: Option<String>,
    /// With `done`: particulars of the run for programs.
    metadata: Option<Map<String, Value>>,
    /// With `blocked`: the question, or what is missing.
    block_reason: Option<String>,
}

/// The same change for many tasks.
#[derive(ToSchema)]
#[schema(example = json!({ "ids": ["t_1a2b3c4d", "t_5e6f7a8b"], "priority": 3 }))]
pub(in crate::rest) struct Bulk {
    /// Which tasks: 1,000 at most.
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    /// Where to; `archived` is asked for by `archive`.
    status: Option<String>,
    /// Who is to work on them; empty is nobody.
    assignee: Option<String>,
    /// Higher starts sooner.
    priority: Option<i64>,
    /// With `done`: what came out of each, for the tasks that depend on it.
    result: Option<String>,
    /// With `done`: what the run of each did.
    summary: Option<String>,
    /// With `done`: particulars of the run of each for programs.
    metadata: Option<Map<String, Value>>,
    /// Whether to put them away, whatever `status` says.
    #[schema(default = false)]
    archive: Option<bool>,
}

/// Something to say about a task.
#[derive(ToSchema)]
#[schema(example = json!({ "body": "Which branch?", "author": "ada" }))]
pub(in crate::rest) struct NewComment {
    /// What to say.
    body: String,
    /// Who says it.
    #[schema(default = "dashboard")]
    author: Option<String>,
}

/// Which task waits for which.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(example = json!({ "parent_id": "t_1a2b3c4d", "child_id": "t_5e6f7a8b" }))]
pub(in crate::rest) struct Link {
    /// The task to wait for.
    parent_id: String,
    /// The task that waits.
    child_id: String,
}

/// What to take back.
#[derive(ToSchema)]
#[schema(example = json!({ "events": [17] }))]
pub(in crate::rest) struct Undo {
    /// An event of each act, as its answer named it in `Kanban-Undo`.
    #[schema(max_items = 1000)]
    events: Vec<i64>,
}

/// One lane, or all of them.
#[derive(ToSchema)]
#[schema(example = json!({ "lane": "shell" }))]
pub(in crate::rest) struct WhichLane {
    /// The lane; nothing is the whole dispatcher.
    lane: Option<String>,
}

/// Who is to work on a task.
#[derive(ToSchema)]
#[schema(example = json!({ "profile": "ops", "reclaim_first": true }))]
pub(in crate::rest) struct Reassign {
    /// The new assignee; empty is nobody.
    profile: Option<String>,
    /// Whether a worker that has it is stopped.
    #[schema(default = false)]
    reclaim_first: Option<bool>,
    /// Why, kept where a run is stopped for nobody else's sake.
    reason: Option<String>,
}

/// Why a run is stopped.
#[derive(ToSchema)]
#[schema(example = json!({ "reason": "it loops" }))]
pub(in crate::rest) struct Reclaim {
    /// Kept with the event.
    reason: Option<String>,
}

/// How to take a task.
#[derive(ToSchema)]
#[schema(example = json!({ "claimer": "laptop:4711", "ttl_seconds": 900 }))]
pub(in crate::rest) struct Claim {
    /// Who takes it, for people to read.
    #[schema(default = "http")]
    claimer: Option<String>,
    /// How long the claim lasts without a sign of life.
    #[schema(default = 900, minimum = 1, maximum = 86400)]
    ttl_seconds: Option<i64>,
}

/// A sign of life.
#[derive(ToSchema)]
#[schema(example = json!({ "ttl_seconds": 900 }))]
pub(in crate::rest) struct Heartbeat {
    /// How long the claim lasts from now on without another.
    #[schema(default = 900, minimum = 1, maximum = 86400)]
    ttl_seconds: Option<i64>,
}

/// A place where somebody is told.
#[derive(ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(example = json!({ "platform": "telegram", "chat_id": "4711" }))]
pub(in crate::rest) struct Address {
    /// The channel: `telegram`, `slack`, `webhook`.
    platform: String,
    /// The chat within it.
    chat_id: String,
    /// The thread within the chat.
    thread_id: Option<String>,
    /// Who asks for it.
    user_id: Option<String>,
}

/// Who is told of the whole board, or of a part of it.
#[derive(ToSchema)]
#[schema(example = json!({ "platform": "webhook", "chat_id": "ci", "kinds": ["completed"] }))]
pub(in crate::rest) struct BoardSubscription {
    /// The channel: `telegram`, `slack`, `webhook`, `command`.
    platform: String,
    /// The chat within it.
    chat_id: String,
    /// The thread within the chat.
    thread_id: Option<String>,
    /// Who asks for it.
    user_id: Option<String>,
    /// Only of tasks of this tenant.
    tenant: Option<String>,
    /// Only of tasks of this assignee.
    assignee: Option<String>,
    /// Only of these kinds of news; without it `completed`, `blocked`, `gave_up`, `crashed` and
    /// `timed_out`.
    #[schema(default = json!([]), max_items = 100)]
    kinds: Option<Vec<String>>,
}

/// When to leave a place alone.
#[derive(ToSchema)]
#[schema(example = json!({
    "platform": "slack", "chat_id": "C1", "hours": "22:00-07:00 Europe/Berlin",
}))]
pub(in crate::rest) struct QuietHours {
    /// The channel.
    platform: String,
    /// The chat within it.
    chat_id: String,
    /// The thread within the chat.
    thread_id: Option<String>,
    /// From when until when, and perhaps the time zone; `null` is never.
    hours: Option<String>,
}

/// Which deliveries.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct DeliveryQuery {
    /// Only of this task.
    task_id: Option<String>,
    /// Only those that are `pending`, `delivered` or `dead`.
    state: Option<String>,
    /// How many, of the newest.
    #[param(default = 100, minimum = 1, maximum = 1_000)]
    limit: Option<i64>,
}

/// Which diagnostics.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct DiagnosticQuery {
    /// Only those that are at least a `warning`, an `error` or `critical`.
    #[param(default = "warning", pattern = "^(warning|error|critical)$")]
    severity: Option<String>,
}

/// Which part of the board.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct BoardQuery {
    /// Only the tasks of this tenant; empty is the tenant without a name.
    tenant: Option<String>,
    /// Archived tasks too.
    include_archived: Option<bool>,
    /// Cards without long texts and ages, with an `ETag`.
    summary: Option<bool>,
}

/// How much of a log.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct LogQuery {
    /// The last bytes only; nothing is all of it.
    #[param(minimum = 1, maximum = 2_000_000)]
    tail: Option<i64>,
}

/// How to look at the board.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct DispatchQuery {
    /// Whether nothing is to be changed.
    dry_run: Option<bool>,
    /// How many tasks to start at most.
    #[param(default = 8, minimum = 0, maximum = 1_000)]
    max: Option<i64>,
}

/// What to look for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::rest) struct SearchQuery {
    /// Words.
    q: String,
    /// Whether to look through archived tasks too.
    include_archived: Option<bool>,
    /// How many hits to return.
    #[param(default = 50, minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// How many hits to skip.
    #[param(default = 0, minimum = 0, maximum = 1_000_000)]
    offset: Option<i64>,
}
