//! A board whose file holds a hostile text wherever the schema lets it.

use std::fs::File;
use std::os::unix::fs::MetadataExt as _;

use anyhow::{Context as _, ensure};
use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde_json::{Value, json};

use super::hostile;
use crate::harness::Board;

/// The filling of a text column.
enum Fill {
    /// A hostile text.
    Text,
    /// JSON whose texts are hostile.
    Json(fn(&str) -> Value),
    /// Nothing, for this reason.
    Left(&'static str),
}

use Fill::{Json, Left, Text};

const ID: Fill = Left("read as an id, or not at all");
const WORD: Fill = Left("one of a few words, which a constraint or the reader checks");
const OWN: Fill = Left("nobody but the kernel reads it");

/// Every column that can hold a text. One that is missing here fails the test.
const COLUMNS: &[(&str, &str, Fill)] = &[
    ("acts", "steps", OWN),
    ("audit", "actor", Text),
    ("audit", "origin", Text),
    ("audit", "action", Text),
    ("audit", "task_id", ID),
    ("audit", "detail", Text),
    ("board_subscriptions", "platform", Text),
    ("board_subscriptions", "chat_id", Text),
    ("board_subscriptions", "thread_id", Text),
    ("board_subscriptions", "user_id", Text),
    ("board_subscriptions", "tenant", Text),
    ("board_subscriptions", "assignee", Text),
    ("board_subscriptions", "kinds", Text),
    ("branches", "task_id", ID),
    ("branches", "repository", Text),
    ("branches", "name", Text),
    ("branches", "base", Text),
    ("branches", "onto", Text),
    ("branches", "tip", Text),
    ("branches", "landed_onto", Text),
    ("branches", "landed_commit", Text),
    ("landings", "task_id", ID),
    ("landings", "onto", Text),
    ("landings", "method", WORD),
    ("landings", "by", Text),
    ("landings", "problem", Text),
    ("landings", "result", Text),
    ("landings", "commit_id", Text),
    ("landings", "check_end", Text),
    ("chat_messages", "platform", OWN),
    ("chat_messages", "message", OWN),
    ("deliveries", "key", Text),
    ("deliveries", "task_id", ID),
    ("deliveries", "notice", Json(notice)),
    ("deliveries", "state", WORD),
    ("deliveries", "error", Text),
    ("deliveries", "receipt", OWN),
    ("dispatcher", "report", Json(report)),
    ("foreign_moves", "task_id", ID),
    ("foreign_moves", "status", OWN),
    ("foreign_moves", "block_reason", OWN),
    ("home", "path", Text),
    ("home", "machine", Left("compared and never shown")),
    ("idempotency_keys", "key", Text),
    ("idempotency_keys", "task_id", ID),
    ("kanban_notify_subs", "task_id", ID),
    ("kanban_notify_subs", "platform", Text),
    ("kanban_notify_subs", "chat_id", Text),
    ("kanban_notify_subs", "thread_id", Text),
    ("kanban_notify_subs", "user_id", Text),
    ("kanban_notify_subs", "notifier_profile", Text),
    ("tasks", "check_script", Text),
    ("tasks", "checked", WORD),
    ("runs", "reported_result", Text),
    ("runs", "reported_outcome", WORD),
    ("runs", "review", Text),
    ("runs", "claimed_by", Text),
    ("task_links", "start_on", WORD),
    ("tasks", "outcome", WORD),
    ("tasks", "review", Text),
    ("tasks", "land_method", WORD),
    ("tasks", "reviewer", Text),
    ("tasks", "worked_by", Text),
    ("receipts", "task_id", ID),
    ("receipts", "by", Text),
    ("receipts", "command", Text),
    ("receipts", "verdict", WORD),
    ("receipts", "output", Text),
    ("receipts", "commit_id", Text),
    ("receipts", "commit_after", Text),
    ("receipts", "base", Text),
    ("receipts", "files", Json(files)),
    ("lane_holds", "name", Text),
    ("lane_holds", "cause", WORD),
    ("lane_holds", "reason", Text),
    ("lane_holds", "by", Text),
    ("lane_holds", "task_id", ID),
    ("lane_holds", "ended_by", ID),
    ("pauses", "lane", Text),
    ("pauses", "by", Text),
    ("places", "platform", Text),
    ("places", "chat_id", Text),
    ("places", "thread_id", Text),
    ("places", "quiet_hours", WORD),
    ("requests", "caller", OWN),
    ("requests", "key", OWN),
    ("requests", "fingerprint", OWN),
    ("requests", "answer", OWN),
    ("runs", "task_id", ID),
    ("runs", "lane", Text),
    ("runs", "pool", Left("compared and never shown")),
    ("runs", "token", Left("a secret")),
    ("runs", "boot_id", Left("compared and never shown")),
    ("runs", "workspace", Text),
    ("runs", "outcome", WORD),
    ("runs", "error", Text),
    ("runs", "summary", Text),
    (
        "runs",
        "metadata",
        Json(|column| json!({ "key": format!("<{column}>\u{9b}") })),
    ),
    ("search", "title", OWN),
    ("search", "body", OWN),
    ("search", "result", OWN),
    ("search", "comments", OWN),
    ("search_rows", "task_id", ID),
    ("task_comments", "task_id", ID),
    ("task_comments", "author", Text),
    ("task_comments", "body", Text),
    ("task_events", "task_id", ID),
    ("task_events", "kind", Text),
    ("task_events", "payload", Json(payload)),
    ("task_links", "parent_id", ID),
    ("task_links", "child_id", ID),
    ("task_runs", "task_id", ID),
    ("task_runs", "profile", Text),
    ("task_runs", "step_key", Text),
    ("task_runs", "status", Text),
    ("task_runs", "claim_lock", Text),
    ("task_runs", "outcome", Text),
    ("task_runs", "summary", Text),
    ("task_runs", "metadata", Text),
    ("task_runs", "error", Text),
    ("tasks", "id", ID),
    ("tasks", "title", Text),
    ("tasks", "body", Text),
    ("tasks", "assignee", Text),
    ("tasks", "status", Text),
    ("tasks", "created_by", Text),
    ("tasks", "workspace_kind", Text),
    ("tasks", "workspace_path", Text),
    ("tasks", "claim_lock", Text),
    ("tasks", "tenant", Text),
    ("tasks", "result", Text),
    ("tasks", "idempotency_key", Text),
    ("tasks", "last_spawn_error", Text),
    ("tasks", "block_reason", Text),
    ("tasks", "last_failure_error", Text),
    ("tasks", "workflow_template_id", Text),
    ("tasks", "current_step_key", Text),
    ("tasks", "skills", WORD),
    ("tasks", "branch_name", Text),
    ("tasks", "project_id", Text),
    ("tasks", "model_override", Text),
    ("tasks", "session_id", Text),
    ("tasks", "block_kind", Text),
    ("workspaces", "path", Text),
    ("workspaces", "task_id", ID),
    ("workspaces", "kind", WORD),
    ("workspaces", "repository", Text),
    ("workspaces", "branch", Text),
];

/// A board of its own that holds the same, and the lock of its dispatcher.
pub(super) fn copy_of(board: &Board) -> anyhow::Result<(Board, File)> {
    let copy = Board::without_server()?;
    std::fs::create_dir_all(copy.home())?;
    std::fs::copy(
        board.home().join("kanban.db"),
        copy.home().join("kanban.db"),
    )?;
    let inode = std::fs::metadata(copy.home())?.ino();
    copy.write_past_us(&format!("UPDATE home SET inode = {inode}"))?;
    let lock = dispatch_lock(&copy)?;
    Ok((copy, lock))
}

/// The lock of the dispatcher that is said to run: without it nobody believes its report.
fn dispatch_lock(board: &Board) -> anyhow::Result<File> {
    let lock = File::create(board.home().join("kanban.db.dispatch.lock"))?;
    lock.lock()?;
    Ok(lock)
}

/// The tasks of the board.
pub(super) struct Tasks {
    pub(super) ready: String,
    pub(super) running: String,
    pub(super) asks: String,
    pub(super) gave_up: String,
    pub(super) done: String,
    pub(super) foreign: String,
    /// Held for as long as the board is looked at.
    pub(super) dispatch_lock: File,
}

impl Tasks {
    pub(super) fn all(&self) -> [&str; 6] {
        let Self {
            ready,
            running,
            asks,
            gave_up,
            done,
            foreign,
            dispatch_lock: _,
        } = self;
        [ready, running, asks, gave_up, done, foreign].map(String::as_str)
    }
}

/// Puts a task in each place on the board, and fills what is kept of them.
#[expect(
    clippy::too_many_lines,
    reason = "a row for each table, and nothing else"
)]
pub(super) async fn seed(board: &Board) -> anyhow::Result<Tasks> {
    let mut ids = Vec::new();
    for title in ["ready", "running", "asks", "gave up", "done", "foreign"] {
        ids.push(board.create(title, &["--assignee", "a"]).await?.to_string());
    }
    let [ready, running, asks, gave_up, done, foreign] =
        <[String; 6]>::try_from(ids).map_err(|ids| anyhow::anyhow!("{ids:?}"))?;
    for words in [
        &["claim", &running][..],
        &["claim", &gave_up],
        &["block", &asks, "?"],
        &["complete", &done, "--result", "r"],
        &["comment", &asks, "c"],
        &["link", &done, &ready],
        &[
            "notify-subscribe",
            &ready,
            "--platform",
            "slack",
            "--chat-id",
            "a",
        ],
        &[
            "notify-subscribe",
            "--platform",
            "slack",
            "--chat-id",
            "a",
            "--tenant",
            "a",
        ],
        &["pause", "shell"],
    ] {
        let said = board.kanban(words).await?;
        ensure!(said.code == Some(0), "{words:?}: {said:?}");
    }
    #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
    let conn = Connection::open(board.home().join("kanban.db"))?;
    // What follows from a foreign write is another test's.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    // Another would make it a copy, which starts nothing.
    let inode = std::fs::metadata(board.home())?.ino();
    conn.execute_batch(&format!(
        "UPDATE runs SET ended_at = started_at, outcome = 'protocol' WHERE task_id = '{gave_up}'; \
         UPDATE tasks SET status = 'blocked', claim_lock = NULL, spawn_failures = 3, \
             block_reason = NULL, last_spawn_error = 'x' WHERE id = '{gave_up}'; \
         INSERT OR IGNORE INTO idempotency_keys VALUES ('k', '{ready}'); \
         INSERT OR REPLACE INTO home (id, path, inode) VALUES (1, '/h', {inode}); \
         INSERT INTO workspaces VALUES ('/w', '{ready}', 'scratch', 'r', 'b', 1); \
         INSERT INTO places (platform, chat_id, thread_id) VALUES ('slack', 'a', ''); \
         INSERT INTO deliveries (key, place_id, task_id, event_id, notice, state, next_attempt_at, \
             error, created_at, settled_at) \
             SELECT 'k', id, '{ready}', 1, '{{}}', 'dead', 0, 'e', 1, 1 FROM places LIMIT 1; \
         INSERT INTO receipts (task_id, by, command, verdict, began_at, ended_at, output) \
             VALUES ('{ready}', 'b', 'c', 'failed', 1, 1, 'o'); \
         INSERT INTO branches VALUES ('{ready}', 'r', 'b', 'c', 'm', 't', 'l', 'd', 0); \
         INSERT INTO landings (task_id, onto, method, by, asked_at, problem, request, result, commit_id, check_end) \
             VALUES ('{ready}', 'o', 'merge', 'a', 0, 'p', 1, 'r', 'c', '{{}}'); \
         INSERT INTO lane_holds (name, cause, reason, by, task_id, since) \
             VALUES ('a', 'unauthorized', 'r', 'b', '{ready}', 1); \
         INSERT OR REPLACE INTO dispatcher VALUES (1, '{{}}', unixepoch());"
    ))?;
    ensure_every_column_is_listed(&conn)?;
    for (table, column, fill) in COLUMNS {
        let name = format!("{table}.{column}");
        let text = match fill {
            Left(reason) => {
                ensure!(!reason.is_empty(), "{name} is left out for no reason");
                continue;
            }
            Text => hostile(&name),
            Json(json) => json(&name).to_string(),
        };
        let of = match name.as_str() {
            "tasks.status" => format!("id = '{foreign}'"),
            "tasks.block_reason" | "tasks.reviewer" => format!("id = '{asks}'"),
            "tasks.claim_lock" => format!("id = '{running}'"),
            "tasks.last_spawn_error" | "tasks.last_failure_error" => {
                format!("id IN ('{gave_up}', '{ready}')")
            }
            "tasks.result" => format!("id = '{done}'"),
            "tasks.idempotency_key" => format!("id = '{ready}'"),
            "workspaces.path" => format!("task_id = '{ready}'"),
            // Kinds that nobody knows, beside those that everybody knows.
            "task_events.kind" => format!("task_id = '{foreign}'"),
            // A key, of which there is one each.
            "kanban_notify_subs.chat_id" | "places.chat_id" | "pauses.lane" => {
                "rowid = 1".to_owned()
            }
            _ => "1".to_owned(),
        };
        let update = format!("UPDATE {table} SET \"{column}\" = ?1 WHERE {of}");
        let changed = conn
            .execute(&update, [text])
            .with_context(|| name.clone())?;
        ensure!(changed > 0, "{name} has no row to fill");
    }
    Ok(Tasks {
        ready,
        running,
        asks,
        gave_up,
        done,
        foreign,
        dispatch_lock: dispatch_lock(board)?,
    })
}

/// The changed files of a receipt.
fn files(column: &str) -> Value {
    json!([{
        "path": hostile(column),
        "old_path": hostile(column),
        "kind": "renamed",
        "added": 1,
        "removed": null,
    }])
}

/// Fails when the schema has a column of text that nobody has thought of here, and the reverse.
fn ensure_every_column_is_listed(conn: &Connection) -> anyhow::Result<()> {
    let mut statement = conn.prepare(
        "SELECT tables.name, columns.name \
         FROM pragma_table_list AS tables, pragma_table_info(tables.name) AS columns \
         WHERE tables.schema = 'main' AND tables.type IN ('table', 'virtual') \
           AND tables.name NOT LIKE 'sqlite_%' AND columns.type IN ('TEXT', '') \
         ORDER BY 1, 2",
    )?;
    let found = statement.query_map((), |row| {
        Ok(format!(
            "{}.{}",
            row.get::<_, String>(0)?,
            row.get::<_, String>(1)?
        ))
    })?;
    let found: Vec<String> = found.collect::<Result<_, _>>()?;
    let mut listed: Vec<String> = COLUMNS
        .iter()
        .map(|(table, column, _)| format!("{table}.{column}"))
        .collect();
    listed.sort();
    let missing: Vec<_> = found.iter().filter(|it| !listed.contains(it)).collect();
    ensure!(
        missing.is_empty(),
        "what happens to hostile text in {missing:?}? say it in COLUMNS"
    );
    let gone: Vec<_> = listed.iter().filter(|it| !found.contains(it)).collect();
    ensure!(gone.is_empty(), "{gone:?} are no columns");
    Ok(())
}

/// `show` prints it as JSON, in which a control string is escaped and so can be read.
fn payload(column: &str) -> Value {
    let fields = [
        "reason",
        "error",
        "assignee",
        "author",
        "lock",
        "lane",
        "workspace",
        "by",
        "status",
        "tenant",
        "text",
    ];
    let field = |name: &str| {
        let text = hostile(&format!("{column}.{name}")).replace("never-shown", "escaped");
        // A frame that tells of all of them still fits into a socket.
        let text: String = text.chars().take(1_500).collect();
        (name.to_owned(), text.into())
    };
    Value::Object(fields.into_iter().map(field).collect())
}

fn notice(column: &str) -> Value {
    let of = |name: &str| hostile(&format!("{column}.{name}"));
    json!({
        "event_id": 1, "kind": of("kind"), "at": 1, "task_id": "t_00000001", "title": of("title"),
        "assignee": of("assignee"), "tenant": of("tenant"), "status": of("status"),
        "detail": of("detail"),
    })
}

/// A piece of news of this kind, or of one that nobody knows.
pub(super) fn news(kind: &str) -> String {
    let mut notice = notice("deliveries.notice");
    match notice.get_mut("kind") {
        Some(given) if !kind.is_empty() => *given = kind.into(),
        _ => {}
    }
    notice.to_string()
}

fn report(column: &str) -> Value {
    let of = |name: &str| hostile(&format!("{column}.{name}"));
    json!({
        "claimer": of("claimer"), "process": { "boot_id": of("boot_id"), "pid": 1, "started_ticks": 1 },
        "is_running": true, "last_tick": 1, "next_tick": 1, "cap": 4, "cap_reason": of("cap_reason"),
        "bad_ticks": 1, "problem": of("problem"), "exiting_runs": [], "unrecoverable_runs": [],
        "lanes": [{
            "name": of("lane"), "program": of("program"), "cap": 1, "serves_others": true,
            "problem": of("lane_problem"), "review": of("lane_review"),
        }],
    })
}
