//! The formats of text in a terminal.

pub(super) use crate::moment::moment;

use domain::dispatch::WhyNot;
use domain::event::Event;
use domain::hold::LaneHold;
use domain::landing::Landing;
use domain::status::Status;
use domain::text::one_line;
use domain::time::{Seconds, Timestamp};
use jiff::Zoned;
use jiff::civil::DateTime;

/// A mark that is quicker to find than a word.
pub(super) const fn icon(status: &Status) -> char {
    match status {
        Status::Todo => '◻',
        Status::Ready => '▶',
        Status::Running => '●',
        Status::Review => '◎',
        Status::Blocked => '⊘',
        Status::Done => '✓',
        Status::Archived => '—',
        Status::Triage | Status::Other(_) => '?',
    }
}

/// The time relative to now: `3m 5s ago`, `in 2h`.
pub(super) fn relative(now: Timestamp, at: Timestamp) -> String {
    match now.seconds_since(at) {
        past @ 0.. => format!("{} ago", Seconds(past)),
        coming => format!("in {}", Seconds(coming.saturating_neg())),
    }
}

/// A landing that was asked for, in a line, with the reasons why it waits: what is in its way, and what
/// keeps every landing from beginning.
pub(super) fn landing(landing: &Landing, why_none: Option<&WhyNot>, now: Timestamp) -> String {
    let onto = landing.onto.as_deref().unwrap_or("a branch to be named");
    let asked = relative(now, landing.asked_at);
    let problem = landing.problem.as_ref();
    let problem = problem.map_or_else(String::new, |problem| format!("; it waits: {problem}"));
    let why = why_none.map_or_else(String::new, |why| format!("; no landing begins: {why}"));
    let says = format!(
        "on {onto}, asked for by {} {asked}{problem}{why}",
        landing.by
    );
    one_line(&says).into_owned()
}

/// Reads a moment that is still to come, in the time zone of the machine: `18:00` is today or tomorrow,
/// `2027-01-04` is the beginning of that day.
#[expect(
    clippy::disallowed_methods,
    reason = "an argument is read before there is a board whose clock could be asked"
)]
pub(super) fn coming_moment(text: &str) -> Result<Timestamp, String> {
    let now = Zoned::now();
    let at = |moment: DateTime| moment.to_zoned(now.time_zone().clone()).ok();
    let time_of_day = || {
        if text.contains('-') {
            return None;
        }
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

/// Reads a span of time as the original does: seconds, or a number with `s`, `m`, `h` or `d`. A year is
/// the longest.
pub(super) fn span(text: &str) -> Result<Seconds, String> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let mut with_unit = units
        .into_iter()
        .filter_map(|(unit, seconds)| Some((text.strip_suffix(unit)?, seconds)));
    let (number, unit) = with_unit.next().unwrap_or((text, 1));
    let seconds = number.parse().ok().and_then(|it: i64| it.checked_mul(unit));
    let seconds = seconds.filter(|it| (0..=365 * 86_400).contains(it));
    seconds.map(Seconds).ok_or_else(|| {
        "write seconds, or a number with s, m, h or d, as in 90s, 30m, 2h or 1d".to_owned()
    })
}

/// A hold, after its name: until when, why, and how many wait.
pub(super) fn hold(hold: &LaneHold) -> String {
    let until = match (hold.until, hold.probe) {
        (None, _) => "until it is released".to_owned(),
        (Some(_), Some(_)) => "and one task goes first".to_owned(),
        (Some(until), None) => format!("until {}", moment(until)),
    };
    let reason = hold.reason.as_ref().map(|reason| format!(" ({reason})"));
    let said = format!(
        "{until}: {}{}; {} wait",
        hold.cause.words(),
        reason.unwrap_or_default(),
        hold.waiting
    );
    one_line(&said).into_owned()
}

/// The kind of an event and its particulars, in one line.
pub(super) fn event(event: &Event) -> String {
    let payload = event.payload.as_ref().map(|payload| format!(" {payload}"));
    let said = format!("{}{}", event.kind, payload.unwrap_or_default());
    one_line(&said).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "as above")]
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
        for text in ["", "soon", "25:00", "2027-13-01"] {
            assert!(coming_moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_read_as_the_original_does() {
        for (text, seconds) in [
            ("90", 90),
            ("90s", 90),
            ("30m", 1_800),
            ("2h", 7_200),
            ("1d", 86_400),
            ("0", 0),
        ] {
            assert_eq!(span(text), Ok(Seconds(seconds)), "{text}");
        }
        for text in [
            "",
            "m",
            "-1",
            "1.5h",
            "2 h",
            "1w",
            "366d",
            "9999999999999999999d",
        ] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn moments_are_told_from_now() {
        let now = Timestamp(10_000);
        assert_eq!(relative(now, Timestamp(9_815)), "3m 5s ago");
        assert_eq!(relative(now, now), "0s ago");
        assert_eq!(relative(now, Timestamp(17_200)), "in 2h");
        assert_eq!(
            relative(now, Timestamp(i64::MIN)),
            format!("{} ago", Seconds(i64::MAX))
        );
    }
}
