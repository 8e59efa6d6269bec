//! `kanban edit`.

use domain::command::Command;

use super::json::TaskObject;
use super::output::Output;
use super::session::{self, Session};
use super::{body, usage};

/// Change what a task says, or how urgent it is
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban edit t_1a2b3c4d --title 'mend the door' --priority 5\n  \
    kanban edit t_1a2b3c4d --body-file story.md\n  \
    kanban edit t_1a2b3c4d --body - < story.md")]
pub(super) struct Args {
    /// The task
    task_id: String,
    /// The new title
    #[arg(long)]
    title: Option<String>,
    #[command(flatten)]
    body: body::Args,
    /// The new priority: higher starts sooner
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER")]
    priority: Option<i64>,
    /// Print the task as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = session::known(&args.task_id)?;
    let (title, body) = (args.title, args.body.read(session)?);
    let mut commands = Vec::new();
    if title.is_some() || body.is_some() {
        let task = task.clone();
        commands.push(Command::EditTask { task, title, body });
    }
    if let Some(priority) = args.priority {
        let task = task.clone();
        commands.push(Command::SetPriority { task, priority });
    }
    usage::ensure(
        !commands.is_empty(),
        "nothing to change; say what with --title, --body, --body-file or --priority",
    )?;
    session.execute_all(commands).await?;
    if args.json {
        return output.json(&TaskObject::from(&session.task(&task).await?));
    }
    output.line(format_args!("Edited {task}"));
    Ok(())
}
