//! `kanban hold`.

use domain::command::HoldLane;
use domain::time::{Seconds, Timestamp};
use serde_json::json;

use super::lanes;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;
use crate::lanes::check_lane_or_pool;

/// Hold a lane or a pool until a moment: nothing starts in it, running workers go on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban hold claude --until 02:00\n  \
    kanban hold anthropic --for 5h the budget of today is spent")]
pub(crate) struct Args {
    /// The lane or the pool
    lane: String,
    /// The reason, for whoever asks
    #[arg(value_name = "REASON")]
    reason: Vec<String>,
    #[command(flatten)]
    end: End,
    /// Print the hold as JSON
    #[arg(long)]
    json: bool,
}

/// The end of a hold.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct End {
    /// Until a time of day, a date, or both
    #[arg(long, value_name = "MOMENT", value_parser = text::coming_moment)]
    pub(super) until: Option<Timestamp>,
    /// For so long: seconds, or a number with s, m, h or d
    #[arg(long = "for", value_name = "SPAN", value_parser = text::span)]
    pub(super) span: Option<Seconds>,
}

impl End {
    /// The moment, for people.
    pub(super) fn said(&self, now: Timestamp) -> String {
        let until = self.span.map(|span| now + span).or(self.until);
        until.map_or_else(String::new, text::moment)
    }
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let known = lanes::read(session).await?.lanes;
    check_lane_or_pool(&args.lane, &known)?;
    let (lane, End { until, span }) = (args.lane, &args.end);
    let said = args.end.said(session.kernel.now());
    let reason = Some(args.reason.join(" "));
    let (until, span) = (*until, *span);
    let hold = HoldLane {
        lane: lane.clone(),
        until,
        span,
        reason,
    };
    session.execute(hold).await?;
    if args.json {
        let holds = session.kernel.dispatch().await?.holds;
        return output.json(&json!(holds.iter().find(|hold| hold.name == lane)));
    }
    output.line(format_args!("Held {lane} until {said}"));
    Ok(())
}
