//! The results of a search.

use serde::{Deserialize, Serialize};

use crate::board::TaskSummary;

/// The results of a search, best first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Found {
    /// The hits of the page asked for.
    pub hits: Vec<Hit>,
    /// The number of hits on all pages. Of more than two thousand tasks that match, the two thousand newest
    /// are hits, and the two thousand newest of those that match with their titles.
    pub total: u32,
}

/// A task that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Hit {
    /// The task.
    pub task: TaskSummary,
    /// The words around the first match, as plain text.
    pub excerpt: String,
}
