//! The HTML of a board in some state, as the server sends it.

mod card;
mod drawer;
mod page;

use domain::board::{Snapshot, TaskSummary};
use domain::fixture::{NOW, summary};
use domain::id::{EventId, TaskId};
use domain::status::Status;
use leptos::prelude::*;
use reactive_stores::Store;
use state::Opening;
use state::address::Address;
use state::inbox::ServerEntries;
use state::pulse::Pulse;
use state::shown::Shown;
use state::visitor::layout::Layout;
use state::visitor::theme::Theme;

use crate::runtime::Runtime;

fn id(number: u32) -> TaskId {
    TaskId::from_bits(number)
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
        changes: None,
        inbox: ServerEntries::default(),
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
        let runtime = Runtime::still(opening);
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
