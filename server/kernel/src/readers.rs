//! The connections that only read. They run beside the writer and never wait for it.
//!
//! A query is interrupted when its caller is gone or its time is up, so that none holds a connection
//! for long. Those that may be slow have connections of their own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rustix::process::nice;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::damage::Damage;
use crate::error::Error;
use crate::open;

/// The number of queries of each class that run at once; one more waits in a queue. Reading is
/// bound by the processor, and each connection keeps a cache of its own.
const QUICK: usize = 4;
const SLOW: usize = 2;

/// How much a slow query's thread gives way to all others of the program, on the scale of nice(1): with
/// 5, it gets a third of the processor that they get. More would stretch a search beyond its limit where
/// workers keep the machine busy.
const NICE: i32 = 5;

/// After how many instructions of SQLite's virtual machine a query looks whether it has to end: some
/// tens of microseconds.
const INSTRUCTIONS: std::ffi::c_int = 1_000;

/// A few read-only connections, opened when they are first needed.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Pools>);

struct Pools {
    path: PathBuf,
    damage: Damage,
    /// The time limit of a query, both for its wait in the queue and for its execution.
    limit: Duration,
    quick: Arc<Pool>,
    slow: Arc<Pool>,
}

struct Pool {
    pace: Pace,
    turns: Arc<Semaphore>,
    /// Held only to take a connection or to put it back, never while it is used.
    idle: Mutex<Vec<Connection>>,
}

/// Where the queries of a pool run.
#[derive(Clone, Copy)]
enum Pace {
    /// In a thread of the runtime.
    Quick,
    /// In a thread that gives way to the writer, the quick queries and the runtime. Priority that was
    /// lowered is not given back without privileges (setpriority(2)), so it is a thread of its own.
    Slow,
}

/// When a query ends before it has its answer.
struct Stop {
    is_unwanted: Arc<AtomicBool>,
    deadline: Option<Instant>,
}

/// The future that waits for a query. Dropping it ends the query.
struct Caller(Arc<AtomicBool>);

impl Readers {
    pub(crate) fn new(path: &Path, limit: Duration) -> Self {
        Self(Arc::new(Pools {
            path: path.to_owned(),
            damage: Damage::none_known(path),
            limit,
            quick: Pool::of(QUICK, Pace::Quick),
            slow: Pool::of(SLOW, Pace::Slow),
        }))
    }

    /// The file that is read.
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the flag of damage to the file.
    pub(crate) fn damage(&self) -> &Damage {
        &self.0.damage
    }

    /// Runs `query` in one read transaction, off the executor: all that it reads is of one moment.
    pub(crate) async fn read<T, Q>(&self, query: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let limit = self.0.limit;
        self.run(&self.0.quick, Some(limit), query).await
    }

    /// Runs [`Readers::read`] for a query whose cost grows with all texts or all rows of the board.
    pub(crate) async fn read_slowly<T, Q>(&self, query: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.read_for(self.0.limit, query).await
    }

    /// Runs [`Readers::read_slowly`] with a time limit of its own.
    pub(crate) async fn read_for<T, Q>(&self, limit: Duration, query: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.run(&self.0.slow, Some(limit), query).await
    }

    /// Runs [`Readers::read_slowly`] without a time limit, for results that are written out while
    /// they are read.
    pub(crate) async fn stream<T, Q>(&self, query: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        self.run(&self.0.slow, None, query).await
    }

    async fn run<T, Q>(
        &self,
        pool: &Arc<Pool>,
        limit: Option<Duration>,
        query: Q,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let turn = match pool.turns.clone().try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => timeout(self.0.limit, pool.turns.clone().acquire_owned())
                .await
                .map_err(|_| Error::Busy)?
                .map_err(|_| Error::Stopped)?,
        };
        let caller = Caller(Arc::default());
        let stop = Stop {
            is_unwanted: caller.0.clone(),
            deadline: limit.map(|limit| Instant::now() + limit),
        };
        let (pace, pool, pools) = (pool.pace, pool.clone(), self.0.clone());
        let reading = pace.run(move || {
            let _turn = turn;
            let mut connection = pool.take(&pools.path)?;
            connection.progress_handler(INSTRUCTIONS, Some(move || stop.is_due()))?;
            let transaction = connection.transaction()?;
            let answer = query(&transaction);
            transaction.progress_handler(0, None::<fn() -> bool>)?;
            // Nothing was written, so there is nothing to commit.
            transaction.finish()?;
            pool.put_back(connection);
            answer
        });
        let answer = reading.await?;
        answer.map_err(|error| self.0.damage.notice(error))
    }

    /// Returns a connection to the pool.
    #[cfg(test)]
    pub(crate) fn lend(&self, connection: Connection) {
        self.0.quick.put_back(connection);
    }
}

impl Pace {
    /// Carries out `work`, off the executor, and also when nobody waits for it any more.
    async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Quick => spawn_blocking(work).await.map_err(|_| Error::Internal),
            Self::Slow => {
                let (reply, answer) = oneshot::channel();
                let thread = thread::Builder::new().name("kanban-slow".to_owned());
                let started = thread.spawn(move || {
                    if let Err(error) = nice(NICE) {
                        tracing::debug!(%error, "a slow query keeps its priority");
                    }
                    // The caller may be gone.
                    reply.send(work()).ok();
                });
                started.map_err(|_| Error::Internal)?;
                answer.await.map_err(|_| Error::Internal)
            }
        }
    }
}

impl Pool {
    fn of(connections: usize, pace: Pace) -> Arc<Self> {
        Arc::new(Self {
            pace,
            turns: Arc::new(Semaphore::new(connections)),
            idle: Mutex::new(Vec::new()),
        })
    }

    fn take(&self, path: &Path) -> Result<Connection, Error> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| open::for_reading(path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}

impl Stop {
    fn is_due(&self) -> bool {
        self.is_unwanted.load(Ordering::Relaxed)
            || self
                .deadline
                .is_some_and(|deadline| Instant::now() >= deadline)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tokio::time::timeout;

    use super::*;

    /// The time limit of a wait: far longer than any takes here.
    const PATIENCE: Duration = Duration::from_secs(30);

    fn readers(limit: Duration) -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kanban.db");
        drop(open::for_writing(&path, crate::Clock::default().now(), crate::IfLost::Make).unwrap());
        (folder, Readers::new(&path, limit))
    }

    /// Runs a query that never ends.
    fn endless(conn: &Connection) -> Result<i64, Error> {
        let sql = "WITH RECURSIVE n (i) AS (VALUES (0) UNION ALL SELECT i + 1 FROM n) \
                   SELECT count(*) FROM n";
        Ok(conn.query_one(sql, (), |row| row.get(0))?)
    }

    fn one(conn: &Connection) -> Result<i64, Error> {
        Ok(conn.query_one("SELECT 1", (), |row| row.get(0))?)
    }

    #[tokio::test]
    async fn a_query_without_an_end_is_stopped_and_its_connection_works_on() {
        let (_folder, readers) = readers(Duration::from_millis(50));
        for _ in 0..=QUICK {
            let stopped = timeout(PATIENCE, readers.read(endless)).await.unwrap();
            assert!(matches!(stopped, Err(Error::TookTooLong)), "{stopped:?}");
        }
        assert_eq!(readers.read(one).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn a_query_whose_caller_is_gone_gives_its_turn_to_the_next() {
        let (_folder, readers) = readers(PATIENCE);
        for _ in 0..SLOW {
            let (started, has_started) = tokio::sync::oneshot::channel();
            let reading = readers.read_slowly(|conn| {
                started.send(()).unwrap();
                endless(conn)
            });
            tokio::select! {
                _ = reading => panic!("it has no end"),
                started = has_started => started.unwrap(),
            }
        }
        let next = timeout(PATIENCE, readers.read_slowly(one)).await;
        assert_eq!(next.unwrap().unwrap(), 1);
    }

    #[tokio::test]
    async fn what_is_slow_gives_way_to_what_is_quick() {
        let (_folder, readers) = readers(PATIENCE);
        let niceness = |_: &Connection| Ok(rustix::process::getpriority_process(None).unwrap());
        let quick = readers.read(niceness).await.unwrap();
        let slow = readers.read_slowly(niceness).await.unwrap();
        assert_eq!(slow, (quick + NICE).min(19));
    }

    #[tokio::test]
    async fn what_is_slow_takes_no_connection_of_what_is_quick() {
        let (_folder, readers) = readers(Duration::from_secs(2));
        let many = futures::future::join_all((0..2 * QUICK).map(|_| readers.read_slowly(endless)));
        let quick = async {
            for _ in 0..100 {
                assert_eq!(readers.read(one).await.unwrap(), 1);
            }
        };
        tokio::pin!(many);
        tokio::select! {
            _ = &mut many => panic!("the quick ones waited for the slow ones"),
            () = quick => {}
        }
        let stopped = timeout(PATIENCE, many).await.unwrap();
        let waited_in_vain = |end: &Result<i64, Error>| matches!(end, Err(Error::Busy));
        assert!(stopped.iter().all(Result::is_err));
        assert!(stopped.iter().any(waited_in_vain), "{stopped:?}");
    }
}
