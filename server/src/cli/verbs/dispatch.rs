//! `kanban dispatch`.

use anyhow::Context as _;
use dispatcher::{Config, FindServers, Foreseen, Home, Skipped, Spawned, TickReport};
use domain::actor::Actor;
use domain::command::PromoteWaiting;
use domain::id::TaskId;
use domain::time::{Seconds, Timestamp};
use kernel::Kernel;
use rustix::fs::Mode;
use serde::Serialize;

use crate::cli::json::WhyObject;
use crate::cli::output::Output;
use crate::cli::text;

/// Run one dispatcher tick: start the ready tasks that fit; workers go on after it, and their ends are
/// recorded by the next tick, or by `kanban serve` or `kanban daemon`, which watch
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban dispatch --dry-run\n  \
    kanban dispatch --dry-run --hours 8\n  \
    kanban dispatch --max 1")]
pub(crate) struct Args {
    /// Change nothing; only say what would start, and what would not and why
    #[arg(long)]
    dry_run: bool,
    /// With --dry-run: say also what starts later, within so many hours, as far as that is known
    #[arg(long, requires = "dry_run", value_parser = clap::value_parser!(u16).range(1..=192))]
    hours: Option<u16>,
    /// The most tasks to start
    #[arg(long)]
    max: Option<u32>,
    /// The number of failures in a row that blocks a task [default: of kanban.toml, else 5]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    failure_limit: Option<u32>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Returns true where nothing is to be changed.
    pub(super) const fn is_dry(&self) -> bool {
        self.dry_run
    }
}

/// `umask` is that of the person who started the program.
pub(super) fn run(args: &Args, home: Home, umask: Mode, output: &mut Output) -> anyhow::Result<()> {
    let kernel = crate::board_file::open(&home)?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let config = Config {
        servers: FindServers::By(crate::serve::servers_of),
        umask: Some(umask.bits()),
        failure_limit: args.failure_limit,
        ..Config::new(program)
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(dispatch(args, kernel, home, config, output))
}

async fn dispatch(
    args: &Args,
    kernel: Kernel,
    home: Home,
    config: Config,
    output: &mut Output,
) -> anyhow::Result<()> {
    if args.dry_run {
        let mut report = dispatcher::dry_run(&kernel, &home, &config, args.max).await?;
        let hours = Seconds(i64::from(args.hours.unwrap_or_default()) * 3_600);
        let end = kernel.now() + hours;
        report.foreseen.retain(|start| start.at <= end);
        return print(&report, args, output);
    }
    let (again, home_again, config_again) = (kernel.clone(), home.clone(), config.clone());
    match dispatcher::dispatch_once(kernel, home, config, args.max).await {
        Ok(report) => print(&report, args, output),
        Err(dispatcher::Error::Held { .. }) => {
            let report = nudge(&again, &home_again, &config_again).await?;
            if !args.json {
                output.line("Another dispatcher works on this board; it starts what can start.");
            }
            print(&report, args, output)
        }
        Err(error) => Err(error.into()),
    }
}

/// Promotes waiting tasks, which wakes the dispatcher: other programs may have finished their
/// parents unseen.
async fn nudge(kernel: &Kernel, home: &Home, config: &Config) -> anyhow::Result<TickReport> {
    let promote = PromoteWaiting {};
    let receipt = kernel.execute(&Actor::dispatcher(), promote).await?;
    let left = dispatcher::dry_run(kernel, home, config, None).await?;
    Ok(TickReport {
        promoted: receipt.answer.0,
        spawned: Vec::new(),
        ..left
    })
}

fn print(report: &TickReport, args: &Args, output: &mut Output) -> anyhow::Result<()> {
    if args.json {
        return output.json(&TickObject::from(report));
    }
    let named = |name: &str, ids: &[TaskId], output: &mut Output| {
        output.line(format_args!("{name:13} {}", ids.len()));
        for id in ids {
            output.line(format_args!("  - {id}"));
        }
    };
    output.line(format_args!("{:13} {}", "Reclaimed:", report.reclaimed));
    named("Crashed:", &report.crashed, output);
    named("Auto-blocked:", &report.auto_blocked, output);
    output.line(format_args!("{:13} {}", "Promoted:", report.promoted));
    output.line(format_args!("{:13} {}", "Spawned:", report.spawned.len()));
    let dry = if args.dry_run { " (dry)" } else { "" };
    for Spawned {
        task,
        assignee,
        workspace,
    } in &report.spawned
    {
        let workspace = Some(workspace.as_str()).filter(|path| !path.is_empty());
        let workspace = workspace.unwrap_or("-");
        output.line(format_args!(
            "  - {task}  ->  {assignee}  @ {workspace}{dry}"
        ));
    }
    output.line(format_args!("{:13} {}", "Skipped:", report.skipped.len()));
    for Skipped {
        task,
        assignee,
        why,
    } in &report.skipped
    {
        let assignee = assignee.as_deref().unwrap_or("unassigned");
        output.line(format_args!("  - {task}  ({assignee})  {why}"));
    }
    if args.hours.is_some() {
        output.line(format_args!("{:13} {}", "Later:", report.foreseen.len()));
        for Foreseen { task, assignee, at } in &report.foreseen {
            output.line(format_args!(
                "  - {}  {task}  ->  {assignee}",
                text::moment(*at)
            ));
        }
    }
    Ok(())
}

/// The JSON output: the original's keys, and all tasks that were left with the reason.
#[derive(Serialize)]
struct TickObject<'a> {
    reclaimed: usize,
    crashed: &'a [TaskId],
    auto_blocked: &'a [TaskId],
    promoted: usize,
    spawned: Vec<SpawnedObject<'a>>,
    skipped_unassigned: &'a [TaskId],
    skipped: Vec<SkippedObject<'a>>,
    foreseen: Vec<ForeseenObject<'a>>,
}

#[derive(Serialize)]
struct SpawnedObject<'a> {
    task_id: &'a TaskId,
    assignee: &'a str,
    workspace: &'a str,
}

#[derive(Serialize)]
struct ForeseenObject<'a> {
    task_id: &'a TaskId,
    assignee: &'a str,
    at: Timestamp,
}

#[derive(Serialize)]
struct SkippedObject<'a> {
    task_id: &'a TaskId,
    assignee: Option<&'a str>,
    why: WhyObject<'a>,
}

impl<'a> From<&'a TickReport> for TickObject<'a> {
    fn from(report: &'a TickReport) -> Self {
        let spawned = report.spawned.iter().map(|spawned| SpawnedObject {
            task_id: &spawned.task,
            assignee: &spawned.assignee,
            workspace: &spawned.workspace,
        });
        let skipped = report.skipped.iter().map(|skipped| SkippedObject {
            task_id: &skipped.task,
            assignee: skipped.assignee.as_deref(),
            why: (&skipped.why).into(),
        });
        Self {
            reclaimed: report.reclaimed,
            crashed: &report.crashed,
            auto_blocked: &report.auto_blocked,
            promoted: report.promoted,
            spawned: spawned.collect(),
            skipped_unassigned: &report.skipped_unassigned,
            skipped: skipped.collect(),
            foreseen: (report.foreseen.iter())
                .map(|start| ForeseenObject {
                    task_id: &start.task,
                    assignee: &start.assignee,
                    at: start.at,
                })
                .collect(),
        }
    }
}
