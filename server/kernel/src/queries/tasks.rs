//! Lists of tasks.

use domain::status::Status;
use domain::task::Task;

use crate::error::Error;
use crate::{Kernel, row};

/// Which tasks are asked for. The default asks for all that are not archived.
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

impl Kernel {
    /// The tasks that `filter` lets through: urgent first, then oldest first.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn tasks(&self, filter: TaskFilter) -> Result<Vec<Task>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM tasks \
                     WHERE (?1 IS NULL OR assignee = ?1) AND (?2 IS NULL OR status = ?2) \
                       AND (?3 IS NULL OR tenant = ?3) \
                       AND (?4 OR ?2 IS NOT NULL OR status <> 'archived') \
                     ORDER BY priority DESC, created_at, rowid",
                    row::TASK_COLUMNS
                );
                let mut statement = conn.prepare_cached(&sql)?;
                let status = filter.status.as_ref().map(Status::as_str);
                let tasks = statement.query_map(
                    (
                        filter.assignee,
                        status,
                        filter.tenant,
                        filter.include_archived,
                    ),
                    row::task,
                )?;
                Ok(tasks.collect::<Result<_, _>>()?)
            })
            .await
    }
}
