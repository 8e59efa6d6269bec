//! The dispatcher's loop: it waits for something to happen, looks at the board, and does what
//! follows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, Failure, LEASE};
use domain::id::{EventId, RunId, TaskId};
use domain::run::{Claimed, OpenRun, Outcome};
use kernel::Kernel;
use tokio::sync::{Notify, oneshot, watch};
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use crate::dispatcher::{Config, Status};
use crate::ends::{Trace, Verdict, verdict};
use crate::error::Error;
use crate::home::Home;
use crate::launch::launch;
use crate::plan::{Snapshot, Start, plan};
use crate::run_folder::RunFolder;
use crate::watched::{Process, Watched};
use crate::{leftovers, process};

/// How long nothing may happen before we look all the same, as often as the original looks at all.
const SAFETY: Duration = Duration::from_mins(1);

/// How long we wait after a look that failed: long enough for a full disk or a busy file to pass.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// How many startable tasks one look reads. Those without a lane of their own count too, so it is
/// far more than can start.
const LOOK_AT: u32 = 1_000;

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

    /// Watches a run that an earlier dispatcher started, or settles it when it has ended.
    async fn take_over(&mut self, open: &OpenRun) -> Result<(), Error> {
        let folder = self.folder(open.run);
        let attached = open.supervisor.clone();
        let found = blocking(move || {
            let supervisor = match attached {
                Some(supervisor) => Some(supervisor),
                None => folder.supervisor()?,
            };
            let found = supervisor.map(|supervisor| process::find(&supervisor));
            found
                .transpose()
                .map_err(Error::system("find a supervisor"))
        });
        let Some(handle) = found.await?.flatten() else {
            return self.settle(open.run, Trace::Lost).await;
        };
        self.watch(open.run, open.task.clone(), Process::adopt(handle)?)?;
        let adopt = Command::AdoptRun { run: open.run };
        self.kernel.execute(&Actor::dispatcher(), adopt).await?;
        tracing::info!(task.id = %open.task, run.id = %open.run, "took over a running worker");
        Ok(())
    }

    /// Looks through the folders of runs that were closed while no dispatcher was there: their
    /// workers may still be leaving.
    async fn find_leftovers(&mut self) -> Result<(), Error> {
        let open = self.kernel.open_runs().await?;
        let runs = self.home.runs();
        let folders = blocking(move || RunFolder::runs_in(&runs)).await?;
        for run in folders {
            if open.iter().any(|open| open.run == run) {
                continue;
            }
            let folder = self.folder(run);
            let alive = blocking(move || {
                let (Some(spec), Some(supervisor)) = (folder.spec()?, folder.supervisor()?) else {
                    return Ok(None);
                };
                let found =
                    process::find(&supervisor).map_err(Error::system("find a supervisor"))?;
                Ok(found.map(|handle| (spec.task, handle)))
            });
            match alive.await? {
                Some((task, handle)) => self.watch(run, task, Process::adopt(handle)?)?,
                None => self.settle(run, Trace::Lost).await?,
            }
        }
        Ok(())
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

    /// Writes the end of a run on the board, unless it was closed already, and clears its folder
    /// away. `silence` is what it means when its supervisor left no word.
    async fn settle(&mut self, run: RunId, silence: Trace) -> Result<(), Error> {
        let folder = self.folder(run);
        let (spec, exit) = blocking(move || Ok((folder.spec()?, folder.exit()?))).await?;
        if let (Some(spec), None) = (&spec, &exit) {
            leftovers::end(&spec.token).await;
        }
        let is_open = match self.kernel.run(run).await {
            Ok(row) => row.ended_at.is_none(),
            Err(kernel::Error::Refused(_)) => false,
            Err(error) => return Err(error.into()),
        };
        if is_open {
            let trace = exit.map_or(silence, Trace::Told);
            let (actor, command) = match (verdict(trace), spec) {
                (Verdict::Complete { result }, Some(spec)) => {
                    let task = spec.task;
                    // In the worker's name and with its token: if the run was closed just now, this
                    // must not complete the task of another run.
                    let actor = Actor::worker(spec.assignee, spec.token);
                    (actor, Command::CompleteTask { task, result })
                }
                (Verdict::Fail(failure), _) => {
                    (Actor::dispatcher(), Command::FailRun { run, failure })
                }
                (Verdict::Interrupt | Verdict::Complete { .. }, _) => {
                    (Actor::dispatcher(), Command::InterruptRun { run })
                }
            };
            match self.kernel.execute(&actor, command).await {
                Ok(_) => {}
                Err(kernel::Error::Refused(refusal)) => {
                    tracing::info!(run.id = %run, %refusal, "a run was closed before it was settled");
                }
                Err(error) => return Err(error.into()),
            }
        }
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
    }

    /// Claims and starts what may start now, and says how many that were.
    async fn start_tasks(&mut self, open: &[OpenRun]) -> Result<u32, Error> {
        let leaving: BTreeSet<TaskId> = self
            .watched
            .values()
            .filter(|watched| watched.is_leaving())
            .map(|watched| watched.task().clone())
            .collect();
        let mut running: BTreeMap<Option<String>, u32> = BTreeMap::new();
        for run in open {
            *running.entry(run.lane.clone()).or_default() += 1;
        }
        // Processes that are leaving still take room, in no lane.
        *running.entry(None).or_default() += count(leaving.len());
        if running.values().sum::<u32>() >= self.config.cap {
            return Ok(0);
        }
        let snapshot = Snapshot {
            startable: self.kernel.startable(LOOK_AT).await?,
            running,
            leaving,
            cap: self.config.cap,
        };
        let mut started = 0;
        for start in plan(&snapshot, &self.config.lanes) {
            if let Some(claimed) = self.claim(&start).await? {
                self.start(start, *claimed).await?;
                started += 1;
            }
        }
        Ok(started)
    }

    /// Claims a task, unless that is not possible any more: somebody may have been faster.
    async fn claim(&self, start: &Start) -> Result<Option<Box<Claimed>>, Error> {
        let claim = Command::ClaimTask {
            task: start.task.clone(),
            lock: self.claimer.clone(),
            ttl: LEASE,
            lane: Some(start.lane.name.clone()),
            policy: ClaimPolicy {
                global_cap: Some(self.config.cap),
                lane_cap: start.lane.cap,
                respects_rest: true,
            },
        };
        match self.kernel.execute(&Actor::dispatcher(), claim).await {
            Ok(receipt) => match receipt.answer {
                Answer::Claimed(claimed) => Ok(Some(claimed)),
                _ => Ok(None),
            },
            Err(kernel::Error::Refused(refusal)) => {
                tracing::debug!(task.id = %start.task, %refusal, "a task was not claimed");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn start(&mut self, start: Start, claimed: Claimed) -> Result<(), Error> {
        let run = claimed.run;
        let error = match launch(&self.home, &self.config.program, &start.lane, claimed).await {
            Ok(shim) => {
                tracing::info!(task.id = %start.task, run.id = %run, "started");
                return self.watch(run, start.task, Process::Child(shim));
            }
            Err(error) => error,
        };
        tracing::warn!(task.id = %start.task, run.id = %run, %error, "not started");
        let failure = Failure {
            outcome: Outcome::SpawnFailed,
            code: None,
            error: error.to_string(),
        };
        let fail = Command::FailRun { run, failure };
        self.kernel.execute(&Actor::dispatcher(), fail).await?;
        let folder = self.folder(run);
        blocking(move || folder.remove()).await
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
