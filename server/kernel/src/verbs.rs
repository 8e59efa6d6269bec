//! The verbs: each reads the state of the board, decides, and writes the changes, inside the
//! writer's transaction.

mod archive;
mod assign;
mod attempt;
mod audit;
pub(crate) mod authority;
mod block;
mod claim;
mod comment;
mod complete;
mod crash;
mod create;
mod defer;
mod edit;
mod follow_clock;
mod forget;
pub(crate) mod home;
mod idempotency;
mod index;
mod keep;
mod lease;
mod link;
mod move_task;
mod named;
mod outbox;
mod pause;
mod promotion;
mod requests;
mod subscribe;
mod undo;

use domain::actor::{Actor, Authority};
use domain::command::{Answer, Command, FAILURE_LIMIT, Receipt};
use domain::error::Error as Refusal;
use domain::event::EventBody;
use domain::id::{EventId, RunId, RunToken, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use domain::transition::{self, Step};
use rand::RngExt;
use rand::rngs::StdRng;
use rusqlite::Connection;

pub use self::crash::ForeignWorker;
pub(crate) use self::crash::foreign_workers;
pub(crate) use self::forget::count_forgettable;
pub use self::lease::StaleClaim;
pub(crate) use self::lease::{LEASE_END, stale_claims};
pub(crate) use self::promotion::{HAS_UNFINISHED_PARENT, unfinished_parents};
use self::undo::{Act, Inverse};
use crate::error::Error;
use crate::intake::Accepted;
use crate::runs::{self, End, Start};
use crate::{events, tasks};

/// The context of a verb: the open transaction, the time and the source of randomness.
pub(crate) struct Work<'a> {
    conn: &'a Connection,
    now: Timestamp,
    rng: &'a mut StdRng,
    events: Vec<EventId>,
    /// The run that the command is about, and its task, whose events name it.
    run: Option<(TaskId, RunId)>,
    /// The end of this open run's worker, if it was not now.
    ended: Option<(RunId, Timestamp)>,
    /// The undo record of the request; `None` for a worker, whose acts cannot be undone.
    act: Option<Act>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(conn: &'a Connection, now: Timestamp, rng: &'a mut StdRng) -> Self {
        Self {
            conn,
            now,
            rng,
            events: Vec::new(),
            run: None,
            ended: None,
            act: None,
        }
    }

    /// Records the inverse of a change of `task`.
    fn note(&mut self, task: &TaskId, inverse: impl FnOnce() -> Inverse) {
        if let Some(act) = &mut self.act {
            act.note(task, inverse());
        }
    }

    /// Writes an event of `task`, and the deliveries for its subscribers.
    fn log(&mut self, task: &TaskId, body: &EventBody) -> Result<(), Error> {
        let run = self.run.as_ref().filter(|(of, _)| of == task);
        let run = run.map(|(_, run)| *run);
        let event = events::append(self.conn, self.now, task, run, body)?;
        self.events.push(event);
        outbox::post(self, task, event, body)
    }

    fn open_run(&mut self, start: &Start<'_>) -> Result<RunId, Error> {
        let run = runs::open(self.conn, self.now, start)?;
        self.run = Some((start.task.clone(), run));
        Ok(run)
    }

    /// Closes a run; the caller sets the status of its task.
    fn close_run(
        &mut self,
        task: &TaskId,
        run: RunId,
        outcome: Outcome,
        end: &End<'_>,
    ) -> Result<(), Error> {
        runs::close(self.conn, self.end_of(run), run, outcome, end)?;
        self.run = Some((task.clone(), run));
        Ok(())
    }

    /// Returns the end of a run that is closed now.
    fn end_of(&self, run: RunId) -> Timestamp {
        let ended = self.ended.filter(|(of, _)| *of == run);
        ended.map_or(self.now, |(_, at)| at)
    }

    /// Closes the open run of a task, if it has one, and returns its id.
    fn close_run_of(
        &mut self,
        task: &TaskId,
        outcome: Outcome,
        end: &End<'_>,
    ) -> Result<Option<RunId>, Error> {
        let Some(open) = runs::open_run_of(self.conn, task)? else {
            return Ok(None);
        };
        self.close_run(task, open.id, outcome, end)?;
        Ok(Some(open.id))
    }

    /// Records the report on a task that nobody ran, as a run that ends as it begins.
    fn note_run(&mut self, task: &TaskId, outcome: Outcome, end: &End<'_>) -> Result<(), Error> {
        let token = RunToken::from_bits(self.rng.random());
        let run = runs::note(self.conn, self.now, task, &token, outcome, end)?;
        self.run = Some((task.clone(), run));
        Ok(())
    }

    /// Returns the task with this id.
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

/// Carries out the commands of one request.
pub(crate) fn carry_out_all(
    mut work: Work<'_>,
    accepted: &Accepted,
) -> Result<Vec<Receipt>, Error> {
    let (actor, commands) = (accepted.actor(), accepted.commands());
    work.act = (!matches!(actor.authority, Authority::Run(_))).then(|| Act::by(&actor.name));
    if let Some(request) = &actor.request {
        requests::begin(&work, request)?;
    }
    let mut receipts = Vec::with_capacity(commands.len());
    for command in commands {
        receipts.push(carry_out(&mut work, actor, command)?);
    }
    if let Some(act) = work.act.take() {
        let events: Vec<EventId> = receipts
            .iter()
            .flat_map(|receipt: &Receipt| receipt.events.iter().copied())
            .collect();
        act.keep(&work, &events)?;
    }
    Ok(receipts)
}

#[expect(clippy::too_many_lines, reason = "one arm a command, and nothing else")]
fn carry_out(work: &mut Work<'_>, actor: &Actor, command: &Command) -> Result<Receipt, Error> {
    let actor = &*authority::check(work, actor, command)?;
    work.run = None;
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
        Command::Heartbeat { task, ttl } => lease::heartbeat(work, task, *ttl),
        Command::RenewLease { task, ttl } => lease::renew(work, task, *ttl),
        Command::ReleaseStaleClaims => lease::release_stale(work),
        Command::FollowClock { by, grace } => follow_clock::follow(work, *by, *grace),
        Command::ReleaseCrashed {
            task,
            lock,
            worker_pid,
        } => crash::release(work, task, lock, *worker_pid),
        Command::CompleteTask {
            task,
            result,
            summary,
            metadata,
        } => {
            let said = complete::HandOff {
                result: result.as_deref(),
                summary: summary.as_deref(),
                metadata: metadata.as_deref(),
            };
            complete::complete(work, task, &said)
        }
        Command::BlockTask { task, reason } => block::block(work, actor, task, reason.as_deref()),
        Command::UnblockTask { task } => block::unblock(work, task),
        Command::CommentOnTask { task, body } => {
            comment::comment(work, actor, task, body).map(|comment| Answer::Commented { comment })
        }
        Command::AssignTask {
            task,
            assignee,
            stop,
        } => assign::assign(work, actor, task, assignee.as_deref(), *stop),
        Command::EditTask { task, title, body } => {
            edit::edit(work, task, title.as_deref(), body.as_deref())
        }
        Command::SetPriority { task, priority } => edit::set_priority(work, task, *priority),
        Command::LimitTask {
            task,
            max_runtime,
            failure_limit,
        } => edit::limit(work, task, *max_runtime, *failure_limit),
        Command::ArchiveTask { task } => archive::archive(work, actor, task),
        Command::LinkTasks { parent, child } => link::link(work, parent, child),
        Command::UnlinkTasks { parent, child } => link::unlink(work, parent, child),
        Command::MoveTask { task, to } => move_task::move_task(work, actor, task, to),
        Command::Subscribe { task, to } => subscribe::subscribe(work, task, to),
        Command::Unsubscribe { task, to } => subscribe::unsubscribe(work, task, to),
        Command::SubscribeBoard { to, filter } => subscribe::subscribe_board(work, to, filter),
        Command::UnsubscribeBoard { subscription } => {
            subscribe::unsubscribe_board(work, *subscription)
        }
        Command::SetQuietHours { to, hours } => {
            subscribe::set_quiet_hours(work, to, hours.as_ref())
        }
        Command::RecordDelivered {
            deliveries,
            receipt,
            is_chat,
        } => outbox::delivered(work, deliveries, receipt.as_deref(), *is_chat),
        Command::RecordUndelivered {
            deliveries,
            error,
            retry,
        } => outbox::undelivered(work, deliveries, error, *retry),
        Command::RetryDelivery { delivery } => outbox::retry(work, *delivery),
        Command::DropDelivery { delivery } => outbox::drop_dead(work, *delivery),
        Command::TakeMessage { platform, message } => outbox::take_message(work, platform, message),
        Command::ForgetEvents { before } => forget::forget_events(work, *before),
        Command::Undo { event } => undo::undo(work, actor, *event),
        Command::Pause { lane } => pause::pause(work, actor, lane.as_deref()),
        Command::Resume { lane } => pause::resume(work, lane.as_deref()),
        Command::PromoteWaiting => promotion::promote_all(work),
        Command::AttachSupervisor { run, process } => attempt::attach(work, *run, process),
        Command::RecordSpawn {
            run,
            worker_pid,
            workspace,
            log_start,
        } => {
            let spawn = attempt::Spawn {
                worker_pid: *worker_pid,
                workspace,
                log_start: *log_start,
            };
            attempt::record_spawn(work, *run, &spawn)
        }
        Command::PlaceRun { run, workspace } => attempt::place(work, *run, workspace),
        Command::RecordExit {
            run,
            ended_at,
            code,
            log_end,
        } => attempt::record_exit(work, *run, *ended_at, *code, *log_end),
        Command::FailRun {
            run,
            failure,
            limit,
            next,
        } => attempt::fail(work, *run, failure, limit.unwrap_or(FAILURE_LIMIT), *next),
        Command::CancelRun { task } => attempt::cancel(work, actor, task),
        Command::ReclaimTask { task, run, reason } => {
            attempt::reclaim(work, actor, task, *run, reason.as_deref())
        }
        Command::DeferRun { run, reason } => defer::defer(work, *run, reason),
        Command::InterruptRun { run, error } => attempt::interrupt(work, *run, error.as_deref()),
        Command::AdoptRun { run } => attempt::adopt(work, *run),
        Command::RecordWorkspace(workspace) => keep::record_workspace(work, workspace),
        Command::ForgetWorkspace { path } => keep::forget_workspace(work, path),
        Command::MoveWorkspaces { to } => home::move_workspaces(work, to),
        Command::DispatchFrom { home, workspaces } => home::dispatch_from(work, home, workspaces),
        Command::PublishDispatcher(report) => keep::publish_dispatcher(work, report),
        Command::IndexTexts => index::index(work),
        Command::KeepAnswer { request, answer } => {
            requests::keep_answer(work, request, answer.as_deref())
        }
        // Writing it down is all there is to do.
        Command::Audit { .. } => Ok(Answer::Done),
    }?;
    audit::record(work, actor, command, &answer)?;
    Ok(Receipt {
        events: std::mem::take(&mut work.events),
        answer,
    })
}

/// Returns a text unless it is blank: a script leaves a field empty that it does not mean.
fn said(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// Returns the status of `task` after `step`, or the refusal that names the verb.
fn step(task: &Task, step: &Step, verb: &'static str) -> Result<Status, Error> {
    transition::after(&task.status, step).ok_or_else(|| {
        let (task, status) = (task.id.clone(), task.status.clone());
        Refusal::WrongStatus { task, status, verb }.into()
    })
}
