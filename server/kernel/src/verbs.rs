//! The verbs: each decides from what the file says and writes what follows from it, inside the
//! writer's transaction.

mod archive;
mod assign;
mod attempt;
mod authority;
mod block;
mod claim;
mod comment;
mod complete;
mod create;
mod edit;
mod forget;
mod idempotency;
mod lease;
mod link;
mod move_task;
mod named;
mod promotion;
mod subscribe;

use domain::actor::Actor;
use domain::command::{Command, Receipt};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{EventId, TaskId};
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::{self, Step};
use rand::rngs::StdRng;
use rusqlite::Connection;

use crate::error::Error;
use crate::{events, tasks};

/// What a verb works with: the open transaction, the time and the source of randomness.
pub(crate) struct Work<'a> {
    conn: &'a Connection,
    now: Timestamp,
    rng: &'a mut StdRng,
    events: Vec<EventId>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(conn: &'a Connection, now: Timestamp, rng: &'a mut StdRng) -> Self {
        Self {
            conn,
            now,
            rng,
            events: Vec::new(),
        }
    }

    /// Writes an event of `task`.
    fn log(&mut self, task: &TaskId, body: &EventBody) -> Result<(), Error> {
        self.events
            .push(events::append(self.conn, self.now, task, body)?);
        Ok(())
    }

    /// The task with this id.
    fn task(&self, id: &TaskId) -> Result<Task, Error> {
        tasks::get(self.conn, id)
    }

    /// Gives a task a status other than `running`.
    fn put(
        &self,
        id: &TaskId,
        status: &Status,
        not_before: Option<Timestamp>,
    ) -> Result<(), Error> {
        tasks::put(self.conn, self.now, id, status, not_before)
    }
}

/// Carries out one command.
pub(crate) fn carry_out(
    work: &mut Work<'_>,
    actor: &Actor,
    command: &Command,
) -> Result<Receipt, Error> {
    authority::check(work, actor, command)?;
    let answer = match command {
        Command::CreateTask(new) => create::create(work, actor, new),
        Command::ClaimTask {
            task,
            lock,
            ttl,
            lane,
            policy,
        } => {
            let claim = claim::Claim {
                lock,
                ttl: *ttl,
                lane: lane.as_deref(),
                policy,
            };
            claim::claim(work, task, &claim)
        }
        Command::RenewLease { task, ttl } => lease::renew(work, task, *ttl),
        Command::ReleaseStaleClaims => lease::release_stale(work),
        Command::CompleteTask { task, result } => complete::complete(work, task, result.as_deref()),
        Command::BlockTask { task, reason } => block::block(work, actor, task, reason.as_deref()),
        Command::UnblockTask { task } => block::unblock(work, task),
        Command::CommentOnTask { task, body } => comment::comment(work, actor, task, body),
        Command::AssignTask {
            task,
            assignee,
            stop,
        } => assign::assign(work, actor, task, assignee.as_deref(), *stop),
        Command::EditTask { task, title, body } => {
            edit::edit(work, task, title.as_deref(), body.as_deref())
        }
        Command::SetPriority { task, priority } => edit::set_priority(work, task, *priority),
        Command::ArchiveTask { task } => archive::archive(work, actor, task),
        Command::LinkTasks { parent, child } => link::link(work, parent, child),
        Command::UnlinkTasks { parent, child } => link::unlink(work, parent, child),
        Command::MoveTask { task, to } => move_task::move_task(work, actor, task, to),
        Command::Subscribe { task, to } => subscribe::subscribe(work, task, to),
        Command::Unsubscribe { task, to } => subscribe::unsubscribe(work, task, to),
        Command::ForgetEvents { before } => forget::forget_events(work, *before),
        Command::PromoteWaiting => promotion::promote_all(work),
        Command::AttachSupervisor { run, process } => attempt::attach(work, *run, process),
        Command::RecordSpawn {
            run,
            worker_pid,
            workspace,
        } => attempt::record_spawn(work, *run, *worker_pid, workspace),
        Command::FailRun { run, failure } => attempt::fail(work, *run, failure),
        Command::CancelRun { task } => attempt::cancel(work, actor, task),
        Command::DeferRun { run, until, reason } => attempt::defer(work, *run, *until, reason),
        Command::InterruptRun { run } => attempt::interrupt(work, *run),
        Command::AdoptRun { run } => attempt::adopt(work, *run),
    }?;
    Ok(Receipt {
        events: std::mem::take(&mut work.events),
        answer,
    })
}

/// The status of `task` after `step`, or the refusal that says which verb does not apply.
fn step(task: &Task, step: &Step, verb: &'static str) -> Result<Status, Error> {
    transition::after(&task.status, step).ok_or_else(|| {
        let (task, status) = (task.id.clone(), task.status.clone());
        Refusal::WrongStatus { task, status, verb }.into()
    })
}
