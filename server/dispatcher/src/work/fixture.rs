//! A dispatcher's loop that tests drive by hand, with runs that it did not start.

use domain::actor::Actor;
use domain::command::Claimed;
use domain::command::{ClaimPolicy, ClaimTask, CreateTask, LEASE, MoveTask, SHELL, Verb};
use domain::dispatch::Slot;
use domain::id::{RunId, TaskId};
use domain::run::{OpenRun, Run};
use domain::status::Status;
use kernel::{Clock, Kernel, Options};
use tempfile::TempDir;

use super::Work;
use crate::config::{Config, Source};
use crate::home::Home;
use crate::process;
use crate::run::folder::fixture::spec;
use crate::run::folder::{RunFolder, Spec};

/// The folder goes when it is dropped.
pub(super) fn work() -> (TempDir, Work) {
    work_by(Clock::default())
}

/// A loop that lives by this clock.
pub(super) fn work_by(clock: Clock) -> (TempDir, Work) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path()).unwrap();
    let seed = Some(7);
    let kernel = Kernel::open_with(
        &home.db(),
        Options {
            clock,
            seed,
            ..Options::default()
        },
    )
    .unwrap();
    let config = Config {
        max: Some(9),
        ..Config::new("/nonexistent/kanban".into())
    };
    let (source, settings) = Source::open(home.clone(), config.clone()).unwrap();
    let identity = process::own_identity().unwrap();
    (
        folder,
        Work::new(kernel, home, config, source, settings, identity),
    )
}

/// The slot of the run.
pub(super) fn slot_of(claimed: &Claimed) -> Slot {
    Slot {
        task: claimed.task.id.clone(),
        lane: Some(SHELL.to_owned()),
    }
}

impl Work {
    /// A task that is ready for the lane `shell`.
    pub(super) async fn ready(&self) -> TaskId {
        let new = CreateTask {
            title: "a task".to_owned(),
            assignee: Some(SHELL.to_owned()),
            ..CreateTask::default()
        };
        self.told(new).await.task
    }

    /// A task that was claimed for the lane `shell`.
    pub(super) async fn claimed(&self) -> Claimed {
        let task = self.ready().await;
        self.claimed_again(task).await
    }

    /// A new run of a ready task.
    pub(super) async fn claimed_again(&self, task: TaskId) -> Claimed {
        let claim = ClaimTask {
            task,
            lock: "here:1".to_owned(),
            ttl: LEASE,
            lane: Some(SHELL.to_owned()),
            policy: ClaimPolicy::default(),
        };
        *self.told(claim).await
    }

    /// Runs a person's command and returns the answer.
    pub(super) async fn told<V: Verb>(&self, verb: V) -> V::Answer {
        let person = Actor::full("user");
        self.kernel.execute(&person, verb).await.unwrap().answer
    }

    /// Takes a claimed task away from its worker.
    pub(super) async fn take_away(&self, claimed: &Claimed) {
        let task = claimed.task.id.clone();
        let to = Status::Triage;
        self.told(MoveTask { task, to }).await;
    }

    /// Takes a claimed task away from its worker, for another one.
    pub(super) async fn give_back(&self, claimed: &Claimed) {
        let task = claimed.task.id.clone();
        let to = Status::Ready;
        self.told(MoveTask { task, to }).await;
    }

    /// Writes to the file as another program would.
    pub(super) fn sql(&self, statement: &str) {
        #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
        let conn = rusqlite::Connection::open(self.home.db()).unwrap();
        conn.execute_batch(statement).unwrap();
    }

    pub(super) async fn open_run(&self, run: RunId) -> OpenRun {
        let open = self.kernel.open_runs().await.unwrap();
        open.into_iter().find(|open| open.run == run).unwrap()
    }

    pub(super) async fn run_of(&self, claimed: &Claimed) -> Run {
        self.kernel.run(claimed.run).await.unwrap()
    }

    /// The folder of a run, with its token, as a dispatcher leaves it when it has started the run.
    pub(super) fn made_folder(&self, claimed: &Claimed) -> RunFolder {
        let folder = self.folder(claimed.run);
        folder.make().unwrap();
        let spec = Spec {
            run: claimed.run,
            task: claimed.task.id.clone(),
            token: claimed.token.clone(),
            db: self.home.db(),
            log: self.home.log(&claimed.task.id),
            ..spec()
        };
        folder.write_spec(&spec).unwrap();
        folder
    }
}
