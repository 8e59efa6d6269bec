//! The answer of `GET /board`.

use domain::board::TaskSummary;
use domain::id::EventId;
use domain::status::Status;
use domain::time::Timestamp;
use kernel::BoardRow;
use serde::Serialize;
use utoipa::openapi::schema::{AnyOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::TaskObject;

/// A board, whole or as a summary.
pub(in crate::rest) struct AnyBoard;

impl PartialSchema for AnyBoard {
    // `oneOf` would be wrong: without tasks both read alike.
    fn schema() -> RefOr<Schema> {
        let one_of_them = AnyOfBuilder::new()
            .item(Ref::from_schema_name(Board::name()))
            .item(Ref::from_schema_name(Summary::name()));
        RefOr::T(one_of_them.build().into())
    }
}

impl ToSchema for AnyBoard {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Board::name().into_owned(), Board::schema()));
        schemas.push((Summary::name().into_owned(), Summary::schema()));
        Board::schemas(schemas);
        Summary::schemas(schemas);
    }
}

/// The whole board. It is put together by `board::copy` from its cards and its [`End`].
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is put together")]
pub(in crate::rest) struct Board<'a> {
    /// In the order of the board; `archived` comes last, where it is asked for.
    columns: Vec<Column<'a>>,
    /// Every tenant, also those of archived tasks.
    tenants: Vec<String>,
    /// Every assignee of a task that is not archived.
    assignees: Vec<String>,
    /// The last event contained in it.
    latest_event_id: i64,
    now: i64,
}

/// One column: urgent tasks first, then the oldest.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes what is put together")]
struct Column<'a> {
    name: String,
    tasks: Vec<Card<'a>>,
}

/// The fields after the columns.
#[derive(Serialize)]
pub(in crate::rest) struct End<'a> {
    pub(in crate::rest) tenants: Vec<&'a str>,
    pub(in crate::rest) assignees: Vec<&'a str>,
    pub(in crate::rest) latest_event_id: EventId,
    pub(in crate::rest) now: Timestamp,
}

/// A task, with the counts around it.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Card<'a> {
    #[serde(flatten)]
    task: TaskObject<'a>,
    link_counts: LinkCounts,
    comment_count: u32,
    /// The number of tasks that depend on it and are done; `null` where no task does.
    progress: Option<Progress>,
}

#[derive(Serialize, ToSchema)]
struct LinkCounts {
    parents: u32,
    children: u32,
}

#[derive(Serialize, ToSchema)]
struct Progress {
    done: u32,
    total: u32,
}

impl<'a> Card<'a> {
    pub(in crate::rest) fn new(row: &'a BoardRow, now: Timestamp) -> Self {
        let progress = Progress {
            done: row.children_done,
            total: row.children,
        };
        Self {
            task: TaskObject::new(&row.task, now),
            link_counts: LinkCounts {
                parents: row.parents,
                children: row.children,
            },
            comment_count: row.comments,
            progress: (row.children > 0).then_some(progress),
        }
    }
}

/// The board without long texts and ages.
#[derive(Serialize, ToSchema)]
pub(in crate::rest) struct Summary<'a> {
    columns: Vec<SummaryColumn<'a>>,
    latest_event_id: EventId,
}

#[derive(Serialize, ToSchema)]
struct SummaryColumn<'a> {
    #[serde(rename = "name")]
    status: Status,
    /// The tasks as on cards.
    #[schema(value_type = Vec<Object>)]
    tasks: Vec<&'a TaskSummary>,
}

impl<'a> Summary<'a> {
    /// The tasks hung into their columns; they come in the order of a column.
    pub(in crate::rest) fn new(
        tasks: &'a [TaskSummary],
        cursor: EventId,
        columns: &[Status],
    ) -> Self {
        let mut columns: Vec<_> = columns
            .iter()
            .map(|status| SummaryColumn {
                status: status.clone(),
                tasks: Vec::new(),
            })
            .collect();
        for task in tasks {
            let status = task.status.column();
            if let Some(column) = columns.iter_mut().find(|column| column.status == status) {
                column.tasks.push(task);
            }
        }
        Self {
            columns,
            latest_event_id: cursor,
        }
    }
}
