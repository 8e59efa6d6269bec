//! `kanban context`.

use super::output::Output;
use super::session::Session;

/// Print what a worker of a task is told
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    output.text(&session.kernel.context(&id).await?);
    Ok(())
}
