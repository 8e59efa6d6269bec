//! `kanban context`.

use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Print the prompt of a worker: its task, and how to report
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kanban context t_1a2b3c4d\n  kanban context     (in a worker)"
)]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let context = session.kernel.context(&id).await?;
    if args.json {
        return output.json(&json!({ "task_id": id, "context": context }));
    }
    output.text(&context);
    Ok(())
}
