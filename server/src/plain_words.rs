//! What programs and people read of a door begins with the thing or the action, never with a question.

const QUESTIONS: [&str; 11] = [
    "what", "whether", "how", "where", "who", "whom", "whose", "which", "when", "why", "if",
];

/// Returns true when a text begins with a question word, or with one after a preposition.
pub(crate) fn is_riddle(text: &str) -> bool {
    let mut words = text.split(|char: char| !char.is_alphabetic());
    let first = words.next().unwrap_or_default().to_lowercase();
    let second = words.next().unwrap_or_default();
    let is_preposition = ["after", "at", "by", "for", "from", "in", "to", "until"];
    QUESTIONS.contains(&first.as_str())
        || (is_preposition.contains(&first.as_str()) && QUESTIONS.contains(&second))
}

#[test]
fn a_riddle_is_known_by_its_first_words() {
    assert!(is_riddle("What is to be done") && is_riddle("By when it ends"));
    assert!(!is_riddle("The time limit") && !is_riddle("By default, none"));
}
