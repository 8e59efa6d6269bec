//! The lines of `gemini --output-format stream-json`, taken from Gemini CLI 0.61.0.

use serde::Deserialize;
use serde_json::Value;

use super::{Call, How, Step};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Line {
    Init {
        #[serde(default)]
        model: String,
    },
    Message {
        role: String,
        content: String,
        #[serde(default)]
        delta: bool,
    },
    ToolUse {
        tool_name: String,
        tool_id: String,
        #[serde(default)]
        parameters: Value,
    },
    ToolResult {
        tool_id: String,
        status: String,
        #[serde(default)]
        output: String,
        error: Option<Fault>,
    },
    Error(Fault),
    Result {
        error: Option<Fault>,
    },
}

#[derive(Deserialize)]
struct Fault {
    message: String,
}

/// The steps in a line; `None` when it is no line of this format.
pub(super) fn steps(line: &str) -> Option<Vec<Step>> {
    let step = match serde_json::from_str(line).ok()? {
        Line::Init { model } => Step::Noted(format!("Gemini CLI, {model}")),
        Line::Message {
            role,
            content,
            delta,
        } => match (role.as_str(), delta) {
            ("assistant", true) => Step::SaidMore(content),
            ("assistant", false) => Step::Said(content),
            // The prompt.
            _ => return Some(Vec::new()),
        },
        Line::ToolUse {
            tool_name,
            tool_id: id,
            parameters,
        } => {
            let call = call(&tool_name, &parameters);
            Step::Began { id, call }
        }
        Line::ToolResult {
            tool_id: id,
            status,
            output,
            error,
        } => {
            let how = how(&status, &output, error);
            Step::Ended { id, how }
        }
        Line::Error(fault) => Step::Noted(fault.message),
        Line::Result { error: Some(fault) } => Step::Concluded(fault.message),
        Line::Result { error: None } => return Some(Vec::new()),
    };
    Some(vec![step])
}

fn call(name: &str, parameters: &Value) -> Call {
    let of = |key: &str| parameters.get(key).and_then(Value::as_str);
    match name {
        "run_shell_command" => Call::Command(of("command").unwrap_or_default().to_owned()),
        "write_file" | "replace" => {
            Call::Edit(vec![of("file_path").unwrap_or_default().to_owned()])
        }
        _ => {
            let keys = [
                "file_path",
                "dir_path",
                "path",
                "pattern",
                "query",
                "prompt",
            ];
            let what = keys.into_iter().find_map(of).unwrap_or_default();
            Call::Other(format!("{name} {what}"))
        }
    }
}

fn how(status: &str, output: &str, error: Option<Fault>) -> How {
    if let Some(fault) = error {
        return How::Failed(fault.message);
    }
    let code = output
        .lines()
        .find_map(|line| line.strip_prefix("Command exited with code: "));
    match code.and_then(|code| code.trim().parse().ok()) {
        Some(code) => How::Code(code),
        // A command that printed something tells no code.
        None if status == "success" => match output.lines().next_back() {
            Some(last) => How::Unknown(last.to_owned()),
            None => How::Fine,
        },
        None => How::Failed(output.lines().next().unwrap_or_default().to_owned()),
    }
}
