//! A line that somebody wrote in a chat.

/// Returns true when a line is meant for the board.
pub(super) fn is_command(text: &str) -> bool {
    let first = text.split_whitespace().next();
    matches!(first, Some("/kanban" | "kanban"))
}

/// Phones write quotation marks and dashes that a command line does not know. An apostrophe, and a
/// dash that begins no flag, stay as they are.
pub(super) fn straight(text: &str) -> String {
    let words = text.split(' ').map(|word| match word.strip_prefix('—') {
        Some(flag) if flag.starts_with(char::is_alphabetic) => format!("--{flag}"),
        _ => word.to_owned(),
    });
    let text = words.collect::<Vec<_>>().join(" ");
    let text = text.replace(['“', '”', '„'], "\"");
    if text.contains('‘') {
        text.replace(['‘', '’'], "'")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_phone_makes_of_a_line_is_understood() {
        assert_eq!(
            straight("/kanban create “a — b” —assignee ada"),
            "/kanban create \"a — b\" --assignee ada"
        );
        assert_eq!(straight("create ‘a b’"), "create 'a b'");
        assert_eq!(straight("comment t_1 don’t"), "comment t_1 don’t");
    }
}
