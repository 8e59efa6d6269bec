//! Importing the rows of a whole board.

use std::collections::{BTreeSet, HashMap};

use domain::actor::Actor;
use domain::command::InterruptRun;
use domain::id::TaskId;
use domain::time::Timestamp;
use rand::make_rng;
use rand::rngs::StdRng;
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params_from_iter};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::lines::{Line, LineNumber};
use super::{Imported, TransferError};
use crate::error::Error;
use crate::intake::Accepted;
use crate::open;
use crate::row;
use crate::tables::TABLES;
use crate::verbs::home::await_word;
use crate::verbs::{self, Work};

/// The farthest that a moment, a count or an id is from zero: all that JSON programs agree on, and sums
/// of a few of them fit into 64 bits.
const FARTHEST: u64 = 1 << 53;

/// The columns whose numbers people choose as they like.
const FREE: [&str; 2] = ["priority", "max_runtime_seconds"];

/// A line of an export, after the first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Row {
        table: String,
        row: Map<String, Value>,
    },
    Sequence {
        sequence: String,
        last: i64,
    },
    End {
        rows: u64,
    },
}

/// The state of an import.
struct TakingIn<'a> {
    conn: &'a Connection,
    /// The columns of each table here.
    columns: HashMap<&'static str, BTreeSet<String>>,
    imported: Imported,
    left_out: BTreeSet<String>,
}

/// Imports everything that follows the first line, into an empty board.
pub(super) fn take_in(
    conn: &Connection,
    now: Timestamp,
    lines: &[Line],
) -> Result<Imported, TransferError> {
    make_room(conn)?;
    let mut taking_in = TakingIn {
        conn,
        columns: HashMap::new(),
        imported: Imported::default(),
        left_out: BTreeSet::new(),
    };
    let mut is_whole = false;
    for line in lines {
        let place = line.place;
        if is_whole {
            return Err(place.wrong("the export has ended already"));
        }
        match line.parse()? {
            Said::Row { table, row } => taking_in.row(place, &table, &row)?,
            Said::Sequence { sequence, last } => taking_in.sequence(place, &sequence, last)?,
            Said::End { rows } => {
                if rows != taking_in.rows() {
                    return Err(place.wrong("rows are missing before it"));
                }
                is_whole = true;
            }
        }
    }
    if !is_whole {
        return Err(TransferError::CutOff);
    }
    check_rules(conn)?;
    open::put_in_step(conn).map_err(Error::from)?;
    await_word(conn, now, "import")?;
    interrupt_runs(conn, now)?;
    // Rows that were written past the verbs are indexed by going through all tasks once.
    conn.execute("UPDATE search_progress SET task = 0", ())?;
    Ok(Imported {
        is_whole: true,
        left_out: taking_in.left_out.into_iter().collect(),
        ..taking_in.imported
    })
}

/// Refuses a board that is not empty, so that nothing is overwritten. Deletes its pauses, which say
/// nothing of the other board.
fn make_room(conn: &Connection) -> Result<(), TransferError> {
    conn.pragma_update(None, "defer_foreign_keys", true)?;
    conn.execute("DELETE FROM pauses", ())?;
    for table in TABLES {
        let is_used = conn
            .prepare(&format!("SELECT 1 FROM {table}"))?
            .exists(())?;
        if is_used {
            return Err(TransferError::NotEmpty);
        }
    }
    Ok(())
}

impl TakingIn<'_> {
    fn rows(&self) -> u64 {
        let tasks = u64::try_from(self.imported.tasks.len()).unwrap_or(u64::MAX);
        tasks.saturating_add(self.imported.other_rows)
    }

    fn row(
        &mut self,
        place: LineNumber,
        table: &str,
        row: &Map<String, Value>,
    ) -> Result<(), TransferError> {
        let table = TABLES
            .into_iter()
            .find(|known| *known == table)
            .ok_or_else(|| place.wrong(format!("there is no table {table}")))?;
        check_ids(place, table, row)?;
        if !self.columns.contains_key(table) {
            self.columns.insert(table, columns_of(self.conn, table)?);
        }
        let known = self.columns.get(table).ok_or(Error::Internal)?;
        let (mut names, mut values) = (Vec::new(), Vec::new());
        for (column, value) in row {
            if known.contains(column) {
                names.push(format!("\"{column}\""));
                values.push(sql(place, column, value)?);
            } else if !value.is_null() {
                self.left_out.insert(format!("{table}.{column}"));
            }
        }
        let marks = vec!["?"; names.len()].join(", ");
        let sql = format!(
            "INSERT INTO {table} ({}) VALUES ({marks})",
            names.join(", ")
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.execute(params_from_iter(values)))
            .map_err(|cause| place.wrong(format!("the row does not fit: {cause}")))?;
        match row.get("id").and_then(Value::as_str).map(str::parse) {
            Some(Ok(id)) if table == "tasks" => self.imported.tasks.push(id),
            _ => self.imported.other_rows += 1,
        }
        Ok(())
    }

    fn sequence(&self, place: LineNumber, table: &str, last: i64) -> Result<(), TransferError> {
        if !TABLES.contains(&table) {
            return Err(place.wrong(format!("there is no table {table}")));
        }
        self.conn
            .execute("DELETE FROM sqlite_sequence WHERE name = ?1", [table])?;
        self.conn.execute(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?1, ?2)",
            (table, last),
        )?;
        Ok(())
    }
}

/// Task ids become names of files and folders, so nothing else may pass for one.
fn check_ids(
    place: LineNumber,
    table: &str,
    row: &Map<String, Value>,
) -> Result<(), TransferError> {
    let is_id = |column: &str| match column {
        "id" => table == "tasks",
        "task_id" => table != "audit",
        column => matches!(column, "parent_id" | "child_id"),
    };
    for (column, value) in row.iter().filter(|(column, _)| is_id(column)) {
        if value
            .as_str()
            .is_none_or(|text| text.parse::<TaskId>().is_err())
        {
            return Err(place.wrong(format!("{column} is no task id: {value}")));
        }
    }
    Ok(())
}

fn columns_of(conn: &Connection, table: &str) -> Result<BTreeSet<String>, TransferError> {
    let names = row::all(conn, "SELECT name FROM pragma_table_info(?1)", [table])?;
    Ok(names.into_iter().collect())
}

fn sql(place: LineNumber, column: &str, value: &Value) -> Result<SqlValue, TransferError> {
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::String(text) => Ok(SqlValue::Text(text.clone())),
        Value::Number(number) => number
            .as_i64()
            .filter(|number| number.unsigned_abs() <= FARTHEST || FREE.contains(&column))
            .map(SqlValue::Integer)
            .or_else(|| {
                number
                    .as_f64()
                    .filter(|_| !number.is_i64())
                    .map(SqlValue::Real)
            })
            .ok_or_else(|| place.wrong(format!("{column} is too large a number"))),
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            Err(place.wrong(format!("{column} is neither text nor a number")))
        }
    }
}

/// Refuses a state that no verb could have led to; an export can have been edited.
fn check_rules(conn: &Connection) -> Result<(), TransferError> {
    let wrong = |problem: String| TransferError::Inconsistent(problem);
    let is_torn = "SELECT id FROM tasks WHERE (status = 'running') <> EXISTS ( \
         SELECT 1 FROM runs WHERE runs.task_id = tasks.id AND ended_at IS NULL) LIMIT 1";
    if let Some(id) = row::find::<String>(conn, is_torn, ())? {
        return Err(wrong(format!(
            "task {id} is running without an open run, or the other way"
        )));
    }
    let is_lost = "SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1";
    if let Some(table) = row::find::<String>(conn, is_lost, ())? {
        return Err(wrong(format!("a row of {table} belongs to no task")));
    }
    match on_a_cycle(conn)? {
        Some(id) => Err(wrong(format!("task {id} waits for itself"))),
        None => Ok(()),
    }
}

/// Returns a task that waits for itself, directly or through others: removes tasks without parents
/// until none is left (Kahn's algorithm), or a cycle.
fn on_a_cycle(conn: &Connection) -> Result<Option<String>, TransferError> {
    let links = "SELECT parent_id, child_id FROM task_links";
    let links: Vec<(String, String)> = row::all(conn, links, ())?;
    let mut waits_for: HashMap<&str, usize> = HashMap::new();
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for (parent, child) in &links {
        waits_for.entry(parent).or_default();
        *waits_for.entry(child).or_default() += 1;
        children.entry(parent).or_default().push(child);
    }
    let mut free: Vec<&str> = waits_for
        .iter()
        .filter(|(_, parents)| **parents == 0)
        .map(|(id, _)| *id)
        .collect();
    while let Some(id) = free.pop() {
        waits_for.remove(id);
        for child in children.remove(id).into_iter().flatten() {
            if let Some(parents) = waits_for.get_mut(child) {
                *parents -= 1;
                if *parents == 0 {
                    free.push(child);
                }
            }
        }
    }
    Ok(waits_for.keys().min().map(|id| (*id).to_owned()))
}

/// Interrupts the open runs, whose workers belong to another board. One that still lived here would
/// be taken for ours, and ended when its task moves on.
fn interrupt_runs(conn: &Connection, now: Timestamp) -> Result<(), TransferError> {
    let open = "SELECT id FROM runs WHERE ended_at IS NULL ORDER BY id";
    let mut rng: StdRng = make_rng();
    for run in row::all(conn, open, ())? {
        let work = Work::new(conn, now, &mut rng);
        let interrupt = vec![InterruptRun { run, error: None }.into()];
        let interrupt = Accepted::new(Actor::dispatcher(), interrupt).map_err(Error::from)?;
        verbs::carry_out_all(work, &interrupt)?;
    }
    Ok(())
}
