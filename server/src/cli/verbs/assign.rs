//! `kanban assign`.

use domain::command::AssignTask;

use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// Give a task to somebody, or to nobody
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban assign t_1a2b3c4d shell\n  \
    kanban assign t_1a2b3c4d none\n  \
    kanban assign t_1a2b3c4d claude --stop")]
pub(crate) struct Args {
    /// The task
    task_id: String,
    /// The assignee; `none`, `-` or `null` is nobody
    profile: String,
    /// Stop the worker that has the task; without this a running task is refused
    #[arg(long)]
    stop: bool,
    /// Print the task as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = session::known(&args.task_id)?;
    let assignee = Some(args.profile).filter(|name| !is_nobody(name));
    let whom = assignee
        .clone()
        .unwrap_or_else(|| "(unassigned)".to_owned());
    let command = AssignTask {
        task: task.clone(),
        assignee,
        stop: args.stop,
        reason: None,
    };
    session.execute(command).await?;
    if args.json {
        return output.json(&TaskObject::from(&session.task(&task).await?));
    }
    output.line(format_args!("Assigned {task} to {whom}"));
    Ok(())
}

fn is_nobody(name: &str) -> bool {
    let name = name.trim();
    ["", "none", "-", "null"]
        .iter()
        .any(|nobody| name.eq_ignore_ascii_case(nobody))
}
