//! `kanban block`.

use domain::command::BlockTask;
use domain::id::TaskId;

use crate::cli::body::or_stdin;
use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Block tasks until a person has answered
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban block t_1a2b3c4d which city?\n  \
    kanban block waits for the review --ids t_5e6f7a8b     (a worker leaves out its own task)")]
pub(crate) struct Args {
    /// The task, which a worker may leave out, and the question or what is missing; `-` reads that from
    /// standard input
    #[arg(value_name = "TASK_ID REASON")]
    words: Vec<String>,
    /// More tasks, for the same reason
    #[arg(long, num_args = 1.., value_name = "ID")]
    ids: Vec<String>,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (first, reason) = session.split_words(&args.words)?;
    let reason = Some(or_stdin(reason, session)?).filter(|reason| !reason.trim().is_empty());
    let command = |task| BlockTask {
        task,
        reason: reason.clone(),
    };
    let said = |task: &TaskId| match &reason {
        Some(reason) => format!("Blocked {task}: {reason}"),
        None => format!("Blocked {task}"),
    };
    let mut bulk = Bulk::new(session, output, "block").json(args.json);
    bulk.task(first, command, said).await;
    for text in &args.ids {
        bulk.named(text, command, said).await;
    }
    bulk.finish().await
}
