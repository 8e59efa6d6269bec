//! A date and a time of day in a zone, as people write them.

use std::sync::LazyLock;

use domain::time::Timestamp;
use jiff::SignedDuration;
use jiff::civil::{Date, Time};
use jiff::tz::{Offset, TimeZone};
use regex::Regex;

use super::pattern;

/// A time of day that passed less than this ago is today's, and so in the past: the limit has just
/// been reset, and to wait for tomorrow's would lose a day.
const JUST_PASSED: SignedDuration = SignedDuration::from_mins(5);

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// `2026-12-01T`, `Dec 1st, 2026 at `, `Tue, 01 Dec 2026 `.
static DATES: LazyLock<[Regex; 3]> = LazyLock::new(|| {
    let month = format!("(?<month> (?: {} ) [a-z]* )", MONTHS.join("|"));
    let day = r"(?<day> [0-9]{1,2} ) (?: st | nd | rd | th )? \b";
    let year = r"(?: ,? \s+ (?<year> [0-9]{4}) )?";
    let end = r"(?: , | \s+ at )? \s*";
    [
        pattern(r"^ (?<year> [0-9]{4} ) - (?<month> [0-9]{2} ) - (?<day> [0-9]{2} ) (?: T | \s+ )"),
        pattern(&format!(r"^ {month} \.? \s+ {day} {year} {end}")),
        pattern(&format!(
            r"^ (?: [a-z]{{3}}, \s+ )? {day} \s+ {month} \.? {year} {end}"
        )),
    ]
});

/// `2am`, `2:30 PM`, `14:05`, `02:00:00.5`.
static TIME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ (?<hour> [0-9]{1,2} )
        (?: : (?<minute> [0-9]{2} ) (?: : (?<second> [0-9]{2} ) (?: \.[0-9]+ )? )? )?
        (?: \s? (?<half> [ap] ) \.? m \b \.? )?",
    )
});

/// ` (Europe/Berlin)`, ` UTC`, `Z`, `+02:00`, ` GMT+1`. Whatever looks like a zone is one, known or
/// not: the time is not that of the machine then.
static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ \s* (?: \( \s* (?<named> [^()]+? ) \s* (?: \) | $ )
        | (?<bare> (?: utc | gmt | z )? [+-] [0-9]{1,2} (?: :? [0-9]{2} )? | (?: utc | gmt | z ) \b
            | (?-i: [A-Z]{3,5} ) \b | [a-z_]+ (?: / [a-z0-9_+-]+ )+ ) )",
    )
});

static OFFSET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ (?: utc | gmt | z )?
        (?: (?<sign> [+-] ) (?<hours> [0-9]{1,2} ) (?: :? (?<minutes> [0-9]{2} ) )? )? $",
    )
});

/// A date whose year may be missing.
#[derive(Clone, Copy)]
struct CalendarDay {
    year: Option<i16>,
    month: i8,
    day: i8,
}

/// Reads a time of day, with or without a date and a zone.
///
/// Without a date, or without its year, it is the next one. In the hour that a clock repeats it is
/// the later one, since an attempt that is made too early is lost; in the hour that a clock skips it
/// is counted on from before that hour: 02:30 is 03:30.
pub(super) fn moment(text: &str, now: Timestamp, local: &TimeZone) -> Option<Timestamp> {
    let (day, rest) = day(text).map_or((None, text), |(day, rest)| (Some(day), rest));
    let (time, rest) = time(rest)?;
    let after = || self::day(rest.strip_prefix(" on ")?);
    let (day, rest) = match day {
        Some(_) => (day, rest),
        None => after().map_or((None, rest), |(day, rest)| (Some(day), rest)),
    };
    let zone = match ZONE.captures(rest) {
        Some(found) => zone(found.name("named").or(found.name("bare"))?.as_str())?,
        None => local.clone(),
    };
    let now = jiff::Timestamp::from_second(now.0).ok()?;
    let on = |date: Date| {
        zone.to_ambiguous_timestamp(date.to_datetime(time))
            .later()
            .ok()
    };
    let today = now.to_zoned(zone.clone()).date();
    let next = |dates: [Option<Date>; 3]| {
        let earliest = now.checked_sub(JUST_PASSED).ok()?;
        let mut moments = dates.into_iter().flatten().filter_map(on);
        moments.find(|moment| *moment > earliest)
    };
    let moment = match day {
        None => next([today.yesterday().ok(), Some(today), today.tomorrow().ok()]),
        Some(CalendarDay {
            year: Some(year),
            month,
            day,
        }) => on(Date::new(year, month, day).ok()?),
        Some(CalendarDay {
            year: None,
            month,
            day,
        }) => {
            let in_year = |years| Date::new(today.year().checked_add(years)?, month, day).ok();
            next([-1, 0, 1].map(in_year))
        }
    };
    Some(Timestamp(moment?.as_second()))
}

fn day(text: &str) -> Option<(CalendarDay, &str)> {
    let found = DATES.iter().find_map(|form| form.captures(text))?;
    let month = found.name("month")?.as_str();
    let named = || {
        let start = month.get(..3)?.to_ascii_lowercase();
        let index = MONTHS.iter().position(|name| *name == start)?;
        i8::try_from(index + 1).ok()
    };
    let day = CalendarDay {
        year: found
            .name("year")
            .and_then(|year| year.as_str().parse().ok()),
        month: month.parse().ok().or_else(named)?,
        day: found.name("day")?.as_str().parse().ok()?,
    };
    Some((day, text.get(found.get(0)?.end()..)?))
}

fn time(text: &str) -> Option<(Time, &str)> {
    let found = TIME.captures(text)?;
    let number = |name| {
        found
            .name(name)
            .map(|digits| digits.as_str().parse::<i8>().ok())
    };
    let (hour, minute) = (number("hour")??, number("minute"));
    let hour = match found.name("half").map(|half| half.as_str()) {
        // A number alone is no time.
        None => minute.map(|_| hour)?,
        Some(_) if hour > 12 => return None,
        Some("a" | "A") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    let minute = minute.unwrap_or(Some(0))?;
    let time = Time::new(hour, minute, number("second").unwrap_or(Some(0))?, 0).ok()?;
    Some((time, text.get(found.get(0)?.end()..)?))
}

/// The zone with this name, abbreviation or offset.
fn zone(name: &str) -> Option<TimeZone> {
    // RFC 2822 names these, and the database of zones has not all of them.
    let hours = match name.to_ascii_uppercase().as_str() {
        "EDT" => Some(-4),
        "EST" | "CDT" => Some(-5),
        "CST" | "MDT" => Some(-6),
        "MST" | "PDT" => Some(-7),
        "PST" => Some(-8),
        _ => None,
    };
    if let Some(hours) = hours {
        return Some(TimeZone::fixed(Offset::from_hours(hours).ok()?));
    }
    let Some(offset) = OFFSET.captures(name) else {
        return TimeZone::get(name).ok();
    };
    let number = |part| {
        offset
            .name(part)
            .map_or(Some(0), |digits| digits.as_str().parse::<i32>().ok())
    };
    let seconds = (number("hours")? * 60 + number("minutes")?) * 60;
    let is_west = offset.name("sign").is_some_and(|sign| sign.as_str() == "-");
    let offset = Offset::from_seconds(if is_west { -seconds } else { seconds }).ok()?;
    Some(TimeZone::fixed(offset))
}
