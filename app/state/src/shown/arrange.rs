//! The arrangement of cards in columns.

use domain::board::TaskSummary;
use domain::status::Status;

use super::{Columns, Row};
use crate::{Model, board};

/// A task that passes the filter.
pub(super) struct Match<'a> {
    pub(super) entry: &'a board::Entry,
    /// It as it will be, where something about it is under way.
    foreseen: Option<Box<TaskSummary>>,
}

impl Match<'_> {
    /// The task as it is, or will be.
    pub(super) fn task(&self) -> &TaskSummary {
        self.foreseen.as_deref().unwrap_or(&self.entry.task)
    }
}

/// The columns alone, for who needs to know the order of cards.
pub(crate) fn columns(model: &Model) -> Columns {
    arrange(model).0
}

/// Hangs up what passes the filter, as far as columns are opened. Returns what hangs.
pub(super) fn arrange(model: &Model) -> (Columns, Vec<Match<'_>>) {
    let filter = &model.address.filter;
    let passes = filter.tester(model.now, |task| model.search.has_found(task));
    let changes = model.pending.changes();
    let mut columns = Columns::default();
    let mut by_column = Status::ALL.map(|status| (status, Vec::<Match<'_>>::new()));
    for entry in model.board.in_order() {
        let mut foreseen = changes.foresee(&entry.task).map(Box::new);
        let carried = model.carried.as_ref();
        if let Some(over) = carried.and_then(|it| it.holds(&entry.task.id)) {
            let task = foreseen.get_or_insert_with(|| Box::new(entry.task.clone()));
            task.status = over.clone();
        }
        let found = Match { entry, foreseen };
        let column = found.task().status.column();
        let shown = columns.of_mut(&column);
        shown.total = shown.total.saturating_add(1);
        let is_hidden = column == Status::Archived && !filter.archived;
        if is_hidden || !passes(found.task(), &entry.words) {
            continue;
        }
        shown.matching = shown.matching.saturating_add(1);
        // A column with an order of its own is sorted whole; of others no more is kept than hangs.
        let size = if filter.order(&column).is_some() {
            usize::MAX
        } else {
            model.window.size(&column)
        };
        if let Some((_, matches)) = by_column.iter_mut().find(|(status, _)| *status == column)
            && matches.len() < size
        {
            matches.push(found);
        }
    }
    let mut hung = Vec::new();
    for (status, mut matches) in by_column {
        let column = columns.of_mut(&status);
        if let Some(order) = filter.order(&status) {
            matches.sort_by_key(|it| order(it.task()));
        }
        matches.truncate(model.window.size(&status));
        if status == Status::Running && filter.lanes {
            matches.sort_by(|one, other| lane(one).cmp(&lane(other)));
            column.rows = with_lanes(&matches);
        } else {
            let cards = matches.iter().map(|it| Row::Card(it.task().id.clone()));
            column.rows = cards.collect();
        }
        hung.extend(matches);
    }
    (columns, hung)
}

/// By name, and those of nobody last.
fn lane<'a>(found: &'a Match<'_>) -> (bool, Option<&'a str>) {
    let assignee = found.task().assignee.as_deref();
    (assignee.is_none(), assignee)
}

/// Cards under the names of those who work on them; a single name needs no saying.
fn with_lanes(matches: &[Match<'_>]) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut last = None;
    let mut has_several = false;
    for found in matches {
        let assignee = &found.task().assignee;
        if last != Some(assignee) {
            has_several |= last.is_some();
            rows.push(Row::Lane(assignee.clone()));
            last = Some(assignee);
        }
        rows.push(Row::Card(found.task().id.clone()));
    }
    if !has_several {
        rows.retain(|row| matches!(row, Row::Card(_)));
    }
    rows
}
