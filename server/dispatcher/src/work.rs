//! The dispatcher's loop: it waits for something to happen, looks at the board, and does what
//! follows.

mod settle;
mod start;
mod take_over;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::Command;
use domain::id::{EventId, RunId, TaskId};
use domain::run::OpenRun;
use kernel::Kernel;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::dispatcher::{Config, Status};
use crate::ends::Trace;
use crate::error::Error;
use crate::home::Home;
use crate::process;
use crate::run_folder::RunFolder;
use crate::watched::{Process, Watched};

/// How long nothing may happen before we look all the same, as often as the original looks at all.
const SAFETY: Duration = Duration::from_mins(1);

/// How long we wait after a look that failed: long enough for a full disk or a busy file to pass.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Why the loop wakes.
#[derive(Clone, Copy, Debug)]
enum Wake {
    /// Something was written on the board, by us or by anybody.
    BoardChanged,
    /// The supervisor of this run ended.
    ShimEnded(RunId),
    /// A rest is over, a worker has to be hurried, or nothing has happened for long.
    TimeIsUp,
    /// Somebody asks for it, or we have just started.
    Nudged,
    /// No more.
    Stop,
}

/// What wakes the loop from outside.
pub(crate) struct Wakes {
    newest_event: watch::Receiver<EventId>,
    nudge: Arc<Notify>,
    stopped: oneshot::Receiver<()>,
}

/// What the loop owns.
pub(crate) struct Work {
    kernel: Kernel,
    home: Home,
    config: Config,
    /// Who claims, as `host:pid`.
    claimer: String,
    watched: BTreeMap<RunId, Watched>,
    ends: JoinSet<RunId>,
    publish: watch::Sender<Status>,
}

impl Work {
    pub(crate) fn new(
        kernel: Kernel,
        home: Home,
        config: Config,
        publish: watch::Sender<Status>,
    ) -> Self {
        Self {
            kernel,
            home,
            config,
            claimer: format!("{}:{}", process::host_name(), std::process::id()),
            watched: BTreeMap::new(),
            ends: JoinSet::new(),
            publish,
        }
    }

    pub(crate) fn wakes(&self, nudge: Arc<Notify>, stopped: oneshot::Receiver<()>) -> Wakes {
        Wakes {
            newest_event: self.kernel.newest_event(),
            nudge,
            stopped,
        }
    }

    /// Works until it is told to stop. A look that fails is not the last.
    pub(crate) async fn run(mut self, mut wakes: Wakes) {
        if let Err(error) = self.find_leftovers().await {
            tracing::error!(%error, "the folders of earlier runs cannot be read");
        }
        let mut wake = Wake::Nudged;
        while !matches!(wake, Wake::Stop) {
            let next_look = match self.tick(wake).await {
                Ok(next_look) => next_look,
                Err(error) => {
                    tracing::error!(%error, "the dispatcher will look again");
                    Instant::now() + AFTER_FAILURE
                }
            };
            wake = self.wait(&mut wakes, next_look).await;
        }
    }

    async fn wait(&mut self, wakes: &mut Wakes, next_look: Instant) -> Wake {
        tokio::select! {
            // When we are told to stop, nothing more is claimed.
            biased;
            _ = &mut wakes.stopped => Wake::Stop,
            Some(ended) = self.ends.join_next() => ended.map_or(Wake::Nudged, Wake::ShimEnded),
            () = wakes.nudge.notified() => Wake::Nudged,
            changed = wakes.newest_event.changed() => changed.map_or(Wake::Stop, |()| Wake::BoardChanged),
            () = sleep_until(next_look) => Wake::TimeIsUp,
        }
    }

    /// One look at the board, and what follows from it. Says when the next one is due.
    async fn tick(&mut self, wake: Wake) -> Result<Instant, Error> {
        match wake {
            Wake::ShimEnded(run) => {
                self.watched.remove(&run);
                self.settle(run, Trace::Vanished).await?;
            }
            Wake::TimeIsUp | Wake::Nudged => {
                let promote = Command::PromoteWaiting;
                self.kernel.execute(&Actor::dispatcher(), promote).await?;
            }
            Wake::BoardChanged | Wake::Stop => {}
        }
        let open = self.kernel.open_runs().await?;
        self.reconcile(&open).await;
        let started = self.start_tasks(&open).await?;
        self.publish.send_replace(Status {
            running: count(open.len()).saturating_add(started),
            cap: self.config.cap,
            last_tick: Some(self.kernel.now()),
        });
        self.next_look().await
    }

    async fn next_look(&self) -> Result<Instant, Error> {
        let now = Instant::now();
        let rest = self.kernel.next_rest_end().await?.map(|end| {
            let seconds = end.seconds_since(self.kernel.now()).max(0);
            now + Duration::from_secs(seconds.unsigned_abs())
        });
        let hurries = self.watched.values().filter_map(Watched::deadline);
        let earliest = hurries.chain(rest).min();
        Ok(earliest.map_or(now + SAFETY, |earliest| earliest.min(now + SAFETY)))
    }

    /// Brings what we watch in line with the board: ends what is closed there, takes over what is
    /// open there.
    async fn reconcile(&mut self, open: &[OpenRun]) {
        let now = Instant::now();
        let is_open = |run: &RunId| open.iter().any(|open| open.run == *run);
        for (run, watched) in &mut self.watched {
            if !watched.is_leaving() && !is_open(run) {
                let closed = self.kernel.run(*run).await.ok();
                watched.run_was_closed(closed.and_then(|run| run.outcome), now);
            }
            watched.hurry(now);
        }
        for run in open {
            if run.lane.is_some()
                && !self.watched.contains_key(&run.run)
                && let Err(error) = self.take_over(run).await
            {
                tracing::error!(run.id = %run.run, %error, "a run was not taken over");
            }
        }
    }

    fn watch(&mut self, run: RunId, task: TaskId, process: Process) -> Result<(), Error> {
        let handle = process.handle()?;
        self.watched.insert(run, Watched::new(task, handle));
        self.ends.spawn(async move {
            process.ended().await;
            run
        });
        Ok(())
    }

    fn folder(&self, run: RunId) -> RunFolder {
        RunFolder::at(self.home.run_dir(run))
    }
}

/// Does something with files off the executor.
async fn blocking<T, F>(job: F) -> Result<T, Error>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Error> + Send + 'static,
{
    spawn_blocking(job)
        .await
        .map_err(Error::system("wait for a file"))?
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
