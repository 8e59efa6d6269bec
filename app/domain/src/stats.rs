//! The board in numbers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Counts over all tasks that are not archived. A status without tasks has no entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Tasks by status.
    pub by_status: BTreeMap<String, u32>,
    /// Tasks by assignee and status; unassigned tasks are not counted.
    pub by_assignee: BTreeMap<String, BTreeMap<String, u32>>,
    /// The age of the oldest ready task, counted from its creation as in the original.
    pub oldest_ready_age_seconds: Option<i64>,
    /// The time of counting.
    pub now: Timestamp,
}
