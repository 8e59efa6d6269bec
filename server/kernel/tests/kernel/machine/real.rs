//! The kernel that is compared with the model: each step as a command, and the events that a
//! listener receives.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use domain::actor::Actor;
use domain::branch::Branch;
use domain::check::{CheckEnd, GitFacts, Verdict};
use domain::command::{
    Answer, ApproveTask, ArchiveTask, AssignTask, AttachSupervisor, BlockTask, CancelRun,
    ClaimPolicy, ClaimTask, Claimed, Command, CompleteTask, CreateTask, Created, DeferRun, FailRun,
    Failure, Heartbeat, InterruptRun, LEASE, LandTask, LinkTasks, MoveTask, NoteLanding, Pause,
    PromoteWaiting, RecordBranch, ReleaseStaleClaims, RenewLease, RequestChanges, Resume,
    SettleCheck, SettleLanding, UnblockTask, Undo, UnlinkTasks,
};
use domain::event::Event;
use domain::fixture::process;
use domain::id::{EventId, RunId, RunToken, TaskId};
use domain::landing::LandingEnd;
use domain::outcome::StartOn;
use domain::review::PERSON;
use domain::task::Task;
use kernel::{Clock, Durability, Error, Kernel, Options, TaskFilter};
use proptest::sample::Index;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::board::{START, person};
use crate::model::Model;
use crate::step::{Landing, Step, Worker};

/// The kernel under test, and the ids of the tasks and runs that the model only counts.
pub(super) struct Real {
    pub(super) runtime: Runtime,
    kernel: Option<Kernel>,
    clock: Clock,
    folder: TempDir,
    pub(super) tasks: Vec<TaskId>,
    runs: HashMap<TaskId, Vec<(RunId, RunToken)>>,
    /// The last event of each step, for undo.
    pub(super) steps: Vec<Option<EventId>>,
    /// The last event that a listener received.
    heard: EventId,
    /// Every task, as it was after the last step.
    pub(super) now: HashMap<TaskId, Task>,
}

impl Real {
    pub(super) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let mut real = Self {
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

    pub(super) fn kernel(&self) -> &Kernel {
        self.kernel.as_ref().unwrap()
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("kanban.db")
    }

    fn open(&mut self) {
        // The old one first: the file is closed, as at the end of a process.
        self.kernel = None;
        let options = Options {
            clock: self.clock.clone(),
            seed: None,
            durability: Durability::Normal,
            ..Options::default()
        };
        self.kernel = Some(Kernel::open_with(&self.file(), options).unwrap());
    }

    /// Continues with the files as they are in the middle of it all, as after a kill.
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

    /// Returns the events that the step wrote; `None` if there is nothing that it could be about.
    pub(super) fn carry_out(
        &mut self,
        model: &Model,
        step: &Step,
    ) -> Option<Result<Vec<EventId>, Error>> {
        match step {
            Step::Pass { span } => self.clock.advance(*span),
            Step::ChangeCaps { .. } => {}
            Step::Restart => self.open(),
            Step::Crash => self.crash(),
            step => {
                let commands = match step {
                    Step::Check { task, passes } => self.check(&self.pick(*task)?, *passes),
                    step => vec![self.command(model, step)?],
                };
                let actor = self.actor(step);
                let done = self.kernel().execute_all(&actor, commands);
                let done = self.runtime.block_on(done);
                return Some(done.map(|receipts| {
                    let mut events = Vec::new();
                    for receipt in receipts {
                        self.learn(receipt.answer);
                        events.extend(receipt.events);
                    }
                    events
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
                has_check,
                has_review,
            } => {
                let named = |(index, on): &(Index, _)| Some(format!("{}:{on}", self.pick(*index)?));
                CreateTask {
                    title: "task".to_owned(),
                    parents: parents.iter().filter_map(named).collect(),
                    check: has_check.then(|| "make test".to_owned()),
                    review: has_review.then(|| PERSON.to_owned()),
                    triage: *triage,
                    idempotency_key: key.map(|key| key.to_string()),
                    ..CreateTask::default()
                }
                .into()
            }
            Step::Link { parent, child, on } => LinkTasks {
                parent: self.pick(*parent)?.to_string(),
                child: self.pick(*child)?.to_string(),
                on: *on,
            }
            .into(),
            Step::Unlink { parent, child } => UnlinkTasks {
                parent: self.pick(*parent)?,
                child: self.pick(*child)?,
            }
            .into(),
            Step::Claim { task } => claim(self.pick(*task)?, None, ClaimPolicy::default()),
            Step::Dispatch { task } => {
                let policy = ClaimPolicy {
                    global_cap: Some(model.global_cap),
                    lane_cap: Some(model.lane_cap),
                    respects_rest: true,
                    respects_pause: true,
                    ..ClaimPolicy::default()
                };
                claim(self.pick(*task)?, lane(true), policy)
            }
            Step::Attach { task } => AttachSupervisor {
                run: self.newest_run(&self.pick(*task)?),
                process: process(),
            }
            .into(),
            Step::Heartbeat { task, .. } => Heartbeat {
                task: self.pick(*task)?,
                ttl: LEASE,
            }
            .into(),
            Step::Renew { task, .. } => RenewLease {
                task: self.pick(*task)?,
                ttl: LEASE,
            }
            .into(),
            Step::Complete {
                task,
                outcome,
                unchecked,
                ..
            } => CompleteTask {
                task: self.pick(*task)?,
                result: None,
                summary: None,
                metadata: None,
                outcome: *outcome,
                unchecked: *unchecked,
            }
            .into(),
            Step::Judge { task, approves } => {
                let task = self.pick(*task)?;
                if *approves {
                    ApproveTask {
                        task,
                        run: None,
                        commit: None,
                        note: None,
                    }
                    .into()
                } else {
                    RequestChanges {
                        task,
                        reason: "the date".to_owned(),
                        run: None,
                        commit: None,
                    }
                    .into()
                }
            }
            Step::Land { task } => LandTask {
                task: self.pick(*task)?,
                onto: None,
                method: None,
                // Also what has landed.
                delete_branch: true,
            }
            .into(),
            Step::Lander { task, says } => self.lander(self.pick(*task)?, *says),
            Step::Block { task, .. } => BlockTask {
                task: self.pick(*task)?,
                reason: Some("why?".to_owned()),
            }
            .into(),
            Step::Unblock { task } => UnblockTask {
                task: self.pick(*task)?,
            }
            .into(),
            Step::Assign { task, to, stop } => AssignTask {
                task: self.pick(*task)?,
                assignee: assignee(*to),
                stop: *stop,
                reason: None,
            }
            .into(),
            Step::Archive { task } => ArchiveTask {
                task: self.pick(*task)?,
            }
            .into(),
            Step::Move { task, to } => MoveTask {
                task: self.pick(*task)?,
                to: to.clone(),
            }
            .into(),
            Step::Fail { task, outcome } => FailRun {
                run: self.newest_run(&self.pick(*task)?),
                failure: Failure {
                    outcome: *outcome,
                    code: None,
                    error: "it broke".to_owned(),
                    proposed: None,
                },
                limit: None,
                next: domain::command::NextAttempt::default(),
                breaker: None,
            }
            .into(),
            Step::Defer { task } => DeferRun {
                run: self.newest_run(&self.pick(*task)?),
                reason: "no room".to_owned(),
                met: None,
            }
            .into(),
            Step::Interrupt { task } => InterruptRun {
                run: self.newest_run(&self.pick(*task)?),
                error: None,
            }
            .into(),
            Step::Cancel { task } => CancelRun {
                task: self.pick(*task)?,
            }
            .into(),
            Step::Undo { back } => {
                let step = self.steps.len().checked_sub(*back)?;
                let event = (*self.steps.get(step)?)?;
                Undo { event }.into()
            }
            Step::ReleaseStaleClaims => ReleaseStaleClaims.into(),
            Step::PromoteWaiting => PromoteWaiting {}.into(),
            Step::Pause { lane: is_lane } => Pause {
                lane: lane(*is_lane),
            }
            .into(),
            Step::Resume { lane: is_lane } => Resume {
                lane: lane(*is_lane),
            }
            .into(),
            Step::Check { .. }
            | Step::Pass { .. }
            | Step::ChangeCaps { .. }
            | Step::Restart
            | Step::Crash => {
                unreachable!("{step:?} is no command")
            }
        })
    }

    /// The end of a check, as the dispatcher tells it in the name of the worker.
    fn check(&self, task: &TaskId, passes: bool) -> Vec<Command> {
        let run = self.newest_run(task);
        let verdict = if passes {
            Verdict::Passed
        } else {
            Verdict::Failed
        };
        let (check, limit) = (check_end(verdict), None);
        let settle = SettleCheck { run, check, limit };
        let complete = passes.then(|| {
            let complete = CompleteTask {
                task: task.clone(),
                outcome: None,
                result: None,
                summary: None,
                metadata: None,
                unchecked: false,
            };
            complete.into()
        });
        std::iter::once(settle.into()).chain(complete).collect()
    }

    /// Records the ids of new tasks and runs.
    fn learn(&mut self, answer: Answer) {
        match answer {
            Answer::Created(Created { task, is_new: true }) => self.tasks.push(task),
            Answer::Claimed(claimed) => {
                self.begin_branch(&claimed);
                let runs = self.runs.entry(claimed.task.id).or_default();
                runs.push((claimed.run, claimed.token));
            }
            _ => {}
        }
    }

    /// The branch of a run, as its supervisor records it.
    fn begin_branch(&self, claimed: &Claimed) {
        let record = RecordBranch {
            run: claimed.run,
            branch: Branch {
                name: format!("kanban/{}", claimed.task.id),
                repository: "/r".to_owned(),
                onto: Some("main".to_owned()),
                tip: Some("aaaa".to_owned()),
                ..Branch::default()
            },
        };
        let dispatcher = Actor::dispatcher();
        let recorded = self.kernel().execute(&dispatcher, record);
        self.runtime.block_on(recorded).unwrap();
    }

    /// A word of the lander about a task.
    fn lander(&self, task: TaskId, says: Landing) -> Command {
        let landing = self.runtime.block_on(self.kernel().landing(&task)).unwrap();
        let request = landing.map_or(EventId(0), |landing| landing.request);
        let end = match says {
            Landing::Noted => {
                return NoteLanding {
                    task,
                    request,
                    result: "bbbb".to_owned(),
                    commit: "aaaa".to_owned(),
                    check: Some(Box::new(check_end(Verdict::Passed))),
                }
                .into();
            }
            Landing::Landed => LandingEnd::Landed {
                commit: "aaaa".to_owned(),
                before: None,
                result: "bbbb".to_owned(),
                kept: None,
            },
            Landing::SentBack => LandingEnd::SentBack {
                check: Box::new(check_end(Verdict::Conflict)),
                limit: None,
            },
            Landing::Waits => LandingEnd::Waits {
                problem: "main has changes".to_owned(),
                until: START,
            },
        };
        let onto = "main".to_owned();
        SettleLanding {
            task,
            request,
            onto,
            end,
        }
        .into()
    }

    fn actor(&self, step: &Step) -> Actor {
        let (task, by) = match step {
            Step::Heartbeat { task, by }
            | Step::Renew { task, by }
            | Step::Complete { task, by, .. }
            | Step::Block { task, by } => (task, *by),
            Step::Check { task, .. } => (task, Worker::Newest),
            Step::Lander { .. } => return Actor::dispatcher(),
            _ => return person(),
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

    /// Returns the events that a listener receives that was away since it last listened.
    pub(super) fn hear(&mut self) -> Vec<Event> {
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

    pub(super) fn all_tasks(&self) -> HashMap<TaskId, Task> {
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

    /// The verdict of the last receipt of a task.
    pub(super) fn last_verdict(&self, task: &TaskId) -> Option<Verdict> {
        let detail = self.runtime.block_on(self.kernel().task(task)).unwrap();
        detail.receipts.last().map(|receipt| receipt.check.verdict)
    }

    /// The parents of each task, with the outcomes on which it starts.
    pub(super) fn parents(&self) -> HashMap<TaskId, BTreeMap<TaskId, StartOn>> {
        #[expect(
            clippy::disallowed_methods,
            reason = "the test looks at the file from outside"
        )]
        let conn = rusqlite::Connection::open(self.file()).unwrap();
        let mut statement = conn
            .prepare("SELECT child_id, parent_id, start_on FROM task_links")
            .unwrap();
        let links = statement
            .query_map((), |row| {
                Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?])
            })
            .unwrap();
        let mut parents = HashMap::<_, BTreeMap<_, _>>::new();
        for link in links {
            let [child, parent, on] = link.unwrap();
            let parents = parents.entry(child.parse().unwrap()).or_default();
            parents.insert(parent.parse().unwrap(), on.parse().unwrap());
        }
        parents
    }
}

fn check_end(verdict: Verdict) -> CheckEnd {
    CheckEnd {
        command: "make test".to_owned(),
        verdict,
        began_at: START,
        ended_at: START,
        exit_code: None,
        output: String::new(),
        log_start: None,
        log_end: None,
        git: GitFacts::default(),
    }
}

pub(super) fn assignee(number: u8) -> Option<String> {
    (number > 0).then(|| format!("agent {number}"))
}

fn lane(is_lane: bool) -> Option<String> {
    is_lane.then(|| "shell".to_owned())
}

fn claim(task: TaskId, lane: Option<String>, policy: ClaimPolicy) -> Command {
    ClaimTask {
        task,
        lock: "host:1".to_owned(),
        ttl: LEASE,
        lane,
        policy,
    }
    .into()
}
