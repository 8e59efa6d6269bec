//! What a look at the board would do, and why it would not do more. Nothing here writes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use domain::dispatch::{Dispatch, Facts, Report, Running, WhyNot, why_not};
use domain::id::{RunId, TaskId};
use domain::run::{OpenRun, ProcessIdentity};
use domain::status::Status;
use domain::task::Task;
use kernel::{Kernel, Startable, TaskFilter};
use tokio::task::spawn_blocking;

use crate::config::{Cap, Config, Settings};
use crate::error::Error;
use crate::home::Home;
use crate::plan::{Snapshot, Start, plan};
use crate::report::{Skipped, Spawned, TickReport};
use crate::run_folder::RunFolder;

/// Says what the next look at the board would start, at most `max` tasks, and what it would leave
/// and why, whether a dispatcher works or not. It looks at all ready tasks. What only becomes ready in
/// the course of that look, because a worker has ended unseen, is not foreseen.
///
/// # Errors
/// When the board cannot be read or `kanban.toml` cannot be used.
pub async fn dry_run(
    kernel: &Kernel,
    home: &Home,
    config: &Config,
    max: Option<u32>,
) -> Result<TickReport, Error> {
    let open = kernel.open_runs().await?;
    let (home, config) = (home.clone(), config.clone());
    let is_open: BTreeSet<RunId> = open.iter().map(|open| open.run).collect();
    let read = move || -> Result<_, Error> {
        Ok((Settings::read(&home, &config)?, leaving(&home, &is_open)?))
    };
    let (mut settings, leaving) = spawn_blocking(read)
        .await
        .map_err(Error::system("read the settings"))??;

    let (stale, open): (Vec<OpenRun>, Vec<OpenRun>) = open
        .into_iter()
        .partition(|open| open.supervisor.is_none() && open.lease_expires < kernel.now());
    let mut tasks = tasks(kernel, Status::Ready).await?;
    tasks.extend(reclaimed(kernel, &stale).await?);
    tasks.sort_by_key(|task| (Reverse(task.priority), task.created_at));
    let mut dispatch = kernel.dispatch().await?;
    let paused = dispatch.paused.iter().map(|pause| pause.lane.clone());
    // The next look is that of the dispatcher that works now, if one does: its cap holds.
    if let Some(said) = dispatch.living() {
        settings.cap = Cap {
            limit: said.cap,
            reason: said.cap_reason.clone(),
        };
    }
    let mut snapshot = Snapshot::new(&open, leaving, settings.cap.limit, paused.collect());
    let is_rested = |task: &&Task| task.not_before.is_none_or(|until| until <= dispatch.now);
    snapshot.startable = tasks
        .iter()
        .filter(is_rested)
        .filter_map(startable)
        .collect();
    let mut starts = plan(&snapshot, &settings.lanes);
    starts.truncate(max.map_or(usize::MAX, |max| usize::try_from(max).unwrap_or(usize::MAX)));

    dispatch.running = running(&snapshot, &starts);
    let is_left = |task: &Task| starts.iter().all(|start| start.task != task.id);
    tasks.retain(is_left);
    let mut report = TickReport {
        reclaimed: stale.len(),
        ..TickReport::default()
    };
    let dispatch = as_of(&settings, &snapshot.leaving, dispatch);
    skip(&tasks, &dispatch, &mut report);
    let start = |start: Start| Spawned {
        task: start.task,
        assignee: start.assignee,
        workspace: String::new(),
    };
    report.spawned = starts.into_iter().map(start).collect();
    Ok(report)
}

/// Adds to the report of a look which ready tasks it has left, and why.
pub(crate) async fn explain(
    kernel: &Kernel,
    settings: &Settings,
    leaving: &BTreeMap<RunId, TaskId>,
    mut report: TickReport,
) -> Result<TickReport, Error> {
    let tasks = tasks(kernel, Status::Ready).await?;
    let dispatch = as_of(settings, leaving, kernel.dispatch().await?);
    skip(&tasks, &dispatch, &mut report);
    Ok(report)
}

fn skip(tasks: &[Task], dispatch: &Dispatch, report: &mut TickReport) {
    for task in tasks {
        let facts = Facts {
            status: &Status::Ready,
            ..Facts::of_task(task, &[])
        };
        let id = task.id.clone();
        match why_not(&facts, dispatch) {
            Some(WhyNot::NoAssignee) => report.skipped_unassigned.push(id),
            Some(why) => report.skipped.push(Skipped {
                task: id,
                assignee: task.assignee.clone().unwrap_or_default(),
                why,
            }),
            None => {}
        }
    }
}

async fn tasks(kernel: &Kernel, status: Status) -> Result<Vec<Task>, Error> {
    let filter = TaskFilter {
        status: Some(status),
        ..TaskFilter::default()
    };
    Ok(kernel.tasks(filter).await?)
}

/// The tasks whose claim would be taken back.
async fn reclaimed(kernel: &Kernel, stale: &[OpenRun]) -> Result<Vec<Task>, Error> {
    if stale.is_empty() {
        return Ok(Vec::new());
    }
    let mut running = tasks(kernel, Status::Running).await?;
    running.retain(|task| stale.iter().any(|stale| stale.task == task.id));
    Ok(running)
}

/// The closed runs whose processes have not ended yet, and their tasks: their folders are still there.
fn leaving(home: &Home, is_open: &BTreeSet<RunId>) -> Result<BTreeMap<RunId, TaskId>, Error> {
    let mut leaving = BTreeMap::new();
    for run in RunFolder::runs_in(&home.runs())?.difference(is_open) {
        let owner = RunFolder::at(home.run_dir(*run)).owner()?;
        leaving.extend(owner.map(|owner| (*run, owner.task)));
    }
    Ok(leaving)
}

fn startable(task: &Task) -> Option<Startable> {
    Some(Startable {
        task: task.id.clone(),
        assignee: task.assignee.clone()?,
        priority: task.priority,
    })
}

/// What would go on once these are started.
fn running(snapshot: &Snapshot, starts: &[Start]) -> Vec<Running> {
    let mut running = snapshot.running.clone();
    for start in starts {
        *running.entry(Some(start.lane.name.clone())).or_default() += 1;
    }
    let to_running = |(lane, count)| Running { lane, count };
    running.into_iter().map(to_running).collect()
}

/// How a dispatcher with these settings would explain itself.
fn as_of(settings: &Settings, leaving: &BTreeMap<RunId, TaskId>, dispatch: Dispatch) -> Dispatch {
    let report = Report {
        claimer: String::new(),
        process: ProcessIdentity {
            boot_id: String::new(),
            pid: 0,
            started_ticks: 0,
        },
        is_running: true,
        last_tick: Some(dispatch.now),
        next_tick: Some(dispatch.now),
        cap: settings.cap.limit,
        cap_reason: settings.cap.reason.clone(),
        bad_ticks: 0,
        problem: None,
        lanes: settings.lanes.reports(),
        leaving: leaving.values().cloned().collect(),
    };
    Dispatch {
        report: Some(report),
        reported_at: Some(dispatch.now),
        ..dispatch
    }
}
