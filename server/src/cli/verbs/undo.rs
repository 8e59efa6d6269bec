//! `kanban undo`.

use anyhow::Context as _;
use domain::command::Undo;
use domain::id::EventId;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Undo your newest change, or the one that wrote an event, until something was built on it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban undo                (the newest change in your name; again for the one before)\n  \
    kanban show t_1a2b3c4d     (the numbers of its events)\n  \
    kanban undo 42")]
pub(crate) struct Args {
    /// The number of an event that it wrote, as `kanban show` prints it
    event: Option<i64>,
    /// Print the number of the event as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let last = match args.event {
        Some(_) => None,
        None => session.kernel.last_act_by(&session.actor()).await?,
    };
    let event = args.event.map(EventId).or(last.as_ref().map(|it| it.id));
    let event =
        event.with_context(|| format!("nothing that {} did can be undone", session.author))?;
    session.execute(Undo { event }).await?;
    if args.json {
        return output.json(&json!({ "undone": event }));
    }
    match last {
        Some(last) => output.line(format_args!(
            "Undone: event {event}, {} {}",
            last.kind, last.task_id
        )),
        None => output.line(format_args!("Undone: event {event}")),
    }
    Ok(())
}
