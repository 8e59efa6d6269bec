//! Any sequence of verbs, restarts, crashes and clock jumps leaves the file as the model says, and
//! never breaks an invariant. `PROPTEST_CASES` sets how many sequences are tried.
//!
//! Where the twelve invariants are held that the board promises:
//!
//! 1. `running` means exactly one open run and a lease, and the reverse: [`check_run`].
//! 2. Of two claims at once one wins: `tests/processes.rs`.
//! 3. Links never form a cycle: [`Machine::check_invariants`].
//! 4. Only what waits in `todo` becomes ready by itself: [`check_promotions`].
//! 5. Event ids only grow, and the events are those of the receipt: [`Real::hear`].
//! 6. One live task has a key: the model, and `tests/processes.rs`.
//! 7. A late worker changes nothing: the model, where `Worker::First` reports.
//! 8. What was acknowledged survives a crash: `Step::Crash`, and `tests/processes.rs`.
//! 9. Caps hold: the model, where the dispatcher claims.
//! 10. Only what was made is removed: the tests of the dispatcher's `gc`.
//! 11. The tail of a log is as long as was asked for: the tests of the dispatcher's `logs`.
//! 12. Who reconnects hears every later event once, in order: [`Real::hear`].

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use domain::actor::Actor;
use domain::command::{Answer, ClaimPolicy, Command, Failure, LEASE, NewTask};
use domain::event::Event;
use domain::id::{EventId, RunId, RunToken, TaskId};
use domain::run::ProcessIdentity;
use domain::status::Status;
use domain::task::Task;
use domain::time::Timestamp;
use kernel::{Clock, Error, Kernel, Options, TaskFilter};
use proptest::sample::Index;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::board::{START, person};
use crate::model::{Card, Model};
use crate::step::{Step, Worker};

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
    /// The last event of each step, by which it can be undone.
    steps: Vec<Option<EventId>>,
    /// The last event that a listener was told of.
    heard: EventId,
    /// Every task, as it was after the last step.
    now: HashMap<TaskId, Task>,
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Real;
    type Reference = Model;

    fn init_test(_: &Model) -> Real {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut real = Real {
            runtime,
            kernel: None,
            clock: Clock::standing_at(START),
            folder: tempfile::tempdir().unwrap(),
            tasks: Vec::new(),
            runs: HashMap::new(),
            steps: Vec::new(),
            heard: EventId(0),
            now: HashMap::new(),
        };
        real.open();
        real
    }

    fn apply(mut real: Real, model: &<Model as ReferenceStateMachine>::State, step: Step) -> Real {
        let said = real.carry_out(model, &step);
        let written = match said {
            Some(Ok(events)) => {
                assert!(!model.refused, "{step:?} was not refused");
                events
            }
            Some(Err(Error::Refused(refusal))) => {
                assert!(model.refused, "{step:?}: {refusal}");
                Vec::new()
            }
            Some(Err(other)) => panic!("{step:?} failed: {other}"),
            None => Vec::new(),
        };
        let events = real.hear();
        let heard: Vec<_> = events.iter().map(|event| event.id).collect();
        assert_eq!(heard, written, "the events of {step:?}");
        check_promotions(&real.now, &events);
        real.steps.push(written.last().copied());
        real.now = real.all_tasks();
        real
    }

    fn check_invariants(real: &Real, model: &Model) {
        assert_eq!(real.now.len(), model.cards.len());
        let parents = real.parents();
        for (number, id) in real.tasks.iter().enumerate() {
            let (task, card) = (&real.now[id], &model.cards[number]);
            assert_eq!(task.status, card.status, "status of {id}");
            assert_eq!(task.waiting, card.waiting, "waiting of {id}");
            assert_eq!(task.failures, card.failures, "failures of {id}");
            assert_eq!(task.assignee, assignee(card.assignee), "assignee of {id}");
            check_rest(task, card);
            check_run(real, task, card);

            let expected: BTreeSet<_> = card
                .parents
                .iter()
                .map(|parent| real.tasks[*parent].clone())
                .collect();
            let found = parents.get(id).cloned().unwrap_or_default();
            assert_eq!(found, expected, "parents of {id}");
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

fn check_run(real: &Real, task: &Task, card: &Card) {
    let id = &task.id;
    let open = real.runtime.block_on(real.kernel().open_runs()).unwrap();
    let runs: Vec<_> = open.iter().filter(|run| run.task == *id).collect();
    let is_running = task.status == Status::Running;
    assert_eq!(runs.len(), usize::from(is_running), "open runs of {id}");
    assert_eq!(task.claim_lock.is_some(), is_running, "lock of {id}");
    assert!(is_running || task.worker_pid.is_none(), "pid of {id}");
    let lease = card.run.as_ref().map(|run| START.0 + run.lease);
    assert_eq!(task.claim_expires.map(|at| at.0), lease, "lease of {id}");
    if let (Some(open), Some(run)) = (runs.first(), &card.run) {
        let expected = run.heartbeat.map(|at| Timestamp(START.0 + at));
        let found = real.runtime.block_on(real.kernel().run(open.run)).unwrap();
        assert_eq!(found.heartbeat_at, expected, "heartbeat of {id}");
        assert_eq!(open.lane.is_some(), run.is_in_lane, "lane of {id}");
    }
}

fn check_rest(task: &Task, card: &Card) {
    let rest = task.not_before.map(|at| at.0 - START.0);
    match (rest, card.rest) {
        (None, None) => {}
        (Some(until), Some((from, to))) if (from..=to).contains(&until) => {}
        (found, expected) => panic!("{} rests until {found:?}, not {expected:?}", task.id),
    }
}

/// What became ready by itself waited in `todo`, or was put back there by the same undo.
fn check_promotions(before: &HashMap<TaskId, Task>, events: &[Event]) {
    let undone: BTreeSet<_> = of_kind(events, "undone").collect();
    for task in of_kind(events, "ready").filter(|task| !undone.contains(task)) {
        let before = &before[task];
        assert_eq!(
            (&before.status, before.waiting),
            (&Status::Todo, true),
            "{task}"
        );
    }
}

fn of_kind<'a>(events: &'a [Event], kind: &str) -> impl Iterator<Item = &'a TaskId> {
    let of_kind = events.iter().filter(move |event| event.kind == kind);
    of_kind.map(|event| &event.task_id)
}

fn assignee(number: u8) -> Option<String> {
    (number > 0).then(|| format!("agent {number}"))
}

fn lane(is_lane: bool) -> Option<String> {
    is_lane.then(|| "shell".to_owned())
}

impl Real {
    fn kernel(&self) -> &Kernel {
        self.kernel.as_ref().unwrap()
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("kanban.db")
    }

    fn open(&mut self) {
        // The old one first: the file is closed, as at the end of a process.
        self.kernel = None;
        let options = Options {
            clock: self.clock.clone(),
            seed: None,
        };
        self.kernel = Some(Kernel::open_with(&self.file(), options).unwrap());
    }

    /// Goes on with the files as they lie there in the middle of it all, as after a kill.
    fn crash(&mut self) {
        let after = tempfile::tempdir().unwrap();
        for name in ["kanban.db", "kanban.db-wal"] {
            let from = self.folder.path().join(name);
            if from.exists() {
                std::fs::copy(from, after.path().join(name)).unwrap();
            }
        }
        self.kernel = None;
        self.folder = after;
        self.open();
    }

    /// The events that it wrote; `None` where there is nothing that the step could be about.
    fn carry_out(&mut self, model: &Model, step: &Step) -> Option<Result<Vec<EventId>, Error>> {
        match step {
            Step::Pass { span } => self.clock.advance(*span),
            Step::ChangeCaps { .. } => {}
            Step::Restart => self.open(),
            Step::Crash => self.crash(),
            step => {
                let command = self.command(model, step)?;
                let actor = self.actor(step);
                let done = self.kernel().execute(&actor, command);
                let receipt = self.runtime.block_on(done);
                return Some(receipt.map(|receipt| {
                    self.learn(receipt.answer);
                    receipt.events
                }));
            }
        }
        Some(Ok(Vec::new()))
    }

    #[expect(clippy::too_many_lines, reason = "it is one table")]
    fn command(&self, model: &Model, step: &Step) -> Option<Command> {
        Some(match step {
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
            Step::Claim { task } => claim(self.pick(*task)?, None, ClaimPolicy::default()),
            Step::Dispatch { task } => {
                let policy = ClaimPolicy {
                    global_cap: Some(model.global_cap),
                    lane_cap: Some(model.lane_cap),
                    respects_rest: true,
                    respects_pause: true,
                };
                claim(self.pick(*task)?, lane(true), policy)
            }
            Step::Attach { task } => Command::AttachSupervisor {
                run: self.newest_run(&self.pick(*task)?),
                process: ProcessIdentity {
                    boot_id: "boot".to_owned(),
                    pid: 1,
                    started_ticks: 1,
                },
            },
            Step::Heartbeat { task, .. } => Command::Heartbeat {
                task: self.pick(*task)?,
                ttl: LEASE,
            },
            Step::Renew { task, .. } => Command::RenewLease {
                task: self.pick(*task)?,
                ttl: LEASE,
            },
            Step::Complete { task, .. } => Command::CompleteTask {
                task: self.pick(*task)?,
                result: None,
                summary: None,
                metadata: None,
            },
            Step::Block { task, .. } => Command::BlockTask {
                task: self.pick(*task)?,
                reason: Some("why?".to_owned()),
            },
            Step::Unblock { task } => Command::UnblockTask {
                task: self.pick(*task)?,
            },
            Step::Assign { task, to, stop } => Command::AssignTask {
                task: self.pick(*task)?,
                assignee: assignee(*to),
                stop: *stop,
            },
            Step::Archive { task } => Command::ArchiveTask {
                task: self.pick(*task)?,
            },
            Step::Move { task, to } => Command::MoveTask {
                task: self.pick(*task)?,
                to: to.clone(),
            },
            Step::Fail { task, outcome } => Command::FailRun {
                run: self.newest_run(&self.pick(*task)?),
                failure: Failure {
                    outcome: *outcome,
                    code: None,
                    error: "it broke".to_owned(),
                    proposed: None,
                },
                limit: None,
            },
            Step::Defer { task } => Command::DeferRun {
                run: self.newest_run(&self.pick(*task)?),
                reason: "no room".to_owned(),
            },
            Step::Interrupt { task } => Command::InterruptRun {
                run: self.newest_run(&self.pick(*task)?),
            },
            Step::Cancel { task } => Command::CancelRun {
                task: self.pick(*task)?,
            },
            Step::Undo { back } => {
                let step = self.steps.len().checked_sub(*back)?;
                let event = (*self.steps.get(step)?)?;
                Command::Undo { event }
            }
            Step::ReleaseStaleClaims => Command::ReleaseStaleClaims,
            Step::PromoteWaiting => Command::PromoteWaiting,
            Step::Pause { lane: is_lane } => Command::Pause {
                lane: lane(*is_lane),
            },
            Step::Resume { lane: is_lane } => Command::Resume {
                lane: lane(*is_lane),
            },
            Step::Pass { .. } | Step::ChangeCaps { .. } | Step::Restart | Step::Crash => {
                unreachable!("{step:?} is no command")
            }
        })
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
        let (Step::Heartbeat { task, by }
        | Step::Renew { task, by }
        | Step::Complete { task, by }
        | Step::Block { task, by }) = step
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

    /// What a listener is told who has been away since it last listened.
    fn hear(&mut self) -> Vec<Event> {
        let newest = *self.kernel().newest_event().borrow();
        let mut told = Vec::new();
        while self.heard < newest {
            let mut feed = self.kernel().feed(self.heard);
            let frame = self.runtime.block_on(feed.next()).unwrap();
            for event in &frame.events {
                assert!(event.id > self.heard, "{event:?} was told before");
                self.heard = event.id;
            }
            assert_eq!(frame.cursor, self.heard);
            told.extend(frame.events);
        }
        told
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

    fn parents(&self) -> HashMap<TaskId, BTreeSet<TaskId>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test looks at the file from outside"
        )]
        let conn = rusqlite::Connection::open(self.file()).unwrap();
        let mut statement = conn
            .prepare("SELECT child_id, parent_id FROM task_links")
            .unwrap();
        let links = statement
            .query_map((), |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
            })
            .unwrap();
        let mut parents = HashMap::<_, BTreeSet<_>>::new();
        for link in links {
            let (child, parent) = link.unwrap();
            let parents = parents.entry(child.parse().unwrap()).or_default();
            parents.insert(parent.parse().unwrap());
        }
        parents
    }
}

fn claim(task: TaskId, lane: Option<String>, policy: ClaimPolicy) -> Command {
    Command::ClaimTask {
        task,
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane,
        policy,
    }
}
