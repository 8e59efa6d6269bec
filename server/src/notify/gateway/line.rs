//! A line that somebody wrote in a chat.

use domain::id::TaskId;

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

/// The task that a line has made, whether the answer is for people or JSON.
pub(super) fn created(line: &str, answer: &str) -> Option<TaskId> {
    if line.split_whitespace().nth(1) != Some("create") {
        return None;
    }
    let first = answer.lines().next()?;
    let named = ["Created ", "Found "]
        .into_iter()
        .find_map(|verb| first.strip_prefix(verb));
    if let Some(rest) = named {
        return rest.split_whitespace().next()?.parse().ok();
    }
    let task: serde_json::Value = serde_json::from_str(answer).ok()?;
    task.get("id")?.as_str()?.parse().ok()
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
