//! The numbers of runs by lane and outcome.

use domain::run::Outcome;

use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};

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

columns! {
    RunCount {
        lane, outcome, count: "count(*)", started: "count(spawned_at)",
        start_seconds: "coalesce(sum(spawned_at - started_at), 0)",
    }
}

impl Kernel {
    /// Returns the numbers of runs, by lane and outcome. Reads all runs.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn run_counts(&self) -> Result<Vec<RunCount>, Error> {
        self.readers
            .read(|conn| {
                let sql = format!(
                    "SELECT {} FROM runs GROUP BY lane, outcome ORDER BY lane, outcome",
                    RunCount::columns()
                );
                row::all(conn, &sql, ())
            })
            .await
    }
}
