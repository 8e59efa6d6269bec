//! The part of a URL after the question mark: pairs in the form `application/x-www-form-urlencoded`.

use std::fmt::Write;

/// The pairs of a query, in their order. What is not well written is read as it stands.
pub(crate) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
}

/// The text that [`pairs`] reads back.
pub(crate) fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(key, value)| format!("{}={}", encode(key), encode(value)))
        .collect();
    pairs.join("&")
}

/// A text without anything that means something else in a URL, or in a cookie.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => {
                encoded.push(char::from(byte));
            }
            b' ' => encoded.push('+'),
            // Writing to a string cannot fail.
            _ => drop(write!(encoded, "%{byte:02X}")),
        }
    }
    encoded
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode(text: &str) -> String {
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some((byte, behind)) = rest.split_first() {
        let (byte, behind) = match (byte, behind) {
            (b'+', _) => (b' ', behind),
            (b'%', [high, low, escaped @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, escaped),
                _ => (b'%', behind),
            },
            (byte, behind) => (*byte, behind),
        };
        decoded.push(byte);
        rest = behind;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_reads_back(key in ".+", value in ".*") {
            let text = write([(key.as_str(), value.as_str())]);
            prop_assert!(text.is_ascii());
            prop_assert_eq!(pairs(&text).collect::<Vec<_>>(), [(key, value)]);
        }

        #[test]
        fn no_text_is_too_strange_to_read(text in ".*") {
            prop_assert!(pairs(&text).count() <= text.len());
        }
    }

    #[test]
    fn half_an_escape_stands_for_itself() {
        let read: Vec<_> = pairs("a=100%&b=%4&c=%zz").collect();
        let expected = [("a", "100%"), ("b", "%4"), ("c", "%zz")];
        assert_eq!(read, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }
}
