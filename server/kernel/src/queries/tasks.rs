//! Lists of tasks.

use domain::id::TaskId;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};

/// The filter of a list of tasks. The default lets all through that are not archived.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Only those of this assignee.
    pub assignee: Option<String>,
    /// Only those of this status.
    pub status: Option<Status>,
    /// Only those of this tenant.
    pub tenant: Option<String>,
    /// Archived ones too, where no status is asked for.
    pub include_archived: bool,
}

/// A task as a line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskLine {
    /// The task.
    pub id: TaskId,
    /// Its status.
    pub status: Status,
    /// Its assignee.
    pub assignee: Option<String>,
    /// Its tenant.
    pub tenant: Option<String>,
    /// Its title.
    pub title: String,
}

columns! {
    TaskLine { id, status, assignee, tenant, title }
}

impl From<Task> for TaskLine {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            status: task.status,
            assignee: task.assignee,
            tenant: task.tenant,
            title: task.title,
        }
    }
}

impl Kernel {
    /// Returns the tasks that `filter` lets through: urgent first, then oldest first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn tasks(&self, filter: TaskFilter) -> Result<Vec<Task>, Error> {
        self.list(filter).await
    }

    /// Returns what a list shows of the tasks that [`Kernel::tasks`] returns, in a tenth of the time.
    ///
    /// # Errors
    /// As [`Kernel::tasks`].
    pub async fn task_lines(&self, filter: TaskFilter) -> Result<Vec<TaskLine>, Error> {
        self.list(filter).await
    }

    async fn list<T: Columns + Send + 'static>(&self, filter: TaskFilter) -> Result<Vec<T>, Error> {
        self.readers
            .read(move |conn| {
                let status = filter.status.as_ref().map(Status::as_str);
                let sql = format!(
                    "SELECT {} FROM tasks WHERE {} AND {} AND {} \
                       AND (?4 OR ?2 IS NOT NULL OR status <> 'archived') \
                     ORDER BY priority DESC, created_at, rowid",
                    T::columns(),
                    only("assignee", 1, filter.assignee.as_deref()),
                    only("status", 2, status),
                    only("tenant", 3, filter.tenant.as_deref()),
                );
                let archived = filter.include_archived;
                row::all(
                    conn,
                    &sql,
                    (filter.assignee, status, filter.tenant, archived),
                )
            })
            .await
    }
}

/// The maximum number of troubled tasks that are read: more than a person looks at.
const MOST_TROUBLED: usize = 200;

impl Kernel {
    /// Returns the tasks that may need attention, without their bodies, the longest in their status
    /// first: those that failed this often, are blocked since before one moment, or are ready with
    /// an assignee since before another.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn troubled_tasks(
        &self,
        failures: u32,
        blocked_before: Timestamp,
        ready_before: Timestamp,
    ) -> Result<Vec<Task>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM tasks WHERE status IN ('triage', 'todo', 'ready', 'blocked') \
                       AND (spawn_failures >= ?1 OR status = 'blocked' AND status_since <= ?2 \
                         OR status = 'ready' AND assignee > '' AND status_since <= ?3) \
                     ORDER BY status_since, id LIMIT ?4",
                    Task::columns().replacen(" body,", " NULL,", 1),
                );
                let most = row::limit_of(MOST_TROUBLED);
                row::all(
                    conn,
                    &sql,
                    (failures, blocked_before.0, ready_before.0, most),
                )
            })
            .await
    }
}

/// Builds the condition that a column equals the parameter at `place`, if one is asked for.
/// `(?1 IS NULL OR column = ?1)` would be equivalent, but SQLite would read every task for it.
pub(super) fn only(column: &str, place: usize, asked: Option<&str>) -> String {
    match asked {
        Some(_) => format!("{column} = ?{place}"),
        None => format!("?{place} IS NULL"),
    }
}
