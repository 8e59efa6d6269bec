//! The mark of an assignee: the first letters of the name.

use leptos::prelude::*;

#[component]
pub(crate) fn Avatar(#[prop(into)] name: Signal<String>) -> impl IntoView {
    view! { <span class="avatar" aria-hidden="true">{move || initials(&name.read())}</span> }
}

/// The initials of the first two words, or the first two letters of a single one.
fn initials(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let letters: String = match (words.next(), words.next()) {
        (Some(first), Some(second)) => first.chars().take(1).chain(second.chars().take(1)).collect(),
        (Some(only), None) => only.chars().take(2).collect(),
        _ => String::new(),
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_words_or_of_the_word() {
        let said = ["shell", "code-review", "a b c", "", "--"].map(initials);
        assert_eq!(said, ["SH", "CR", "AB", "", ""]);
    }
}
