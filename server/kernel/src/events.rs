//! The event log: written in the transaction of the change, read by every listener.

use domain::event::{Event, EventBody};
use domain::id::{EventId, RunId, TaskId};
use domain::time::Timestamp;
use rusqlite::{Connection, Row};
use serde_json::Value;

use crate::error::Error;
use crate::row;

/// The columns that [`from_row`] reads.
pub(crate) const COLUMNS: &str = "id, task_id, kind, payload, created_at";

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
    let id = conn
        .prepare_cached("SELECT coalesce(max(id), 0) FROM task_events")?
        .query_one((), |row| row.get(0))?;
    Ok(EventId(id))
}

/// The oldest event that is kept, and the newest; zero when there is none.
pub(crate) fn ends(conn: &Connection) -> Result<(EventId, EventId), Error> {
    // Asked for together but in queries of their own, each is found without a look at the others.
    let sql = "SELECT (SELECT coalesce(min(id), 0) FROM task_events), \
                      (SELECT coalesce(max(id), 0) FROM task_events)";
    let ends = conn
        .prepare_cached(sql)?
        .query_one((), |row| Ok((EventId(row.get(0)?), EventId(row.get(1)?))))?;
    Ok(ends)
}

/// At most `limit` events after `since`, oldest first.
pub(crate) fn after(conn: &Connection, since: EventId, limit: u32) -> Result<Vec<Event>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM task_events WHERE id > ?1 AND {} ORDER BY id LIMIT ?2",
        row::is_task_id("task_id")
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let events = statement.query_map((since.0, limit), from_row)?;
    Ok(row::known(events)?)
}

/// Every event of a task, oldest first.
pub(crate) fn of_task(conn: &Connection, task: &TaskId) -> Result<Vec<Event>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM task_events WHERE task_id = ?1 ORDER BY created_at, id");
    let mut statement = conn.prepare_cached(&sql)?;
    let events = statement.query_map([task.as_str()], from_row)?;
    Ok(events.collect::<Result<_, _>>()?)
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
    let shortened = fields.into_iter().take(100).map(|(key, value)| {
        let value = match value {
            Value::String(text) => row::shortened(text, LONGEST_TEXT).into(),
            Value::Array(_) | Value::Object(_) => Value::Null,
            other => other,
        };
        (row::shortened(key, LONGEST_TEXT), value)
    });
    Some(shortened.collect())
}

pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Event> {
    Ok(Event {
        id: EventId(row.get(0)?),
        task_id: row::task_id(row, 1)?,
        kind: row::text(row, 2)?.unwrap_or_default(),
        payload: row::text(row, 3)?.and_then(|json| payload(&json)),
        created_at: row::moment(row, 4)?.unwrap_or_default(),
    })
}
