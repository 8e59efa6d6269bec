//! hermes-agent beside us on one file: its workers in our lanes, its command line while we serve.
//!
//! `cargo test` tries one way with each version, `make neighbours` every way with each.

mod beside;
mod venv;
mod working;

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::Value;

use crate::harness::Board;
use venv::Hermes;

/// The versions whose workers and commands are tried. The kanban of 0.14 is that of 0.13.
const VERSIONS: [&str; 2] = ["0.13.0", "0.19.0"];

/// Returns true when every way is tried.
fn is_thorough() -> bool {
    std::env::var_os("KANBAN_NEIGHBOURS").is_some()
}

/// The program that makes the file that is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Ours,
    Theirs,
}

/// The combinations of a version and who makes the file that this run tries.
fn combinations() -> Vec<(&'static str, File)> {
    let all = VERSIONS
        .into_iter()
        .flat_map(|version| [(version, File::Ours), (version, File::Theirs)]);
    all.filter(|(version, file)| is_thorough() || (*version == "0.13.0") == (*file == File::Theirs))
        .collect()
}

/// A board whose first attempts are over, of hermes where it makes the file, and which nobody serves
/// yet.
async fn board(hermes: &Hermes, file: File) -> anyhow::Result<Board> {
    let board = Board::without_server()?;
    if file == File::Theirs {
        let history = "\
            for n in range(3):\n    \
                t = k.create_task(db, title='before', assignee='p')\n    \
                k.claim_task(db, t)\n    \
                k.complete_task(db, t, summary='done before')";
        hermes.says(&board, history).await?;
    }
    for _ in 0..2 {
        let task = board.create("before", &[]).await?;
        board.kanban(&["claim", task.as_str()]).await?;
        let said = board.kanban(&["complete", task.as_str()]).await?;
        anyhow::ensure!(said.code == Some(0), "{said:?}");
    }
    Ok(board)
}

fn connect(home: &Path) -> anyhow::Result<Connection> {
    #[expect(clippy::disallowed_methods, reason = "the test looks from outside")]
    Ok(Connection::open(home.join("kanban.db"))?)
}

/// The rows that a statement finds.
fn rows(board: &Board, sql: &str) -> anyhow::Result<Vec<Vec<Value>>> {
    let conn = connect(board.home())?;
    let mut statement = conn.prepare(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map((), |row| (0..width).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Fails where their tables and ours tell different stories.
fn assert_in_step(board: &Board) -> anyhow::Result<()> {
    for sql in [
        "SELECT id, current_run_id FROM tasks WHERE current_run_id IS NOT \
             (SELECT id FROM runs WHERE task_id = tasks.id AND ended_at IS NULL)",
        "SELECT id FROM tasks WHERE spawn_failures IS NOT consecutive_failures \
             OR last_spawn_error IS NOT last_failure_error",
        "SELECT id FROM runs WHERE id NOT IN (SELECT id FROM task_runs) \
         UNION ALL SELECT id FROM task_runs WHERE id NOT IN (SELECT id FROM runs)",
        "SELECT ours.id, ours.outcome, theirs.outcome FROM runs AS ours \
             JOIN task_runs AS theirs USING (id) \
         WHERE ours.task_id <> theirs.task_id OR ours.ended_at IS NOT theirs.ended_at \
             OR ours.summary IS NOT theirs.summary OR ours.metadata IS NOT theirs.metadata \
             OR (ours.outcome IS 'completed') <> (theirs.outcome IS 'completed')",
    ] {
        let found = rows(board, sql)?;
        anyhow::ensure!(found.is_empty(), "{found:?} of {sql}");
    }
    Ok(())
}
