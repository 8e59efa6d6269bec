//! Exporting everything, a row a line.

use std::io::Write;

use domain::text::json::escaped;
use domain::time::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};
use serde_json::{Map, Value, json};

use super::TransferError;
use crate::row;
use crate::tables::{FORMAT, TABLES};

/// Writes the board that `conn` reads in one transaction, and returns the number of its rows.
pub(super) fn export(
    conn: &Connection,
    now: Timestamp,
    out: &mut impl Write,
) -> Result<u64, TransferError> {
    let schema: i32 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    line(
        out,
        &json!({ "kanban": FORMAT, "schema": schema, "exported_at": now }),
    )?;
    let mut rows = 0;
    for table in TABLES {
        rows += export_table(conn, table, out)?;
    }
    // The numbers of events, runs and comments are never used twice, also where the last rows are
    // gone.
    let sequences = "SELECT name, seq FROM sqlite_sequence ORDER BY name";
    for (name, last) in row::all::<(String, i64)>(conn, sequences, ())? {
        if TABLES.contains(&name.as_str()) {
            line(out, &json!({ "sequence": name, "last": last }))?;
        }
    }
    line(out, &json!({ "rows": rows }))?;
    out.flush()?;
    Ok(rows)
}

fn export_table(
    conn: &Connection,
    table: &str,
    out: &mut impl Write,
) -> Result<u64, TransferError> {
    // Without this the rows of some tables come in the order of an index.
    let has_rowid = "SELECT NOT wr FROM pragma_table_list WHERE name = ?1";
    let order = if row::one(conn, has_rowid, [table])? {
        " ORDER BY rowid"
    } else {
        ""
    };
    let mut statement = conn.prepare(&format!("SELECT * FROM {table}{order}"))?;
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = statement.query(())?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        line(
            out,
            &json!({ "table": table, "row": object(row, &columns)? }),
        )?;
        count += 1;
    }
    Ok(count)
}

fn object(row: &Row<'_>, columns: &[String]) -> rusqlite::Result<Value> {
    let mut object = Map::with_capacity(columns.len());
    for (index, column) in columns.iter().enumerate() {
        let found = row.get_ref(index)?;
        let value = match found {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => number.into(),
            ValueRef::Real(number) => number.into(),
            ValueRef::Text(_) => found.as_str()?.into(),
            // No version writes one.
            ValueRef::Blob(_) => {
                let (column, kind) = (column.clone(), found.data_type());
                return Err(rusqlite::Error::InvalidColumnType(index, column, kind));
            }
        };
        object.insert(column.clone(), value);
    }
    Ok(Value::Object(object))
}

fn line(out: &mut impl Write, value: &Value) -> Result<(), TransferError> {
    // A terminal may show it.
    Ok(writeln!(out, "{}", escaped(&value.to_string()))?)
}
