//! `kanban unblock`.

use domain::command::UnblockTask;

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Unblock tasks: the question is answered
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban comment t_1a2b3c4d Lisbon && kanban unblock t_1a2b3c4d")]
pub(crate) struct Args {
    /// The tasks
    #[arg(required = true)]
    task_ids: Vec<String>,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let mut bulk = Bulk::new(session, output, "unblock").json(args.json);
    for text in &args.task_ids {
        let command = |task| UnblockTask { task };
        bulk.named(text, command, |task| format!("Unblocked {task}"))
            .await;
    }
    bulk.finish().await
}
