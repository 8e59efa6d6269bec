//! Writing the audit log.

use domain::actor::Actor;
use domain::command::{Answer, Command};
use domain::id::TaskId;
use domain::time::Seconds;

use super::Work;
use crate::error::Error;

/// The retention time of the audit log: a year.
const KEPT_FOR: Seconds = Seconds(365 * 86_400);

/// Records an act that may start a program or that changes settings, once it is done.
pub(super) fn record(
    work: &Work<'_>,
    actor: &Actor,
    command: &Command,
    answer: &Answer,
) -> Result<(), Error> {
    let Some((action, detail)) = command.audited() else {
        return Ok(());
    };
    if answer.is_nothing() {
        return Ok(());
    }
    let task = match answer {
        Answer::Created(created) => Some(&created.task),
        _ => command.task(),
    };
    work.conn
        .prepare_cached(
            "INSERT INTO audit (created_at, actor, origin, action, task_id, detail) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            work.now.0,
            &actor.name,
            &actor.origin,
            action,
            task.map(TaskId::as_str),
            detail,
        ))?;
    Ok(())
}

/// Deletes the entries past their retention time.
pub(super) fn forget(work: &Work<'_>) -> Result<(), Error> {
    let before = work.now - KEPT_FOR;
    work.conn
        .prepare_cached("DELETE FROM audit WHERE created_at < ?1")?
        .execute([before.0])?;
    Ok(())
}
