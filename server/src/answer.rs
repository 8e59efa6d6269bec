//! The kernel's answers, as the door that asked expects them. An answer to another question cannot
//! come; if one does, that is a fault of ours and is told as such.

use domain::command::{Answer, Receipt};
use domain::id::TaskId;
use domain::run::Claimed;

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

/// How many tasks were made ready.
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
