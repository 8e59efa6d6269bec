//! Commenting on a task.

use domain::actor::Actor;
use domain::command::{CommentOnTask, Commented};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{CommentId, TaskId};

use super::{CarryOut, Work};
use crate::error::Error;

/// Writes a comment in the name of the actor.
impl CarryOut for CommentOnTask {
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Commented, Error> {
        let comment = comment(work, actor, &self.task, &self.body)?;
        Ok(Commented { comment })
    }
}

/// Writes a comment in the name of the actor.
pub(super) fn comment(
    work: &mut Work<'_>,
    actor: &Actor,
    id: &TaskId,
    body: &str,
) -> Result<CommentId, Error> {
    let (author, text) = (actor.name.trim(), body.trim());
    if text.is_empty() {
        return Err(Refusal::BlankComment.into());
    }
    if author.is_empty() {
        return Err(Refusal::BlankAuthor.into());
    }
    work.task(id)?;
    work.conn
        .prepare_cached(
            "INSERT INTO task_comments (task_id, author, body, created_at) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((id.as_str(), author, text, work.now.0))?;
    let comment = CommentId(work.conn.last_insert_rowid());
    let said = EventBody::Commented {
        author: actor.name.clone(),
        len: body.chars().count(),
    };
    work.log(id, &said)?;
    Ok(comment)
}
