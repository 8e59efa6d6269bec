//! `kanban promote`.

use domain::command::Command;
use domain::status::Status;

use super::output::Output;
use super::session::{self, Session};
use crate::answer;

/// Make tasks ready: those named, else all that wait for nothing any more
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tasks
    task_ids: Vec<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if args.task_ids.is_empty() {
        let receipt = session.execute(Command::PromoteWaiting).await?;
        output.line(format_args!("Promoted: {}", answer::promoted(&receipt)?));
        return Ok(());
    }
    for text in &args.task_ids {
        match promote(text, session).await {
            Ok(()) => output.line(format_args!("Promoted {text}")),
            Err(error) => output.complain(format_args!("cannot promote {text} ({error})")),
        }
    }
    Ok(())
}

async fn promote(text: &str, session: &Session) -> anyhow::Result<()> {
    let task = session::known(text)?;
    session
        .execute(Command::MoveTask {
            task,
            to: Status::Ready,
        })
        .await?;
    Ok(())
}
