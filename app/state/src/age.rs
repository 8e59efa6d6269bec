//! Ages in few letters.

use domain::time::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time from `since` to `now` in its largest unit: `now`, `5m`, `2h`, `3d`.
pub fn brief(now: Timestamp, since: Timestamp) -> String {
    match now.seconds_since(since) {
        seconds if seconds >= DAY => format!("{}d", seconds / DAY),
        seconds if seconds >= HOUR => format!("{}h", seconds / HOUR),
        seconds if seconds >= MINUTE => format!("{}m", seconds / MINUTE),
        _ => "now".to_owned(),
    }
}

/// The same as a phrase: `just now`, `5m ago`.
pub fn ago(now: Timestamp, since: Timestamp) -> String {
    match brief(now, since).as_str() {
        "now" => "just now".to_owned(),
        age => format!("{age} ago"),
    }
}

/// A stopwatch: `0:07`, `12:40`, `1:02:03`.
pub fn stopwatch(now: Timestamp, since: Timestamp) -> String {
    let total = now.seconds_since(since).max(0);
    let (hours, minutes, seconds) = (total / HOUR, total / MINUTE % 60, total % MINUTE);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// A stopwatch that runs down until a moment.
pub fn left(now: Timestamp, until: Timestamp) -> String {
    stopwatch(until, now)
}

/// The moment in Coordinated Universal Time, as RFC 3339 writes it.
///
/// The date is Howard Hinnant's `civil_from_days`, counted from 1 March of year 0, so that a leap
/// day is the last day of its year.
pub fn rfc3339(moment: Timestamp) -> String {
    let days = moment.0.div_euclid(DAY);
    let second_of_day = moment.0.rem_euclid(DAY);

    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);

    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second_of_day / HOUR,
        second_of_day / MINUTE % 60,
        second_of_day % MINUTE,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_its_largest_unit() {
        let said = [-5, 0, 59, 60, 3_599, 3_600, 86_399, 86_400 * 3]
            .map(|seconds| brief(Timestamp(seconds), Timestamp(0)));
        assert_eq!(said, ["now", "now", "now", "1m", "59m", "1h", "23h", "3d"]);
    }

    #[test]
    fn a_stopwatch_shows_hours_only_when_there_are_any() {
        let said = [-1, 7, 760, 3_723].map(|s| stopwatch(Timestamp(s), Timestamp(0)));
        assert_eq!(said, ["0:00", "0:07", "12:40", "1:02:03"]);
    }

    #[test]
    fn moments_read_as_rfc_3339() {
        for (moment, said) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_796_083_200, "2026-12-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(Timestamp(moment)), said);
        }
    }
}
