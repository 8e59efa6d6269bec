//! The changes under way, and how the board looks once they are done.

use std::collections::BTreeMap;

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::outcome::StartOn;

use crate::change::Change;

/// The changes under way, by task.
#[derive(Debug, Default)]
pub struct Changes<'a>(pub(super) BTreeMap<&'a TaskId, Vec<&'a Change>>);

impl Changes<'_> {
    /// Returns true while something about a task is under way.
    pub fn touch(&self, task: &TaskId) -> bool {
        self.0.contains_key(task)
    }

    /// The outcome of a parent on which a task will start, where that is under way.
    pub fn start_on(&self, child: &TaskId, of: &TaskId) -> Option<StartOn> {
        let changes = self.0.get(child)?.iter().rev();
        changes.into_iter().find_map(|change| match change {
            Change::WaitFor { parent, on } if parent == of.as_str() => *on,
            _ => None,
        })
    }

    /// A task as it will be once everything that was asked for is done; `None` where that is nothing.
    pub fn foresee(&self, task: &TaskSummary) -> Option<TaskSummary> {
        let changes = self.0.get(&task.id)?;
        let mut task = task.clone();
        for change in changes {
            change.foresee(&mut task);
        }
        Some(task)
    }
}
