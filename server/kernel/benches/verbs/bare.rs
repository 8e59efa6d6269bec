//! The yardstick: one connection, prepared statements that write what the verbs write, nothing else.

use std::path::Path;

use domain::board::TaskSummary;
use domain::id::{RunToken, TaskId};
use kernel::board_cards;
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

    /// The kernel's own query for the cards, without the counts and without its readers.
    pub(crate) fn scan(&self) -> Vec<TaskSummary> {
        board_cards(&self.conn).unwrap()
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
