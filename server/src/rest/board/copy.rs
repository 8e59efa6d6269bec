//! The board as JSON, kept between requests: a piece for each task, made anew when that task has
//! changed. What grows with the board is then copying bytes, not asking SQLite and writing JSON.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::time::Timestamp;
use imbl::OrdMap;
use kernel::{BoardChanges, BoardRow, Kernel};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::page::Page;
use crate::rest::wire::board::{Card, End};

/// The number of changed tasks that is worth a thread of their own.
const MANY: usize = 200;

/// The part of the board that is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Only the tasks of this tenant.
    pub(super) tenant: Option<String>,
    /// Archived ones too.
    pub(super) include_archived: bool,
}

/// The copy of one server.
#[derive(Debug)]
pub(crate) struct BoardCopy {
    state: Mutex<State>,
    /// The turn to bring it up to date. After a while without readers much has changed, and each of
    /// many who come at once would hold all of it in memory.
    turn: Semaphore,
}

impl Default for BoardCopy {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            turn: Semaphore::new(1),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// The last event contained; `None` before the first reading.
    cursor: Option<EventId>,
    /// [`Kernel::others`] from just before it was read.
    others: Option<u64>,
    /// [`Kernel::commits`] from just before it was read.
    commits: u64,
    columns: [Column; Status::ALL.len()],
    keys: HashMap<TaskId, (usize, SortKey)>,
    tenants: Names,
    assignees: Names,
    /// The number of tasks whose work somebody has to approve.
    reviews: usize,
    /// True if a lane says who has to approve its work.
    has_reviewing_lane: bool,
}

/// The pieces of one column in their order. Whoever sends them holds them as they were: a copy shares
/// all that does not change.
pub(super) type Column = OrdMap<SortKey, Arc<Piece>>;

/// The sort key of a task in its column: urgent first, then oldest first, also within one second.
pub(super) type SortKey = (Reverse<i64>, Timestamp, i64);

/// One task.
#[derive(Debug)]
pub(super) struct Piece {
    key: SortKey,
    pub(super) tenant: Option<Box<str>>,
    assignee: Option<Box<str>>,
    /// True if somebody has to approve its work.
    has_review: bool,
    pub(super) created_at: Timestamp,
    pub(super) started_at: Option<Timestamp>,
    /// Its JSON without the two ages that grow by themselves.
    json: Box<[u8]>,
    /// The offset at which they belong.
    ages_at: usize,
}

impl Piece {
    fn new(row: &BoardRow) -> Self {
        const CREATED: &[u8] = br#""created_age_seconds":"#;
        const COMPLETED: &[u8] = br#","time_to_complete_seconds":"#;

        // What follows the ages is made of numbers, so the last of these keys are the real ones.
        // Cards are made of texts and numbers, which always have a JSON form.
        let mut json = serde_json::to_vec(&Card::new(row, row.task.created_at)).unwrap_or_default();
        let ages_at = last(&json, CREATED).map_or(json.len(), |at| at + CREATED.len());
        let rest = last(&json, COMPLETED).unwrap_or(json.len());
        json.drain(ages_at..rest.max(ages_at));
        let task = &row.task;
        Self {
            key: (Reverse(task.priority), task.created_at, row.number),
            tenant: task.tenant.as_deref().map(Box::from),
            assignee: task
                .assignee
                .as_deref()
                .filter(|_| task.status != Status::Archived)
                .map(Box::from),
            has_review: task.status == Status::Review
                || task.review.is_some() && task.status != Status::Archived,
            created_at: task.created_at,
            started_at: task.started_at,
            json: json.into(),
            ages_at,
        }
    }

    /// Its JSON before and after the ages.
    pub(super) fn halves(&self) -> (&[u8], &[u8]) {
        self.json.split_at_checked(self.ages_at).unwrap_or_default()
    }
}

fn last(json: &[u8], key: &[u8]) -> Option<usize> {
    json.windows(key.len()).rposition(|window| window == key)
}

/// Names, and how many tasks have each.
#[derive(Debug, Default)]
struct Names(BTreeMap<Box<str>, usize>);

impl Names {
    fn add(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            *self.0.entry(name.into()).or_default() += 1;
        }
    }

    fn remove(&mut self, name: Option<&str>) {
        if let Some(name) = name
            && let Some(count) = self.0.get_mut(name)
        {
            *count -= 1;
            if *count == 0 {
                self.0.remove(name);
            }
        }
    }

    fn all(&self) -> Vec<&str> {
        self.0.keys().map(|name| &**name).collect()
    }
}

impl BoardCopy {
    /// The part of the board that `filter` shows, with all that has happened so far.
    pub(super) async fn page(
        self: &Arc<Self>,
        kernel: &Kernel,
        filter: Filter,
    ) -> Result<Page, kernel::Error> {
        let _turn = self
            .turn
            .acquire()
            .await
            .map_err(|_| kernel::Error::Stopped)?;
        let commits = kernel.commits();
        let others = kernel.others().await;
        let is_current = |state: &mut State| {
            let is_current = state.commits == commits && state.follows(others).is_some();
            is_current.then(|| state.page(filter.clone(), kernel.now()))
        };
        if kernel.damage().is_none()
            && let Some(page) = self.lock(is_current)
        {
            return Ok(page);
        }
        let cursor = self.lock(|state| state.follows(others));
        let changes = kernel.board_changes(cursor).await?;
        let mut now = changes.now;
        if !self.bring_up_to(changes).await? {
            // Another program has deleted a task.
            let whole = kernel.board_changes(None).await?;
            now = whole.now;
            self.bring_up_to(whole).await?;
        }
        // Changes of lanes have no event, so the changes since the last look do not hold them.
        let has_reviewing_lane = kernel.dispatch().await?.has_reviewing_lane();
        Ok(self.lock(|state| {
            state.others = others;
            state.commits = commits;
            state.has_reviewing_lane = has_reviewing_lane;
            state.page(filter, now)
        }))
    }

    /// Takes in the changes. Returns true when the copy is as large as the board.
    async fn bring_up_to(self: &Arc<Self>, changes: BoardChanges) -> Result<bool, kernel::Error> {
        if changes.rows.len() < MANY {
            return Ok(self.lock(|state| state.take_in(changes)));
        }
        let copy = self.clone();
        let taking = spawn_blocking(move || {
            let pieces = pieces(&changes.rows);
            copy.lock(|state| state.take(changes, pieces))
        });
        taking.await.map_err(|_| kernel::Error::Internal)
    }

    fn lock<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn pieces(rows: &[BoardRow]) -> Vec<Piece> {
    rows.iter().map(Piece::new).collect()
}

impl State {
    /// The cursor from which events tell of all that has changed; `None` when other processes may
    /// have written something that none tells of.
    fn follows(&self, others: Option<u64>) -> Option<EventId> {
        self.cursor
            .filter(|_| others.is_some() && others == self.others)
    }

    fn take_in(&mut self, changes: BoardChanges) -> bool {
        let pieces = pieces(&changes.rows);
        self.take(changes, pieces)
    }

    fn take(&mut self, changes: BoardChanges, pieces: Vec<Piece>) -> bool {
        if changes.is_whole {
            *self = Self::default();
        }
        for (row, piece) in changes.rows.into_iter().zip(pieces) {
            self.put(row, piece);
        }
        self.cursor = Some(changes.cursor);
        u32::try_from(self.keys.len()).is_ok_and(|count| count == changes.count)
    }

    fn put(&mut self, row: BoardRow, piece: Piece) {
        let column = row.task.status.column();
        let column = Status::ALL.iter().position(|status| *status == column);
        let column = column.unwrap_or_default();
        let key = piece.key;
        if let Some((column, key)) = self.keys.insert(row.task.id, (column, key)) {
            self.remove(column, key);
        }
        self.reviews += usize::from(piece.has_review);
        self.tenants.add(piece.tenant.as_deref());
        self.assignees.add(piece.assignee.as_deref());
        if let Some(pieces) = self.columns.get_mut(column) {
            pieces.insert(key, Arc::new(piece));
        }
    }

    fn remove(&mut self, column: usize, key: SortKey) {
        let pieces = self.columns.get_mut(column);
        if let Some(piece) = pieces.and_then(|pieces| pieces.remove(&key)) {
            self.reviews -= usize::from(piece.has_review);
            self.tenants.remove(piece.tenant.as_deref());
            self.assignees.remove(piece.assignee.as_deref());
        }
    }

    fn page(&self, filter: Filter, now: Timestamp) -> Page {
        let end = End {
            tenants: self.tenants.all(),
            assignees: self.assignees.all(),
            latest_event_id: self.cursor.unwrap_or_default(),
            now,
        };
        let is_shown = |status: &Status| match status {
            Status::Review => self.reviews > 0 || self.has_reviewing_lane,
            Status::Archived => filter.include_archived,
            _ => true,
        };
        let columns = Status::ALL.into_iter().zip(self.columns.iter().cloned());
        let columns = columns.filter(|(status, _)| is_shown(status)).collect();
        Page::new(columns, filter.tenant, &end)
    }
}

#[cfg(test)]
mod tests;
