//! What needs a person: everything on the board that goes on only when somebody has looked at it.

use serde::{Deserialize, Serialize};

use crate::board::TaskSummary;
use crate::id::{DeliveryId, TaskId};
use crate::notify::Address;
use crate::status::Status;
use crate::time::Timestamp;

/// One thing that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Concern {
    /// The task that it is about.
    pub task: TaskId,
    /// What that is to do.
    pub title: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Since when it waits for a person.
    pub since: Timestamp,
    /// What is needed.
    #[serde(flatten)]
    pub need: Need,
}

/// What a person is needed for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// A task is blocked: it wants an answer.
    Answer {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// A task failed, or was put off, too often: it wants somebody to look into it.
    GaveUp {
        /// How many attempts failed in a row.
        failures: u32,
        /// Why the last one failed.
        error: String,
        /// The last output of a worker that reported nothing: perhaps it is the result.
        proposed: Option<String>,
    },
    /// A place could not be told something: all of it wants another attempt, or to be dropped.
    Undelivered {
        /// The first that could not be delivered there.
        delivery: DeliveryId,
        /// To whom.
        to: Address,
        /// What was to be said.
        text: String,
        /// Why the last failed.
        error: String,
        /// How many there are.
        count: u32,
    },
}

impl Concern {
    /// What a task needs, by what the board shows of it; `None` where it needs nobody. What a worker
    /// proposed is not on the board.
    pub fn of_task(task: &TaskSummary) -> Option<Self> {
        (task.status == Status::Blocked).then(|| Self {
            task: task.id.clone(),
            title: task.title.clone(),
            assignee: task.assignee.clone(),
            since: task.status_since,
            need: Need::of_blocked(
                task.block_reason.clone(),
                task.failures,
                task.last_error.clone(),
                None,
            ),
        })
    }
}

impl Need {
    /// What a blocked task needs. Whoever gives up leaves an error and no question.
    pub fn of_blocked(
        question: Option<String>,
        failures: u32,
        error: Option<String>,
        proposed: Option<String>,
    ) -> Self {
        match (question, error) {
            (None, Some(error)) => Self::GaveUp {
                failures,
                error,
                proposed,
            },
            (question, _) => Self::Answer {
                question: question.filter(|text| !text.is_empty()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(question: Option<&str>, error: Option<&str>) -> Need {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Need::of_blocked(owned(question), 3, owned(error), None)
    }

    #[test]
    fn a_question_wants_an_answer_whatever_failed_before() {
        let question = Some("which port?".to_owned());
        assert_eq!(
            of(Some("which port?"), Some("exit 3")),
            Need::Answer { question }
        );
    }

    #[test]
    fn an_error_without_a_question_is_the_end_of_the_attempts() {
        assert!(matches!(
            of(None, Some("exit 3")),
            Need::GaveUp { failures: 3, .. }
        ));
        assert_eq!(of(None, None), Need::Answer { question: None });
        assert_eq!(of(Some(""), None), Need::Answer { question: None });
    }
}
