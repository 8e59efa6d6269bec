//! The page as a whole: what each message does to what is shown.

mod acting;
mod asking;
mod ending;
mod inbox;
mod living;
mod looking;
mod opening;
mod pressing;
mod unchecked;

use std::sync::atomic::{AtomicI64, Ordering};

use domain::board::{Snapshot, TaskSummary};
use domain::error::ErrorKind;
use domain::fixture::{NOW, summary};
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use proptest::prelude::*;

use crate::address::Address;
use crate::change::Change;
use crate::connection::{self, Link, Socket};
use crate::create::{self, Refused};
use crate::drawer::comment;
use crate::drawer::edit::Text;
use crate::drawer::{self, Reading};
use crate::fixture::{any_frame, event, form, frame, page, reading, snapshot, with_status};
use crate::keys::Action;
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::requests::pending::{self, Request, Saved, Ticket};
use crate::shown::{Column, Drawer, Shown, project};
use crate::visitor::layout::Layout;
use crate::visitor::theme::Theme;
use crate::{Effect, Model, Msg, Opening, Press, update};

fn id(number: u32) -> TaskId {
    TaskId::from_bits(number)
}

fn refusal() -> Refusal {
    Refusal::new(
        ErrorKind::Refused,
        "task t_00000001 waits for t_00000002".to_owned(),
    )
}

/// The same as a person reads it.
fn why(model: &Model) -> String {
    model.board.in_titles(&refusal().message)
}

/// A page whose socket is open.
fn live(tasks: impl IntoIterator<Item = TaskSummary>) -> (Model, Socket) {
    let mut model = page(tasks);
    let effects = update(&mut model, Msg::Started(NOW));
    let [Effect::OpenSocket { socket, .. }] = effects[..] else {
        panic!("no socket in {effects:?}");
    };
    update(&mut model, Msg::Received(socket, frame(7, [])));
    (model, socket)
}

fn ask(model: &mut Model, request: Request) -> Ticket {
    let effects = update(model, Msg::Pending(pending::Msg::Asked(request)));
    let [Effect::Send { ticket, .. }] = effects[..] else {
        panic!("nothing sent in {effects:?}");
    };
    ticket
}

fn move_of(task: u32, to: Status) -> Request {
    Request::Change {
        task: id(task),
        name: format!("Task {task}"),
        change: Change::Move(to),
    }
}

/// A key, pressed a second after the last one.
fn key(action: Action) -> Press {
    static LAST_MS: AtomicI64 = AtomicI64::new(0);
    Press {
        action,
        at_ms: LAST_MS.fetch_add(1_000, Ordering::Relaxed),
        is_repeat: false,
    }
}

fn cards(column: &Column) -> Vec<TaskId> {
    column.cards().cloned().collect()
}

fn read_board(result: Result<Snapshot, Refusal>) -> Msg {
    Msg::ReadBoard {
        result,
        has_archive: false,
    }
}

fn answer(model: &mut Model, ticket: Ticket, result: Result<i64, Refusal>) {
    let result = result.map(|event| Saved {
        event: EventId(event),
    });
    update(model, Msg::Pending(pending::Msg::Answered(ticket, result)));
}

fn open(model: &mut Model, number: u32) {
    update(model, Msg::Visited(Address::of_task(id(number))));
    let reading = Box::new(reading(number, vec![]));
    update(model, read(number, reading));
}

fn read(number: u32, reading: Box<Reading>) -> Msg {
    Msg::Drawer(drawer::Answer {
        task: id(number),
        result: Ok(reading),
    })
}

fn lost_track(socket: Socket) -> Msg {
    Msg::Connection(connection::Msg::LostTrack(socket))
}

fn status_on_page(shown: &Shown, number: u32) -> Option<&Status> {
    shown
        .cards
        .iter()
        .find(|card| card.id == id(number))
        .map(|card| &card.status)
}
