//! Answers that are no task, no run and nothing of the dispatcher.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dispatcher::logs;
use domain::dispatch::Dispatch;
use domain::id::{RunId, TaskId};
use domain::notify::Subscription;
use domain::task::WorkspaceKind;
use serde::Serialize;
use utoipa::ToSchema;

use crate::rest::which_board;

/// That it was done, or that there was nothing to do.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({ "ok": true }))]
pub(in crate::rest) struct Done {
    /// True when something changed.
    pub(in crate::rest) ok: bool,
}

/// The outcomes of a bulk request, one a task.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Results {
    /// In the order in which they were named.
    pub(in crate::rest) results: Vec<BulkResult>,
}

/// The outcome for one task.
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

/// A log, or the end of one.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Log<'a> {
    task_id: &'a TaskId,
    path: String,
    /// True when there is a log: a task that was never started has none.
    exists: bool,
    size_bytes: u64,
    content: &'a str,
    /// True when this is only the end of it.
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

/// The subscriptions to single tasks.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Subscriptions<'a> {
    pub(in crate::rest) subscriptions: &'a [Subscription],
}

/// A task that was to be deleted.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Removed<'a> {
    /// Always `false`: nothing is deleted.
    deleted: bool,
    archived: bool,
    task_id: &'a TaskId,
    /// The outcome, for people.
    message: &'static str,
}

impl<'a> Removed<'a> {
    pub(in crate::rest) fn new(task_id: &'a TaskId) -> Self {
        Self {
            deleted: false,
            archived: true,
            task_id,
            message: "tasks are archived here, not deleted; move it to another column to bring it back",
        }
    }
}

/// A task that was given to somebody else.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Reassigned<'a> {
    ok: bool,
    task_id: &'a TaskId,
    assignee: Option<&'a str>,
}

impl<'a> Reassigned<'a> {
    pub(in crate::rest) fn new(task_id: &'a TaskId, assignee: Option<&'a str>) -> Self {
        Self {
            ok: true,
            task_id,
            assignee,
        }
    }
}

/// A task that was taken away from its worker.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Reclaimed<'a> {
    ok: bool,
    /// The run, where that was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    run_id: Option<RunId>,
    task_id: &'a TaskId,
}

impl<'a> Reclaimed<'a> {
    pub(in crate::rest) fn new(task_id: &'a TaskId, run_id: Option<RunId>) -> Self {
        Self {
            ok: true,
            run_id,
            task_id,
        }
    }
}

/// The attachments of a task.
#[derive(Default, Serialize, ToSchema)]
pub(in crate::rest) struct Attachments {
    /// Always empty.
    #[schema(value_type = Vec<Object>)]
    attachments: [(); 0],
}

/// The boards of this server.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Boards {
    boards: [BoardObject; 1],
    current: &'static str,
}

#[derive(Serialize, ToSchema)]
struct BoardObject {
    slug: &'static str,
    name: &'static str,
    description: &'static str,
    icon: &'static str,
    color: &'static str,
    default_workdir: Option<String>,
    created_at: Option<i64>,
    archived: bool,
    db_path: String,
    is_current: bool,
    /// The tasks that are not archived, by status.
    counts: BTreeMap<String, u32>,
    total: u32,
    default_workspace_kind: &'static str,
}

impl Boards {
    pub(in crate::rest) fn new(counts: BTreeMap<String, u32>, db: &Path) -> Self {
        let board = BoardObject {
            slug: which_board::DEFAULT,
            name: "Default",
            description: "",
            icon: "",
            color: "",
            default_workdir: None,
            created_at: None,
            archived: false,
            db_path: db.display().to_string(),
            is_current: true,
            total: counts.values().sum(),
            counts,
            default_workspace_kind: WorkspaceKind::Scratch.as_str(),
        };
        Self {
            boards: [board],
            current: which_board::DEFAULT,
        }
    }
}

/// The board of this server.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Current {
    current: &'static str,
}

impl Current {
    pub(in crate::rest) fn new() -> Self {
        Self {
            current: which_board::DEFAULT,
        }
    }
}

/// The names that tasks can be given to.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Assignees {
    /// By name.
    assignees: Vec<AssigneeObject>,
}

#[derive(Serialize, ToSchema)]
struct AssigneeObject {
    name: String,
    /// True when it is a lane of the dispatcher.
    on_disk: bool,
    /// Its tasks that are not archived, by status.
    counts: BTreeMap<String, u32>,
}

impl Assignees {
    pub(in crate::rest) fn new(
        mut assigned: BTreeMap<String, BTreeMap<String, u32>>,
        dispatch: &Dispatch,
    ) -> Self {
        let lanes = dispatch.report.iter().flat_map(|report| &report.lanes);
        let lanes: BTreeSet<_> = lanes.map(|lane| lane.name.clone()).collect();
        for lane in &lanes {
            assigned.entry(lane.clone()).or_default();
        }
        let object = |(name, counts)| AssigneeObject {
            on_disk: lanes.contains(&name),
            name,
            counts,
        };
        Self {
            assignees: assigned.into_iter().map(object).collect(),
        }
    }
}
