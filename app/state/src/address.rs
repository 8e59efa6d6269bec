//! What the address bar says. A link reproduces the view.

use domain::id::TaskId;
use serde::{Deserialize, Serialize};

/// The part of the view that lives in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The task that is open beside the board.
    pub task: Option<TaskId>,
}

impl Address {
    /// The address of a task.
    pub fn of_task(task: TaskId) -> Self {
        Self { task: Some(task) }
    }

    /// Reads the path of a URL. A path that names no task is the board alone.
    pub fn from_path(path: &str) -> Self {
        let task = path.strip_prefix("/t/").and_then(|id| id.parse().ok());
        Self { task }
    }

    /// The path that [`Address::from_path`] reads back.
    pub fn path(&self) -> String {
        self.task
            .as_ref()
            .map_or_else(|| "/".to_owned(), |task| format!("/t/{task}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_reads_back() {
        for address in [Address::default(), Address::of_task(TaskId::from_bits(7))] {
            assert_eq!(Address::from_path(&address.path()), address);
        }
    }

    #[test]
    fn a_path_that_names_no_task_is_the_board() {
        for path in ["", "/", "/t/", "/t/nonsense", "/elsewhere"] {
            assert_eq!(Address::from_path(path), Address::default());
        }
    }
}
