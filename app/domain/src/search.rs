//! What a search finds.

use serde::{Deserialize, Serialize};

use crate::board::TaskSummary;

/// What was found, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The hits that were asked for.
    pub hits: Vec<Hit>,
    /// How many there are in all.
    pub total: u32,
}

/// A task that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The task.
    pub task: TaskSummary,
    /// The words around the first match, as plain text.
    pub excerpt: String,
}
