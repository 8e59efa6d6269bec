//! `kanban stats`.

use domain::dispatch::Dispatch;
use domain::hold::{LaneHold, Lets};
use domain::stats::Stats;
use domain::time::Seconds;
use kernel::ReadyCount;

use crate::cli::json::StatsObject;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Show counts of the board, and the status of the dispatcher
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban stats\n  \
    kanban stats --json | jq .by_status")]
pub(crate) struct Args {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// The statuses in the order of the columns; each is shown even when it has no task.
const SHOWN: [&str; 6] = ["triage", "todo", "ready", "running", "blocked", "done"];

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let stats = session.kernel.stats().await?;
    let dispatch = session.kernel.dispatch().await?;
    let ready = session.kernel.ready_counts().await?;
    if args.json {
        return output.json(&StatsObject::new(&stats, &dispatch, &ready));
    }
    print_stats(&stats, output);
    print_dispatcher(&dispatch, &ready, output);
    Ok(())
}

fn print_stats(stats: &Stats, output: &mut Output) {
    output.line("By status:");
    let others = stats.by_status.keys().map(String::as_str);
    for status in SHOWN
        .into_iter()
        .chain(others.filter(|name| !SHOWN.contains(name)))
    {
        let count = stats.by_status.get(status).copied().unwrap_or_default();
        output.line(format_args!("  {status:8}  {count}"));
    }
    if !stats.by_assignee.is_empty() {
        output.line("By assignee:");
    }
    for (assignee, counts) in &stats.by_assignee {
        let counts: Vec<_> = counts
            .iter()
            .map(|(status, count)| format!("{status}={count}"))
            .collect();
        output.line(format_args!("  {assignee:20}  {}", counts.join(", ")));
    }
    if let Some(age) = stats.oldest_ready_age_seconds {
        output.line(format_args!("Oldest ready task age: {age}s"));
    }
}

fn print_dispatcher(dispatch: &Dispatch, ready: &[ReadyCount], output: &mut Output) {
    output.line("Dispatcher:");
    let mut field = |name: &str, value: String| {
        output.line(format_args!("  {name:10}  {value}"));
    };
    let ago = |moment: domain::time::Timestamp| {
        let past = dispatch.now.seconds_since(moment);
        if past >= 0 {
            format!("{} ago", Seconds(past))
        } else {
            format!("in {}", Seconds(-past))
        }
    };
    match dispatch.living() {
        Some(report) => {
            field("state", format!("on, as {}", report.claimer));
            let running = dispatch.count();
            field(
                "running",
                format!("{running} of {} ({})", report.cap, report.cap_reason),
            );
            let never = || "never".to_owned();
            field("last tick", report.last_tick.map_or_else(never, ago));
            field("next tick", report.next_tick.map_or_else(never, ago));
            if report.bad_ticks > 0 {
                let stuck = "looks in a row found ready work and room, and started nothing";
                field("stuck", format!("{} {stuck}", report.bad_ticks));
            }
            if let Some(problem) = &report.problem {
                field("problem", problem.clone());
            }
        }
        None => field(
            "state",
            "off; start one with `kanban serve` or `kanban daemon`".to_owned(),
        ),
    }
    for pause in &dispatch.paused {
        let what = super::lanes::called(pause.lane.as_deref());
        field(
            "paused",
            format!("{what}, by {}, {}", pause.by, ago(pause.since)),
        );
    }
    let is_held = |hold: &&LaneHold| hold.lets(dispatch.now) == Lets::None;
    for hold in dispatch.holds.iter().filter(is_held) {
        field("held", format!("{}: {}", hold.name, text::hold(hold)));
    }
    for count in ready {
        let assignee = count.assignee.as_deref().unwrap_or("(unassigned)");
        let resting = match count.resting {
            0 => String::new(),
            resting => format!(", {resting} of them resting"),
        };
        field("ready", format!("{} for {assignee}{resting}", count.ready));
    }
}
