//! The connections that only read. They run beside the writer and never wait for it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::error::Error;
use crate::open;

/// How many queries run at once; a query more waits its turn. Reading is bound by the processor, and
/// each connection keeps a cache of its own.
const CONNECTIONS: usize = 4;

/// A few read-only connections, opened when they are first needed.
#[derive(Clone)]
pub(crate) struct Readers(Arc<Pool>);

struct Pool {
    path: PathBuf,
    turns: Arc<Semaphore>,
    /// Held only to take a connection or to put it back, never while it is used.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self(Arc::new(Pool {
            path: path.to_owned(),
            turns: Arc::new(Semaphore::new(CONNECTIONS)),
            idle: Mutex::new(Vec::new()),
        }))
    }

    /// The file that is read.
    pub(crate) fn path(&self) -> &Path {
        &self.0.path
    }

    /// Runs `query` in one read transaction, off the executor: all that it reads is of one moment.
    pub(crate) async fn read<T, Q>(&self, query: Q) -> Result<T, Error>
    where
        T: Send + 'static,
        Q: FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    {
        let turn = self
            .0
            .turns
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| Error::Stopped)?;
        let pool = self.0.clone();
        let reading = spawn_blocking(move || {
            let _turn = turn;
            let mut connection = pool.take()?;
            let transaction = connection.transaction()?;
            let answer = query(&transaction);
            // Nothing was written, so there is nothing to commit.
            transaction.finish()?;
            pool.put_back(connection);
            answer
        });
        reading.await.map_err(|_| Error::Internal)?
    }

    /// Lets the next query use this connection.
    #[cfg(test)]
    pub(crate) fn lend(&self, connection: Connection) {
        self.0.put_back(connection);
    }
}

impl Pool {
    fn take(&self) -> Result<Connection, Error> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        idle.map_or_else(|| open::for_reading(&self.path), Ok)
    }

    fn put_back(&self, connection: Connection) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
    }
}
