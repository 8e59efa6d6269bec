//! `kanban log`.

use dispatcher::logs;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Print the log of a task: the output of its workers
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban log t_1a2b3c4d\n  \
    kanban log t_1a2b3c4d --tail 2000")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Only about so many bytes of its end, from the beginning of a line on where there is one
    #[arg(long, value_name = "BYTES")]
    tail: Option<u64>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    session.may_read_log(&id).await?;
    let log = logs::read(&session.home, &id, args.tail).await?;
    if !log.exists {
        output.complain(format_args!(
            "(no log for {id} — task may not have spawned yet)"
        ));
        return Ok(());
    }
    if args.json {
        return output.json(&json!({ "task_id": id, "content": log.text }));
    }
    output.printed(&log.text);
    Ok(())
}
