//! `kanban tail`.

use std::time::Duration;

use domain::board::Frame;
use domain::event::Event;
use domain::id::EventId;

use crate::cli::follow::{Pace, follow};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Follow one task: everything that happened to it, then everything that happens
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban tail t_1a2b3c4d\n  \
    kanban tail t_1a2b3c4d --json | jq -r .kind")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    #[command(flatten)]
    pace: Pace,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// As often as the original looks.
const USUAL: Duration = Duration::from_secs(1);

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    // The cursor is read first: what happens in between is read twice and told once.
    let since = *session.kernel.newest_event().borrow();
    let past = session.detail(&id).await?.events;
    let mut told = EventId(0);
    for event in &past {
        told = told.max(event.id);
        print(event, args.json, output)?;
    }
    if !output.pour()? {
        return Ok(());
    }
    let tell = |frame: &Frame, output: &mut Output| {
        let news = frame
            .events
            .iter()
            .filter(|event| event.task_id == id && event.id > told);
        for event in news {
            print(event, args.json, output)?;
        }
        Ok(())
    };
    follow(session, output, since, (&args.pace, USUAL), tell).await
}

fn print(event: &Event, json: bool, output: &mut Output) -> anyhow::Result<()> {
    if json {
        return output.json_line(event);
    }
    let at = output
        .paint
        .dim(format_args!("[{}]", text::moment(event.created_at)));
    output.painted_line(format_args!("{at} {}", text::event(event)));
    Ok(())
}
