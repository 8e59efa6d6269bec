//! A whole night on a board without one process: the plan and the kernel, by a clock that is moved by
//! hand.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::command::Claimed;
use domain::command::{
    ClaimPolicy, ClaimTask, CompleteTask, CreateTask, DeferRun, FAILURE_LIMIT, FailRun, Failure,
    InterruptRun, LEASE, Verb,
};
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::{Clock, Kernel, Options};
use tempfile::TempDir;

use super::{Snapshot, plan};
use crate::lanes::Lanes;
use crate::lanes::fixture::lane;

const TASKS: u32 = 500;
const CAP: u32 = 6;
const NARROW_CAP: u32 = 2;
const NIGHT: Seconds = Seconds(12 * 3_600);

/// The time for which the service refuses most requests, from the beginning of the night.
const RATE_LIMIT: Seconds = Seconds(3 * 3_600);

/// A pseudo-random generator that is seeded per attempt: every night draws the same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // The generator of Knuth's MMIX, of which the upper bits are good.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Night {
    _folder: TempDir,
    kernel: Kernel,
    clock: Clock,
    lanes: Lanes,
    dice: Dice,
    /// The runs at work: the time of their end, and their claims.
    at_work: BTreeMap<RunId, (Timestamp, Claimed)>,
    attempts: u32,
}

impl Night {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(Timestamp(1_800_000_000));
        let options = Options {
            clock: clock.clone(),
            seed: Some(7),
            ..Options::default()
        };
        let kernel = Kernel::open_with(&folder.path().join("kanban.db"), options).unwrap();
        let lanes = vec![
            lane("free", None),
            lane("narrow", Some(NARROW_CAP)),
            lane("service", Some(3)),
        ];
        let night = Self {
            _folder: folder,
            kernel,
            clock,
            lanes: Lanes::of_lanes(lanes),
            dice: Dice(1),
            at_work: BTreeMap::new(),
            attempts: 0,
        };
        let mut last: Option<TaskId> = None;
        for number in 0..TASKS {
            let names = ["free", "narrow", "service", "free", "service"];
            let place = usize::try_from(number).unwrap() % names.len();
            // One in seven waits for the one before it.
            let parent = last.filter(|_| number % 7 == 6);
            let new = CreateTask {
                title: format!("task {number}"),
                assignee: Some(names[place].to_owned()),
                parents: parent.iter().map(ToString::to_string).collect(),
                ..CreateTask::default()
            };
            last = Some(night.told(new).await.task);
        }
        night
    }

    async fn told<V: Verb>(&self, verb: V) -> V::Answer {
        let dispatcher = Actor::dispatcher();
        self.kernel.execute(&dispatcher, verb).await.unwrap().answer
    }

    /// One tick: what has ended is settled, and what may start is started.
    async fn tick(&mut self) {
        let now = self.clock.now();
        let ended = self.at_work.extract_if(.., |_, (end, _)| *end <= now);
        for (run, (_, claimed)) in ended.collect::<Vec<_>>() {
            self.settle(run, claimed).await;
        }
        let open = self.kernel.open_runs().await.unwrap();
        let mut snapshot = Snapshot::new(&open, &BTreeMap::new(), CAP, BTreeSet::new());
        let assignees = self.kernel.ready_assignees().await.unwrap();
        let assignees = snapshot.with_room(assignees, &self.lanes);
        snapshot.startable = self
            .kernel
            .startable(assignees, snapshot.room())
            .await
            .unwrap();
        for start in plan(&snapshot, &self.lanes) {
            let claim = ClaimTask {
                task: start.task,
                lock: "here:1".to_owned(),
                ttl: LEASE,
                lane: Some(start.lane.name.clone()),
                policy: ClaimPolicy {
                    global_cap: Some(CAP),
                    lane_cap: start.lane.cap,
                    respects_rest: true,
                    respects_pause: true,
                    ..ClaimPolicy::default()
                },
            };
            let claimed = self.told(claim).await;
            let takes = Seconds(i64::try_from(30 + self.dice.below(270)).unwrap());
            self.at_work.insert(claimed.run, (now + takes, *claimed));
            self.attempts += 1;
        }
        let dispatch = self.kernel.dispatch().await.unwrap();
        assert!(dispatch.count() <= CAP);
        assert!(dispatch.count_in("narrow") <= NARROW_CAP);
        assert!(dispatch.count_in("service") <= 3);
    }

    async fn settle(&mut self, run: RunId, claimed: Claimed) {
        let task = claimed.task.id;
        let is_limited = self.clock.now() < Timestamp(1_800_000_000) + RATE_LIMIT;
        let of_service = claimed.task.assignee.as_deref() == Some("service");
        // Some tasks can never be done.
        let is_hopeless = claimed.task.title.ends_with("13");
        let dice = self.dice.below(100);
        if of_service && is_limited && dice < 60 {
            let reason = "too many requests".to_owned();
            let met = None;
            self.told(DeferRun { run, reason, met }).await;
        } else if is_hopeless || dice < 15 {
            let failure = Failure {
                outcome: Outcome::Exit,
                code: Some(1),
                error: "exited with code 1".to_owned(),
                proposed: None,
            };
            let limit = None;
            let fail = FailRun {
                run,
                failure,
                limit,
                next: domain::command::NextAttempt::default(),
                breaker: None,
            };
            self.told(fail).await;
        } else if dice < 18 {
            self.told(InterruptRun { run, error: None }).await;
        } else {
            let complete = CompleteTask {
                task,
                result: None,
                summary: None,
                metadata: None,
                outcome: None,
                unchecked: false,
            };
            let worker = Actor::worker("worker", claimed.token);
            self.kernel.execute(&worker, complete).await.unwrap();
        }
    }

    /// Moves the clock to the next moment at which something happens by itself.
    async fn sleep(&self) {
        let now = self.clock.now();
        let ends = self.at_work.values().map(|(end, _)| *end);
        let rest = self.kernel.look(now).await.unwrap().next_rest_end;
        let next = ends.chain(rest).min().unwrap_or(now + Seconds(60));
        self.clock
            .advance(Seconds(next.seconds_since(now).clamp(1, 60)));
    }
}

#[tokio::test]
async fn in_a_night_of_500_tasks_no_cap_is_exceeded_and_every_task_comes_to_an_end_once() {
    let mut night = Night::begin().await;
    let morning = night.clock.now() + NIGHT;
    while night.clock.now() < morning {
        night.tick().await;
        let waiting = night.kernel.stats().await.unwrap().by_status;
        if night.at_work.is_empty() && !waiting.contains_key("ready") {
            break;
        }
        night.sleep().await;
    }
    let (mut hopeless, mut attempts) = (0, 0);
    for task in night
        .kernel
        .tasks(kernel::TaskFilter::default())
        .await
        .unwrap()
    {
        let runs = night.kernel.task(&task.id).await.unwrap().runs;
        let ended_by = |outcome| {
            runs.iter()
                .filter(|run| run.outcome == Some(outcome))
                .count()
        };
        match task.status {
            Status::Done => assert_eq!(ended_by(Outcome::Completed), 1),
            // It waits for one that cannot be done.
            Status::Todo => assert!(runs.is_empty()),
            Status::Blocked => {
                assert_eq!(
                    u32::try_from(ended_by(Outcome::Exit)).unwrap(),
                    FAILURE_LIMIT
                );
                assert_eq!(ended_by(Outcome::Completed), 0);
                hopeless += 1;
            }
            other => panic!("{} is {other} in the morning", task.title),
        }
        assert!(
            ended_by(Outcome::Deferred) < 20,
            "{} waits and waits",
            task.title
        );
        attempts += runs.len();
    }
    assert!(
        (5..15).contains(&hopeless),
        "{hopeless} tasks were given up"
    );
    assert_eq!(u32::try_from(attempts).unwrap(), night.attempts);
    assert!(night.attempts < 2 * TASKS, "{} attempts", night.attempts);
}
