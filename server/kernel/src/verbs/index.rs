//! Keeping the full-text index up to date. It follows the event log a step at a time, so that it
//! costs the verbs nothing and holds up no other writer for long.

use domain::actor::Actor;
use domain::command::{Change, IndexTexts};
use domain::id::TaskId;

use super::{CarryOut, Work};
use crate::error::Error;
use crate::row;

/// The maximum number of tasks in a step: writing long texts into the index takes about a
/// millisecond each.
const TASKS: usize = 25;

/// The maximum number of events that a step reads.
const EVENTS: usize = 500;

/// Marks that all tasks were indexed that existed before the index.
const ALL_TASKS: i64 = i64::MAX;

/// The kinds of events that change the texts of a task.
const TEXT_KINDS: [&str; 6] = [
    "created",
    "edited",
    "completed",
    "commented",
    "blocked",
    "undone",
];

/// The number of bytes of text after which a step ends: some 20 ms. A longer text is a step of its
/// own.
const STEP_BYTES: u64 = 256 * 1024;

/// The maximum number of characters of each text that are indexed: as many as a request may bring.
const INDEXED: usize = 2 * 1024 * 1024;

/// The maximum number of comments of a task that are indexed, the newest.
const COMMENTS: usize = 1_000;

/// The progress of the index: the row of the last task, [`ALL_TASKS`] in the end, and the last
/// event.
type Reached = (i64, i64);

/// The tasks to index next.
struct Step {
    /// Each task, with the progress once it is indexed.
    tasks: Vec<(Reached, TaskId)>,
    /// The progress after all of them.
    end: Reached,
    /// True if there is more than a step may take.
    is_full: bool,
}

impl CarryOut for IndexTexts {
    /// Takes one step. Answers [`Change::Unchanged`] when the index has caught up.
    fn carry_out(&self, work: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        let before: Reached = row::one(work.conn, "SELECT task, event FROM search_progress", ())?;
        let step = match before {
            (ALL_TASKS, event) => along_the_events(work, event)?,
            (task, event) => through_the_tasks(work, task, event)?,
        };
        let (mut bytes, mut reached, mut is_full) = (0, step.end, step.is_full);
        let mut tasks = step.tasks.iter().peekable();
        while let Some((place, id)) = tasks.next() {
            bytes += take_up(work, id)?;
            if bytes >= STEP_BYTES && tasks.peek().is_some() {
                (reached, is_full) = (*place, true);
                break;
            }
        }
        if reached != before {
            work.conn
                .prepare_cached("UPDATE search_progress SET task = ?1, event = ?2")?
                .execute(reached)?;
        }
        Ok(if is_full {
            Change::Done
        } else {
            Change::Unchanged
        })
    }
}

/// Restarts the index if events are about to be deleted that it has not reached yet.
pub(super) fn begin_anew_after(work: &Work<'_>, forgotten: i64) -> Result<(), Error> {
    work.conn
        .prepare_cached("UPDATE search_progress SET task = 0 WHERE event < ?1")?
        .execute([forgotten])?;
    Ok(())
}

/// Returns the next tasks in the order of their creation. After the last come the events.
fn through_the_tasks(work: &Work<'_>, after: i64, event: i64) -> Result<Step, Error> {
    let sql = "SELECT rowid, id FROM tasks WHERE rowid > ?1 ORDER BY rowid LIMIT ?2";
    let rows: Vec<(i64, Option<TaskId>)> = row::all(work.conn, sql, (after, row::limit_of(TASKS)))?;
    let end = rows.last().map_or(ALL_TASKS, |(number, _)| *number);
    let tasks = rows
        .into_iter()
        .filter_map(|(number, id)| Some(((number, event), id?)));
    Ok(Step {
        tasks: tasks.collect(),
        end: (end, event),
        is_full: true,
    })
}

/// Returns the tasks that the next events have changed, each once.
fn along_the_events(work: &Work<'_>, after: i64) -> Result<Step, Error> {
    let mut statement = work.conn.prepare_cached(
        "SELECT id, task_id, kind FROM task_events WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut events = statement.query((after, row::limit_of(EVENTS)))?;
    let (mut event, mut tasks, mut seen) = (after, Vec::<(Reached, TaskId)>::new(), 0);
    while let Some(row) = events.next()? {
        let (number, id, kind): (_, Option<TaskId>, String) = row::read(row)?;
        event = number;
        seen += 1;
        let Some(id) = id.filter(|_| TEXT_KINDS.contains(&kind.as_str())) else {
            continue;
        };
        if tasks.iter().all(|(_, taken)| *taken != id) {
            tasks.push(((ALL_TASKS, event), id));
        }
        if tasks.len() == TASKS {
            break;
        }
    }
    Ok(Step {
        end: (ALL_TASKS, event),
        is_full: seen == EVENTS || tasks.len() == TASKS,
        tasks,
    })
}

/// Indexes a task as it is now, and returns the number of bytes of text.
fn take_up(work: &Work<'_>, id: &TaskId) -> Result<u64, Error> {
    // An event may tell of a task that is not in the file.
    work.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO search_rows (task_id) SELECT id FROM tasks WHERE id = ?1",
        )?
        .execute([id.as_str()])?;
    let sql = "SELECT number FROM search_rows WHERE task_id = ?1";
    let Some(number) = row::find::<i64>(work.conn, sql, [id.as_str()])? else {
        return Ok(0);
    };
    work.conn
        .prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([number])?;
    let inserted = format!(
        "INSERT INTO search (rowid, title, body, result, comments) \
         SELECT ?2, substr(title, 1, {INDEXED}), substr(body, 1, {INDEXED}), \
             substr({}, 1, {INDEXED}), \
             (SELECT substr(group_concat(body, char(10)), 1, {INDEXED}) FROM ( \
                 SELECT substr(body, 1, {INDEXED}) AS body FROM task_comments \
                 WHERE task_id = ?1 ORDER BY id DESC LIMIT {COMMENTS} \
             )) \
         FROM tasks WHERE id = ?1",
        row::RESULT
    );
    work.conn
        .prepare_cached(&inserted)?
        .execute((id.as_str(), number))?;
    let sql = "SELECT octet_length(title) + coalesce(octet_length(body), 0) \
                   + coalesce(octet_length(result), 0) + coalesce(octet_length(comments), 0) \
               FROM search WHERE rowid = ?1";
    row::one(work.conn, sql, [number])
}
