use jiff::Zoned;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const DAY: i64 = 86_400;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().unwrap().as_second())
}

/// What the text says on a machine in Berlin, as RFC 3339 in UTC.
fn read_at(now: &str, text: &str) -> Option<String> {
    let moment = reset_moment_in(text, at(now), &zone("Europe/Berlin"))?;
    let moment = jiff::Timestamp::from_second(moment.0).unwrap();
    Some(moment.to_string())
}

/// Checks texts that are read at one moment.
fn check(now: &str, table: &[(&str, Option<&str>)]) {
    for (text, expected) in table {
        assert_eq!(
            read_at(now, text).as_deref(),
            *expected,
            "{text:?} at {now}"
        );
    }
}

#[test]
fn a_time_of_day_is_the_next_one_in_its_zone_or_that_of_the_machine() {
    let table = [
        (
            "You've hit your session limit · resets 2am (Europe/Berlin)",
            Some("2026-11-30T01:00:00Z"),
        ),
        (
            "You've hit your session limit ∙ RESETS 2AM (EUROPE/BERLIN)\n",
            Some("2026-11-30T01:00:00Z"),
        ),
        ("resets 2:30pm", Some("2026-11-30T13:30:00Z")),
        (
            "resets 2:30pm (America/New_York)",
            Some("2026-11-29T19:30:00Z"),
        ),
        ("resets 12am (UTC)", Some("2026-11-30T00:00:00Z")),
        ("resets 12pm (UTC)", Some("2026-11-30T12:00:00Z")),
        ("resets at 14:05", Some("2026-11-30T13:05:00Z")),
        (
            "Usage limit reached. Try again at 3:05 PM.",
            Some("2026-11-30T14:05:00Z"),
        ),
        (
            "or try again at 3:05\u{202f}PM",
            Some("2026-11-30T14:05:00Z"),
        ),
        (
            "Access resets at 9:30 PM GMT+1.",
            Some("2026-11-29T20:30:00Z"),
        ),
        (
            "Access resets at 2:30 PM PST.",
            Some("2026-11-29T22:30:00Z"),
        ),
        (
            "Access resets at 9:30 p.m. utc",
            Some("2026-11-29T21:30:00Z"),
        ),
        (
            "available again at 19:00:30 +05:30",
            Some("2026-11-30T13:30:30Z"),
        ),
    ];
    check("2026-11-29T18:00:00Z", &table);
}

#[test]
fn a_day_without_its_year_is_the_next_one() {
    let table = [
        ("resets Dec 31, 2am (UTC)", Some("2026-12-31T02:00:00Z")),
        ("resets Jan 2, 2:30pm (UTC)", Some("2027-01-02T14:30:00Z")),
        ("resets January 2 at 2pm", Some("2027-01-02T13:00:00Z")),
        (
            "resets Jan 2, 2027, 2am (UTC)",
            Some("2027-01-02T02:00:00Z"),
        ),
        (
            "Try again at Jan 2nd, 2027 2:11 PM.",
            Some("2027-01-02T13:11:00Z"),
        ),
        (
            "or try again at Dec 31st, 2026 2:11 PM.",
            Some("2026-12-31T13:11:00Z"),
        ),
        ("resets 14:05 on 2 Jan)", Some("2027-01-02T13:05:00Z")),
        (
            "resets at 14:05 on January 2nd",
            Some("2027-01-02T13:05:00Z"),
        ),
        ("resets on 2 Jan 14:05", Some("2027-01-02T13:05:00Z")),
        ("resets Jan 20, 2am", None),
        ("resets Dec 20, 2am", None),
        ("resets Feb 29, 2am", None),
    ];
    check("2026-12-30T12:00:00Z", &table);
}

#[test]
fn a_span_counts_from_now_and_a_part_of_a_second_is_a_whole_one() {
    let table = [
        (
            "Try again in 3 days 4 hours 5 minutes.",
            Some("2026-12-02T22:05:00Z"),
        ),
        (
            "Rate limit reached. Please try again in 5m30s. Visit …",
            Some("2026-11-29T18:05:30Z"),
        ),
        ("Please try again in 898ms.", Some("2026-11-29T18:00:01Z")),
        ("please try again in 1 second", Some("2026-11-29T18:00:01Z")),
        ("retry in 37.5s", Some("2026-11-29T18:00:38Z")),
        ("Please retry in 18h32m10.5s.", Some("2026-11-30T12:32:11Z")),
        (
            "Your quota will reset after 18h32m10s.",
            Some("2026-11-30T12:32:10Z"),
        ),
        (
            "It will reset in 3 hours and 5 minutes. To continue",
            Some("2026-11-29T21:05:00Z"),
        ),
        (
            "It will reset in less than a minute.",
            Some("2026-11-29T18:01:00Z"),
        ),
        (
            "You've hit your fast limit · resets in 1d 2h 3m",
            Some("2026-11-30T20:03:00Z"),
        ),
        (
            "Please wait 20 seconds, 3 attempts are left",
            Some("2026-11-29T18:00:20Z"),
        ),
        ("wait for 1.1 minutes", Some("2026-11-29T18:01:06Z")),
        (r#""retryDelay": "37s""#, Some("2026-11-29T18:00:37Z")),
        (
            r#"{\"@type\":\"RetryInfo\",\"retryDelay\":\"37.2s\"}"#,
            Some("2026-11-29T18:00:38Z"),
        ),
        ("try again in 9 days", None),
        ("try again in 0s", None),
    ];
    check("2026-11-29T18:00:00Z", &table);
}

#[test]
fn a_number_is_a_delay_or_by_its_size_a_moment() {
    let table = [
        ("retry-after: 3600", Some("2027-01-15T05:00:00Z")),
        ("Retry-After: 3600", Some("2027-01-15T05:00:00Z")),
        (
            r#"{"retry-after":"3600","x":1}"#,
            Some("2027-01-15T05:00:00Z"),
        ),
        (
            r#"{\"retry-after\":\"3600\"}"#,
            Some("2027-01-15T05:00:00Z"),
        ),
        ("retry-after-ms: 1500", Some("2027-01-15T04:00:02Z")),
        (r#""resets_in_seconds": 3600"#, Some("2027-01-15T05:00:00Z")),
        (r#""resetsAt": 1799999999"#, Some("2027-01-15T07:59:59Z")),
        (
            r#""resetsAt":1799999999000,"x":1"#,
            Some("2027-01-15T07:59:59Z"),
        ),
        (r#""resets_at": 1799999998.5"#, Some("2027-01-15T07:59:59Z")),
        (
            "anthropic-ratelimit-unified-reset: 1799999999",
            Some("2027-01-15T07:59:59Z"),
        ),
        (
            r#""rate_limit_reset": 1799999999"#,
            Some("2027-01-15T07:59:59Z"),
        ),
        (
            "Claude AI usage limit reached|1799999999",
            Some("2027-01-15T07:59:59Z"),
        ),
        (
            r#""resetsAt": 1799999999, "overageResetsAt": 1800099999"#,
            Some("2027-01-15T07:59:59Z"),
        ),
        (r#""resetsAt": 1700000000"#, None),
        (r#""resetsAt": 1900000000"#, None),
        (r#""resetsAt": 99999999999999999999999"#, None),
        ("retry-after: 0", None),
        ("retry-after: 1000000", None),
        ("retry-after: -5", None),
    ];
    check("2027-01-15T04:00:00Z", &table);
}

#[test]
fn a_whole_date_has_an_offset_or_is_of_the_machine() {
    let table = [
        (
            "resets at 2026-12-01T02:00:00Z",
            Some("2026-12-01T02:00:00Z"),
        ),
        (
            "resets at 2026-12-01t02:00:00.250z",
            Some("2026-12-01T02:00:00Z"),
        ),
        (
            "quota resets at: 2026-12-01T02:00:00+05:30",
            Some("2026-11-30T20:30:00Z"),
        ),
        (
            r#""reset_time": "2026-12-01T02:00:00-08:00""#,
            Some("2026-12-01T10:00:00Z"),
        ),
        (
            "anthropic-ratelimit-tokens-reset: 2026-12-01T02:00:00Z",
            Some("2026-12-01T02:00:00Z"),
        ),
        ("resets on 2026-12-01 02:00", Some("2026-12-01T01:00:00Z")),
        (
            "retry-after: Tue, 01 Dec 2026 02:00:00 GMT",
            Some("2026-12-01T02:00:00Z"),
        ),
        (
            r#""retry-after":"Tue, 01 Dec 2026 02:00:00 GMT""#,
            Some("2026-12-01T02:00:00Z"),
        ),
        ("resets at 2026-11-29T17:59:59Z", None),
        ("resets at 2026-12-01T25:00:00Z", None),
        ("resets at 2026-13-01T02:00:00Z", None),
    ];
    check("2026-11-29T18:00:00Z", &table);
}

#[test]
fn an_unknown_zone_or_an_impossible_time_is_no_moment() {
    let table = [
        ("resets 2am (Mars/Olympus)", None),
        ("resets 2am (Pacific Time)", None),
        ("resets 2am (Europe/Ber", None),
        ("resets 2am Mars/Olympus", None),
        ("resets 2:30 PM XYZ", None),
        ("resets 2:30 PM GMT+99", None),
        ("resets at 25:00", None),
        ("resets at 14:60", None),
        ("resets at 14:05 pm", None),
        ("resets 13am", None),
        ("resets at 14", None),
    ];
    check("2026-11-29T18:00:00Z", &table);
}

#[test]
fn nothing_is_read_without_a_word_that_speaks_of_a_reset_before_it() {
    for text in [
        "",
        "2026-11-29T19:00:00Z INFO started, took 5m",
        "took 5m30s",
        "the meeting is at 2pm (Europe/Berlin)",
        "Try again in a moment.",
        "Will retry\n19:00:00 INFO next step",
        "Retrying in 5s (attempt 2 of 10)",
        "presets 7pm",
        "retry: 3",
        r#""max_retry": 3, "retryDelay": 500"#,
        "retry after 3 attempts",
        "reset 3 files in 5m",
        "usage limit reached: 50",
        "git reset --hard 1799999999",
    ] {
        assert_eq!(read_at("2026-11-29T18:00:00Z", text), None, "{text:?}");
    }
}

#[test]
fn the_last_one_that_can_be_read_counts() {
    let table = [
        (
            "weekly limit at 80 % · resets Dec 4, 2am (UTC)\nYou've hit your limit · resets 8pm (UTC)\n",
            Some("2026-11-29T20:00:00Z"),
        ),
        (
            "resets 8pm (UTC), retry in 5m",
            Some("2026-11-29T18:05:00Z"),
        ),
        (
            "resets 8pm (UTC)\nPlease try again in a moment",
            Some("2026-11-29T20:00:00Z"),
        ),
        (
            "resets 8pm (UTC)\nresets at 25:00",
            Some("2026-11-29T20:00:00Z"),
        ),
        // It is over: the older one says nothing of now.
        (
            "resets Dec 4, 2am (UTC)\nresets at 2026-11-29T17:00:00Z",
            None,
        ),
    ];
    check("2026-11-29T18:00:00Z", &table);
}

#[test]
fn a_time_of_day_that_has_just_passed_is_no_moment_and_one_before_is_tomorrows() {
    let text = "resets 7pm (Europe/Berlin)";
    for (now, expected) in [
        ("2026-11-29T17:59:59Z", Some("2026-11-29T18:00:00Z")),
        ("2026-11-29T18:00:00Z", None),
        ("2026-11-29T18:04:59Z", None),
        ("2026-11-29T18:05:00Z", Some("2026-11-30T18:00:00Z")),
    ] {
        check(now, &[(text, expected)]);
    }
    // Past midnight it was yesterday's.
    check(
        "2026-11-29T23:02:00Z",
        &[("resets 11:59pm (Europe/Berlin)", None)],
    );
}

#[test]
fn an_hour_that_comes_twice_is_the_later_one() {
    let berlin = [(
        "resets 2:30am (Europe/Berlin)",
        Some("2026-10-25T01:30:00Z"),
    )];
    for now in [
        "2026-10-24T12:00:00Z",
        "2026-10-25T00:29:00Z",
        "2026-10-25T00:45:00Z",
    ] {
        check(now, &berlin);
    }
    let table = [
        ("resets 1:59am", Some("2026-10-24T23:59:00Z")),
        ("resets 3am", Some("2026-10-25T02:00:00Z")),
        ("resets Oct 25, 2am", Some("2026-10-25T01:00:00Z")),
        (
            "resets 10am (America/New_York)",
            Some("2026-10-25T14:00:00Z"),
        ),
        ("Try again in 24 hours", Some("2026-10-25T22:00:00Z")),
    ];
    check("2026-10-24T22:00:00Z", &table);
    let new_york = [(
        "resets 1:30am (America/New_York)",
        Some("2026-11-01T06:30:00Z"),
    )];
    check("2026-11-01T02:00:00Z", &new_york);
}

#[test]
fn an_hour_that_is_left_out_is_counted_on_from_before_it() {
    let table = [
        ("resets 1:59am", Some("2027-03-28T00:59:00Z")),
        (
            "resets 2:30am (Europe/Berlin)",
            Some("2027-03-28T01:30:00Z"),
        ),
        ("resets 3am", Some("2027-03-28T01:00:00Z")),
        ("resets Mar 29, 2:30am", Some("2027-03-29T00:30:00Z")),
    ];
    check("2027-03-27T22:00:00Z", &table);
    let new_york = [(
        "resets 2:30am (America/New_York)",
        Some("2027-03-14T07:30:00Z"),
    )];
    check("2027-03-14T02:00:00Z", &new_york);
}

#[test]
fn only_the_end_of_a_long_text_is_read() {
    let said = "resets 8pm (UTC)";
    let now = "2026-11-29T18:00:00Z";
    let after = "é".repeat(TAIL_BYTES / 2 - 20);
    check(
        now,
        &[(&format!("{said}\n{after}"), Some("2026-11-29T20:00:00Z"))],
    );
    check(now, &[(&format!("{said}\n{after}{after}"), None)]);
    let keywords = "retry in ".repeat(MAX_KEYWORDS);
    check(now, &[(&format!("{said}\n{keywords}"), None)]);
}

#[test]
fn the_zone_of_the_machine_is_asked_for_only_where_none_is_named() {
    let now = at("2026-11-29T18:00:00Z");
    assert_eq!(
        reset_moment("resets 8pm (UTC)", now),
        Some(at("2026-11-29T20:00:00Z"))
    );
    assert_eq!(reset_moment("resets 8pm (UTC)", Timestamp(i64::MAX)), None);
}

/// Zones with switches of an hour and of half of one, and without.
const ZONES: [&str; 9] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Asia/Kolkata",
    "Africa/Cairo",
];

/// A moment, half of the time one within two hours of a switch in the zone.
fn moment_in(zone: TimeZone) -> impl Strategy<Value = Zoned> {
    let year = 2_026..2_030i16;
    (
        year,
        0..365 * DAY,
        any::<prop::sample::Index>(),
        any::<bool>(),
        -7_200..7_200i64,
    )
        .prop_map(move |(year, second, index, is_near, near)| {
            let first = jiff::civil::date(year, 1, 1)
                .to_zoned(zone.clone())
                .unwrap();
            let first = first.timestamp();
            let switches: Vec<_> = zone
                .following(first)
                .take(4)
                .map(|it| it.timestamp())
                .collect();
            let moment = if is_near && !switches.is_empty() {
                switches[index.index(switches.len())].as_second() + near
            } else {
                first.as_second() + second
            };
            jiff::Timestamp::from_second(moment)
                .unwrap()
                .to_zoned(zone.clone())
        })
}

/// What a program prints, and the moment that this names.
fn printed(form: usize, now: &Zoned, reset: &Zoned) -> (String, jiff::Timestamp) {
    let zone = reset.time_zone();
    let name = zone.iana_name().unwrap();
    let exact = reset.timestamp();
    // What a clock shows: to the minute, and the later one of two that are the same.
    let shown = |unit| {
        let shown = reset.datetime().with().subsec_nanosecond(0).second(0);
        let shown = if unit == jiff::Unit::Hour {
            shown.minute(0)
        } else {
            shown
        };
        zone.to_ambiguous_timestamp(shown.build().unwrap())
            .later()
            .unwrap()
    };
    let with = |format: &str, unit| (reset.strftime(format).to_string(), shown(unit));
    let to_minute = |format: &str| with(format, jiff::Unit::Minute);
    let span = exact.as_second() - now.timestamp().as_second();
    let (days, hours, minutes, seconds) =
        (span / DAY, span / 3_600 % 24, span / 60 % 60, span % 60);
    let utc = exact.to_zoned(TimeZone::UTC);
    let (text, moment) = match form {
        0 => to_minute("resets %-I:%M%P ({name})"),
        1 => to_minute("resets at %H:%M {name}"),
        2 => to_minute("resets %b %-d, %-I:%M%P ({name})"),
        3 => to_minute("resets %b %-d, %Y, %-I:%M%P ({name})"),
        4 => to_minute("try again at %b %-dth, %Y %-I:%M %p."),
        5 => with("resets %b %-d, %-I%P ({name})", jiff::Unit::Hour),
        6 => ("resets at {exact}".to_owned(), exact),
        7 => (
            reset.strftime("resets at %Y-%m-%dT%H:%M:%S%:z").to_string(),
            exact,
        ),
        8 => (
            utc.strftime("retry-after: %a, %d %b %Y %H:%M:%S GMT")
                .to_string(),
            exact,
        ),
        9 => (format!("retry-after: {span}"), exact),
        10 => (format!("\"resetsAt\": {}", exact.as_second()), exact),
        11 => (format!("\"resets_at\":{}", exact.as_millisecond()), exact),
        12 => (
            format!("Please retry in {}h{minutes}m{seconds}s", span / 3_600),
            exact,
        ),
        13 => (
            format!("Try again in {days} days {hours} hours {minutes} minutes and {seconds}s"),
            exact,
        ),
        _ => (format!("usage limit reached|{}", exact.as_second()), exact),
    };
    let text = text
        .replace("{name}", name)
        .replace("{exact}", &exact.to_string());
    (text, moment)
}

/// The forms of `printed`; the first two name no day.
const FORMS: usize = 15;

proptest! {
    #[test]
    fn what_a_program_prints_is_read_back(
        reset in select(&ZONES[..]).prop_flat_map(|name| moment_in(zone(name))),
        form in 0..FORMS,
        minutes in 2..22 * 60 + 30i64,
        days in 0..7i64,
        seconds in 0..60i64,
    ) {
        // A time of day names the next one: a moment that is further off has its day with it.
        let days = if form < 2 { 0 } else { days };
        let wait = days * DAY + minutes * 60 + seconds;
        let now = &reset - jiff::SignedDuration::from_secs(wait);
        let (text, moment) = printed(form, &now, &reset);
        let now_second = Timestamp(now.timestamp().as_second());
        let read = reset_moment_in(&text, now_second, now.time_zone());
        let expected = Timestamp(moment.as_second());
        prop_assert_eq!(read, (expected > now_second).then_some(expected), "{} at {}", text, now);
    }

    #[test]
    fn any_text_gives_a_moment_of_the_next_days_or_none(
        text in "(?s).{0,200}",
        now in prop_oneof![0..5_000_000_000i64, any::<i64>()],
    ) {
        prop_assert!(is_sound(&text, now));
    }

    #[test]
    fn any_words_that_look_like_it_give_a_moment_of_the_next_days_or_none(
        words in prop::collection::vec(select(&WORDS[..]), 0..60),
        now in 1_700_000_000..1_900_000_000i64,
    ) {
        prop_assert!(is_sound(&words.concat(), now));
    }
}

#[test]
fn a_text_that_was_made_to_take_long_gives_a_moment_of_the_next_days_or_none() {
    for piece in [
        "resets ",
        "retry in ",
        "resets at in on ",
        "resets 2am (Xx/Yy) ",
        "resets at 14:05 on ",
        "retry\n",
        "1s",
        " ",
        "9",
        "é",
    ] {
        for start in ["", "resets ", "retry-after: "] {
            let text = format!("{start}{}", piece.repeat(TAIL_BYTES / piece.len() - 2));
            assert!(is_sound(&text, 1_799_999_999), "{start:?} {piece:?}");
        }
    }
}

fn is_sound(text: &str, now: i64) -> bool {
    let moment = reset_moment_in(text, Timestamp(now), &zone("Europe/Berlin"));
    moment.is_none_or(|moment| (1..=8 * DAY).contains(&(moment.0 - now)))
}

const WORDS: [&str; 44] = [
    "resets",
    "retry",
    "try again",
    "wait",
    "limit reached|",
    " ",
    " ",
    " ",
    " at ",
    " in ",
    "-after",
    ": ",
    "\"",
    "\\",
    "\n",
    ",",
    "2",
    "14",
    "99",
    "999999999",
    "1799999999",
    "1799999999000",
    "0.5",
    ":",
    ":30",
    "am",
    "PM",
    "s",
    "ms",
    "h",
    " days",
    "Oct ",
    "Feb 30",
    "2026-12-01",
    "T",
    "Z",
    "+25:00",
    "-",
    "(",
    ")",
    "UTC",
    "GMT+1",
    "Europe/Berlin",
    "é",
];
