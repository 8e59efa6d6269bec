//! The start of landers: one at a time for each repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, TryLockError};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use domain::actor::Actor;
use domain::check::Verdict;
use domain::command::{SHELL, SettleLanding};
use domain::id::TaskId;
use domain::landing::LandingEnd;
use domain::task::TaskDetail;
use domain::time::Seconds;
use kernel::DueLanding;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Work, blocking};
use crate::error::Error;
use crate::home::Home;
use crate::plain_file;
use crate::run::environment::Environment;
use crate::run::folder::{CheckSpec, LandingSpec, RunFolder};
use crate::run::launch::OF_THE_SERVICE;
use crate::workspaces::{self, common_folder};

/// The pause before a repository is tried again whose lander could not do its work, or which one of an
/// earlier dispatcher has locked.
const REST: Duration = Duration::from_secs(5);

/// The pause before what was in the way of a landing is looked at again.
const PAUSE: Seconds = Seconds(60);

/// The landers that this dispatcher has started, and the repositories that wait.
#[derive(Debug, Default)]
pub(super) struct Landers {
    at_work: JoinSet<(PathBuf, bool)>,
    /// By the folder of the repository: `None` while its lander works, else the end of its rest.
    busy: BTreeMap<PathBuf, Option<Instant>>,
}

impl Landers {
    /// Waits for the end of a lander; `None` where there is none.
    pub(super) async fn ended(&mut self) -> Option<()> {
        if let Ok((repository, has_done_its_work)) = self.at_work.join_next().await? {
            let rest = (!has_done_its_work).then(|| Instant::now() + REST);
            self.free(repository, rest);
        }
        Some(())
    }

    fn free(&mut self, repository: PathBuf, rest: Option<Instant>) {
        self.busy.remove(&repository);
        self.busy.extend(rest.map(|rest| (repository, Some(rest))));
    }

    fn is_free(&self, repository: &Path) -> bool {
        !self.busy.contains_key(repository)
    }

    /// Forgets the rests that are over.
    fn end_rests(&mut self) {
        let now = Instant::now();
        self.busy
            .retain(|_, rest| rest.is_none_or(|rest| rest > now));
    }

    /// The end of the first rest.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.busy.values().flatten().min().copied()
    }

    fn watch(&mut self, repository: PathBuf, folder: RunFolder, mut lander: Child) {
        self.busy.insert(repository.clone(), None);
        self.at_work.spawn(async move {
            let has_done_its_work = lander.wait().await.is_ok_and(|status| status.success());
            if !has_done_its_work {
                let complaints = folder.complaints();
                tracing::warn!(repository = %repository.display(), %complaints, "a landing begins anew");
            }
            (repository, has_done_its_work)
        });
    }
}

impl Work {
    /// Starts a lander in each repository that has none, for the landing that was asked for first. One
    /// that cannot begin concerns no other.
    pub(super) async fn start_landings(&mut self) -> Result<(), Error> {
        self.landers.end_rests();
        let due = self.kernel.due_landings().await?;
        if due.is_empty() || self.breaker.fault().is_some() {
            return Ok(());
        }
        let paused = self.kernel.dispatch().await?.paused;
        if paused.iter().any(|pause| pause.lane.is_none()) {
            return Ok(());
        }
        // What is left of a worker may still commit.
        let leaving: BTreeSet<TaskId> = self
            .unfinished_runs()
            .into_values()
            .map(|slot| slot.task)
            .collect();
        for landing in due.into_iter().filter(|due| !leaving.contains(&due.task)) {
            if let Err(error) = self.start_landing(&landing).await {
                tracing::warn!(task.id = %landing.task, %error, "a landing does not begin");
                self.let_wait(landing.task, error.to_string()).await?;
            }
        }
        Ok(())
    }

    async fn start_landing(&mut self, landing: &DueLanding) -> Result<(), Error> {
        let path = PathBuf::from(&landing.repository);
        let (named, repositories) = (path.clone(), self.settings.repositories.clone());
        let found = blocking(move || {
            let trust = repositories.trust(&named)?;
            Ok((trust, common_folder(&named)))
        });
        let (trust, common) = found.await?;
        let not_there = || workspaces::Error::NotARepository(path.clone());
        let common = common.ok_or_else(not_there)?;
        if !self.landers.is_free(&common) {
            return Ok(());
        }
        let detail = self.kernel.task(&landing.task).await?;
        let spec = self.landing_spec(&detail, path, trust)?;
        let folder = RunFolder::at(self.home.landing_dir(&landing.task));
        let (home, ours) = (self.home.clone(), folder.clone());
        let (repository, program) = (common.clone(), self.config.program.clone());
        let prepared = blocking(move || {
            let Some(lock) = lock(&home, &repository)? else {
                return Ok(None);
            };
            ours.remove()?;
            ours.make()?;
            ours.link_program(&program)?;
            ours.write_landing(&spec)?;
            let complaints = ours.complaints_file();
            let complaints =
                File::create(&complaints).map_err(Error::file("write", &complaints))?;
            Ok(Some((lock, complaints)))
        });
        let Some((lock, complaints)) = prepared.await? else {
            self.landers.free(common, Some(Instant::now() + REST));
            return Ok(());
        };
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
        self.landers.watch(common, folder, lander);
        Ok(())
    }

    /// The particulars of a landing, by the lane of the task.
    fn landing_spec(
        &self,
        detail: &TaskDetail,
        repository: PathBuf,
        trust: workspaces::Trust,
    ) -> Result<LandingSpec, Error> {
        let task = &detail.task;
        let of_runs = || detail.runs.iter().rev().find_map(|run| run.lane.as_deref());
        let name = task.assignee.as_deref().or_else(of_runs);
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
        let environment = Environment {
            home: &self.home,
            config: &self.config,
            lane,
            task,
            programs: &folder.programs(),
            run: None,
            name: task.assignee.clone(),
        };
        Ok(LandingSpec {
            task: task.id.clone(),
            db: self.home.db(),
            repository,
            trust,
            method: lane.land_method,
            env: environment.variables(&folder.tree()),
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
        let until = self.kernel.now() + PAUSE;
        let waits = SettleLanding {
            task,
            onto: landing.onto.unwrap_or_default(),
            end: LandingEnd::Waits { problem, until },
        };
        match self.kernel.execute(&Actor::dispatcher(), waits).await {
            Ok(_) | Err(kernel::Error::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Locks a repository against other landings; `None` where one is made. It blocks for no longer than a
/// file takes.
fn lock(home: &Home, repository: &Path) -> Result<Option<File>, Error> {
    let landings = home.landings();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&landings)
        .map_err(Error::file("make", &landings))?;
    let mut name = DefaultHasher::new();
    repository.hash(&mut name);
    let path = landings.join(format!("{:016x}.lock", name.finish()));
    let file = plain_file::open_owned(&path, File::options().create(true).append(true));
    let file = file.map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(cause)) => Err(Error::file("lock", &path)(cause)),
    }
}
