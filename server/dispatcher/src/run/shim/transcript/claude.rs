//! The lines of `claude --print --output-format stream-json --verbose`.
//!
//! Anthropic documents them with its Agent SDK; they were taken from Claude Code 2.1.197.

use serde::Deserialize;
use serde_json::Value;

use super::{Call, How, Step};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    System(System),
    Assistant(Turn),
    User(Turn),
    Result(Outcome),
    /// The state of the account's limits.
    RateLimitEvent {},
}

#[derive(Deserialize)]
#[serde(tag = "subtype", rename_all = "snake_case")]
enum System {
    Init {
        #[serde(default)]
        model: String,
        #[serde(default)]
        claude_code_version: String,
    },
    ApiRetry {
        attempt: u32,
        max_retries: u32,
        error_status: Option<u16>,
        #[serde(default)]
        error: String,
    },
    CompactBoundary {},
}

#[derive(Deserialize)]
struct Turn {
    message: Message,
    /// The call that started the agent whose turn it is, where that is one below the first.
    parent_tool_use_id: Option<String>,
}

#[derive(Deserialize)]
struct Message {
    content: Content,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<Block>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    Text {
        text: String,
    },
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Value,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(default)]
        is_error: bool,
        content: Option<Content>,
    },
    /// Thoughts, pictures and what later versions may have.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Outcome {
    subtype: String,
    #[serde(default)]
    is_error: bool,
    result: Option<String>,
}

/// The steps in a line; `None` when it is no line of this format.
pub(super) fn steps(line: &str) -> Option<Vec<Step>> {
    Some(match serde_json::from_str(line).ok()? {
        Line::System(system) => of_system(system),
        Line::Assistant(turn) => of_turn(turn),
        // What the agents below the first are asked, and the results of tools.
        Line::User(Turn { message, .. }) => match message.content {
            Content::Text(_) => Vec::new(),
            Content::Blocks(blocks) => blocks.into_iter().filter_map(result_in).collect(),
        },
        Line::Result(outcome) => of_outcome(outcome),
        Line::RateLimitEvent {} => Vec::new(),
    })
}

fn of_system(system: System) -> Vec<Step> {
    vec![Step::Noted(match system {
        System::Init {
            model,
            claude_code_version,
        } => format!("Claude Code {claude_code_version}, {model}"),
        System::ApiRetry {
            attempt,
            max_retries,
            error_status,
            error,
        } => {
            let status = error_status.map(|status| format!(" ({status})"));
            let status = status.unwrap_or_default();
            format!("retry {attempt} of {max_retries}: {error}{status}")
        }
        System::CompactBoundary {} => "the conversation so far is summarized".to_owned(),
    })]
}

fn of_turn(turn: Turn) -> Vec<Step> {
    let is_first = turn.parent_tool_use_id.is_none();
    let said = |text| {
        if is_first {
            Step::Said(text)
        } else {
            Step::Noted(text)
        }
    };
    match turn.message.content {
        Content::Text(text) => vec![said(text)],
        Content::Blocks(blocks) => {
            let step = |block| match block {
                Block::Text { text } => Some(said(text)),
                Block::ToolUse { id, name, input } => {
                    let call = call(&name, &input);
                    Some(Step::Began { id, call })
                }
                Block::ToolResult { .. } | Block::Other => None,
            };
            blocks.into_iter().filter_map(step).collect()
        }
    }
}

fn call(name: &str, input: &Value) -> Call {
    let of = |key: &str| input.get(key).and_then(Value::as_str);
    match name {
        "Bash" => Call::Command(of("command").unwrap_or_default().to_owned()),
        "Write" | "Edit" | "MultiEdit" | "NotebookEdit" => {
            let file = of("file_path").or_else(|| of("notebook_path"));
            Call::Edit(vec![file.unwrap_or_default().to_owned()])
        }
        _ => {
            let keys = [
                "file_path",
                "path",
                "pattern",
                "url",
                "query",
                "description",
            ];
            let what = keys.into_iter().find_map(of).unwrap_or_default();
            Call::Other(format!("{name} {what}"))
        }
    }
}

fn result_in(block: Block) -> Option<Step> {
    let Block::ToolResult {
        tool_use_id: id,
        is_error,
        content,
    } = block
    else {
        return None;
    };
    if !is_error {
        let how = How::Fine;
        return Some(Step::Ended { id, how });
    }
    let text = match content {
        Some(Content::Text(text)) => text,
        Some(Content::Blocks(blocks)) => {
            let text = |block| match block {
                Block::Text { text } => Some(text),
                _ => None,
            };
            blocks.into_iter().find_map(text).unwrap_or_default()
        }
        None => String::new(),
    };
    let first = text.lines().next().unwrap_or_default();
    let code = first.strip_prefix("Exit code ");
    let how = match code.and_then(|code| code.trim().parse().ok()) {
        Some(code) => How::Code(code),
        None => How::Failed(first.to_owned()),
    };
    Some(Step::Ended { id, how })
}

fn of_outcome(outcome: Outcome) -> Vec<Step> {
    let stopped = (outcome.subtype != "success" || outcome.is_error && outcome.result.is_none())
        .then_some(Step::Noted(outcome.subtype));
    let result = outcome.result.map(Step::Concluded);
    result.into_iter().chain(stopped).collect()
}
