//! The writer thread: it owns the one connection that writes, and takes commands in turn.
//!
//! Commands that are waiting together share a transaction ("group commit"), and none is answered
//! before the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use domain::id::EventId;
use domain::time::Timestamp;
use rand::rngs::StdRng;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::watch;

use super::batch::{self, Answers};
use super::checkpoints::Checkpoints;
use super::{Done, Held, Message, Questions, Request};
use crate::clock::Clock;
use crate::error::Error;
use crate::hold::BUSY_TIMEOUT;
use crate::{events, numbers};

/// The maximum number of requests in a transaction: enough that the commit no longer counts, few
/// enough that the first of them is answered within a few milliseconds.
const BATCH: usize = 128;

/// The time that the thread spins after an answer. A caller that writes several things in a row
/// asks again within microseconds, and to wake a sleeping thread costs as much as most verbs do.
const STAYS_AWAKE: Duration = Duration::from_micros(50);

/// The interval at which an idle writer checks for commits of other processes. Being late costs a
/// worker's start; a check costs some 80 µs, so that an idle server takes 0.2 % of a core for it.
const LOOK_FOR_OTHERS: Duration = Duration::from_millis(40);

/// The time that the thread waits at a stretch for another process that holds the file. In between
/// it answers questions, which must not take as long as somebody's import.
const GLANCE: Duration = Duration::from_millis(5);

/// The time that the last transactions wait for a query before they are left in the write-ahead
/// log.
const SETTLING: Duration = Duration::from_secs(1);

/// The state of the thread.
pub(super) struct State {
    held: Held,
    clock: Clock,
    rng: StdRng,
    publish: watch::Sender<EventId>,
    questions: Questions,
    checkpoints: Checkpoints,
    /// The number of transactions so far.
    commits: Arc<AtomicU64>,
    /// SQLite's `data_version` when last read: it changes when another connection commits.
    seen_version: Option<i64>,
    /// The number of times that it had changed, and that cards were changed without an event.
    others: u64,
}

impl State {
    pub(super) fn new(
        held: Held,
        clock: Clock,
        rng: StdRng,
        publish: watch::Sender<EventId>,
        questions: Questions,
        commits: Arc<AtomicU64>,
    ) -> Result<Self, Error> {
        // A savepoint keeps each page that changes; many of them would go to a file otherwise.
        held.connection
            .pragma_update(None, "temp_store", "MEMORY")?;
        let checkpoints = Checkpoints::of(&held.connection, held.damage.path())?;
        Ok(Self {
            held,
            clock,
            rng,
            publish,
            questions,
            checkpoints,
            commits,
            seen_version: None,
            others: 0,
        })
    }

    pub(super) fn serve(&mut self, inbox: &Receiver<Message>) {
        let mut next = None;
        loop {
            match next.take().map_or_else(|| self.receive(inbox), Ok) {
                Ok(Message::Write(first)) => {
                    let others = inbox.try_iter().filter_map(|message| match message {
                        Message::Write(request) => Some(request),
                        Message::SomebodyListens | Message::SomebodyAsks => None,
                    });
                    self.carry_out(
                        std::iter::once(first)
                            .chain(others.take(BATCH - 1))
                            .collect(),
                    );
                    self.checkpoints.after_commit(&self.held.connection);
                    self.answer_questions();
                    next = soon(inbox);
                }
                Ok(Message::SomebodyAsks) => self.answer_questions(),
                Ok(Message::SomebodyListens) | Err(RecvTimeoutError::Timeout) => {
                    self.look_for_others();
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.checkpoints.end();
                    return self.settle();
                }
            }
        }
    }

    /// Empties the write-ahead log if nobody else has the board open, so that a copy of the file
    /// alone is whole. SQLite does so only when the last connection can write, and readers remain.
    fn settle(&self) {
        self.held.damage.look_for_file();
        if !self.held.hold.is_last() || self.held.damage.is_gone() {
            return;
        }
        let is_busy = self.held.connection.busy_timeout(SETTLING).and_then(|()| {
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.held
                .connection
                .query_one(checkpoint, (), |row| row.get::<_, bool>(0))
        });
        match is_busy {
            Ok(false) => {}
            Ok(true) => tracing::info!("a query goes on, so the write-ahead log stays"),
            Err(cause) => tracing::warn!(error = %cause, "the write-ahead log stays"),
        }
    }

    /// Waits for a message; while somebody listens to the board, no longer than until the next
    /// check for other writers.
    fn receive(&self, inbox: &Receiver<Message>) -> Result<Message, RecvTimeoutError> {
        // The first receiver is the handle's own, from which listeners are made.
        if self.publish.receiver_count() > 1 {
            inbox.recv_timeout(LOOK_FOR_OTHERS)
        } else {
            inbox.recv().map_err(|_| RecvTimeoutError::Disconnected)
        }
    }

    fn carry_out(&mut self, batch: Vec<Request>) {
        let answers = match caught(|| self.write(&batch)) {
            Ok(answers) => {
                if batch.iter().any(Request::changes_cards_untold) {
                    self.others += 1;
                }
                let receipts = answers.iter().flatten().flat_map(|done| &done.receipts);
                let newest = receipts.flat_map(|receipt| &receipt.events).max();
                self.tell(
                    newest.copied().unwrap_or_default(),
                    batch.iter().any(Request::concerns_listeners),
                );
                answers
            }
            // The transaction as a whole failed, so everybody in it did.
            Err(cause) => {
                let cause = numbers::explain(&self.held.connection, self.held.damage.notice(cause));
                tracing::warn!(error = %cause, requests = batch.len(), "a write failed");
                batch.iter().map(|_| Err(cause.clone())).collect()
            }
        };
        for (request, answer) in batch.into_iter().zip(answers) {
            // A caller that no longer waits has lost interest, not its write.
            drop(request.reply.send(answer));
        }
    }

    fn write(&mut self, batch: &[Request]) -> Result<Vec<Result<Done, Error>>, Error> {
        let answers = self.transact(batch, batch::together)?;
        let answers = match answers {
            None => self.transact(batch, batch::apart)?,
            answers => answers,
        };
        answers.ok_or(Error::Internal)
    }

    /// Carries a batch out in one transaction, which is rolled back where there are no answers.
    fn transact(
        &mut self,
        batch: &[Request],
        carry_out: impl FnOnce(&mut Transaction<'_>, &[Request], Timestamp, &mut StdRng) -> Answers,
    ) -> Answers {
        self.held.damage.look_for_file();
        self.held.damage.check()?;
        self.answer_questions();
        let asked = Instant::now();
        let mut transaction = loop {
            self.held.connection.busy_timeout(GLANCE)?;
            let begun =
                Transaction::new_unchecked(&self.held.connection, TransactionBehavior::Immediate);
            self.held.connection.busy_timeout(BUSY_TIMEOUT)?;
            match begun.map_err(Error::from) {
                Err(Error::Busy) if asked.elapsed() < BUSY_TIMEOUT => {}
                begun => break begun?,
            }
            self.answer_questions();
        };
        // Until it is over nobody else can write.
        if batch.iter().any(Request::takes_long) {
            let version = data_version(&transaction)?;
            let is_known = self.seen_version == Some(version);
            self.questions
                .answer_meanwhile(is_known.then_some(self.others));
        }
        let _meanwhile = Meanwhile(&self.questions);
        // Not before the lock is ours: later events must not have earlier times.
        let now = self.clock.now();
        let Some(answers) = carry_out(&mut transaction, batch, now, &mut self.rng)? else {
            return Ok(None);
        };
        transaction.commit()?;
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(Some(answers))
    }

    /// Answers the questions, after a check for other writers.
    fn answer_questions(&mut self) {
        let asked = self.questions.take();
        if asked.is_empty() {
            return;
        }
        self.look_for_others();
        for reply in asked {
            // Whoever asked may have lost patience.
            reply.send(self.others).ok();
        }
    }

    fn look_for_others(&mut self) {
        self.held.damage.look_for_file();
        match data_version(&self.held.connection) {
            Ok(version) if self.seen_version == Some(version) => {}
            Ok(version) => {
                self.others += 1;
                match events::newest(&self.held.connection) {
                    Ok(newest) => {
                        // Only now: what could not be read has to be looked for again.
                        self.seen_version = Some(version);
                        // What another process wrote need not be an event: a lane may be paused.
                        self.tell(newest, true);
                    }
                    Err(cause) => tracing::warn!(error = %cause, "cannot read the newest event"),
                }
            }
            Err(cause) => {
                // There may have been some.
                self.others += 1;
                tracing::warn!(error = %cause, "cannot look for other writers");
            }
        }
    }

    /// Wakes the listeners if `newest` is newer than their event, or in any case.
    fn tell(&self, newest: EventId, in_any_case: bool) {
        self.publish.send_if_modified(|current| {
            let is_newer = newest > *current;
            *current = newest.max(*current);
            is_newer || in_any_case
        });
    }
}

/// Ends the time of [`Questions::answer_meanwhile`] when dropped.
struct Meanwhile<'a>(&'a Questions);

impl Drop for Meanwhile<'_> {
    fn drop(&mut self) {
        self.0.answer_meanwhile(None);
    }
}

/// Runs a transaction; one that panics fails, so that a verb does not end the writer for everybody. What
/// it borrows is sound afterwards, because unwinding rolls the transaction back.
fn caught<T>(transaction: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(transaction)).unwrap_or(Err(Error::Internal))
}

/// Returns a number that changes when another connection commits.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut pragma = connection.prepare_cached("PRAGMA data_version")?;
    pragma.query_one((), |row| row.get(0))
}

/// Returns the next message, if it comes at once.
fn soon(inbox: &Receiver<Message>) -> Option<Message> {
    let answered = Instant::now();
    while answered.elapsed() < STAYS_AWAKE {
        if let Ok(message) = inbox.try_recv() {
            return Some(message);
        }
        std::thread::yield_now();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::actor::Actor;
    use domain::command::CreateTask;
    use rand::SeedableRng;
    use tokio::sync::oneshot;

    use super::*;
    use crate::damage::Damage;
    use crate::hold::Hold;
    use crate::intake::Accepted;
    use crate::open;

    fn create(title: &str, body: String) -> Request {
        let new = CreateTask {
            title: title.to_owned(),
            body: Some(body),
            ..CreateTask::default()
        };
        let (reply, _) = oneshot::channel();
        Request {
            accepted: Accepted::new(Actor::full("ada"), vec![new.into()]).unwrap(),
            show: None,
            reply,
        }
    }

    /// The state of a writer of a new board in this folder.
    fn state(folder: &Path) -> State {
        let clock = Clock::default();
        let path = folder.join("kanban.db");
        let hold = Hold::shared(&path).unwrap();
        let held = Held {
            connection: open::for_writing(&path, clock.now(), crate::IfLost::Make).unwrap(),
            hold,
            damage: Damage::none_known(&path),
        };
        let (publish, _) = watch::channel(EventId(0));
        let rng = StdRng::seed_from_u64(1);
        State::new(
            held,
            clock,
            rng,
            publish,
            Questions::default(),
            Arc::default(),
        )
        .unwrap()
    }

    fn tasks(state: &State) -> u32 {
        let count = "SELECT count(*) FROM tasks";
        let connection = &state.held.connection;
        connection.query_one(count, (), |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_transaction_that_panics_fails_alone_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(folder.path());
        let failed = caught(|| {
            let request = create("half", String::new());
            let transaction = state.held.connection.unchecked_transaction()?;
            request.carry_out(&transaction, Timestamp(1), &mut state.rng)?;
            std::panic::resume_unwind(Box::new(()));
            #[expect(unreachable_code, reason = "it gives the closure its type")]
            Ok(())
        });
        assert!(matches!(failed, Err(Error::Internal)));
        assert_eq!(tasks(&state), 0);
        state.carry_out(vec![create("after", String::new())]);
        assert_eq!(tasks(&state), 1);
    }

    #[test]
    fn a_request_that_is_refused_after_it_has_written_takes_nothing_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(folder.path());
        let written = CreateTask {
            title: "written first".to_owned(),
            ..CreateTask::default()
        };
        let refused = CreateTask {
            title: "refused then".to_owned(),
            parents: vec!["t_dead".to_owned()],
            ..CreateTask::default()
        };
        let mut both = create("", String::new());
        both.accepted =
            Accepted::new(Actor::full("ada"), vec![written.into(), refused.into()]).unwrap();
        let batch = [
            create("before", String::new()),
            both,
            create("after", String::new()),
        ];
        let answers = state.write(&batch).unwrap();
        assert!(matches!(
            answers[..],
            [Ok(_), Err(Error::Refused(_)), Ok(_)]
        ));
        assert_eq!(tasks(&state), 2);
    }

    #[test]
    fn when_the_disk_is_full_the_whole_batch_fails_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = state(folder.path());
        let limit = |state: &State, pages: u32| {
            state
                .held
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
                .unwrap();
        };
        let batch = [
            create("before", String::new()),
            create("too large", "x".repeat(1 << 20)),
            create("after", String::new()),
        ];

        limit(&state, 100);
        assert!(matches!(state.write(&batch), Err(Error::DiskFull)));
        assert_eq!(tasks(&state), 0);

        limit(&state, 10_000);
        assert!(state.write(&batch).unwrap().iter().all(Result::is_ok));
        assert_eq!(tasks(&state), 3);
    }
}
