//! The audit log, for reading.

use domain::audit::AuditEntry;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    AuditEntry { created_at, actor, origin, action, task: "task_id", detail }
}

impl Kernel {
    /// The newest `limit` acts that may have started a program or that changed settings, newest
    /// first.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn audit(&self, limit: u32) -> Result<Vec<AuditEntry>, Error> {
        self.readers
            .read(move |conn| {
                let columns = AuditEntry::columns();
                let sql = format!("SELECT {columns} FROM audit ORDER BY id DESC LIMIT ?1");
                row::all(conn, &sql, [limit])
            })
            .await
    }
}
