//! Detects the schema version of a board by its shape, for a file that has lost the number.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::{MIGRATIONS, SCHEMA_VERSION};

/// Returns the last migration after which a file has this shape; `None` for a board that is not
/// ours, and for a file that is no board. The first migration makes the tables of the original
/// alone.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<Option<i32>> {
    let found = shape(connection)?;
    // Every board of ours has it; to build the models below takes milliseconds.
    if !found.contains(&("runs".to_owned(), "token".to_owned())) {
        return Ok(None);
    }
    let mut model = Connection::open_in_memory()?;
    let mut version = None;
    for migration in 2..=SCHEMA_VERSION {
        let up_to = usize::try_from(migration).unwrap_or_default();
        if MIGRATIONS.to_version(&mut model, up_to).is_ok() && shape(&model)?.is_subset(&found) {
            version = Some(migration);
        }
    }
    Ok(version)
}

/// Returns the tables, triggers and indexes, partial or not, and the columns of each table.
fn shape(connection: &Connection) -> rusqlite::Result<BTreeSet<(String, String)>> {
    let mut statement = connection.prepare(
        "SELECT name, iif(type = 'index' AND sql LIKE '%WHERE%', 'partial', type) FROM sqlite_schema \
         WHERE name NOT LIKE 'sqlite_%' \
         UNION SELECT whole.name, part.name FROM sqlite_schema AS whole \
         JOIN pragma_table_info(whole.name) AS part WHERE whole.type = 'table'",
    )?;
    let parts = statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_but_the_original_is_known_by_its_shape() {
        let mut board = Connection::open_in_memory().unwrap();
        for migration in 1..=SCHEMA_VERSION {
            let up_to = usize::try_from(migration).unwrap();
            MIGRATIONS.to_version(&mut board, up_to).unwrap();
            let expected = Some(migration).filter(|migration| *migration > 1);
            assert_eq!(version(&board).unwrap(), expected);
        }
    }
}
