//! `kanban sample`.

use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Fill an empty board with a few tasks that show how it works
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kanban --home /tmp/try sample && kanban --home /tmp/try serve"
)]
pub(crate) struct Args {
    /// Print the ids of the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let tasks = dispatcher::sample::fill(&session.kernel, &session.actor()).await?;
    if args.json {
        return output.json(&json!({ "tasks": tasks }));
    }
    let count = tasks.len();
    output.line(format_args!(
        "Created {count} tasks; `kanban serve` runs them"
    ));
    Ok(())
}
