//! The history of a task as people read it: comments and events in one row.

use domain::event::Event;
use domain::id::EventId;
use domain::status::Status;
use domain::task::{Comment, TaskDetail};
use domain::time::Timestamp;
use serde_json::Value;

use crate::label;

/// One entry of the history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Somebody said something.
    Said(Comment),
    /// Something happened.
    Happened {
        /// Its position in the log.
        id: EventId,
        /// It, in words.
        text: String,
        /// The time.
        at: Timestamp,
    },
}

/// Everything that happened to a task, oldest first. A comment stands where its event stands.
pub fn of(detail: &TaskDetail) -> Vec<Entry> {
    let mut comments = detail.comments.iter().cloned();
    let mut entries: Vec<Entry> = detail
        .events
        .iter()
        .filter_map(|event| match event.kind.as_str() {
            "commented" => comments.next().map(Entry::Said),
            _ => Some(happened(event)),
        })
        .collect();
    // Files of other programs may hold comments without events.
    entries.extend(comments.map(Entry::Said));
    entries
}

/// The last reason that was given for blocking a task.
pub fn why_blocked(events: &[Event]) -> Option<String> {
    let event = events.iter().rev().find(|event| {
        matches!(
            event.kind.as_str(),
            "blocked" | "gave_up" | "spawn_auto_blocked"
        )
    })?;
    let key = if event.kind == "blocked" {
        "reason"
    } else {
        "error"
    };
    word(event.payload.as_ref(), key)
}

fn happened(event: &Event) -> Entry {
    Entry::Happened {
        id: event.id,
        text: in_words(event),
        at: event.created_at,
    }
}

fn in_words(event: &Event) -> String {
    let word = |key| word(event.payload.as_ref(), key);
    match event.kind.as_str() {
        "created" => match word("assignee") {
            Some(assignee) => format!("Created for {assignee}"),
            None => "Created".to_owned(),
        },
        "ready" => "Ready: everything it waited for is finished".to_owned(),
        "claimed" => "Claimed by a worker".to_owned(),
        "reclaimed" => "Its claim ran out".to_owned(),
        "spawned" => match word("lane") {
            Some(lane) => format!("Worker started in lane {lane}"),
            None => "Worker started".to_owned(),
        },
        "spawn_failed" => because("Worker could not be started", word("error")),
        "spawn_auto_blocked" => because("Given up: no worker could be started", word("error")),
        "attempt_failed" => because("Attempt failed", word("error")),
        "reported" => "Its worker says that it has finished".to_owned(),
        "check_started" => "Its check runs".to_owned(),
        "check_passed" => "Its check has passed".to_owned(),
        "check_failed" => because("Worked on again", word("error")),
        "branch_moved" => "Its branch was changed after its check".to_owned(),
        "landing_requested" => because("To land on", word("onto")),
        "landing_waits" => because("Its landing waits", word("problem")),
        "landing_ended" => because("Not landed", word("reason")),
        "landing_failed" => because("Sent back by its landing", word("error")),
        "landed" => because("Landed on", word("onto")),
        "gave_up" => because("Given up", word("error")),
        "crashed" => "Its worker vanished".to_owned(),
        "completed" => "Finished".to_owned(),
        "blocked" => because("Blocked", word("reason")),
        "status" => match word("status") {
            Some(status) => format!("Moved to {}", label::of(&Status::from(status))),
            None => "Moved".to_owned(),
        },
        "unblocked" => "Unblocked".to_owned(),
        "archived" => "Archived".to_owned(),
        "assigned" => match word("assignee") {
            Some(assignee) => format!("Assigned to {assignee}"),
            None => "Taken from its assignee".to_owned(),
        },
        "linked" => because("Waits for one more", word("parent")),
        "unlinked" => because("Waits no longer", word("parent")),
        "priority" => "Priority changed".to_owned(),
        "edited" => "Edited".to_owned(),
        "cancelled" => "Its worker was stopped".to_owned(),
        "deferred" => because("Deferred", word("reason")),
        "lane_held" => because("Its lane is held", word("reason")),
        "lane_released" => "Its lane starts again".to_owned(),
        "demoted" => because("Waits again", word("reason")),
        "marked" => match word("reason").as_deref() {
            Some("parents_finished") => "Its parents are finished again".to_owned(),
            _ => because("Will wait again when its run ends", word("parent")),
        },
        "snoozed" => "Snoozed".to_owned(),
        "undone" => "Undone".to_owned(),
        "interrupted" => "Interrupted; does not count as an attempt".to_owned(),
        "adopted" => "Found running after a restart of the server".to_owned(),
        other => other.replace('_', " "),
    }
}

fn because(what: &str, why: Option<String>) -> String {
    why.map_or_else(|| what.to_owned(), |why| format!("{what}: {why}"))
}

fn word(payload: Option<&Value>, key: &str) -> Option<String> {
    payload?.get(key)?.as_str().map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use domain::fixture::NOW;
    use domain::id::{CommentId, TaskId};
    use serde_json::json;

    use super::*;
    use crate::fixture::{event, reading};

    fn comment(id: i64, body: &str) -> Comment {
        Comment {
            id: CommentId(id),
            task_id: TaskId::from_bits(1),
            author: "user".to_owned(),
            body: body.to_owned(),
            created_at: NOW,
        }
    }

    fn words(kind: &str, payload: Value) -> String {
        in_words(&Event {
            payload: Some(payload),
            ..event(1, 1, kind)
        })
    }

    #[test]
    fn a_comment_stands_where_its_event_stands() {
        let mut detail = reading(
            1,
            vec![
                event(1, 1, "created"),
                event(2, 1, "commented"),
                event(3, 1, "completed"),
            ],
        )
        .detail;
        detail.comments = vec![comment(1, "first"), comment(2, "without an event")];

        let said: Vec<_> = of(&detail)
            .into_iter()
            .map(|entry| match entry {
                Entry::Said(comment) => comment.body,
                Entry::Happened { text, .. } => text,
            })
            .collect();

        assert_eq!(said, ["Created", "first", "Finished", "without an event"]);
    }

    #[test]
    fn events_are_told_with_their_reasons() {
        assert_eq!(
            words("created", json!({"assignee": "shell"})),
            "Created for shell"
        );
        assert_eq!(
            words("blocked", json!({"reason": "which port?"})),
            "Blocked: which port?"
        );
        assert_eq!(words("blocked", json!({"reason": null})), "Blocked");
        assert_eq!(words("status", json!({"status": "todo"})), "Moved to Todo");
        assert_eq!(
            words("attempt_failed", json!({"error": "exit 3", "run": 4})),
            "Attempt failed: exit 3"
        );
    }

    #[test]
    fn a_blocked_task_says_the_last_reason() {
        let blocked = |id, kind, payload| Event {
            payload: Some(payload),
            ..event(id, 1, kind)
        };
        let mut events = vec![
            blocked(1, "blocked", json!({"reason": "which port?"})),
            event(2, 1, "ready"),
        ];
        assert_eq!(why_blocked(&events).as_deref(), Some("which port?"));

        events.push(blocked(
            3,
            "gave_up",
            json!({"error": "exit 3", "failures": 5}),
        ));
        assert_eq!(why_blocked(&events).as_deref(), Some("exit 3"));
        assert_eq!(why_blocked(&[event(1, 1, "created")]), None);
    }

    #[test]
    fn a_kind_of_another_version_is_told_by_its_name() {
        assert_eq!(words("respawn_guarded", json!({})), "respawn guarded");
    }
}
