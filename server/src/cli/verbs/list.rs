//! `kanban list`.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use domain::status::Status;
use domain::text::one_line;
use kernel::{TaskFilter, TaskLine};

use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::paint::Paint;
use crate::cli::session::Session;
use crate::cli::text;

/// List tasks: urgent first, then oldest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban list --mine --status blocked\n  \
    kanban ls --tenant acme --json | jq -r '.[].title'")]
pub(crate) struct Args {
    /// Only yours
    #[arg(long)]
    mine: bool,
    /// Only those of this assignee
    #[arg(long)]
    assignee: Option<String>,
    /// Only those of this status
    #[arg(long, value_parser = PossibleValuesParser::new(NAMES).map(Status::from))]
    status: Option<Status>,
    /// Only those of this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Archived ones too
    #[arg(long)]
    archived: bool,
    /// Print them as JSON
    #[arg(long)]
    json: bool,
}

const NAMES: [&str; 8] = [
    "triage", "todo", "ready", "running", "review", "blocked", "done", "archived",
];

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let own = args.mine.then(|| session.author.clone());
    let filter = TaskFilter {
        assignee: args.assignee.or(own),
        status: args.status,
        tenant: args.tenant,
        include_archived: args.archived,
    };
    if args.json {
        let tasks = session.kernel.tasks(filter).await?;
        let branches = session.kernel.branches().await?;
        let objects = tasks.iter().map(|task| {
            let branch = branches.get(&task.id);
            TaskObject::from(task).on(branch)
        });
        return output.json(&objects.collect::<Vec<_>>());
    }
    let tasks = session.kernel.task_lines(filter).await?;
    if tasks.is_empty() {
        output.note("(no matching tasks)");
    }
    for task in &tasks {
        output.painted_line(line(task, output.paint));
    }
    Ok(())
}

pub(super) fn line(task: &TaskLine, paint: Paint) -> String {
    let TaskLine { id, status, .. } = task;
    let assignee = one_line(task.assignee.as_deref().unwrap_or("(unassigned)"));
    let tenant = task.tenant.as_deref().map(one_line);
    let tenant = tenant.map(|tenant| paint.dim(format_args!("[{tenant}] ")));
    format!(
        "{} {id}  {}  {}  {}{}",
        paint.status(status, text::icon(status)),
        paint.status(status, format_args!("{:8}", one_line(status.as_str()))),
        paint.dim(format_args!("{assignee:20}")),
        tenant.unwrap_or_default(),
        one_line(&task.title)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_can_be_asked_for() {
        assert_eq!(
            NAMES.map(|name| Status::from_name(name).unwrap()),
            Status::ALL
        );
    }
}
