//! A board in a temporary folder, with a clock that stands still and verbs that are short to write.

use domain::actor::Actor;
use domain::command::Claimed;
use domain::command::{
    Answer, BlockTask, ClaimPolicy, ClaimTask, Command, CompleteTask, CreateTask, Created, FailRun,
    Failure, LEASE, MoveTask, Receipt, UnblockTask,
};
use domain::error::Error as Refusal;
use domain::id::{EventId, RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::task::Task;
use domain::time::{Seconds, Timestamp};
use kernel::{Clock, Durability, Error, Kernel, Options};
use tempfile::TempDir;

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp(1_777_200_000);

pub(crate) struct Board {
    pub(crate) kernel: Kernel,
    pub(crate) clock: Clock,
    pub(crate) folder: TempDir,
}

impl Board {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(START);
        let options = Options {
            clock: clock.clone(),
            seed: Some(1),
            durability: Durability::Normal,
            ..Options::default()
        };
        let kernel = Kernel::open_with(&folder.path().join("kanban.db"), options).unwrap();
        Self {
            kernel,
            clock,
            folder,
        }
    }

    pub(crate) async fn give(
        &self,
        actor: &Actor,
        command: impl Into<Command>,
    ) -> Result<Receipt, Error> {
        let receipts = self.kernel.execute_all(actor, vec![command.into()]).await;
        receipts.map(|mut receipts| receipts.remove(0))
    }

    /// A command by a person.
    pub(crate) async fn act(&self, command: impl Into<Command>) -> Result<Receipt, Error> {
        self.give(&person(), command).await
    }

    pub(crate) async fn create(&self, new: CreateTask) -> TaskId {
        match self.act(new).await.unwrap().answer {
            Answer::Created(Created { task, .. }) => task,
            other => panic!("created, but was told {other:?}"),
        }
    }

    pub(crate) async fn task_named(&self, title: &str) -> TaskId {
        self.create(CreateTask {
            title: title.to_owned(),
            ..CreateTask::default()
        })
        .await
    }

    pub(crate) async fn child_of(&self, parents: &[&TaskId]) -> TaskId {
        let parents = parents.iter().map(ToString::to_string).collect();
        self.create(CreateTask {
            title: "child".to_owned(),
            parents,
            ..CreateTask::default()
        })
        .await
    }

    pub(crate) async fn claim(&self, task: &TaskId) -> Result<Claimed, Error> {
        self.claim_with(task, ClaimPolicy::default()).await
    }

    pub(crate) async fn claim_with(
        &self,
        task: &TaskId,
        policy: ClaimPolicy,
    ) -> Result<Claimed, Error> {
        self.claim_in(task, "shell", policy).await
    }

    pub(crate) async fn claim_in(
        &self,
        task: &TaskId,
        lane: &str,
        policy: ClaimPolicy,
    ) -> Result<Claimed, Error> {
        let (task, lock, lane) = (task.clone(), "host:1".to_owned(), Some(lane.to_owned()));
        let claim = ClaimTask {
            task,
            lock,
            ttl: LEASE,
            lane,
            policy,
        };
        match self.give(&Actor::dispatcher(), claim).await?.answer {
            Answer::Claimed(claimed) => Ok(*claimed),
            other => panic!("claimed, but was told {other:?}"),
        }
    }

    pub(crate) async fn complete(&self, task: &TaskId, result: &str) -> Result<Receipt, Error> {
        let result = Some(result.to_owned());
        self.act(CompleteTask {
            task: task.clone(),
            result,
            summary: None,
            metadata: None,
            outcome: None,
            unchecked: false,
        })
        .await
    }

    pub(crate) async fn block(&self, task: &TaskId, question: &str) {
        let (task, reason) = (task.clone(), Some(question.to_owned()));
        self.act(BlockTask { task, reason }).await.unwrap();
    }

    pub(crate) async fn unblock(&self, task: &TaskId) {
        let task = task.clone();
        self.act(UnblockTask { task }).await.unwrap();
    }

    pub(crate) async fn move_to(&self, task: &TaskId, to: Status) -> Result<Receipt, Error> {
        self.act(MoveTask {
            task: task.clone(),
            to,
        })
        .await
    }

    pub(crate) async fn fail(&self, run: RunId, outcome: Outcome) -> Receipt {
        let failure = Failure {
            outcome,
            code: Some(3),
            error: "exited with code 3".to_owned(),
            proposed: None,
        };
        let fail = FailRun {
            run,
            failure,
            limit: None,
            next: domain::command::NextAttempt::default(),
            breaker: None,
        };
        self.give(&Actor::dispatcher(), fail).await.unwrap()
    }

    pub(crate) async fn task(&self, id: &TaskId) -> Task {
        self.kernel.task(id).await.unwrap().task
    }

    pub(crate) async fn status(&self, id: &TaskId) -> Status {
        self.task(id).await.status
    }

    /// The kinds of a task's events, oldest first.
    pub(crate) async fn kinds(&self, id: &TaskId) -> Vec<String> {
        let events = self.kernel.task(id).await.unwrap().events;
        events.into_iter().map(|event| event.kind).collect()
    }

    /// The payload of a task's newest event, as text.
    pub(crate) async fn newest_payload(&self, id: &TaskId) -> String {
        let events = self.kernel.task(id).await.unwrap().events;
        events
            .last()
            .unwrap()
            .payload
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    pub(crate) fn newest_event(&self) -> EventId {
        *self.kernel.newest_event().borrow()
    }

    /// Writes to the file as another program.
    pub(crate) fn sql(&self, statement: &str) {
        #[expect(clippy::disallowed_methods, reason = "the test plays another program")]
        let conn = rusqlite::Connection::open(self.folder.path().join("kanban.db")).unwrap();
        conn.execute_batch(statement).unwrap();
    }

    pub(crate) fn pass(&self, span: Seconds) {
        self.clock.advance(span);
    }
}

pub(crate) fn person() -> Actor {
    Actor::full("ada")
}

/// The rule that was broken.
#[track_caller]
pub(crate) fn refusal<T: std::fmt::Debug>(result: Result<T, Error>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("expected a refusal, got {other:?}"),
    }
}
