//! Boards as they are after a while: of every eight tasks four are done, each after a run, two are
//! ready and two wait for one of those; a quarter has a comment.

use std::path::PathBuf;

use domain::id::TaskId;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::bare;

/// A file with a board of a certain size, of which every measurement gets a copy of its own.
pub(crate) struct Template {
    folder: TempDir,
}

impl Template {
    pub(crate) fn of(size: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        drop(kernel::Kernel::open(&path).unwrap());
        fill(&mut bare::connect(&path), size);
        Self { folder }
    }

    /// A copy, and the folder that keeps it.
    pub(crate) fn copy(&self) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        std::fs::copy(self.folder.path().join("kanban.db"), &path).unwrap();
        (folder, path)
    }
}

/// The id of the task with this number. Neighbours are far apart, as those are that are drawn by
/// chance, but none comes twice (Knuth's multiplicative hash).
pub(crate) fn id(number: u32) -> TaskId {
    TaskId::from_bits(number.wrapping_mul(0x9e37_79b1))
}

fn fill(conn: &mut Connection, size: u32) {
    // All of it fits, so that no page is written twice.
    conn.pragma_update(None, "cache_size", -500_000).unwrap();
    let transaction = conn.transaction().unwrap();
    for number in 0..size {
        let task = id(number);
        put_task(&transaction, &task, number);
        match number % 8 {
            0..4 => put_run(&transaction, &task),
            4..6 => {}
            _ => put_link(&transaction, &id(number - 2), &task),
        }
        if number % 4 == 0 {
            put_comment(&transaction, &task);
        }
    }
    transaction.commit().unwrap();
}

fn put_task(conn: &Connection, id: &TaskId, number: u32) {
    let (status, is_waiting) = match number % 8 {
        0..4 => ("done", false),
        4..6 => ("ready", false),
        _ => ("todo", true),
    };
    conn.prepare_cached(
        "INSERT INTO tasks (id, title, assignee, status, priority, created_by, created_at, \
             status_since, waiting, result) \
         VALUES (?1, 'a task that was there before', 'ada', ?2, 0, 'bench', ?3, ?3, ?4, 'fine')",
    )
    .unwrap()
    .execute((id.as_str(), status, number, is_waiting))
    .unwrap();
    put_event(conn, id, "created");
}

fn put_run(conn: &Connection, id: &TaskId) {
    // A token is as long as four ids.
    let token = id.as_str().trim_start_matches("t_").repeat(4);
    conn.prepare_cached(
        "INSERT INTO runs (task_id, lane, token, lease_expires, started_at, ended_at, outcome) \
         VALUES (?1, 'shell', ?2, 0, 0, 0, 'completed')",
    )
    .unwrap()
    .execute((id.as_str(), token))
    .unwrap();
    for kind in ["claimed", "spawned", "completed"] {
        put_event(conn, id, kind);
    }
}

fn put_event(conn: &Connection, id: &TaskId, kind: &str) {
    conn.prepare_cached(
        "INSERT INTO task_events (task_id, kind, payload, created_at) \
         VALUES (?1, ?2, '{\"particulars\":\"of the event\"}', 0)",
    )
    .unwrap()
    .execute((id.as_str(), kind))
    .unwrap();
}

fn put_link(conn: &Connection, parent: &TaskId, child: &TaskId) {
    conn.prepare_cached("INSERT INTO task_links (parent_id, child_id) VALUES (?1, ?2)")
        .unwrap()
        .execute((parent.as_str(), child.as_str()))
        .unwrap();
}

fn put_comment(conn: &Connection, id: &TaskId) {
    conn.prepare_cached(
        "INSERT INTO task_comments (task_id, author, body, created_at) VALUES (?1, 'ada', 'so?', 0)",
    )
    .unwrap()
    .execute([id.as_str()])
    .unwrap();
}
