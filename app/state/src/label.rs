//! The words of the page for the words of the program.

use domain::outcome::StartOn;
use domain::run::Outcome;
use domain::status::Status;

/// The heading of a column.
pub fn of(status: &Status) -> &str {
    match status {
        Status::Triage => "Triage",
        Status::Todo => "Todo",
        Status::Ready => "Ready",
        Status::Running => "Running",
        Status::Review => "Review",
        Status::Blocked => "Blocked",
        Status::Done => "Done",
        Status::Archived => "Archived",
        Status::Other(name) => name,
    }
}

/// The text of an empty column: the tasks that belong there.
pub fn hint(status: &Status) -> &'static str {
    match status {
        Status::Triage => "Ideas. Nothing starts from here by itself.",
        Status::Todo => "Tasks that wait for others, or for you.",
        Status::Ready => "Tasks that a worker may take now.",
        Status::Running => "Tasks that a worker is busy with.",
        Status::Review => "Finished work that waits for a verdict.",
        Status::Blocked => "Tasks that need an answer from you.",
        Status::Done => "Finished tasks, with their results.",
        Status::Archived => "Archived tasks.",
        Status::Other(_) => "Tasks of another version of this program.",
    }
}

/// The outcome of a run in a word or two; `None` while it goes on.
pub fn of_run(outcome: Option<Outcome>) -> &'static str {
    match outcome {
        None => "running",
        Some(Outcome::Completed) => "completed",
        Some(Outcome::Blocked) => "blocked",
        Some(Outcome::SpawnFailed) => "did not start",
        Some(Outcome::Exit) => "failed",
        Some(Outcome::Signal) => "killed",
        Some(Outcome::Oom) => "out of memory",
        Some(Outcome::TimedOut) => "took too long",
        Some(Outcome::HeartbeatLost) => "went silent",
        Some(Outcome::Protocol) => "reported nothing",
        Some(Outcome::CheckFailed) => "check failed",
        Some(Outcome::Crashed) => "vanished",
        Some(Outcome::Deferred) => "put off",
        Some(Outcome::Interrupted) => "interrupted",
        Some(Outcome::Cancelled) => "cancelled",
        Some(Outcome::Reclaimed) => "claim ran out",
    }
}

/// The condition of a link, before `of` and the name of the parent.
pub fn start_on(on: StartOn) -> &'static str {
    match on {
        StartOn::Success => "on success",
        StartOn::Failure => "on failure",
        StartOn::Always => "on either outcome",
    }
}

/// The initials of the first two words of a name, or the first two letters of a single one. CSS makes
/// them capitals: what Unicode knows of them would be a hundredth of the program.
pub fn initials(name: &str) -> String {
    let mut words = name
        .split(|c: char| c.is_ascii_punctuation() || c.is_whitespace())
        .filter(|word| !word.is_empty());
    match (words.next(), words.next()) {
        (Some(first), Some(second)) => first
            .chars()
            .take(1)
            .chain(second.chars().take(1))
            .collect(),
        (Some(only), None) => only.chars().take(2).collect(),
        _ => String::new(),
    }
}

/// A title within a sentence.
pub fn quoted(title: &str) -> String {
    format!("“{title}”")
}

/// A sentence of the program as it stands alone on the page.
pub fn capitalised(sentence: &str) -> String {
    let mut sentence = sentence.to_owned();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

/// A size in bytes in its unit.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_words_or_of_the_word() {
        let said = ["shell", "code-review", "a b c", "élan", "", "--"].map(initials);
        assert_eq!(said, ["sh", "cr", "ab", "él", "", ""]);
    }

    #[test]
    fn sentences_stand_alone() {
        assert_eq!(
            ["it is done", "ünder", ""].map(capitalised),
            ["It is done", "ünder", ""]
        );
    }

    #[test]
    fn sizes_are_told_in_their_unit() {
        let said = [0, 999, 1_000, 99_999, 12_345_678].map(size);
        assert_eq!(said, ["0 B", "999 B", "1 kB", "99 kB", "12 MB"]);
    }
}
