//! From rows to values: each kind of row lists its columns once, in [`columns!`], and is read in
//! that order. Other programs write to the tables of the original, and SQLite does not check types,
//! so columns are read leniently: one odd row must not hide the others.

use domain::board::TaskSummary;
use domain::check::Verdict;
use domain::id::{
    CommentId, DeliveryId, EventId, InvalidTaskId, ReceiptId, RunId, RunToken, SubscriptionId,
    TaskId,
};
use domain::notify::delivery::DeliveryState;
use domain::outcome::{StartOn, TaskOutcome};
use domain::review::Review;
use domain::run::{Outcome, Run};
use domain::status::Status;
use domain::task::{Task, WorkspaceKind};
use domain::time::{Seconds, Timestamp};
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Params, Row};

use crate::error::Error;

/// The columns of an `Address` in tables that are not about one user.
pub(crate) const PLACE: &str = "platform, chat_id, thread_id, NULL";

/// True for a `parent` that is finished.
macro_rules! is_finished {
    () => {
        "parent.status IN ('done', 'archived')"
    };
}

/// True for a `parent` that was archived before it ended. Other programs write no outcome.
macro_rules! was_archived {
    () => {
        "parent.status = 'archived' AND parent.outcome IS NULL AND parent.completed_at IS NULL"
    };
}

/// True for a `link` that asks for the outcome of its `parent`. Other programs write none: theirs is
/// success.
macro_rules! asks_for_its_outcome {
    () => {
        "link.start_on IN ('always', coalesce(parent.outcome, 'success'))"
    };
}

/// True for a `link` whose `parent` lets the child start.
macro_rules! is_met {
    () => {
        concat!(
            $crate::row::is_finished!(),
            " AND ",
            $crate::row::asks_for_its_outcome!()
        )
    };
}

pub(crate) use {asks_for_its_outcome, is_finished, is_met, was_archived};

/// True for a row of `tasks` that a parent keeps from starting: it is not finished, or ended with
/// another outcome. A link to a row that is gone does not count.
pub(crate) const HAS_UNMET_LINK: &str = concat!(
    "EXISTS (SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE link.child_id = tasks.id AND NOT (",
    is_met!(),
    "))"
);

/// True for a row of `tasks` that can never start as it is linked.
pub(crate) const IS_DEAD_END: &str = concat!(
    "EXISTS (SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
     WHERE link.child_id = tasks.id AND ",
    is_finished!(),
    " AND NOT ",
    asks_for_its_outcome!(),
    ")"
);

/// Lists the columns of a struct: its fields, each with the SQL it is selected by where that is not
/// its name, and with what its value is made by where its type does not say it all. Fields after
/// the semicolon are in no column.
macro_rules! columns {
    (@sql $field:ident) => { stringify!($field) };
    (@sql $field:ident, $sql:expr) => { $sql };
    (@read $cells:ident) => { $crate::row::Read::read($cells)? };
    (@read $cells:ident, $then:expr) => { $crate::row::then($cells, $then)? };
    ($row:ty {
        $($field:ident $(: $sql:expr)? $(=> $then:expr)?),+
        $(; $($other:ident: $value:expr),+)? $(,)?
    }) => {
        impl $crate::row::Columns for $row {
            fn columns() -> String {
                let columns: &[&str] = &[$($crate::row::columns!(@sql $field $(, $sql)?)),+];
                columns.join(", ")
            }
        }

        impl $crate::row::Read for $row {
            fn read(cells: &mut $crate::row::Cells<'_>) -> rusqlite::Result<Self> {
                Ok(Self {
                    $($field: $crate::row::columns!(@read cells $(, $then)?),)+
                    $($($other: $value,)+)?
                })
            }
        }
    };
}

pub(crate) use columns;

columns! {
    Task {
        id, title, body, assignee, status, priority, created_by, created_at, started_at,
        completed_at,
        workspace_kind => |kind: String| kind.parse().unwrap_or(WorkspaceKind::Scratch),
        workspace_path, claim_lock, claim_expires, tenant, result: RESULT, outcome, idempotency_key, failures: "spawn_failures",
        worker_pid, last_error: "last_spawn_error", waiting, status_since, not_before,
        failure_limit => |limit: Option<u32>| limit.filter(|limit| *limit > 0),
        block_reason: BLOCK_REASON,
        max_runtime: "max_runtime_seconds" =>
            |limit: Option<i64>| limit.filter(|limit| *limit > 0).map(Seconds),
        due_at, skills, check: "check_script",
        rework_limit => |limit: Option<u32>| limit.filter(|limit| *limit > 0),
        review, land_method => |name: Option<String>| name.and_then(|name| name.parse().ok()),
        in_review: &format!("{REVIEWER}, reviewed_run, worked_by, rounds") => review,
    }
}

/// A worker: one that the dispatcher starts in a lane, or the process of another program. A claim
/// by hand has neither.
const HAS_WORKER: &str = "status = 'running' AND (worker_pid IS NOT NULL OR EXISTS \
     (SELECT 1 FROM runs WHERE task_id = tasks.id AND ended_at IS NULL AND lane IS NOT NULL))";

/// The reviewer, while the work waits for a verdict, somebody looks at it, or their question waits for an
/// answer. Another program may have put a task into `review` without one: then a person has to look.
const REVIEWER: &str = "CASE status WHEN 'review' THEN coalesce(reviewer, 'person') \
     WHEN 'running' THEN reviewer WHEN 'blocked' THEN reviewer END";

fn review(
    (reviewer, run, worked_by, rounds): (Option<String>, Option<RunId>, Option<String>, u32),
) -> Option<Review> {
    Some(Review {
        reviewer: reviewer?,
        run,
        worked_by: worked_by.unwrap_or_default(),
        rounds,
    })
}

/// While its check runs.
const IS_CHECKING: &str = "status = 'running' AND EXISTS \
     (SELECT 1 FROM runs WHERE task_id = tasks.id AND ended_at IS NULL AND checking_since IS NOT NULL)";

/// Once a finished task's branch holds another commit than the one that its last check saw.
const HAS_CHANGED_SINCE: &str = "checked IN ('passed', 'approved', 'landed') AND status IN ('done', 'archived') \
     AND coalesce((SELECT tip FROM branches WHERE task_id = tasks.id) <> \
         (SELECT commit_id FROM receipts WHERE task_id = tasks.id ORDER BY id DESC LIMIT 1), 0)";

/// While its work is to land.
const IS_LANDING: &str = "EXISTS (SELECT 1 FROM landings WHERE task_id = tasks.id)";

/// The verdict of a task that is finished.
const CHECKED: &str = "iif(status IN ('done', 'archived'), checked, NULL)";

// Another program may have made a task ready before its parents are finished; that is looked up for
// ready tasks only.
columns! {
    TaskSummary {
        id, number: "rowid", title, assignee, status, has_worker: HAS_WORKER,
        is_checking: IS_CHECKING, checked: CHECKED => |name: Option<String>| name.and_then(|name| Verdict::named(&name)),
        has_changed_since: HAS_CHANGED_SINCE, is_landing: IS_LANDING, priority, tenant,
        created_at, started_at, completed_at, status_since, not_before, due_at, failures: "spawn_failures",
        last_error: "last_spawn_error",
        waiting: &format!("iif(status = 'ready', {HAS_UNMET_LINK}, waiting)"),
        block_reason: BLOCK_REASON, outcome,
        names_reviewer: "review IS NOT NULL", reviewer: REVIEWER, is_dead_end: &format!("waiting AND status = 'todo' AND {IS_DEAD_END}");
        parents: 0, children: 0, children_done: 0, comments: 0
    }
}

columns! {
    Run {
        id, task_id, lane, worker_pid, started_at, ended_at, outcome, exit_code, error, summary,
        metadata, workspace, heartbeat_at, reported_at, log_start, log_end,
    }
}

/// The reason for which a row of `tasks` is blocked. Another program writes it into the event
/// alone, which it dates by its own clock.
pub(crate) const BLOCK_REASON: &str = "iif(status = 'blocked' AND block_reason IS NULL, \
     (SELECT iif(json_valid(payload), payload ->> '$.reason', NULL) FROM task_events \
      WHERE task_id = tasks.id AND kind = 'blocked' \
        AND task_events.created_at >= tasks.status_since - 5 \
      ORDER BY task_events.created_at DESC, task_events.id DESC LIMIT 1), block_reason)";

/// The result in a row of `tasks`. Workers of hermes-agent since 0.13 hand over a summary instead, which
/// is in the run that they completed, and shortened in the event.
pub(crate) const RESULT: &str = "iif(tasks.status IN ('done', 'archived') AND tasks.result IS NULL, \
     coalesce( \
         (SELECT summary FROM runs \
          WHERE task_id = tasks.id AND outcome = 'completed' AND summary IS NOT NULL \
          ORDER BY runs.id DESC LIMIT 1), \
         (SELECT iif(json_valid(payload), payload ->> '$.summary', NULL) FROM task_events \
          WHERE task_id = tasks.id AND kind = 'completed' \
          ORDER BY task_events.created_at DESC, task_events.id DESC LIMIT 1)), tasks.result)";

/// Cuts a text that is longer than this many bytes, and marks that by `…`.
pub(crate) fn shorten(text: &mut String, at_most: usize) {
    if text.len() > at_most {
        text.truncate(text.floor_char_boundary(at_most));
        text.push('…');
        text.shrink_to_fit();
    }
}

/// Returns all rows of a query, without those of tasks whose id is invalid: nobody could name them.
pub(crate) fn all<T: Read>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Vec<T>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    Ok(known(statement.query_map(params, read)?)?)
}

/// Returns the one row of a query.
pub(crate) fn one<T: Read>(conn: &Connection, sql: &str, params: impl Params) -> Result<T, Error> {
    Ok(conn.prepare_cached(sql)?.query_one(params, read)?)
}

/// Returns the one row of a query, if there is one.
pub(crate) fn find<T: Read>(
    conn: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>, Error> {
    let mut statement = conn.prepare_cached(sql)?;
    Ok(statement.query_one(params, read).optional()?)
}

/// Returns all of these rows but those of tasks whose id is invalid.
pub(crate) fn known<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
) -> rusqlite::Result<Vec<T>> {
    rows.filter(|row| match row {
        Err(rusqlite::Error::FromSqlConversionFailure(_, _, cause)) => !cause.is::<InvalidTaskId>(),
        _ => true,
    })
    .collect()
}

/// Reads a value from the first columns of a row.
pub(crate) fn read<T: Read>(row: &Row<'_>) -> rusqlite::Result<T> {
    T::read(&mut Cells { row, next: 0 })
}

/// Makes a field's value of what its columns hold.
pub(crate) fn then<T: Read, U>(
    cells: &mut Cells<'_>,
    make: impl FnOnce(T) -> U,
) -> rusqlite::Result<U> {
    Ok(make(T::read(cells)?))
}

/// Reads a text that must be one of a value.
pub(crate) fn parsed<T, E: std::error::Error + Send + Sync + 'static>(
    cells: &mut Cells<'_>,
    parse: impl FnOnce(String) -> Result<T, E>,
) -> rusqlite::Result<T> {
    let index = cells.next;
    parse(String::read(cells)?).map_err(|invalid| {
        rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(invalid))
    })
}

/// The cells of a row that have not been read yet.
pub(crate) struct Cells<'r> {
    row: &'r Row<'r>,
    next: usize,
}

impl<'r> Cells<'r> {
    fn next(&mut self) -> rusqlite::Result<ValueRef<'r>> {
        let cell = self.row.get_ref(self.next)?;
        self.next += 1;
        Ok(cell)
    }
}

/// A struct whose columns [`columns!`] lists.
pub(crate) trait Columns: Read {
    /// Returns the columns as a query selects them.
    fn columns() -> String;
}

/// A value that is read from the next cells of a row.
pub(crate) trait Read: Sized {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self>;
}

/// A value of one cell.
trait Cell: Sized {
    /// Returns the value; `None` if the cell holds none, or one of another kind.
    fn of(cell: ValueRef<'_>) -> Option<Self>;
}

impl<T: Cell> Read for Option<T> {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(T::of(cells.next()?))
    }
}

/// A task's id; a text that is none is an error, which [`known`] leaves out.
impl Read for TaskId {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        parsed(cells, Self::try_from)
    }
}

impl Cell for TaskId {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        Self::try_from(String::of(cell)?).ok()
    }
}

impl Cell for Status {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        let named = cell.as_str().ok().and_then(Self::from_name);
        named.or_else(|| Some(Self::from(String::of(cell)?)))
    }
}

impl Read for Status {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(Self::of(cells.next()?).unwrap_or_else(|| Self::from(String::new())))
    }
}

impl Cell for Outcome {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        Self::from_name(cell.as_str().ok()?)
    }
}

impl Cell for TaskOutcome {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        cell.as_str().ok()?.parse().ok()
    }
}

/// An outcome that is missing is success.
impl Read for TaskOutcome {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(Self::of(cells.next()?).unwrap_or_default())
    }
}

/// A condition that nobody knows is that of most links.
impl Read for StartOn {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        let name = String::read(cells)?;
        Ok(name.parse().unwrap_or_default())
    }
}

impl Cell for DeliveryState {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        Self::from_name(cell.as_str().ok()?)
    }
}

impl Read for RunToken {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(Self::from_text(String::read(cells)?))
    }
}

/// A text. Any other value is formatted as one.
impl Cell for String {
    fn of(cell: ValueRef<'_>) -> Option<Self> {
        Some(match cell {
            ValueRef::Null => return None,
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            // To look for what is no text takes twice as long as to see that there is none.
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => match str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => Self::from_utf8_lossy(bytes).into_owned(),
            },
        })
    }
}

impl Read for String {
    fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
        Ok(Self::of(cells.next()?).unwrap_or_default())
    }
}

/// Returns the whole number in a cell, rounded if need be.
fn whole(cell: ValueRef<'_>) -> Option<i64> {
    match cell {
        ValueRef::Integer(number) => Some(number),
        ValueRef::Real(number) => format!("{number:.0}").parse().ok(),
        ValueRef::Null | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    }
}

/// Types that a whole number stands for. Anything else is zero where there must be one.
macro_rules! numbers {
    ($($number:ty: $of:expr,)+) => { $(
        impl Cell for $number {
            fn of(cell: ValueRef<'_>) -> Option<Self> {
                whole(cell).and_then($of)
            }
        }

        impl Read for $number {
            fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
                Ok(Self::of(cells.next()?).unwrap_or_default())
            }
        }
    )+ };
}

numbers! {
    i64: Some,
    i32: |it| it.try_into().ok(),
    u32: |it| it.try_into().ok(),
    u64: |it| it.try_into().ok(),
    usize: |it| it.try_into().ok(),
    bool: |it| Some(it != 0),
    Timestamp: |it| Some(Self(it)),
    Seconds: |it| Some(Self(it)),
    CommentId: |it| Some(Self(it)),
    DeliveryId: |it| Some(Self(it)),
    EventId: |it| Some(Self(it)),
    ReceiptId: |it| Some(Self(it)),
    RunId: |it| Some(Self(it)),
    SubscriptionId: |it| Some(Self(it)),
}

macro_rules! tuples {
    ($(($($part:ident),+),)+) => { $(
        impl<$($part: Read),+> Read for ($($part,)+) {
            fn read(cells: &mut Cells<'_>) -> rusqlite::Result<Self> {
                Ok(($($part::read(cells)?,)+))
            }
        }
    )+ };
}

tuples! { (A, B), (A, B, C), (A, B, C, D), (A, B, C, D, E), }

/// The condition that a column of this name holds the id of a task.
pub(crate) fn is_task_id(column: &str) -> String {
    format!("{column} GLOB 't_[0-9a-f]*' AND substr({column}, 3) NOT GLOB '*[^0-9a-f]*'")
}

/// A limit, as the database has it.
pub(crate) fn limit_of(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// An offset in a file, as the database has it.
pub(crate) fn offset(place: u64) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
