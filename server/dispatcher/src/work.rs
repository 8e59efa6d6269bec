//! The dispatcher's loop: it waits for something to happen, looks at the board, and does what
//! follows.

#[cfg(test)]
mod fixture;
mod settle;
mod start;
mod take_over;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::Command;
use domain::id::{EventId, RunId, TaskId};
use domain::run::OpenRun;
use domain::time::{Seconds, Timestamp};
use kernel::Kernel;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::dispatcher::{Config, Status};
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
    /// A rest or a lease is over, a worker has to be hurried, something has to be tried again, or
    /// nothing has happened for long.
    TimeIsUp,
    /// Somebody asks for it.
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
    /// The folders of earlier runs that have not been looked into yet; `None` before they are known.
    leftovers: Option<BTreeSet<RunId>>,
    /// Whether all waiting tasks are to be looked through. Every verb promotes the tasks that it
    /// concerns, so this is for what other programs wrote.
    promotion_is_due: bool,
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
            leftovers: None,
            promotion_is_due: true,
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
        let mut wake = Wake::TimeIsUp;
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
            Some(ended) = self.ends.join_next() => ended.map_or(Wake::TimeIsUp, Wake::ShimEnded),
            () = wakes.nudge.notified() => Wake::Nudged,
            changed = wakes.newest_event.changed() => changed.map_or(Wake::Stop, |()| Wake::BoardChanged),
            () = sleep_until(next_look) => Wake::TimeIsUp,
        }
    }

    /// One look at the board, and what follows from it. Says when the next one is due.
    async fn tick(&mut self, wake: Wake) -> Result<Instant, Error> {
        match wake {
            Wake::ShimEnded(run) => {
                if let Some(watched) = self.watched.get_mut(&run) {
                    watched.process_ended();
                }
            }
            Wake::Nudged => self.promotion_is_due = true,
            Wake::BoardChanged | Wake::TimeIsUp | Wake::Stop => {}
        }
        let all_settled = self.settle_ended().await;
        self.promote().await?;
        self.release_stale_claims().await?;
        let open = self.kernel.open_runs().await?;
        self.find_leftovers(&open).await?;
        let all_taken_over = self.reconcile(&open).await;
        let started = self.start_tasks(&open).await?;
        let running = count(open.len()).saturating_add(started);
        self.publish.send_replace(Status {
            running,
            cap: self.config.cap,
            last_tick: Some(self.kernel.now()),
        });
        let next_look = self.next_look(running < self.config.cap).await?;
        if all_settled && all_taken_over {
            Ok(next_look)
        } else {
            Ok(next_look.min(Instant::now() + AFTER_FAILURE))
        }
    }

    async fn promote(&mut self) -> Result<(), Error> {
        if self.promotion_is_due {
            let promote = Command::PromoteWaiting;
            self.kernel.execute(&Actor::dispatcher(), promote).await?;
            self.promotion_is_due = false;
        }
        Ok(())
    }

    /// Frees the tasks that a person, or another program, claimed and then forgot.
    async fn release_stale_claims(&self) -> Result<(), Error> {
        let end = self.kernel.next_lease_end().await?;
        if end.is_some_and(|end| end < self.kernel.now()) {
            let release = Command::ReleaseStaleClaims;
            self.kernel.execute(&Actor::dispatcher(), release).await?;
        }
        Ok(())
    }

    /// When something is due by itself. A rest that is over matters only where there is room.
    async fn next_look(&self, has_room: bool) -> Result<Instant, Error> {
        let now = Instant::now();
        let at = |moment: Timestamp| {
            let seconds = moment.seconds_since(self.kernel.now()).max(1);
            now + Duration::from_secs(seconds.unsigned_abs())
        };
        let rest = if has_room {
            self.kernel.next_rest_end().await?
        } else {
            None
        };
        // A lease holds to the end of its last second.
        let lease = self.kernel.next_lease_end().await?;
        let lease = lease.map(|end| end + Seconds(1));
        let hurries = self.watched.values().filter_map(Watched::deadline);
        let earliest = hurries.chain(rest.map(at)).chain(lease.map(at)).min();
        Ok(earliest.map_or(now + SAFETY, |earliest| earliest.min(now + SAFETY)))
    }

    /// Brings what we watch in line with the board: ends what is closed there, takes over what is
    /// open there. Says whether all of it was taken over.
    async fn reconcile(&mut self, open: &[OpenRun]) -> bool {
        let now = Instant::now();
        let is_open = |run: &RunId| open.iter().any(|open| open.run == *run);
        for (run, watched) in &mut self.watched {
            if watched.is_working() && !is_open(run) {
                let closed = self.kernel.run(*run).await.ok();
                watched.run_was_closed(closed.and_then(|run| run.outcome), now);
            }
            watched.hurry(now);
        }
        let mut all_taken_over = true;
        for run in open {
            if run.lane.is_some()
                && !self.watched.contains_key(&run.run)
                && let Err(error) = self.take_over(run).await
            {
                tracing::error!(run.id = %run.run, %error, "a run was not taken over");
                // It may be closed by now, and its folder still there.
                self.leftovers.get_or_insert_default().insert(run.run);
                all_taken_over = false;
            }
        }
        all_taken_over
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
