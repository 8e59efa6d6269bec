use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde::de::IntoDeserializer;
use serde::de::value::{Error, SeqDeserializer};

use super::*;

const DAY: i64 = 86_400;

fn hours(text: &str) -> Result<Hours, String> {
    let read: Result<_, Error> = Hours::deserialize(text.into_deserializer());
    read.map_err(|mistake| mistake.to_string())
}

fn any_of(texts: &[&str]) -> Result<Hours, String> {
    let texts = SeqDeserializer::<_, Error>::new(texts.iter().copied());
    Hours::deserialize(texts).map_err(|mistake| mistake.to_string())
}

impl Hours {
    /// The moment at which the last open window closes; `None` while none is open, and for hours that
    /// never close.
    fn closes_at(&self, now: Timestamp) -> Option<Timestamp> {
        let now = jiff::Timestamp::from_second(now.0).ok()?;
        let (opens, closes) = self.current_or_next(now)?;
        let longest_open = SignedDuration::from_hours(15 * 24);
        let ends = closes.duration_since(now) < longest_open;
        (opens <= now && ends).then(|| Timestamp(closes.as_second()))
    }
}

/// Checks when hours open and close, with the moments on the clocks of a zone.
fn check(hours: &Hours, zone: &str, table: &[(&str, Option<&str>, Option<&str>)]) {
    let zone = TimeZone::get(zone).unwrap();
    let shown = |moment: Timestamp| {
        let moment = jiff::Timestamp::from_second(moment.0).unwrap();
        moment
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    };
    for (now, opens, closes) in table {
        let moment = Timestamp(now.parse::<jiff::Timestamp>().unwrap().as_second());
        assert_eq!(
            hours.opens_at(moment).map(shown).as_deref(),
            *opens,
            "opens after {now}"
        );
        assert_eq!(
            hours.closes_at(moment).map(shown).as_deref(),
            *closes,
            "closes after {now}"
        );
    }
}

#[test]
fn a_night_opens_in_the_evening_and_closes_in_the_morning() {
    let night = hours("22:00-07:00 Europe/Berlin").unwrap();
    let table = [
        (
            "2026-12-01T12:00:00+01:00",
            Some("2026-12-01T22:00:00+01:00"),
            None,
        ),
        (
            "2026-12-01T21:59:59+01:00",
            Some("2026-12-01T22:00:00+01:00"),
            None,
        ),
        (
            "2026-12-01T22:00:00+01:00",
            None,
            Some("2026-12-02T07:00:00+01:00"),
        ),
        (
            "2026-12-02T06:59:59+01:00",
            None,
            Some("2026-12-02T07:00:00+01:00"),
        ),
        (
            "2026-12-02T07:00:00+01:00",
            Some("2026-12-02T22:00:00+01:00"),
            None,
        ),
    ];
    check(&night, "Europe/Berlin", &table);
}

#[test]
fn a_window_past_midnight_belongs_to_the_day_on_which_it_begins() {
    // 2026-12-04 is a Friday.
    let night = hours("Fri 22:00-07:00 UTC").unwrap();
    let table = [
        (
            "2026-12-04T03:00:00Z",
            Some("2026-12-04T22:00:00+00:00"),
            None,
        ),
        (
            "2026-12-05T03:00:00Z",
            None,
            Some("2026-12-05T07:00:00+00:00"),
        ),
        (
            "2026-12-05T22:00:00Z",
            Some("2026-12-11T22:00:00+00:00"),
            None,
        ),
    ];
    check(&night, "UTC", &table);
}

#[test]
fn days_that_follow_each_other_are_open_at_a_stretch() {
    let weekend = hours("Sat,Sun 00:00-24:00 UTC").unwrap();
    let table = [
        (
            "2026-12-04T12:00:00Z",
            Some("2026-12-05T00:00:00+00:00"),
            None,
        ),
        (
            "2026-12-05T12:00:00Z",
            None,
            Some("2026-12-07T00:00:00+00:00"),
        ),
        (
            "2026-12-07T00:00:00Z",
            Some("2026-12-12T00:00:00+00:00"),
            None,
        ),
    ];
    check(&weekend, "UTC", &table);
    let over_the_week = hours("fri-MON 9:00-17:00 UTC").unwrap();
    let table = [
        (
            "2026-12-07T12:00:00Z",
            None,
            Some("2026-12-07T17:00:00+00:00"),
        ),
        (
            "2026-12-07T17:00:00Z",
            Some("2026-12-11T09:00:00+00:00"),
            None,
        ),
    ];
    check(&over_the_week, "UTC", &table);
}

#[test]
fn several_windows_are_open_while_any_of_them_is() {
    let times = any_of(&[
        "Mon-Fri 20:00-08:00 UTC",
        "Sat,Sun 00:00-24:00 UTC",
        "12:00-13:00 Asia/Tokyo",
    ]);
    let table = [
        (
            "2026-12-04T12:00:00Z",
            Some("2026-12-04T20:00:00+00:00"),
            None,
        ),
        // Friday's night, both days, and no break before Monday; 03:00 is noon in Tokyo.
        (
            "2026-12-04T20:00:00Z",
            None,
            Some("2026-12-07T00:00:00+00:00"),
        ),
        (
            "2026-12-07T00:00:00Z",
            Some("2026-12-07T03:00:00+00:00"),
            None,
        ),
        (
            "2026-12-07T03:30:00Z",
            None,
            Some("2026-12-07T04:00:00+00:00"),
        ),
    ];
    check(&times.unwrap(), "UTC", &table);
}

#[test]
fn hours_that_are_always_open_never_close() {
    let now = "2026-10-24T12:00:00Z";
    for always in [
        hours("00:00-24:00"),
        hours("Mon-Sun 00:00-24:00 Europe/Berlin"),
        hours("Tue-Mon 00:00-24:00 Europe/Berlin"),
        any_of(&["22:00-07:00 Europe/Berlin", "07:00-22:00 Europe/Berlin"]),
        any_of(&["22:30-02:30 Europe/Berlin", "02:30-22:30 Europe/Berlin"]),
    ] {
        check(&always.unwrap(), "Europe/Berlin", &[(now, None, None)]);
    }
}

#[test]
fn in_the_night_with_an_hour_less_a_window_opens_when_that_hour_is_over() {
    let table = [
        (
            "2027-03-28T01:30:00+01:00",
            Some("2027-03-28T03:00:00+02:00"),
            None,
        ),
        (
            "2027-03-28T03:00:00+02:00",
            None,
            Some("2027-03-28T05:00:00+02:00"),
        ),
    ];
    check(
        &hours("02:30-05:00 Europe/Berlin").unwrap(),
        "Europe/Berlin",
        &table,
    );
    let table = [(
        "2027-03-28T01:30:00+01:00",
        None,
        Some("2027-03-28T03:00:00+02:00"),
    )];
    check(
        &hours("22:00-02:30 Europe/Berlin").unwrap(),
        "Europe/Berlin",
        &table,
    );
    // Nothing of it is left on that day.
    let table = [(
        "2027-03-27T12:00:00+01:00",
        Some("2027-03-29T02:15:00+02:00"),
        None,
    )];
    check(
        &hours("02:15-02:45 Europe/Berlin").unwrap(),
        "Europe/Berlin",
        &table,
    );
    let sundays = hours("Sun 02:15-02:45 Europe/Berlin").unwrap();
    let table = [(
        "2027-03-22T12:00:00+01:00",
        Some("2027-04-04T02:15:00+02:00"),
        None,
    )];
    check(&sundays, "Europe/Berlin", &table);
    let table = [(
        "2027-03-14T01:30:00-05:00",
        Some("2027-03-14T03:00:00-04:00"),
        None,
    )];
    check(
        &hours("02:30-05:00 America/New_York").unwrap(),
        "America/New_York",
        &table,
    );
}

#[test]
fn in_the_night_with_an_hour_more_a_window_opens_and_closes_once() {
    let table = [
        (
            "2026-10-25T02:00:00+02:00",
            Some("2026-10-25T02:30:00+02:00"),
            None,
        ),
        (
            "2026-10-25T02:00:00+01:00",
            None,
            Some("2026-10-25T05:00:00+01:00"),
        ),
    ];
    check(
        &hours("02:30-05:00 Europe/Berlin").unwrap(),
        "Europe/Berlin",
        &table,
    );
    let table = [
        (
            "2026-10-25T02:00:00+02:00",
            None,
            Some("2026-10-25T02:30:00+02:00"),
        ),
        (
            "2026-10-25T02:00:00+01:00",
            Some("2026-10-25T22:00:00+01:00"),
            None,
        ),
    ];
    check(
        &hours("22:00-02:30 Europe/Berlin").unwrap(),
        "Europe/Berlin",
        &table,
    );
    let table = [(
        "2026-11-01T00:30:00-04:00",
        Some("2026-11-01T01:30:00-04:00"),
        None,
    )];
    check(
        &hours("01:30-05:00 America/New_York").unwrap(),
        "America/New_York",
        &table,
    );
}

#[test]
fn a_mistake_is_told_with_the_form_that_is_expected() {
    let expected = "expected hours like \"22:00-07:00 Europe/Berlin\" or \"Mon-Fri 09:00-17:00\"";
    for text in [
        "",
        "always",
        "Mon-Fri",
        "22:00",
        "22-07",
        "22:00-",
        "22:00-25:00",
        "22:60-23:00",
        "24:00-08:00",
        "24:01-08:00",
        "08:00-08:00",
        "+8:00-09:00",
        "Mon-Foo 08:00-09:00",
        "Mon, 08:00-09:00",
        "08:00-09:00 UTC UTC",
        "08:00 - 09:00",
    ] {
        assert_eq!(
            hours(text),
            Err(format!("{text:?} names no hours, {expected}"))
        );
    }
    assert_eq!(
        hours("22:00-07:00 Mars/Olympus"),
        Err(
            "there is no time zone \"Mars/Olympus\", expected one such as Europe/Berlin".to_owned()
        )
    );
    assert_eq!(
        any_of(&["22:00-07:00", "x"]),
        Err(format!("\"x\" names no hours, {expected}"))
    );
    assert_eq!(
        any_of(&[]),
        Err(format!("an empty list never opens, {expected}"))
    );
    let number: Result<Hours, Error> = Hours::deserialize(7u32.into_deserializer());
    assert_eq!(
        number.unwrap_err().to_string(),
        format!("{expected}, or a list of such")
    );
}

#[test]
fn without_a_zone_it_is_that_of_the_machine() {
    let window = hours("09:00-17:00").unwrap();
    let now = jiff::civil::date(2026, 12, 1)
        .to_zoned(TimeZone::system())
        .unwrap();
    let opens = now.with().hour(9).build().unwrap().timestamp().as_second();
    let now = Timestamp(now.timestamp().as_second());
    assert_eq!(window.opens_at(now), Some(Timestamp(opens)));
}

#[test]
fn a_moment_at_the_edge_of_the_clock_has_no_hours() {
    let window = hours("09:00-17:00 UTC").unwrap();
    for now in [i64::MIN, i64::MAX] {
        assert_eq!(window.opens_at(Timestamp(now)), None);
        assert_eq!(window.closes_at(Timestamp(now)), None);
    }
}

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
];

/// A window of some days, in steps of five minutes; half of the time one from the hours of switches
/// on.
fn window() -> impl Strategy<Value = Window> {
    let weekdays = WEEKDAYS.map(|(_, day)| day).to_vec();
    let weekdays = subsequence(weekdays, 1..=7);
    // What is shorter than an hour may be left out with it.
    (
        weekdays,
        prop_oneof![0..288i16, 20..38i16],
        13..=288i16,
        select(&ZONES[..]),
    )
        .prop_map(|(weekdays, from, length, zone)| Window {
            weekdays,
            from: from * 5,
            until: (from + length) * 5,
            zone: Some(TimeZone::get(zone).unwrap()),
        })
}

fn some_hours() -> impl Strategy<Value = Hours> {
    prop::collection::vec(window(), 1..4).prop_map(Hours)
}

/// Two years from 2026-10-01 on, half of the time within three hours of a switch in Berlin.
fn moment_of_years() -> impl Strategy<Value = i64> {
    let near = [1_792_890_000, 1_806_195_600, 1_824_339_600i64];
    prop_oneof![
        1_790_812_800..1_853_971_200i64,
        (select(near.to_vec()), -10_800..10_800i64).prop_map(|(switch, near)| switch + near),
    ]
}

/// Returns true if a clock shows hours of a window; `None` while it shows them twice.
fn clock_shows(window: &Window, now: Timestamp) -> Option<bool> {
    let zone = window.zone.clone().unwrap();
    let shown = jiff::Timestamp::from_second(now.0)
        .unwrap()
        .to_zoned(zone.clone())
        .datetime();
    if zone.to_ambiguous_timestamp(shown).is_ambiguous() {
        return None;
    }
    let minute = i16::from(shown.hour()) * 60 + i16::from(shown.minute());
    let begun_on = |weekday| window.weekdays.contains(&weekday);
    let today = begun_on(shown.weekday()) && (window.from..window.until).contains(&minute);
    let yesterday = begun_on(shown.weekday().previous())
        && (window.from..window.until).contains(&(minute + DAY_MINUTES));
    Some(today || yesterday)
}

proptest! {
    #[test]
    fn hours_are_open_while_the_clock_of_a_window_shows_them(hours in some_hours(), now in moment_of_years()) {
        let now = Timestamp(now);
        let shown: Option<Vec<bool>> = hours.0.iter().map(|window| clock_shows(window, now)).collect();
        if let Some(shown) = shown {
            prop_assert_eq!(hours.opens_at(now).is_none(), shown.contains(&true));
        }
    }

    #[test]
    fn hours_open_and_close_at_the_first_second_at_which_they_do(
        hours in some_hours(),
        now in moment_of_years(),
        samples in prop::collection::vec(0.0..1.0f64, 40),
    ) {
        let now = Timestamp(now);
        let is_open = |second: i64| hours.opens_at(Timestamp(second)).is_none();
        let (opens, closes) = (hours.opens_at(now), hours.closes_at(now));
        prop_assert!(opens.is_none() || closes.is_none());
        let was_open = opens.is_none();
        let changes = opens.or(closes);
        prop_assert!(changes.is_some_and(|at| at > now && at.0 - now.0 <= 8 * DAY) || was_open);
        // Hours that do not close are open for as long as is looked ahead.
        let end = changes.map_or(now.0 + 14 * DAY, |at| at.0);
        prop_assert_eq!(is_open(end), changes.is_none() || !was_open);
        prop_assert_eq!(is_open(end - 1), was_open);
        for sample in samples {
            let span = std::time::Duration::from_secs((end - now.0).unsigned_abs()).mul_f64(sample);
            let second = now.0 + i64::try_from(span.as_secs()).unwrap();
            prop_assert_eq!(is_open(second), was_open, "{}", second);
        }
    }

    #[test]
    fn any_text_is_hours_or_a_mistake(text in ".{0,40}", words in "[MonFri, 0-9:-]{0,20} [A-Z/a-z]{0,8}") {
        for text in [text, words] {
            if let Err(mistake) = hours(&text) {
                prop_assert!(mistake.ends_with(EXPECTED));
            }
        }
    }
}
