//! The writer thread: it owns the one connection that writes, and takes commands in turn.
//!
//! Commands that are waiting together share a transaction ("group commit"): each runs in a savepoint
//! of its own, so that one that is refused takes nothing with it, and none is answered before the
//! commit.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{Command, Receipt};
use domain::id::EventId;
use rand::rngs::StdRng;
use rand::{SeedableRng, make_rng};
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{oneshot, watch};

use crate::clock::Clock;
use crate::error::Error;
use crate::events;
use crate::verbs::{self, Work};

/// How many requests may wait. One more is refused as busy: a caller that is told so at once can
/// slow down, a caller in an endless queue cannot.
const QUEUE: usize = 4_096;

/// How many requests share a transaction: enough that the commit no longer counts, few enough that
/// the first of them is answered within a few milliseconds.
const BATCH: usize = 128;

/// How often an idle writer looks whether another process has committed. Looking costs about a
/// microsecond; being late costs a worker's start.
const LOOK_FOR_OTHERS: Duration = Duration::from_millis(20);

/// The sending side; the thread ends when the last clone is gone.
#[derive(Clone)]
pub(crate) struct Writer {
    thread: Arc<Thread>,
    newest_event: watch::Receiver<EventId>,
}

struct Thread {
    requests: Option<SyncSender<Request>>,
    handle: Option<JoinHandle<()>>,
}

impl Drop for Thread {
    /// Waits for the last commit, so that a handle that is gone has left nothing behind.
    fn drop(&mut self) {
        drop(self.requests.take());
        if let Some(handle) = self.handle.take()
            && handle.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
    }
}

struct Request {
    actor: Actor,
    commands: Vec<Command>,
    reply: oneshot::Sender<Result<Vec<Receipt>, Error>>,
}

impl Writer {
    pub(crate) fn start(
        connection: Connection,
        clock: Clock,
        seed: Option<u64>,
    ) -> Result<Self, Error> {
        let (requests, inbox) = sync_channel(QUEUE);
        let newest = events::newest(&connection)?;
        let (publish, newest_event) = watch::channel(newest);
        let rng = seed.map_or_else(make_rng, StdRng::seed_from_u64);
        let mut state = State {
            connection,
            clock,
            rng,
            publish,
            seen_version: None,
        };
        let handle = std::thread::Builder::new()
            .name("kanban-writer".to_owned())
            .spawn(move || state.serve(&inbox))
            .map_err(|_| Error::Stopped)?;
        let thread = Thread {
            requests: Some(requests),
            handle: Some(handle),
        };
        Ok(Self {
            thread: Arc::new(thread),
            newest_event,
        })
    }

    pub(crate) async fn submit(
        &self,
        actor: Actor,
        commands: Vec<Command>,
    ) -> Result<Vec<Receipt>, Error> {
        let (reply, answer) = oneshot::channel();
        let requests = self.thread.requests.as_ref().ok_or(Error::Stopped)?;
        requests
            .try_send(Request {
                actor,
                commands,
                reply,
            })
            .map_err(|refused| match refused {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Stopped,
            })?;
        answer.await.unwrap_or(Err(Error::Stopped))
    }

    pub(crate) fn newest_event(&self) -> watch::Receiver<EventId> {
        self.newest_event.clone()
    }
}

/// What the thread owns.
struct State {
    connection: Connection,
    clock: Clock,
    rng: StdRng,
    publish: watch::Sender<EventId>,
    /// SQLite's `data_version` when we last looked: it changes when another connection commits.
    seen_version: Option<i64>,
}

impl State {
    fn serve(&mut self, inbox: &Receiver<Request>) {
        loop {
            match inbox.recv_timeout(LOOK_FOR_OTHERS) {
                Ok(first) => {
                    let batch = std::iter::once(first).chain(inbox.try_iter()).take(BATCH);
                    self.carry_out(batch.collect());
                }
                Err(RecvTimeoutError::Timeout) => self.look_for_others(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn carry_out(&mut self, batch: Vec<Request>) {
        let mut answers = Vec::with_capacity(batch.len());
        match self.write(&batch) {
            Ok(results) => {
                answers.extend(results);
                self.publish_newest();
            }
            // The transaction as a whole failed, so everybody in it did.
            Err(cause) => {
                tracing::warn!(error = %cause, requests = batch.len(), "a write failed");
                answers.extend(batch.iter().map(|_| Err(cause.clone())));
            }
        }
        for (request, answer) in batch.into_iter().zip(answers) {
            // A caller that no longer waits has lost interest, not its write.
            drop(request.reply.send(answer));
        }
    }

    fn write(&mut self, batch: &[Request]) -> Result<Vec<Result<Vec<Receipt>, Error>>, Error> {
        let now = self.clock.now();
        let mut transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut results = Vec::with_capacity(batch.len());
        for request in batch {
            let savepoint = transaction.savepoint()?;
            let mut work = Work::new(&savepoint, now, &mut self.rng);
            let result = request
                .commands
                .iter()
                .map(|command| verbs::carry_out(&mut work, &request.actor, command))
                .collect::<Result<Vec<_>, _>>();
            // A savepoint that is dropped without a commit is rolled back.
            if result.is_ok() {
                savepoint.commit()?;
            }
            results.push(result);
        }
        transaction.commit()?;
        Ok(results)
    }

    fn look_for_others(&mut self) {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0));
        match version {
            Ok(version) if self.seen_version == Some(version) => {}
            Ok(version) => {
                self.seen_version = Some(version);
                self.publish_newest();
            }
            Err(cause) => tracing::warn!(error = %cause, "cannot look for other writers"),
        }
    }

    fn publish_newest(&self) {
        match events::newest(&self.connection) {
            Ok(newest) => {
                self.publish.send_if_modified(|current| {
                    let is_newer = newest > *current;
                    *current = newest.max(*current);
                    is_newer
                });
            }
            Err(cause) => tracing::warn!(error = %cause, "cannot read the newest event"),
        }
    }
}
