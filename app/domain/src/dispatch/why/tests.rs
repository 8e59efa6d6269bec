use super::*;
use crate::board::TaskSummary;
use crate::dispatch::{LaneReport, Pause, Running, SILENCE, Slot, UnrecoverableRun};
use crate::fixture::{summary, task};
use crate::hold::{LaneHold, Probe};
use crate::id::RunId;
use crate::run::ProcessIdentity;
use crate::task::Task;

fn lane(name: &str, cap: Option<u32>) -> LaneReport {
    LaneReport {
        name: name.to_owned(),
        program: Some(format!("/usr/bin/{name}")),
        cap,
        serves_others: false,
        problem: None,
        pool: None,
        opens_at: None,
        review: None,
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
            fault: None,
            exiting_runs: Vec::new(),
            unrecoverable_runs: Vec::new(),
            is_of_another: false,
        }),
        reported_at: Some(Timestamp(1_000)),
        paused: Vec::new(),
        holds: Vec::new(),
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
        reviewer: None,
        waiting: false,
        unfinished_parents: &[],
        dead_ends: &[],
        is_dead_end: false,
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
fn on_a_machine_that_can_start_nothing_that_is_why_unless_somebody_has_paused_it() {
    let broken = |dispatch: Dispatch| {
        let mut dispatch = dispatch;
        dispatch.report.as_mut().unwrap().fault = Some("the disk is full".to_owned());
        dispatch
    };
    let ready = facts(&Status::Ready, "shell");
    let why = why_not(&ready, &broken(dispatch())).unwrap();
    let says = "nothing can be started on this machine: the disk is full";
    assert_eq!(why.to_string(), says);
    let why = why_not(&ready, &broken(paused(None)));
    assert_eq!(why, Some(WhyNot::Paused { lane: None }));
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
    assert_eq!(of_ready("shell", &busy("narrow", 2)), "2 of 2 slots busy");
    assert_eq!(
        of_ready("narrow", &busy("narrow", 1)),
        "1 of 1 slots busy in lane narrow"
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

fn slot(task: &TaskId, lane: &str) -> Slot {
    Slot {
        task: task.clone(),
        lane: Some(lane.to_owned()),
    }
}

#[test]
fn a_worker_that_has_not_left_takes_up_a_place_in_its_lane() {
    let mut dispatch = dispatch();
    let exiting_runs = &mut dispatch.report.as_mut().unwrap().exiting_runs;
    exiting_runs.push(slot(&TaskId::from_bits(1), "narrow"));
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
    let exiting_runs = &mut dispatch.report.as_mut().unwrap().exiting_runs;
    exiting_runs.push(slot(&id, "shell"));
    let leaves = "the processes of its last run have not ended yet";
    assert_eq!(why(&id, &dispatch), leaves);
    assert_eq!(why(&other, &dispatch), "2 of 2 slots busy");
}

#[test]
fn a_task_whose_run_is_stuck_says_so_also_while_it_counts_as_running() {
    let (id, other) = (TaskId::from_bits(1), TaskId::from_bits(2));
    let mut dispatch = dispatch();
    let report = dispatch.report.as_mut().unwrap();
    report.exiting_runs.push(slot(&id, "narrow"));
    report.unrecoverable_runs.push(UnrecoverableRun {
        run: RunId(7),
        slot: slot(&id, "narrow"),
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
        assert_eq!(
            says,
            "its last run cannot be recovered: cannot read exit.json"
        );
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
    let why = |parents| why_not(&Facts::of_task(&pushed, parents, &[]), &dispatch()).unwrap();
    assert_eq!(why(&parents).to_string(), "it waits for t_00000001");
    assert_eq!(why(&[]), WhyNot::NotClaimedYet);
    let card = TaskSummary {
        waiting: true,
        ..summary(2)
    };
    let parents = Vec::new();
    let waits = WhyNot::WaitsForParents {
        parents,
        because: None,
    };
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

#[test]
fn a_board_that_another_process_dispatches_names_it_for_as_long_as_that_is_said() {
    let mut dispatch = Dispatch {
        report: Some(Report::of_another("process 7 (hermes gateway)".to_owned())),
        reported_at: Some(Timestamp(1_000)),
        now: Timestamp(1_000),
        ..Dispatch::default()
    };
    assert_eq!(
        of_ready("shell", &dispatch),
        "it is left to process 7 (hermes gateway), which holds the dispatch lock of this board"
    );
    dispatch.now = Timestamp(1_000 + SILENCE.0 + 1);
    assert!(of_ready("shell", &dispatch).starts_with("no dispatcher is running"));
}

#[test]
fn a_task_that_waits_for_many_names_five_and_counts_the_rest() {
    let parents: Vec<TaskId> = (0..1_050).map(TaskId::from_bits).collect();
    let because = None;
    let text = WhyNot::WaitsForParents { parents, because }.to_string();
    assert!(text.ends_with(" and 1045 more"), "{text}");
    assert_eq!(text.matches("t_").count(), 5);
}

#[test]
fn a_long_chain_is_named_by_its_beginning_and_its_end() {
    let ids: Vec<TaskId> = (0..20).map(TaskId::from_bits).collect();
    let text = |chain: &[TaskId]| {
        WhyNot::WaitsForParents {
            parents: chain.first().cloned().into_iter().collect(),
            because: Some(Because {
                chain: chain.to_vec(),
                status: Status::Ready,
                why: Box::new(WhyNot::NoAssignee),
            }),
        }
        .to_string()
    };
    let links = |range: std::ops::Range<usize>| -> String {
        let link = |at: usize| format!("; {} waits for {}", ids[at], ids[at + 1]);
        range.map(link).collect()
    };
    let ending = |last: usize| format!("; {} (ready): it is assigned to nobody", ids[last]);
    assert_eq!(
        text(&ids[..7]),
        format!("it waits for {}{}{}", ids[0], links(0..6), ending(6))
    );
    assert_eq!(
        text(&ids),
        format!(
            "it waits for {}{}; … and 13 more{}{}",
            ids[0],
            links(0..5),
            links(18..19),
            ending(19)
        )
    );
}

#[test]
fn the_lane_for_others_serves_no_name_that_a_program_takes_for_an_option() {
    let dispatch = with_lanes(|lanes| {
        lanes.push(LaneReport {
            serves_others: true,
            ..lane("agents", None)
        });
    });
    let why = |assignee| why_not(&Facts::of_ready(Some(assignee)), &dispatch);
    assert_eq!(why("ada"), Some(WhyNot::NotClaimedYet));
    let assignee = "--x".to_owned();
    assert_eq!(why("--x"), Some(WhyNot::NoLane { assignee }));
}

/// A hold of lane `narrow`, a minute from now.
fn held(cause: Cause) -> LaneHold {
    LaneHold {
        name: "narrow".to_owned(),
        cause,
        reason: None,
        by: None,
        task: None,
        since: Timestamp(900),
        until: Some(Timestamp(1_060)),
        probe: None,
        waiting: 14,
    }
}

fn with_hold(hold: LaneHold) -> Dispatch {
    Dispatch {
        holds: vec![hold],
        ..dispatch()
    }
}

#[test]
fn a_hold_says_until_when_why_and_how_many_wait() {
    let of = |hold| of_ready("narrow", &with_hold(hold));
    assert_eq!(
        of(held(Cause::RateLimited)),
        "narrow is held for 1m: rate limit; 14 wait"
    );
    let asks = LaneHold {
        until: None,
        reason: Some("please /login".to_owned()),
        waiting: 1,
        ..held(Cause::Unauthorized)
    };
    assert_eq!(
        of(asks),
        "narrow is held until it is released: not logged in (please /login); 1 waits; log in, then \
         `kanban release narrow`"
    );
    let probing = LaneHold {
        until: Some(Timestamp(990)),
        probe: Some(Probe {
            run: RunId(7),
            since: Timestamp(995),
        }),
        ..held(Cause::Quota)
    };
    assert_eq!(
        of(probing),
        "narrow is held, and one task goes first: quota used up; 14 wait"
    );
    let due = LaneHold {
        until: Some(Timestamp(1_000)),
        ..held(Cause::Quota)
    };
    assert_eq!(of(due), "it will start in a moment");
    let other = with_hold(held(Cause::Quota));
    assert_eq!(of_ready("shell", &other), "it will start in a moment");
}

#[test]
fn the_hold_of_a_pool_is_that_of_each_of_its_lanes() {
    let mut dispatch = with_hold(LaneHold {
        name: "account".to_owned(),
        ..held(Cause::Overloaded)
    });
    let lanes = &mut dispatch.report.as_mut().unwrap().lanes;
    lanes[0].pool = Some("account".to_owned());
    assert_eq!(
        of_ready("shell", &dispatch),
        "account is held for 1m: service overloaded; 14 wait"
    );
    assert_eq!(of_ready("narrow", &dispatch), "it will start in a moment");
}

#[test]
fn outside_of_its_hours_a_lane_says_when_they_begin() {
    let dispatch = with_lanes(|lanes| lanes[0].opens_at = Some(Timestamp(4_600)));
    assert_eq!(
        of_ready("shell", &dispatch),
        "lane shell starts nothing at this hour, and again in 1h"
    );
}

#[test]
fn each_cause_of_a_hold_is_told_in_its_words() {
    for cause in Cause::ALL {
        let said = of_ready("narrow", &with_hold(held(cause)));
        assert!(said.contains(cause.words()), "{said}");
        assert_eq!(Cause::named(cause.as_str()), Some(cause));
    }
}
