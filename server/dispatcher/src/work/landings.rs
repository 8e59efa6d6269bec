//! The start of landers: one at a time for each repository, for the landing that was asked for first of those
//! that can begin.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{SHELL, SettleLanding};
use domain::id::TaskId;
use domain::landing::{LandingEnd, TRY_AGAIN};
use domain::task::TaskDetail;
use kernel::{DueLanding, Look};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Work, blocking};
use crate::error::Error;
use crate::plain_file;
use crate::process::orphan_cleanup::{OrphanCleanup, Traces};
use crate::run::environment::Environment;
use crate::run::folder::{CheckSpec, LandingSpec, RunFolder};
use crate::run::launch::OF_THE_SERVICE;
use crate::workspaces::{self, common_folder};

/// The back-off of a repository whose lander could not do its work, or which one of an earlier dispatcher
/// has locked.
const BACK_OFF: Duration = Duration::from_secs(5);

/// The number of landers in a row that may end without a word, before their landing waits.
const PATIENCE: u32 = 3;

/// The landers that this dispatcher has started, and the repositories that wait.
#[derive(Debug, Default)]
pub(super) struct Landers {
    at_work: JoinSet<Ended>,
    /// By the folder of the repository: `None` while its lander works, else the end of its back-off.
    busy: BTreeMap<PathBuf, Option<Instant>>,
    /// The landers in a row that have ended without a word, and what the last has left in its log.
    failed: BTreeMap<TaskId, (u32, String)>,
}

/// A lander that has ended.
#[derive(Debug)]
struct Ended {
    repository: PathBuf,
    task: TaskId,
    /// The end of its log, where it could not do its work.
    complaints: Option<String>,
}

impl Landers {
    /// Waits for the end of a lander; `None` where there is none.
    pub(super) async fn ended(&mut self) -> Option<()> {
        if let Ok(ended) = self.at_work.join_next().await? {
            let Ended {
                repository,
                task,
                complaints,
            } = ended;
            self.busy.remove(&repository);
            match complaints {
                None => drop(self.failed.remove(&task)),
                Some(complaints) => {
                    self.back_off(repository);
                    let failed = self.failed.entry(task).or_default();
                    *failed = (failed.0 + 1, complaints);
                }
            }
        }
        Some(())
    }

    /// The end of the log of a task's last lander, once too many have ended without a word.
    fn given_up(&mut self, task: &TaskId) -> Option<String> {
        let (count, _) = self.failed.get(task)?;
        (*count >= PATIENCE).then_some(())?;
        self.failed.remove(task).map(|(_, complaints)| complaints)
    }

    fn back_off(&mut self, repository: PathBuf) {
        let until = Instant::now() + BACK_OFF;
        self.busy.insert(repository, Some(until));
    }

    fn is_free(&self, repository: &Path) -> bool {
        !self.busy.contains_key(repository)
    }

    /// Forgets the back-offs that are over.
    fn end_back_offs(&mut self) {
        let now = Instant::now();
        self.busy
            .retain(|_, until| until.is_none_or(|until| until > now));
    }

    /// The end of the first back-off.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.busy.values().flatten().min().copied()
    }

    fn watch(&mut self, repository: PathBuf, task: TaskId, folder: RunFolder, mut lander: Child) {
        self.busy.insert(repository.clone(), None);
        self.at_work.spawn(async move {
            let has_done_its_work = lander.wait().await.is_ok_and(|status| status.success());
            let complaints = (!has_done_its_work).then(|| folder.complaints());
            if let Some(complaints) = &complaints {
                tracing::warn!(task.id = %task, %complaints, "a landing begins anew");
            }
            Ended {
                repository,
                task,
                complaints,
            }
        });
    }
}

impl Work {
    /// Starts a lander in each repository that has none, for the landing that was asked for first. One
    /// that cannot begin concerns no other.
    pub(super) async fn start_landings(&mut self, look: &Look) -> Result<(), Error> {
        self.landers.end_back_offs();
        let due = &look.landings;
        if due.is_empty() || self.breaker.fault().is_some() {
            return Ok(());
        }
        let paused = &look.dispatch.paused;
        if paused.iter().any(|pause| pause.lane.is_none()) {
            return Ok(());
        }
        // Processes that a worker has left may still commit.
        let leaving: BTreeSet<TaskId> = self
            .unfinished_runs()
            .into_values()
            .map(|slot| slot.task)
            .collect();
        for landing in due.iter().filter(|due| !leaving.contains(&due.task)) {
            if let Err(error) = self.start_landing(landing).await {
                tracing::warn!(task.id = %landing.task, %error, "a landing does not begin");
                // It is of no workspace; the lander says the same without that word.
                let problem = match error {
                    Error::Workspace(error) => error.to_string(),
                    error => error.to_string(),
                };
                self.let_wait(landing.task.clone(), problem).await?;
            }
        }
        Ok(())
    }

    async fn start_landing(&mut self, landing: &DueLanding) -> Result<(), Error> {
        if let Some(complaints) = self.landers.given_up(&landing.task) {
            return Err(Error::Lander(complaints));
        }
        let path = PathBuf::from(&landing.repository);
        let (named, repositories) = (path.clone(), self.settings.repositories.clone());
        let found = blocking(move || {
            let trust = repositories.trust(&named).map_err(|error| match error {
                workspaces::Error::NotListed(path) => workspaces::Error::NotListedAnyMore(path),
                error => error,
            })?;
            Ok((trust, common_folder(&named)))
        });
        let (trust, common) = found.await?;
        let not_there = || workspaces::Error::NotARepository(path.clone());
        let common = common.ok_or_else(not_there)?;
        if !self.landers.is_free(&common) {
            return Ok(());
        }
        let (landings, repository) = (self.home.landings(), common.clone());
        let Some(lock) = blocking(move || lock(&landings, &repository)).await? else {
            self.landers.back_off(common);
            return Ok(());
        };
        self.clear_away_landings(&common).await?;
        let detail = self.kernel.task(&landing.task).await?;
        let spec = self.landing_spec(landing, &detail, path, trust)?;
        let folder = RunFolder::at(self.home.landing_dir(&landing.task));
        let (ours, program) = (folder.clone(), self.config.program.clone());
        let prepared = blocking(move || {
            // A server may have been killed while it made one.
            ours.remove()?;
            ours.make()?;
            ours.link_program(&program)?;
            ours.write_landing(&spec)?;
            let complaints = ours.complaints_file();
            File::create(&complaints).map_err(Error::file("write", &complaints))
        });
        let complaints = prepared.await?;
        let program = &self.config.program;
        let mut lander = Command::new(program);
        for name in self.settings.secrets.names().chain(OF_THE_SERVICE) {
            lander.env_remove(name);
        }
        let lander = lander
            .arg("lander")
            .arg(folder.landing_file())
            .current_dir(self.home.root())
            // It holds the lock for as long as it lives, also when this dispatcher does not.
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(complaints)
            .spawn()
            .map_err(Error::file("start", program))?;
        tracing::info!(task.id = %landing.task, "landing");
        let task = landing.task.clone();
        self.landers.watch(common, task, folder, lander);
        Ok(())
    }

    /// Ends the processes that landers of this repository have left which were killed, and removes their
    /// folders. Whoever calls it has the lock of the repository.
    async fn clear_away_landings(&self, repository: &Path) -> Result<(), Error> {
        let (landings, ours) = (self.home.landings(), repository.to_owned());
        let left = blocking(move || {
            let folders = RunFolder::landings_in(&landings)?.into_iter();
            let left = folders.map(|folder| (folder.landing().ok().flatten(), folder));
            let is_ours =
                |spec: &LandingSpec| common_folder(&spec.repository).as_ref() == Some(&ours);
            let left = left.filter_map(|(spec, folder)| Some((spec.filter(is_ours)?, folder)));
            Ok(left.collect::<Vec<_>>())
        });
        for (spec, folder) in left.await? {
            let traces = Traces::new(&spec.token, BTreeSet::new(), &self.home);
            if !OrphanCleanup::of(traces).end().await {
                return Err(Error::StillThere(spec.task));
            }
            blocking(move || folder.remove()).await?;
        }
        Ok(())
    }

    /// The particulars of a landing, by the lane of the task.
    fn landing_spec(
        &self,
        landing: &DueLanding,
        detail: &TaskDetail,
        repository: PathBuf,
        trust: workspaces::Trust,
    ) -> Result<LandingSpec, Error> {
        let task = &detail.task;
        // The assignee may be another by now.
        let name = landing.lane.as_deref().or(task.assignee.as_deref());
        let lane = name.and_then(|name| self.settings.lanes.of(name));
        let was_checked = detail
            .receipts
            .iter()
            .any(|receipt| receipt.check.verdict == Verdict::Passed);
        if lane.is_none() && was_checked && task.check.is_none() {
            let lane = name.unwrap_or_default().to_owned();
            return Err(Error::NoLaneToCheck(lane));
        }
        let lane = lane.or_else(|| self.settings.lanes.named(SHELL));
        let lane = lane.ok_or_else(|| Error::NoLaneToCheck(SHELL.to_owned()))?;
        let folder = RunFolder::at(self.home.landing_dir(&task.id));
        let request = detail.landing.as_ref().map(|landing| landing.request);
        let token = LandingSpec::token_of(request.unwrap_or_default());
        let environment = Environment {
            home: &self.home,
            config: &self.config,
            lane,
            task,
            programs: &folder.programs(),
            run: None,
            token: &token,
            name: task.assignee.clone(),
        };
        let env = environment.variables(&folder.tree());
        Ok(LandingSpec {
            task: task.id.clone(),
            token,
            db: self.home.db(),
            repository,
            trust,
            method: lane.land_method,
            env,
            umask: self.config.umask,
            log: self.home.log(&task.id),
            check: CheckSpec::of(task, lane),
        })
    }

    /// Lets a landing wait for a while, and says why.
    async fn let_wait(&self, task: TaskId, problem: String) -> Result<(), Error> {
        let Some(landing) = self.kernel.landing(&task).await? else {
            return Ok(());
        };
        let until = self.kernel.now() + TRY_AGAIN;
        let waits = SettleLanding {
            task,
            request: landing.request,
            onto: landing.onto.unwrap_or_default(),
            end: LandingEnd::Waits { problem, until },
        };
        match self.kernel.execute(&Actor::dispatcher(), waits).await {
            Ok(_) | Err(kernel::Error::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Locks a repository against other landings, of other boards too; `None` where one is made. It blocks for
/// no longer than a file takes.
fn lock(landings: &Path, repository: &Path) -> Result<Option<File>, Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(landings)
        .map_err(Error::file("make", landings))?;
    let path = repository.join("kanban-landing.lock");
    let file = plain_file::open_owned(&path, File::options().create(true).append(true));
    let file = file.map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(Error::file("lock", &path)(cause)),
    }
}
