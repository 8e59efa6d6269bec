//! `kanban promote`.

use domain::command::{Count, MoveTask, PromoteWaiting};
use domain::status::Status;
use serde_json::json;

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Make tasks ready: those named, else all whose parents are finished
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  kanban promote t_1a2b3c4d\n  kanban promote")]
pub(crate) struct Args {
    /// The tasks
    task_ids: Vec<String>,
    /// Print the tasks, or the number of them where none was named, as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if args.task_ids.is_empty() {
        let receipt = session.execute(PromoteWaiting {}).await?;
        let Count(count) = receipt.answer;
        if args.json {
            return output.json(&json!({ "promoted": count }));
        }
        output.line(format_args!("Promoted: {count}"));
        return Ok(());
    }
    let mut bulk = Bulk::new(session, output, "promote").json(args.json);
    for text in &args.task_ids {
        let command = |task| MoveTask {
            task,
            to: Status::Ready,
        };
        bulk.named(text, command, |task| format!("Promoted {task}"))
            .await;
    }
    bulk.finish().await
}
