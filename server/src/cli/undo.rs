//! `kanban undo`.

use domain::command::Command;
use domain::id::EventId;
use serde_json::json;

use super::output::Output;
use super::session::Session;

/// Take back what somebody did, as long as nobody has built upon it
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban show t_1a2b3c4d     (the numbers of its events)\n  \
    kanban undo 42")]
pub(super) struct Args {
    /// The number of an event that it wrote, as `kanban show` prints it
    event: i64,
    /// Print the number of the event as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let event = EventId(args.event);
    session.execute(Command::Undo { event }).await?;
    if args.json {
        return output.json(&json!({ "undone": event }));
    }
    output.line(format_args!("Undone: event {event}"));
    Ok(())
}
