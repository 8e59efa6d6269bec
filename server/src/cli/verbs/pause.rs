//! `kanban pause`.

use domain::command::Pause;
use serde_json::json;

use super::lanes;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::lanes::check_lane;

/// Pause the dispatcher or a lane until `kanban resume`; running workers go on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban pause\n  \
    kanban pause claude")]
pub(crate) struct Args {
    /// The lane; all of them unless it is named
    lane: Option<String>,
    /// Print the lane as JSON; `null` is all of them
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    if let Some(lane) = &args.lane {
        let known = lanes::read(session).await?.lanes;
        check_lane(lane, &known)?;
    }
    let what = lanes::called(args.lane.as_deref());
    let lane = args.lane;
    session.execute(Pause { lane: lane.clone() }).await?;
    if args.json {
        return output.json(&json!({ "lane": lane }));
    }
    output.line(format_args!("Paused {what}"));
    Ok(())
}
