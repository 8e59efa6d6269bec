//! The browser's half of the program as plain values: what the page knows, what can happen to it,
//! and what it shows.
//!
//! Pure: no clock, no network, no framework. Time, ids and answers arrive inside [`Msg`]; whatever
//! the page wants done leaves as [`Effect`].

#![warn(missing_docs)]

pub mod address;
pub mod age;
pub mod ansi;
pub mod board;
pub mod carry;
pub mod change;
pub mod comment;
pub mod connection;
pub mod create;
pub mod drawer;
pub mod edit;
mod effect;
pub mod figures;
pub mod filter;
pub mod keys;
pub mod label;
pub mod layout;
mod msg;
pub mod notice;
pub mod palette;
pub mod pending;
mod pressed;
pub mod pulse;
mod query;
pub mod refusal;
mod requests;
pub mod search;
pub mod selection;
pub mod shown;
pub mod staleness;
pub mod theme;
pub mod undo;
pub mod window;
pub mod workers;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::mem;

use domain::board::{Frame, Snapshot};
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::carry::Carried;
use crate::change::Change;
use crate::connection::{Link, Socket};
use crate::drawer::Reading;
use crate::edit::{Edit, Text};
use crate::layout::Layout;
use crate::palette::{Page, Palette};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::theme::Theme;

pub use effect::Effect;
pub use msg::Msg;
pub use pressed::Focus;

/// Everything that the page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    now: Timestamp,
    address: Address,
    search: search::Model,
    board: board::Model,
    window: window::Model,
    pending: pending::Model,
    undo: undo::Model,
    selection: selection::Model,
    carried: Option<Carried>,
    drawer: drawer::Model,
    edit: Option<Edit>,
    /// Why the dependencies of a task could not be changed.
    link_problem: Option<(TaskId, String)>,
    create: create::Model,
    comment: comment::Model,
    palette: Option<Palette>,
    is_helping: bool,
    connection: connection::Model,
    pulse: pulse::Model,
    /// Which build of the server rendered the page.
    build: String,
    /// Whether another build runs by now.
    is_outdated: bool,
    notices: notice::Model,
    layout: Layout,
    theme: Theme,
}

/// What the server read to render the page, handed to the browser once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// What was asked for.
    pub address: Address,
    /// The board; with its archive where the address asks for it.
    pub snapshot: Snapshot,
    /// The open task.
    pub reading: Option<Result<Reading, Refusal>>,
    /// The dispatcher.
    pub pulse: Pulse,
    /// How the board is laid out.
    pub layout: Layout,
    /// The colours.
    pub theme: Theme,
    /// Why the plain form that led here was refused.
    pub problem: Option<Refusal>,
}

impl Model {
    /// The page as the server rendered it.
    pub fn new(opening: Opening) -> Self {
        let Opening {
            address,
            snapshot,
            reading,
            pulse,
            layout,
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
            board: board::Model::new(snapshot, address.filter.archived),
            address,
            search: search::Model::default(),
            window: window::Model::default(),
            pending: pending::Model::default(),
            undo: undo::Model::default(),
            selection: selection::Model::default(),
            carried: None,
            drawer,
            edit: None,
            link_problem: None,
            create: create::Model::default(),
            comment: comment::Model::default(),
            palette: None,
            is_helping: false,
            connection: connection::Model::default(),
            build: pulse.build.clone(),
            is_outdated: false,
            pulse: pulse::Model::new(pulse),
            notices,
            layout,
            theme,
        }
    }

    /// Whether archived tasks are to be read with the board.
    pub fn wants_archive(&self) -> bool {
        self.address.filter.archived
    }

    /// What a task is called and where it stands, where it is on the board.
    pub fn glance(&self, task: &TaskId) -> Option<(String, Status)> {
        let task = self.board.get(task)?;
        Some((task.title.clone(), task.status.clone()))
    }

    /// The tasks that go along when this one is dragged, itself among them.
    pub fn taken_along(&self, task: &TaskId) -> Vec<TaskId> {
        requests::tasks_with(self, task)
    }

    /// The card under which a task would hang in a column: what a person sees while dragging.
    ///
    /// # Errors
    ///
    /// Why it may not hang there, for a person to read.
    pub fn landing(&self, task: &TaskId, column: &Status) -> Result<Option<TaskId>, String> {
        let Some(summary) = self.board.get(task) else {
            return Err("It is not on the board any more".to_owned());
        };
        let is_at_home = summary.status.column() == *column;
        if !is_at_home && Change::between(&summary.status, column).is_none() {
            return Err(Change::why_not_between(&summary.status, column));
        }
        if column.is_finished() {
            return Ok(None);
        }
        let place = domain::board::order(summary);
        let columns = shown::columns(self);
        let above = columns.of(column).cards().filter(|id| {
            let other = self.board.get(id);
            other.is_some_and(|other| domain::board::order(other) < place)
        });
        Ok(above.last().cloned())
    }
}

/// Takes in what happened, and says what is to be done about it.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Started(now) => {
            model.now = now;
            let socket = model.connection.connect(now, model.board.cursor());
            let search = model.search.look_for(&model.address.filter.text);
            [socket].into_iter().chain(search).collect()
        }
        Msg::Ticked(now) => tick(model, now),
        Msg::Visited(address) => visit(model, address),
        Msg::OpenedTask(task) => vec![Effect::Visit(model.address.with_task(Some(task)))],
        Msg::LeftTask => match model.address.task {
            Some(_) => vec![Effect::Visit(model.address.with_task(None))],
            None => Vec::new(),
        },
        Msg::Pressed(action, focus) => pressed::update(model, action, focus),
        Msg::Filter(msg) => filter(model, msg),
        Msg::WantedMore(column) => {
            model.window.open(column);
            Vec::new()
        }
        Msg::Layout(msg) => {
            layout::update(&mut model.layout, &msg);
            vec![Effect::KeepLayout(model.layout.clone())]
        }
        Msg::Selection(msg) => {
            choose(model, msg);
            Vec::new()
        }
        Msg::PutChosen(column) => {
            let chosen = model.selection.chosen().cloned().collect();
            requests::put(model, chosen, &column)
        }
        Msg::AskedOfChosen(page) => {
            let chosen = model.selection.chosen().cloned().collect();
            model.palette = Some(Palette::new(page, chosen));
            Vec::new()
        }
        Msg::Dropped(task, column) => {
            let tasks = requests::tasks_with(model, &task);
            requests::put(model, tasks, &column)
        }
        Msg::Changed(task, change) => requests::change(model, vec![(task, change)]),
        Msg::WantedUndo(act) => requests::undo(model, act),
        Msg::OpenedMenu(task) => {
            let targets = requests::tasks_with(model, &task);
            model.palette = Some(Palette::new(Page::Task, targets));
            Vec::new()
        }
        Msg::Palette(msg) => pressed::palette(model, msg),
        Msg::LeftHelp => {
            model.is_helping = false;
            Vec::new()
        }
        Msg::Edit(msg) => edit(model, msg),
        Msg::Connection(msg) => {
            Vec::from_iter(connection::update(&mut model.connection, model.now, msg))
        }
        Msg::Received(socket, frame) => receive(model, socket, frame),
        Msg::ReadBoard {
            result,
            has_archive,
        } => read_board(model, result, has_archive),
        Msg::Found(result) => Vec::from_iter(model.search.answer(result)),
        Msg::Heard(socket, status) => {
            hear(model, socket, status);
            Vec::new()
        }
        Msg::ReadPulse(result) => {
            read_pulse(model, result);
            Vec::new()
        }
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
        Msg::Pending(msg) => {
            let effects = requests::update(model, msg);
            settle(model);
            effects
        }
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
    let is_live = model.connection.link() == Link::Live;
    let pulse = is_live.then(|| model.pulse.tick(now)).flatten();
    connection.into_iter().chain(drawer).chain(pulse).collect()
}

fn visit(model: &mut Model, address: Address) -> Vec<Effect> {
    let before = mem::replace(&mut model.address, address);
    let mut effects = read_archive(model);
    if before.task != model.address.task {
        model.edit = None;
        model.link_problem = None;
        match (before.task, &model.address.task) {
            (_, Some(task)) => {
                effects.push(model.drawer.open(model.now, task.clone()));
                effects.push(Effect::FocusDrawer);
            }
            (before, None) => {
                model.drawer = drawer::Model::Closed;
                effects.extend(before.map(Effect::FocusCard));
            }
        }
    }
    effects
}

fn filter(model: &mut Model, msg: filter::Msg) -> Vec<Effect> {
    filter::update(&mut model.address.filter, msg);
    let mut effects = vec![Effect::KeepAddress(model.address.clone())];
    effects.extend(read_archive(model));
    effects.extend(model.search.look_for(&model.address.filter.text));
    effects
}

/// Reads the archive when it is wanted for the first time.
fn read_archive(model: &Model) -> Vec<Effect> {
    let is_missing = model.wants_archive() && !model.board.has_archive();
    is_missing
        .then_some(Effect::ReadBoard)
        .into_iter()
        .collect()
}

fn choose(model: &mut Model, msg: selection::Msg) {
    let visible = visible(model);
    selection::update(&mut model.selection, &visible, msg);
}

/// The cards in the order in which they are seen: column by column.
fn visible(model: &Model) -> Vec<TaskId> {
    let columns = shown::columns(model);
    let cards = Status::ALL
        .iter()
        .flat_map(|column| columns.of(column).cards());
    cards.cloned().collect()
}

fn edit(model: &mut Model, msg: edit::Msg) -> Vec<Effect> {
    let Some(reading) = model.drawer.reading() else {
        return Vec::new();
    };
    let task = &reading.detail.task;
    let (id, base) = (task.id.clone(), Text::of(task));
    match msg {
        edit::Msg::Began => {
            model.edit = Some(Edit { task: id, base });
            Vec::new()
        }
        edit::Msg::Finished(text) => {
            model.edit = None;
            let change = base.change_to(&text).map(|change| (id, change));
            requests::change(model, Vec::from_iter(change))
        }
        edit::Msg::Left => {
            model.edit = None;
            Vec::new()
        }
    }
}

fn receive(model: &mut Model, socket: Socket, frame: Frame) -> Vec<Effect> {
    if !model.connection.heard(model.now, socket) || frame.cursor <= model.board.cursor() {
        return Vec::new();
    }
    let effect = model.drawer.touch(&frame.events);
    model.pending.recognise(&frame);
    model.pulse.touch();
    let changes = model.board.apply(frame);
    model.notices.announce(&changes);
    settle(model);
    Vec::from_iter(effect)
}

fn read_board(
    model: &mut Model,
    result: Result<Snapshot, Refusal>,
    has_archive: bool,
) -> Vec<Effect> {
    let Ok(snapshot) = result else {
        model.connection.fail_to_read(model.now);
        return Vec::new();
    };
    model.board.replace(snapshot, has_archive);
    settle(model);
    let socket = model.connection.connect(model.now, model.board.cursor());
    model.drawer.refresh().into_iter().chain([socket]).collect()
}

fn hear(model: &mut Model, socket: Socket, status: pulse::Status) {
    if model.connection.heard(model.now, socket) {
        model.pulse.hear(status);
    }
}

fn read_pulse(model: &mut Model, result: Result<Pulse, Refusal>) {
    if let Ok(pulse) = &result {
        model.is_outdated |= pulse.build != model.build;
    }
    model.pulse.answer(result);
}

fn settle(model: &mut Model) {
    model
        .pending
        .settle(model.board.cursor(), model.drawer.reading());
    let board = &model.board;
    model.selection.retain(|task| board.get(task).is_some());
}
