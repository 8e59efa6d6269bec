//! Idempotent requests: carried out once, however often they are sent.
//!
//! The row of a request is written in the transaction of its changes, so neither exists without the
//! other. Its answer is added once it is known.

use domain::actor::{Actor, RequestKey};
use domain::command::{Change, KeepAnswer};
use domain::error::Error as Refusal;
use domain::time::Seconds;

use super::{CarryOut, Work};
use crate::error::Error;

/// The retention time of a request: longer than any client retries.
const KEPT_FOR: Seconds = Seconds(86_400);

/// The maximum number of requests that are kept, which bounds their size: some 30 MB.
const MOST_KEPT: i64 = 200_000;

/// The maximum number of answers that are kept.
const MOST_ANSWERS: i64 = 2_000;

/// The maximum number of rows of one request: itself, and the parts of a bulk request.
const MOST_ROWS: i64 = 1_001;

/// Records that a request is carried out. Refused when it has been before.
pub(super) fn begin(work: &Work<'_>, request: &RequestKey) -> Result<(), Error> {
    let is_new = insert(work, request, None)? == 1;
    if !is_new {
        return Err(Refusal::Repeated(request.key.clone()).into());
    }
    let newest = work.conn.last_insert_rowid();
    work.conn
        .prepare_cached("DELETE FROM requests WHERE created_at < ?1 OR id <= ?2")?
        .execute(((work.now - KEPT_FOR).0, newest - MOST_KEPT))?;
    Ok(())
}

impl CarryOut for KeepAnswer {
    /// Keeps the first answer to a request. Its parts, if it has any, are no longer needed.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let (request, answer) = (&self.request, self.answer.as_deref());
        if insert(work, request, answer)? == 0 {
            work.conn
                .prepare_cached(
                    "UPDATE requests SET answer = ?3 \
                     WHERE caller = ?1 AND key = ?2 AND part = 0 AND answer IS NULL",
                )?
                .execute((&request.caller, &request.key, answer))?;
        }
        work.conn
            .prepare_cached("DELETE FROM requests WHERE caller = ?1 AND key = ?2 AND part > 0")?
            .execute((&request.caller, &request.key))?;
        // Only a few at a time: the answers of still older requests were removed by earlier calls.
        work.conn
            .prepare_cached(
                "WITH newest AS (SELECT max(id) AS id FROM requests) \
                 UPDATE requests SET answer = NULL FROM newest \
                 WHERE requests.id <= newest.id - ?1 AND requests.id > newest.id - ?1 - ?2 \
                   AND answer IS NOT NULL",
            )?
            .execute((MOST_ANSWERS, MOST_ROWS))?;
        Ok(Change::Done)
    }
}

/// Inserts the row unless it exists, and returns the number of rows written. The parts of a request
/// that was answered are gone, and none is begun again.
fn insert(work: &Work<'_>, request: &RequestKey, answer: Option<&str>) -> Result<usize, Error> {
    let inserted = work
        .conn
        .prepare_cached(
            "INSERT INTO requests (caller, key, part, fingerprint, answer, created_at) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS \
             (SELECT 1 FROM requests WHERE caller = ?1 AND key = ?2 AND part = 0) \
             ON CONFLICT DO NOTHING",
        )?
        .execute((
            &request.caller,
            &request.key,
            request.part,
            &request.fingerprint,
            answer,
            work.now.0,
        ))?;
    Ok(inserted)
}
