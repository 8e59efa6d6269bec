//! The dispatcher as the server holds it: started, asked, nudged, stopped.

use std::fs::{self, File, TryLockError};
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::Arc;

use domain::time::Timestamp;
use kernel::Kernel;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::error::Error;
use crate::home::Home;
use crate::lanes::Lanes;
use crate::work::Work;

/// What a dispatcher is told when it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// This program: it is executed again, with the hidden verb `shim`, to supervise each run.
    pub program: PathBuf,
    /// What assignees' names stand for.
    pub lanes: Lanes,
    /// How many runs may go on at once.
    pub cap: u32,
    /// The umask of the workers; `None` leaves them the dispatcher's.
    pub umask: Option<u32>,
}

impl Config {
    /// The built-in lanes, and as many runs at once as there are processors.
    pub fn new(program: PathBuf) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            program,
            lanes: Lanes::built_in(),
            cap: u32::try_from(processors).unwrap_or(u32::MAX),
            umask: None,
        }
    }
}

/// How the dispatcher does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// How many runs go on.
    pub running: u32,
    /// How many may.
    pub cap: u32,
    /// When it last looked at the board with success; `None` before the first time.
    pub last_tick: Option<Timestamp>,
}

/// The only dispatcher of its board, at work.
///
/// Dropping it is like [`Dispatcher::stop`] without waiting.
#[derive(Debug)]
pub struct Dispatcher {
    handle: Handle,
    stop: oneshot::Sender<()>,
    work: JoinHandle<()>,
}

impl Dispatcher {
    /// Takes the board's dispatch lock and starts to work.
    ///
    /// # Errors
    /// [`Error::Held`] when the board has a dispatcher already, in this process or another.
    pub async fn start(kernel: Kernel, home: Home, config: Config) -> Result<Self, Error> {
        let lock_file = home.dispatch_lock();
        let lock = spawn_blocking(move || take_lock(lock_file))
            .await
            .map_err(Error::system("take the dispatch lock"))??;
        let nudge = Arc::new(Notify::new());
        let (publish, status) = watch::channel(Status {
            cap: config.cap,
            ..Status::default()
        });
        let (stop, stopped) = oneshot::channel();
        let work = Work::new(kernel, home, config, publish);
        let wakes = work.wakes(nudge.clone(), stopped);
        Ok(Self {
            handle: Handle { nudge, status },
            stop,
            work: tokio::spawn(async move {
                work.run(wakes).await;
                // Here and not before: until the loop has ended the board is ours. Closing the file
                // is not enough: a child that is just being started may hold it open a moment more.
                if let Err(error) = lock.unlock() {
                    tracing::error!(%error, "the dispatch lock was not freed");
                }
            }),
        })
    }

    /// What others hold of it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Claims nothing more, leaves the running workers to their supervisors and frees the lock. The
    /// next dispatcher of the board takes the workers over.
    pub async fn stop(self) {
        drop(self.stop);
        if let Err(error) = self.work.await {
            tracing::error!(%error, "the dispatcher did not end well");
        }
    }
}

/// A cheap handle for those who ask how it goes or cannot wait.
#[derive(Clone, Debug)]
pub struct Handle {
    nudge: Arc<Notify>,
    status: watch::Receiver<Status>,
}

impl Handle {
    /// Makes the dispatcher look at the whole board now.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// How it does.
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }
}

/// The lock goes when the file is closed, also when that is because the process was killed. The
/// original takes the same lock, as flock(2).
fn take_lock(path: PathBuf) -> Result<File, Error> {
    let open = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        File::options().create(true).append(true).open(&path)
    };
    let file = open().map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Held(path)),
        Err(TryLockError::Error(cause)) => Err(Error::file("lock", &path)(cause)),
    }
}
