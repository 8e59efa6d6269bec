//! The same verb for several tasks: a refusal stops none of the others.

use domain::command::Verb;
use domain::id::TaskId;

use super::json::TaskObject;
use super::output::Output;
use super::session::{self, Session};

/// The progress of a bulk change, and its output.
pub(super) struct Bulk<'a> {
    session: &'a Session,
    output: &'a mut Output,
    /// As in `cannot archive t_1a2b3c4d`.
    verb: &'static str,
    /// The tasks that were changed, where they are to be printed for programs.
    changed: Option<Vec<TaskId>>,
}

impl<'a> Bulk<'a> {
    /// Prints each change in a line.
    pub(super) fn new(session: &'a Session, output: &'a mut Output, verb: &'static str) -> Self {
        Self {
            session,
            output,
            verb,
            changed: None,
        }
    }

    /// Prints the changed tasks as JSON instead, at the end.
    pub(super) fn json(self, json: bool) -> Self {
        Self {
            changed: json.then(Vec::new),
            ..self
        }
    }

    /// Does it to one task, whose id may be nonsense.
    pub(super) async fn named<V: Verb>(
        &mut self,
        text: &str,
        verb: impl FnOnce(TaskId) -> V,
        said: impl FnOnce(&TaskId) -> String,
    ) {
        match session::known(text) {
            Ok(task) => self.task(task, verb, said).await,
            Err(error) => self.refuse(text, &error),
        }
    }

    /// Does it to one task.
    pub(super) async fn task<V: Verb>(
        &mut self,
        task: TaskId,
        verb: impl FnOnce(TaskId) -> V,
        said: impl FnOnce(&TaskId) -> String,
    ) {
        match self.session.execute(verb(task.clone())).await {
            Ok(_) => match &mut self.changed {
                Some(changed) => changed.push(task),
                None => self.output.line(said(&task)),
            },
            Err(refusal) => self.refuse(task.as_str(), &refusal.into()),
        }
    }

    /// Prints what is left to print.
    pub(super) async fn finish(self) -> anyhow::Result<()> {
        let Some(changed) = self.changed else {
            return Ok(());
        };
        let mut tasks = Vec::with_capacity(changed.len());
        for id in &changed {
            tasks.push(self.session.task(id).await?);
        }
        self.output
            .json(&tasks.iter().map(TaskObject::from).collect::<Vec<_>>())
    }

    fn refuse(&mut self, task: &str, why: &anyhow::Error) {
        let verb = self.verb;
        self.output
            .complain(format_args!("cannot {verb} {task} ({why})"));
    }
}
