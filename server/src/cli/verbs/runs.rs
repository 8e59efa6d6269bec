//! `kanban runs`.

use domain::run::Run;
use domain::time::{Seconds, Timestamp};

use crate::cli::json::RunObject;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// List the attempts at a task, oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban runs t_1a2b3c4d\n  \
    kanban runs t_1a2b3c4d --json | jq '.[-1].error'")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let runs = session.detail(&id).await?.runs;
    if args.json {
        return output.json(&runs.iter().map(RunObject::from).collect::<Vec<_>>());
    }
    if runs.is_empty() {
        output.note(format_args!("(no runs of {id})"));
    }
    let now = session.kernel.now();
    for run in &runs {
        output.line(line(run, now));
    }
    Ok(())
}

fn line(run: &Run, now: Timestamp) -> String {
    let outcome = run.outcome.map_or("running", |outcome| outcome.as_str());
    let lane = run.lane.as_deref().unwrap_or("by hand");
    let took = Seconds(run.ended_at.unwrap_or(now).seconds_since(run.started_at));
    let code = run.exit_code.map(|code| format!("  exit {code}"));
    let error = run.error.as_ref().map(|error| format!("  {error}"));
    format!(
        "{} [{}] {lane:12}  {outcome:14}  {took}{}{}",
        run.id,
        text::moment(run.started_at),
        code.unwrap_or_default(),
        error.unwrap_or_default(),
    )
}
