//! A server that writes the rows of a board and does nothing else: axum, one thread that writes, and a
//! commit that all share who wait for it.
//!
//! It takes the place of the program in `with-server.sh`, so that `bench.py` finds out what axum, SQLite
//! and its own client can do on this machine. It checks nothing, knows no rules and reads nothing: its
//! board is as many blanks as ours has bytes.

#![expect(
    clippy::print_stdout,
    reason = "it says where it listens, as the program does"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{self, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use domain::id::TaskId;
use kernel::Kernel;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, TransactionBehavior, params};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// The size of a task on the board that `bench.py` makes, in bytes.
const BYTES_PER_TASK: usize = 855;

/// As many tasks as its board shows at most.
const MOST_TASKS: usize = 20_000;

/// It is followed by as many blanks as make it as long as the real one.
const EMPTY_BOARD: &[u8] = br#"{"columns":[]}"#;

/// The most writes that share a commit, as in the kernel.
const BATCH: usize = 128;

/// A write, and the request that waits for it.
struct Write {
    id: String,
    said: Value,
    written: oneshot::Sender<bool>,
}

#[derive(Clone)]
struct Shared {
    writes: Sender<Write>,
    tasks: Arc<AtomicUsize>,
    board: Bytes,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let home =
        std::env::var_os("KANBAN_HOME").context("KANBAN_HOME names the folder of the token")?;
    let home = PathBuf::from(home);
    tokio::fs::write(home.join("token"), "yardstick").await?;
    let path = home.join("kanban.db");
    // Its tables and indexes are those of the kernel.
    drop(Kernel::open(&path)?);
    let mut connection = open(&path)?;
    let (writes, inbox) = channel();
    std::thread::spawn(move || serve(&mut connection, &inbox));
    let mut board = EMPTY_BOARD.to_vec();
    board.resize(MOST_TASKS * BYTES_PER_TASK, b' ');
    let routes = Router::new()
        .route("/board", get(board_of_blanks))
        .route("/stats", get(nothing))
        .route("/config", get(nothing))
        .route("/tasks/{id}/log", get(nothing))
        .route("/links", post(nothing))
        .route("/tasks", post(new_task))
        .route("/tasks/bulk", post(no_results))
        .route("/tasks/{id}", patch(moved).get(nothing))
        .route("/tasks/{id}/comments", post(nothing))
        .with_state(Shared {
            writes,
            tasks: Arc::default(),
            board: Bytes::from(board),
        });
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let routes = Router::new().nest("/api/plugins/kanban", routes);
    axum::serve(listener, routes).await?;
    Ok(())
}

/// A connection set up as the kernel's writer is.
#[expect(
    clippy::disallowed_methods,
    reason = "the yardstick has a connection of its own"
)]
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    Ok(connection)
}

/// Writes what comes, and commits once for all that is there by then.
fn serve(connection: &mut Connection, inbox: &Receiver<Write>) {
    while let Ok(first) = inbox.recv() {
        let batch: Vec<Write> = std::iter::once(first)
            .chain(inbox.try_iter().take(BATCH - 1))
            .collect();
        let is_written = write(connection, &batch).is_ok();
        for one in batch {
            one.written.send(is_written).ok();
        }
    }
}

fn write(connection: &mut Connection, batch: &[Write]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for Write { id, said, .. } in batch {
        let text = |name: &str| said[name].as_str();
        let (kind, payload) = if let Some(status) = text("status") {
            transaction
                .prepare_cached(
                    "UPDATE tasks SET status = ?2, status_since = unixepoch() WHERE id = ?1",
                )?
                .execute((id, status))?;
            ("status", json!({ "status": status }))
        } else {
            transaction
                .prepare_cached(
                    "INSERT INTO tasks (id, title, body, assignee, status, priority, created_by, created_at, \
                         workspace_kind, tenant, waiting, status_since) \
                     VALUES (?1, ?2, ?3, ?4, 'ready', ?5, 'api', unixepoch(), 'scratch', ?6, 0, unixepoch())",
                )?
                .execute(params![id, text("title"), text("body"), text("assignee"), said["priority"].as_i64(), text("tenant")])?;
            (
                "created",
                json!({ "assignee": said["assignee"], "status": "ready", "parents": [], "tenant": said["tenant"] }),
            )
        };
        transaction
            .prepare_cached("INSERT INTO task_events (task_id, kind, payload, created_at) VALUES (?1, ?2, ?3, unixepoch())")?
            .execute((id, kind, payload.to_string()))?;
        let event = transaction.last_insert_rowid();
        transaction
            .prepare_cached(
                "INSERT INTO acts (first_event, last_event, steps) VALUES (?1, ?1, ?2)",
            )?
            .execute((event, json!([{ "task": id, "inverse": kind }]).to_string()))?;
    }
    transaction.commit()
}

impl Shared {
    async fn written(&self, id: String, said: Value) -> StatusCode {
        let (written, is_written) = oneshot::channel();
        let write = Write { id, said, written };
        let sent = self.writes.send(write).is_ok();
        if sent && is_written.await == Ok(true) {
            StatusCode::OK
        } else {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

async fn board_of_blanks(State(shared): State<Shared>) -> impl IntoResponse {
    let tasks = shared.tasks.load(Ordering::Relaxed);
    let length = EMPTY_BOARD.len().max(tasks * BYTES_PER_TASK);
    let json = [(CONTENT_TYPE, "application/json")];
    (json, shared.board.slice(..length.min(shared.board.len())))
}

async fn new_task(State(shared): State<Shared>, Json(said): Json<Value>) -> impl IntoResponse {
    shared.tasks.fetch_add(1, Ordering::Relaxed);
    let id = TaskId::from_bits(rand::random()).to_string();
    let answer = Json(json!({ "task": { "id": id } }));
    (shared.written(id, said).await, answer)
}

async fn moved(
    State(shared): State<Shared>,
    extract::Path(id): extract::Path<String>,
    Json(said): Json<Value>,
) -> impl IntoResponse {
    (shared.written(id, said).await, Json(json!({})))
}

async fn no_results() -> impl IntoResponse {
    Json(json!({ "results": [] }))
}

async fn nothing() -> impl IntoResponse {
    Json(json!({}))
}
