//! `kanban complete`.

use domain::command::Command;
use domain::id::TaskId;

use super::output::Output;
use super::session::{self, Session};

/// Finish tasks
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tasks; a worker may leave out its own
    task_ids: Vec<String>,
    /// What came out of it; the tasks that wait for it are told
    #[arg(long)]
    result: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if args.task_ids.is_empty() {
        let own = session.task_or_own(None)?;
        complete(own, args.result, session, output).await;
        return Ok(());
    }
    for text in &args.task_ids {
        match session::known(text) {
            Ok(id) => complete(id, args.result.clone(), session, output).await,
            Err(error) => output.complain(format_args!("cannot complete {text} ({error})")),
        }
    }
    Ok(())
}

async fn complete(id: TaskId, result: Option<String>, session: &Session, output: &mut Output) {
    let command = Command::CompleteTask {
        task: id.clone(),
        result,
    };
    match session.execute(command).await {
        Ok(_) => output.line(format_args!("Completed {id}")),
        Err(refusal) => output.complain(format_args!("cannot complete {id} ({refusal})")),
    }
}
