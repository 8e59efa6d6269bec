//! The dispatcher as the server holds it: started, asked, nudged, stopped.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::dispatch::Report;
use kernel::{Kernel, wait_for_lock};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::config::{Config, Source};
use crate::error::Error;
use crate::home::Home;
use crate::latencies::Latencies;
use crate::plain_file;
use crate::process;
use crate::process::holders::lock_holders;
use crate::report::TickReport;
use crate::work::{Asked, Stop, Wakes, Work};

/// The bound on callers that wait for a tick. Each is answered within one tick, so one more only
/// has to wait its turn to ask.
const ASKERS: usize = 8;

/// The time limit for the dispatch lock: [`is_held`] takes it for a moment.
const LOCK_LIMIT: Duration = Duration::from_millis(25);

/// The only dispatcher of its board, at work.
///
/// Dropping it is like [`Dispatcher::stop`] without waiting.
#[derive(Debug)]
pub struct Dispatcher {
    handle: Handle,
    stop: oneshot::Sender<Stop>,
    work: JoinHandle<()>,
}

impl Dispatcher {
    /// Takes the board's dispatch lock and starts to work.
    ///
    /// # Errors
    /// [`Error::Held`] when the board has a dispatcher already, in this process or another;
    /// [`Error::Mistake`] when `kanban.toml` cannot be used.
    pub async fn start(kernel: Kernel, home: Home, config: Config) -> Result<Self, Error> {
        let (lock, work) = take_up(kernel, home, config).await?;
        let nudge = Arc::new(Notify::new());
        let (ask, asked) = mpsc::channel(ASKERS);
        let (stop, stopped) = oneshot::channel();
        let (handle, wakes) = (
            Handle {
                nudge: nudge.clone(),
                ask,
                status: work.status(),
                latencies: work.latencies(),
            },
            Wakes::new(work.newest_event(), nudge, asked, stopped),
        );
        Ok(Self {
            handle,
            stop,
            work: tokio::spawn(async move {
                work.run(wakes).await;
                free(&lock);
            }),
        })
    }

    /// The handle that others keep.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Claims nothing more, leaves the running workers to their supervisors and frees the lock. The
    /// next dispatcher of the board takes the workers over.
    pub async fn stop(self) {
        self.end(Stop::Leave).await;
    }

    /// Claims nothing more, waits until the running workers have ended and frees the lock.
    ///
    /// Dropping the future ends the wait; the workers then work on.
    pub async fn drain(self) {
        self.end(Stop::Drain).await;
    }

    async fn end(self, how: Stop) {
        // A loop that has ended already needs no word.
        drop(self.stop.send(how));
        if let Err(error) = self.work.await {
            tracing::error!(%error, "the dispatcher did not end well");
        }
    }
}

/// Runs one tick, as a dispatcher that starts now would, starts at most `max` tasks and leaves them
/// to their supervisors.
///
/// # Errors
/// As [`Dispatcher::start`]: one that works already has to be asked instead, by [`Handle::tick`].
pub async fn dispatch_once(
    kernel: Kernel,
    home: Home,
    config: Config,
    max: Option<u32>,
) -> Result<TickReport, Error> {
    let (lock, mut work) = take_up(kernel, home, config).await?;
    let report = work.tick_once(max).await;
    free(&lock);
    report
}

/// A cheap handle for those who ask how it goes or cannot wait.
#[derive(Clone, Debug)]
pub struct Handle {
    nudge: Arc<Notify>,
    ask: mpsc::Sender<Asked>,
    status: watch::Receiver<Report>,
    latencies: Arc<Latencies>,
}

impl Handle {
    /// Asks for a tick over the whole board.
    pub fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Runs a tick over the whole board, starts at most `max` tasks and returns the report.
    ///
    /// # Errors
    /// Fails when the tick fails or the dispatcher has stopped.
    pub async fn tick(&self, max: Option<u32>) -> Result<TickReport, Error> {
        let (reply, answer) = oneshot::channel();
        let asked = Asked { max, reply };
        self.ask.send(asked).await.map_err(|_| Error::Stopped)?;
        answer.await.unwrap_or(Err(Error::Stopped))
    }

    /// The latencies of its work.
    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// Its latest status report.
    pub fn status(&self) -> Report {
        self.status.borrow().clone()
    }
}

/// Becomes the board's only dispatcher.
async fn take_up(kernel: Kernel, home: Home, config: Config) -> Result<(File, Work), Error> {
    let prepare = move || {
        let lock = take_lock(home.dispatch_lock())?;
        let (source, settings) = Source::open(home.clone(), config.clone())?;
        let identity = process::own_identity().map_err(Error::system("read /proc"))?;
        Ok((
            lock,
            Work::new(kernel, home, config, source, settings, identity),
        ))
    };
    spawn_blocking(prepare)
        .await
        .map_err(Error::system("take the dispatch lock"))?
}

/// The lock goes when the file is closed, also when that is because the process was killed. The
/// original takes the same lock, as flock(2).
fn take_lock(path: PathBuf) -> Result<File, Error> {
    let open = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        plain_file::open_owned(&path, File::options().create(true).append(true))
    };
    let file = open().map_err(Error::file("open", &path))?;
    let locked = wait_for_lock(LOCK_LIMIT, || file.try_lock());
    if locked.map_err(Error::file("lock", &path))? {
        return Ok(file);
    }
    Err(Error::Held {
        by: holder(&path),
        lock: path,
    })
}

/// The holders of the dispatch lock, in words.
fn holder(lock: &Path) -> String {
    match lock_holders(lock).join(", ") {
        nobody if nobody.is_empty() => "a process that the system does not name".to_owned(),
        holders => holders,
    }
}

/// Returns true while a dispatcher of this board holds its lock. It blocks.
///
/// # Errors
/// Fails when the lock's file cannot be opened.
pub fn is_held(home: &Home) -> io::Result<bool> {
    kernel::is_locked(&home.dispatch_lock())
}

/// Frees the lock, once the board is no longer ours. Closing the file is not enough: a child that is
/// just being started may hold it open a moment more.
fn free(lock: &File) {
    if let Err(error) = lock.unlock() {
        tracing::error!(%error, "the dispatch lock was not freed");
    }
}
