//! Boards that hermes-agent made open in place, with everything that is in them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use domain::actor::Actor;
use domain::command::{CompleteTask, Count, Created, ReleaseStaleClaims};
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use kernel::{Kernel, TaskFilter};
use rusqlite::Connection;
use rusqlite::types::Value;
use tempfile::TempDir;

use crate::board::person;

/// The schema before the seed, which lacks six columns, and one task in each of its statuses.
const BEFORE_THE_SEED: &str = "
    CREATE TABLE tasks (
        id TEXT PRIMARY KEY, title TEXT NOT NULL, body TEXT, assignee TEXT, status TEXT NOT NULL,
        priority INTEGER DEFAULT 0, created_by TEXT, created_at INTEGER NOT NULL,
        started_at INTEGER, completed_at INTEGER, workspace_kind TEXT NOT NULL DEFAULT 'scratch',
        workspace_path TEXT, claim_lock TEXT, claim_expires INTEGER);
    CREATE TABLE task_links (
        parent_id TEXT NOT NULL, child_id TEXT NOT NULL, PRIMARY KEY (parent_id, child_id));
    CREATE TABLE task_comments (
        id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, author TEXT NOT NULL,
        body TEXT NOT NULL, created_at INTEGER NOT NULL);
    CREATE TABLE task_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT, task_id TEXT NOT NULL, kind TEXT NOT NULL,
        payload TEXT, created_at INTEGER NOT NULL);
    INSERT INTO tasks (id, title, status, created_at, claim_lock, claim_expires) VALUES
        ('t_0001', 'an idea', 'triage', 1, NULL, NULL), ('t_0002', 'parentless', 'todo', 2, NULL, NULL),
        ('t_0003', 'next', 'ready', 3, NULL, NULL), ('t_0004', 'claimed', 'running', 4, 'h:1', 9),
        ('t_0005', 'dragged', 'running', 5, NULL, NULL), ('t_0006', 'stuck', 'blocked', 6, NULL, NULL),
        ('t_0007', 'over', 'done', 7, NULL, NULL), ('t_0008', 'gone', 'archived', 8, 'h:1', 9),
        ('t_0009', 'waits', 'todo', 9, NULL, NULL),
        ('t_000a', 'too early', 'ready', 10, NULL, NULL);
    INSERT INTO task_links VALUES ('t_0003', 't_0009'), ('t_dead', 't_0009'), ('t_0003', 't_000a');
    INSERT INTO task_comments (task_id, author, body, created_at) VALUES ('t_0003', 'ada', 'hm', 5);
    INSERT INTO task_events (task_id, kind, payload, created_at)
        VALUES ('t_0003', 'created', '{\"status\": \"ready\"}', 3), ('t_0004', 'odd', 'no json', 4);
";

/// The columns and tables that the seed added.
const THE_SEED: &str = "
    ALTER TABLE tasks ADD COLUMN tenant TEXT;
    ALTER TABLE tasks ADD COLUMN result TEXT;
    ALTER TABLE tasks ADD COLUMN idempotency_key TEXT;
    ALTER TABLE tasks ADD COLUMN spawn_failures INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE tasks ADD COLUMN worker_pid INTEGER;
    ALTER TABLE tasks ADD COLUMN last_spawn_error TEXT;
    CREATE TABLE kanban_notify_subs (
        task_id TEXT NOT NULL, platform TEXT NOT NULL, chat_id TEXT NOT NULL,
        thread_id TEXT NOT NULL DEFAULT '', user_id TEXT, created_at INTEGER NOT NULL,
        last_event_id INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (task_id, platform, chat_id, thread_id));
    CREATE INDEX idx_tasks_tenant ON tasks (tenant);
    INSERT INTO kanban_notify_subs VALUES ('t_0003', 'slack', 'C1', '', 'U1', 5, 1);
    UPDATE tasks SET idempotency_key = 'twice' WHERE id IN ('t_0002', 't_0003');
    UPDATE tasks SET result = 'fine', spawn_failures = 2 WHERE id = 't_0007';
";

/// A foreign file in a folder of its own.
pub(crate) struct Foreign {
    folder: TempDir,
}

impl Foreign {
    fn from_sql(statements: &[&str]) -> Self {
        let foreign = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let conn = connect(&foreign.path());
        for sql in statements {
            conn.execute_batch(sql).unwrap();
        }
        foreign
    }

    pub(crate) fn from_file(name: &str) -> Self {
        let foreign = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let data = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name);
        std::fs::copy(data, foreign.path()).unwrap();
        foreign
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("kanban.db")
    }

    pub(crate) fn copies(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("backups")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test plays the other program"
)]
fn connect(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

pub(crate) type Rows = BTreeMap<String, Vec<Vec<(String, Value)>>>;

/// Every row of every table, column by column. The search index is not the other program's.
pub(crate) fn everything(path: &Path) -> Rows {
    let conn = connect(path);
    let mut tables = conn
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                 AND name NOT LIKE 'search%'",
        )
        .unwrap();
    let names: Vec<String> = tables
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let rows_of = |table: &str| {
        let mut statement = conn
            .prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2"))
            .unwrap();
        let columns: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let rows = statement.query_map((), |row| {
            columns
                .iter()
                .enumerate()
                .map(|(i, name)| Ok((name.clone(), row.get(i)?)))
                .collect()
        });
        rows.unwrap().map(Result::unwrap).collect()
    };
    names
        .iter()
        .map(|name| (name.clone(), rows_of(name)))
        .collect()
}

/// The columns that opening may change: tasks that are ready too early, the claims of tasks that do
/// not run, and the content of renamed columns.
const MENDED: [&str; 6] = [
    "status",
    "claim_lock",
    "claim_expires",
    "worker_pid",
    "spawn_failures",
    "last_spawn_error",
];

/// Checks that every row is still there and unchanged, but for the columns `mended`.
#[track_caller]
pub(crate) fn assert_all_is_there(before: &Rows, after: &Rows, mended: &[&str]) {
    for (table, rows) in before {
        assert_eq!(rows.len(), after[table].len(), "rows of {table}");
        for (old, new) in rows.iter().zip(&after[table]) {
            for (column, value) in old
                .iter()
                .filter(|(name, _)| !mended.contains(&name.as_str()))
            {
                let found = new.iter().find(|(name, _)| name == column);
                assert_eq!(
                    found.map(|(_, value)| value),
                    Some(value),
                    "{table}.{column}"
                );
            }
        }
    }
}

pub(crate) async fn tasks(kernel: &Kernel) -> BTreeMap<String, Task> {
    let filter = TaskFilter {
        include_archived: true,
        ..TaskFilter::default()
    };
    let tasks = kernel.tasks(filter).await.unwrap();
    tasks
        .into_iter()
        .map(|task| (task.title.clone(), task))
        .collect()
}

/// Opens the file and checks what holds for every foreign board.
async fn open(foreign: &Foreign) -> Kernel {
    let before = everything(&foreign.path());
    let kernel = Kernel::open(&foreign.path()).unwrap();
    assert_all_is_there(&before, &everything(&foreign.path()), &MENDED);
    assert_eq!(foreign.copies().len(), 1);
    assert_eq!(everything(&foreign.copies()[0]), before);

    let open_runs = kernel.open_runs().await.unwrap();
    for task in tasks(&kernel).await.values() {
        let is_running = task.status == Status::Running;
        assert_eq!(
            open_runs.iter().filter(|run| run.task == task.id).count(),
            usize::from(is_running)
        );
        assert_eq!(
            (task.claim_lock.is_some(), task.claim_expires.is_some()),
            (is_running, is_running)
        );
    }
    // The second opening has nothing left to do.
    drop(Kernel::open(&foreign.path()).unwrap());
    assert_eq!(foreign.copies().len(), 1);
    kernel
}

#[tokio::test]
async fn a_board_from_before_the_seed_opens_with_all_that_is_in_it() {
    let foreign = Foreign::from_sql(&[BEFORE_THE_SEED]);
    let kernel = open(&foreign).await;
    let tasks = tasks(&kernel).await;
    assert_eq!(tasks.len(), 10);
    assert_eq!(tasks["too early"].status, Status::Todo);
    assert!(tasks["too early"].waiting);
    assert!(tasks["waits"].waiting);
    assert!(
        !tasks["parentless"].waiting,
        "what a person put into todo stays there"
    );
    let next: TaskId = "t_0003".parse().unwrap();
    let detail = kernel.task(&next).await.unwrap();
    assert_eq!((detail.comments.len(), detail.events.len()), (1, 1));
    kernel
        .execute(
            &person(),
            CompleteTask {
                task: next,
                result: None,
                summary: None,
                metadata: None,
                outcome: None,
                unchecked: false,
            },
        )
        .await
        .unwrap();
    assert_eq!(
        kernel.task(&tasks["waits"].id).await.unwrap().task.status,
        Status::Ready
    );
}

#[tokio::test]
async fn a_board_opens_whatever_kind_of_value_its_attempts_hold() {
    for name in ["hermes-0.13.db", "hermes-0.19.db"] {
        let foreign = Foreign::from_file(name);
        connect(&foreign.path())
            .execute_batch(
                "UPDATE task_runs SET started_at = 1.5, last_heartbeat_at = 'late', \
                     worker_pid = x'07', error = x'00ff', summary = 7, metadata = x'7b7d'; \
                 UPDATE task_runs SET ended_at = 2.5 WHERE ended_at IS NOT NULL; \
                 UPDATE tasks SET claim_expires = 9.5, worker_pid = 'none', started_at = 3.5 \
                 WHERE status = 'running'",
            )
            .unwrap();
        let kernel = Kernel::open(&foreign.path()).expect(name);
        assert!(!tasks(&kernel).await.is_empty());
    }
}

#[tokio::test]
async fn a_board_of_another_program_starts_paused_also_without_a_task() {
    let empty = Foreign::from_sql(&[BEFORE_THE_SEED, "DELETE FROM tasks"]);
    let kernel = Kernel::open(&empty.path()).unwrap();
    assert_eq!(kernel.dispatch().await.unwrap().paused.len(), 1);
    let folder = tempfile::tempdir().unwrap();
    let new = Kernel::open(&folder.path().join("kanban.db")).unwrap();
    assert!(new.dispatch().await.unwrap().paused.is_empty());
}

#[tokio::test]
async fn claims_of_another_program_end_when_their_lease_does() {
    let foreign = Foreign::from_sql(&[BEFORE_THE_SEED]);
    let kernel = open(&foreign).await;
    let receipt = kernel
        .execute(&Actor::dispatcher(), ReleaseStaleClaims)
        .await
        .unwrap();
    assert_eq!(receipt.answer, Count(2));
    assert_eq!(tasks(&kernel).await["dragged"].status, Status::Ready);
}

#[tokio::test]
async fn the_newest_live_task_of_the_seed_owns_a_key_that_stands_there_twice() {
    let foreign = Foreign::from_sql(&[BEFORE_THE_SEED, THE_SEED]);
    let kernel = open(&foreign).await;
    let new = domain::command::CreateTask {
        title: "again".to_owned(),
        idempotency_key: Some("twice".to_owned()),
        ..Default::default()
    };
    let Created { task, is_new } = kernel.execute(&person(), new).await.unwrap().answer;
    assert!(!is_new);
    assert_eq!(task.as_str(), "t_0003");
    assert_eq!(tasks(&kernel).await["over"].failures, 2);
}

#[tokio::test]
async fn a_board_of_0_13_keeps_its_attempts() {
    let kernel = open(&Foreign::from_file("hermes-0.13.db")).await;
    keeps_its_attempts(&kernel).await;
}

#[tokio::test]
async fn a_board_of_0_19_keeps_its_attempts_and_a_status_we_do_not_know() {
    let kernel = open(&Foreign::from_file("hermes-0.19.db")).await;
    keeps_its_attempts(&kernel).await;
    let tonight = &tasks(&kernel).await["for tonight"];
    assert_eq!(tonight.status, Status::from("scheduled".to_owned()));
}

async fn keeps_its_attempts(kernel: &Kernel) {
    let tasks = tasks(kernel).await;
    let parent = kernel.task(&tasks["collect the figures"].id).await.unwrap();
    assert_eq!(parent.runs.len(), 1);
    assert_eq!(parent.runs[0].outcome, Some(Outcome::Completed));
    assert_eq!(parent.runs[0].summary.as_deref(), Some("counted twice"));
    assert_eq!(parent.task.result.as_deref(), Some("42"));
    assert_eq!(
        parent.children,
        [tasks["write it up — naïve draft"].id.clone()]
    );
    let keyed = &tasks["nightly import"];
    assert_eq!((keyed.failures, keyed.failure_limit), (1, Some(3)));
    assert_eq!(keyed.last_error.as_deref(), Some("no such profile"));
}

#[test]
fn a_database_of_something_else_is_refused_and_left_alone() {
    let foreign =
        Foreign::from_sql(&["CREATE TABLE tasks (name TEXT); INSERT INTO tasks VALUES ('x')"]);
    let before = std::fs::read(foreign.path()).unwrap();
    assert!(matches!(
        Kernel::open(&foreign.path()).err(),
        Some(kernel::Error::NotABoard(_))
    ));
    assert_eq!(std::fs::read(foreign.path()).unwrap(), before);
    assert!(!foreign.folder.path().join("backups").exists());
}
