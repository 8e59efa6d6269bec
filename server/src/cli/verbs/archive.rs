//! `kanban archive`.

use domain::command::ArchiveTask;

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Archive tasks; the tasks that wait for them go on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban archive t_1a2b3c4d t_5e6f7a8b\n  \
    kanban list --status archived")]
pub(crate) struct Args {
    /// The tasks
    #[arg(required = true)]
    task_ids: Vec<String>,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let mut bulk = Bulk::new(session, output, "archive").json(args.json);
    for text in &args.task_ids {
        let command = |task| ArchiveTask { task };
        bulk.named(text, command, |task| format!("Archived {task}"))
            .await;
    }
    bulk.finish().await
}
