//! Golden files: a difference here is a change of the API.

use std::collections::BTreeMap;

use domain::id::{CommentId, EventId};
use domain::status::Status;

use super::*;

const NOW: Timestamp = Timestamp(1_777_200_012);

fn task() -> Task {
    Task {
        started_at: Some(Timestamp(1_777_200_004)),
        completed_at: Some(Timestamp(1_777_200_009)),
        ..fixture::task("t_9f2a", Status::Ready)
    }
}

fn event() -> Event {
    Event {
        id: EventId(17),
        task_id: task().id,
        kind: "blocked".to_owned(),
        payload: Some(serde_json::json!({ "reason": null })),
        created_at: NOW,
    }
}

#[track_caller]
fn assert_golden(value: &impl Serialize, golden: &str) {
    let json = serde_json::to_string_pretty(value).unwrap();
    assert_eq!(json, golden.trim_end());
}

#[test]
fn a_task_reads_as_it_always_did() {
    let detail = TaskDetail {
        task: task(),
        comments: vec![Comment {
            id: CommentId(3),
            task_id: task().id,
            author: "ops".to_owned(),
            body: "why?".to_owned(),
            created_at: NOW,
        }],
        events: vec![
            event(),
            Event {
                payload: None,
                ..event()
            },
        ],
        parents: vec!["t_01".parse().unwrap()],
        children: vec!["t_02".parse().unwrap(), "t_03".parse().unwrap()],
        conditions: BTreeMap::new(),
        child_conditions: BTreeMap::new(),
        runs: vec![],
        receipts: vec![],
        branch: None,
        landing: None,
    };
    assert_golden(&Detail::new(&detail, NOW), include_str!("golden/task.json"));
}

#[test]
fn only_a_repeated_creation_says_that_nothing_was_created() {
    let keys = |is_new| {
        let json = serde_json::to_value(CreatedTask::new(&task(), is_new, NOW)).unwrap();
        json.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(true), ["task"]);
    assert_eq!(keys(false), ["task", "created"]);
}

#[test]
fn a_frame_reads_as_it_always_did() {
    let frame = serde_json::to_string(&EventFrame::new(&[event()], EventId(17))).unwrap();
    let golden = r#"{"events":[{"id":17,"task_id":"t_9f2a","kind":"blocked","payload":{"reason":null},"created_at":1777200012}],"cursor":17}"#;
    assert_eq!(frame, golden);
}
