//! The moment at which a rate limit or a quota resets, as an agent program names it in its last
//! words. It is read only where a word that speaks of a reset stands before it.

mod wall_clock;

use std::sync::LazyLock;
use std::time::Duration;

use domain::time::{Seconds, Timestamp};
use jiff::tz::TimeZone;
use regex::{Captures, Regex};

/// The end of a text that is read.
const TAIL_BYTES: usize = 8 * 1_024;

/// The number of keywords, from the last one, at which a moment is looked for: a bound for text that
/// was made to take long.
const MAX_KEYWORDS: usize = 64;

/// The longest wait that is believed: the longest window of a quota is a week.
const MAX_WAIT: Seconds = Seconds(8 * 86_400);

/// The least number that is a moment in seconds since 1970; a lesser one is a delay.
const FIRST_EPOCH_SECOND: f64 = 1e9;

/// The least number that is a moment in milliseconds.
const FIRST_EPOCH_MILLISECOND: f64 = 1e11;

/// A word that speaks of a reset, with what links it to the moment: `resets at`, `"retryDelay": "`,
/// `-reset: `, `usage limit reached|`. `retrying` is none: the program itself goes on then.
static KEYWORD: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"(?: \b | _ )
        (?: (?<reset> resets? ) | retry | (?: try | available ) \s+ again | wait
          | (?<reached> limit \s+ reached \s* \| ) )
        (?<link> (?: [\s_-]* (?: at | in | after | on | for | until | time | delay | seconds | ms ) )* )
        [\\"'\s]* (?<mark> [:=|] )? [\\"'\s]*"#,
    )
});

static NUMBER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ [0-9]{1,16} (?: \.[0-9]{1,9} )? \b"));

/// A part of a span: `5m`, ` 4 hours`, ` and 10.5s`.
static SPAN_PART: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^ (?: [\s,]* | \s+ and \s+ ) (?<number> [0-9]{1,9} (?: \.[0-9]{1,9} )? ) \s? (?<unit> [a-z]+ )",
    )
});

/// Returns the moment that the text names as that of a reset; `None` where it names none, or one in
/// the past, or one more than eight days ahead.
///
/// The last one that can be read counts, be it in the past: what stands before it is older, and a
/// program may have warned of another limit than the one that it met.
pub(crate) fn reset_moment(text: &str, now: Timestamp) -> Option<Timestamp> {
    reset_moment_in(text, now, &TimeZone::system())
}

/// `reset_moment` on a machine in this zone.
fn reset_moment_in(text: &str, now: Timestamp, local: &TimeZone) -> Option<Timestamp> {
    let from = text.len().saturating_sub(TAIL_BYTES);
    let tail = text.get(text.floor_char_boundary(from)..)?;
    let in_line = |line| {
        let values = KEYWORD.captures_iter(line).filter_map(move |keyword| {
            let value = line.get(keyword.get(0)?.end()..)?;
            Some((keyword, value))
        });
        values.collect::<Vec<_>>().into_iter().rev()
    };
    let mut values = tail.lines().rev().flat_map(in_line).take(MAX_KEYWORDS);
    let moment = values.find_map(|(keyword, value)| read(&keyword, value, now, local))?;
    (now < moment && moment <= now + MAX_WAIT).then_some(moment)
}

/// Reads what stands behind a keyword.
fn read(
    keyword: &Captures<'_>,
    value: &str,
    now: Timestamp,
    local: &TimeZone,
) -> Option<Timestamp> {
    let link = keyword.name("link").map_or("", |link| link.as_str());
    let link = link.to_ascii_lowercase();
    let is_reached = keyword.name("reached").is_some();
    // `retry: 3` counts attempts, and a `retryDelay` without a unit may be milliseconds.
    let is_field = keyword.name("mark").is_some()
        && (keyword.name("reset").is_some() || link.contains("after"));
    let number = || {
        (is_field || is_reached)
            .then(|| number(value, &link, now))
            .flatten()
    };
    if is_reached {
        return number();
    }
    wall_clock::moment(value, now, local)
        .or_else(|| Some(now + span(value)?))
        .or_else(number)
}

/// A number alone: a delay, or a moment.
fn number(text: &str, link: &str, now: Timestamp) -> Option<Timestamp> {
    let number: f64 = NUMBER.find(text)?.as_str().parse().ok()?;
    if number >= FIRST_EPOCH_MILLISECOND {
        return Some(Timestamp(whole_seconds(number / 1e3)?.0));
    }
    if number >= FIRST_EPOCH_SECOND {
        return Some(Timestamp(whole_seconds(number)?.0));
    }
    let unit = if link.ends_with("ms") { 1e-3 } else { 1.0 };
    Some(now + whole_seconds(number * unit)?)
}

/// A span: `5m30s`, `3 days 4 hours`, `37.5s`.
fn span(text: &str) -> Option<Seconds> {
    const VAGUE: &str = "less than a minute";
    if text
        .get(..VAGUE.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(VAGUE))
    {
        return Some(Seconds(60));
    }
    let (mut rest, mut total) = (text, None);
    while let Some(part) = SPAN_PART.captures(rest) {
        let Some(unit) = unit_seconds(part.name("unit")?.as_str()) else {
            break;
        };
        let number: f64 = part.name("number")?.as_str().parse().ok()?;
        total = Some(total.unwrap_or(0.0) + number * unit);
        rest = rest.get(part.get(0)?.end()..)?;
    }
    whole_seconds(total?)
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit.to_ascii_lowercase().as_str() {
        "ms" | "millisecond" | "milliseconds" => 1e-3,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

/// Rounds up, since an attempt that is made too early is lost.
fn whole_seconds(seconds: f64) -> Option<Seconds> {
    let span = Duration::try_from_secs_f64(seconds).ok()?;
    let whole = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    Some(Seconds(i64::try_from(whole).ok()?))
}

#[expect(
    clippy::expect_used,
    reason = "the patterns are ours, and the tests of the forms use each"
)]
fn pattern(text: &str) -> Regex {
    Regex::new(&format!("(?xi){text}")).expect("a pattern of ours makes sense")
}

#[cfg(test)]
mod tests;
