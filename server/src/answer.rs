//! The kernel's answers, as the door that asked expects them. An answer to another question cannot
//! come; if one does, that is a fault of ours and is told as such.

use domain::command::{Answer, Receipt};
use domain::id::{CommentId, TaskId};
use domain::run::Claimed;
use domain::time::Timestamp;

/// The task that was created, and whether it is new.
pub(crate) fn created(receipt: Receipt) -> Result<(TaskId, bool), kernel::Error> {
    match receipt.answer {
        Answer::Created { task, is_new } => Ok((task, is_new)),
        _ => Err(unexpected("the task")),
    }
}

/// The claim that was granted.
pub(crate) fn claimed(receipt: Receipt) -> Result<Claimed, kernel::Error> {
    match receipt.answer {
        Answer::Claimed(claimed) => Ok(*claimed),
        _ => Err(unexpected("the claim")),
    }
}

/// The number of the comment that was written.
pub(crate) fn commented(receipt: &Receipt) -> Result<CommentId, kernel::Error> {
    match receipt.answer {
        Answer::Commented { comment } => Ok(comment),
        _ => Err(unexpected("the comment")),
    }
}

/// The new end of the lease.
pub(crate) fn renewed(receipt: &Receipt) -> Result<Timestamp, kernel::Error> {
    match receipt.answer {
        Answer::Renewed { lease_expires } => Ok(lease_expires),
        _ => Err(unexpected("the end of the lease")),
    }
}

/// The number of tasks made ready.
pub(crate) fn promoted(receipt: &Receipt) -> Result<usize, kernel::Error> {
    match receipt.answer {
        Answer::Promoted { count } => Ok(count),
        _ => Err(unexpected("the number of tasks")),
    }
}

fn unexpected(missing: &str) -> kernel::Error {
    tracing::error!("the kernel's answer does not hold {missing}");
    kernel::Error::Internal
}
