//! What a person sees of a board in some state, as the HTML that the server sends.

mod card;
mod drawer;
mod page;

use domain::board::{Snapshot, TaskSummary};
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::time::Timestamp;
use leptos::prelude::*;
use reactive_stores::Store;
use state::Opening;
use state::address::Address;
use state::inbox::Told;
use state::layout::Layout;
use state::pulse::Pulse;
use state::shown::Shown;
use state::theme::Theme;

use crate::runtime::Runtime;

const NOW: Timestamp = Timestamp(1_000_000);

fn id(number: u32) -> TaskId {
    TaskId::from_bits(number)
}

/// A ready task that was put on the board a moment ago.
fn summary(number: u32) -> TaskSummary {
    TaskSummary {
        id: id(number),
        number: i64::from(number),
        title: format!("Task {number}"),
        assignee: Some("shell".to_owned()),
        status: Status::Ready,
        priority: 0,
        tenant: None,
        created_at: NOW,
        started_at: None,
        completed_at: None,
        status_since: NOW,
        not_before: None,
        failures: 0,
        last_error: None,
        waiting: false,
        block_reason: None,
        parents: 0,
        children: 0,
        children_done: 0,
        comments: 0,
    }
}

fn opening(tasks: impl IntoIterator<Item = TaskSummary>) -> Opening {
    Opening {
        address: Address::default(),
        snapshot: Snapshot {
            tasks: tasks.into_iter().collect(),
            cursor: EventId(7),
            now: NOW,
        },
        reading: None,
        inbox: Told::default(),
        pulse: Pulse::default(),
        notifies: false,
        layout: Layout::default(),
        theme: Theme::System,
        me: None,
        problem: None,
    }
}

/// The HTML of a part of a page.
fn html<V: IntoView>(opening: Opening, part: impl FnOnce(Runtime, Store<Shown>) -> V) -> String {
    let owner = Owner::new();
    owner.with(|| {
        leptos_meta::provide_meta_context();
        let runtime = Runtime::still(opening, |_, _| ());
        part(runtime, runtime.shown()).into_view().to_html()
    })
}

#[track_caller]
fn has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "no {part} in {html}");
    }
}

#[track_caller]
fn has_not(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(!html.contains(part), "{part} in {html}");
    }
}
