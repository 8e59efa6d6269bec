//! Buttons and forms in Slack's blocks (<https://api.slack.com/block-kit>).

use domain::id::TaskId;
use serde_json::{Value, json};

use crate::message::Press;

/// The longest text of a section, in characters
/// (<https://api.slack.com/reference/block-kit/blocks#section>).
const LONGEST_SECTION: usize = 3_000;

/// The name of the button that opens the form for an answer, and of that form.
pub(super) const ANSWER: &str = "answer";

/// The name of the field for it.
pub(super) const TEXT: &str = "text";

/// A question, with a button that settles it and one that answers.
pub(super) fn question(task: &TaskId, press: Press, text: &str) -> Value {
    let text: String = text.chars().take(LONGEST_SECTION).collect();
    let button = |says: &str, action_id: &str| {
        json!({
            "type": "button",
            "text": {"type": "plain_text", "text": says},
            "action_id": action_id,
            "value": task,
        })
    };
    json!([
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "elements": [
            button(press.label(), press.verb()),
            button(press.form_label(), ANSWER),
        ]},
    ])
}

/// The form for an answer. What is remembered comes back with it.
pub(super) fn form(task: &TaskId, remembered: &str) -> Value {
    json!({
        "type": "modal",
        "callback_id": ANSWER,
        "private_metadata": remembered,
        "title": {"type": "plain_text", "text": task},
        "submit": {"type": "plain_text", "text": "Answer"},
        "close": {"type": "plain_text", "text": "Cancel"},
        "blocks": [{
            "type": "input",
            "block_id": ANSWER,
            "label": {"type": "plain_text", "text": "Your answer"},
            "element": {"type": "plain_text_input", "action_id": TEXT, "multiline": true},
        }],
    })
}
