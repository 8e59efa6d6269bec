//! The requests of the page: translated for the kernel and the dispatcher, which decide.

use app::api::backend::Agreed;
use dispatcher::{branches, sample};
use domain::command::{
    BoardVerb, Command, CommentOnTask, DropDelivery, HoldLane, MAX_CHANGES, Pause, Receipt,
    ReleaseLane, Resume, RetryDelivery, Subscribe, Undo, Unsubscribe,
};
use domain::error::ErrorKind;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use state::change::Change;
use state::drawer::edit::Text;
use state::refusal::Refusal;
use state::requests::pending::{Request, Saved};

use super::backend::Board;
use super::read;
use super::refuse::{ends_run, failed, internal};
use crate::any_verb;

/// The most tasks that a nudge starts, as in the original.
const MOST_NUDGED: u32 = 8;

impl Board {
    pub(super) async fn ask(&self, request: Request) -> Result<Saved, Refusal> {
        let command: Command = match request {
            Request::Change { task, change, .. } => {
                if let Change::Approve { .. }
                | Change::RequestChanges { .. }
                | Change::Land { .. } = &change
                {
                    let (home, config) = (&self.state.home, &self.state.dispatching);
                    let about = (&task, &self.actor.authority);
                    let looked = branches::look_before(self.kernel(), home, config, about);
                    looked.await.map_err(failed)?;
                }
                return self.execute(change.into_commands(task)).await;
            }
            Request::Undo { events, .. } => return self.undo(events).await,
            Request::FillSample => return self.fill_sample().await,
            Request::Create(form) => form.into_task()?.into(),
            Request::Comment { task, body } => CommentOnTask { task, body }.into(),
            Request::Pause(lane) => Pause { lane }.into(),
            Request::Resume(lane) => Resume { lane }.into(),
            Request::Hold(lane, span) => HoldLane {
                lane,
                until: None,
                span: Some(span),
                reason: None,
            }
            .into(),
            Request::Release(lane) => ReleaseLane { lane }.into(),
            Request::RetryDelivery(delivery) => RetryDelivery { delivery }.into(),
            Request::DropDelivery(delivery) => DropDelivery { delivery }.into(),
            Request::Subscribe(task, to) => Subscribe { task, to }.into(),
            Request::Unsubscribe(task, to) => Unsubscribe { task, to }.into(),
        };
        self.execute(vec![command]).await
    }

    pub(super) async fn act(&self, verb: BoardVerb) -> Result<Saved, Refusal> {
        let receipts = any_verb::carry_out(&self.state, &self.actor, verb).await;
        receipts.map(|receipts| saved(&receipts)).map_err(failed)
    }

    /// Carries out all of them or none.
    async fn execute(&self, commands: Vec<Command>) -> Result<Saved, Refusal> {
        let receipts = self.kernel().execute_all(&self.actor, commands).await;
        receipts.map(|receipts| saved(&receipts)).map_err(failed)
    }

    /// Carries out one after the other; each has its own answer.
    pub(super) async fn update_tasks(
        &self,
        changes: Vec<(TaskId, Change)>,
    ) -> Result<Vec<Result<Saved, Refusal>>, Refusal> {
        check_count(changes.len())?;
        let mut results = Vec::with_capacity(changes.len());
        for (task, change) in changes {
            results.push(self.execute(change.into_commands(task)).await);
        }
        Ok(results)
    }

    /// Takes back the latest first, because it may stand on the others.
    async fn undo(&self, events: Vec<EventId>) -> Result<Saved, Refusal> {
        check_count(events.len())?;
        let commands = events.into_iter().rev().map(|event| Undo { event }.into());
        self.execute(commands.collect()).await
    }

    /// Moves a task. The command depends on the present status of the task, which a plain form cannot
    /// know.
    pub(super) async fn move_task(
        &self,
        task: TaskId,
        to: &Status,
        agreed: Agreed,
    ) -> Result<Saved, Refusal> {
        let detail = self.kernel().task(&task).await.map_err(failed)?;
        let from = &detail.task.status;
        match Change::between(from, to) {
            Some(_) if detail.has_worker() && !agreed.end_run => Err(ends_run()),
            Some(Change::Complete { result }) if agreed.unchecked => {
                let change = Change::CompleteUnchecked { result };
                self.execute(change.into_commands(task)).await
            }
            Some(change) => self.execute(change.into_commands(task)).await,
            None => {
                // A claim leads to `running`, wherever the task is now.
                let kind = match to {
                    Status::Running => ErrorKind::Invalid,
                    _ => ErrorKind::Refused,
                };
                Err(Refusal::new(kind, Change::why_not_between(from, to)))
            }
        }
    }

    /// Changes what differs from the text as the form had it.
    pub(super) async fn edit_task(&self, task: TaskId, text: Text) -> Result<Saved, Refusal> {
        let detail = self.kernel().task(&task).await.map_err(failed)?;
        let before = read::shown(detail.task)?;
        match Text::of(&before).change_to(&text) {
            Some(change) => self.execute(change.into_commands(task)).await,
            None => Ok(saved(&[])),
        }
    }

    pub(super) async fn nudge(&self) -> Result<u32, Refusal> {
        let Some(dispatcher) = self.state.dispatcher.get() else {
            return Err(refused(
                "This server starts no tasks: the dispatcher is somewhere else, or off",
            ));
        };
        let report = dispatcher.tick(Some(MOST_NUDGED)).await.map_err(trouble)?;
        Ok(u32::try_from(report.spawned.len()).unwrap_or(u32::MAX))
    }

    async fn fill_sample(&self) -> Result<Saved, Refusal> {
        let filled = sample::fill(self.kernel(), &self.actor).await;
        filled.map_err(trouble)?;
        // Whatever else was written meanwhile, the sample is on the board by then.
        Ok(Saved {
            event: *self.kernel().newest_event().borrow(),
        })
    }
}

/// Returns the last event of an act.
fn saved(receipts: &[Receipt]) -> Saved {
    let events = receipts.iter().flat_map(|receipt| &receipt.events);
    Saved {
        event: events.max().copied().unwrap_or_default(),
    }
}

/// Refuses more than one request may ask for.
fn check_count(changes: usize) -> Result<(), Refusal> {
    if changes <= MAX_CHANGES {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorKind::Malformed,
        format!("one request may ask for {MAX_CHANGES} changes at most, not {changes}"),
    ))
}

fn trouble(error: dispatcher::Error) -> Refusal {
    match error {
        dispatcher::Error::Kernel(error) => failed(error),
        dispatcher::Error::BoardNotEmpty => refused(error.to_string()),
        error => internal(&error),
    }
}

fn refused(message: impl Into<String>) -> Refusal {
    Refusal::new(ErrorKind::Refused, message.into())
}
