//! The lines of `codex exec --json`, taken from Codex 0.171.0 and its documentation.

use serde::Deserialize;

use super::{Call, How, Step};

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Line {
    #[serde(rename = "thread.started")]
    ThreadStarted {},
    #[serde(rename = "turn.started")]
    TurnStarted {},
    #[serde(rename = "turn.completed")]
    TurnCompleted {},
    #[serde(rename = "turn.failed")]
    TurnFailed { error: Message },
    #[serde(rename = "item.started")]
    ItemStarted { item: Item },
    #[serde(rename = "item.updated")]
    ItemUpdated { item: Item },
    #[serde(rename = "item.completed")]
    ItemCompleted { item: Item },
    #[serde(rename = "error")]
    Error(Message),
}

#[derive(Deserialize)]
struct Message {
    message: String,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    #[serde(flatten)]
    what: What,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What {
    AgentMessage {
        text: String,
    },
    Reasoning {
        text: String,
    },
    CommandExecution {
        command: String,
        exit_code: Option<i64>,
        #[serde(default)]
        status: String,
    },
    FileChange {
        changes: Vec<Change>,
        #[serde(default)]
        status: String,
    },
    McpToolCall {
        server: String,
        tool: String,
        #[serde(default)]
        status: String,
        error: Option<Message>,
    },
    WebSearch {
        #[serde(default)]
        query: String,
    },
    TodoList {},
    Error(Message),
}

#[derive(Deserialize)]
struct Change {
    path: String,
}

/// The steps in a line; `None` when it is no line of this format.
pub(super) fn steps(line: &str) -> Option<Vec<Step>> {
    Some(match serde_json::from_str(line).ok()? {
        Line::ThreadStarted {} | Line::TurnStarted {} | Line::TurnCompleted {} => Vec::new(),
        // An error of the same words stands before it.
        Line::TurnFailed { error } => vec![Step::Concluded(error.message)],
        Line::Error(error) => vec![Step::Said(error.message)],
        Line::ItemStarted { item } | Line::ItemUpdated { item } => {
            begun(&item).into_iter().collect()
        }
        Line::ItemCompleted { item } => completed(item),
    })
}

/// The call that an item is, where it is one.
fn begun(item: &Item) -> Option<Step> {
    let call = match &item.what {
        What::CommandExecution { command, .. } => Call::Command(command.clone()),
        What::FileChange { changes, .. } => {
            Call::Edit(changes.iter().map(|change| change.path.clone()).collect())
        }
        What::McpToolCall { server, tool, .. } => Call::Other(format!("{server} {tool}")),
        What::WebSearch { query } => Call::Other(format!("web search {query}")),
        _ => return None,
    };
    let id = item.id.clone();
    Some(Step::Began { id, call })
}

fn completed(item: Item) -> Vec<Step> {
    let begun = begun(&item);
    let how = match item.what {
        What::AgentMessage { text } => return vec![Step::Said(text)],
        What::Reasoning { text } => return vec![Step::Noted(text)],
        What::Error(error) => return vec![Step::Noted(error.message)],
        What::TodoList {} => return Vec::new(),
        What::CommandExecution {
            exit_code: Some(code),
            ..
        } => How::Code(code),
        What::McpToolCall {
            error: Some(error), ..
        } => How::Failed(error.message),
        What::CommandExecution { status, .. }
        | What::FileChange { status, .. }
        | What::McpToolCall { status, .. } => match status.as_str() {
            "failed" | "declined" => How::Failed(status),
            _ => How::Fine,
        },
        What::WebSearch { .. } => How::Fine,
    };
    let ended = Step::Ended { id: item.id, how };
    begun.into_iter().chain([ended]).collect()
}
