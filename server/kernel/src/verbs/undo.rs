//! Undoing the acts of people.
//!
//! Each verb records its inverse while it acts; the inverses of one request are an act.

use domain::actor::Actor;
use domain::command::{Change, Subscribe, Undo};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{CommentId, EventId, TaskId};
use domain::landing::{Landing, Method};
use domain::notify::Address;
use domain::outcome::{StartOn, TaskOutcome};
use domain::review::Review;
use domain::status::Status;
use domain::task::Task;
use domain::time::{Seconds, Timestamp};
use serde::{Deserialize, Serialize};

use super::{CarryOut, Work, archive, check, idempotency, landing, link, promotion, review};
use crate::error::Error;
use crate::{landings, row, tasks};

/// The inverse of one change of one task.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Step {
    task: TaskId,
    inverse: Inverse,
    /// The name of the actor; empty in the record of an older version.
    #[serde(default)]
    by: String,
    /// The origin of the actor; `None` is the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Inverse {
    /// It was created.
    Created,
    /// It had this title, body, due time, check, reviewer and method of landing.
    Text {
        title: String,
        body: Option<String>,
        #[serde(default)]
        due_at: Option<Timestamp>,
        #[serde(default)]
        check: Option<String>,
        #[serde(default)]
        review: Option<String>,
        #[serde(default)]
        land_method: Option<Method>,
    },
    /// It had this priority.
    Priority(i64),
    /// It was not to be started before this moment.
    NotBefore(Option<Timestamp>),
    /// It had these limits.
    Limits {
        max_runtime: Option<Seconds>,
        failure_limit: Option<u32>,
        #[serde(default)]
        rework_limit: Option<u32>,
    },
    /// It had this assignee.
    Assignee {
        assignee: Option<String>,
        standing: FailureState,
    },
    /// It had this status.
    Place {
        status: Status,
        waiting: bool,
        completed_at: Option<Timestamp>,
        result: Option<String>,
        #[serde(default)]
        outcome: TaskOutcome,
        #[serde(default)]
        in_review: Option<Review>,
        standing: FailureState,
        /// The comment that came with the change.
        comment: Option<CommentId>,
    },
    /// It was not a child of this task.
    Linked { parent: TaskId, was_put_aside: bool },
    /// It was a child of this task, on this outcome.
    Unlinked {
        parent: TaskId,
        #[serde(default)]
        on: StartOn,
        was_put_aside: bool,
    },
    /// It started on this outcome of this parent.
    StartOn { parent: TaskId, on: StartOn },
    /// This landing of it had been asked for, or none.
    Landing(Option<Landing>),
    /// It had this subscription.
    Subscribed(Address),
}

/// The failure state of a task, but for a row of deferrals, which begins anew.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FailureState {
    failures: u32,
    last_error: Option<String>,
    not_before: Option<Timestamp>,
    block_reason: Option<String>,
}

impl From<&Task> for FailureState {
    fn from(task: &Task) -> Self {
        Self {
            failures: task.failures,
            last_error: task.last_error.clone(),
            not_before: task.not_before,
            block_reason: task.block_reason.clone(),
        }
    }
}

impl Inverse {
    /// Builds the inverse that restores the present state of `task`.
    pub(super) fn place(task: &Task) -> Self {
        Self::Place {
            status: task.status.clone(),
            waiting: task.waiting,
            completed_at: task.completed_at,
            result: task.result.clone(),
            outcome: task.outcome,
            in_review: task.in_review.clone(),
            standing: task.into(),
            comment: None,
        }
    }

    /// Returns true if it takes back the end of a task that has this status.
    fn reopens(&self, now: &Status) -> bool {
        let reopens = |to: &Status| now.is_finished() && !to.is_finished();
        matches!(self, Self::Place { status, .. } if reopens(status))
    }

    /// The same, and without this comment.
    pub(super) fn with_comment(mut self, came_with: Option<CommentId>) -> Self {
        if let Self::Place { comment, .. } = &mut self {
            *comment = came_with;
        }
        self
    }
}

/// The act of one request, as it is recorded.
#[derive(Debug)]
pub(super) struct Act {
    steps: Vec<Step>,
    by: String,
    from: Option<String>,
}

impl Act {
    /// Begins an empty act by this actor.
    pub(super) fn by(actor: &Actor) -> Self {
        Self {
            steps: Vec::new(),
            by: actor.name.clone(),
            from: actor.origin.clone(),
        }
    }

    pub(super) fn note(&mut self, task: &TaskId, inverse: Inverse) {
        self.steps.push(Step {
            task: task.clone(),
            inverse,
            by: self.by.clone(),
            from: self.from.clone(),
        });
    }

    /// Stores the act, so that any of these events finds it. An act without inverses is not stored.
    pub(super) fn keep(&self, work: &Work<'_>, events: &[EventId]) -> Result<(), Error> {
        let (Some(first), Some(last), false) =
            (events.first(), events.last(), self.steps.is_empty())
        else {
            return Ok(());
        };
        let steps = serde_json::to_string(&self.steps).map_err(|_| Error::Internal)?;
        work.conn
            .prepare_cached(
                "INSERT INTO acts (first_event, last_event, steps) VALUES (?1, ?2, ?3)",
            )?
            .execute((first.0, last.0, steps))?;
        Ok(())
    }
}

impl CarryOut for Undo {
    /// Undoes the act that wrote `event`, as a whole.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Change, Error> {
        let event = self.event;
        let (first, last, steps) = find(work, event)?.ok_or(Refusal::NothingToUndo(event))?;
        for Step { task, inverse, .. } in &steps {
            let changed = if has_changed_since(work, task, first, last)? {
                Some(task.clone())
            } else if inverse.reopens(&work.task(task)?.status) {
                child_done_since(work, task, last)?
            } else {
                None
            };
            if let Some(task) = changed {
                return Err(Refusal::ChangedSince { task }.into());
            }
        }
        let mut undone: Vec<TaskId> = Vec::new();
        for Step { task, inverse, .. } in steps.into_iter().rev() {
            take_back(work, actor, &task, inverse)?;
            if !undone.contains(&task) {
                undone.push(task);
            }
        }
        for task in undone {
            work.log(&task, &EventBody::Undone { event })?;
        }
        Ok(Change::Done)
    }
}

fn find(work: &Work<'_>, event: EventId) -> Result<Option<(EventId, EventId, Vec<Step>)>, Error> {
    let sql = "SELECT first_event, last_event, steps FROM acts WHERE first_event <= ?1 \
               ORDER BY first_event DESC LIMIT 1";
    let nearest: Option<(EventId, EventId, String)> = row::find(work.conn, sql, [event.0])?;
    let Some((first, last, steps)) = nearest.filter(|(_, last, _)| event <= *last) else {
        return Ok(None);
    };
    // Another version may have noted it in other words; it cannot be taken back then.
    let steps = serde_json::from_str(&steps).ok();
    Ok(steps.map(|steps| (first, last, steps)))
}

fn has_live_child(work: &Work<'_>, task: &TaskId) -> Result<bool, Error> {
    let mut statement = work.conn.prepare_cached(
        "SELECT 1 FROM task_links AS link JOIN tasks AS child ON child.id = link.child_id \
         WHERE link.parent_id = ?1 AND child.status <> 'archived'",
    )?;
    Ok(statement.exists([task.as_str()])?)
}

/// Returns true if the task has changed after that event, except by comments and by changes that
/// followed from its parents, which are derived anew. An act that was undone does not count, so
/// acts are undone one after the other, the latest first; and none of them twice.
fn has_changed_since(
    work: &Work<'_>,
    task: &TaskId,
    first: EventId,
    last: EventId,
) -> Result<bool, Error> {
    let mut statement = work.conn.prepare_cached(
        "WITH undone (first_event, last_event) AS ( \
             SELECT act.first_event, act.last_event \
             FROM task_events AS undo JOIN acts AS act ON act.first_event = ( \
                 SELECT max(first_event) FROM acts WHERE first_event <= undo.payload ->> '$.event') \
             WHERE undo.task_id = ?1 AND undo.kind = 'undone' AND undo.id > ?2) \
         SELECT 1 FROM task_events AS event WHERE task_id = ?1 AND id > ?2 \
             AND kind NOT IN ('commented', 'ready', 'promoted', 'demoted', 'marked', 'unmarked', \
                 'heartbeat', 'landing_waits', 'undone') \
             AND NOT EXISTS (SELECT 1 FROM undone \
                             WHERE event.id BETWEEN undone.first_event AND undone.last_event) \
         UNION ALL SELECT 1 FROM undone WHERE first_event = ?3",
    )?;
    Ok(statement.exists((task.as_str(), last.0, first.0))?)
}

/// Returns a child of the task that was completed after that event, and so built upon its result. One
/// that runs goes on and is marked.
fn child_done_since(
    work: &Work<'_>,
    parent: &TaskId,
    last: EventId,
) -> Result<Option<TaskId>, Error> {
    let sql = "SELECT child.id FROM task_links JOIN tasks AS child ON child.id = child_id \
         WHERE parent_id = ?1 AND child.status = 'done' AND EXISTS ( \
             SELECT 1 FROM task_events AS event \
             WHERE event.task_id = child.id AND event.id > ?2 AND event.kind = 'completed') \
         ORDER BY child.id LIMIT 1";
    row::find(work.conn, sql, (parent.as_str(), last.0))
}

fn take_back(
    work: &mut Work<'_>,
    actor: &Actor,
    id: &TaskId,
    inverse: Inverse,
) -> Result<(), Error> {
    match inverse {
        Inverse::Created => put_away(work, actor, id),
        Inverse::Text {
            title,
            body,
            due_at,
            check,
            review,
            land_method,
        } => {
            let task = work.task(id)?;
            check::may_change(&task, check.as_deref())?;
            let named = review.as_deref().filter(|_| review != task.review);
            if let Some(review) = review::handed_over(&task, named) {
                tasks::set_review(work.conn, id, Some(&review))?;
            }
            tasks::set_text(work.conn, id, &title, body.as_deref())?;
            tasks::set_due(work.conn, id, due_at)?;
            tasks::set_proof(
                work.conn,
                id,
                check.as_deref(),
                review.as_deref(),
                land_method,
            )
        }
        Inverse::Priority(priority) => tasks::set_priority(work.conn, id, priority),
        Inverse::NotBefore(until) => tasks::set_not_before(work.conn, id, until),
        Inverse::Limits {
            max_runtime,
            failure_limit,
            rework_limit,
        } => tasks::set_limits(work.conn, id, max_runtime, failure_limit, rework_limit),
        Inverse::Assignee { assignee, standing } => {
            tasks::set_assignee(work.conn, id, assignee.as_deref())?;
            restore(work, id, &standing)
        }
        Inverse::Place {
            status,
            waiting,
            completed_at,
            result,
            outcome,
            in_review,
            standing,
            comment,
        } => {
            tasks::set_result(work.conn, id, completed_at, result.as_deref(), outcome)?;
            tasks::set_review(work.conn, id, in_review.as_ref())?;
            put_back(work, id, &status, waiting, in_review.is_some())?;
            restore(work, id, &standing)?;
            if let Some(comment) = comment {
                work.conn
                    .prepare_cached("DELETE FROM task_comments WHERE id = ?1")?
                    .execute([comment.0])?;
            }
            Ok(())
        }
        Inverse::Linked {
            parent,
            was_put_aside,
        } => {
            link::delete(work, &parent, id)?;
            match work.task(id)?.status {
                // The link let it wait, and its parent may have made it ready since.
                Status::Todo | Status::Ready if was_put_aside => work.put(id, &Status::Todo, None),
                _ => promotion::promote_one(work, id, Some(&parent)),
            }
        }
        Inverse::Unlinked {
            parent,
            on,
            was_put_aside,
        } => {
            link::restore(work, &parent, id, on)?;
            if was_put_aside {
                return Ok(());
            }
            link::settle(work, &parent, id, on)
        }
        Inverse::StartOn { parent, on } => {
            link::write(work, &parent, id, on)?;
            if link::is_put_aside(&work.task(id)?) {
                return Ok(());
            }
            link::settle(work, &parent, id, on)
        }
        Inverse::Landing(former) => {
            landing::take_back(work, id)?;
            former.map_or(Ok(()), |former| landings::write(work.conn, id, &former))
        }
        Inverse::Subscribed(to) => {
            let task = id.clone();
            Subscribe { task, to }.carry_out(work, actor).map(|_| ())
        }
    }
}

/// Puts a new task away again.
fn put_away(work: &mut Work<'_>, actor: &Actor, id: &TaskId) -> Result<(), Error> {
    // It would count as finished for what waits for it.
    if has_live_child(work, id)? {
        return Err(Refusal::ChangedSince { task: id.clone() }.into());
    }
    let task = work.task(id)?;
    archive::put_away(work, actor, &task)
}

/// Restores the status of a task. A worker that was stopped is gone, so its task becomes ready
/// instead of running; and a task in `ready` must not have a parent that was reopened.
fn put_back(
    work: &mut Work<'_>,
    id: &TaskId,
    to: &Status,
    waiting: bool,
    is_review: bool,
) -> Result<(), Error> {
    let task = work.task(id)?;
    let status = match to {
        Status::Running if is_review => Status::Review,
        Status::Running => Status::Ready,
        other => other.clone(),
    };
    work.put(id, &status, None)?;
    if let (true, Some(key)) = (
        (task.status == Status::Archived) != (status == Status::Archived),
        &task.idempotency_key,
    ) {
        idempotency::settle(work, key)?;
    }
    match status {
        Status::Ready => promotion::hold_back(work, id)?,
        Status::Todo if waiting => {
            tasks::set_waiting(work.conn, id)?;
            promotion::promote_one(work, id, None)?;
        }
        _ => {}
    }
    match (task.status.is_finished(), status.is_finished()) {
        (true, false) => promotion::demote_children(work, id),
        (false, true) => promotion::promote_children(work, id),
        _ => Ok(()),
    }
}

fn restore(work: &Work<'_>, id: &TaskId, standing: &FailureState) -> Result<(), Error> {
    tasks::set_failures(
        work.conn,
        id,
        standing.failures,
        standing.last_error.as_deref(),
    )?;
    work.conn
        .prepare_cached("UPDATE tasks SET not_before = ?2, block_reason = ?3 WHERE id = ?1")?
        .execute((
            id.as_str(),
            standing.not_before.map(|at| at.0),
            &standing.block_reason,
        ))?;
    Ok(())
}

/// Deletes the acts before this moment; nobody undoes anything that old.
pub(super) fn forget(work: &Work<'_>, before: Timestamp) -> Result<(), Error> {
    work.conn
        .prepare_cached(
            "DELETE FROM acts WHERE first_event IN (SELECT id FROM task_events WHERE created_at < ?1)",
        )?
        .execute([before.0])?;
    Ok(())
}
