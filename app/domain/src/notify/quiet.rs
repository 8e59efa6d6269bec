//! Quiet hours: the part of the day in which an address is sent nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// A part of every day, such as `22:00-07:00 Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QuietHours {
    /// The first minute of it, counted from midnight.
    from: u16,
    /// The first minute after it; an earlier one is of the next day.
    until: u16,
    /// The IANA name of the time zone; that of the server where it is not said.
    zone: Option<String>,
}

impl QuietHours {
    /// The minute of a day at which it begins.
    pub fn from(&self) -> u16 {
        self.from
    }

    /// The minute at which it ends, of that day or of the next one.
    pub fn until(&self) -> u16 {
        self.until
    }

    /// Returns true if it ends on the day after that on which it begins.
    pub fn last_past_midnight(&self) -> bool {
        self.until < self.from
    }

    /// The name of the time zone, where it is said.
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }
}

impl FromStr for QuietHours {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text).ok_or_else(|| Error::BadQuietHours(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<QuietHours> {
    let (hours, zone) = match text.trim().split_once(' ') {
        Some((hours, zone)) => (hours, Some(zone.trim().to_owned())),
        None => (text.trim(), None),
    };
    let (from, until) = hours.split_once('-')?;
    let (from, until) = (minute(from)?, minute(until)?);
    (from != until).then_some(QuietHours { from, until, zone })
}

/// The minute of the day that `hh:mm` is.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str, below: u16| {
        let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<u16>().ok().filter(|number| *number < below);
        number.filter(|_| is_number)
    };
    Some(number(hour, 24)? * 60 + number(minute, 60)?)
}

impl TryFrom<String> for QuietHours {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<QuietHours> for String {
    fn from(hours: QuietHours) -> Self {
        hours.to_string()
    }
}

impl fmt::Display for QuietHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until, zone } = self;
        let (from, until) = ((from / 60, from % 60), (until / 60, until % 60));
        write!(
            f,
            "{:02}:{:02}-{:02}:{:02}",
            from.0, from.1, until.0, until.1
        )?;
        match zone {
            Some(zone) => write!(f, " {zone}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> QuietHours {
        text.parse().unwrap()
    }

    #[test]
    fn a_night_lasts_past_midnight_and_an_afternoon_does_not() {
        let night = hours("22:00-7:30");
        assert_eq!((night.from(), night.until()), (22 * 60, 7 * 60 + 30));
        assert!(night.last_past_midnight());
        let nap = hours("13:00-14:00 Europe/Berlin");
        assert!(!nap.last_past_midnight());
        assert_eq!(nap.zone(), Some("Europe/Berlin"));
    }

    #[test]
    fn quiet_hours_are_written_as_they_are_read() {
        for text in ["22:00-07:00", "00:05-23:59 America/New_York"] {
            assert_eq!(hours(text).to_string(), text);
        }
        for text in [
            "",
            "22-7",
            "22:00",
            "24:00-07:00",
            "7:60-8:00",
            "+7:00-8:00",
            "7:00-7:00",
        ] {
            let refused = text.parse::<QuietHours>();
            assert_eq!(refused, Err(Error::BadQuietHours(text.to_owned())));
        }
    }
}
