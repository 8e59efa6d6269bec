//! Requests that were carried out.

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};

/// An idempotent request that was carried out before.
#[derive(Clone, Debug)]
pub struct AnsweredRequest {
    /// The hash of the request.
    pub fingerprint: String,
    /// The answer; `None` while it is not known, and where it was too long to be kept.
    pub answer: Option<String>,
    /// True while only parts of a bulk request have been carried out.
    pub is_partial: bool,
}

columns! {
    AnsweredRequest { fingerprint, answer, is_partial: "part > 0" }
}

impl Kernel {
    /// The request that was carried out under a caller's key.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn request(
        &self,
        caller: String,
        key: String,
    ) -> Result<Option<AnsweredRequest>, Error> {
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM requests WHERE caller = ?1 AND key = ?2 \
                     ORDER BY part LIMIT 1",
                    AnsweredRequest::columns()
                );
                row::find(conn, &sql, (caller, key))
            })
            .await
    }
}
