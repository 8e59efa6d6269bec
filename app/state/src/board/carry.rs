//! Cards that are moved with the keyboard: picked up, carried over the board, put down.

use domain::id::TaskId;
use domain::status::Status;

use crate::change::Change;
use crate::{board, label};

/// The cards that are carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The tasks, with where each came from.
    pub tasks: Vec<(TaskId, Status)>,
    /// The column they are held over; theirs at first.
    pub over: Option<Status>,
}

/// Towards which end of the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards `triage`.
    Back,
    /// Towards `done`.
    Forth,
}

impl Carried {
    /// Holds the tasks over the next column that takes one of them at least, or over where they came
    /// from. At the end of the board they stay where they are.
    pub fn carry(&mut self, direction: Direction) {
        let columns: Vec<Status> = Status::COLUMNS
            .into_iter()
            .filter(|column| self.is_taken_by(column))
            .collect();
        let at = self
            .over
            .as_ref()
            .or_else(|| self.tasks.first().map(|(_, from)| from));
        let at = at.map(Status::column);
        let place = columns
            .iter()
            .position(|column| Some(column) == at.as_ref());
        let next = match (place, direction) {
            (Some(place), Direction::Back) => place.checked_sub(1),
            (Some(place), Direction::Forth) => place.checked_add(1),
            (None, _) => Some(0),
        };
        if let Some(column) = next.and_then(|place| columns.get(place)) {
            self.over = Some(column.clone());
        }
    }

    /// The change of each task when they are put down; none for those that stay.
    pub fn changes(self) -> Vec<(TaskId, Change)> {
        let Some(over) = self.over else {
            return Vec::new();
        };
        self.tasks
            .into_iter()
            .filter_map(|(task, from)| Change::between(&from, &over).map(|change| (task, change)))
            .collect()
    }

    /// Returns true while a task is carried.
    pub fn has(&self, task: &TaskId) -> bool {
        self.tasks.iter().any(|(id, _)| id == task)
    }

    /// The column a task is held over, if that is not its own.
    pub fn holds(&self, task: &TaskId) -> Option<&Status> {
        let (_, from) = self.tasks.iter().find(|(id, _)| id == task)?;
        let over = self.over.as_ref();
        over.filter(|over| Change::between(from, over).is_some())
    }

    /// The carried cards and their column, in words for screen readers.
    pub fn in_words(&self, board: &board::Model) -> String {
        let what = match self.tasks.as_slice() {
            [(task, _)] => format!("“{}”", board.name_of(task)),
            tasks => format!("{} cards", tasks.len()),
        };
        let from = self.tasks.first().map(|(_, from)| from);
        let over = self.over.as_ref().or(from).map_or("nothing", label::of);
        format!("{what} held over {over}. Arrows carry, Space puts down, Escape cancels.")
    }

    fn is_taken_by(&self, column: &Status) -> bool {
        let mut tasks = self.tasks.iter();
        tasks.any(|(_, from)| from.column() == *column || Change::between(from, column).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(from: Status) -> Carried {
        Carried {
            tasks: vec![(TaskId::from_bits(1), from)],
            over: None,
        }
    }

    fn over(mut carried: Carried, steps: &[Direction]) -> Option<Status> {
        for step in steps {
            carried.carry(*step);
        }
        carried.over
    }

    #[test]
    fn a_card_is_carried_past_what_takes_none() {
        let forth = [Direction::Forth; 3];
        let seen = [1, 2, 3].map(|n| over(carried(Status::Ready), &forth[..n]));
        assert_eq!(
            seen,
            [
                Some(Status::Blocked),
                Some(Status::Done),
                Some(Status::Done)
            ]
        );
        assert_eq!(
            over(carried(Status::Triage), &[Direction::Back]),
            None,
            "there is nothing before triage"
        );
    }

    #[test]
    fn a_running_card_starts_from_where_it_is() {
        assert_eq!(
            over(carried(Status::Running), &[Direction::Back]),
            Some(Status::Ready)
        );
        assert_eq!(
            over(carried(Status::Running), &[Direction::Forth]),
            Some(Status::Blocked)
        );
    }

    #[test]
    fn putting_down_where_it_was_changes_nothing() {
        let mut it = carried(Status::Todo);
        assert_eq!(it.clone().changes(), []);
        it.carry(Direction::Forth);
        assert_eq!(
            it.clone().changes(),
            [(TaskId::from_bits(1), Change::Move(Status::Ready))]
        );
        it.carry(Direction::Back);
        assert_eq!(it.changes(), []);
    }

    #[test]
    fn of_several_cards_those_go_that_can() {
        let mut it = carried(Status::Ready);
        it.tasks.push((TaskId::from_bits(2), Status::Done));
        it.over = Some(Status::Blocked);
        assert_eq!(it.holds(&TaskId::from_bits(1)), Some(&Status::Blocked));
        assert_eq!(it.holds(&TaskId::from_bits(2)), None);
        assert!(it.has(&TaskId::from_bits(2)));
        assert!(!it.has(&TaskId::from_bits(3)));
        assert_eq!(it.changes().len(), 1);
    }
}
