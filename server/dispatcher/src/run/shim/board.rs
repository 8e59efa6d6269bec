//! The supervisor's access to the board, in the worker's name.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;

use domain::actor::Actor;
use domain::branch::Branch;
use domain::command::{
    AttachSupervisor, BeginCheck, Command, LEASE, RecordBranch, RecordSpawn, RenewLease,
};
use domain::run::{Outcome, ProcessIdentity};
use domain::time::Timestamp;
use kernel::{Clock, IfLost, Kernel, Options};

use crate::config::durability;
use crate::error::Error;
use crate::run::folder::Spec;
use crate::run::proxy::Proxy;

/// The board, as the supervisor of one run sees it.
#[derive(Clone)]
pub(super) struct Board<'a> {
    spec: &'a Spec,
    access: Rc<Access>,
}

/// The ways to the board.
struct Access {
    /// By the dispatcher, as long as that is there.
    proxy: Cell<Option<Proxy>>,
    /// By the file itself, once that was needed.
    kernel: OnceCell<Kernel>,
    clock: Clock,
}

/// The state of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RunState {
    /// It is open, and its worker last said so then.
    Open {
        heartbeat: Option<Timestamp>,
        /// True once its worker has said that it has finished, and its check is still to come.
        has_reported: bool,
    },
    /// It was closed, in this way where that is known.
    Closed(Option<Outcome>),
}

impl<'a> Board<'a> {
    pub(super) fn of(spec: &'a Spec, proxy: Option<Proxy>) -> Self {
        let access = Access {
            proxy: Cell::new(proxy),
            kernel: OnceCell::new(),
            clock: Clock::default(),
        };
        let access = Rc::new(access);
        Self { spec, access }
    }

    /// Registers the supervisor of the run. Returns false when the run has been closed meanwhile,
    /// or has another supervisor.
    pub(super) async fn attach(&self, process: ProcessIdentity) -> Result<bool, Error> {
        let run = self.spec.run;
        let attached = self.tell(AttachSupervisor { run, process }).await?;
        Ok(attached.is_ok())
    }

    /// Records that the worker runs; returns false when its run is closed. A board that cannot be
    /// reached counts as open.
    pub(super) async fn record_spawn(&self, worker_pid: u32, log_start: u64) -> bool {
        let record = RecordSpawn {
            run: self.spec.run,
            worker_pid: worker_pid.into(),
            workspace: self.spec.workspace.display().to_string(),
            log_start: Some(log_start),
        };
        match self.tell(record).await {
            Ok(Ok(())) => true,
            Ok(Err(refusal)) => {
                tracing::info!(refusal, "the run was closed before its worker was recorded");
                false
            }
            Err(error) => {
                tracing::warn!(%error, "the board was not told that the worker runs");
                true
            }
        }
    }

    /// Renews the lease. A lost claim is seen at the next check.
    pub(super) async fn renew_lease(&self) {
        let renew = RenewLease {
            task: self.spec.task.clone(),
            ttl: LEASE,
        };
        if let Err(error) = self.tell(renew).await {
            tracing::warn!(%error, "the lease was not renewed");
        }
    }

    /// The state of the run; `None` when the board cannot be read now.
    pub(super) async fn run_state(&self) -> Option<RunState> {
        let run = match self.kernel() {
            Ok(kernel) => kernel.run(self.spec.run).await.map_err(Error::from),
            Err(error) => Err(error),
        };
        match run {
            Ok(run) if run.ended_at.is_none() => Some(RunState::Open {
                heartbeat: run.heartbeat_at,
                has_reported: run.reported_at.is_some(),
            }),
            Ok(run) => Some(RunState::Closed(run.outcome)),
            Err(Error::Kernel(kernel::Error::Refused(_))) => Some(RunState::Closed(None)),
            Err(error) => {
                tracing::warn!(%error, "the board cannot be read");
                None
            }
        }
    }

    /// The report of the worker: its result, where it named one. `None` where it has reported
    /// nothing, or the run is closed.
    pub(super) async fn report(&self) -> Result<Option<Option<String>>, Error> {
        Ok(self.kernel()?.report_of(self.spec.run).await?)
    }

    /// Records that the check begins; returns false when the run is closed. Its end is believed only once
    /// the board knows of it.
    pub(super) async fn begin_check(&self) -> Result<bool, Error> {
        let run = self.spec.run;
        Ok(self.tell(BeginCheck { run }).await?.is_ok())
    }

    /// Records the branch of the task. Returns false when the run is closed: then no branch is made.
    pub(super) async fn record_branch(&self, branch: Branch) -> Result<bool, Error> {
        let run = self.spec.run;
        let recorded = self.tell(RecordBranch { run, branch }).await?;
        Ok(recorded.is_ok())
    }

    pub(super) fn now(&self) -> Timestamp {
        self.access.clock.now()
    }

    /// Gives a verb to the board, which may refuse it with a sentence.
    async fn tell(&self, verb: impl Into<Command>) -> Result<Result<(), String>, Error> {
        let command = verb.into();
        // Out of its place meanwhile: an answer that nobody has waited for is not taken for the next one.
        if let Some(mut proxy) = self.access.proxy.take()
            && let Some(answer) = proxy.ask(&command).await
        {
            self.access.proxy.set(Some(proxy));
            return Ok(answer);
        }
        let worker = Actor::worker(&self.spec.assignee, self.spec.token.clone());
        match self.kernel()?.execute_all(&worker, vec![command]).await {
            Ok(_) => Ok(Ok(())),
            Err(kernel::Error::Refused(refusal)) => Ok(Err(refusal.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// The board's file, which most short runs never open.
    fn kernel(&self) -> Result<&Kernel, Error> {
        if let Some(kernel) = self.access.kernel.get() {
            return Ok(kernel);
        }
        // A new board would know nothing of this run, so none is made where the file is gone.
        let options = Options {
            if_lost: IfLost::Refuse,
            durability: durability(&self.spec.home()?),
            ..Options::default()
        };
        let kernel = Kernel::open_with(&self.spec.db, options)?;
        Ok(self.access.kernel.get_or_init(|| kernel))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use domain::command::{ClaimPolicy, ClaimTask, CreateTask, Heartbeat, MoveTask, SHELL};
    use domain::status::Status;

    use super::*;
    use crate::run::folder::fixture::spec;

    /// A kernel and the particulars of a run that is open on its board.
    async fn open_run(home: &Path) -> (Kernel, Spec) {
        let db = home.join("kanban.db");
        let kernel = Kernel::open(&db).unwrap();
        let person = Actor::full("user");
        let new = CreateTask {
            title: "a task".to_owned(),
            ..CreateTask::default()
        };
        let task = kernel.execute(&person, new).await.unwrap().answer.task;
        let claim = ClaimTask {
            task: task.clone(),
            lock: "here:1".to_owned(),
            ttl: LEASE,
            lane: Some(SHELL.to_owned()),
            policy: ClaimPolicy::default(),
        };
        let claimed = kernel.execute(&person, claim).await.unwrap().answer;
        let spec = Spec {
            run: claimed.run,
            task,
            token: claimed.token,
            db,
            ..spec()
        };
        (kernel, spec)
    }

    #[tokio::test]
    async fn a_worker_that_starts_while_its_run_is_closed_is_not_allowed_to_go_on() {
        let home = tempfile::tempdir().unwrap();
        let (kernel, spec) = open_run(home.path()).await;
        let board = Board::of(&spec, None);
        assert!(board.record_spawn(1, 0).await);
        let open = RunState::Open {
            heartbeat: None,
            has_reported: false,
        };
        assert_eq!(board.run_state().await, Some(open));

        let task = spec.task.clone();
        let to = Status::Triage;
        let person = Actor::full("user");
        let take_away = MoveTask { task, to };
        kernel.execute(&person, take_away).await.unwrap();
        assert!(!board.record_spawn(1, 0).await);
        let closed = RunState::Closed(Some(Outcome::Cancelled));
        assert_eq!(board.run_state().await, Some(closed));
    }

    #[tokio::test]
    async fn a_check_of_which_the_board_cannot_be_told_has_not_begun() {
        let home = tempfile::tempdir().unwrap();
        let (kernel, spec) = open_run(home.path()).await;
        drop(kernel);
        std::fs::remove_file(&spec.db).unwrap();
        assert!(Board::of(&spec, None).begin_check().await.is_err());
    }

    #[tokio::test]
    async fn only_the_worker_itself_gives_a_sign_of_its_life() {
        let home = tempfile::tempdir().unwrap();
        let (_kernel, spec) = open_run(home.path()).await;
        let board = Board::of(&spec, None);
        board.renew_lease().await;
        let silent = RunState::Open {
            heartbeat: None,
            has_reported: false,
        };
        assert_eq!(board.run_state().await, Some(silent));

        let task = spec.task.clone();
        board
            .tell(Heartbeat { task, ttl: LEASE })
            .await
            .unwrap()
            .unwrap();
        assert_ne!(board.run_state().await, Some(silent));
    }
}
