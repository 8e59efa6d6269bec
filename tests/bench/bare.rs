//! The least that a server of the plugin API can do: it answers without knowing anything.
//!
//! It takes the place of the program in `with-server.sh`, so that `bench.py` finds out how fast axum
//! and its own client are on this machine. What `kanban` takes beyond that, the board takes.

#![expect(
    clippy::print_stdout,
    reason = "it says where it listens, as the program does"
)]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, patch, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

/// The size of a task on the board that `bench.py` makes, in bytes.
const BYTES_PER_TASK: usize = 855;

/// As many tasks as it is asked to hold at most.
const MOST_TASKS: usize = 20_000;

/// It is followed by as many blanks as make it as long as the real one.
const EMPTY_BOARD: &[u8] = br#"{"columns":[]}"#;

static TASKS: AtomicUsize = AtomicUsize::new(0);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let home =
        std::env::var_os("KANBAN_HOME").context("KANBAN_HOME names the folder of the token")?;
    tokio::fs::write(PathBuf::from(home).join("token"), "bare").await?;
    let mut board = EMPTY_BOARD.to_vec();
    board.resize(MOST_TASKS * BYTES_PER_TASK, b' ');
    let routes = Router::new()
        .route("/board", get(board_of_blanks))
        .route("/stats", get(nothing))
        .route("/links", post(nothing))
        .route("/tasks", post(new_task))
        .route("/tasks/bulk", post(no_results))
        .route("/tasks/{id}", patch(nothing).get(nothing))
        .route("/tasks/{id}/comments", post(nothing))
        .with_state(Bytes::from(board));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let routes = Router::new().nest("/api/plugins/kanban", routes);
    axum::serve(listener, routes).await?;
    Ok(())
}

async fn board_of_blanks(State(board): State<Bytes>) -> impl IntoResponse {
    let tasks = TASKS.load(Ordering::Relaxed);
    let length = EMPTY_BOARD.len().max(tasks * BYTES_PER_TASK);
    let json = [(CONTENT_TYPE, "application/json")];
    (json, board.slice(..length.min(board.len())))
}

async fn new_task() -> impl IntoResponse {
    let number = TASKS.fetch_add(1, Ordering::Relaxed);
    Json(json!({ "task": { "id": format!("t_{number:08x}") } }))
}

async fn no_results() -> impl IntoResponse {
    Json(json!({ "results": [] }))
}

async fn nothing() -> impl IntoResponse {
    Json(json!({}))
}
