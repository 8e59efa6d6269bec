//! Answers that are no task, no run and nothing of the dispatcher.

use std::collections::BTreeMap;

use dispatcher::logs;
use domain::board::TaskSummary;
use domain::id::{EventId, TaskId};
use domain::notify::Subscription;
use domain::search;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// That it was done, or that there was nothing to do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "ok": true }))]
pub(in crate::rest) struct Done {
    /// Whether something was done.
    pub(in crate::rest) ok: bool,
}

/// What became of each of many tasks.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Results {
    /// In the order in which they were named.
    pub(in crate::rest) results: Vec<BulkResult>,
}

/// What became of one of them.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "id": "t_1a2b3c4d", "ok": false, "error": "not found" }))]
pub(in crate::rest) struct BulkResult {
    id: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl BulkResult {
    pub(in crate::rest) fn new(id: String, error: Option<String>) -> Self {
        let ok = error.is_none();
        Self { id, ok, error }
    }
}

/// The board in numbers, without archived tasks.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Stats<'a> {
    by_status: &'a BTreeMap<String, u32>,
    by_assignee: &'a BTreeMap<String, BTreeMap<String, u32>>,
    oldest_ready_age_seconds: Option<i64>,
    #[schema(value_type = i64)]
    now: Timestamp,
}

impl<'a> Stats<'a> {
    pub(in crate::rest) fn new(stats: &'a domain::stats::Stats) -> Self {
        Self {
            by_status: &stats.by_status,
            by_assignee: &stats.by_assignee,
            oldest_ready_age_seconds: stats.oldest_ready_age_seconds,
            now: stats.now,
        }
    }
}

/// How the original's page shows the board.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Config {
    default_tenant: String,
    lane_by_profile: bool,
    include_archived_by_default: bool,
    render_markdown: bool,
}

impl Config {
    pub(in crate::rest) fn new(config: app::ssr::config::Config) -> Self {
        let app::ssr::config::Config {
            default_tenant,
            lane_by_profile,
            include_archived_by_default,
            render_markdown,
        } = config;
        Self {
            default_tenant,
            lane_by_profile,
            include_archived_by_default,
            render_markdown,
        }
    }
}

/// A log, or the end of one.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Log<'a> {
    #[schema(value_type = String)]
    task_id: &'a TaskId,
    path: String,
    /// Whether there is one: a task that was never started has none.
    exists: bool,
    size_bytes: u64,
    content: &'a str,
    /// Whether there is more than this.
    truncated: bool,
}

impl<'a> Log<'a> {
    pub(in crate::rest) fn new(task_id: &'a TaskId, log: &'a logs::Log) -> Self {
        Self {
            task_id,
            path: log.path.display().to_string(),
            exists: log.exists,
            size_bytes: log.size_bytes,
            content: &log.text,
            truncated: log.is_truncated,
        }
    }
}

/// Who is told of what.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Subscriptions<'a> {
    subscriptions: Vec<SubscriptionObject<'a>>,
}

#[derive(Serialize, ToSchema)]
struct SubscriptionObject<'a> {
    #[schema(value_type = String)]
    task_id: &'a TaskId,
    platform: &'a str,
    chat_id: &'a str,
    thread_id: &'a str,
    user_id: Option<&'a str>,
    #[schema(value_type = i64)]
    created_at: Timestamp,
    /// The last event that they need not be told of.
    #[schema(value_type = i64)]
    last_event_id: EventId,
}

impl<'a> Subscriptions<'a> {
    pub(in crate::rest) fn new(subscriptions: &'a [Subscription]) -> Self {
        let object = |subscription: &'a Subscription| SubscriptionObject {
            task_id: &subscription.task_id,
            platform: &subscription.to.platform,
            chat_id: &subscription.to.chat_id,
            thread_id: &subscription.to.thread_id,
            user_id: subscription.to.user_id.as_deref(),
            created_at: subscription.created_at,
            last_event_id: subscription.last_event_id,
        };
        Self {
            subscriptions: subscriptions.iter().map(object).collect(),
        }
    }
}

/// What was found, best first.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Found<'a> {
    hits: Vec<HitObject<'a>>,
    /// How many there are in all.
    total: u32,
}

#[derive(Serialize, ToSchema)]
struct HitObject<'a> {
    /// The task as on a card: without long texts.
    #[schema(value_type = Object)]
    task: &'a TaskSummary,
    /// The words around the first match.
    excerpt: &'a str,
}

impl<'a> Found<'a> {
    pub(in crate::rest) fn new(found: &'a search::Found) -> Self {
        let hit = |hit: &'a search::Hit| HitObject {
            task: &hit.task,
            excerpt: &hit.excerpt,
        };
        Self {
            hits: found.hits.iter().map(hit).collect(),
            total: found.total,
        }
    }
}
