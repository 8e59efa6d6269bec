//! The dispatcher's loop: waits for a wake-up and runs a tick.

mod circuit_breaker;
mod clear_away;
mod clock;
#[cfg(test)]
mod fixture;
mod health;
mod home;
mod landings;
mod machine;
mod next_look;
mod report_end;
mod retry;
mod second_line;
mod settings;
mod settle;
mod start;
mod take_over;
mod unrecoverable_runs;
mod wake;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{Change, PromoteWaiting, ReleaseCrashed, ReleaseStaleClaims};
use domain::dispatch::{Report, Slot};
use domain::hold::LaneHold;
use domain::id::{EventId, RunId};
use domain::run::{OpenRun, ProcessIdentity};
use domain::time::Seconds;
use kernel::{Claims, ForeignWorker, Kernel};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::branches;
use crate::claim::dry_run;
use crate::config::{Config, Settings, Source};
use crate::error::Error;
use crate::home::Home;
use crate::latencies::Latencies;
use crate::process;
use crate::process::foreign_workers::crashed;
use crate::report::TickReport;
use crate::run::folder::RunFolder;
use crate::run::watched::{Process, Watched};

pub use home::settle_in;

use circuit_breaker::CircuitBreaker;
use health::Health;
use landings::Landers;
use next_look::Begun;
use unrecoverable_runs::UnrecoverableRuns;
pub(crate) use wake::{Asked, Stop, Wakes};
use wake::{Ended, Wake};

/// The pause after a tick that failed: long enough for a full disk or a busy file to pass.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// The pause between a look and the next one for the sake of events: what a start writes, and what comes
/// beside it, is looked at together.
const TOGETHER: Duration = Duration::from_millis(1);

/// The pause between looks at the branches of finished tasks.
const BRANCHES: Duration = Duration::from_secs(10);

/// The state of the loop.
pub(crate) struct Work {
    kernel: Kernel,
    home: Home,
    config: Config,
    settings: Settings,
    /// The source of the settings; `None` only while it is being read.
    source: Option<Source>,
    /// The claimer, as `host:pid`.
    claimer: String,
    watched: BTreeMap<RunId, Watched>,
    /// The closed runs whose folders are removed at the end of the tick.
    closed: BTreeSet<RunId>,
    ends: JoinSet<Ended>,
    landers: Landers,
    /// The home, until the board knows that it is dispatched from there.
    untold_home: Option<Home>,
    /// True once the folders of earlier runs have been read.
    has_seen_folders: bool,
    /// The runs that could not be read, adopted or settled; each is retried.
    unrecoverable: UnrecoverableRuns,
    /// The circuit breaker of the machine.
    breaker: CircuitBreaker,
    /// The holds of lanes and pools, as the last tick has found them.
    holds: Vec<LaneHold>,
    /// The closed runs whose processes have not ended, and the slots that they take up. They hold
    /// their tasks back: a second worker would meet the first.
    exiting_runs: BTreeMap<RunId, Slot>,
    /// The time of the next promotion of all waiting tasks. Every verb promotes the tasks that it
    /// concerns, so this is for what other programs wrote.
    next_promotion: Instant,
    /// The time of the next look at the branches of finished tasks.
    next_branches: Instant,
    /// True in a dispatcher that runs on; false in one that makes a single tick and adopts no run.
    is_staying: bool,
    /// True while nothing more is started and the end of what runs is awaited.
    is_draining: bool,
    /// The result of the current tick so far.
    done: TickReport,
    health: Health,
    /// The wall clock's lead over a steady one when we last followed it.
    clock_ahead: Seconds,
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
        let clock_ahead = kernel.clock_ahead();
        let claimer = format!("{}:{}", process::host_name(), std::process::id());
        let health = Health::new(claimer.clone(), identity, &settings, kernel.now());
        Self {
            kernel,
            untold_home: Some(home.clone()),
            home,
            config,
            settings,
            source: Some(source),
            claimer,
            watched: BTreeMap::new(),
            closed: BTreeSet::new(),
            ends: JoinSet::new(),
            landers: Landers::default(),
            has_seen_folders: false,
            unrecoverable: UnrecoverableRuns::default(),
            breaker: CircuitBreaker::default(),
            holds: Vec::new(),
            exiting_runs: BTreeMap::new(),
            next_promotion: Instant::now(),
            next_branches: Instant::now(),
            is_staying: true,
            is_draining: false,
            done: TickReport::default(),
            health,
            clock_ahead,
            latencies: Arc::default(),
        }
    }

    pub(crate) fn newest_event(&self) -> watch::Receiver<EventId> {
        self.kernel.newest_event()
    }

    /// The published status.
    pub(crate) fn status(&self) -> watch::Receiver<Report> {
        self.health.status()
    }

    pub(crate) fn latencies(&self) -> Arc<Latencies> {
        self.latencies.clone()
    }

    /// Runs until it is told to stop. A failed tick is retried.
    pub(crate) async fn run(mut self, mut wakes: Wakes) {
        let mut wake = Wake::TimeIsUp;
        self.look_at_machine().await;
        if let Err(error) = self.come_back().await {
            tracing::warn!(%error, "claims have no grace after a time without a dispatcher");
        }
        loop {
            let asked = match wake {
                Wake::Stop(Stop::Leave) => break,
                Wake::Stop(Stop::Drain) => {
                    self.is_draining = true;
                    None
                }
                Wake::Asked(asked) => {
                    self.leave_out_nothing().await;
                    Some(asked)
                }
                Wake::Ended(ended) => {
                    self.has_ended(ended);
                    None
                }
                Wake::Nudged => {
                    self.leave_out_nothing().await;
                    None
                }
                Wake::BoardChanged
                | Wake::TimeIsUp
                | Wake::TimeForSettings
                | Wake::SettingsChanged => None,
            };
            let max = asked.as_ref().and_then(|asked| asked.max);
            let begun = Instant::now();
            let looked = self.tick(max).await;
            self.latencies.tick.observe(begun.elapsed());
            let next_look = match &looked {
                Ok(next_look) => *next_look,
                Err(_) => Instant::now() + AFTER_FAILURE,
            };
            let (fault, unrecoverable) = (self.breaker.fault(), self.unrecoverable.problem());
            self.health
                .looked(&looked, fault, unrecoverable, self.kernel.now());
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
            let looked_at = Instant::now();
            wake = self.wait(&mut wakes, next_look).await;
            if matches!(wake, Wake::BoardChanged) {
                sleep_until(looked_at + TOGETHER).await;
            }
        }
        self.publish(None).await;
    }

    /// Runs the single tick of a dispatcher that does not stay.
    pub(crate) async fn tick_once(&mut self, max: Option<u32>) -> Result<TickReport, Error> {
        self.is_staying = false;
        self.look_at_machine().await;
        self.tick(max).await?;
        let report = std::mem::take(&mut self.done);
        self.explain(report).await
    }

    /// Adds the ready tasks that a tick has left to its report, each with the reason.
    async fn explain(&self, report: TickReport) -> Result<TickReport, Error> {
        dry_run::explain(&self.kernel, self.report(), report).await
    }

    /// Waits for something that has to be looked at.
    async fn wait(&mut self, wakes: &mut Wakes, next_look: Instant) -> Wake {
        loop {
            match wakes
                .next(
                    &mut self.ends,
                    &mut self.landers,
                    next_look,
                    self.is_draining,
                )
                .await
            {
                Wake::TimeForSettings => {
                    if self.look_around().await {
                        return Wake::SettingsChanged;
                    }
                }
                wake => return wake,
            }
        }
    }

    /// Checks what no event tells of; returns true when that calls for a tick.
    async fn look_around(&mut self) -> bool {
        let was_set = match self.follow_clock().await {
            Ok(was_set) => was_set,
            Err(error) => {
                tracing::warn!(%error, "rests and leases do not follow the clock yet");
                false
            }
        };
        let problem = self.unrecoverable.problem();
        if let Err(error) = self.relieve_supervisors().await {
            tracing::warn!(%error, "nobody can say whether supervisors do their work");
        }
        let is_news = self.unrecoverable.problem() != problem;
        if self.next_branches <= Instant::now() {
            self.next_branches = Instant::now() + BRANCHES;
            if let Err(error) = branches::look(&self.kernel, &self.settings.repositories).await {
                tracing::warn!(%error, "nobody can say whether branches have changed");
            }
        }
        let machine_failed = self.look_at_machine().await;
        self.read_settings().await || machine_failed || was_set || is_news
    }

    /// Ends all back-offs and makes the promotion due, so that the next tick leaves out nothing.
    async fn leave_out_nothing(&mut self) {
        self.next_promotion = Instant::now();
        self.unrecoverable.end_rests();
        self.try_failing_lanes().await;
    }

    fn has_ended(&mut self, Ended { run, was_killed }: Ended) {
        if let Some(watched) = self.watched.get_mut(&run) {
            watched.has_ended(was_killed);
            // Whatever was in its supervisor's way, it is settled at once.
            self.unrecoverable.free(run);
        }
    }

    /// Runs one tick and returns the time at which the next one is due.
    async fn tick(&mut self, max: Option<u32>) -> Result<Instant, Error> {
        let ticked = self.settle_and_start(max).await;
        let cleared = self.clear_away_closed().await;
        let next_look = ticked?;
        cleared?;
        Ok(next_look)
    }

    async fn settle_and_start(&mut self, max: Option<u32>) -> Result<Instant, Error> {
        // First of all, because a copy of another home may start nothing.
        self.settle_in().await?;
        self.follow_clock().await?;
        let begun = Begun::now(&self.kernel);
        // Before the rest, because a run whose task is not running any more cannot be settled.
        let claims = self.kernel.claims().await?;
        self.release_stale_claims(&claims).await?;
        self.release_crashed(claims.foreign).await?;
        self.settle_ended().await;
        self.promote().await?;
        let look = self.kernel.look(begun.by_clock).await?;
        let open = &look.open;
        self.find_leftovers(open).await?;
        self.reconcile(open).await;
        self.exiting_runs = self.unfinished_runs();
        self.exiting_runs
            .retain(|run, _| open.iter().all(|open| open.run != *run));
        self.probe_machine_if_due().await;
        let started = if self.is_draining {
            0
        } else {
            let started = self.start_tasks(&look, max).await?;
            self.start_landings(&look).await?;
            started
        };
        let in_lanes = open.iter().filter(|open| open.lane.is_some()).count();
        let running = count(in_lanes + self.exiting_runs.len()).saturating_add(started);
        Ok(self.next_look(begun, &look, running < self.settings.cap.limit))
    }

    async fn promote(&mut self) -> Result<(), Error> {
        if self.next_promotion <= Instant::now() {
            let dispatcher = Actor::dispatcher();
            let promoted = self.kernel.execute(&dispatcher, PromoteWaiting {}).await?;
            self.done.promoted += promoted.answer.0;
            self.next_promotion = Instant::now() + self.config.interval();
        }
        Ok(())
    }

    /// Closes the runs of tasks that a person, or another program, claimed and then forgot, and of those
    /// that another program took out of `running`.
    async fn release_stale_claims(&mut self, claims: &Claims) -> Result<(), Error> {
        if !claims.stale.is_empty() {
            let dispatcher = Actor::dispatcher();
            let released = self.kernel.execute(&dispatcher, ReleaseStaleClaims).await?;
            self.done.reclaimed += released.answer.0;
        }
        Ok(())
    }

    /// Frees the tasks whose workers another program had started here and which are gone.
    async fn release_crashed(&mut self, workers: Vec<ForeignWorker>) -> Result<(), Error> {
        for worker in crashed(workers).await? {
            let release = ReleaseCrashed {
                task: worker.task.clone(),
                lock: worker.lock,
                worker_pid: worker.pid,
            };
            let receipt = self.kernel.execute(&Actor::dispatcher(), release).await?;
            if receipt.answer == Change::Done {
                self.done.crashed.push(worker.task);
            }
        }
        Ok(())
    }

    /// Brings what we watch in line with the board: ends what is closed there, takes over what is
    /// open there.
    async fn reconcile(&mut self, open: &[OpenRun]) {
        let now = Instant::now();
        for (run, watched) in &mut self.watched {
            let is_open = open.iter().any(|open| open.run == *run);
            if watched.is_working() && is_open {
                if !watched.is_idle() {
                    self.unrecoverable.free(*run);
                }
            } else if watched.is_working() && !self.unrecoverable.is_resting(*run) {
                let outcome = match self.kernel.run(*run).await {
                    Ok(closed) => Ok(closed.outcome),
                    Err(kernel::Error::Refused(_)) => Ok(None),
                    Err(error) => Err(Error::from(error)),
                };
                match outcome {
                    Ok(outcome) => {
                        watched.run_was_closed(outcome, now);
                        self.unrecoverable.free(*run);
                    }
                    // It may have completed: that decides how it is ended, so we ask again.
                    Err(error) => {
                        self.unrecoverable
                            .put(*run, Some(watched.slot().clone()), &error);
                    }
                }
            }
            watched.hurry(now);
        }
        for run in open {
            let is_ours = run.lane.is_some() && !self.watched.contains_key(&run.run);
            if is_ours && !self.unrecoverable.is_resting(run.run) {
                match self.take_over(run).await {
                    Ok(()) => self.end_trouble(run.run).await,
                    Err(error) => self.unrecoverable.put(run.run, Some(Slot::of(run)), &error),
                }
            }
        }
    }

    /// The runs that have not been settled, and what they take up.
    fn unfinished_runs(&self) -> BTreeMap<RunId, Slot> {
        let slot = |(run, watched): (&RunId, &Watched)| (*run, watched.slot().clone());
        let watched = self.watched.iter().map(slot);
        self.unrecoverable.slots().chain(watched).collect()
    }

    /// Waits for the end of a supervisor.
    fn watch(&mut self, run: RunId, slot: Slot, process: Process) -> Result<(), Error> {
        let watched = Watched::supervisor(slot, process.handle()?);
        self.watch_until(run, watched, process.ended());
        Ok(())
    }

    fn watch_until(
        &mut self,
        run: RunId,
        watched: Watched,
        end: impl Future<Output = bool> + Send + 'static,
    ) {
        self.watched.insert(run, watched);
        self.ends.spawn(async move {
            let was_killed = end.await;
            Ended { run, was_killed }
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
