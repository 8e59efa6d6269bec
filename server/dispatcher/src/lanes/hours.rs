//! Hours: the parts of a week in which something may start.

use domain::time::Timestamp;
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};
use serde::Deserialize;

/// The minutes of a day.
const DAY_MINUTES: i16 = 24 * 60;

/// The days that are looked at. A window in the hour that a clock skips on its only day comes a week
/// later.
const DAYS_AHEAD: i32 = 16;

const EXPECTED: &str =
    "expected hours like \"22:00-07:00 Europe/Berlin\" or \"Mon-Fri 09:00-17:00\"";

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// One or more windows, such as `22:00-07:00 Europe/Berlin` or `Mon-Fri 09:00-17:00`; open while any
/// of them is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Texts")]
pub(crate) struct Hours(Vec<Window>);

/// A window, or a list of them, as it is written.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected hours like \"22:00-07:00 Europe/Berlin\" or \"Mon-Fri 09:00-17:00\", or a list of such"
)]
enum Texts {
    One(String),
    Many(Vec<String>),
}

/// A part of a day, on some weekdays.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// The days on which it begins.
    weekdays: Vec<Weekday>,
    /// The minute of the day at which it begins.
    from: i16,
    /// The minute at which it ends, counted from the same midnight: it may be of the next day.
    until: i16,
    /// The zone of its times; `None` is the zone of the machine.
    zone: Option<TimeZone>,
}

impl Hours {
    /// Returns the moment at which a window opens; `None` while one is open.
    pub(crate) fn opens_at(&self, now: Timestamp) -> Option<Timestamp> {
        let now = jiff::Timestamp::from_second(now.0).ok()?;
        let (opens, _) = self.current_or_next(now)?;
        (opens > now).then(|| Timestamp(opens.as_second()))
    }

    /// The beginning and the end of the time that is open now or next. Windows that overlap or
    /// follow at once are one.
    fn current_or_next(&self, now: jiff::Timestamp) -> Option<(jiff::Timestamp, jiff::Timestamp)> {
        let mut spans: Vec<_> = self.0.iter().flat_map(|window| window.spans(now)).collect();
        spans.retain(|(from, until)| from < until && now < *until);
        spans.sort_unstable();
        let mut spans = spans.into_iter();
        let (from, mut until) = spans.next()?;
        for (next_from, next_until) in spans {
            if next_from > until {
                break;
            }
            until = until.max(next_until);
        }
        Some((from, until))
    }
}

impl Window {
    /// The times that it is open, from that which began yesterday on. One that a clock skips is empty.
    fn spans(&self, now: jiff::Timestamp) -> Vec<(jiff::Timestamp, jiff::Timestamp)> {
        let zone = self.zone.clone().unwrap_or_else(TimeZone::system);
        let today = now.to_zoned(zone.clone()).date();
        let days = (-1..=DAYS_AHEAD).filter_map(|days| today.checked_add(days.days()).ok());
        let days = days.filter(|day| self.weekdays.contains(&day.weekday()));
        let span = |day| {
            Some((
                moment(&zone, day, self.from)?,
                moment(&zone, day, self.until)?,
            ))
        };
        days.filter_map(span).collect()
    }
}

/// The first moment at which a clock shows this minute of a day or, where it skips that, a later one.
/// In the hour that a clock repeats it is the earlier one: like quiet hours, hours that have ended do
/// not begin again.
fn moment(zone: &TimeZone, day: Date, minute: i16) -> Option<jiff::Timestamp> {
    let shown = day
        .to_datetime(Time::midnight())
        .checked_add(minute.minutes())
        .ok()?;
    let moment = zone.to_ambiguous_timestamp(shown);
    let earlier = moment.earlier().ok()?;
    match moment.offset() {
        AmbiguousOffset::Gap { .. } => Some(zone.following(earlier).next()?.timestamp()),
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => Some(earlier),
    }
}

impl TryFrom<Texts> for Hours {
    type Error = String;

    fn try_from(texts: Texts) -> Result<Self, String> {
        let texts = match texts {
            Texts::One(text) => vec![text],
            Texts::Many(texts) if texts.is_empty() => {
                return Err(format!("an empty list never opens, {EXPECTED}"));
            }
            Texts::Many(texts) => texts,
        };
        texts
            .iter()
            .map(|text| Window::parse(text))
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl Window {
    fn parse(text: &str) -> Result<Self, String> {
        let mistake = || format!("{text:?} names no hours, {EXPECTED}");
        let mut words = text.split_whitespace().peekable();
        let starts_with_day =
            |word: &&str| word.starts_with(|char: char| char.is_ascii_alphabetic());
        let weekdays = match words.next_if(starts_with_day) {
            Some(days) => weekdays(days).ok_or_else(mistake)?,
            None => WEEKDAYS.map(|(_, day)| day).to_vec(),
        };
        let (from, until) = words
            .next()
            .and_then(|word| word.split_once('-'))
            .ok_or_else(mistake)?;
        let (from, until) = (
            minute(from).ok_or_else(mistake)?,
            minute(until).ok_or_else(mistake)?,
        );
        if from == until || from == DAY_MINUTES {
            return Err(mistake());
        }
        let zone = words.next().map(|name| {
            TimeZone::get(name).map_err(|_| {
                format!("there is no time zone {name:?}, expected one such as Europe/Berlin")
            })
        });
        if words.next().is_some() {
            return Err(mistake());
        }
        let until = if until < from {
            until + DAY_MINUTES
        } else {
            until
        };
        Ok(Self {
            weekdays,
            from,
            until,
            zone: zone.transpose()?,
        })
    }
}

/// The days that `Mon-Fri` or `Sat,Sun` names; `Fri-Mon` goes on over the end of the week.
fn weekdays(text: &str) -> Option<Vec<Weekday>> {
    let day = |name: &str| {
        let named = |(known, _): &&(&str, _)| name.eq_ignore_ascii_case(known);
        WEEKDAYS.iter().find(named).map(|(_, day)| *day)
    };
    let mut days = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (day(first)?, day(last)?);
        days.extend(first.cycle_forward().take(7).take_while(|day| *day != last));
        days.push(last);
    }
    Some(days)
}

/// The minute of the day that `hh:mm` is; that of `24:00` is the first of the next one.
fn minute(text: &str) -> Option<i16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<i16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|minute| *minute < 60)?);
    Some(hour * 60 + minute).filter(|minute| *minute <= DAY_MINUTES)
}

#[cfg(test)]
mod tests;
