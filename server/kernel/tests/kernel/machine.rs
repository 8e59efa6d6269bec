//! Any sequence of verbs, restarts and clock jumps leaves the file as the model says, and never
//! breaks an invariant. `PROPTEST_CASES` sets how many sequences are tried.

use std::collections::{BTreeSet, HashMap};

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, Failure, LEASE, NewTask};
use domain::id::{EventId, RunId, RunToken, TaskId};
use domain::status::Status;
use domain::task::Task;
use kernel::{Clock, Error, Kernel, Options, TaskFilter};
use proptest::sample::Index;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::board::{START, person};
use crate::model::{Model, Step, Worker};

prop_state_machine! {
    #[test]
    fn the_file_is_always_what_the_model_says(sequential 1..60 => Machine);
}

struct Machine;

/// The kernel under test, and the names it gave to what the model only counts.
struct Real {
    runtime: Runtime,
    kernel: Option<Kernel>,
    clock: Clock,
    folder: TempDir,
    tasks: Vec<TaskId>,
    runs: HashMap<TaskId, Vec<(RunId, RunToken)>>,
    newest_event: EventId,
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Model) -> Real {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(START);
        let mut real = Real {
            runtime,
            kernel: None,
            clock,
            folder,
            tasks: Vec::new(),
            runs: HashMap::new(),
            newest_event: EventId(0),
        };
        real.restart();
        real
    }

    fn apply(mut real: Real, model: &<Model as ReferenceStateMachine>::State, step: Step) -> Real {
        let was_refused = match real.carry_out(model, &step) {
            None => model.refused,
            Some(Ok(())) => false,
            Some(Err(Error::Refused(_))) => true,
            Some(Err(other)) => panic!("{step:?} failed: {other}"),
        };
        assert_eq!(was_refused, model.refused, "{step:?}");
        let newest = *real.kernel().newest_event().borrow();
        assert!(newest >= real.newest_event, "event ids only grow");
        assert!(
            !was_refused || newest == real.newest_event,
            "a refused {step:?} wrote an event"
        );
        real.newest_event = newest;
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        let tasks = real.all_tasks();
        assert_eq!(tasks.len(), model.cards.len());
        let open = real.runtime.block_on(real.kernel().open_runs()).unwrap();
        for (number, id) in real.tasks.iter().enumerate() {
            let (task, card) = (&tasks[id], &model.cards[number]);
            assert_eq!(task.status, card.status, "status of {id}");
            assert_eq!(task.waiting, card.waiting, "waiting of {id}");
            assert_eq!(task.spawn_failures, card.failures, "failures of {id}");

            let is_running = task.status == Status::Running;
            let open_runs = open.iter().filter(|run| run.task == *id).count();
            assert_eq!(open_runs, usize::from(is_running), "open runs of {id}");
            assert_eq!(task.claim_lock.is_some(), is_running, "lock of {id}");
            let lease = card.lease.map(|lease| START.0 + lease);
            assert_eq!(task.claim_expires.map(|at| at.0), lease, "lease of {id}");
            assert!(is_running || task.worker_pid.is_none(), "pid of {id}");

            let parents: BTreeSet<_> = card
                .parents
                .iter()
                .map(|n| real.tasks[*n].clone())
                .collect();
            assert_eq!(real.parents_of(id), parents, "parents of {id}");
            assert!(
                task.status != Status::Ready || !model.is_held_back(number),
                "{id} is too early"
            );
            assert!(
                !card
                    .parents
                    .iter()
                    .any(|parent| model.depends_on(*parent, number)),
                "{id} waits for itself"
            );
        }
    }
}

impl Real {
    fn kernel(&self) -> &Kernel {
        self.kernel.as_ref().unwrap()
    }

    fn restart(&mut self) {
        // The old one first: the file is closed, as at the end of a process.
        self.kernel = None;
        let options = Options {
            clock: self.clock.clone(),
            seed: None,
        };
        let path = self.folder.path().join("kanban.db");
        self.kernel = Some(Kernel::open_with(&path, options).unwrap());
    }

    /// `None` where there is no task that the step could be about.
    fn carry_out(&mut self, model: &Model, step: &Step) -> Option<Result<(), Error>> {
        let command = match step {
            Step::Create {
                parents,
                triage,
                key,
            } => {
                let parents = parents.iter().filter_map(|index| self.pick(*index));
                Command::CreateTask(NewTask {
                    title: "task".to_owned(),
                    parents: parents.map(|id| id.to_string()).collect(),
                    triage: *triage,
                    idempotency_key: key.map(|key| key.to_string()),
                    ..NewTask::default()
                })
            }
            Step::Link { parent, child } => Command::LinkTasks {
                parent: self.pick(*parent)?.to_string(),
                child: self.pick(*child)?.to_string(),
            },
            Step::Unlink { parent, child } => Command::UnlinkTasks {
                parent: self.pick(*parent)?,
                child: self.pick(*child)?,
            },
            Step::Claim { task } => {
                let policy = ClaimPolicy {
                    global_cap: Some(model.cap),
                    ..ClaimPolicy::default()
                };
                let (task, lock) = (self.pick(*task)?, "host:1".to_owned());
                Command::ClaimTask {
                    task,
                    lock,
                    ttl: LEASE,
                    lane: None,
                    policy,
                }
            }
            Step::Renew { task, .. } => Command::RenewLease {
                task: self.pick(*task)?,
                ttl: LEASE,
            },
            Step::Complete { task, .. } => Command::CompleteTask {
                task: self.pick(*task)?,
                result: None,
            },
            Step::Block { task, .. } => Command::BlockTask {
                task: self.pick(*task)?,
                reason: None,
            },
            Step::Unblock { task } => Command::UnblockTask {
                task: self.pick(*task)?,
            },
            Step::Archive { task } => Command::ArchiveTask {
                task: self.pick(*task)?,
            },
            Step::Move { task, to } => Command::MoveTask {
                task: self.pick(*task)?,
                to: to.clone(),
            },
            Step::Fail { task, outcome } => {
                let error = "it broke".to_owned();
                let failure = Failure {
                    outcome: *outcome,
                    code: None,
                    error,
                };
                Command::FailRun {
                    run: self.newest_run(&self.pick(*task)?),
                    failure,
                }
            }
            Step::Interrupt { task } => Command::InterruptRun {
                run: self.newest_run(&self.pick(*task)?),
            },
            Step::Cancel { task } => Command::CancelRun {
                task: self.pick(*task)?,
            },
            Step::ReleaseStaleClaims => Command::ReleaseStaleClaims,
            Step::PromoteWaiting => Command::PromoteWaiting,
            Step::Pass { span } => {
                self.clock.advance(*span);
                return Some(Ok(()));
            }
            Step::ChangeCap { .. } => return Some(Ok(())),
            Step::Restart => {
                self.restart();
                return Some(Ok(()));
            }
        };
        let actor = self.actor(step);
        let receipt = self
            .runtime
            .block_on(self.kernel().execute(&actor, command));
        Some(receipt.map(|receipt| self.learn(receipt.answer)))
    }

    /// Remembers the names of new things.
    fn learn(&mut self, answer: Answer) {
        match answer {
            Answer::Created { task, is_new: true } => self.tasks.push(task),
            Answer::Claimed(claimed) => {
                let runs = self.runs.entry(claimed.task.id).or_default();
                runs.push((claimed.run, claimed.token));
            }
            _ => {}
        }
    }

    fn actor(&self, step: &Step) -> Actor {
        let (Step::Renew { task, by } | Step::Complete { task, by } | Step::Block { task, by }) =
            step
        else {
            return person();
        };
        let runs = self.pick(*task).and_then(|id| self.runs.get(&id));
        let run = runs.and_then(|runs| match by {
            Worker::Person => None,
            Worker::Newest => runs.last(),
            Worker::First => runs.first(),
        });
        match (by, run) {
            (Worker::Person, _) => person(),
            (_, Some((_, token))) => Actor::worker("worker", token.clone()),
            (_, None) => Actor::worker("nobody", RunToken::from_text("never given out")),
        }
    }

    fn pick(&self, index: Index) -> Option<TaskId> {
        (!self.tasks.is_empty()).then(|| self.tasks[index.index(self.tasks.len())].clone())
    }

    /// The newest run of a task, or one that does not exist.
    fn newest_run(&self, task: &TaskId) -> RunId {
        self.runs
            .get(task)
            .and_then(|runs| runs.last())
            .map_or(RunId(-1), |(run, _)| *run)
    }

    fn all_tasks(&self) -> HashMap<TaskId, Task> {
        let filter = TaskFilter {
            include_archived: true,
            ..TaskFilter::default()
        };
        let tasks = self.runtime.block_on(self.kernel().tasks(filter)).unwrap();
        tasks
            .into_iter()
            .map(|task| (task.id.clone(), task))
            .collect()
    }

    fn parents_of(&self, task: &TaskId) -> BTreeSet<TaskId> {
        let detail = self.runtime.block_on(self.kernel().task(task)).unwrap();
        detail.parents.into_iter().collect()
    }
}
