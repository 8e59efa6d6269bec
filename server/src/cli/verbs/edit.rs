//! `kanban edit`.

use domain::command::{Command, EditTask, LimitTask, SetPriority};
use domain::time::{Seconds, Timestamp};

use super::create;
use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};
use crate::cli::{body, text, usage};

/// Edit the texts, priority, limits or due time of a task
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban edit t_1a2b3c4d --title 'mend the door' --priority 5\n  \
    kanban edit t_1a2b3c4d --body-file story.md\n  \
    kanban edit t_1a2b3c4d --body - < story.md")]
pub(crate) struct Args {
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
    /// The time limit of an attempt, from the next one on; `0` is that of its lane
    #[arg(long, value_name = "TIME", value_parser = text::span)]
    max_runtime: Option<Seconds>,
    /// The due time: `2027-01-04`, `18:00`, both, or `never`
    #[arg(long, value_name = "MOMENT", value_parser = due)]
    due: Option<Timestamp>,
    /// The script that has to exit with 0 before it counts as done; an empty one removes it
    #[arg(long, value_name = "SCRIPT")]
    check: Option<String>,
    /// The number of red checks in a row that blocks it; `0` is the limit of its lane
    #[arg(long, value_name = "COUNT")]
    rework_limit: Option<u32>,
    /// The one who has to approve its work: `person`, or a lane; an empty one leaves that to its lane
    #[arg(long, value_name = "NAME")]
    review: Option<String>,
    /// The method by which its work lands: `merge` or `rebase`; an empty one leaves that to its lane
    #[arg(long, value_name = "METHOD")]
    land_method: Option<String>,
    /// The number of failures in a row that blocks it; `0` is the limit of the board
    #[arg(long, alias = "max-retries", value_name = "COUNT")]
    failure_limit: Option<u32>,
    /// Print the task as JSON
    #[arg(long)]
    json: bool,
}

fn due(text: &str) -> Result<Timestamp, String> {
    match text {
        "never" => Ok(Timestamp(0)),
        text => create::due(text),
    }
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = session::known(&args.task_id)?;
    let (title, body) = (args.title, args.body.read(session)?);
    let mut commands: Vec<Command> = Vec::new();
    let edit = EditTask {
        title,
        body,
        due_at: args.due,
        check: args.check,
        review: args.review,
        land_method: args.land_method,
        ..EditTask::of(task.clone())
    };
    if edit != EditTask::of(task.clone()) {
        commands.push(edit.into());
    }
    if let Some(priority) = args.priority {
        let task = task.clone();
        commands.push(SetPriority { task, priority }.into());
    }
    let limit = LimitTask {
        task: task.clone(),
        max_runtime: args.max_runtime,
        failure_limit: args.failure_limit,
        rework_limit: args.rework_limit,
    };
    if limit.max_runtime.is_some() || limit.failure_limit.or(limit.rework_limit).is_some() {
        commands.push(limit.into());
    }
    usage::ensure(
        !commands.is_empty(),
        "nothing to change; say what with --title, --body, --body-file, --priority, --due, \
         --check, --review, --land-method, --max-runtime, --failure-limit or --rework-limit",
    )?;
    session.execute_all(commands).await?;
    if args.json {
        return output.json(&TaskObject::from(&session.task(&task).await?));
    }
    output.line(format_args!("Edited {task}"));
    Ok(())
}
