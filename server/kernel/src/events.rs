//! The event log: written in the transaction of the change, read by every listener.

use domain::event::{Event, EventBody};
use domain::id::{EventId, RunId, TaskId};
use domain::time::Timestamp;
use rusqlite::Connection;
use serde_json::Value;

use crate::error::Error;
use crate::row::{self, Columns, columns};

columns! {
    Event {
        id, task_id, kind,
        payload => |json: Option<String>| json.and_then(|json| payload(&json)),
        created_at,
    }
}

/// Appends an event of the task, and of the run that it is about.
pub(crate) fn append(
    conn: &Connection,
    now: Timestamp,
    task: &TaskId,
    run: Option<RunId>,
    body: &EventBody,
) -> Result<EventId, Error> {
    // A kind without particulars serialises to `null`, which the log has as SQL NULL.
    let payload = serde_json::to_string(body)
        .ok()
        .filter(|json| json != "null");
    conn.prepare_cached(
        "INSERT INTO task_events (task_id, run_id, kind, payload, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute((
        task.as_str(),
        run.map(|run| run.0),
        body.kind(),
        payload,
        now.0,
    ))?;
    Ok(EventId(conn.last_insert_rowid()))
}

/// The newest event of the board; zero when there is none.
pub(crate) fn newest(conn: &Connection) -> Result<EventId, Error> {
    row::one(conn, "SELECT max(id) FROM task_events", ())
}

/// The oldest event that is kept, and the newest; zero when there is none.
pub(crate) fn ends(conn: &Connection) -> Result<(EventId, EventId), Error> {
    // Asked for together but in queries of their own, each is found without a look at the others.
    let sql = "SELECT (SELECT min(id) FROM task_events), (SELECT max(id) FROM task_events)";
    row::one(conn, sql, ())
}

/// At most `limit` events after `since`, oldest first.
pub(crate) fn after(conn: &Connection, since: EventId, limit: u32) -> Result<Vec<Event>, Error> {
    let sql = format!(
        "SELECT {} FROM task_events WHERE id > ?1 AND {} ORDER BY id LIMIT ?2",
        Event::columns(),
        row::is_task_id("task_id")
    );
    row::all(conn, &sql, (since.0, limit))
}

/// Every event of a task, oldest first.
pub(crate) fn of_task(conn: &Connection, task: &TaskId) -> Result<Vec<Event>, Error> {
    let columns = Event::columns();
    let sql =
        format!("SELECT {columns} FROM task_events WHERE task_id = ?1 ORDER BY created_at, id");
    row::all(conn, &sql, [task.as_str()])
}

/// The longest payload of an event that is sent whole, and the longest of each text in a longer
/// one, in bytes.
const LONGEST_PAYLOAD: usize = 100_000;
const LONGEST_TEXT: usize = 4_000;

/// Reads the payload of an event; another program may have written one of any length.
fn payload(json: &str) -> Option<Value> {
    let payload = serde_json::from_str(json).ok()?;
    if json.len() <= LONGEST_PAYLOAD {
        return Some(payload);
    }
    let Value::Object(fields) = payload else {
        return None;
    };
    let shortened = fields.into_iter().take(100).map(|(mut key, mut value)| {
        row::shorten(&mut key, LONGEST_TEXT);
        match &mut value {
            Value::String(text) => row::shorten(text, LONGEST_TEXT),
            Value::Array(_) | Value::Object(_) => value = Value::Null,
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        (key, value)
    });
    Some(shortened.collect())
}
