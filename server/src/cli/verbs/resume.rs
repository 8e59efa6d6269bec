//! `kanban resume`.

use domain::command::Resume;
use serde_json::json;

use super::lanes;
use crate::cli::output::Output;
use crate::cli::session::Session;

/// Resume the dispatcher or a lane
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban resume\n  \
    kanban resume claude")]
pub(crate) struct Args {
    /// The lane; the whole dispatcher unless it is named. A lane that is paused for itself stays paused
    lane: Option<String>,
    /// Print the lane as JSON; `null` is all of them
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let what = lanes::called(args.lane.as_deref());
    let lane = args.lane;
    session.execute(Resume { lane: lane.clone() }).await?;
    if args.json {
        return output.json(&json!({ "lane": lane }));
    }
    output.line(format_args!("Resumed {what}"));
    Ok(())
}
