//! The changes of `PATCH /tasks/{id}` and `POST /tasks/bulk`, as commands. A field that is `None`
//! stays.

use domain::command::{
    ArchiveTask, AssignTask, BlockTask, Command, CompleteTask, EditTask, LimitTask, MoveTask,
    SetPriority,
};
use domain::id::TaskId;
use domain::outcome::TaskOutcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::input::lenient;
use super::tasks::{LATEST, count};
use crate::http_error::HttpError;

lenient! {
    /// The changes of a task; what is not named stays.
    #[derive(Clone, Debug, Default, ToSchema)]
    #[schema(example = json!({ "status": "done", "result": "merged as 1a2b3c4" }))]
    pub(super) struct Changes {
        /// The new assignee; empty is nobody.
        pub(super) assignee: Option<String> = optional_text(),
        /// True to stop the worker that has it when it is reassigned.
        #[schema(value_type = Option<bool>)]
        pub(super) stop: bool = flag(),
        /// The new status: `triage`, `todo`, `ready`, `blocked`, `done` or `archived`.
        pub(super) status: Option<String> = optional_text(),
        /// With `done`: its outcome, `success` or `failure`.
        #[schema(pattern = "^(success|failure)$", default = "success")]
        pub(super) outcome: Option<String> = optional_text(),
        /// With `done`: what came out of it, for the tasks that depend on it.
        pub(super) result: Option<String> = optional_text(),
        /// With `done`: what the run did.
        pub(super) summary: Option<String> = optional_text(),
        /// With `done`: particulars of the run for programs.
        pub(super) metadata: Option<Map<String, Value>> = optional_object(),
        /// With `blocked`: the question, or what is missing.
        pub(super) block_reason: Option<String> = optional_text(),
        /// Higher starts sooner.
        pub(super) priority: Option<i64> = optional_integer(),
        /// The title: the work, in a line.
        pub(super) title: Option<String> = optional_text(),
        /// The whole story.
        pub(super) body: Option<String> = optional_text(),
        /// The time limit of an attempt in seconds, from the next one on; 0 is that of its lane.
        #[schema(minimum = 0, maximum = 31_536_000)]
        pub(super) max_runtime_seconds: Option<i64> = bounded(0..=31_536_000),
        /// The number of failures in a row that blocks it; 0 is the limit of the board.
        #[schema(minimum = 0, maximum = 1_000)]
        pub(super) max_retries: Option<i64> = bounded(0..=1_000),
        /// The time by which it is to be finished; 0 is none.
        #[schema(minimum = 0, maximum = 253_402_300_799_i64)]
        pub(super) due_at: Option<i64> = bounded(0..=LATEST),
        /// The script that has to exit with 0 before it counts as done; an empty one removes it.
        #[schema(max_length = 16_384)]
        pub(super) check: Option<String> = optional_text(),
        /// The number of red checks in a row that blocks it; 0 is the limit of its lane.
        #[schema(minimum = 0, maximum = 1_000)]
        pub(super) rework_limit: Option<i64> = bounded(0..=1_000),
        /// The one who has to approve its work: `person`, or a lane; an empty one leaves that to its lane.
        pub(super) review: Option<String> = optional_text(),
        /// The method by which its work lands: `merge` or `rebase`; an empty one leaves that to its lane.
        #[schema(pattern = "^(merge|rebase|)$")]
        pub(super) land_method: Option<String> = optional_text(),
        /// True to finish it without its check and without its review.
        pub(super) unchecked: bool = flag(),
    }
}

/// A change that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoSense {
    /// No verb leads to this status.
    Status(String),
    /// It names an outcome that there is not.
    Outcome(domain::error::Error),
}

impl From<NoSense> for HttpError {
    fn from(no_sense: NoSense) -> Self {
        match no_sense {
            NoSense::Status(name) => Self::Senseless(format!("unknown status: {name}")),
            NoSense::Outcome(unknown) => unknown.into(),
        }
    }
}

impl Changes {
    /// The same without a status.
    pub(super) fn without_status(&self) -> Self {
        Self {
            status: None,
            ..self.clone()
        }
    }

    /// The commands that do it, in the order of the original.
    pub(super) fn commands(&self, task: &TaskId) -> Result<Vec<Command>, NoSense> {
        let assign = self.assignee.as_ref().map(|assignee| AssignTask {
            task: task.clone(),
            assignee: Some(assignee.clone()).filter(|name| !name.is_empty()),
            stop: self.stop,
            reason: None,
        });
        let place = match &self.status {
            Some(status) => Some(self.place(task, status)?),
            None => None,
        };
        let priority = self.priority.map(|priority| SetPriority {
            task: task.clone(),
            priority,
        });
        let edit = EditTask {
            title: self.title.clone(),
            body: self.body.clone(),
            due_at: self.due_at.map(Timestamp),
            check: self.check.clone(),
            review: self.review.clone(),
            land_method: self.land_method.clone(),
            ..EditTask::of(task.clone())
        };
        let edit = Some(edit).filter(|edit| *edit != EditTask::of(task.clone()));
        let limits = [self.max_retries, self.rework_limit];
        let has_limits = self.max_runtime_seconds.is_some() || limits.iter().any(Option::is_some);
        let limit = has_limits.then(|| LimitTask {
            task: task.clone(),
            max_runtime: self.max_runtime_seconds.map(Seconds),
            failure_limit: self.max_retries.and_then(count),
            rework_limit: self.rework_limit.and_then(count),
        });
        let commands = [
            assign.map(Command::from),
            place,
            priority.map(Command::from),
            edit.map(Command::from),
            limit.map(Command::from),
        ];
        Ok(commands.into_iter().flatten().collect())
    }

    fn outcome(&self) -> Result<Option<TaskOutcome>, NoSense> {
        let outcome = self.outcome.as_deref().map(str::parse).transpose();
        outcome.map_err(NoSense::Outcome)
    }

    fn place(&self, task: &TaskId, status: &str) -> Result<Command, NoSense> {
        let task = task.clone();
        let unknown = || NoSense::Status(status.to_owned());
        Ok(match Status::from_name(status).ok_or_else(unknown)? {
            Status::Done => CompleteTask {
                task,
                outcome: self.outcome()?,
                result: self.result.clone(),
                summary: self.summary.clone(),
                metadata: self
                    .metadata
                    .clone()
                    .map(|it| Value::Object(it).to_string()),
                unchecked: self.unchecked,
            }
            .into(),
            Status::Blocked => BlockTask {
                task,
                reason: self.block_reason.clone(),
            }
            .into(),
            Status::Archived => ArchiveTask { task }.into(),
            // To `ready` a blocked task is unblocked; to `running` nothing moves, which the kernel
            // knows.
            to => MoveTask { task, to }.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use domain::command::BoardVerb;

    use super::*;

    #[test]
    fn an_empty_assignee_is_nobody_and_none_is_no_change() {
        let task: TaskId = "t_1".parse().unwrap();
        let commands = |assignee: Option<&str>| {
            let change = Changes {
                assignee: assignee.map(str::to_owned),
                ..Changes::default()
            };
            change.commands(&task).unwrap()
        };
        assert!(commands(None).is_empty());
        assert!(matches!(
            commands(Some("")).as_slice(),
            [Command::Board(BoardVerb::AssignTask(AssignTask {
                assignee: None,
                ..
            }))]
        ));
    }

    #[test]
    fn a_status_of_another_version_is_unknown_here() {
        let change = Changes {
            status: Some("waiting".to_owned()),
            ..Changes::default()
        };
        let task: TaskId = "t_1".parse().unwrap();
        assert_eq!(
            change.commands(&task),
            Err(NoSense::Status("waiting".to_owned()))
        );
    }
}
