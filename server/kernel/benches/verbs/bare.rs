//! The yardstick: one connection, prepared statements, nothing else.

use std::path::Path;

use domain::board::TaskSummary;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Timestamp;
use rusqlite::{Connection, TransactionBehavior};

#[expect(
    clippy::disallowed_methods,
    reason = "the yardstick has a connection of its own"
)]
fn connect(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    conn
}

/// Puts `size` tasks on a board, of every eight four done, two ready and two waiting for one that
/// is not done; each with an event.
pub(crate) fn fill(path: &Path, size: u32) {
    let mut conn = connect(path);
    let transaction = conn.transaction().unwrap();
    for number in 0..size {
        let id = TaskId::from_bits(number);
        let status = match number % 8 {
            0..4 => "done",
            4..6 => "ready",
            _ => "todo",
        };
        transaction
            .prepare_cached(
                "INSERT INTO tasks (id, title, assignee, status, priority, created_by, created_at, \
                     status_since, completed_at, result) \
                 VALUES (?1, 'a task that was there before', 'ada', ?3, 0, 'bench', ?2, ?2, \
                     ?2, 'fine')",
            )
            .unwrap()
            .execute((id.as_str(), number, status))
            .unwrap();
        transaction
            .prepare_cached(
                "INSERT INTO task_events (task_id, kind, payload, created_at) \
                 VALUES (?1, 'completed', '{\"result_len\":4}', ?2)",
            )
            .unwrap()
            .execute((id.as_str(), number))
            .unwrap();
        if status == "todo" {
            transaction
                .prepare_cached("UPDATE tasks SET waiting = 1 WHERE id = ?1")
                .unwrap()
                .execute([id.as_str()])
                .unwrap();
            transaction
                .prepare_cached("INSERT INTO task_links VALUES (?1, ?2)")
                .unwrap()
                .execute((TaskId::from_bits(number - 2).as_str(), id.as_str()))
                .unwrap();
        }
    }
    transaction.commit().unwrap();
}

pub(crate) struct Board {
    conn: Connection,
    next: u32,
}

impl Board {
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            conn: connect(path),
            next: 0x8000_0000,
        }
    }

    pub(crate) fn create(&mut self) {
        self.next += 1;
        let id = TaskId::from_bits(self.next);
        self.write(|conn| {
            conn.prepare_cached(
                "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, \
                     created_at, workspace_kind, workspace_path, tenant, idempotency_key, waiting, \
                     status_since, failure_limit) \
                 VALUES (?1, 'a task of the benchmark', NULL, 'shell', 'ready', 0, 'dispatcher', \
                     1777200000, 'scratch', NULL, NULL, NULL, 0, 1777200000, NULL)",
            )?
            .execute([id.as_str()])?;
            conn.prepare_cached(EVENT)?.execute((
                id.as_str(),
                "created",
                r#"{"assignee":"shell","status":"ready","parents":[],"tenant":null}"#,
            ))
        });
    }

    pub(crate) fn claim(&mut self, id: &TaskId) {
        self.next += 1;
        let token = format!("{:032x}", self.next);
        self.write(|conn| {
            conn.prepare_cached(
                "INSERT INTO runs (task_id, lane, token, lease_expires, started_at) \
                 VALUES (?1, NULL, ?2, 1777200900, 1777200000)",
            )?
            .execute((id.as_str(), token))?;
            conn.prepare_cached(
                "UPDATE tasks SET status = 'running', status_since = 1777200000, \
                     claim_lock = 'host:1', claim_expires = 1777200900, started_at = 1777200000, \
                     not_before = NULL \
                 WHERE id = ?1",
            )?
            .execute([id.as_str()])?;
            conn.prepare_cached(EVENT)?.execute((
                id.as_str(),
                "claimed",
                r#"{"lock":"host:1","expires":1777200900}"#,
            ))
        });
    }

    pub(crate) fn complete(&mut self, id: &TaskId) {
        self.write(|conn| {
            conn.prepare_cached(
                "UPDATE runs SET ended_at = 1777200000, outcome = 'completed' \
                 WHERE task_id = ?1 AND ended_at IS NULL",
            )?
            .execute([id.as_str()])?;
            conn.prepare_cached(
                "UPDATE tasks SET status = 'done', status_since = 1777200000, \
                     completed_at = 1777200000, result = '42', claim_lock = NULL, \
                     claim_expires = NULL, worker_pid = NULL, not_before = NULL, \
                     spawn_failures = 0, last_spawn_error = NULL \
                 WHERE id = ?1",
            )?
            .execute([id.as_str()])?;
            let payload = r#"{"result_len":2}"#;
            conn.prepare_cached(EVENT)?
                .execute((id.as_str(), "completed", payload))
        });
    }

    fn write(&mut self, body: impl FnOnce(&Connection) -> rusqlite::Result<usize>) {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        body(&transaction).unwrap();
        transaction.commit().unwrap();
    }

    /// The columns of a snapshot, stepped into structs.
    pub(crate) fn scan(&self) -> Vec<TaskSummary> {
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT id, title, assignee, status, priority, tenant, created_at, started_at, \
                     completed_at, status_since, not_before, spawn_failures, last_spawn_error, \
                     rowid \
                 FROM tasks WHERE status <> 'archived' ORDER BY priority DESC, created_at, rowid",
            )
            .unwrap();
        let rows = statement
            .query_map((), |row| {
                Ok(TaskSummary {
                    id: row.get::<_, String>(0)?.try_into().unwrap(),
                    number: row.get(13)?,
                    title: row.get(1)?,
                    assignee: row.get(2)?,
                    status: Status::from(row.get::<_, String>(3)?),
                    priority: row.get(4)?,
                    tenant: row.get(5)?,
                    created_at: Timestamp(row.get(6)?),
                    started_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                    completed_at: row.get::<_, Option<i64>>(8)?.map(Timestamp),
                    status_since: Timestamp(row.get(9)?),
                    not_before: row.get::<_, Option<i64>>(10)?.map(Timestamp),
                    failures: row.get(11)?,
                    last_error: row.get(12)?,
                    parents: 0,
                    children: 0,
                    children_done: 0,
                    comments: 0,
                })
            })
            .unwrap();
        rows.map(Result::unwrap).collect()
    }
}

const EVENT: &str = "INSERT INTO task_events (task_id, kind, payload, created_at) \
     VALUES (?1, ?2, ?3, 1777200000)";
