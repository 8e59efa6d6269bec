//! Why a task is not running.

use serde::{Deserialize, Serialize};

use super::{Dispatch, Report};
use crate::board::TaskSummary;
use crate::id::TaskId;
use crate::status::Status;
use crate::task::Task;
use crate::time::{Seconds, Timestamp};

/// Why a task is not running: the first thing that would have to change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WhyNot {
    /// It is an idea yet.
    #[error("it is only an idea; move it to ready to have it done")]
    Idea,
    /// A person put it into `todo`.
    #[error("somebody put it aside; move it to ready to have it done")]
    PutAside,
    /// Other tasks come first.
    #[error("it waits for {}", names(.parents))]
    WaitsForParents {
        /// Those that are not finished; empty where only their number is known.
        parents: Vec<TaskId>,
    },
    /// It needs an answer.
    #[error("{}", .question.as_deref().unwrap_or("it is blocked; unblock it to let it go on"))]
    Blocked {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// It failed, or was put off, too often.
    #[error("it gave up; the last attempt ended with: {error}")]
    GaveUp {
        /// How many attempts failed in a row.
        failures: u32,
        /// Why the last one failed.
        error: String,
    },
    /// Nobody was told to do it.
    #[error("it is assigned to nobody")]
    NoAssignee,
    /// No dispatcher is there.
    #[error("no dispatcher is running; start one with `kanban serve` or `kanban daemon`")]
    DispatcherOff,
    /// Nothing is started now.
    #[error("{} is paused", .lane.as_ref().map_or_else(|| "the dispatcher".to_owned(), |lane| format!("lane {lane}")))]
    Paused {
        /// The lane; `None` is the whole dispatcher.
        lane: Option<String>,
    },
    /// Nothing starts workers of this name.
    #[error("there is no lane for {assignee}; name one in kanban.toml, or assign it to another")]
    NoLane {
        /// The assignee.
        assignee: String,
    },
    /// Its lane cannot start anything.
    #[error("lane {lane} cannot start anything: {problem}")]
    LaneBroken {
        /// The lane.
        lane: String,
        /// What is wrong, in a sentence.
        problem: String,
    },
    /// It rests after an attempt that failed or could not go on.
    #[error("it rests for another {remaining} before the next attempt")]
    Resting {
        /// Until when.
        until: Timestamp,
        /// How long that is, from now.
        remaining: Seconds,
    },
    /// The dispatcher can neither watch its last run nor bring it to an end.
    #[error("its last run is stuck: {error}")]
    Stuck {
        /// Why.
        error: String,
    },
    /// The run before was closed, and its processes have not ended yet.
    #[error("the processes of its last run have not ended yet")]
    Leaving,
    /// As many runs go on as may.
    #[error("{running} of {limit} runs go on{}", .lane.as_ref().map_or_else(String::new, |lane| format!(" in lane {lane}")))]
    AtCapacity {
        /// The lane; `None` is the whole board.
        lane: Option<String>,
        /// How many go on.
        running: u32,
        /// How many may.
        limit: u32,
    },
    /// Nothing is in its way.
    #[error("it will start in a moment")]
    NotClaimedYet,
    /// There is nothing left to do.
    #[error("it is {status}")]
    Finished {
        /// `done` or `archived`.
        status: Status,
    },
    /// Another program gave it a status that we do not know.
    #[error("it has the status {status}, which only the program that gave it understands")]
    Foreign {
        /// The status.
        status: Status,
    },
}

/// What a task's answer depends on, beside the dispatcher.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Which task it is; `None` asks for any task of its assignee.
    pub id: Option<&'a TaskId>,
    /// Where it stands.
    pub status: &'a Status,
    /// Who works on it.
    pub assignee: Option<&'a str>,
    /// Whether it waits for its parents.
    pub waiting: bool,
    /// Those that are not finished, where they are known.
    pub unfinished_parents: &'a [TaskId],
    /// Until when it rests.
    pub not_before: Option<Timestamp>,
    /// Attempts that failed in a row.
    pub failures: u32,
    /// Why the last one failed.
    pub last_error: Option<&'a str>,
    /// The question that it was blocked with.
    pub block_reason: Option<&'a str>,
}

impl<'a> Facts<'a> {
    /// The facts of a task, with its parents that are not finished.
    pub fn of_task(task: &'a Task, unfinished_parents: &'a [TaskId]) -> Self {
        Self {
            id: Some(&task.id),
            status: &task.status,
            assignee: task.assignee.as_deref(),
            // Another program may have made it ready all the same.
            waiting: match task.status {
                Status::Ready => !unfinished_parents.is_empty(),
                _ => task.waiting,
            },
            unfinished_parents,
            not_before: task.not_before,
            failures: task.failures,
            last_error: task.last_error.as_deref(),
            block_reason: task.block_reason.as_deref(),
        }
    }

    /// What all ready tasks of an assignee have in common that do not rest.
    pub fn of_ready(assignee: Option<&'a str>) -> Self {
        Self {
            id: None,
            status: &Status::Ready,
            assignee,
            waiting: false,
            unfinished_parents: &[],
            not_before: None,
            failures: 0,
            last_error: None,
            block_reason: None,
        }
    }
}

impl<'a> From<&'a TaskSummary> for Facts<'a> {
    fn from(card: &'a TaskSummary) -> Self {
        Self {
            id: Some(&card.id),
            status: &card.status,
            assignee: card.assignee.as_deref(),
            waiting: card.waiting,
            unfinished_parents: &[],
            not_before: card.not_before,
            failures: card.failures,
            last_error: card.last_error.as_deref(),
            block_reason: card.block_reason.as_deref(),
        }
    }
}

/// Why a task is not running; `None` for one that is, unless its run is stuck.
pub fn why_not(facts: &Facts<'_>, dispatch: &Dispatch) -> Option<WhyNot> {
    let why = match facts.status {
        Status::Running => return why_stuck(facts, dispatch.living()?),
        Status::Triage => WhyNot::Idea,
        Status::Todo | Status::Ready if facts.waiting => WhyNot::WaitsForParents {
            parents: facts.unfinished_parents.to_vec(),
        },
        Status::Todo => WhyNot::PutAside,
        Status::Ready => why_not_started(facts, dispatch),
        Status::Blocked => why_blocked(facts),
        Status::Done | Status::Archived => WhyNot::Finished {
            status: facts.status.clone(),
        },
        Status::Other(_) => WhyNot::Foreign {
            status: facts.status.clone(),
        },
    };
    Some(why)
}

fn why_blocked(facts: &Facts<'_>) -> WhyNot {
    match (facts.block_reason, facts.last_error) {
        (None, Some(error)) => WhyNot::GaveUp {
            failures: facts.failures,
            error: error.to_owned(),
        },
        (question, _) => WhyNot::Blocked {
            question: question.filter(|text| !text.is_empty()).map(str::to_owned),
        },
    }
}

fn why_not_started(facts: &Facts<'_>, dispatch: &Dispatch) -> WhyNot {
    let Some(assignee) = facts.assignee else {
        return WhyNot::NoAssignee;
    };
    let Some(report) = dispatch.living() else {
        return WhyNot::DispatcherOff;
    };
    if dispatch.is_paused(None) {
        return WhyNot::Paused { lane: None };
    }
    let Some(lane) = report.lane_of(assignee) else {
        let assignee = assignee.to_owned();
        return WhyNot::NoLane { assignee };
    };
    let name = || lane.name.clone();
    if let Some(problem) = &lane.problem {
        let (lane, problem) = (name(), problem.clone());
        return WhyNot::LaneBroken { lane, problem };
    }
    if dispatch.is_paused(Some(&lane.name)) {
        return WhyNot::Paused { lane: Some(name()) };
    }
    if let Some(until) = facts.not_before.filter(|until| *until > dispatch.now) {
        let remaining = Seconds(until.seconds_since(dispatch.now));
        return WhyNot::Resting { until, remaining };
    }
    if let Some(stuck) = why_stuck(facts, report) {
        return stuck;
    }
    let is_leaving = |id: &TaskId| report.leaving.iter().any(|place| place.task == *id);
    if facts.id.is_some_and(is_leaving) {
        return WhyNot::Leaving;
    }
    let (running, limit) = (dispatch.count(), report.cap);
    if running >= limit {
        let lane = None;
        return WhyNot::AtCapacity {
            lane,
            running,
            limit,
        };
    }
    let running = dispatch.count_in(&lane.name);
    match lane.cap {
        Some(limit) if running >= limit => WhyNot::AtCapacity {
            lane: Some(name()),
            running,
            limit,
        },
        _ => WhyNot::NotClaimedYet,
    }
}

fn why_stuck(facts: &Facts<'_>, report: &Report) -> Option<WhyNot> {
    let stuck = report
        .stuck
        .iter()
        .find(|it| facts.id == Some(&it.place.task))?;
    let error = stuck.error.clone();
    Some(WhyNot::Stuck { error })
}

fn names(parents: &[TaskId]) -> String {
    if parents.is_empty() {
        return "tasks that are not finished".to_owned();
    }
    let names: Vec<_> = parents.iter().map(TaskId::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::{LaneReport, Pause, Place, Running, SILENCE, Stuck};
    use crate::fixture::{summary, task};
    use crate::id::RunId;
    use crate::run::ProcessIdentity;

    fn lane(name: &str, cap: Option<u32>) -> LaneReport {
        LaneReport {
            name: name.to_owned(),
            program: Some(format!("/usr/bin/{name}")),
            cap,
            serves_others: false,
            problem: None,
        }
    }

    /// A dispatcher with room for two, one of them in lane `narrow`.
    fn dispatch() -> Dispatch {
        Dispatch {
            report: Some(Report {
                claimer: "host:1".to_owned(),
                process: ProcessIdentity {
                    boot_id: "boot".to_owned(),
                    pid: 1,
                    started_ticks: 1,
                },
                is_running: true,
                last_tick: Some(Timestamp(1_000)),
                next_tick: Some(Timestamp(1_060)),
                cap: 2,
                cap_reason: "2 processors".to_owned(),
                bad_ticks: 0,
                problem: None,
                lanes: vec![lane("shell", None), lane("narrow", Some(1))],
                leaving: Vec::new(),
                stuck: Vec::new(),
            }),
            reported_at: Some(Timestamp(1_000)),
            paused: Vec::new(),
            running: Vec::new(),
            now: Timestamp(1_000),
        }
    }

    fn with_lanes(change: impl FnOnce(&mut Vec<LaneReport>)) -> Dispatch {
        let mut dispatch = dispatch();
        change(&mut dispatch.report.as_mut().unwrap().lanes);
        dispatch
    }

    fn paused(lane: Option<&str>) -> Dispatch {
        let pause = Pause {
            lane: lane.map(str::to_owned),
            since: Timestamp(900),
            by: "ada".to_owned(),
        };
        Dispatch {
            paused: vec![pause],
            ..dispatch()
        }
    }

    fn busy(lane: &str, count: u32) -> Dispatch {
        let lane = Some(lane.to_owned());
        Dispatch {
            running: vec![Running { lane, count }],
            ..dispatch()
        }
    }

    fn facts<'a>(status: &'a Status, assignee: &'a str) -> Facts<'a> {
        Facts {
            id: None,
            status,
            assignee: Some(assignee).filter(|name| !name.is_empty()),
            waiting: false,
            unfinished_parents: &[],
            not_before: None,
            failures: 0,
            last_error: None,
            block_reason: None,
        }
    }

    fn of_ready(assignee: &str, dispatch: &Dispatch) -> String {
        let why = why_not(&facts(&Status::Ready, assignee), dispatch);
        why.map_or_else(String::new, |why| why.to_string())
    }

    #[test]
    fn a_ready_task_names_the_first_thing_in_its_way() {
        assert_eq!(of_ready("", &dispatch()), "it is assigned to nobody");
        assert_eq!(
            of_ready("ghost", &dispatch()),
            "there is no lane for ghost; name one in kanban.toml, or assign it to another"
        );
        assert_eq!(of_ready("shell", &paused(None)), "the dispatcher is paused");
        assert_eq!(
            of_ready("shell", &paused(Some("shell"))),
            "lane shell is paused"
        );
        assert_eq!(of_ready("shell", &busy("narrow", 2)), "2 of 2 runs go on");
        assert_eq!(
            of_ready("narrow", &busy("narrow", 1)),
            "1 of 1 runs go on in lane narrow"
        );
        assert_eq!(
            of_ready("shell", &busy("narrow", 1)),
            "it will start in a moment"
        );
        assert_eq!(
            of_ready("shell", &paused(Some("narrow"))),
            "it will start in a moment"
        );
    }

    #[test]
    fn an_assignee_without_a_lane_is_served_by_the_one_for_others() {
        let dispatch = with_lanes(|lanes| {
            lanes.push(LaneReport {
                serves_others: true,
                problem: Some("hermes was not found".to_owned()),
                ..lane("hermes", None)
            });
        });
        assert_eq!(
            of_ready("coder", &dispatch),
            "lane hermes cannot start anything: hermes was not found"
        );
    }

    #[test]
    fn a_dispatcher_that_stopped_or_fell_silent_is_off() {
        let off = "no dispatcher is running; start one with `kanban serve` or `kanban daemon`";
        assert_eq!(of_ready("shell", &Dispatch::default()), off);
        let mut stopped = dispatch();
        stopped.report.as_mut().unwrap().is_running = false;
        assert_eq!(of_ready("shell", &stopped), off);
        let mut silent = dispatch();
        silent.now = Timestamp(1_000) + SILENCE;
        assert_eq!(of_ready("shell", &silent), "it will start in a moment");
        silent.now = silent.now + Seconds(1);
        assert_eq!(of_ready("shell", &silent), off);
    }

    #[test]
    fn a_rest_is_a_reason_until_its_last_second() {
        let resting = Facts {
            not_before: Some(Timestamp(1_030)),
            ..facts(&Status::Ready, "shell")
        };
        let why = why_not(&resting, &dispatch());
        let (until, remaining) = (Timestamp(1_030), Seconds(30));
        assert_eq!(why, Some(WhyNot::Resting { until, remaining }));
        let mut later = dispatch();
        later.now = Timestamp(1_030);
        assert_eq!(why_not(&resting, &later), Some(WhyNot::NotClaimedYet));
    }

    fn place(task: &TaskId, lane: &str) -> Place {
        Place {
            task: task.clone(),
            lane: Some(lane.to_owned()),
        }
    }

    #[test]
    fn a_worker_that_has_not_left_takes_up_a_place_in_its_lane() {
        let mut dispatch = dispatch();
        let leaving = &mut dispatch.report.as_mut().unwrap().leaving;
        leaving.push(place(&TaskId::from_bits(1), "narrow"));
        let why = |assignee| why_not(&facts(&Status::Ready, assignee), &dispatch);
        let full = WhyNot::AtCapacity {
            lane: Some("narrow".to_owned()),
            running: 1,
            limit: 1,
        };
        assert_eq!(why("narrow"), Some(full));
        assert_eq!(why("shell"), Some(WhyNot::NotClaimedYet));
    }

    #[test]
    fn a_task_whose_last_worker_has_not_left_waits_for_that_and_takes_up_a_place() {
        let (id, other) = (TaskId::from_bits(1), TaskId::from_bits(2));
        let mut dispatch = busy("narrow", 1);
        let why = |id, dispatch: &Dispatch| {
            let facts = Facts {
                id: Some(id),
                ..facts(&Status::Ready, "shell")
            };
            why_not(&facts, dispatch).unwrap().to_string()
        };
        assert_eq!(why(&id, &dispatch), "it will start in a moment");
        let leaving = &mut dispatch.report.as_mut().unwrap().leaving;
        leaving.push(place(&id, "shell"));
        let leaves = "the processes of its last run have not ended yet";
        assert_eq!(why(&id, &dispatch), leaves);
        assert_eq!(why(&other, &dispatch), "2 of 2 runs go on");
    }

    #[test]
    fn a_task_whose_run_is_stuck_says_so_also_while_it_counts_as_running() {
        let (id, other) = (TaskId::from_bits(1), TaskId::from_bits(2));
        let mut dispatch = dispatch();
        let report = dispatch.report.as_mut().unwrap();
        report.leaving.push(place(&id, "narrow"));
        report.stuck.push(Stuck {
            run: RunId(7),
            place: place(&id, "narrow"),
            error: "cannot read exit.json".to_owned(),
        });
        let why = |id, status| {
            let facts = Facts {
                id: Some(id),
                ..facts(status, "shell")
            };
            why_not(&facts, &dispatch).map(|why| why.to_string())
        };
        for status in [&Status::Ready, &Status::Running] {
            let says = why(&id, status).unwrap();
            assert_eq!(says, "its last run is stuck: cannot read exit.json");
        }
        assert_eq!(why(&other, &Status::Running), None);
    }

    #[test]
    fn a_ready_task_with_an_unfinished_parent_waits_for_it_whoever_made_it_ready() {
        let parents = [TaskId::from_bits(1)];
        // It was pushed from where it waited, and what was noted there says nothing any more.
        let pushed = Task {
            waiting: true,
            ..task(2)
        };
        let why = |parents| why_not(&Facts::of_task(&pushed, parents), &dispatch()).unwrap();
        assert_eq!(why(&parents).to_string(), "it waits for t_00000001");
        assert_eq!(why(&[]), WhyNot::NotClaimedYet);
        let card = TaskSummary {
            waiting: true,
            ..summary(2)
        };
        let parents = Vec::new();
        let waits = WhyNot::WaitsForParents { parents };
        assert_eq!(why_not(&Facts::from(&card), &dispatch()), Some(waits));
    }

    #[test]
    fn what_waits_for_a_person_says_for_what() {
        let why = |facts: Facts<'_>| why_not(&facts, &dispatch()).unwrap().to_string();
        let failed = Facts {
            failures: 5,
            last_error: Some("exited with code 3"),
            ..facts(&Status::Blocked, "shell")
        };
        assert_eq!(
            why(failed),
            "it gave up; the last attempt ended with: exited with code 3"
        );
        let asks = Facts {
            block_reason: Some("which port?"),
            ..failed
        };
        assert_eq!(why(asks), "which port?");
        let waits = Facts {
            waiting: true,
            ..facts(&Status::Todo, "shell")
        };
        assert_eq!(why(waits), "it waits for tasks that are not finished");
        assert_eq!(
            why_not(&facts(&Status::Todo, ""), &dispatch()),
            Some(WhyNot::PutAside)
        );
        assert_eq!(why_not(&facts(&Status::Running, ""), &dispatch()), None);
    }
}
