//! The browser's half of the program as plain values: what the page knows, what can happen to it,
//! and what it shows.
//!
//! Pure: no clock, no network, no framework. Time, ids and answers arrive inside [`Msg`]; whatever
//! the page wants done leaves as [`Effect`].

#![warn(missing_docs)]

pub mod address;
pub mod age;
pub mod board;
pub mod comment;
pub mod connection;
pub mod create;
pub mod drawer;
pub mod label;
pub mod notice;
pub mod pending;
pub mod refusal;
pub mod shown;
pub mod theme;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::mem;

use domain::board::{Frame, Snapshot};
use domain::id::{EventId, TaskId};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::connection::Socket;
use crate::drawer::Reading;
use crate::pending::{Request, Ticket};
use crate::refusal::Refusal;
use crate::theme::Theme;

/// Everything that the page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    now: Timestamp,
    address: Address,
    board: board::Model,
    pending: pending::Model,
    drawer: drawer::Model,
    create: create::Model,
    comment: comment::Model,
    connection: connection::Model,
    notices: notice::Model,
    theme: Theme,
}

/// What the server read to render the page, handed to the browser once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What was asked for.
    pub address: Address,
    /// The board.
    pub snapshot: Snapshot,
    /// The open task.
    pub reading: Option<Result<Reading, Refusal>>,
    /// The colours.
    pub theme: Theme,
    /// Why the plain form that led here was refused.
    pub problem: Option<Refusal>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Msg {
    /// The page's program began to run in a browser.
    Started(Timestamp),
    /// A second passed.
    Ticked(Timestamp),
    /// The address bar says something else.
    Visited(Address),
    /// A person pressed Escape, or a place outside of the open task.
    LeftTask,
    /// The socket closed, or lost track.
    Connection(connection::Msg),
    /// The socket told what happened on the board; nothing, when it only says that it is there.
    Received(Socket, Frame),
    /// The board was read anew.
    ReadBoard(Result<Snapshot, Refusal>),
    /// The open task was read.
    Drawer(drawer::Msg),
    /// A person did something with the form for a new task.
    Create(create::Msg),
    /// A person did something with the form for a comment.
    Comment(comment::Msg),
    /// A request was made or answered.
    Pending(pending::Msg),
    /// A person has read a notice.
    DismissedNotice(u32),
    /// A person chose the page's colours.
    ChoseTheme(Theme),
}

/// What the page wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Open a socket that tells what happens after `since`, in place of the last one.
    OpenSocket {
        /// Its number.
        socket: Socket,
        /// The last event that is known.
        since: EventId,
    },
    /// Find out whether the server still knows the visitor.
    CheckSession,
    /// Read the whole board. Only after [`connection::Msg::LostTrack`]: events say the rest.
    ReadBoard,
    /// Read a task and its log.
    ReadTask(TaskId),
    /// Ask the server for a change.
    Send {
        /// Names the request in the answer.
        ticket: Ticket,
        /// The change.
        request: Request,
    },
    /// Go to another address.
    Visit(Address),
    /// Give the keyboard to the open task.
    FocusDrawer,
    /// Give the keyboard back to a card.
    FocusCard(TaskId),
    /// Remember the colours.
    KeepTheme(Theme),
}

impl Model {
    /// The page as the server rendered it.
    pub fn new(opening: Opening) -> Self {
        let Opening {
            address,
            snapshot,
            reading,
            theme,
            problem,
        } = opening;
        let now = snapshot.now;
        let drawer = match (&address.task, reading) {
            (Some(task), Some(reading)) => drawer::Model::opened(now, task.clone(), reading),
            _ => drawer::Model::Closed,
        };
        let mut notices = notice::Model::default();
        if let Some(problem) = problem {
            notices.show(now, problem.message);
        }
        Self {
            now,
            address,
            board: board::Model::new(snapshot),
            pending: pending::Model::default(),
            drawer,
            create: create::Model::default(),
            comment: comment::Model::default(),
            connection: connection::Model::default(),
            notices,
            theme,
        }
    }
}

/// Takes in what happened, and says what is to be done about it.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Started(now) => {
            model.now = now;
            vec![model.connection.connect(now, model.board.cursor())]
        }
        Msg::Ticked(now) => tick(model, now),
        Msg::Visited(address) => visit(model, address),
        Msg::LeftTask => match model.address.task {
            Some(_) => vec![Effect::Visit(Address::default())],
            None => Vec::new(),
        },
        Msg::Connection(msg) => {
            Vec::from_iter(connection::update(&mut model.connection, model.now, msg))
        }
        Msg::Received(socket, frame) => receive(model, socket, frame),
        Msg::ReadBoard(result) => read_board(model, result),
        Msg::Drawer(msg) => {
            let effect = drawer::update(&mut model.drawer, model.now, msg);
            settle(model);
            Vec::from_iter(effect)
        }
        Msg::Create(msg) => {
            if let Some(notice) = create::update(&mut model.create, &msg) {
                model.notices.show(model.now, notice);
            }
            Vec::new()
        }
        Msg::Comment(msg) => {
            comment::update(&mut model.comment, msg);
            Vec::new()
        }
        Msg::Pending(msg) => request(model, msg),
        Msg::DismissedNotice(id) => {
            model.notices.dismiss(id);
            Vec::new()
        }
        Msg::ChoseTheme(theme) => {
            model.theme = theme;
            vec![Effect::KeepTheme(theme)]
        }
    }
}

fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    model.notices.tick(now);
    let connection = model.connection.tick(now, model.board.cursor());
    let drawer = model.drawer.tick(now);
    connection.into_iter().chain(drawer).collect()
}

fn visit(model: &mut Model, address: Address) -> Vec<Effect> {
    let before = mem::replace(&mut model.address, address);
    match (before.task, &model.address.task) {
        (before, now) if before == *now => Vec::new(),
        (_, Some(task)) => {
            let effect = model.drawer.open(model.now, task.clone());
            vec![effect, Effect::FocusDrawer]
        }
        (before, None) => {
            model.drawer = drawer::Model::Closed;
            before.map(Effect::FocusCard).into_iter().collect()
        }
    }
}

fn receive(model: &mut Model, socket: Socket, frame: Frame) -> Vec<Effect> {
    if !model.connection.heard(model.now, socket) || frame.cursor <= model.board.cursor() {
        return Vec::new();
    }
    let effect = model.drawer.touch(&frame.events);
    model.pending.recognise(&frame);
    let changes = model.board.apply(frame);
    model.notices.announce(&changes);
    settle(model);
    Vec::from_iter(effect)
}

fn read_board(model: &mut Model, result: Result<Snapshot, Refusal>) -> Vec<Effect> {
    let Ok(snapshot) = result else {
        model.connection.fail_to_read(model.now);
        return Vec::new();
    };
    model.board.replace(snapshot);
    settle(model);
    let socket = model.connection.connect(model.now, model.board.cursor());
    model.drawer.refresh().into_iter().chain([socket]).collect()
}

fn request(model: &mut Model, msg: pending::Msg) -> Vec<Effect> {
    match msg {
        pending::Msg::Asked(request) => {
            match &request {
                Request::Create(_) => model.create.clear(),
                Request::Comment { task, .. } => model.comment.clear(task),
                Request::Move { .. } | Request::FillSample => {}
            }
            vec![model.pending.ask(request)]
        }
        pending::Msg::Answered(ticket, Ok(saved)) => {
            model.pending.grant(ticket, saved);
            settle(model);
            Vec::new()
        }
        pending::Msg::Answered(ticket, Err(refusal)) => {
            match model.pending.refuse(ticket) {
                Some(Request::Create(form)) => model.create.refuse(form, refusal),
                Some(Request::Comment { task, body }) => {
                    model.comment.refuse(task, body);
                    model.notices.show(model.now, refusal.message);
                }
                Some(Request::Move { .. } | Request::FillSample) => {
                    model.notices.show(model.now, refusal.message);
                }
                None => {}
            }
            Vec::new()
        }
    }
}

fn settle(model: &mut Model) {
    model
        .pending
        .settle(model.board.cursor(), model.drawer.reading());
}
