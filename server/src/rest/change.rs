//! The changes of `PATCH /tasks/{id}` and `POST /tasks/bulk`, as commands.

use domain::command::Command;
use domain::id::TaskId;
use domain::status::Status;
use domain::time::Seconds;
use serde_json::{Map, Value};

use super::input::Fields;
use super::tasks::{RETRIES, RUNTIME, count};
use crate::http_error::HttpError;

/// The change of a task. A field that is `None` stays.
#[derive(Clone, Debug, Default)]
pub(super) struct Change {
    pub(super) assignee: Option<String>,
    /// True when a worker that has the task is stopped when somebody else gets it.
    pub(super) stop: bool,
    pub(super) status: Option<String>,
    pub(super) result: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) block_reason: Option<String>,
    pub(super) priority: Option<i64>,
    pub(super) title: Option<String>,
    pub(super) body: Option<String>,
    pub(super) max_runtime: Option<Seconds>,
    pub(super) failure_limit: Option<u32>,
}

/// A status that no verb leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UnknownStatus(pub(super) String);

impl From<UnknownStatus> for HttpError {
    fn from(unknown: UnknownStatus) -> Self {
        Self::Senseless(format!("unknown status: {}", unknown.0))
    }
}

impl Change {
    /// Reads the body of a `PATCH`.
    pub(super) fn of_task(fields: &mut Fields) -> Self {
        Self {
            assignee: fields.optional_text("assignee"),
            stop: fields.flag("stop"),
            status: fields.optional_text("status"),
            result: fields.optional_text("result"),
            summary: fields.optional_text("summary"),
            metadata: fields.optional_object("metadata"),
            block_reason: fields.optional_text("block_reason"),
            priority: fields.optional_integer("priority"),
            title: fields.optional_text("title"),
            body: fields.optional_text("body"),
            max_runtime: fields.bounded("max_runtime_seconds", RUNTIME).map(Seconds),
            failure_limit: fields.bounded("max_retries", RETRIES).and_then(count),
        }
    }

    /// The same without a status.
    pub(super) fn without_status(&self) -> Self {
        Self {
            status: None,
            ..self.clone()
        }
    }

    /// The commands that do it, in the order of the original.
    pub(super) fn commands(&self, task: &TaskId) -> Result<Vec<Command>, UnknownStatus> {
        let assign = self.assignee.as_ref().map(|assignee| Command::AssignTask {
            task: task.clone(),
            assignee: Some(assignee.clone()).filter(|name| !name.is_empty()),
            stop: self.stop,
        });
        let place = match &self.status {
            Some(status) => Some(self.place(task, status)?),
            None => None,
        };
        let priority = self.priority.map(|priority| Command::SetPriority {
            task: task.clone(),
            priority,
        });
        let says_something = self.title.is_some() || self.body.is_some();
        let edit = says_something.then(|| Command::EditTask {
            task: task.clone(),
            title: self.title.clone(),
            body: self.body.clone(),
        });
        let has_limits = self.max_runtime.is_some() || self.failure_limit.is_some();
        let limit = has_limits.then(|| Command::LimitTask {
            task: task.clone(),
            max_runtime: self.max_runtime,
            failure_limit: self.failure_limit,
        });
        Ok([assign, place, priority, edit, limit]
            .into_iter()
            .flatten()
            .collect())
    }

    fn place(&self, task: &TaskId, status: &str) -> Result<Command, UnknownStatus> {
        let task = task.clone();
        let unknown = || UnknownStatus(status.to_owned());
        Ok(match Status::from_name(status).ok_or_else(unknown)? {
            Status::Done => Command::CompleteTask {
                task,
                result: self.result.clone(),
                summary: self.summary.clone(),
                metadata: self
                    .metadata
                    .clone()
                    .map(|it| Value::Object(it).to_string()),
            },
            Status::Blocked => Command::BlockTask {
                task,
                reason: self.block_reason.clone(),
            },
            Status::Archived => Command::ArchiveTask { task },
            // To `ready` a blocked task is unblocked; to `running` nothing moves, which the kernel
            // knows.
            to => Command::MoveTask { task, to },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_assignee_is_nobody_and_none_is_no_change() {
        let task: TaskId = "t_1".parse().unwrap();
        let commands = |assignee: Option<&str>| {
            let change = Change {
                assignee: assignee.map(str::to_owned),
                ..Change::default()
            };
            change.commands(&task).unwrap()
        };
        assert!(commands(None).is_empty());
        assert!(matches!(
            commands(Some("")).as_slice(),
            [Command::AssignTask { assignee: None, .. }]
        ));
    }

    #[test]
    fn a_status_of_another_version_is_unknown_here() {
        let change = Change {
            status: Some("review".to_owned()),
            ..Change::default()
        };
        let task: TaskId = "t_1".parse().unwrap();
        assert_eq!(
            change.commands(&task),
            Err(UnknownStatus("review".to_owned()))
        );
    }
}
