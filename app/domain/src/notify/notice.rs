//! A piece of news about a task, as of its event.

use serde::{Deserialize, Serialize};

use crate::event::EventBody;
use crate::id::{EventId, TaskId};
use crate::review::PERSON;
use crate::run::Outcome;
use crate::status::Status;
use crate::task::Task;
use crate::text::{lines, one_line};
use crate::time::Timestamp;

/// The longest result or error that goes along, in characters: enough to read, and little enough
/// that a thousand of them are no burden.
const LONGEST_DETAIL: usize = 2_000;

/// The longest part of a name in a message, in characters: another program may have written one that
/// hides the rest.
const LONGEST_NAME: usize = 60;

/// A piece of news. It is complete in itself: the task and the log may change before it is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Notice {
    /// The event that it tells of.
    pub event_id: EventId,
    /// One of [`crate::news::KINDS`].
    pub kind: String,
    /// The time of the event.
    pub at: Timestamp,
    /// The task.
    pub task_id: TaskId,
    /// Its title.
    pub title: String,
    /// Its assignee.
    pub assignee: Option<String>,
    /// The project or customer.
    pub tenant: Option<String>,
    /// Its status after the event.
    pub status: Status,
    /// The result, the question or the error, where there is one.
    pub detail: Option<String>,
}

/// Returns the kind of news that an event is.
pub fn kind(event: &EventBody) -> &'static str {
    match event {
        EventBody::SpawnAutoBlocked { .. } => "gave_up",
        EventBody::AttemptFailed {
            outcome: Outcome::TimedOut,
            ..
        } => "timed_out",
        // Nobody need look.
        EventBody::ReviewRequested { reviewer, .. } if reviewer != PERSON => "reported",
        other => other.kind(),
    }
}

impl Notice {
    /// The news of `event`, with the task as it is after it.
    pub fn new(event_id: EventId, at: Timestamp, task: Task, event: &EventBody) -> Self {
        let detail = match event {
            EventBody::Completed { .. } | EventBody::ReviewRequested { .. } => task.result,
            EventBody::Blocked { reason } => reason.clone(),
            EventBody::SpawnAutoBlocked { error, .. }
            | EventBody::GaveUp { error, .. }
            | EventBody::SpawnFailed { error, .. }
            | EventBody::AttemptFailed { error, .. } => Some(error.clone()),
            EventBody::Deferred { reason, .. } | EventBody::ChangesRequested { reason, .. } => {
                Some(reason.clone())
            }
            EventBody::LaneHeld {
                lane,
                cause,
                reason,
                ..
            } => Some(format!("{lane} is held, {}: {reason}", cause.words())),
            EventBody::LaneReleased { lane } => Some(format!("{lane} starts tasks again")),
            _ => None,
        };
        Self {
            event_id,
            kind: kind(event).to_owned(),
            at,
            task_id: task.id,
            title: task.title,
            assignee: task.assignee,
            tenant: task.tenant,
            status: task.status,
            detail: detail.map(|text| cut(text.trim(), LONGEST_DETAIL)),
        }
    }

    /// Returns the message for people: a line, and a second one where there is more to say.
    pub fn text(&self) -> String {
        let sign = match self.kind.as_str() {
            "completed" => "✔",
            "blocked" | "lane_held" | "review_requested" => "⏸",
            "gave_up" | "crashed" => "✖",
            "timed_out" => "⏱",
            _ => "🔄",
        };
        let name = |text: &str| cut(&one_line(text), LONGEST_NAME);
        let assignee = match &self.assignee {
            Some(assignee) => format!("@{} ", name(assignee)),
            None => String::new(),
        };
        let detail = |longest| self.first_line_of_detail(longest);
        let below = |longest| detail(longest).map_or_else(String::new, |line| format!("\n{line}"));
        let title = cut(&one_line(&self.title), 120);
        let said = match self.kind.as_str() {
            "completed" => format!("done — {title}{}", below(160)),
            "blocked" => match detail(160) {
                Some(question) => format!("blocked: {question}"),
                None => "blocked".to_owned(),
            },
            "review_requested" => format!("waits for your verdict — {title}{}", below(160)),
            "gave_up" => format!("gave up after repeated failures{}", below(200)),
            "crashed" => "worker crashed (pid gone); dispatcher will retry".to_owned(),
            "timed_out" => format!("timed out; will retry{}", below(200)),
            "lane_held" | "lane_released" => detail(200).unwrap_or_default(),
            "status" => format!("→ {}", name(self.status.as_str())),
            kind => format!("{} — {title}{}", name(&kind.replace('_', " ")), below(160)),
        };
        format!("{sign} {assignee}Kanban {} {said}", self.task_id)
    }

    fn first_line_of_detail(&self, longest: usize) -> Option<String> {
        let detail = lines(self.detail.as_deref()?);
        let line = detail.lines().find(|line| !line.trim().is_empty())?;
        Some(cut(line.trim(), longest))
    }
}

/// At most `longest` characters of a text; a longer one ends in an ellipsis.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(kind: &str, detail: Option<&str>) -> Notice {
        Notice {
            event_id: EventId(7),
            kind: kind.to_owned(),
            at: Timestamp(0),
            task_id: TaskId::from_bits(0x9f),
            title: "Count the ships".to_owned(),
            assignee: Some("ada".to_owned()),
            tenant: None,
            status: Status::Done,
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn people_are_told_in_the_words_of_the_original() {
        let said = |kind, detail| notice(kind, detail).text();
        let who = "@ada Kanban t_0000009f";
        assert_eq!(
            said("completed", Some("\n 42 ships\nand a boat")),
            format!("✔ {who} done — Count the ships\n42 ships")
        );
        assert_eq!(
            said("completed", None),
            format!("✔ {who} done — Count the ships")
        );
        assert_eq!(
            said("blocked", Some("which port?")),
            format!("⏸ {who} blocked: which port?")
        );
        assert_eq!(said("blocked", None), format!("⏸ {who} blocked"));
        assert_eq!(
            said("gave_up", Some("exited with code 3")),
            format!("✖ {who} gave up after repeated failures\nexited with code 3")
        );
        assert_eq!(
            said("crashed", None),
            format!("✖ {who} worker crashed (pid gone); dispatcher will retry")
        );
        assert_eq!(
            said("timed_out", Some("ran longer than 1h")),
            format!("⏱ {who} timed out; will retry\nran longer than 1h")
        );
        assert_eq!(said("status", None), format!("🔄 {who} → done"));
        assert_eq!(
            said("spawn_failed", Some("no hermes")),
            format!("🔄 {who} spawn failed — Count the ships\nno hermes")
        );
    }

    #[test]
    fn a_task_of_nobody_is_told_of_without_a_name() {
        let nobody = Notice {
            assignee: None,
            ..notice("blocked", None)
        };
        assert_eq!(nobody.text(), "⏸ Kanban t_0000009f blocked");
    }

    #[test]
    fn a_message_forges_no_second_one_and_obeys_nobody() {
        let forged = Notice {
            title: "a\n✔ Kanban t_1 done\u{1b}[2J".to_owned(),
            assignee: Some("eve\n\u{202e}ada".to_owned()),
            ..notice(
                "completed",
                Some("\u{1b}[31m\u{7}\nred\u{e0041}\u{1b}[0m\nmore"),
            )
        };
        assert_eq!(
            forged.text(),
            "✔ @eve ada Kanban t_0000009f done — a ✔ Kanban t_1 done\nred"
        );
    }

    #[test]
    fn a_kind_that_another_program_made_up_is_cleaned_too() {
        let forged = notice("made_up\n✔ Kanban t_1 done\u{1b}[2J", None);
        assert_eq!(
            forged.text(),
            "🔄 @ada Kanban t_0000009f made up ✔ Kanban t 1 done — Count the ships"
        );
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = Notice {
            title: "é".repeat(200),
            assignee: Some("ø".repeat(9_999)),
            ..notice("completed", Some(&"ß".repeat(300)))
        };
        let text = long.text();
        let (first, second) = text.split_once('\n').unwrap();
        assert_eq!(first.matches('é').count(), 119);
        assert_eq!(first.matches('ø').count(), 59);
        assert_eq!(second.chars().count(), 160);
        assert!(first.ends_with('…') && second.ends_with('…'));
    }
}
