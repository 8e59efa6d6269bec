//! The text in which the server answers and hands over what a page shows.

mod reader;

use leptos::server::codee::{Decoder, Encoder};
use leptos::server_fn::codec::Post;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

use reader::{Reader, Unread};

/// JSON that a page reads with a small reader of its own, all of it by the same one.
pub struct Json;

/// The encoding of the answers of server functions.
pub type Answers = Post<Json>;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, serde_json::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Unread;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Unread> {
        read(text.as_bytes())
    }
}

impl ContentType for Json {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Json {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Json {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Json {
    type Error = Unread;

    fn decode(bytes: Bytes) -> Result<T, Unread> {
        read(&bytes)
    }
}

/// Reads a value from a whole text.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::board::Snapshot;
    use domain::check::{Receipt, Verdict};
    use domain::dispatch::WhyNot;
    use domain::fixture::{dispatch, report, summary, task};
    use domain::id::{DeliveryId, TaskId};
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Kind {
        Plain,
        Wrapped(Pair),
        Named { pair: Pair },
        Both(Pair, u8),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Pair {
        one: Option<i64>,
        #[serde(default)]
        other: Vec<(String, bool)>,
    }

    #[track_caller]
    fn reads_back<T>(value: &T)
    where
        T: std::fmt::Debug + PartialEq + Serialize + DeserializeOwned,
    {
        let text = serde_json::to_vec(value).unwrap();
        assert_eq!(&read::<T>(&text).unwrap(), value);
    }

    fn pair() -> Pair {
        Pair {
            one: Some(-7),
            other: vec![("ü".to_owned(), true)],
        }
    }

    #[test]
    fn whatever_is_written_reads_back() {
        reads_back(&vec![summary(1), summary(2)]);
        reads_back(&task(3));
        reads_back(&(dispatch(), report()));
        reads_back(&BTreeMap::from([(1, pair())]));
        let named = Kind::Named { pair: pair() };
        reads_back(&[
            Kind::Plain,
            Kind::Wrapped(pair()),
            named,
            Kind::Both(pair(), 3),
        ]);
        reads_back(&[Ok(pair()), Err(None::<u8>)]);
        reads_back(&serde_json::json!({"a": [1, -2, null, {"b": "c"}], "d": {}, "e": []}));
        reads_back(&[Some(u64::MAX), None]);
        reads_back(&(i64::MIN, true, ()));
        reads_back(&BTreeMap::from([(DeliveryId(7), TaskId::from_bits(7))]));
    }

    #[test]
    fn what_is_flat_or_tagged_reads_back_too() {
        let receipt: Receipt = serde_json::from_value(serde_json::json!({
            "id": 1, "run": null, "by": "ada",
            "check": {
                "command": "make", "verdict": "passed", "began_at": 1, "ended_at": 2,
                "exit_code": null, "output": "", "log_start": null, "log_end": 3,
                "commit": "1f2e", "more_files": 2,
            },
        }))
        .unwrap();
        reads_back(&receipt);
        reads_back(&WhyNot::WaitsForParents {
            parents: vec![TaskId::from_bits(1)],
            because: None,
        });
    }

    #[test]
    fn a_card_that_is_an_array_reads_back_and_none_is_too_short_or_too_long() {
        let mut told = summary(2);
        told.checked = Some(Verdict::Passed);
        told.last_error = Some("[1,\"]\"".to_owned());
        told.reviewer = Some("ada".to_owned());
        let snapshot = Snapshot {
            tasks: vec![summary(1), told],
            ..Snapshot::default()
        };
        reads_back(&snapshot);
        let text = serde_json::to_string(&snapshot).unwrap();
        for wrong in [text.replace("0]]", "]]"), text.replace("0]]", "0,0]]")] {
            assert_ne!(wrong, text);
            assert!(read::<Snapshot>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in any::<String>(), number in any::<i64>()) {
            reads_back(&(text.clone(), number));
            reads_back(&BTreeMap::from([(text, Some(number))]));
        }

        #[test]
        fn what_is_cut_off_or_changed_is_refused_or_read_and_never_more(
            text in r#"[\[\]{}",:0-9a-z.eE+\\ -]{0,40}"#,
        ) {
            let ours = read::<serde_json::Value>(text.as_bytes());
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(ours.is_ok());
            }
        }
    }

    #[test]
    fn escapes_and_spaces_are_those_of_json() {
        let text = r#" { "one" : -7 , "other" : [ [ "\u00fc\ud83d\ude00\n\/\"" , true ] ] } "#;
        let read = read::<Pair>(text.as_bytes()).unwrap();
        let expected = Pair {
            one: Some(-7),
            other: vec![("ü😀\n/\"".to_owned(), true)],
        };
        assert_eq!(read, expected);
    }

    #[test]
    fn of_a_fraction_the_whole_part_is_read() {
        let numbers = read::<serde_json::Value>(b"[2.5, -3e2]").unwrap();
        assert_eq!(numbers, serde_json::json!([2, -3]));
    }

    #[test]
    fn a_struct_is_an_object_and_nothing_follows_it() {
        assert_eq!(read::<Pair>(br#"{"one":null}"#).unwrap().one, None);
        let deep = "[".repeat(100_000);
        for text in [
            "[1,[]]",
            r#"{"one":1} x"#,
            r#"{"one":"1"}"#,
            r#"{"one":1,}"#,
            r#"{"one":1 "other":[]}"#,
            r#"{"one":nul}"#,
            r#"{"one":1"#,
            r#"{"other":[["\ud800",true]],"one":1}"#,
            "",
            &deep,
        ] {
            assert!(read::<Pair>(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read::<serde_json::Value>(deep.as_bytes()).is_err());
    }
}
