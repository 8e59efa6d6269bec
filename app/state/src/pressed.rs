//! The effects of the board's keys and of the palette's answers.

mod steps;

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::status::Status;

use crate::board::carry::{Carried, Direction};
use crate::board::selection;
use crate::drawer::tab::Tab;
use crate::inbox::ConcernId;
use crate::keys::Action;
use crate::palette::{self, Choice, Page, Palette};
use crate::requests::pending::{self, Request};
use crate::update::{choose as choose_cards, update as update_page};
use crate::{Effect, Model, Msg, inbox, requests, shown};
pub(crate) use steps::{Step, after};
use steps::{across, beside};

/// Two presses of one key within this time are one that was meant, in milliseconds: the time within
/// which systems take two clicks for a double click.
const DOUBLE_PRESS_MS: i64 = 500;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Its action.
    pub action: Action,
    /// The time, in milliseconds of any clock.
    pub at_ms: i64,
    /// True for the auto-repeat of a key that is held down.
    pub is_repeat: bool,
}

/// The focus while a key is pressed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// The card that has it.
    pub card: Option<TaskId>,
    /// The concern that has it, or has a part that has it.
    pub concern: Option<ConcernId>,
}

/// Does what a key asks for, if it is the page's, and meant for what has the keyboard now.
pub(crate) fn press(model: &mut Model, press: Press, focus: Focus) -> Vec<Effect> {
    let last = model.last_press.replace(press);
    let is_double = last.is_some_and(|last| {
        let pause_ms = press.at_ms.saturating_sub(last.at_ms);
        last.action == press.action && pause_ms < DOUBLE_PRESS_MS
    });
    let is_carried_over =
        (press.is_repeat && !press.action.repeats()) || (is_double && press.action.makes_room());
    if is_carried_over || !model.takes_keys() {
        return Vec::new();
    }
    let effects = update(model, press.action, focus);
    if effects.iter().any(Effect::gives_keyboard_to_field) {
        // It has made room for nothing yet.
        model.last_press = None;
    }
    effects
}

/// Does what a key or anything else asks for.
pub(crate) fn update(model: &mut Model, action: Action, focus: Focus) -> Vec<Effect> {
    if model.address.is_inbox
        && let Some(effects) = inbox::press(model, action, &focus)
    {
        return effects;
    }
    match action {
        Action::Left if model.carried.is_some() => carry(model, Direction::Back),
        Action::Right if model.carried.is_some() => carry(model, Direction::Forth),
        Action::Up => steps::go_along(model, &focus, Step::Up),
        Action::Down => steps::go_along(model, &focus, Step::Down),
        Action::Left => steps::go(model, &focus, |columns, card| {
            across(columns, card, Direction::Back)
        }),
        Action::Right => steps::go(model, &focus, |columns, card| {
            across(columns, card, Direction::Forth)
        }),
        Action::ReachUp => reach(model, focus, Step::Up),
        Action::ReachDown => reach(model, focus, Step::Down),
        Action::Carry => pick_up_or_put_down(model, focus),
        Action::MoveBack => shift(model, focus, Direction::Back),
        Action::MoveForth => shift(model, focus, Direction::Forth),
        Action::MoveTo => ask(model, focus, Page::Move),
        Action::Assign => ask(model, focus, Page::Assign),
        Action::Prioritise => ask(model, focus, Page::Priority),
        Action::Block => ask(model, focus, Page::Block),
        Action::Complete => put(model, focus, &Status::Done),
        Action::Archive => put(model, focus, &Status::Archived),
        Action::Select => {
            if let Some(card) = focus.card {
                choose_cards(model, selection::Msg::Toggled(card));
            }
            Vec::new()
        }
        Action::SelectAll => {
            choose_cards(model, selection::Msg::ChoseAll);
            Vec::new()
        }
        Action::Create => vec![Effect::OpenForm],
        Action::Search => vec![Effect::FocusSearch],
        Action::Palette => {
            let targets = targets(model, focus);
            model.palette = Some(Palette::new(Page::All, targets));
            Vec::new()
        }
        Action::GoToInbox => vec![Effect::Visit(model.address.with_inbox())],
        Action::GoToBoard => vec![Effect::Visit(model.address.with_task(None))],
        Action::Tab(tab) => update_page(model, Msg::ChoseTab(tab)),
        Action::Answer => answer(model),
        // Only the inbox knows what these are about.
        Action::TryAgain | Action::Open => Vec::new(),
        Action::Undo => requests::undo(model, None),
        Action::Nudge => update_page(model, Msg::WantedNudge),
        Action::Mine => update_page(model, Msg::ToggledMine),
        Action::Help => {
            model.is_helping = true;
            Vec::new()
        }
        Action::Leave => leave(model),
    }
}

/// Takes in what a person did with the palette, and does what they chose.
pub(crate) fn palette(model: &mut Model, msg: palette::Msg) -> Vec<Effect> {
    let Some(palette) = &model.palette else {
        palette::update(&mut model.palette, msg, 0);
        return Vec::new();
    };
    let items = palette.items(&model.board, &shown::assignees(model));
    let position = match msg {
        palette::Msg::Chose(position) => Some(position),
        palette::Msg::ChoseMarked => Some(palette.cursor),
        _ => None,
    };
    let chosen = position.and_then(|position| items.get(position));
    if chosen.is_some_and(|item| item.problem.is_some()) {
        return Vec::new();
    }
    let chosen = chosen.map(|item| (item.choice.clone(), palette.targets.clone()));
    palette::update(&mut model.palette, msg, items.len());
    match chosen {
        Some((choice, targets)) => choose(model, choice, targets),
        None => Vec::new(),
    }
}

fn choose(model: &mut Model, choice: Choice, targets: Vec<TaskId>) -> Vec<Effect> {
    let msg = match choice {
        Choice::Open(task) => Msg::OpenedTask(task),
        Choice::Turn(page) => {
            model.palette = Some(Palette::new(page, targets));
            return Vec::new();
        }
        Choice::Act(action) => return update(model, action, Focus::default()),
        Choice::MoveTo(column) => return requests::put(model, targets, &column),
        Choice::Change(change) => {
            let changes = targets.into_iter().map(|task| (task, change.clone()));
            return requests::change(model, changes.collect());
        }
        Choice::Filter(msg) => Msg::Filter(msg),
        Choice::Layout(msg) => Msg::Layout(msg),
        Choice::Colours(theme) => Msg::ChoseTheme(theme),
        Choice::Introduce(name) => Msg::Introduced(name),
        Choice::LogOut => Msg::LoggedOut,
        Choice::Pause => Msg::Pending(pending::Msg::Asked(Request::Pause(None))),
        Choice::Resume => Msg::Pending(pending::Msg::Asked(Request::Resume(None))),
    };
    update_page(model, msg)
}

/// The tasks that a key is about: the chosen ones, else the card that has the keyboard, else the open
/// task.
fn targets(model: &Model, focus: Focus) -> Vec<TaskId> {
    if model.selection.is_empty() {
        let card = focus.card.or_else(|| model.address.task.clone());
        return Vec::from_iter(card);
    }
    model.selection.chosen().cloned().collect()
}

fn ask(model: &mut Model, focus: Focus, page: Page) -> Vec<Effect> {
    let targets = targets(model, focus);
    if !targets.is_empty() {
        model.palette = Some(Palette::new(page, targets));
    }
    Vec::new()
}

fn put(model: &mut Model, focus: Focus, column: &Status) -> Vec<Effect> {
    let next = focus.card.as_ref().and_then(|card| {
        let columns = shown::columns(model);
        beside(&columns, card, Step::Down).or_else(|| beside(&columns, card, Step::Up))
    });
    let card = focus.card.clone();
    let targets = targets(model, focus);
    let effects = requests::put(model, targets, column);
    if effects.is_empty() {
        return effects;
    }
    // An archived card leaves the page; the keyboard stays where it hung.
    let heir = if *column == Status::Archived {
        next
    } else {
        card
    };
    go_on_from(model, effects, heir)
}

/// Gives the keyboard to a card after this; where the person has to agree to it first, after that.
fn go_on_from(model: &mut Model, mut effects: Vec<Effect>, card: Option<TaskId>) -> Vec<Effect> {
    let focus = card.map(Effect::FocusCard);
    match &mut model.confirmation {
        Some(confirmation) => confirmation.then = focus,
        None => effects.extend(focus),
    }
    effects
}

fn shift(model: &mut Model, focus: Focus, direction: Direction) -> Vec<Effect> {
    let card = focus.card.clone();
    let mut changes = Vec::new();
    for task in targets(model, focus) {
        let mut carried = pick_up(model, vec![task]);
        carried.carry(direction);
        changes.extend(carried.changes());
    }
    let effects = requests::change(model, changes);
    go_on_from(model, effects, card)
}

fn pick_up(model: &Model, tasks: Vec<TaskId>) -> Carried {
    let tasks = tasks.into_iter().filter_map(|task| {
        let status = model.board.get(&task)?.status.clone();
        Some((task, status))
    });
    Carried {
        tasks: tasks.collect(),
        over: None,
    }
}

fn pick_up_or_put_down(model: &mut Model, focus: Focus) -> Vec<Effect> {
    if let Some(carried) = model.carried.take() {
        let effects = requests::change(model, carried.changes());
        return go_on_from(model, effects, focus.card);
    }
    if let Some(card) = focus.card {
        let carried = pick_up(model, requests::tasks_with(model, &card));
        model.carried = (!carried.tasks.is_empty()).then_some(carried);
    }
    Vec::new()
}

fn carry(model: &mut Model, direction: Direction) -> Vec<Effect> {
    let Some(carried) = &mut model.carried else {
        return Vec::new();
    };
    carried.carry(direction);
    focus_on(carried)
}

fn focus_on(carried: &Carried) -> Vec<Effect> {
    let card = carried.tasks.first().map(|(task, _)| task.clone());
    card.map(Effect::FocusCard).into_iter().collect()
}

/// Lets a person write an answer to the open task, where it waits for one.
fn answer(model: &mut Model) -> Vec<Effect> {
    let Some(task) = model.address.task.clone() else {
        return Vec::new();
    };
    let needs_words = |task: &TaskSummary| matches!(task.status, Status::Blocked | Status::Review);
    if !model.board.get(&task).is_some_and(needs_words) {
        return Vec::new();
    }
    let mut effects = update_page(model, Msg::ChoseTab(Tab::Overview));
    effects.push(Effect::FocusAnswer(task));
    effects
}

/// Closes one thing, the topmost.
fn leave(model: &mut Model) -> Vec<Effect> {
    if let Some(carried) = model.carried.take() {
        return focus_on(&carried);
    }
    if model.address.task.is_some() {
        return update_page(model, Msg::LeftTask);
    }
    choose_cards(model, selection::Msg::Cleared);
    Vec::new()
}

fn reach(model: &mut Model, focus: Focus, direction: Step) -> Vec<Effect> {
    let Some(card) = focus.card else {
        return Vec::new();
    };
    let next = beside(&shown::columns(model), &card, direction);
    if !model.selection.has(&card) {
        choose_cards(model, selection::Msg::Toggled(card));
    }
    if let Some(next) = &next {
        choose_cards(model, selection::Msg::ReachedTo(next.clone()));
    }
    next.map(Effect::FocusCard).into_iter().collect()
}
