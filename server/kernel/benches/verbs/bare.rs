//! The yardstick: one connection, prepared statements that write what the verbs write, nothing else.

use std::path::Path;

use domain::board::TaskSummary;
use domain::id::{RunToken, TaskId};
use domain::status::Status;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rusqlite::{Connection, TransactionBehavior};

use crate::{Verbs, template};

/// A connection set up as the kernel's own are.
#[expect(
    clippy::disallowed_methods,
    reason = "the yardstick has a connection of its own"
)]
pub(crate) fn connect(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.pragma_update(None, "synchronous", "FULL").unwrap();
    conn.pragma_update(None, "foreign_keys", true).unwrap();
    conn.set_prepared_statement_cache_capacity(64);
    conn
}

pub(crate) struct Bare {
    conn: Connection,
    rng: StdRng,
    tasks: u32,
}

impl Bare {
    pub(crate) fn open(path: &Path) -> Self {
        Self {
            conn: connect(path),
            rng: StdRng::seed_from_u64(2),
            // No board of the benchmark has as many.
            tasks: 1 << 31,
        }
    }

    fn write(&mut self, body: impl FnOnce(&Connection) -> rusqlite::Result<usize>) {
        let transaction = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        body(&transaction).unwrap();
        transaction.commit().unwrap();
    }

    /// The columns that a snapshot selects, but for the counts, stepped into structs.
    pub(crate) fn scan(&self) -> Vec<TaskSummary> {
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT id, title, assignee, status, priority, tenant, created_at, started_at, \
                     completed_at, status_since, not_before, spawn_failures, last_spawn_error, \
                     rowid, \
                     iif(status = 'ready', EXISTS ( \
                         SELECT 1 FROM task_links AS link JOIN tasks AS parent ON parent.id = link.parent_id \
                         WHERE link.child_id = tasks.id AND parent.status NOT IN ('done', 'archived')), \
                     waiting), \
                     iif(status = 'blocked' AND block_reason IS NULL, \
                         (SELECT iif(json_valid(payload), payload ->> '$.reason', NULL) FROM task_events \
                          WHERE task_id = tasks.id AND kind = 'blocked' \
                            AND task_events.created_at >= tasks.status_since - 5 \
                          ORDER BY task_events.created_at DESC, task_events.id DESC LIMIT 1), \
                     block_reason), \
                     status = 'running' AND (worker_pid IS NOT NULL OR EXISTS ( \
                         SELECT 1 FROM runs \
                         WHERE task_id = tasks.id AND ended_at IS NULL AND lane IS NOT NULL)) \
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
                    has_worker: row.get(16)?,
                    priority: row.get(4)?,
                    tenant: row.get(5)?,
                    created_at: Timestamp(row.get(6)?),
                    started_at: row.get::<_, Option<i64>>(7)?.map(Timestamp),
                    completed_at: row.get::<_, Option<i64>>(8)?.map(Timestamp),
                    status_since: Timestamp(row.get(9)?),
                    not_before: row.get::<_, Option<i64>>(10)?.map(Timestamp),
                    failures: row.get(11)?,
                    last_error: row.get(12)?,
                    waiting: row.get(14)?,
                    block_reason: row.get(15)?,
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

impl Verbs for Bare {
    fn create(&mut self) -> TaskId {
        self.tasks += 1;
        let id = template::id(self.tasks);
        self.write(|conn| {
            conn.prepare_cached(
                "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, \
                     created_at, workspace_kind, workspace_path, tenant, idempotency_key, waiting, \
                     status_since, failure_limit) \
                 VALUES (?1, 'a task of the benchmark', NULL, 'shell', 'ready', 0, 'ada', \
                     1777200000, 'scratch', NULL, NULL, NULL, 0, 1777200000, NULL)",
            )?
            .execute([id.as_str()])?;
            conn.prepare_cached(EVENT)?.execute((
                id.as_str(),
                "created",
                r#"{"assignee":"shell","status":"ready","parents":[],"tenant":null}"#,
            ))?;
            let event = conn.last_insert_rowid();
            conn.prepare_cached(
                "INSERT INTO acts (first_event, last_event, steps) VALUES (?1, ?1, ?2)",
            )?
            .execute((event, format!(r#"[{{"task":"{id}","inverse":"created"}}]"#)))
        });
        id
    }

    fn claim(&mut self, id: &TaskId) -> RunToken {
        let token = RunToken::from_bits(self.rng.random());
        self.write(|conn| {
            conn.prepare_cached(
                "INSERT INTO runs (task_id, lane, token, lease_expires, started_at) \
                 VALUES (?1, 'shell', ?2, 1777200900, 1777200000)",
            )?
            .execute((id.as_str(), token.as_str()))?;
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
        token
    }

    fn complete(&mut self, id: &TaskId, token: &RunToken) {
        self.write(|conn| {
            conn.prepare_cached(
                "UPDATE runs SET ended_at = 1777200000, outcome = 'completed' \
                 WHERE token = ?1 AND ended_at IS NULL",
            )?
            .execute([token.as_str()])?;
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
}

const EVENT: &str = "INSERT INTO task_events (task_id, kind, payload, created_at) \
     VALUES (?1, ?2, ?3, 1777200000)";
