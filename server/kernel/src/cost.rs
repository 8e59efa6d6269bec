//! The cost of queries and verbs, counted rather than timed: in statements, and in steps of
//! SQLite's virtual machine, which do not depend on what else the computer does.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Mutex;

use domain::actor::Actor;
use domain::command::{
    Answer, ClaimPolicy, ClaimTask, Command, CompleteTask, CreateTask, Created, LEASE,
};
use domain::id::TaskId;
use domain::time::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};
use tempfile::TempDir;

use crate::intake::Accepted;
use crate::verbs::{self, Work};
use crate::{BoardFilter, Kernel, TaskFilter, open};

const NOW: Timestamp = Timestamp(1_777_200_000);

/// The steps in which a board without holds sees that it has none.
const LOOK_FOR_HOLDS: i64 = 8;

/// The counts on the traced connections. A statement's steps add up over its executions, so the
/// last count of each is the one that holds.
#[derive(Default)]
struct Counted {
    statements: usize,
    steps: HashMap<String, i64>,
    sorts: HashMap<String, i32>,
}

static COUNTED: Mutex<Option<Counted>> = Mutex::new(None);

/// Held by the test that counts.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn count(event: TraceEvent<'_>) {
    if let (TraceEvent::Profile(statement, _), Some(counted)) =
        (event, COUNTED.lock().unwrap().as_mut())
    {
        let steps = statement.get_status(StatementStatus::VmStep);
        counted.statements += 1;
        let sorts = statement.get_status(StatementStatus::Sort);
        let sql = statement.sql().into_owned();
        counted.sorts.insert(sql.clone(), sorts);
        counted.steps.insert(sql, steps.into());
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    statements: usize,
    steps: i64,
    /// The steps among them that look for holds.
    steps_for_holds: i64,
    sorts: i32,
}

/// A board with so many groups of ten tasks, on which there is nothing to do: six are done, of which
/// one is archived, one waits for one that is blocked, one is an idea, and one is ready for nobody.
/// Some have comments, most have history.
struct Board {
    folder: TempDir,
}

impl Board {
    fn of(groups: u32) -> Self {
        let board = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let conn = open::for_writing(&board.path(), NOW, crate::IfLost::Make).unwrap();
        conn.execute(
            "WITH RECURSIVE task (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM task WHERE n + 1 < ?1) \
             INSERT INTO tasks (id, title, status, waiting, priority, created_at, assignee) \
             SELECT printf('t_%08x', n * 2654435761 % 4294967296), 'a task', \
                 CASE n % 10 WHEN 0 THEN 'archived' WHEN 6 THEN 'blocked' WHEN 7 THEN 'todo' \
                     WHEN 8 THEN 'triage' WHEN 9 THEN 'ready' ELSE 'done' END, \
                 n % 10 = 7, 0, n, iif(n % 10 = 9, NULL, 'shell') FROM task",
            [groups * 10],
        )
        .unwrap();
        conn.execute_batch(
            "INSERT INTO task_links (parent_id, child_id) SELECT parent.id, child.id FROM tasks AS child \
                 JOIN tasks AS parent ON parent.rowid = child.rowid - 1 WHERE child.status = 'todo'; \
             INSERT INTO task_comments (task_id, author, body, created_at) \
                 SELECT id, 'ada', 'so?', 0 FROM tasks WHERE rowid % 3 = 0; \
             INSERT INTO task_events (task_id, kind, created_at) SELECT id, 'created', 0 FROM tasks; \
             INSERT INTO runs (task_id, token, lease_expires, started_at, ended_at, outcome) \
                 SELECT id, id, 0, 0, 0, 'completed' FROM tasks WHERE status = 'done';",
        )
        .unwrap();
        board
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("kanban.db")
    }

    /// Returns the cost of `query` on a connection that has asked nothing before.
    async fn cost_of<T>(&self, query: impl AsyncFnOnce(&Kernel) -> T) -> (T, Cost) {
        let kernel = Kernel::open(&self.path()).unwrap();
        let connection = open::for_reading(&self.path()).unwrap();
        trace(&connection);
        kernel.readers.lend(connection);
        let answer = query(&kernel).await;
        // Waits for the connections to be closed.
        drop(kernel);
        (answer, cost())
    }

    fn writer(&self) -> Writer {
        Writer {
            connection: open::for_writing(&self.path(), NOW, crate::IfLost::Make).unwrap(),
            rng: StdRng::seed_from_u64(1),
        }
    }
}

/// Carries out commands one by one, each on statements that nobody has used before.
struct Writer {
    connection: Connection,
    rng: StdRng,
}

impl Writer {
    fn give(&mut self, actor: &Actor, command: Command) -> (Answer, Cost) {
        self.connection.flush_prepared_statement_cache();
        trace(&self.connection);
        let transaction = self.connection.transaction().unwrap();
        let work = Work::new(&transaction, NOW, &mut self.rng);
        let accepted = Accepted::new(actor.clone(), vec![command]).unwrap();
        let mut receipts = verbs::carry_out_all(work, &accepted).unwrap();
        transaction.commit().unwrap();
        (receipts.remove(0).answer, cost())
    }

    fn create(&mut self, parent: Option<&TaskId>) -> (TaskId, Cost) {
        let new = CreateTask {
            title: "new".to_owned(),
            parents: parent.iter().map(ToString::to_string).collect(),
            ..CreateTask::default()
        };
        match self.give(&Actor::full("ada"), new.into()) {
            (Answer::Created(Created { task, .. }), cost) => (task, cost),
            (other, _) => panic!("{other:?}"),
        }
    }

    fn claim(&mut self, task: &TaskId) -> Cost {
        let claim = ClaimTask {
            task: task.clone(),
            lock: "host:1".to_owned(),
            ttl: LEASE,
            lane: Some("shell".to_owned()),
            policy: ClaimPolicy {
                global_cap: Some(2),
                lane_cap: Some(2),
                respects_rest: true,
                respects_pause: true,
                ..ClaimPolicy::default()
            },
        };
        self.give(&Actor::dispatcher(), claim.into()).1
    }

    fn complete(&mut self, task: &TaskId) -> Cost {
        let complete = CompleteTask {
            task: task.clone(),
            result: Some("42".to_owned()),
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        };
        self.give(&Actor::full("ada"), complete.into()).1
    }
}

fn trace(connection: &Connection) {
    *COUNTED.lock().unwrap() = Some(Counted::default());
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(count));
}

fn cost() -> Cost {
    let counted = COUNTED.lock().unwrap().take().unwrap();
    let for_holds = counted.steps.iter();
    let for_holds = for_holds.filter(|(sql, _)| sql.contains("lane_holds"));
    Cost {
        statements: counted.statements,
        steps: counted.steps.values().sum(),
        steps_for_holds: for_holds.map(|(_, steps)| steps).sum(),
        sorts: counted.sorts.values().sum(),
    }
}

/// A search that ends at the end of an index takes a step fewer than one that ends at the entry of
/// another task, so a few more are no growth.
#[track_caller]
fn assert_same(small: Cost, large: Cost) {
    assert!(small.steps > 0, "nothing was counted");
    assert_eq!(small.statements, large.statements);
    assert!(
        (small.steps - 10..small.steps + 10).contains(&large.steps),
        "{small:?} {large:?}"
    );
}

#[tokio::test]
async fn a_snapshot_and_a_task_take_as_many_statements_on_a_large_board() {
    let _turn = TURN.lock().await;
    let mut costs = Vec::new();
    for groups in [1, 100] {
        let board = Board::of(groups);
        let filter = BoardFilter::default;
        let (snapshot, of_snapshot) = board.cost_of(async |it| it.board(filter()).await).await;
        let snapshot = snapshot.unwrap();
        assert_eq!(snapshot.tasks.len(), usize::try_from(groups).unwrap() * 9);
        let id = &snapshot.tasks[0].id;
        let (_, of_detail) = board.cost_of(async |it| it.task(id).await.unwrap()).await;
        costs.push((of_snapshot.statements, of_detail.statements));
    }
    assert_eq!(costs[0], costs[1]);
    assert!(costs[0].0 > 0 && costs[0].1 > 0, "nothing was counted");
}

#[tokio::test]
async fn no_read_of_the_whole_board_has_sqlite_sort_it() {
    let _turn = TURN.lock().await;
    let board = Board::of(10);
    let copy = async |kernel: &Kernel| kernel.board_changes(None).await.unwrap();
    let (changes, cost) = board.cost_of(copy).await;
    assert_eq!((changes.rows.len(), cost.sorts), (100, 0), "{cost:?}");
    let snapshot = async |kernel: &Kernel| kernel.board(BoardFilter::default()).await.unwrap();
    let (_, cost) = board.cost_of(snapshot).await;
    assert_eq!(cost.sorts, 0, "{cost:?}");
}

#[tokio::test]
async fn a_list_is_sorted_once() {
    let _turn = TURN.lock().await;
    let board = Board::of(10);
    let list = async |kernel: &Kernel| kernel.task_lines(TaskFilter::default()).await.unwrap();
    let (_, cost) = board.cost_of(list).await;
    assert_eq!(cost.sorts, 1, "{cost:?}");
}

#[tokio::test]
async fn a_look_at_an_idle_board_costs_as_much_on_a_large_one() {
    let _turn = TURN.lock().await;
    let mut costs = Vec::new();
    for groups in [1, 500] {
        let board = Board::of(groups);
        // The queries of one dispatcher tick.
        let look = async |kernel: &Kernel| {
            assert!(kernel.claims().await.unwrap().stale.is_empty());
            let look = kernel.look(kernel.now()).await.unwrap();
            assert!(look.open.is_empty() && look.assignees.is_empty());
            assert_eq!((look.next_lease_end, look.next_rest_end), (None, None));
            let lanes = vec!["shell".to_owned(), "codex".to_owned()];
            assert!(kernel.startable(lanes, 8).await.unwrap().is_empty());
        };
        costs.push(board.cost_of(look).await.1);
    }
    assert_same(costs[0], costs[1]);
    // A glance at an empty table.
    let for_holds = costs[0].steps_for_holds;
    assert!((1..=LOOK_FOR_HOLDS).contains(&for_holds), "{for_holds}");
}

#[test]
fn a_verb_looks_at_the_tasks_that_it_is_about_and_at_no_other() {
    let _turn = TURN.blocking_lock();
    let mut costs = Vec::new();
    for groups in [1, 500] {
        let board = Board::of(groups);
        let mut writer = board.writer();
        let (parent, create) = writer.create(None);
        let children = [(); 3].map(|()| writer.create(Some(&parent)));
        let claim = writer.claim(&parent);
        // All three children become ready.
        let complete = writer.complete(&parent);
        let cost_of_child = children.last().unwrap().1;
        costs.push([create, cost_of_child, claim, complete]);
    }
    for (small, large) in std::iter::zip(costs[0], costs[1]) {
        assert_same(small, large);
    }
    let for_holds = costs[0].map(|cost| cost.steps_for_holds);
    assert_eq!(
        (for_holds[0], for_holds[1]),
        (0, 0),
        "a new task asks for no hold"
    );
    assert!(
        for_holds.iter().all(|steps| *steps <= 2 * LOOK_FOR_HOLDS),
        "{for_holds:?}"
    );
}

/// In which order parents are finished that are linked in this one.
type Order = fn(&mut Vec<TaskId>);

/// Each completion once passed all the parents that were finished before it: in the order of their links,
/// and then in others.
#[test]
fn finishing_many_parents_of_one_task_in_any_order_costs_each_of_them_the_same() {
    let _turn = TURN.blocking_lock();
    let board = Board::of(1);
    let mut writer = board.writer();
    let mut cost_of_each = |count: usize, order: Order| {
        let mut parents: Vec<TaskId> = (0..count).map(|_| writer.create(None).0).collect();
        let new = CreateTask {
            title: "last".to_owned(),
            parents: parents.iter().map(ToString::to_string).collect(),
            ..CreateTask::default()
        };
        writer.give(&Actor::full("ada"), new.into());
        order(&mut parents);
        let steps: i64 = parents
            .iter()
            .map(|parent| writer.complete(parent).steps)
            .sum();
        steps / i64::try_from(count).unwrap()
    };
    let orders: [(&str, Order); 6] = [
        ("as linked", |_| {}),
        ("the last first", |parents| parents.reverse()),
        ("the last, then as linked", |parents| {
            parents.rotate_right(1);
        }),
        ("the second half, then the first", |parents| {
            let half = parents.len() / 2;
            parents.rotate_right(half);
        }),
        ("both ends, then the middle from its end", |parents| {
            let third = parents.len() / 3;
            parents.rotate_right(third);
            parents[2 * third..].reverse();
        }),
        ("at random", |parents| {
            parents.shuffle(&mut StdRng::seed_from_u64(1));
        }),
    ];
    for (name, order) in orders {
        let (few, many) = (cost_of_each(25, order), cost_of_each(200, order));
        assert!(many < 2 * few, "{name}: {few} {many}");
    }
}
