//! Telling the board how a run has ended.

use domain::actor::Actor;
use domain::command::{
    ApproveTask, BlockTask, Command, CompleteTask, DeferRun, FailRun, Failure, InterruptRun,
    RecordExit, RequestChanges, RunVerb, SettleCheck,
};
use domain::dispatch::Slot;
use domain::error::Error as Refusal;
use domain::id::{RunId, TaskId};
use domain::outcome::TaskOutcome;
use domain::run::Outcome;
use domain::status::Status;

use super::Work;
use crate::error::Error;
use crate::lanes::rules::Rules;
use crate::run::exit_verdict::Verdict;
use crate::run::folder::{End, Exit};

impl Work {
    /// Tells the board the verdict on a run, as of the moment at which its worker ended.
    pub(super) async fn report_end(
        &mut self,
        run: RunId,
        slot: Slot,
        verdict: Verdict,
        (rules, worker, rework_limit): (&Rules, Actor, Option<u32>),
        record: Option<Command>,
    ) -> Result<(), Error> {
        let with_record = |command| record.into_iter().chain([command]).collect();
        let (dispatcher, task) = (Actor::dispatcher(), slot.task.clone());
        match verdict {
            Verdict::Complete { result, outcome } => {
                let complete = complete(task, result, outcome);
                self.tell(run, &worker, with_record(complete.into())).await
            }
            Verdict::Approve { note } => {
                let approve = ApproveTask {
                    task,
                    run: None,
                    commit: None,
                    note,
                };
                self.tell(run, &worker, with_record(approve.into())).await
            }
            Verdict::RequestChanges { reason } => {
                let request = RequestChanges {
                    task,
                    reason,
                    run: None,
                    commit: None,
                };
                self.tell(run, &worker, with_record(request.into())).await
            }
            Verdict::Checked {
                check,
                result,
                outcome,
            } => {
                let is_red = check.is_red();
                let settle = SettleCheck {
                    run,
                    check: *check,
                    limit: rework_limit,
                };
                let mut commands: Vec<Command> = with_record(settle.into());
                if is_red {
                    return self.give_up(run, task, commands).await;
                }
                commands.push(complete(task, result, outcome).into());
                self.tell(run, &worker, commands).await
            }
            Verdict::Block { reason } => {
                let reason = Some(reason);
                let block = BlockTask { task, reason };
                self.tell(run, &worker, with_record(block.into())).await
            }
            Verdict::Fail(failure) => {
                if failure.outcome == Outcome::Crashed {
                    self.done.crashed.push(task.clone());
                }
                let fail = self.failed(run, failure, rules);
                self.give_up(run, task, with_record(fail.into())).await
            }
            Verdict::Defer { reason, met } => {
                let defer = DeferRun { run, reason, met };
                self.give_up(run, task, with_record(defer.into())).await
            }
            Verdict::Hinder { error, fault } => self.hindered(run, slot, error, fault).await,
            Verdict::Interrupt => {
                let error = None;
                let interrupt = InterruptRun { run, error };
                self.tell(run, &dispatcher, with_record(interrupt.into()))
                    .await
            }
        }
    }

    /// The failure of a run, by the rules of its lane.
    pub(super) fn failed(&self, run: RunId, failure: Failure, rules: &Rules) -> FailRun {
        FailRun {
            run,
            failure,
            limit: rules.limit.or(self.settings.failure_limit),
            next: rules.next_attempt(),
            breaker: rules.breaker,
        }
    }

    /// Closes a run that came to nothing, and takes note of its task if that was once too often.
    pub(super) async fn give_up(
        &mut self,
        run: RunId,
        task: TaskId,
        commands: Vec<Command>,
    ) -> Result<(), Error> {
        self.tell(run, &Actor::dispatcher(), commands).await?;
        if self.kernel.task(&task).await?.task.status == Status::Blocked {
            self.done.auto_blocked.push(task);
        }
        Ok(())
    }

    /// Executes commands about a run in one transaction. If that was closed meanwhile, what is
    /// known of its worker is recorded all the same.
    pub(super) async fn tell(
        &self,
        run: RunId,
        actor: &Actor,
        mut commands: Vec<Command>,
    ) -> Result<(), Error> {
        match self.kernel.execute_all(actor, commands.clone()).await {
            Ok(_) => Ok(()),
            Err(kernel::Error::Refused(refusal)) => {
                match refusal {
                    Refusal::RunNotOpen(_) | Refusal::StaleRun | Refusal::RunOver { .. } => {
                        tracing::info!(run.id = %run, %refusal, "a run was closed meanwhile");
                    }
                    refusal => {
                        tracing::warn!(run.id = %run, %refusal, "what came of a run is refused");
                    }
                }
                let dispatcher = Actor::dispatcher();
                commands.retain(|command| matches!(command, Command::Run(RunVerb::RecordExit(_))));
                match self.kernel.execute_all(&dispatcher, commands).await {
                    Ok(_) | Err(kernel::Error::Refused(_)) => Ok(()),
                    Err(error) => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The command that completes a task with what its worker said.
fn complete(task: TaskId, result: Option<String>, outcome: Option<TaskOutcome>) -> CompleteTask {
    CompleteTask {
        task,
        outcome,
        result,
        summary: None,
        metadata: None,
        unchecked: false,
    }
}

/// The command that writes down how the worker itself ended, whatever became of its task.
pub(super) fn record(run: RunId, exit: &Exit) -> Command {
    let code = match exit.end {
        End::Code(code) => Some(code),
        _ => None,
    };
    RecordExit {
        run,
        ended_at: exit.ended_at,
        code,
        log_end: exit.log_end,
        commit: exit.commit.clone(),
    }
    .into()
}
