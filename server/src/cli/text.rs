//! How things look in a terminal.

use domain::status::Status;
use domain::time::Timestamp;
use jiff::tz::TimeZone;

/// A mark that is quicker to find than a word.
pub(super) const fn icon(status: &Status) -> char {
    match status {
        Status::Todo => '◻',
        Status::Ready => '▶',
        Status::Running => '●',
        Status::Blocked => '⊘',
        Status::Done => '✓',
        Status::Archived => '—',
        Status::Triage | Status::Other(_) => '?',
    }
}

/// `YYYY-MM-DD HH:MM`, local.
pub(super) fn moment(at: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(at.0).unwrap_or_default();
    moment
        .to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
