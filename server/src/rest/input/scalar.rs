//! Numbers and truths, as leniently as the original reads them.

use std::borrow::Cow;
use std::num::{IntErrorKind, ParseIntError};
use std::ops::RangeInclusive;

use serde_json::Value;

use crate::http_error::Fault;

pub(super) const MISSING: Complaint = Complaint::new("missing", "Field required");
pub(super) const NO_TEXT: Complaint =
    Complaint::new("string_type", "Input should be a valid string");

/// The fault of a value, wherever that stands.
pub(super) struct Complaint {
    /// The class of fault, for programs.
    pub(super) kind: &'static str,
    /// The message, for people.
    pub(super) msg: Cow<'static, str>,
}

impl Complaint {
    pub(super) const fn new(kind: &'static str, msg: &'static str) -> Self {
        let msg = Cow::Borrowed(msg);
        Self { kind, msg }
    }

    /// The fault at a place where something was sent.
    pub(super) fn about(self, loc: Vec<Value>, input: Value) -> Fault {
        let Self { kind, msg } = self;
        Fault {
            kind,
            loc,
            msg,
            input,
        }
    }
}

/// The number, if it is within the bounds.
pub(super) fn within(bounds: &RangeInclusive<i64>, number: i64) -> Result<i64, Complaint> {
    let (least, most) = (bounds.start(), bounds.end());
    let (kind, relation, bound) = if number < *least {
        ("greater_than_equal", "greater", least)
    } else if number > *most {
        ("less_than_equal", "less", most)
    } else {
        return Ok(number);
    };
    let msg = format!("Input should be {relation} than or equal to {bound}").into();
    Err(Complaint { kind, msg })
}

/// A whole number: of JSON, or the text of one.
pub(super) fn integer(value: &Value) -> Result<i64, Complaint> {
    const NO_INTEGER: Complaint = Complaint::new("int_type", "Input should be a valid integer");
    const UNREADABLE: Complaint = Complaint::new(
        "int_parsing",
        "Input should be a valid integer, unable to parse string as an integer",
    );
    const FRACTION: Complaint = Complaint::new(
        "int_from_float",
        "Input should be a valid integer, got a number with a fractional part",
    );
    const TOO_LARGE: Complaint = Complaint::new(
        "int_parsing_size",
        "Unable to parse input string as an integer, exceeded maximum size",
    );
    const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
    match value {
        Value::Bool(truth) => Ok(i64::from(*truth)),
        Value::String(text) => {
            text.trim()
                .parse()
                .map_err(|error: ParseIntError| match error.kind() {
                    IntErrorKind::PosOverflow | IntErrorKind::NegOverflow => TOO_LARGE,
                    _ => UNREADABLE,
                })
        }
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Ok(whole),
            (None, Some(float)) if float.fract() != 0.0 => Err(FRACTION),
            // An integer of more than 64 bits comes as the nearest float, which may be the lowest of
            // 64 bits itself.
            (None, Some(float)) if float.abs() >= TWO_TO_63 => Err(TOO_LARGE),
            // `7.0` is a whole number too; its digits say so exactly.
            (None, Some(float)) => format!("{float:.0}").parse().map_err(|_| TOO_LARGE),
            (None, None) => Err(TOO_LARGE),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(NO_INTEGER),
    }
}

/// A truth: of JSON, 0 or 1, or a word for it.
pub(super) fn flag(value: &Value) -> Result<bool, Complaint> {
    const NO_TRUTH: Complaint = Complaint::new("bool_type", "Input should be a valid boolean");
    const UNREADABLE: Complaint = Complaint::new(
        "bool_parsing",
        "Input should be a valid boolean, unable to interpret input",
    );
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(UNREADABLE),
        },
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "1" | "true" | "t" | "yes" | "y" | "on" => Ok(true),
            "0" | "false" | "f" | "no" | "n" | "off" => Ok(false),
            _ => Err(UNREADABLE),
        },
        Value::Null | Value::Array(_) | Value::Object(_) => Err(NO_TRUTH),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_may_come_as_text_but_not_with_a_fraction() {
        for (value, expected) in [
            (json!(7), Ok(7)),
            (json!(-7), Ok(-7)),
            (json!("7"), Ok(7)),
            (json!(7.0), Ok(7)),
            (json!(true), Ok(1)),
            (json!(1.5), Err("int_from_float")),
            (json!("1.5"), Err("int_parsing")),
            (json!("seven"), Err("int_parsing")),
            (json!(1e300), Err("int_parsing_size")),
            (json!(i64::MAX), Ok(i64::MAX)),
            (json!(i64::MIN), Ok(i64::MIN)),
            (json!(u64::MAX), Err("int_parsing_size")),
            (parsed("9223372036854775808"), Err("int_parsing_size")),
            (parsed("-9223372036854775809"), Err("int_parsing_size")),
            (parsed("-9223372036854775808.0"), Err("int_parsing_size")),
            (json!("9223372036854775808"), Err("int_parsing_size")),
            (json!(null), Err("int_type")),
            (json!([]), Err("int_type")),
        ] {
            assert_eq!(
                integer(&value).map_err(|complaint| complaint.kind),
                expected,
                "{value}"
            );
        }
    }

    #[test]
    fn truth_may_come_in_many_words() {
        for value in [
            json!(true),
            json!(1),
            json!("1"),
            json!("Yes"),
            json!("on"),
            json!("T"),
        ] {
            assert!(matches!(flag(&value), Ok(true)), "{value}");
        }
        for value in [
            json!(false),
            json!(0),
            json!("0"),
            json!("NO"),
            json!("off"),
            json!("f"),
        ] {
            assert!(matches!(flag(&value), Ok(false)), "{value}");
        }
        for value in [json!(2), json!("maybe"), json!(""), json!(null), json!([])] {
            assert!(flag(&value).is_err(), "{value}");
        }
    }
}
