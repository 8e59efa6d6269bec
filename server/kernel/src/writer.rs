//! The callers' side of the writer: requests, questions, and waiting for the answers.

mod batch;
mod checkpoints;
mod thread;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::actor::Actor;
use domain::command::{Answer, BoardVerb, Command, Created, Receipt, UpkeepVerb};
use domain::id::{EventId, TaskId};
use domain::task::Task;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rand::{SeedableRng, make_rng};
use rusqlite::Connection;
use tokio::sync::oneshot::error::{RecvError, TryRecvError};
use tokio::sync::{oneshot, watch};
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::clock::Clock;
use crate::damage::Damage;
use crate::error::Error;
use crate::histogram::Histogram;
use crate::hold::Hold;
use crate::intake::Accepted;
use crate::verbs::{self, Work};
use crate::{events, tasks};
use thread::State;

/// The capacity of the queue. One more request is refused as busy: a caller that is told so at once
/// can slow down, a caller in an endless queue cannot.
const QUEUE: usize = 4_096;

/// The time that a lone caller spins for its answer: longer than most verbs take.
const ANSWERS_SOON: Duration = Duration::from_micros(200);

/// The time limit of a question to the thread: a few commits; a reader must not wait longer.
const TELLS_SOON: Duration = Duration::from_millis(100);

/// The sending side; the thread ends when the last clone is dropped.
#[derive(Clone)]
pub(crate) struct Writer(Arc<Thread>);

struct Thread {
    inbox: Option<SyncSender<Message>>,
    newest_event: watch::Receiver<EventId>,
    questions: Questions,
    /// The number of callers that wait for an answer.
    callers: AtomicUsize,
    commits: Arc<AtomicU64>,
    latency: Histogram,
    handle: Option<JoinHandle<()>>,
}

/// The open file, as the thread owns it.
pub(crate) struct Held {
    pub(crate) connection: Connection,
    /// Released once the connection is closed.
    pub(crate) hold: Hold,
    pub(crate) damage: Damage,
}

/// A message that wakes the thread.
#[expect(clippy::large_enum_variant, reason = "nearly every message is a write")]
enum Message {
    Write(Request),
    /// Somebody waits for events, also for those of other processes.
    SomebodyListens,
    /// There are [`Questions`].
    SomebodyAsks,
}

/// The callers of `Writer::others`. They are answered between two transactions, and also while the
/// thread waits for another process that holds the file.
#[derive(Clone, Default)]
struct Questions {
    asked: Arc<Mutex<Vec<oneshot::Sender<u64>>>>,
    /// The answer for as long as a long transaction of ours keeps all others from writing.
    meanwhile: Arc<Mutex<Option<u64>>>,
}

impl Questions {
    fn ask(&self) -> Result<u64, oneshot::Receiver<u64>> {
        let meanwhile = *lock(&self.meanwhile);
        meanwhile.ok_or_else(|| {
            let (reply, answer) = oneshot::channel();
            lock(&self.asked).push(reply);
            answer
        })
    }

    fn take(&self) -> Vec<oneshot::Sender<u64>> {
        std::mem::take(&mut *lock(&self.asked))
    }

    fn answer_meanwhile(&self, others: Option<u64>) {
        *lock(&self.meanwhile) = others;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Thread {
    /// Waits for the last commit, so that nothing is pending once the handle is dropped.
    fn drop(&mut self) {
        drop(self.inbox.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

struct Request {
    accepted: Accepted,
    show: Option<Show>,
    reply: oneshot::Sender<Result<Done, Error>>,
}

/// The task to return as the commands leave it.
#[derive(Debug)]
pub enum Show {
    /// The one that the first command creates.
    Created,
    /// This one.
    Task(TaskId),
}

/// A request that was carried out.
pub(crate) struct Done {
    /// A receipt for each command.
    pub(crate) receipts: Vec<Receipt>,
    /// The task to return.
    pub(crate) task: Option<Task>,
}

impl Request {
    fn carry_out(
        &self,
        conn: &Connection,
        now: Timestamp,
        rng: &mut StdRng,
    ) -> Result<Done, Error> {
        let work = Work::new(conn, now, rng);
        let receipts = verbs::carry_out_all(work, &self.accepted)?;
        self.done(conn, receipts)
    }

    /// Reads the answer for the caller in the transaction that carried the request out.
    fn done(&self, conn: &Connection, receipts: Vec<Receipt>) -> Result<Done, Error> {
        let shown = match (&self.show, receipts.first().map(|receipt| &receipt.answer)) {
            (Some(Show::Task(task)), _)
            | (Some(Show::Created), Some(Answer::Created(Created { task, .. }))) => Some(task),
            _ => None,
        };
        let task = shown.map(|task| tasks::get(conn, task)).transpose()?;
        Ok(Done { receipts, task })
    }

    /// Returns true if it takes so long that others would notice.
    fn takes_long(&self) -> bool {
        let many = self.accepted.commands().len() > 16;
        many || matches!(
            self.accepted.commands(),
            [Command::Upkeep(UpkeepVerb::IndexTexts(_))]
        )
    }

    /// Returns true if it changes what cards show, and no event tells of it.
    fn changes_cards_untold(&self) -> bool {
        let mut commands = self.accepted.commands().iter();
        commands.any(|command| matches!(command, Command::Upkeep(UpkeepVerb::FollowClock(_))))
    }

    /// Returns true if it changes something that listeners wait for and that no event tells of.
    fn concerns_listeners(&self) -> bool {
        self.accepted.commands().iter().any(|command| {
            matches!(
                command,
                Command::Board(
                    BoardVerb::Pause(_)
                        | BoardVerb::Resume(_)
                        | BoardVerb::HoldLane(_)
                        | BoardVerb::ReleaseLane(_)
                        | BoardVerb::RetryDelivery(_)
                        | BoardVerb::SetQuietHours(_)
                ) | Command::Upkeep(UpkeepVerb::DispatchFrom(_))
            )
        })
    }
}

impl Writer {
    pub(crate) fn start(held: Held, clock: Clock, seed: Option<u64>) -> Result<Self, Error> {
        let (sender, inbox) = sync_channel(QUEUE);
        let newest = events::newest(&held.connection)?;
        let (publish, newest_event) = watch::channel(newest);
        let rng = seed.map_or_else(make_rng, StdRng::seed_from_u64);
        let questions = Questions::default();
        let commits = Arc::<AtomicU64>::default();
        let (asked, counted) = (questions.clone(), commits.clone());
        let mut state = State::new(held, clock, rng, publish, asked, counted)?;
        let handle = std::thread::Builder::new()
            .name("kanban-writer".to_owned())
            .spawn(move || state.serve(&inbox))
            .map_err(|_| Error::Internal)?;
        let (inbox, handle) = (Some(sender), Some(handle));
        Ok(Self(Arc::new(Thread {
            inbox,
            newest_event,
            questions,
            callers: AtomicUsize::new(0),
            commits,
            latency: Histogram::default(),
            handle,
        })))
    }

    pub(crate) async fn submit(
        &self,
        actor: Actor,
        commands: Vec<Command>,
        show: Option<Show>,
    ) -> Result<Done, Error> {
        let accepted = Accepted::new(actor, commands)?;
        let (reply, answer) = oneshot::channel();
        let caller = Caller::of(&self.0.callers);
        self.send(Message::Write(Request {
            accepted,
            show,
            reply,
        }))?;
        let done = caller.wait(answer).await.unwrap_or(Err(Error::Stopped));
        self.0.latency.observe(caller.asked.elapsed());
        done
    }

    pub(crate) fn newest_event(&self) -> watch::Receiver<EventId> {
        let newest_event = self.0.newest_event.clone();
        // A thread that is too busy to take this will look anyway once it is idle.
        drop(self.send(Message::SomebodyListens));
        newest_event
    }

    /// Returns the number of times that other processes were seen to write; `None` when the thread
    /// is too busy to answer.
    pub(crate) async fn others(&self) -> Option<u64> {
        let answer = match self.0.questions.ask() {
            Ok(others) => return Some(others),
            Err(answer) => answer,
        };
        // A thread with so much to do that this is refused looks for questions anyway.
        drop(self.send(Message::SomebodyAsks));
        timeout(TELLS_SOON, answer).await.ok()?.ok()
    }

    /// Returns true while the thread is there.
    pub(crate) fn is_running(&self) -> bool {
        let handle = self.0.handle.as_ref();
        handle.is_some_and(|handle| !handle.is_finished())
    }

    /// Returns the number of callers that wait for an answer.
    pub(crate) fn callers(&self) -> usize {
        self.0.callers.load(Ordering::Relaxed)
    }

    /// Returns the number of transactions so far.
    pub(crate) fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Relaxed)
    }

    /// Returns the latencies of answers.
    pub(crate) fn latency(&self) -> &Histogram {
        &self.0.latency
    }

    fn send(&self, message: Message) -> Result<(), Error> {
        let inbox = self.0.inbox.as_ref().ok_or(Error::Stopped)?;
        inbox.try_send(message).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Stopped,
        })
    }
}

/// A caller that waits for an answer.
struct Caller<'a> {
    callers: &'a AtomicUsize,
    is_alone: bool,
    asked: Instant,
}

impl<'a> Caller<'a> {
    fn of(callers: &'a AtomicUsize) -> Self {
        let is_alone = callers.fetch_add(1, Ordering::Relaxed) == 0;
        Self {
            callers,
            is_alone,
            asked: Instant::now(),
        }
    }

    /// Waits for the answer. To sleep and be woken would take longer than most verbs do, so a lone
    /// caller yields and polls; among many, sleeping costs less than polling.
    async fn wait<T>(&self, mut answer: oneshot::Receiver<T>) -> Result<T, RecvError> {
        while self.is_alone && self.asked.elapsed() < ANSWERS_SOON {
            match answer.try_recv() {
                Err(TryRecvError::Empty) => yield_now().await,
                Ok(answer) => return Ok(answer),
                Err(TryRecvError::Closed) => break,
            }
        }
        answer.await
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.callers.fetch_sub(1, Ordering::Relaxed);
    }
}
