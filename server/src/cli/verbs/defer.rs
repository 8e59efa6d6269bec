//! `kanban defer`.

use domain::command::DeferTask;

use super::hold::End;
use crate::cli::body::or_stdin;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Put a running task off until a moment, for a limit that its worker has met
///
/// The lane starts nothing until then, nor does what shares its account. The attempt does not count.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban defer t_1a2b3c4d --until 02:00 usage limit reached\n  \
    kanban defer --for 1h     (a worker leaves out its own task)")]
pub(crate) struct Args {
    /// The task, which a worker may leave out, and the limit; `-` reads that from standard input
    #[arg(value_name = "TASK_ID REASON")]
    words: Vec<String>,
    #[command(flatten)]
    end: End,
    /// Print the events as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (task, reason) = session.split_words(&args.words)?;
    let reason = Some(or_stdin(reason, session)?);
    let said = args.end.said(session.kernel.now());
    let End { until, span } = args.end;
    let defer = DeferTask {
        task: task.clone(),
        until,
        span,
        reason,
    };
    let receipt = session.execute(defer).await?;
    if args.json {
        return output.json(&receipt);
    }
    output.line(format_args!("Put off {task} until {said}"));
    Ok(())
}
