//! The numbers that SQLite gives to rows and never gives again: after the largest of all it answers
//! `SQLITE_FULL`, as on a full disk (<https://sqlite.org/autoinc.html>).

use rusqlite::Connection;

use crate::error::Error;

/// The last number that every program reads exactly: JavaScript has no larger integers. No board
/// counts so far by itself.
const LAST_SAFE: i64 = 1 << 53;

/// The tables whose numbers are beyond that, the worst first.
pub(crate) fn worn_out(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    tables_beyond(conn, LAST_SAFE)
}

/// Names the table without numbers, where that is what SQLite calls a full disk.
pub(crate) fn explain(conn: &Connection, cause: Error) -> Error {
    let Error::DiskFull = cause else {
        return cause;
    };
    let tables = tables_beyond(conn, i64::MAX - 1).unwrap_or_default();
    let table = tables.into_iter().next();
    table.map_or(cause, Error::NoMoreNumbers)
}

fn tables_beyond(conn: &Connection, last: i64) -> rusqlite::Result<Vec<String>> {
    // Whoever wrote the file may have put in a text, which SQLite would take for such a number too.
    let sql = "SELECT name FROM sqlite_sequence WHERE CAST(seq AS INTEGER) > ?1 \
               ORDER BY CAST(seq AS INTEGER) DESC, name";
    let mut tables = conn.prepare(sql)?;
    tables.query_map([last], |row| row.get(0))?.collect()
}
