//! Authentication, and attempts to get around it.

mod audit;
mod garbage;
mod markup;
mod names;
mod oversize;
mod pages;
mod paths;
mod proxy;
mod secrets;
mod tokens;
mod workers;

use anyhow::{Context as _, bail};
use tokio_tungstenite::tungstenite;

use crate::harness::Board;

const BOARD: &str = "/api/plugins/kanban/board";
const LANES: &str = "/api/plugins/kanban/lanes";
const TASKS: &str = "/api/plugins/kanban/tasks";

fn port(board: &Board) -> anyhow::Result<&str> {
    Ok(board.address()?.rsplit_once(':').context("no port")?.1)
}

fn cookie_name(board: &Board) -> anyhow::Result<String> {
    Ok(format!("kanban_{}", port(board)?))
}

/// The status with which a socket is refused.
async fn refused_socket(
    board: &Board,
    query: &str,
    headers: &[(&'static str, &str)],
) -> anyhow::Result<u16> {
    let opened = board.socket_with(query, headers).await.map(drop);
    match opened.map_err(anyhow::Error::downcast) {
        Err(Ok(tungstenite::Error::Http(answer))) => Ok(answer.status().as_u16()),
        other => bail!("{query} {headers:?}: {other:?}"),
    }
}
