//! The state of dispatching: the dispatcher's report, the pauses, the open runs, and the reason for
//! which a task is not running.

mod cause;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use domain::dispatch::{Dispatch, Pause, Report, Running, WhyNot, why_not};
use domain::hold::Lets;
use domain::id::TaskId;
use domain::time::Timestamp;
use rusqlite::Connection;

use crate::error::Error;
use crate::hold::is_locked;
use crate::row::{self, Columns, columns};
use crate::verbs::UnmetLinks;
use crate::{Kernel, lane_holds, tasks};
use cause::cause_of;

/// The number of ready tasks of an assignee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyCount {
    /// The assignee.
    pub assignee: Option<String>,
    /// The number of ready tasks.
    pub ready: u32,
    /// The number of those in back-off.
    pub resting: u32,
}

columns! {
    ReadyCount {
        assignee, ready: "count(*)", resting: "count(*) FILTER (WHERE not_before > ?1)",
    }
}

columns! {
    Pause { lane: "nullif(lane, '')", since, by }
}

columns! {
    Running { lane, count: "count(*)" }
}

/// The last report of the dispatcher in this process that could not be written, and its time.
///
/// The mutex is held for a copy, and never across an await.
#[derive(Clone, Default)]
pub(crate) struct HeldReport(Arc<Mutex<Option<(Report, Timestamp)>>>);

impl HeldReport {
    fn replace(&self, report: Option<(Report, Timestamp)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }

    fn get(&self) -> Option<(Report, Timestamp)> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }
}

impl Kernel {
    /// Keeps the dispatcher's report for callers in this process while it cannot be written: it may
    /// report the very disk that is full.
    pub fn hold_report(&self, report: Report) {
        self.held_report.replace(Some((report, self.now())));
    }

    /// Drops the kept report, because a newer one was written.
    pub fn withdraw_report(&self) {
        self.held_report.replace(None);
    }

    /// Returns the state of dispatching that is not about one task.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn dispatch(&self) -> Result<Dispatch, Error> {
        let (now, held, lock) = self.for_dispatch();
        let reading = self
            .readers
            .read(move |conn| dispatch(conn, now, held, lock));
        let mut dispatch = reading.await?;
        self.note_damage(&mut dispatch);
        Ok(dispatch)
    }

    /// Lets the report say that the file is damaged, where it is.
    pub(super) fn note_damage(&self, dispatch: &mut Dispatch) {
        if let (Some(report), Some(damage)) = (&mut dispatch.report, self.damage()) {
            report.problem = Some(damage.to_string());
        }
    }

    pub(super) fn for_dispatch(&self) -> (Timestamp, Option<(Report, Timestamp)>, Option<PathBuf>) {
        let (held, lock) = (self.held_report.get(), self.dispatch_lock.clone());
        (self.now(), held, lock)
    }

    /// Returns the reason for which the task is not running; `None` while it is.
    ///
    /// # Errors
    /// Fails if there is no such task or the board cannot be read.
    pub async fn why(&self, id: &TaskId) -> Result<Option<WhyNot>, Error> {
        let (id, (now, held, lock)) = (id.clone(), self.for_dispatch());
        self.readers
            .read(move |conn| {
                let task = tasks::get(conn, &id)?;
                let unmet = UnmetLinks::of(conn, &id)?;
                let dispatch = dispatch(conn, now, held, lock)?;
                let mut why = why_not(&unmet.facts(&task), &dispatch);
                if let Some(WhyNot::WaitsForParents { because, .. }) = &mut why {
                    *because = cause_of(conn, &id, &dispatch)?;
                }
                Ok(why)
            })
            .await
    }

    /// Returns the numbers of ready tasks by assignee. Reads all ready tasks.
    ///
    /// # Errors
    /// Fails if the board cannot be read.
    pub async fn ready_counts(&self) -> Result<Vec<ReadyCount>, Error> {
        let now = self.now();
        self.readers
            .read(move |conn| {
                let sql = format!(
                    "SELECT {} FROM tasks INDEXED BY idx_tasks_startable \
                     WHERE status = 'ready' GROUP BY assignee",
                    ReadyCount::columns()
                );
                row::all(conn, &sql, [now.0])
            })
            .await
    }
}

/// Returns the state of dispatching, beside what [`Kernel::for_dispatch`] knows.
pub(super) fn dispatch(
    conn: &Connection,
    now: Timestamp,
    held: Option<(Report, Timestamp)>,
    lock: Option<PathBuf>,
) -> Result<Dispatch, Error> {
    let said = row::find(conn, "SELECT report, reported_at FROM dispatcher", ())?;
    let written = said.map(|(json, at): (String, _)| {
        // A report that another version wrote in another form counts as none.
        (serde_json::from_str(&json).ok(), at)
    });
    let held = held.map(|(report, at)| (Some(report), at));
    // Another process may have written since.
    let (report, reported_at) = written
        .into_iter()
        .chain(held)
        .max_by_key(|(_, at)| *at)
        .unzip();
    let paused = format!("SELECT {} FROM pauses ORDER BY lane", Pause::columns());
    let running = format!(
        "SELECT {} FROM runs WHERE ended_at IS NULL GROUP BY lane ORDER BY lane",
        Running::columns()
    );
    let mut dispatch = Dispatch {
        report: report.flatten(),
        reported_at,
        paused: row::all(conn, &paused, ())?,
        holds: lane_holds::active(conn)?,
        running: row::all(conn, &running, ())?,
        now,
    };
    // One that was killed has not written that it ended.
    if dispatch.living().is_some()
        && lock.is_some_and(|lock| is_locked(&lock).is_ok_and(|is_locked| !is_locked))
        && let Some(report) = &mut dispatch.report
    {
        report.is_running = false;
    }
    // A hold that is over ends with the next claim.
    dispatch.holds.retain(|hold| hold.lets(now) != Lets::All);
    if !dispatch.holds.is_empty() {
        count_waiting(conn, &mut dispatch)?;
    }
    Ok(dispatch)
}

/// Counts the ready tasks that wait for each hold.
fn count_waiting(conn: &Connection, dispatch: &mut Dispatch) -> Result<(), Error> {
    let Some(report) = &dispatch.report else {
        return Ok(());
    };
    let sql = "SELECT assignee, count(*) FROM tasks INDEXED BY idx_tasks_startable \
               WHERE status = 'ready' AND assignee IS NOT NULL GROUP BY assignee \
               UNION ALL \
               SELECT reviewer, count(*) FROM tasks INDEXED BY idx_tasks_review \
               WHERE status = 'review' AND reviewer <> 'person' GROUP BY reviewer";
    let ready: Vec<(String, u32)> = row::all(conn, sql, ())?;
    for (assignee, count) in ready {
        let Some(lane) = report.lane_of(&assignee) else {
            continue;
        };
        for hold in &mut dispatch.holds {
            if hold.name == lane.name || lane.pool.as_ref() == Some(&hold.name) {
                hold.waiting = hold.waiting.saturating_add(count);
            }
        }
    }
    Ok(())
}
