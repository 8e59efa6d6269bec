//! A moment as people read it.

use domain::time::Timestamp;
use jiff::tz::TimeZone;

/// `YYYY-MM-DD HH:MM`, local.
pub(crate) fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(at.0).unwrap_or_default();
    moment
        .to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
