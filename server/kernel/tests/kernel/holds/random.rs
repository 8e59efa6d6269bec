//! Any sequence of limits, probes, holds by hand and releases: what a board tells of its holds is what it
//! does, one probe goes at a time, no attempt is lost, and every hold ends.

use domain::command::{ClaimPolicy, HoldLane, HoldUntil, InterruptRun, ReleaseLane};
use domain::hold::{Cause, LONGEST_HOLD, LaneHold, Lets, PROBE_LASTS};
use domain::id::{RunId, TaskId};
use domain::run::Outcome;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::{Index, select};

use super::POOL;
use crate::board::{Board, START};

/// Each lane with its pool: two share an account, and one has its own.
const LANES: [(&str, Option<&str>); 3] = [
    ("claude", Some(POOL)),
    ("codex", Some(POOL)),
    ("gemini", None),
];

/// The tasks of each lane.
const TASKS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Start(Index),
    Meet(Index, Cause, HoldUntil),
    Fail(Index),
    Interrupt(Index),
    HoldByHand(Index, Seconds),
    Release(Index),
    Pass(Seconds),
}

fn any_step() -> impl Strategy<Value = Step> {
    let run = any::<Index>;
    let span = || (1_i64..10_000).prop_map(Seconds);
    let causes = vec![Cause::RateLimited, Cause::Quota, Cause::Overloaded];
    let until = prop_oneof![
        Just(HoldUntil::Growing),
        (-100_i64..LONGEST_HOLD.0 * 2).prop_map(|at| HoldUntil::Moment(START + Seconds(at))),
        (1_i64..5_000).prop_map(|at| HoldUntil::Moment(START + Seconds(at))),
    ];
    prop_oneof![
        8 => run().prop_map(Step::Start),
        4 => (run(), select(causes), until).prop_map(|(run, cause, until)| Step::Meet(run, cause, until)),
        1 => run().prop_map(|run| Step::Meet(run, Cause::Unauthorized, HoldUntil::Released)),
        2 => run().prop_map(Step::Fail),
        1 => run().prop_map(Step::Interrupt),
        1 => (run(), span()).prop_map(|(name, span)| Step::HoldByHand(name, span)),
        2 => run().prop_map(Step::Release),
        3 => select(vec![1, 59, 60, 61, 600, 1_800]).prop_map(|span| Step::Pass(Seconds(span))),
        1 => span().prop_map(Step::Pass),
    ]
}

/// An open run.
#[derive(Clone, Debug)]
struct Open {
    run: RunId,
    task: TaskId,
    lane: usize,
    /// The holds whose probe it was when it started: name, cause, and time of their beginning.
    probes: Vec<(String, Cause, Timestamp)>,
}

struct History {
    board: Board,
    tasks: Vec<(TaskId, usize)>,
    open: Vec<Open>,
    failures: Vec<u32>,
}

/// The name that the number of a step holds or releases.
fn name(of: Index) -> &'static str {
    ["claude", POOL, "gemini"][of.index(3)]
}

impl History {
    async fn new() -> Self {
        let board = Board::new();
        let mut tasks = Vec::new();
        for lane in 0..LANES.len() {
            for _ in 0..TASKS {
                tasks.push((board.task_named("task").await, lane));
            }
        }
        Self {
            failures: vec![0; tasks.len()],
            open: Vec::new(),
            board,
            tasks,
        }
    }

    async fn holds(&self) -> Vec<LaneHold> {
        self.board.kernel.dispatch().await.unwrap().holds
    }

    /// The holds of a lane and its pool.
    async fn holds_of(&self, lane: usize) -> Vec<LaneHold> {
        let (lane, pool) = LANES[lane];
        let mut holds = self.holds().await;
        holds.retain(|hold| hold.name == lane || Some(hold.name.as_str()) == pool);
        holds
    }

    async fn start(&mut self, number: usize) {
        let (task, lane) = self.tasks[number].clone();
        let told = self.holds_of(lane).await;
        let now = self.board.clock.now();
        let is_free = self.open.iter().all(|open| open.task != task)
            && self
                .board
                .task(&task)
                .await
                .not_before
                .is_none_or(|at| at <= now);
        let lets = told.iter().map(|hold| hold.lets(now)).min();
        let policy = ClaimPolicy {
            respects_rest: true,
            respects_pause: true,
            pool: LANES[lane].1.map(str::to_owned),
            ..ClaimPolicy::default()
        };
        let claimed = self.board.claim_in(&task, LANES[lane].0, policy).await;
        let may_start = is_free && lets != Some(Lets::None);
        assert_eq!(claimed.is_ok(), may_start, "{told:?} {claimed:?}");
        let Ok(claimed) = claimed else {
            assert_eq!(
                self.holds_of(lane).await,
                told,
                "a refused claim changed a hold"
            );
            return;
        };
        let probes = told.iter().filter(|hold| hold.lets(now) == Lets::Probe);
        let probes: Vec<_> = probes
            .map(|hold| (hold.name.clone(), hold.cause, hold.since))
            .collect();
        for probed in &probes {
            let others = self.open.iter().filter(|open| open.probes.contains(probed));
            assert_eq!(others.count(), 0, "two probes of {probed:?}");
        }
        for hold in self.holds_of(lane).await {
            assert_eq!(
                hold.probe.map(|probe| probe.run),
                Some(claimed.run),
                "{hold:?}"
            );
        }
        let run = claimed.run;
        self.open.push(Open {
            run,
            task,
            lane,
            probes,
        });
    }

    /// Takes one of the open runs.
    fn take(&mut self, of: Index) -> Option<Open> {
        let number = (!self.open.is_empty()).then(|| of.index(self.open.len()))?;
        Some(self.open.swap_remove(number))
    }

    async fn meet(&mut self, open: &Open, cause: Cause, until: HoldUntil) {
        self.board.meet(open.run, cause, until).await;
        let now = self.board.clock.now();
        let task = self.board.task(&open.task).await;
        assert_eq!(task.status, Status::Ready);
        let name = LANES[open.lane].1.unwrap_or(LANES[open.lane].0);
        let holds = self.holds().await;
        let mut met = holds.iter().filter(|hold| hold.cause != Cause::ByHand);
        let Some(hold) = met.find(|hold| hold.name == name) else {
            // Others have shown that it is its own: it waits alone.
            return;
        };
        let longest = LONGEST_HOLD.0.max(10_000);
        let left = hold.until.map(|at| at.seconds_since(now));
        assert!(left.is_none_or(|left| left <= longest), "{hold:?}");
    }

    async fn carry_out(&mut self, step: Step) {
        match step {
            Step::Start(task) => self.start(task.index(self.tasks.len())).await,
            Step::Meet(run, cause, until) => {
                if let Some(open) = self.take(run) {
                    self.meet(&open, cause, until).await;
                }
            }
            Step::Fail(run) => {
                if let Some(open) = self.take(run) {
                    self.board.fail(open.run, Outcome::Exit).await;
                    self.ended(&open, false).await;
                    let number = self.tasks.iter().position(|(task, _)| *task == open.task);
                    self.failures[number.unwrap()] += 1;
                }
            }
            Step::Interrupt(run) => {
                if let Some(open) = self.take(run) {
                    let interrupt = InterruptRun {
                        run: open.run,
                        error: None,
                    };
                    let dispatcher = domain::actor::Actor::dispatcher();
                    self.board.give(&dispatcher, interrupt).await.unwrap();
                    self.ended(&open, true).await;
                }
            }
            Step::HoldByHand(lane, span) => {
                let lane = name(lane).to_owned();
                let hold = HoldLane {
                    lane: lane.clone(),
                    until: None,
                    span: Some(span),
                    reason: None,
                };
                self.board.act(hold).await.unwrap();
                let until = self.board.clock.now() + span;
                let told = self.holds().await;
                let mut by_hand = told.iter().filter(|hold| hold.cause == Cause::ByHand);
                let told = by_hand.find(|hold| hold.name == lane).unwrap();
                assert_eq!(told.until, Some(until));
            }
            Step::Release(lane) => {
                let lane = name(lane).to_owned();
                self.board
                    .act(ReleaseLane { lane: lane.clone() })
                    .await
                    .unwrap();
                let now = self.board.clock.now();
                let holds = self.holds().await;
                let mut left = holds.iter().filter(|hold| hold.name == lane);
                assert!(left.all(|hold| hold.until.is_some_and(|until| until <= now)));
            }
            Step::Pass(span) => self.board.pass(span),
        }
    }

    /// Checks what the end of a run that met no limit left of the holds whose probe it was.
    async fn ended(&self, open: &Open, proves_nothing: bool) {
        let holds = self.holds().await;
        for probed in &open.probes {
            // Login trouble, which another run may have met since, takes the place of a limit.
            let mut holds = holds.iter();
            let hold = holds.find(|hold| *probed == (hold.name.clone(), hold.cause, hold.since));
            assert!(proves_nothing || hold.is_none(), "{hold:?} is over");
            assert!(
                hold.is_none_or(|hold| hold.probe.is_none()),
                "{hold:?} has ended"
            );
        }
    }

    /// Ends all that is open, and checks that every task has kept its attempts and can start again.
    async fn end(&mut self) {
        while let Some(open) = self.open.pop() {
            let interrupt = InterruptRun {
                run: open.run,
                error: None,
            };
            let dispatcher = domain::actor::Actor::dispatcher();
            self.board.give(&dispatcher, interrupt).await.unwrap();
        }
        for (number, (task, _)) in self.tasks.iter().enumerate() {
            assert_eq!(self.board.task(task).await.failures, self.failures[number]);
        }
        for hold in self.holds().await {
            let lane = hold.name;
            self.board.act(ReleaseLane { lane }).await.unwrap();
        }
        self.board.pass(LONGEST_HOLD + Seconds(10_000));
        for number in 0..self.tasks.len() {
            self.start(number).await;
            self.board.pass(PROBE_LASTS);
        }
        assert_eq!(self.open.len(), self.tasks.len());
        assert_eq!(self.holds().await, []);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_board_tells_of_its_holds_is_what_it_does(steps in vec(any_step(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut history = History::new().await;
            for step in steps {
                history.carry_out(step).await;
            }
            history.end().await;
        });
    }
}
