//! The board: the clock, the dispatcher, its lanes.

use domain::dispatch::{Dispatch, LaneReport};
use domain::time::{Seconds, Timestamp};
use kernel::{ReadyCount, TaskFilter};

use super::finding::Finding;
use crate::cli::session::Session;
use crate::cli::verbs::lanes;

/// The smallest clock difference that is reported.
const DRIFT: Seconds = Seconds(60);

/// The time at which this was written. A clock that says less is wrong.
const THIS_YEAR: Timestamp = Timestamp(1_767_225_600);

pub(super) async fn look(session: &Session) -> anyhow::Result<Vec<Finding>> {
    let dispatch = session.kernel.dispatch().await?;
    let ready = session.kernel.ready_counts().await?;
    let mut findings = vec![clock(session).await?];
    findings.extend(dispatcher(session, &dispatch, &ready)?);
    findings.extend(of_lanes(session, &ready).await);
    Ok(findings)
}

async fn clock(session: &Session) -> anyhow::Result<Finding> {
    let filter = TaskFilter {
        include_archived: true,
        ..TaskFilter::default()
    };
    let tasks = session.kernel.tasks(filter).await?;
    let newest = tasks.iter().map(|task| task.status_since).max();
    let now = session.kernel.now();
    let ahead = newest.map_or(0, |newest| newest.seconds_since(now));
    let remedy = "set the clock (`timedatectl set-ntp true`); leases and rests depend on it";
    if now < THIS_YEAR {
        let message = "the clock stands in the past";
        return Ok(Finding::wrong("clock", message, remedy));
    }
    if ahead > DRIFT.0 {
        let message = format!("the board is {} ahead of this clock", Seconds(ahead));
        return Ok(Finding::wrong("clock", message, remedy));
    }
    Ok(Finding::ok("clock", "not behind anything on the board"))
}

fn dispatcher(
    session: &Session,
    dispatch: &Dispatch,
    ready: &[ReadyCount],
) -> anyhow::Result<Vec<Finding>> {
    let is_held = dispatcher::is_held(&session.home)?;
    let waiting: u32 = ready
        .iter()
        .filter(|count| count.assignee.is_some())
        .map(|count| count.ready)
        .sum();
    let start = "start one with `kanban serve` or `kanban daemon`";
    let state = match (dispatch.living(), is_held) {
        (Some(report), _) => match &report.problem {
            Some(problem) => {
                let remedy = "the log of the dispatcher says more";
                Finding::wrong("dispatcher", problem.clone(), remedy)
            }
            None => Finding::ok("dispatcher", format!("runs as {}", report.claimer)),
        },
        (None, true) => Finding::wrong(
            "dispatcher",
            "one holds the lock but has not looked at the board for minutes",
            "see what holds it with `lsof` on kanban.db.dispatch.lock, and end that process",
        ),
        (None, false) if waiting > 0 => {
            let message = format!("none runs, and {waiting} task(s) are ready");
            Finding::wrong("dispatcher", message, start)
        }
        (None, false) => Finding::note("dispatcher", "none runs", start),
    };
    let paused = dispatch.paused.iter().map(|pause| {
        let what = lanes::called(pause.lane.as_deref());
        let message = format!("{what} is paused, by {}", pause.by);
        let lane = pause.lane.as_deref().unwrap_or_default();
        Finding::note(
            "dispatcher",
            message,
            format!("`kanban resume {lane}`").replace(" `", "`"),
        )
    });
    Ok(std::iter::once(state).chain(paused).collect())
}

/// The lanes, and whether work waits for one that starts nothing.
async fn of_lanes(session: &Session, ready: &[ReadyCount]) -> Vec<Finding> {
    // A configuration that cannot be read has been told already.
    let Ok(known) = lanes::read(session).await else {
        return Vec::new();
    };
    let serves = |assignee: &str| {
        let own = known.lanes.iter().find(|lane| lane.name == assignee);
        own.or_else(|| known.lanes.iter().find(|lane| lane.serves_others))
    };
    let mut findings = Vec::new();
    let settings = lanes::settings(session).ok();
    let here = settings
        .as_ref()
        .map(|it| it.lanes().reports(session.kernel.now()));
    let here = here.unwrap_or_default();
    for lane in &known.lanes {
        let waits = |count: &&ReadyCount| {
            let served_by = count.assignee.as_deref().and_then(serves);
            served_by.is_some_and(|it| it.name == lane.name)
        };
        let waiting: u32 = ready.iter().filter(waits).map(|count| count.ready).sum();
        findings.push(match &lane.problem {
            None => {
                let program = lane.program.as_deref().unwrap_or("a program");
                Finding::ok("lane", format!("{} starts {program}", lane.name))
            }
            Some(problem) => {
                let message = format!("{} starts nothing: {problem}", lane.name);
                let here = here.iter().find(|it| it.name == lane.name);
                let remedy = match here {
                    Some(LaneReport { problem: None, .. }) => {
                        "this shell finds it, so the dispatcher was started with another PATH: start \
                         it from here, or print its unit again, see `kanban guide service`"
                    }
                    _ => "see `kanban guide lanes`; its tasks can be assigned to another",
                };
                match waiting {
                    0 => Finding::note("lane", message, remedy),
                    _ => {
                        Finding::wrong("lane", format!("{message}; {waiting} task(s) wait"), remedy)
                    }
                }
            }
        });
        let repository = settings.as_ref();
        if let Some(problem) = repository.and_then(|it| it.repository_problem(&lane.name)) {
            let message = format!("{} has no worktrees to work in: {problem}", lane.name);
            let remedy = "mend `repository` in kanban.toml; `kanban guide lanes` says what it is";
            findings.push(Finding::wrong("lane", message, remedy));
        }
    }
    for count in ready {
        let Some(assignee) = count
            .assignee
            .as_deref()
            .filter(|name| serves(name).is_none())
        else {
            continue;
        };
        let message = format!(
            "{} task(s) wait for {assignee}, which is no lane",
            count.ready
        );
        let remedy = "name such a lane in kanban.toml, or assign them to another";
        findings.push(Finding::wrong("lane", message, remedy));
    }
    let is_counted = |name: &str| ready.iter().any(|it| it.assignee.as_deref() == Some(name));
    let names = session.kernel.ready_assignees().await.unwrap_or_default();
    for reviewer in names
        .iter()
        .filter(|it| !is_counted(it) && serves(it).is_none())
    {
        let message = format!("work waits for a review by {reviewer}, which is no lane");
        let remedy =
            "name such a lane in kanban.toml, or another reviewer by `kanban edit --review`";
        findings.push(Finding::wrong("lane", message, remedy));
    }
    findings
}
