//! The update of the model on each message.

use std::collections::BTreeMap;
use std::mem;

use domain::board::{Frame, Snapshot};
use domain::id::{DeliveryId, TaskId};
use domain::status::Status;
use domain::time::Timestamp;

use crate::address::Address;
use crate::board::filter;
use crate::board::filter::Whose;
use crate::board::selection;
use crate::connection::{Link, Socket};
use crate::drawer::Reading;
use crate::drawer::comment;
use crate::drawer::edit;
use crate::drawer::tab::Tab;
use crate::palette::{Page, Palette};
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::requests::confirm;
use crate::visitor::layout;
use crate::visitor::notification;
use crate::{
    Effect, Focus, Model, Msg, connection, create, drawer, inbox, pressed, requests, shown,
};

/// Updates the model and returns the effects.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let effects = react(model, msg);
    // From now on, not from when the browser comes to it: what is typed next belongs to the field.
    model.is_field_awaited |= effects.iter().any(Effect::gives_keyboard_to_field);
    effects
}

#[expect(clippy::too_many_lines, reason = "one arm a message, and nothing else")]
fn react(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Started(now) => {
            model.now = now;
            let socket = model.connection.connect(now, model.board.cursor());
            let search = model.search.look_for(&model.address.filter.text);
            let permission = notification::start(model);
            let focus = model.address.is_inbox.then(|| inbox::focus(model));
            let card = model.address.task.clone().map(Effect::ShowCard);
            let effects = [socket].into_iter().chain(search);
            effects.chain(permission).chain(focus).chain(card).collect()
        }
        Msg::Ticked(now) => tick(model, now),
        Msg::Visited(address) => visit(model, address),
        Msg::OpenedTask(task) => vec![Effect::Visit(model.address.with_task(Some(task)))],
        Msg::ChoseTab(tab) => choose_tab(model, tab),
        Msg::LeftTask => match model.address.task {
            Some(_) => vec![Effect::Visit(model.address.with_task(None))],
            None => Vec::new(),
        },
        Msg::Pressed(press, focus) => pressed::press(model, press, focus),
        Msg::Wanted(action) => pressed::update(model, action, Focus::default()),
        Msg::ReachedField => {
            model.is_field_awaited = false;
            Vec::new()
        }
        Msg::Filter(msg) => look(model, msg),
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
        Msg::Confirm(msg) => confirm::update(model, msg),
        Msg::LeftHelp => {
            model.is_helping = false;
            Vec::new()
        }
        Msg::Edit(msg) => rewrite(model, msg),
        Msg::Connection(msg) => {
            Vec::from_iter(connection::update(&mut model.connection, model.now, msg))
        }
        Msg::Received(socket, frame) => receive(model, socket, frame),
        Msg::ReadBoard {
            result,
            has_archive,
        } => read_board(model, result, has_archive),
        Msg::Found(result) => Vec::from_iter(model.search.answer(result)),
        Msg::Heard(socket, status) => hear(model, socket, status),
        Msg::ReadPulse(result) => read_pulse(model, result),
        Msg::Inbox(msg) => {
            let effects = inbox::update(model, msg);
            effects
                .into_iter()
                .chain(notification::news(model))
                .collect()
        }
        Msg::Notification(msg) => {
            Vec::from_iter(notification::update(&mut model.notifications, msg))
        }
        Msg::Drawer(answer) => {
            let effect = drawer::update(&mut model.drawer, answer);
            settle(model);
            let changes = model.drawer.ask_changes(model.address.tab);
            effect.into_iter().chain(changes).collect()
        }
        Msg::ReadChanges(task, result) => {
            model.drawer.tell_changes(&task, result);
            Vec::new()
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
        Msg::Copied(text, is_copied) => {
            let now = model.now;
            if is_copied {
                model.notices.tell(now, format!("Copied {text}"));
            } else {
                let text = "The browser did not let it be copied";
                model.notices.show(now, text.to_owned());
            }
            Vec::new()
        }
        Msg::WentToCards if model.address.is_inbox => vec![inbox::focus(model)],
        Msg::WentToCards => {
            let first = visible(model).into_iter().next();
            Vec::from_iter(first.map(Effect::FocusCard))
        }
        Msg::WantedNudge => vec![Effect::Nudge],
        Msg::Nudged(result) => {
            nudged(model, result);
            Vec::new()
        }
        Msg::ToggledMine => mine(model),
        Msg::Introduced(name) => {
            model.me = Some(name.clone());
            let mine = filter::Msg::ChoseAssignee(Some(Whose::Of(name.clone())));
            let mut effects = look(model, mine);
            effects.push(Effect::KeepMe(name));
            effects
        }
        Msg::LoggedOut => vec![Effect::LogOut],
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
    let is_live = model.connection.link() == Link::Live;
    let reading = model.drawer.reading();
    let is_awaited = reading.is_some_and(|it| it.news.is_on_its_way(now));
    let news = (is_live && is_awaited)
        .then(|| model.drawer.refresh())
        .flatten();
    let pulse = is_live.then(|| model.pulse.tick(now)).flatten();
    connection.into_iter().chain(news).chain(pulse).collect()
}

fn visit(model: &mut Model, address: Address) -> Vec<Effect> {
    let before = mem::replace(&mut model.address, address);
    let mut effects = read_archive(model);
    let (tab, was_inbox) = (before.tab, before.is_inbox);
    if before.task != model.address.task {
        model.edit.close();
        model.link_problem = None;
        match (before.task, &model.address.task) {
            (_, Some(task)) => {
                effects.push(model.drawer.open(task.clone()));
                effects.push(Effect::FocusDrawer);
                effects.push(Effect::ShowCard(task.clone()));
            }
            (before, None) => {
                model.drawer = drawer::Model::Closed;
                let card = before.filter(|_| !model.address.is_inbox);
                effects.extend(card.map(Effect::FocusCard));
            }
        }
    }
    if tab != model.address.tab {
        effects.extend(model.drawer.ask_changes(model.address.tab));
    }
    if model.address.is_inbox && !was_inbox {
        effects.push(inbox::focus(model));
    }
    effects
}

/// Shows another tab of the open task. Going back leads to where one was before the task.
fn choose_tab(model: &mut Model, tab: Tab) -> Vec<Effect> {
    let is_filled = |reading: &Reading| tab.is_filled(reading);
    if !model.drawer.reading().is_some_and(is_filled) {
        return Vec::new();
    }
    model.address.tab = Some(tab);
    let address = Effect::KeepAddress(model.address.clone());
    let changes = model.drawer.ask_changes(model.address.tab);
    [address].into_iter().chain(changes).collect()
}

fn look(model: &mut Model, msg: filter::Msg) -> Vec<Effect> {
    filter::update(&mut model.address.filter, msg);
    let mut effects = vec![Effect::KeepAddress(model.address.clone())];
    effects.extend(read_archive(model));
    effects.extend(model.search.look_for(&model.address.filter.text));
    effects
}

/// Shows the tasks of this person only, or everybody's. Whoever is not known yet is asked.
fn mine(model: &mut Model) -> Vec<Effect> {
    let Some(me) = model.me.clone() else {
        model.palette = Some(Palette::new(Page::Me, Vec::new()));
        return Vec::new();
    };
    let mine = Some(Whose::Of(me));
    let is_on = model.address.filter.assignee == mine;
    look(model, filter::Msg::ChoseAssignee(mine.filter(|_| !is_on)))
}

/// Shows the result of a tick in a notice.
fn nudged(model: &mut Model, result: Result<u32, Refusal>) {
    let now = model.now;
    match result {
        Ok(0) => model.notices.tell(
            now,
            "Nothing can start now; the cards have the reasons".to_owned(),
        ),
        Ok(1) => model.notices.tell(now, "Started one task".to_owned()),
        Ok(count) => model.notices.tell(now, format!("Started {count} tasks")),
        Err(refusal) => model.notices.show(now, refusal.message),
    }
}

/// Reads the archive when it is wanted for the first time.
fn read_archive(model: &Model) -> Vec<Effect> {
    let is_missing = model.wants_archive() && !model.board.has_archive();
    is_missing
        .then_some(Effect::ReadBoard)
        .into_iter()
        .collect()
}

pub(crate) fn choose(model: &mut Model, msg: selection::Msg) {
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

fn rewrite(model: &mut Model, msg: edit::Msg) -> Vec<Effect> {
    let Some(reading) = model.drawer.reading() else {
        return Vec::new();
    };
    let task = &reading.detail.task;
    let change = edit::update(&mut model.edit, task, msg);
    let change = change.map(|change| (task.id.clone(), change));
    requests::change(model, Vec::from_iter(change))
}

fn receive(model: &mut Model, socket: Socket, frame: Frame) -> Vec<Effect> {
    if !model.connection.heard(model.now, socket) || frame.cursor <= model.board.cursor() {
        return Vec::new();
    }
    let drawer = model.drawer.touch(&frame.events);
    let dispatch = &model.pulse.pulse().dispatch;
    let inbox = model.inbox.touch(&frame.tasks, dispatch);
    for act in model.undo.overtaken(&frame.events) {
        model.notices.withdraw(act);
    }
    model.pending.recognise(&frame);
    model.pulse.touch();
    let changes = model.board.apply(frame);
    model.notices.announce(&changes);
    settle(model);
    let news = notification::news(model);
    drawer.into_iter().chain(inbox).chain(news).collect()
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
    let dispatch = &model.pulse.pulse().dispatch;
    let inbox = model.inbox.touch(&snapshot.tasks, dispatch);
    model.board.replace(snapshot, has_archive);
    settle(model);
    let socket = model.connection.connect(model.now, model.board.cursor());
    let drawer = model.drawer.refresh();
    drawer.into_iter().chain(inbox).chain([socket]).collect()
}

fn hear(model: &mut Model, socket: Socket, told: Pulse) -> Vec<Effect> {
    if !model.connection.heard(model.now, socket) {
        return Vec::new();
    }
    let before = model.pulse.pulse().undelivered.clone();
    model.pulse.hear(told);
    follow_pulse(model, &before)
}

fn read_pulse(model: &mut Model, result: Result<Pulse, Refusal>) -> Vec<Effect> {
    if let Ok(pulse) = &result {
        model.is_outdated |= pulse.build != model.build;
    }
    let before = model.pulse.pulse().undelivered.clone();
    model.pulse.answer(result);
    follow_pulse(model, &before)
}

/// Reads what the pulse says is new in the inbox.
fn follow_pulse(model: &mut Model, undelivered: &BTreeMap<DeliveryId, TaskId>) -> Vec<Effect> {
    let mut effects = read_undelivered(model, undelivered);
    if effects.is_empty() {
        effects.extend(inbox::follow_lanes(model));
    }
    effects
}

/// Reads what can be read of news that reached nobody, when it is other news than `before`.
fn read_undelivered(model: &mut Model, before: &BTreeMap<DeliveryId, TaskId>) -> Vec<Effect> {
    let now = &model.pulse.pulse().undelivered;
    if now == before {
        return Vec::new();
    }
    let open = model.address.task.as_ref();
    let is_open_touched = open.is_some_and(|task| {
        let of_task =
            |map: &BTreeMap<DeliveryId, TaskId>| map.values().filter(|it| *it == task).count();
        of_task(now) != of_task(before)
    });
    let drawer = is_open_touched.then(|| model.drawer.refresh()).flatten();
    model.inbox.refresh().into_iter().chain(drawer).collect()
}

fn settle(model: &mut Model) {
    model
        .pending
        .settle(model.board.cursor(), model.drawer.reading());
    let board = &model.board;
    model.selection.retain(|task| board.get(task).is_some());
}
