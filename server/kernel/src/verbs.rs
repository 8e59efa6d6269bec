//! The verbs: each reads the state of the board, decides, and writes the changes, inside the
//! writer's transaction.

mod archive;
mod assign;
mod attempt;
mod audit;
pub(crate) mod authority;
mod block;
mod branch;
mod breaker;
mod check;
mod claim;
mod comment;
mod complete;
mod crash;
mod create;
mod defer;
mod edit;
mod follow_clock;
mod forget;
mod hold;
pub(crate) mod home;
mod idempotency;
mod index;
mod keep;
mod landing;
mod lease;
mod link;
mod move_task;
mod named;
mod outbox;
mod pause;
mod promotion;
mod requests;
mod review;
mod subscribe;
mod undo;

use domain::actor::{Actor, Authority};
use domain::command::{
    Answer, Audit, BoardVerb, Change, Command, OutboxVerb, Receipt, RunVerb, UpkeepVerb, Verb,
};
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
pub(crate) use self::promotion::UnmetLink;
pub use self::promotion::UnmetLinks;
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
    /// True for somebody in a chat, who starts nothing of `shell`.
    is_chat: bool,
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
            is_chat: false,
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
        hold::run_ended(self, task, run, outcome)
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
    work.act = (!matches!(actor.authority, Authority::Run(_))).then(|| Act::by(actor));
    work.is_chat = matches!(actor.authority, Authority::Chat { .. });
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

fn carry_out(work: &mut Work<'_>, actor: &Actor, command: &Command) -> Result<Receipt, Error> {
    let actor = &*authority::check(work, actor, command)?;
    work.run = None;
    let answer = carry_out_any(work, actor, command)?;
    audit::record(work, actor, command, &answer)?;
    Ok(Receipt {
        events: std::mem::take(&mut work.events),
        answer,
    })
}

/// A verb as the kernel carries it out.
trait CarryOut: Verb {
    /// Decides, and writes the changes.
    fn carry_out(&self, work: &mut Work<'_>, actor: &Actor) -> Result<Self::Answer, Error>;
}

macro_rules! carry_out_any {
    ($($group:ident($verbs:ident) { $($verb:ident,)* })*) => {
        fn carry_out_any(
            work: &mut Work<'_>,
            actor: &Actor,
            command: &Command,
        ) -> Result<Answer, Error> {
            match command {
                $($(
                    Command::$group($verbs::$verb(verb)) => {
                        verb.carry_out(work, actor).map(Answer::from)
                    }
                )*)*
            }
        }
    };
}
domain::every_verb!(carry_out_any);

/// Writing it down is all there is to do.
impl CarryOut for Audit {
    fn carry_out(&self, _: &mut Work<'_>, _: &Actor) -> Result<Change, Error> {
        Ok(Change::Done)
    }
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
