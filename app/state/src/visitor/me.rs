//! The name of the person in front of the page, whose tasks are theirs. Only this browser knows it.

use crate::query;

/// The cookie that remembers the name. Cookies do not know ports, so the name must differ from those
/// of other programs on this machine.
pub const COOKIE: &str = "kanban_me";

/// The name as a cookie may hold it.
pub fn cookie(name: &str) -> String {
    query::encode(name)
}

/// Reads what [`cookie`] wrote.
pub fn from_cookie(text: &str) -> Option<String> {
    let name = query::decode(text);
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nobody_has_the_empty_name() {
        assert_eq!(from_cookie(""), None);
    }

    proptest! {
        #[test]
        fn a_name_reads_back_from_its_cookie(name in "\\PC{1,20}") {
            let text = cookie(&name);
            let is_safe = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
            prop_assert!(is_safe, "{}", text);
            prop_assert_eq!(from_cookie(&text), Some(name));
        }
    }
}
