//! A dispatcher's loop that tests drive by hand, with runs that it did not start.

use std::path::Path;

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, LEASE, NewTask, SHELL};
use domain::id::RunId;
use domain::run::{Claimed, OpenRun, Run};
use domain::status::Status;
use kernel::Kernel;
use tempfile::TempDir;
use tokio::sync::watch;

use super::Work;
use crate::dispatcher::Config;
use crate::home::Home;
use crate::lanes::Lanes;
use crate::run_folder::{RunFolder, Spec};

/// The folder goes when it is dropped.
pub(super) fn work() -> (TempDir, Work) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path()).unwrap();
    let kernel = Kernel::open(&home.db()).unwrap();
    let config = Config {
        program: "/nonexistent/kanban".into(),
        lanes: Lanes::built_in(),
        cap: 9,
        umask: None,
    };
    let (publish, _) = watch::channel(crate::Status::default());
    (folder, Work::new(kernel, home, config, publish))
}

impl Work {
    /// A task that was claimed for the lane `shell`.
    pub(super) async fn claimed(&self) -> Claimed {
        let new = NewTask {
            title: "a task".to_owned(),
            assignee: Some(SHELL.to_owned()),
            ..NewTask::default()
        };
        let created = self.told(Command::CreateTask(new)).await;
        let Answer::Created { task, .. } = created else {
            panic!("not created: {created:?}");
        };
        let claim = Command::ClaimTask {
            task,
            lock: "here:1".to_owned(),
            ttl: LEASE,
            lane: Some(SHELL.to_owned()),
            policy: ClaimPolicy::default(),
        };
        match self.told(claim).await {
            Answer::Claimed(claimed) => *claimed,
            other => panic!("not claimed: {other:?}"),
        }
    }

    /// What a person is answered.
    pub(super) async fn told(&self, command: Command) -> Answer {
        let person = Actor::full("user");
        self.kernel.execute(&person, command).await.unwrap().answer
    }

    /// Takes a claimed task away from its worker.
    pub(super) async fn take_away(&self, claimed: &Claimed) {
        let task = claimed.task.id.clone();
        let to = Status::Triage;
        self.told(Command::MoveTask { task, to }).await;
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
            assignee: SHELL.to_owned(),
            token: claimed.token.clone(),
            db: self.home.db(),
            argv: Vec::new(),
            env: [].into(),
            workspace: Path::new("/").to_owned(),
            log: self.home.log(&claimed.task.id),
            umask: None,
        };
        folder.write_spec(&spec).unwrap();
        folder
    }
}
