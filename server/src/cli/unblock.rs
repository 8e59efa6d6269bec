//! `kanban unblock`.

use domain::command::Command;

use super::output::Output;
use super::session::{self, Session};

/// Let blocked tasks go on
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tasks
    #[arg(required = true)]
    task_ids: Vec<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    for text in &args.task_ids {
        match unblock(text, session).await {
            Ok(()) => output.line(format_args!("Unblocked {text}")),
            Err(error) => output.complain(format_args!("cannot unblock {text} ({error})")),
        }
    }
    Ok(())
}

async fn unblock(text: &str, session: &Session) -> anyhow::Result<()> {
    let task = session::known(text)?;
    session.execute(Command::UnblockTask { task }).await?;
    Ok(())
}
