//! `kanban snooze`.

use domain::command::SnoozeTask;
use domain::time::{Seconds, Timestamp};
use jiff::Zoned;
use jiff::civil::DateTime;

use crate::cli::bulk::Bulk;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Start tasks no sooner than at a moment; they stay in their columns
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
    #[arg(long, value_name = "MOMENT", value_parser = coming_moment)]
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

/// Reads a moment that is still to come, in the time zone of the machine: `18:00` is today or tomorrow,
/// `2027-01-04` is the beginning of that day.
fn coming_moment(text: &str) -> Result<Timestamp, String> {
    let now = Zoned::now();
    let at = |moment: DateTime| moment.to_zoned(now.time_zone().clone()).ok();
    let time_of_day = || {
        let today = at(now.date().to_datetime(text.parse().ok()?))?;
        if today > now {
            Some(today)
        } else {
            today.tomorrow().ok()
        }
    };
    let moment = (text
        .parse()
        .ok()
        .map(|moment: jiff::Timestamp| moment.as_second()))
    .or_else(|| Some(at(text.parse().ok()?)?.timestamp().as_second()))
    .or_else(|| Some(time_of_day()?.timestamp().as_second()));
    moment
        .map(Timestamp)
        .ok_or_else(|| "write 18:00, 2027-01-04 or '2027-01-04 18:00'".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_time_of_day_a_date_or_both() {
        let day = coming_moment("2027-01-04").unwrap();
        let hour = coming_moment("2027-01-04 18:00").unwrap();
        assert_eq!(hour.seconds_since(day), 18 * 3_600);
        assert_eq!(
            coming_moment("2027-01-04T18:00:00+01:00"),
            Ok(Timestamp(1_799_082_000))
        );
        let now = Timestamp(jiff::Timestamp::now().as_second());
        for text in ["00:00", "12:30", "23:59"] {
            let ahead = coming_moment(text).unwrap().seconds_since(now);
            assert!((0..=25 * 3_600).contains(&ahead), "{text}: {ahead}");
        }
        for text in ["", "soon", "25:00", "2027-13-01", "18"] {
            assert!(coming_moment(text).is_err(), "{text}");
        }
    }
}
