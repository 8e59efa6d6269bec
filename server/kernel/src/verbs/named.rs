//! Looking up the tasks that a command names, by texts that may be anything.

use domain::error::Error as Refusal;
use domain::id::TaskId;
use domain::outcome::{StartOn, TaskOutcome};
use domain::status::Status;

use super::Work;
use crate::error::Error;
use crate::row;

/// A task that was named and found.
pub(super) struct Named {
    pub(super) id: TaskId,
    status: Status,
    outcome: TaskOutcome,
}

impl Named {
    /// Returns true if it is finished as a child asks for that starts on this.
    pub(super) fn lets_start(&self, on: StartOn) -> bool {
        self.status.is_finished() && on.is_met_by(self.outcome)
    }
}

/// Returns the named tasks in the order of their names; a name may be repeated. Fails with the
/// refusal that `unknown` makes of the names that no task has.
pub(super) fn find_all<'n>(
    work: &Work<'_>,
    names: impl IntoIterator<Item = &'n str>,
    unknown: impl FnOnce(Vec<String>) -> Refusal,
) -> Result<Vec<Named>, Error> {
    let state_of = "SELECT status, outcome FROM tasks WHERE id = ?1";
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match (name.parse(), row::find(work.conn, state_of, [name])?) {
            (Ok(id), Some((status, outcome))) => found.push(Named {
                id,
                status,
                outcome,
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
