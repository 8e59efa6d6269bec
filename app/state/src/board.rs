//! The tasks as the server last told them.

pub mod carry;
pub mod figures;
pub mod filter;
pub mod search;
pub mod selection;
pub mod staleness;
pub mod window;
pub mod workers;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::board::{self, Frame, Snapshot, TaskSummary};
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::time::Timestamp;

use crate::label;

/// The board up to a position in the event log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    tasks: BTreeMap<TaskId, Arc<Entry>>,
    /// The same tasks in the order of cards in a column: sorting thousands anew for each message, or
    /// looking each of them up, would be felt.
    order: BTreeMap<SortKey, Arc<Entry>>,
    cursor: EventId,
    has_archive: bool,
}

/// The sort key of a card, as [`board::order`] has it, with its task.
type SortKey = ((Reverse<i64>, Timestamp, i64), TaskId);

/// One task of the board.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The fields of its card.
    pub task: TaskSummary,
    /// The number of changes since the page was opened; a card lights up when this grows.
    pub changes: u32,
    /// The text that a search reads: [`filter::words`].
    pub words: String,
}

/// A frame's effect on one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The title.
    pub title: String,
    /// Its status before; `None` for a new task.
    pub from: Option<Status>,
    /// Its status now.
    pub to: Status,
}

impl Model {
    /// The board of a snapshot that was read with or without the archive.
    pub fn new(snapshot: Snapshot, has_archive: bool) -> Self {
        let mut model = Self {
            tasks: BTreeMap::new(),
            order: BTreeMap::new(),
            cursor: snapshot.cursor,
            has_archive,
        };
        for task in snapshot.tasks {
            model.insert(task, 0);
        }
        model
    }

    /// The last event that the board contains.
    pub fn cursor(&self) -> EventId {
        self.cursor
    }

    /// Returns true when archived tasks are among its tasks.
    pub fn has_archive(&self) -> bool {
        self.has_archive
    }

    /// Returns true when there are no tasks.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Every task, by id.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.tasks.values().map(|entry| &**entry)
    }

    /// Every task, in the order of cards in a column.
    pub fn in_order(&self) -> impl Iterator<Item = &Entry> {
        self.order.values().map(|entry| &**entry)
    }

    /// One task.
    pub fn get(&self, task: &TaskId) -> Option<&TaskSummary> {
        self.tasks.get(task).map(|entry| &entry.task)
    }

    /// The name of a task: its title, where that is known.
    pub fn name_of(&self, task: &TaskId) -> String {
        let title = self.get(task).map(|task| task.title.clone());
        title.unwrap_or_else(|| task.to_string())
    }

    /// A sentence with titles in place of the ids of tasks that are on the board.
    pub fn in_titles(&self, sentence: &str) -> String {
        let mut told = String::with_capacity(sentence.len());
        for part in sentence.split_inclusive(|it: char| !it.is_ascii_alphanumeric() && it != '_') {
            let id = part.trim_end_matches(|it: char| !it.is_ascii_alphanumeric() && it != '_');
            let title = id.starts_with("t_").then(|| self.get(&id.parse().ok()?));
            match title.flatten() {
                Some(task) => {
                    told.push_str(&label::quoted(&task.title));
                    told.push_str(part.strip_prefix(id).unwrap_or_default());
                }
                None => told.push_str(part),
            }
        }
        told
    }

    /// Applies a frame and returns the changes. A frame at or below the cursor changes nothing.
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

    /// Takes in a board that was read anew, with or without the archive.
    pub fn replace(&mut self, snapshot: Snapshot, has_archive: bool) {
        let kept: BTreeSet<TaskId> = snapshot.tasks.iter().map(|it| it.id.clone()).collect();
        let gone = self.tasks.keys().filter(|id| !kept.contains(*id)).cloned();
        for id in gone.collect::<Vec<_>>() {
            self.remove(&id);
        }
        self.cursor = snapshot.cursor;
        self.has_archive = has_archive;
        for task in snapshot.tasks {
            self.put(task);
        }
    }

    fn put(&mut self, task: TaskSummary) -> Option<Change> {
        let before = self.tasks.get(&task.id);
        if before.is_some_and(|before| before.task == task) {
            return None;
        }
        let changes = before.map_or(0, |entry| entry.changes).wrapping_add(1);
        let change = Change {
            title: task.title.clone(),
            from: before.map(|entry| entry.task.status.clone()),
            to: task.status.clone(),
        };
        self.remove(&task.id);
        if self.has_archive || task.status != Status::Archived {
            self.insert(task, changes);
        }
        Some(change)
    }

    fn insert(&mut self, task: TaskSummary, changes: u32) {
        let place = (board::order(&task), task.id.clone());
        let id = task.id.clone();
        let words = filter::words(&task);
        let entry = Arc::new(Entry {
            task,
            changes,
            words,
        });
        self.order.insert(place, Arc::clone(&entry));
        self.tasks.insert(id, entry);
    }

    fn remove(&mut self, id: &TaskId) {
        if let Some(entry) = self.tasks.remove(id) {
            let place = (board::order(&entry.task), id.clone());
            self.order.remove(&place);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use domain::fixture::summary;

    use super::*;
    use crate::fixture::{any_frame, frame, snapshot, with_status};

    #[test]
    fn a_frame_puts_new_tasks_on_and_archived_ones_away() {
        let mut board = Model::new(snapshot([summary(1)]), false);
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
    fn a_sentence_names_tasks_by_their_titles() {
        let board = Model::new(snapshot([summary(1), summary(2)]), false);
        let said = "task t_00000001 waits for t_00000002, t_00000009";
        let told = "task “Task 1” waits for “Task 2”, t_00000009";
        assert_eq!(board.in_titles(said), told);
        assert_eq!(
            board.in_titles("Wörter: t_, (t_00000001)"),
            "Wörter: t_, (“Task 1”)"
        );
    }

    #[test]
    fn a_frame_at_the_cursor_changes_nothing() {
        let mut board = Model::new(snapshot([summary(1)]), false);
        let before = board.clone();

        assert_eq!(board.apply(frame(before.cursor.0, [summary(2)])), []);
        assert_eq!(board, before);
    }

    #[test]
    fn a_card_lights_up_only_when_something_on_it_changed() {
        let mut board = Model::new(snapshot([summary(1), summary(2)]), false);
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
        let mut board = Model::new(snapshot([summary(1), summary(2), summary(3)]), false);
        let mut later = snapshot([summary(1), with_status(2, Status::Done), summary(4)]);
        later.cursor = EventId(3);

        board.replace(later, false);

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
        let board = Model::new(snapshot([summary(1), old.clone(), urgent.clone()]), false);

        let order: Vec<_> = board.in_order().map(|it| &it.task.id).collect();

        assert_eq!(order, [&urgent.id, &old.id, &summary(1).id]);
    }

    #[test]
    fn the_archive_is_kept_only_where_it_was_asked_for() {
        let archived = with_status(1, Status::Archived);
        let mut board = Model::new(snapshot([summary(2)]), true);
        board.apply(frame(8, [archived.clone()]));
        assert_eq!(board.get(&archived.id), Some(&archived));

        board.replace(snapshot([summary(2)]), false);
        assert_eq!(board.get(&archived.id), None);
        assert_eq!(board.in_order().count(), 1);
    }

    #[test]
    fn a_card_that_became_urgent_hangs_in_one_place() {
        let mut board = Model::new(snapshot([summary(1), summary(2)]), false);
        let mut urgent = summary(2);
        urgent.priority = 1;
        board.apply(frame(8, [urgent]));
        let order: Vec<_> = board.in_order().map(|it| it.task.id.clone()).collect();
        assert_eq!(order, [TaskId::from_bits(2), TaskId::from_bits(1)]);
    }

    proptest! {
        #[test]
        fn a_frame_applied_twice_equals_once(frame in any_frame()) {
            let mut once = Model::new(snapshot([summary(1), summary(2)]), false);
            once.apply(frame.clone());
            let mut twice = once.clone();
            prop_assert_eq!(twice.apply(frame), vec![]);
            prop_assert_eq!(twice, once);
        }

        #[test]
        fn frames_lead_to_the_later_snapshot(frames in proptest::collection::vec(any_frame(), 0..8)) {
            let mut expected: BTreeMap<_, _> =
                [summary(1), summary(2)].map(|task| (task.id.clone(), task)).into();
            let mut board = Model::new(snapshot(expected.values().cloned()), false);
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
