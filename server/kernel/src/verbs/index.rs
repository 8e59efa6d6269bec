//! Keeping the full-text index up to date. It follows the event log a step at a time, so that it
//! costs the verbs nothing and holds up no other writer for long.

use domain::command::Answer;
use domain::id::TaskId;
use rusqlite::OptionalExtension;

use super::Work;
use crate::error::Error;
use crate::row;

/// How many tasks a step takes up: writing long texts into the index takes about a millisecond each.
const TASKS: usize = 25;

/// How many events a step looks at.
const EVENTS: usize = 500;

/// Says that all tasks have been gone through that were there before the index.
const ALL_TASKS: i64 = i64::MAX;

/// The kinds of events after which a task reads differently.
const TEXT_KINDS: [&str; 6] = [
    "created",
    "edited",
    "completed",
    "commented",
    "blocked",
    "undone",
];

/// How far the index has come, and the tasks to take up on the way.
struct Step {
    task: i64,
    event: i64,
    ids: Vec<TaskId>,
    /// Whether there was more than a step may take.
    is_full: bool,
}

/// Takes one step. Answers [`Answer::Unchanged`] when the index has caught up.
pub(super) fn index(work: &mut Work<'_>) -> Result<Answer, Error> {
    let (task, event): (i64, i64) = work
        .conn
        .prepare_cached("SELECT task, event FROM search_progress")?
        .query_one((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let step = if task == ALL_TASKS {
        along_the_events(work, event)?
    } else {
        through_the_tasks(work, task, event)?
    };
    for id in &step.ids {
        take_up(work, id)?;
    }
    if (step.task, step.event) != (task, event) {
        work.conn
            .prepare_cached("UPDATE search_progress SET task = ?1, event = ?2")?
            .execute((step.task, step.event))?;
    }
    Ok(if step.is_full {
        Answer::Done
    } else {
        Answer::Unchanged
    })
}

/// Lets the index begin anew when events are going to be forgotten that it has not followed yet.
pub(super) fn begin_anew_after(work: &Work<'_>, forgotten: i64) -> Result<(), Error> {
    work.conn
        .prepare_cached("UPDATE search_progress SET task = 0 WHERE event < ?1")?
        .execute([forgotten])?;
    Ok(())
}

/// The next tasks in the order of their creation. After the last come the events.
fn through_the_tasks(work: &Work<'_>, after: i64, event: i64) -> Result<Step, Error> {
    let mut statement = work
        .conn
        .prepare_cached("SELECT rowid, id FROM tasks WHERE rowid > ?1 ORDER BY rowid LIMIT ?2")?;
    let rows = statement
        .query_map((after, row::limit_of(TASKS)), |row| {
            Ok((row.get(0)?, row::task_id(row, 1).ok()))
        })?
        .collect::<Result<Vec<(i64, Option<TaskId>)>, _>>()?;
    Ok(Step {
        task: rows.last().map_or(ALL_TASKS, |(number, _)| *number),
        event,
        ids: rows.into_iter().filter_map(|(_, id)| id).collect(),
        is_full: true,
    })
}

/// The tasks that the next events have changed, each once.
fn along_the_events(work: &Work<'_>, after: i64) -> Result<Step, Error> {
    let mut statement = work.conn.prepare_cached(
        "SELECT id, task_id, kind FROM task_events WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let mut events = statement.query((after, row::limit_of(EVENTS)))?;
    let (mut event, mut ids, mut seen) = (after, Vec::new(), 0);
    while let Some(row) = events.next()? {
        event = row.get(0)?;
        seen += 1;
        let kind = row::text(row, 2)?.unwrap_or_default();
        let Ok(id) = row::task_id(row, 1) else {
            continue;
        };
        if !TEXT_KINDS.contains(&kind.as_str()) {
            continue;
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() == TASKS {
            break;
        }
    }
    Ok(Step {
        task: ALL_TASKS,
        event,
        is_full: seen == EVENTS || ids.len() == TASKS,
        ids,
    })
}

fn take_up(work: &Work<'_>, id: &TaskId) -> Result<(), Error> {
    // An event may tell of a task that is not in the file.
    work.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO search_rows (task_id) SELECT id FROM tasks WHERE id = ?1",
        )?
        .execute([id.as_str()])?;
    let number: Option<i64> = work
        .conn
        .prepare_cached("SELECT number FROM search_rows WHERE task_id = ?1")?
        .query_one([id.as_str()], |row| row.get(0))
        .optional()?;
    let Some(number) = number else {
        return Ok(());
    };
    work.conn
        .prepare_cached("DELETE FROM search WHERE rowid = ?1")?
        .execute([number])?;
    work.conn
        .prepare_cached(&format!(
            "INSERT INTO search (rowid, title, body, result, comments) \
             SELECT ?2, title, body, {}, \
                 (SELECT group_concat(body, char(10)) FROM task_comments WHERE task_id = ?1) \
             FROM tasks WHERE id = ?1",
            row::RESULT
        ))?
        .execute((id.as_str(), number))?;
    Ok(())
}
