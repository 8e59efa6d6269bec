//! `kanban move`.

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use domain::command::MoveTask;
use domain::status::Status;

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Move tasks to another column
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban move t_1a2b3c4d todo\n  \
    kanban move t_1a2b3c4d ready --ids t_5e6f7a8b t_9c0d1e2f\n\n\
    The other columns have verbs of their own: claim, block, complete, archive.")]
pub(crate) struct Args {
    /// The task
    task_id: String,
    /// The column
    #[arg(value_parser = PossibleValuesParser::new(["triage", "todo", "ready"]).map(Status::from))]
    status: Status,
    /// More tasks, into the same column
    #[arg(long, num_args = 1.., value_name = "ID")]
    ids: Vec<String>,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let to = &args.status;
    let mut bulk = Bulk::new(session, output, "move").json(args.json);
    for text in std::iter::once(&args.task_id).chain(&args.ids) {
        let command = |task| MoveTask {
            task,
            to: to.clone(),
        };
        bulk.named(text, command, |task| format!("Moved {task} to {to}"))
            .await;
    }
    bulk.finish().await
}
