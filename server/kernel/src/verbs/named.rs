//! Looking up the tasks that a command names, by texts that may be anything.

use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::status::Status;
use rusqlite::OptionalExtension;

use super::Work;
use crate::error::Error;

/// A task that was named and found.
pub(super) struct Named {
    pub(super) id: TaskId,
    pub(super) status: Status,
}

/// Returns the named tasks in the order of their names; a name may be repeated. Fails with the
/// refusal that `unknown` makes of the names that no task has.
pub(super) fn find_all<'n>(
    work: &Work<'_>,
    names: impl IntoIterator<Item = &'n str>,
    unknown: impl FnOnce(Vec<String>) -> Refusal,
) -> Result<Vec<Named>, Error> {
    let mut status_of = work
        .conn
        .prepare_cached("SELECT status FROM tasks WHERE id = ?1")?;
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        let status: Option<String> = status_of.query_one([name], |row| row.get(0)).optional()?;
        match (name.parse(), status) {
            (Ok(id), Some(status)) => found.push(Named {
                id,
                status: Status::from(status),
            }),
            _ => missing.push(name.to_owned()),
        }
    }
    if missing.is_empty() {
        Ok(found)
    } else {
        Err(unknown(missing).into())
    }
}
