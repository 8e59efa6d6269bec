//! The dispatcher's loop: it waits for something to happen, looks at the board, and does what
//! follows.

#[cfg(test)]
mod fixture;
mod health;
mod settings;
mod settle;
mod start;
mod take_over;
mod wake;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{Answer, Command};
use domain::dispatch::{Place, Report};
use domain::id::{EventId, RunId};
use domain::run::{OpenRun, ProcessIdentity};
use domain::time::{Seconds, Timestamp};
use kernel::Kernel;
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::Instant;

use crate::config::{Config, Settings, Source};
use crate::dry_run;
use crate::error::Error;
use crate::histogram::Latencies;
use crate::home::Home;
use crate::process;
use crate::report::TickReport;
use crate::run_folder::RunFolder;
use crate::watched::{Process, Watched};

use health::Health;
use wake::Wake;
pub(crate) use wake::{Asked, Stop, Wakes};

/// How long we wait after a look that failed: long enough for a full disk or a busy file to pass.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// What the loop owns.
pub(crate) struct Work {
    kernel: Kernel,
    home: Home,
    config: Config,
    settings: Settings,
    /// Where the settings come from; `None` only while it is being read.
    source: Option<Source>,
    /// Who claims, as `host:pid`.
    claimer: String,
    watched: BTreeMap<RunId, Watched>,
    ends: JoinSet<RunId>,
    /// The folders of earlier runs that have not been looked into yet, with their places where those are
    /// known; `None` before the first look.
    leftovers: Option<BTreeMap<RunId, Option<Place>>>,
    /// The closed runs whose processes have not ended, and the places that they take up. They hold
    /// their tasks back: a second worker would meet the first.
    leaving: BTreeMap<RunId, Place>,
    /// Whether all waiting tasks are to be looked through. Every verb promotes the tasks that it
    /// concerns, so this is for what other programs wrote.
    promotion_is_due: bool,
    /// Whether it stays to see the end of what runs.
    is_staying: bool,
    /// Whether nothing more is started and the end of what runs is awaited.
    is_draining: bool,
    /// What the current look has come to so far.
    done: TickReport,
    health: Health,
    latencies: Arc<Latencies>,
}

impl Work {
    pub(crate) fn new(
        kernel: Kernel,
        home: Home,
        config: Config,
        source: Source,
        settings: Settings,
        identity: ProcessIdentity,
    ) -> Self {
        let claimer = format!("{}:{}", process::host_name(), std::process::id());
        let health = Health::new(claimer.clone(), identity, &settings);
        Self {
            kernel,
            home,
            config,
            settings,
            source: Some(source),
            claimer,
            watched: BTreeMap::new(),
            ends: JoinSet::new(),
            leftovers: None,
            leaving: BTreeMap::new(),
            promotion_is_due: true,
            is_staying: true,
            is_draining: false,
            done: TickReport::default(),
            health,
            latencies: Arc::default(),
        }
    }

    pub(crate) fn newest_event(&self) -> watch::Receiver<EventId> {
        self.kernel.newest_event()
    }

    /// How it does, as it is published.
    pub(crate) fn status(&self) -> watch::Receiver<Report> {
        self.health.status()
    }

    pub(crate) fn latencies(&self) -> Arc<Latencies> {
        self.latencies.clone()
    }

    /// Works until it is told to stop. A look that fails is not the last.
    pub(crate) async fn run(mut self, mut wakes: Wakes) {
        let mut wake = Wake::TimeIsUp;
        loop {
            let asked = match wake {
                Wake::Stop(Stop::Leave) => break,
                Wake::Stop(Stop::Drain) => {
                    self.is_draining = true;
                    None
                }
                Wake::Asked(asked) => Some(asked),
                Wake::Ended(run) => {
                    self.has_ended(run);
                    None
                }
                Wake::Nudged => {
                    self.promotion_is_due = true;
                    None
                }
                Wake::BoardChanged
                | Wake::TimeIsUp
                | Wake::TimeForSettings
                | Wake::SettingsChanged => None,
            };
            let max = asked.as_ref().and_then(|asked| asked.max);
            self.promotion_is_due |= asked.is_some();
            let begun = Instant::now();
            let looked = self.tick(max).await;
            self.latencies.tick.observe(begun.elapsed());
            let next_look = match &looked {
                Ok(next_look) => *next_look,
                Err(error) => {
                    tracing::error!(%error, "the dispatcher will look again");
                    Instant::now() + AFTER_FAILURE
                }
            };
            self.health.looked(&looked, self.kernel.now());
            self.publish(Some(next_look)).await;
            let report = std::mem::take(&mut self.done);
            if let Some(asked) = asked {
                let answer = match looked {
                    Ok(_) => self.explain(report).await,
                    Err(error) => Err(error),
                };
                // Whoever no longer waits does not want to know.
                drop(asked.reply.send(answer));
            }
            if self.is_draining && self.watched.is_empty() {
                break;
            }
            wake = self.wait(&mut wakes, next_look).await;
        }
        self.publish(None).await;
    }

    /// One look at the board of a dispatcher that does not stay.
    pub(crate) async fn tick_once(&mut self, max: Option<u32>) -> Result<TickReport, Error> {
        self.is_staying = false;
        self.tick(max).await?;
        let report = std::mem::take(&mut self.done);
        self.explain(report).await
    }

    /// Adds to the report of a look which ready tasks it has left, and why.
    async fn explain(&self, report: TickReport) -> Result<TickReport, Error> {
        dry_run::explain(&self.kernel, &self.settings, &self.leaving, report).await
    }

    /// Waits for something that has to be looked at.
    async fn wait(&mut self, wakes: &mut Wakes, next_look: Instant) -> Wake {
        loop {
            match wakes
                .next(&mut self.ends, next_look, self.is_draining)
                .await
            {
                Wake::TimeForSettings if !self.read_settings().await => {}
                Wake::TimeForSettings => return Wake::SettingsChanged,
                wake => return wake,
            }
        }
    }

    fn has_ended(&mut self, run: RunId) {
        if let Some(watched) = self.watched.get_mut(&run) {
            watched.has_ended();
        }
    }

    /// One look at the board, and what follows from it. Says when the next one is due.
    async fn tick(&mut self, max: Option<u32>) -> Result<Instant, Error> {
        // First, because a run whose task is not running any more cannot be settled.
        self.release_stale_claims().await?;
        let all_settled = self.settle_ended().await;
        self.promote().await?;
        let open = self.kernel.open_runs().await?;
        self.find_leftovers(&open).await?;
        let is_in_line = self.reconcile(&open).await;
        self.leaving = self.leaving_now(&open);
        let started = if self.is_draining {
            0
        } else {
            self.start_tasks(&open, max).await?
        };
        let running = count(open.len() + self.leaving.len()).saturating_add(started);
        let next_look = self.next_look(running < self.settings.cap.limit).await?;
        if all_settled && is_in_line {
            Ok(next_look)
        } else {
            Ok(next_look.min(Instant::now() + AFTER_FAILURE))
        }
    }

    async fn promote(&mut self) -> Result<(), Error> {
        if self.promotion_is_due {
            let promote = Command::PromoteWaiting;
            let receipt = self.kernel.execute(&Actor::dispatcher(), promote).await?;
            if let Answer::Promoted { count } = receipt.answer {
                self.done.promoted += count;
            }
            self.promotion_is_due = false;
        }
        Ok(())
    }

    /// Closes the runs of tasks that a person, or another program, claimed and then forgot, and of those
    /// that another program took out of `running`.
    async fn release_stale_claims(&mut self) -> Result<(), Error> {
        if !self.kernel.stale_claims().await?.is_empty() {
            let release = Command::ReleaseStaleClaims;
            let receipt = self.kernel.execute(&Actor::dispatcher(), release).await?;
            if let Answer::Reclaimed { count } = receipt.answer {
                self.done.reclaimed += count;
            }
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
        let latest = now + self.config.interval();
        Ok(earliest.map_or(latest, |earliest| earliest.min(latest)))
    }

    /// Brings what we watch in line with the board: ends what is closed there, takes over what is
    /// open there. Says whether that was possible for all of it.
    async fn reconcile(&mut self, open: &[OpenRun]) -> bool {
        let now = Instant::now();
        let is_open = |run: &RunId| open.iter().any(|open| open.run == *run);
        let mut is_in_line = true;
        for (run, watched) in &mut self.watched {
            if watched.is_working() && !is_open(run) {
                match self.kernel.run(*run).await {
                    Ok(closed) => watched.run_was_closed(closed.outcome, now),
                    Err(kernel::Error::Refused(_)) => watched.run_was_closed(None, now),
                    // It may have completed: that decides how it is ended, so we ask again.
                    Err(error) => {
                        tracing::error!(run.id = %run, %error, "the end of a run cannot be read");
                        is_in_line = false;
                    }
                }
            }
            watched.hurry(now);
        }
        for run in open {
            if run.lane.is_some()
                && !self.watched.contains_key(&run.run)
                && let Err(error) = self.take_over(run).await
            {
                tracing::error!(run.id = %run.run, %error, "a run was not taken over");
                // It may be closed by now, and its folder still there.
                self.look_into_later(run.run, Place::of(run));
                is_in_line = false;
            }
        }
        is_in_line
    }

    /// Keeps in mind that the folder of a run has to be looked into once that is closed.
    fn look_into_later(&mut self, run: RunId, place: Place) {
        let leftovers = self.leftovers.get_or_insert_default();
        leftovers.insert(run, Some(place));
    }

    fn leaving_now(&self, open: &[OpenRun]) -> BTreeMap<RunId, Place> {
        let watched = self
            .watched
            .iter()
            .map(|(run, watched)| (*run, watched.place().clone()));
        let not_seen = self.leftovers.iter().flatten();
        let not_seen = not_seen.filter_map(|(run, place)| Some((*run, place.clone()?)));
        let is_closed = |(run, _): &(RunId, Place)| open.iter().all(|open| open.run != *run);
        watched.chain(not_seen).filter(is_closed).collect()
    }

    /// Waits for the end of a supervisor.
    fn watch(&mut self, run: RunId, place: Place, process: Process) -> Result<(), Error> {
        let watched = Watched::supervisor(place, process.handle()?);
        self.watch_until(run, watched, process.ended());
        Ok(())
    }

    fn watch_until(
        &mut self,
        run: RunId,
        watched: Watched,
        end: impl Future<Output = ()> + Send + 'static,
    ) {
        self.watched.insert(run, watched);
        self.ends.spawn(async move {
            end.await;
            run
        });
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
