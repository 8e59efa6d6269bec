//! `kanban gc`.

use anyhow::Context as _;
use dispatcher::gc::{self, Mode, Reason, Report, Retention};
use dispatcher::{Config, Settings};
use domain::time::Seconds;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::session::Session;

/// Clean up: remove old events, old logs, and the workspaces of tasks archived long ago
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban gc --dry-run\n  \
    kanban gc --event-retention-days 90")]
pub(crate) struct Args {
    /// The retention of the events of finished tasks in days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    event_retention_days: u32,
    /// The retention of a log after its last line in days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    log_retention_days: u32,
    /// The retention of the workspace of an archived task in days
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    workspace_retention_days: u32,
    /// Remove nothing; list the candidates
    #[arg(long)]
    dry_run: bool,
    /// Print what was removed as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let retention = Retention {
        events: days(args.event_retention_days),
        logs: days(args.log_retention_days),
        workspaces: days(args.workspace_retention_days),
    };
    let mode = if args.dry_run {
        Mode::DryRun
    } else {
        Mode::Remove
    };
    let actor = session.actor();
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let settings = Settings::read(&session.home, &Config::new(program))?;
    let (home, repositories) = (&session.home, settings.repositories());
    let collecting = gc::collect(&session.kernel, &actor, home, repositories, retention, mode);
    let Report {
        workspaces,
        events,
        logs,
        kept,
    } = progress::during("clearing up", collecting).await?;
    if !args.dry_run
        && kept
            .iter()
            .any(|kept| matches!(kept.reason, Reason::System(_)))
    {
        output.complain("kanban: not all could be removed; see what was kept, and why");
    }
    if args.json {
        let kept = kept
            .iter()
            .map(|kept| json!({ "path": kept.path, "reason": kept.reason.to_string() }));
        return output.json(&json!({
            "dry_run": args.dry_run,
            "workspaces": workspaces,
            "events": events,
            "logs": logs,
            "kept": kept.collect::<Vec<_>>(),
        }));
    }
    if args.dry_run {
        for path in workspaces.iter().chain(&logs) {
            output.line(format_args!("would remove {}", path.display()));
        }
    }
    for kept in &kept {
        output.line(format_args!(
            "kept {}: {}",
            kept.path.display(),
            kept.reason
        ));
    }
    let (verb, removed) = if args.dry_run {
        ("GC dry run", "would be removed")
    } else {
        ("GC complete", "removed")
    };
    output.line(format_args!(
        "{verb}: {} workspace(s), {events} event row(s), {} log file(s) {removed}",
        workspaces.len(),
        logs.len()
    ));
    Ok(())
}

fn days(days: u32) -> Seconds {
    Seconds(i64::from(days) * 86_400)
}
