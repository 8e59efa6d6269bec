//! From card to card.

use domain::id::TaskId;
use domain::status::Status;

use super::Focus;
use crate::board::carry::Direction;
use crate::shown::{self, Column, Columns};
use crate::{Effect, Model};

/// Along a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Up,
    Down,
}

/// Goes to another card: opens it while one is open, else gives it the keyboard.
pub(super) fn go(
    model: &Model,
    focus: &Focus,
    next: impl Fn(&Columns, &TaskId) -> Option<TaskId>,
) -> Vec<Effect> {
    if model.carried.is_some() {
        return Vec::new();
    }
    let columns = shown::columns(model);
    let effect = match (&focus.card, &model.address.task) {
        (Some(card), _) => next(&columns, card).map(Effect::FocusCard),
        (None, Some(open)) => {
            next(&columns, open).map(|task| Effect::Visit(model.address.with_task(Some(task))))
        }
        (None, None) => {
            let mut cards = Status::ALL
                .iter()
                .flat_map(|column| columns.of(column).cards());
            cards.next().cloned().map(Effect::FocusCard)
        }
    };
    Vec::from_iter(effect)
}

/// Goes up or down: while a task is open, through the whole board.
pub(super) fn go_along(model: &Model, focus: &Focus, step: Step) -> Vec<Effect> {
    go(model, focus, |columns, card| match &focus.card {
        Some(_) => beside(columns, card, step),
        None => after(columns, card, step),
    })
}

/// The card before or behind one in the order in which the board shows them: column by column.
pub(crate) fn after(columns: &Columns, card: &TaskId, step: Step) -> Option<TaskId> {
    let all = || {
        let columns = Status::ALL.iter().map(|column| columns.of(column));
        columns.flat_map(Column::cards)
    };
    let place = all().position(|id| id == card)?;
    let place = match step {
        Step::Up => place.checked_sub(1)?,
        Step::Down => place.checked_add(1)?,
    };
    all().nth(place).cloned()
}

/// The card above or below in the same column.
pub(super) fn beside(columns: &Columns, card: &TaskId, step: Step) -> Option<TaskId> {
    let (column, place) = find(columns, card)?;
    let place = match step {
        Step::Up => place.checked_sub(1)?,
        Step::Down => place.checked_add(1)?,
    };
    columns.of(&column).cards().nth(place).cloned()
}

/// The card at the same height in the next column that has any.
pub(super) fn across(columns: &Columns, card: &TaskId, direction: Direction) -> Option<TaskId> {
    let (column, place) = find(columns, card)?;
    let at = Status::ALL.iter().position(|it| *it == column)?;
    let (before, behind) = Status::ALL.split_at_checked(at)?;
    let beside = |column: &Status| {
        let cards = columns.of(column).cards();
        cards.take(place.saturating_add(1)).last().cloned()
    };
    match direction {
        Direction::Back => before.iter().rev().find_map(beside),
        Direction::Forth => behind.iter().skip(1).find_map(beside),
    }
}

fn find(columns: &Columns, card: &TaskId) -> Option<(Status, usize)> {
    Status::ALL.into_iter().find_map(|column| {
        let place = columns.of(&column).cards().position(|id| id == card)?;
        Some((column, place))
    })
}
