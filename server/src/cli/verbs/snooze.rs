//! `kanban snooze`.

use domain::command::SnoozeTask;
use domain::time::{Seconds, Timestamp};

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Snooze tasks: they stay in their columns and start no sooner than at a moment
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban snooze t_1a2b3c4d --until 18:00\n  \
    kanban snooze t_1a2b3c4d --until '2027-01-04 09:00'\n  \
    kanban snooze t_1a2b3c4d t_5e6f7a8b --for 2h\n  \
    kanban snooze t_1a2b3c4d --off")]
pub(crate) struct Args {
    /// The tasks
    #[arg(required = true)]
    task_ids: Vec<String>,
    #[command(flatten)]
    end: End,
    /// Print the tasks as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct End {
    /// Until a time of day, a date, or both
    #[arg(long, value_name = "MOMENT", value_parser = text::coming_moment)]
    until: Option<Timestamp>,
    /// For so long: seconds, or a number with s, m, h or d
    #[arg(long = "for", value_name = "SPAN", value_parser = text::span)]
    span: Option<Seconds>,
    /// No longer
    #[arg(long)]
    off: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let End { until, span, .. } = args.end;
    let now = session.kernel.now();
    let said = match span.map(|span| now + span).or(until) {
        Some(until) => format!(" until {}", text::moment(until)),
        None => " no longer".to_owned(),
    };
    let mut bulk = Bulk::new(session, output, "snooze").json(args.json);
    for task in &args.task_ids {
        let snooze = |task| SnoozeTask { task, until, span };
        bulk.named(task, snooze, |task| format!("Snoozed {task}{said}"))
            .await;
    }
    bulk.finish().await
}
