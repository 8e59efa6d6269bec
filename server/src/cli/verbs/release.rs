//! `kanban release`.

use domain::command::{Change, ReleaseLane};
use serde_json::json;

use super::lanes;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::lanes::check_lane_or_pool;

/// Release a held lane or pool: one task starts, and the others when that one lasts
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban release claude")]
pub(crate) struct Args {
    /// The lane or the pool
    lane: String,
    /// Print the lane as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let lane = args.lane;
    let release = ReleaseLane { lane: lane.clone() };
    let change = session.execute(release).await?.answer;
    if change == Change::Unchanged {
        // Whoever has mistyped it wants to know.
        let known = lanes::read(session).await?.lanes;
        check_lane_or_pool(&lane, &known)?;
    }
    if args.json {
        return output.json(&json!({ "lane": lane }));
    }
    match change {
        Change::Done => output.line(format_args!("Released {lane}")),
        Change::Unchanged => output.line(format_args!("{lane} is not held")),
    }
    Ok(())
}
