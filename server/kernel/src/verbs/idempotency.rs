//! Idempotency keys: a repeated request finds the newest task of its key that is not archived.
//!
//! The rule lives in a table of its own, because files of the original may hold a key twice.

use std::borrow::Cow;

use domain::actor::{Actor, Authority};
use domain::id::TaskId;

use super::Work;
use crate::error::Error;
use crate::row;

/// Returns the key as it is kept: that of an untrusted chat with the name of its writer. A schedule
/// would otherwise find the task that somebody there made under its key, and create none.
pub(super) fn own<'a>(actor: &Actor, key: &'a str) -> Cow<'a, str> {
    match actor.authority {
        Authority::Chat { is_trusted: false } => format!("{:?} {key}", actor.name).into(),
        _ => key.into(),
    }
}

/// Returns the task that owns `key`.
pub(super) fn owner_of(work: &Work<'_>, key: &str) -> Result<Option<TaskId>, Error> {
    let sql = "SELECT task_id FROM idempotency_keys WHERE key = ?1";
    row::find(work.conn, sql, [key])
}

/// Sets the owner of `key` anew, after a task that carries it was created, archived or brought
/// back.
pub(super) fn settle(work: &Work<'_>, key: &str) -> Result<(), Error> {
    work.conn
        .prepare_cached("DELETE FROM idempotency_keys WHERE key = ?1")?
        .execute([key])?;
    work.conn
        .prepare_cached(
            "INSERT INTO idempotency_keys (key, task_id) \
             SELECT idempotency_key, id FROM tasks \
             WHERE idempotency_key = ?1 AND status <> 'archived' \
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )?
        .execute([key])?;
    Ok(())
}
