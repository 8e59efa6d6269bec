//! One task as the server sends it, all of it read together.

use domain::id::{CommentId, EventId};
use domain::task::TaskDetail;
use serde::{Deserialize, Serialize};

use super::news::News;

/// A task and its log, read together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The task, its history and its neighbours.
    pub detail: TaskDetail,
    /// The log of its workers; `None` before the first.
    pub log: Option<Log>,
    /// Its texts as HTML that is safe to show.
    pub html: Html,
    /// Its subscribers, and their deliveries.
    pub news: News,
}

/// The texts of a task as HTML. Only the server makes it, from Markdown, and lets nothing through
/// that could run or reach out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Html {
    /// The description.
    pub body: Option<String>,
    /// The result.
    pub result: Option<String>,
    /// The question of a blocked task.
    pub question: Option<String>,
    /// The comments, as HTML.
    pub comments: Vec<(CommentId, String)>,
}

/// The end of a worker's output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The text.
    pub text: String,
    /// The length of the whole log.
    pub size_bytes: u64,
    /// True when the text is only its end.
    pub is_truncated: bool,
    /// The path of the whole log.
    pub path: String,
}

impl Reading {
    /// The last event that it contains.
    pub fn last_event(&self) -> EventId {
        self.detail
            .events
            .iter()
            .map(|event| event.id)
            .max()
            .unwrap_or_default()
    }
}
