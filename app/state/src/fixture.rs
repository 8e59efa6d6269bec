//! Values for tests, beside those of `domain`: whatever a test is not about has a default here.

use std::collections::BTreeMap;

use domain::board::{Frame, Snapshot, TaskSummary};
use domain::event::Event;
use domain::fixture::{NOW, summary, task};
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::task::TaskDetail;
use proptest::prelude::*;

use crate::create::Form;
use crate::drawer::news::News;
use crate::drawer::{Html, Reading};
use crate::pulse::Pulse;
use crate::visitor::layout::Layout;
use crate::visitor::theme::Theme;
use crate::{Model, Opening, address::Address, inbox};

/// A page that shows `tasks`, a moment after it was opened.
pub(crate) fn page(tasks: impl IntoIterator<Item = TaskSummary>) -> Model {
    Model::new(Opening {
        address: Address::default(),
        snapshot: snapshot(tasks),
        reading: None,
        changes: None,
        inbox: inbox::ServerEntries::default(),
        pulse: Pulse::default(),
        notifies: false,
        layout: Layout::default(),
        theme: Theme::System,
        me: None,
        problem: None,
    })
}

pub(crate) fn snapshot(tasks: impl IntoIterator<Item = TaskSummary>) -> Snapshot {
    Snapshot {
        tasks: tasks.into_iter().collect(),
        cursor: EventId(7),
        now: NOW,
    }
}

pub(crate) fn with_status(number: u32, status: Status) -> TaskSummary {
    TaskSummary {
        status,
        ..summary(number)
    }
}

pub(crate) fn event(id: i64, task: u32, kind: &str) -> Event {
    Event {
        id: EventId(id),
        task_id: TaskId::from_bits(task),
        kind: kind.to_owned(),
        payload: None,
        created_at: NOW,
    }
}

/// A frame that says of each task that it was created.
pub(crate) fn frame(cursor: i64, tasks: impl IntoIterator<Item = TaskSummary>) -> Frame {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let events = tasks
        .iter()
        .map(|task| Event {
            id: EventId(cursor),
            task_id: task.id.clone(),
            kind: "created".to_owned(),
            payload: None,
            created_at: NOW,
        })
        .collect();
    Frame {
        events,
        cursor: EventId(cursor),
        tasks,
    }
}

pub(crate) fn any_frame() -> impl Strategy<Value = Frame> {
    let any_status = proptest::sample::select(Status::ALL.to_vec());
    // A frame names each task once.
    proptest::collection::hash_map(0..4_u32, (any_status, 0..3_i64), 0..4).prop_map(|tasks| {
        let tasks = tasks
            .into_iter()
            .map(|(number, (status, priority))| TaskSummary {
                priority,
                ..with_status(number, status)
            });
        frame(9, tasks)
    })
}

pub(crate) fn form(title: &str) -> Form {
    Form {
        title: title.to_owned(),
        ..Form::default()
    }
}

pub(crate) fn reading(number: u32, events: Vec<Event>) -> Reading {
    Reading {
        detail: TaskDetail {
            task: task(number),
            comments: Vec::new(),
            events,
            parents: Vec::new(),
            children: Vec::new(),
            conditions: BTreeMap::new(),
            child_conditions: BTreeMap::new(),
            runs: Vec::new(),
            receipts: Vec::new(),
            branch: None,
            landing: None,
        },
        log: None,
        html: Html::default(),
        news: News::default(),
    }
}
