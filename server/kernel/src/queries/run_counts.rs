//! The numbers of runs by lane and outcome.

use domain::run::Outcome;
use rusqlite::Row;

use crate::error::Error;
use crate::{Kernel, row};

/// The runs of one lane with one outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunCount {
    /// The lane; `None` for tasks that people claimed by hand.
    pub lane: Option<String>,
    /// Their outcome; `None` for those that are open.
    pub outcome: Option<Outcome>,
    /// Their number.
    pub count: u32,
    /// The number of those that had a worker.
    pub started: u32,
    /// The time from their claims to the starts of their workers, in seconds, summed.
    pub start_seconds: i64,
}

impl Kernel {
    /// Returns the numbers of runs, by lane and outcome. Reads all runs.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn run_counts(&self) -> Result<Vec<RunCount>, Error> {
        self.readers
            .read(|conn| {
                let mut statement = conn.prepare_cached(
                    "SELECT lane, outcome, count(*), count(spawned_at), \
                         coalesce(sum(spawned_at - started_at), 0) \
                     FROM runs GROUP BY lane, outcome ORDER BY lane, outcome",
                )?;
                let counts = statement.query_map((), run_count)?;
                Ok(counts.collect::<Result<_, _>>()?)
            })
            .await
    }
}

fn run_count(row: &Row<'_>) -> rusqlite::Result<RunCount> {
    let outcome: Option<String> = row.get(1)?;
    Ok(RunCount {
        lane: row.get(0)?,
        outcome: outcome.and_then(|name| Outcome::from_name(&name)),
        count: row::count(row, 2)?,
        started: row::count(row, 3)?,
        start_seconds: row.get(4)?,
    })
}
