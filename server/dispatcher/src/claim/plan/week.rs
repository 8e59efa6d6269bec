//! A week of two accounts with limits, an outage and hours, without one process: the plan and the
//! kernel, by a clock that is moved by hand.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::Actor;
use domain::command::{
    ClaimPolicy, ClaimTask, Claimed, CompleteTask, CreateTask, DeferRun, HoldUntil, LEASE, Met,
    Verb,
};
use domain::hold::{Cause, PROBE_LASTS};
use domain::id::RunId;
use domain::status::Status;
use domain::time::{Seconds, Timestamp};
use kernel::{Clock, Kernel, Options, TaskFilter};
use tempfile::TempDir;

use super::{Snapshot, plan};
use crate::lanes::Lanes;
use crate::lanes::fixture::lane;
use crate::lanes::hours::Hours;

/// A Monday, 00:00 in UTC.
const MONDAY: Timestamp = Timestamp(1_800_230_400);
const WEEK: Seconds = Seconds(7 * 86_400);
const TASKS: usize = 400;
const CAP: u32 = 6;

/// The time that each task takes, and after which a worker notices that it is refused.
const WORK: Seconds = Seconds(900);
const REFUSED: Seconds = Seconds(2);

/// The window of an account, and the runs that it has in one.
const WINDOW: Seconds = Seconds(5 * 3_600);
const BUDGET: usize = 12;

/// An hour of the second day in which the service is out, from within a window on.
const OUTAGE: (Seconds, Seconds) = (Seconds(35 * 3_600), Seconds(36 * 3_600));

/// The hours of the second account.
const HOURS: &str = "22:00-07:00 UTC";

/// An account, as its service keeps it: the beginning of its window, and the runs in that.
#[derive(Clone, Copy, Default)]
struct Account {
    begun: Option<Timestamp>,
    runs: usize,
}

impl Account {
    /// Takes a run in, or says until when it is refused.
    fn take(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        match self
            .begun
            .map(|begun| begun + WINDOW)
            .filter(|end| *end > now)
        {
            Some(end) if self.runs >= BUDGET => return Err(end),
            Some(_) => {}
            None => {
                *self = Self {
                    begun: Some(now),
                    runs: 0,
                }
            }
        }
        self.runs += 1;
        Ok(())
    }
}

fn is_out(now: Timestamp) -> bool {
    let (from, until) = OUTAGE;
    now >= MONDAY + from && now < MONDAY + until
}

/// The end of a run.
enum End {
    Done,
    Limited(Timestamp),
    Out,
}

struct Week {
    _folder: TempDir,
    kernel: Kernel,
    clock: Clock,
    lanes: Lanes,
    accounts: BTreeMap<String, Account>,
    at_work: BTreeMap<RunId, (Timestamp, End, Claimed)>,
    /// The starts in each pool: their moments.
    starts: BTreeMap<String, Vec<Timestamp>>,
}

impl Week {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::standing_at(MONDAY);
        let options = Options {
            clock: clock.clone(),
            seed: Some(7),
            ..Options::default()
        };
        let kernel = Kernel::open_with(&folder.path().join("kanban.db"), options).unwrap();
        let lanes = ["large", "small", "night"].map(|name| lane(name, Some(3)));
        let mut lanes = Lanes::of_lanes(lanes.into());
        let hours: Hours = toml::from_str::<BTreeMap<String, Hours>>(&format!("hours = {HOURS:?}"))
            .unwrap()
            .remove("hours")
            .unwrap();
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|&name| name.to_owned())
                .collect::<Vec<_>>()
        };
        lanes
            .pool("day", &names(&["large", "small"]), None)
            .unwrap();
        lanes
            .pool("dark", &names(&["night"]), Some(&hours))
            .unwrap();
        let week = Self {
            _folder: folder,
            kernel,
            clock,
            lanes,
            accounts: BTreeMap::new(),
            at_work: BTreeMap::new(),
            starts: BTreeMap::new(),
        };
        for number in 0..TASKS {
            let name = ["large", "small", "large", "small", "night"][number % 5];
            let new = CreateTask {
                title: format!("task {number}"),
                assignee: Some(name.to_owned()),
                ..CreateTask::default()
            };
            week.told(new).await;
        }
        week
    }

    async fn told<V: Verb>(&self, verb: V) -> V::Answer {
        let dispatcher = Actor::dispatcher();
        self.kernel.execute(&dispatcher, verb).await.unwrap().answer
    }

    async fn tick(&mut self) {
        let now = self.clock.now();
        let ended = self.at_work.extract_if(.., |_, (end, ..)| *end <= now);
        for (run, (_, end, claimed)) in ended.collect::<Vec<_>>() {
            self.settle(run, end, claimed).await;
        }
        let open = self.kernel.open_runs().await.unwrap();
        let dispatch = self.kernel.dispatch().await.unwrap();
        let mut snapshot = Snapshot::new(&open, &BTreeMap::new(), CAP, BTreeSet::new());
        snapshot.see_holds(&dispatch.holds, now);
        let assignees = self.kernel.ready_assignees().await.unwrap();
        let assignees = snapshot.with_room(assignees, &self.lanes);
        let room = snapshot.room();
        snapshot.startable = self.kernel.startable(assignees, room).await.unwrap();
        for start in plan(&snapshot, &self.lanes) {
            let pool = start.lane.pool.clone().unwrap();
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
                    pool: Some(pool.clone()),
                    ..ClaimPolicy::default()
                },
            };
            let claimed = self.told(claim).await;
            let account = self.accounts.entry(pool.clone()).or_default();
            let (takes, end) = if is_out(now) {
                (REFUSED, End::Out)
            } else {
                match account.take(now) {
                    Ok(()) => (WORK, End::Done),
                    Err(until) => (REFUSED, End::Limited(until)),
                }
            };
            self.starts.entry(pool).or_default().push(now);
            self.at_work
                .insert(claimed.run, (now + takes, end, *claimed));
        }
    }

    async fn settle(&mut self, run: RunId, end: End, claimed: Claimed) {
        let until = match end {
            End::Done => {
                let complete = CompleteTask {
                    task: claimed.task.id,
                    result: None,
                    summary: None,
                    metadata: None,
                    outcome: None,
                    unchecked: false,
                };
                let worker = Actor::worker("worker", claimed.token);
                self.kernel.execute(&worker, complete).await.unwrap();
                return;
            }
            End::Limited(until) => HoldUntil::Moment(until),
            End::Out => HoldUntil::Growing,
        };
        let cause = match until {
            HoldUntil::Moment(_) => Cause::Quota,
            _ => Cause::Overloaded,
        };
        let reason = "no".to_owned();
        let met = Some(Met { cause, until });
        self.told(DeferRun { run, reason, met }).await;
    }

    /// Moves the clock to the next moment at which something happens by itself.
    async fn sleep(&self) {
        let now = self.clock.now();
        let ends = self.at_work.values().map(|(end, ..)| *end);
        let holds = self.kernel.dispatch().await.unwrap().holds;
        let holds = holds.iter().filter_map(|hold| hold.next_change(now));
        let hours = self.lanes.all().filter_map(|lane| lane.opens_at(now));
        let next = ends.chain(holds).chain(hours).min();
        let next = next.unwrap_or(now + Seconds(3_600));
        self.clock.advance(Seconds(next.seconds_since(now).max(1)));
    }
}

/// The starts of a pool by an ideal dispatcher that knows every window: of so many tasks, in so many
/// lanes of three slots, in the hours that it has.
fn ideal(
    tasks: usize,
    slots: usize,
    opens_at: impl Fn(Timestamp) -> Option<Timestamp>,
) -> Vec<Timestamp> {
    let mut account = Account::default();
    let mut free = vec![MONDAY; slots];
    let mut starts: Vec<Timestamp> = Vec::new();
    let mut not_before = MONDAY;
    while starts.len() < tasks {
        free.sort();
        let mut at = free[0].max(not_before);
        if let Some(opening) = opens_at(at) {
            at = opening;
        }
        if is_out(at) {
            not_before = MONDAY + OUTAGE.1;
            continue;
        }
        match account.take(at) {
            Ok(()) => {
                starts.push(at);
                free[0] = at + WORK;
            }
            Err(until) => not_before = until,
        }
    }
    starts
}

fn total_wait(starts: &[Timestamp]) -> i64 {
    starts.iter().map(|start| start.seconds_since(MONDAY)).sum()
}

#[tokio::test]
async fn a_week_of_limits_costs_no_attempt_and_hardly_more_time_than_the_limits_themselves() {
    let mut week = Week::begin().await;
    while week.clock.now() < MONDAY + WEEK {
        week.tick().await;
        let left = week.kernel.stats().await.unwrap().by_status;
        if week.at_work.is_empty() && !left.contains_key("ready") {
            break;
        }
        week.sleep().await;
    }
    let mut worked: BTreeMap<String, Vec<Timestamp>> = BTreeMap::new();
    for task in week.kernel.tasks(TaskFilter::default()).await.unwrap() {
        assert_eq!(
            (task.status.clone(), task.failures),
            (Status::Done, 0),
            "{}",
            task.title
        );
        let runs = week.kernel.task(&task.id).await.unwrap().runs;
        let lane = week.lanes.of(task.assignee.as_deref().unwrap()).unwrap();
        let pool = lane.pool.clone().unwrap();
        let last = runs.iter().map(|run| run.started_at).max().unwrap();
        worked.entry(pool).or_default().push(last);
    }
    assert!(week.starts["day"].iter().any(|start| is_out(*start)));
    let night = week.lanes.named("night").unwrap();
    for start in &week.starts["dark"] {
        assert_eq!(night.opens_at(*start), None, "a start outside of its hours");
    }
    for (pool, slots) in [("day", 6), ("dark", 3)] {
        let starts = &week.starts[pool];
        let refused = starts.len() - worked[pool].len();
        // Each window costs those that met its end together, and the outage its probes.
        let windows = worked[pool].len().div_ceil(BUDGET);
        assert!(
            refused <= windows * slots + 12,
            "{refused} refused in {pool}"
        );
        let opens_at = |at| match pool {
            "dark" => night.opens_at(at),
            _ => None,
        };
        let planned = total_wait(&ideal(worked[pool].len(), slots, opens_at));
        let waited = total_wait(&worked[pool]);
        let more = (waited - planned) * 100 / planned;
        assert!(
            (0..=2).contains(&more),
            "{pool}: {more} % more than planned"
        );
        let together = starts
            .windows(2)
            .filter(|pair| is_out(pair[0]) && is_out(pair[1]));
        for pair in together {
            let apart = pair[1].seconds_since(pair[0]);
            assert!(
                apart == 0 || apart >= PROBE_LASTS.0,
                "two probes within {apart} s"
            );
        }
    }
}
