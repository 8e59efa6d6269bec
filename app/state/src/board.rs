//! The tasks as the server last told them.

use std::collections::{BTreeMap, BTreeSet};

use domain::board::{self, Frame, Snapshot, TaskSummary};
use domain::id::{EventId, TaskId};
use domain::status::Status;

/// The board up to a position in the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    tasks: BTreeMap<TaskId, Entry>,
    cursor: EventId,
}

/// One task of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What its card shows.
    pub task: TaskSummary,
    /// How often it has changed since the page was opened; a card lights up when this grows.
    pub changes: u32,
}

/// What a frame did to one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The title.
    pub title: String,
    /// Where it stood before; `None` for a new task.
    pub from: Option<Status>,
    /// Where it stands now.
    pub to: Status,
}

impl Model {
    /// The board of a snapshot.
    pub fn new(snapshot: Snapshot) -> Self {
        let tasks = snapshot
            .tasks
            .into_iter()
            .map(|task| (task.id.clone(), Entry { task, changes: 0 }))
            .collect();
        Self {
            tasks,
            cursor: snapshot.cursor,
        }
    }

    /// The last event that the board contains.
    pub fn cursor(&self) -> EventId {
        self.cursor
    }

    /// Every task, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.tasks.values()
    }

    /// Every task, in the order of cards in a column.
    pub fn in_order(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.tasks.values().collect();
        entries.sort_unstable_by_key(|entry| board::order(&entry.task));
        entries
    }

    /// One task.
    pub fn get(&self, task: &TaskId) -> Option<&TaskSummary> {
        self.tasks.get(task).map(|entry| &entry.task)
    }

    /// Takes a frame in, and says what it changed. A frame at or below the cursor changes nothing.
    pub fn apply(&mut self, frame: Frame) -> Vec<Change> {
        if frame.cursor <= self.cursor {
            return Vec::new();
        }
        self.cursor = frame.cursor;
        frame
            .tasks
            .into_iter()
            .filter_map(|task| self.put(task))
            .collect()
    }

    /// Takes in a board that was read anew, because the log no longer reaches back to the cursor.
    pub fn replace(&mut self, snapshot: Snapshot) {
        let kept: BTreeSet<&TaskId> = snapshot.tasks.iter().map(|task| &task.id).collect();
        self.tasks.retain(|id, _| kept.contains(id));
        self.cursor = snapshot.cursor;
        for task in snapshot.tasks {
            self.put(task);
        }
    }

    fn put(&mut self, task: TaskSummary) -> Option<Change> {
        let before = self.tasks.remove(&task.id);
        if before.as_ref().is_some_and(|before| before.task == task) {
            self.tasks
                .extend(before.map(|entry| (entry.task.id.clone(), entry)));
            return None;
        }
        let change = Change {
            title: task.title.clone(),
            from: before.as_ref().map(|entry| entry.task.status.clone()),
            to: task.status.clone(),
        };
        // The board was asked for without its archive.
        if task.status != Status::Archived {
            let changes = before.map_or(0, |entry| entry.changes).wrapping_add(1);
            self.tasks.insert(task.id.clone(), Entry { task, changes });
        }
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{any_frame, frame, snapshot, summary, with_status};

    #[test]
    fn a_frame_puts_new_tasks_on_and_archived_ones_away() {
        let mut board = Model::new(snapshot([summary(1)]));
        let mut archived = summary(1);
        archived.status = Status::Archived;

        let changes = board.apply(frame(8, [archived, summary(2)]));

        assert_eq!(
            board.entries().map(|it| &it.task).collect::<Vec<_>>(),
            [&summary(2)]
        );
        assert_eq!(changes[0].from, Some(Status::Ready));
        assert_eq!(changes[1].from, None);
        assert_eq!(board.cursor(), EventId(8));
    }

    #[test]
    fn a_frame_at_the_cursor_changes_nothing() {
        let mut board = Model::new(snapshot([summary(1)]));
        let before = board.clone();

        assert_eq!(board.apply(frame(before.cursor.0, [summary(2)])), []);
        assert_eq!(board, before);
    }

    #[test]
    fn a_card_lights_up_only_when_something_on_it_changed() {
        let mut board = Model::new(snapshot([summary(1), summary(2)]));
        let mut renamed = summary(2);
        renamed.title = "Something else".to_owned();

        board.apply(frame(8, [summary(1), renamed]));

        assert_eq!(
            board.entries().map(|it| it.changes).collect::<Vec<_>>(),
            [0, 1]
        );
    }

    #[test]
    fn a_board_that_was_read_anew_lights_up_what_is_different() {
        let mut board = Model::new(snapshot([summary(1), summary(2), summary(3)]));
        let mut later = snapshot([summary(1), with_status(2, Status::Done), summary(4)]);
        later.cursor = EventId(3);

        board.replace(later);

        let changes: Vec<_> = board
            .entries()
            .map(|it| (it.task.id.clone(), it.changes))
            .collect();
        assert_eq!(
            changes,
            [(1, 0), (2, 1), (4, 1)].map(|(n, c)| (TaskId::from_bits(n), c))
        );
        assert_eq!(board.cursor(), EventId(3));
    }

    #[test]
    fn urgent_cards_come_first_then_old_ones() {
        let mut urgent = summary(3);
        urgent.priority = 2;
        let mut old = summary(2);
        old.created_at.0 -= 60;
        let board = Model::new(snapshot([summary(1), old.clone(), urgent.clone()]));

        let order: Vec<_> = board.in_order().into_iter().map(|it| &it.task.id).collect();

        assert_eq!(order, [&urgent.id, &old.id, &summary(1).id]);
    }

    proptest! {
        #[test]
        fn a_frame_applied_twice_equals_once(frame in any_frame()) {
            let mut once = Model::new(snapshot([summary(1), summary(2)]));
            once.apply(frame.clone());
            let mut twice = once.clone();
            prop_assert_eq!(twice.apply(frame), vec![]);
            prop_assert_eq!(twice, once);
        }

        #[test]
        fn frames_lead_to_the_later_snapshot(frames in proptest::collection::vec(any_frame(), 0..8)) {
            let mut expected: BTreeMap<_, _> =
                [summary(1), summary(2)].map(|task| (task.id.clone(), task)).into();
            let mut board = Model::new(snapshot(expected.values().cloned()));
            for (position, mut frame) in (board.cursor().0 + 1..).zip(frames) {
                frame.cursor = EventId(position);
                for task in &frame.tasks {
                    expected.insert(task.id.clone(), task.clone());
                }
                board.apply(frame);
            }
            expected.retain(|_, task| task.status != Status::Archived);
            prop_assert!(board.entries().map(|it| &it.task).eq(expected.values()));
        }
    }
}
