//! The path below which the board is, where a proxy shows it as one of several things on its host.

use leptos::prelude::*;

/// The path of the board, without a slash at its end: "" or `/kanban`.
#[derive(Clone, Copy)]
pub(crate) struct Base(pub(crate) &'static str);

impl Base {
    /// The path without this one in front.
    pub(crate) fn inside(self, path: &str) -> &str {
        path.strip_prefix(self.0).unwrap_or(path)
    }
}

/// The path of the document that a browser has loaded.
pub fn of_document() -> &'static str {
    path(&uri()).to_owned().leak()
}

/// The address at which all links of the document begin, with a slash at its end.
pub(crate) fn uri() -> String {
    let uri = document().base_uri().ok().flatten();
    uri.unwrap_or_default()
}

/// The path of an address, without a slash at its end.
pub(crate) fn path(uri: &str) -> &str {
    let (_, rest) = uri.split_once("://").unwrap_or_default();
    let path = rest.find('/').and_then(|begin| rest.get(begin..));
    path.unwrap_or_default().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_address_has_no_slash_at_its_end() {
        for (uri, expected) in [
            ("http://127.0.0.1:8420/", ""),
            ("https://example.com/kanban/", "/kanban"),
            ("https://example.com/team/a/", "/team/a"),
        ] {
            assert_eq!(path(uri), expected);
            assert_eq!(
                Base(path(uri)).inside(&format!("{expected}/t/t_1")),
                "/t/t_1"
            );
        }
    }
}
