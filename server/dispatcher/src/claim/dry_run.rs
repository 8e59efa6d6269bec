//! The dry run: the starts of the next tick, and the reason for every task left. Nothing here
//! writes.

mod foreseen;
mod lost;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::dispatch::{Dispatch, Facts, Pause, Report, Running, WhyNot, why_not};
use domain::id::TaskId;
use domain::run::{OpenRun, ProcessIdentity};
use domain::status::Status;
use domain::task::Task;
use kernel::{Kernel, Startable, TaskFilter};
use tokio::task::spawn_blocking;

use crate::claim::plan::{Snapshot, Start, plan};
use crate::config::{Cap, Config, Settings};
use crate::error::Error;
use crate::home::Home;
use crate::machine::look;
use crate::report::{Skipped, Spawned, TickReport};
use crate::run::launch::in_time;
use crate::run::unfinished_runs;

use foreseen::{foreseen, rests};
use lost::Lost;

/// Reports the next tick without running it: the starts, at most `max`, and the tasks left with the
/// reason, whether a dispatcher works or not. Covers all tasks that are ready or that the tick
/// would make so. A task that only becomes ready in its course, because a worker has ended unseen,
/// is not foreseen.
///
/// # Errors
/// Fails when the board cannot be read or `kanban.toml` cannot be used.
pub async fn dry_run(
    kernel: &Kernel,
    home: &Home,
    config: &Config,
    max: Option<u32>,
) -> Result<TickReport, Error> {
    let lost = Lost::read(kernel).await?;
    let closed = lost.runs();
    let mut open = kernel.open_runs().await?;
    open.retain(|open| !closed.contains(&open.run));
    let mut dispatch = kernel.dispatch().await?;
    let remembered = kernel.remembered_home().await?;
    let mut settings = {
        let (home, config) = (home.clone(), config.clone());
        spawn_blocking(move || Settings::read(&home, &config))
            .await
            .map_err(Error::system("read the settings"))??
    };
    let mut exiting_runs = unfinished_runs::alive(kernel, home).await?;
    let mut unrecoverable_runs = Vec::new();
    // The next look is that of the dispatcher that works now, if one does: its cap holds, and what it
    // cannot bring to an end.
    if let Some(said) = dispatch.living() {
        settings.cap = Cap {
            limit: said.cap,
            reason: said.cap_reason.clone(),
        };
        exiting_runs.extend(
            said.unrecoverable_runs
                .iter()
                .map(|it| (it.run, it.slot.clone())),
        );
        unrecoverable_runs.clone_from(&said.unrecoverable_runs);
    }
    exiting_runs.retain(|run, _| open.iter().all(|open| open.run != *run));

    let assignees = kernel.ready_assignees().await?;
    let startable = kernel.startable(assignees, u32::MAX).await?;
    let mut can_start: BTreeSet<TaskId> = startable.into_iter().map(|one| one.task).collect();
    let mut tasks = tasks_in(kernel, Status::Ready).await?;
    let promoted = kernel.promotable().await?;
    let mut report = TickReport {
        reclaimed: lost.reclaimed(),
        crashed: lost.crashed(),
        promoted: promoted.len(),
        ..TickReport::default()
    };
    let freed = freed(kernel, &lost).await?;
    for mut task in freed.into_iter().chain(promoted) {
        task.status = Status::Ready;
        if task.not_before.is_none_or(|until| until <= dispatch.now) {
            can_start.insert(task.id.clone());
        }
        tasks.push(task);
    }
    tasks.sort_by_key(|task| (Reverse(task.priority), task.created_at));
    if let Some(original) = remembered {
        let home = home.clone();
        let identity = in_time("look at the home folder", move || home.identity()).await?;
        let identity = identity.map_err(Error::system("look at the home folder"))?;
        if identity.is_copy_of(&original) {
            dispatch.paused.push(Pause {
                lane: None,
                since: dispatch.now,
                by: original.path,
            });
        }
    }
    let home = home.clone();
    let looked = in_time("look at the machine", move || look(&home)).await;
    let fault = looked.flatten().err().map(|error| error.to_string());
    let paused = dispatch.paused.iter().map(|pause| pause.lane.clone());
    let paused = paused.chain(fault.as_ref().map(|_| None)).collect();
    let mut snapshot = Snapshot::new(&open, &exiting_runs, settings.cap.limit, paused);
    snapshot.see_holds(&dispatch.holds, dispatch.now);
    let can_start = |task: &&Task| can_start.contains(&task.id);
    let startable = tasks.iter().filter(can_start).filter_map(startable_of);
    snapshot.startable = startable.collect();
    let mut starts = plan(&snapshot, &settings.lanes);
    starts.truncate(max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX)));

    dispatch.running = running(&open, &starts);
    let is_left = |task: &Task| starts.iter().all(|start| start.task != task.id);
    tasks.retain(is_left);
    let nobody = ProcessIdentity {
        boot_id: String::new(),
        pid: 0,
        started_ticks: 0,
    };
    let said = Report {
        fault,
        exiting_runs: exiting_runs.into_values().collect(),
        unrecoverable_runs,
        ..settings.report(String::new(), nobody, dispatch.now)
    };
    let dispatch = as_of(said, dispatch);
    skip(kernel, &tasks, &dispatch, &mut report).await?;
    let left = (report.skipped.as_slice(), rests(&tasks));
    report.foreseen = foreseen(left, &settings.lanes, &dispatch.holds);
    let start = |start: Start| Spawned {
        task: start.task,
        assignee: start.assignee,
        workspace: String::new(),
    };
    report.spawned = starts.into_iter().map(start).collect();
    Ok(report)
}

/// Adds the ready tasks that a tick has left to its report, each with the reason, by the
/// dispatcher's status.
pub(crate) async fn explain(
    kernel: &Kernel,
    said: Report,
    mut report: TickReport,
) -> Result<TickReport, Error> {
    let tasks = tasks_in(kernel, Status::Ready).await?;
    let dispatch = as_of(said, kernel.dispatch().await?);
    skip(kernel, &tasks, &dispatch, &mut report).await?;
    Ok(report)
}

async fn skip(
    kernel: &Kernel,
    tasks: &[Task],
    dispatch: &Dispatch,
    report: &mut TickReport,
) -> Result<(), Error> {
    let held_back = kernel.held_back().await?;
    for task in tasks {
        let facts = match held_back.get(&task.id) {
            Some(links) => links.facts(task),
            None => Facts::of_task(task, &[], &[]),
        };
        let Some(why) = why_not(&facts, dispatch) else {
            continue;
        };
        if why == WhyNot::NoAssignee {
            report.skipped_unassigned.push(task.id.clone());
        }
        report.skipped.push(Skipped {
            task: task.id.clone(),
            assignee: task.assignee.clone(),
            why,
        });
    }
    Ok(())
}

async fn tasks_in(kernel: &Kernel, status: Status) -> Result<Vec<Task>, Error> {
    let filter = TaskFilter {
        status: Some(status),
        ..TaskFilter::default()
    };
    Ok(kernel.tasks(filter).await?)
}

/// The tasks that run and would be ready again.
async fn freed(kernel: &Kernel, lost: &Lost) -> Result<Vec<Task>, Error> {
    let freed = lost.freed();
    if freed.is_empty() {
        return Ok(Vec::new());
    }
    let mut running = tasks_in(kernel, Status::Running).await?;
    running.retain(|task| freed.contains(&task.id));
    Ok(running)
}

fn startable_of(task: &Task) -> Option<Startable> {
    Some(Startable {
        task: task.id.clone(),
        assignee: task.assignee.clone()?,
        priority: task.priority,
    })
}

/// The runs of each lane once these are started.
fn running(open: &[OpenRun], starts: &[Start]) -> Vec<Running> {
    let mut running: BTreeMap<Option<String>, u32> = BTreeMap::new();
    let of_starts = starts.iter().map(|start| Some(start.lane.name.clone()));
    for lane in open.iter().map(|run| run.lane.clone()).chain(of_starts) {
        *running.entry(lane).or_default() += 1;
    }
    let to_running = |(lane, count)| Running { lane, count };
    running.into_iter().map(to_running).collect()
}

/// The state of dispatching, if a dispatcher said this of itself just now.
fn as_of(said: Report, dispatch: Dispatch) -> Dispatch {
    let report = Report {
        is_running: true,
        ..said
    };
    Dispatch {
        report: Some(report),
        reported_at: Some(dispatch.now),
        ..dispatch
    }
}
