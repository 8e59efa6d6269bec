//! The audit log, for reading.

use domain::audit::AuditEntry;
use domain::id::TaskId;
use domain::time::Timestamp;
use rusqlite::Row;

use crate::Kernel;
use crate::error::Error;

impl Kernel {
    /// The newest `limit` acts that may have started a program or that changed settings, newest
    /// first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        self.readers
            .read(move |conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT created_at, actor, origin, action, task_id, detail FROM audit \
                     ORDER BY id DESC LIMIT ?1",
                )?;
                let entries = statement.query_map([limit], entry)?;
                Ok(entries.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let task: Option<String> = row.get(4)?;
    Ok(AuditEntry {
        created_at: Timestamp(row.get(0)?),
        actor: row.get(1)?,
        origin: row.get(2)?,
        action: row.get(3)?,
        task: task.and_then(|id| TaskId::try_from(id).ok()),
        detail: row.get(5)?,
    })
}
