//! `kanban cancel`.

use domain::command::CancelRun;

use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// Stop the worker of a task; the task goes to `todo` and stays there
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban cancel t_1a2b3c4d")]
pub(crate) struct Args {
    /// The task
    task_id: String,
    /// Print the task as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = session::known(&args.task_id)?;
    let cancel = CancelRun { task: task.clone() };
    session.execute(cancel).await?;
    if args.json {
        return output.json(&TaskObject::from(&session.task(&task).await?));
    }
    output.line(format_args!("Cancelled {task}"));
    Ok(())
}
