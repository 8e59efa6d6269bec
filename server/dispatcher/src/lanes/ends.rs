//! The meaning of a worker's end by the words or the JSON fields that it printed last.

use domain::command::{HoldUntil, Met};
use domain::hold::Cause;
use domain::text::printed;
use domain::time::Timestamp;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::moment::reset_moment;

/// The largest compiled pattern, in bytes.
const LARGEST_PATTERN: usize = 256 * 1024;

/// The longest line that is quoted, in characters.
const QUOTED: usize = 200;

/// A pattern of the lines that a worker printed last, and their meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Table")]
pub(crate) struct EndPattern {
    /// A regular expression that a line fits.
    says: Option<Says>,
    /// A JSON pointer (RFC 6901) into a line that is a JSON object.
    field: Option<String>,
    /// The value there; any but `null` and `false` where it is not named.
    is: Option<Value>,
    means: Condition,
    effect: Option<Effect>,
}

/// A pattern as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    says: Option<Says>,
    field: Option<String>,
    is: Option<Value>,
    means: Condition,
    effect: Option<Effect>,
}

impl TryFrom<Table> for EndPattern {
    type Error = String;

    fn try_from(table: Table) -> Result<Self, String> {
        let Table {
            says,
            field,
            is,
            means,
            effect,
        } = table;
        let expected = match &field {
            None if says.is_none() => "`says` or `field`",
            None if is.is_some() => "`field` beside `is`",
            Some(field) if !field.starts_with('/') => {
                "a `field` that begins with a slash, as in \"/error/status\""
            }
            _ => {
                return Ok(Self {
                    says,
                    field,
                    is,
                    means,
                    effect,
                });
            }
        };
        Err(format!("this fits no line, expected {expected}"))
    }
}

/// A regular expression that makes sense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct Says(String);

/// The condition that a worker met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Condition {
    /// Too many requests.
    RateLimited,
    /// The budget of the account is spent.
    Quota,
    /// The service is in trouble, or cannot be reached.
    Overloaded,
    /// Nobody is logged in, or the account may not do it.
    Unauthorized,
    /// The task needs more context than the model has.
    ContextTooLong,
}

/// The effect of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Effect {
    /// The pool is held until the moment that is named, else longer each time.
    Hold,
    /// The pool is held until a person releases it.
    Ask,
    /// The attempt failed.
    Fail,
}

/// An end that a pattern fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fit {
    /// The hold of its pool; `None` for a failure of the task.
    pub(crate) met: Option<Met>,
    /// The line by which it is known, where that is for people.
    pub(crate) line: Option<String>,
}

impl TryFrom<String> for Says {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let expected = match compiled(&text) {
            Ok(pattern) if pattern.is_match("") => "one that an empty line does not fit",
            Ok(_) => return Ok(Self(text)),
            Err(regex::Error::CompiledTooBig(_)) => "a smaller regular expression",
            Err(_) => "a regular expression, as in '^usage limit'",
        };
        Err(format!("{text:?} makes no sense, expected {expected}"))
    }
}

impl From<Says> for String {
    fn from(says: Says) -> Self {
        says.0
    }
}

fn compiled(text: &str) -> Result<Regex, regex::Error> {
    let mut builder = RegexBuilder::new(text);
    builder.size_limit(LARGEST_PATTERN).build()
}

impl Condition {
    fn usual_effect(self) -> Effect {
        match self {
            Self::RateLimited | Self::Quota | Self::Overloaded => Effect::Hold,
            Self::Unauthorized => Effect::Ask,
            Self::ContextTooLong => Effect::Fail,
        }
    }

    fn cause(self) -> Cause {
        match self {
            Self::RateLimited => Cause::RateLimited,
            Self::Quota => Cause::Quota,
            Self::Overloaded => Cause::Overloaded,
            Self::Unauthorized => Cause::Unauthorized,
            Self::ContextTooLong => Cause::Failing,
        }
    }
}

/// The number of the last lines that are looked at.
const LINES: usize = 40;

/// Returns the first of these patterns that a line of the end fits, as it was printed, the last line
/// first, with the moment that the end names.
pub(crate) fn fit(patterns: &[EndPattern], end: &str, now: Timestamp) -> Option<Fit> {
    let found = patterns.iter().find_map(|pattern| {
        let line = pattern.line_of(end)?;
        Some((pattern, line))
    });
    let (pattern, line) = found?;
    let effect = pattern.effect.unwrap_or(pattern.means.usual_effect());
    let until = match effect {
        Effect::Hold => {
            reset_moment(&printed(end), now).map_or(HoldUntil::Growing, HoldUntil::Moment)
        }
        Effect::Ask => HoldUntil::Released,
        Effect::Fail => {
            return Some(Fit {
                met: None,
                line: quoted(line),
            });
        }
    };
    let cause = pattern.means.cause();
    let met = Some(Met { cause, until });
    let line = quoted(line);
    Some(Fit { met, line })
}

/// A line of JSON is for programs.
fn quoted(line: &str) -> Option<String> {
    let line = printed(line.trim());
    (!line.starts_with('{')).then(|| line.chars().take(QUOTED).collect())
}

impl EndPattern {
    fn line_of<'a>(&self, end: &'a str) -> Option<&'a str> {
        let says = match &self.says {
            Some(Says(text)) => Some(compiled(text).ok()?),
            None => None,
        };
        let fits = |line: &&str| {
            says.as_ref().is_none_or(|says| says.is_match(line))
                && self
                    .field
                    .as_ref()
                    .is_none_or(|field| self.has(line, field))
        };
        let is_pattern = says.is_some() || self.field.is_some();
        let lines = end.lines().rev().filter(|line| !line.trim().is_empty());
        let mut lines = lines.take(LINES).filter(|_| is_pattern);
        lines.find(fits)
    }

    fn has(&self, line: &str, field: &str) -> bool {
        if !line.trim_start().starts_with('{') {
            return false;
        }
        let Ok(object) = serde_json::from_str::<Value>(line) else {
            return false;
        };
        match (object.pointer(field), &self.is) {
            (None | Some(Value::Null | Value::Bool(false)), None) => false,
            (Some(_), None) => true,
            (found, Some(is)) => found == Some(is),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    fn pattern(toml: &str) -> EndPattern {
        toml::from_str(toml).unwrap()
    }

    fn met(toml: &str, end: &str) -> Option<(Cause, HoldUntil)> {
        let met = fit(&[pattern(toml)], end, NOW)?.met?;
        Some((met.cause, met.until))
    }

    #[test]
    fn words_are_looked_for_in_each_line_and_fields_in_those_of_json() {
        let says = "says = '^API Error: .*429'\nmeans = 'rate_limited'";
        let growing = Some((Cause::RateLimited, HoldUntil::Growing));
        assert_eq!(met(says, "working\nAPI Error: (429) no\nbye"), growing);
        assert_eq!(met(says, "the log says API Error: 429"), None);
        let field = "field = '/error/status'\nis = 529\nmeans = 'overloaded'";
        let end = "{\"error\":{\"status\":529}}\n--- \n{broken";
        assert_eq!(
            met(field, end),
            Some((Cause::Overloaded, HoldUntil::Growing))
        );
        assert_eq!(met(field, "{\"error\":{\"status\":500}}"), None);
        let any = "field = '/error'\nmeans = 'unauthorized'";
        assert_eq!(met(any, "{\"error\":null}\n{\"error\":false}"), None);
        let ask = Some((Cause::Unauthorized, HoldUntil::Released));
        assert_eq!(met(any, "{\"error\":\"no\"}"), ask);
    }

    #[test]
    fn a_moment_that_the_end_names_is_the_end_of_the_hold() {
        let says = "says = 'limit'\nmeans = 'quota'";
        let until = HoldUntil::Moment(NOW + domain::time::Seconds(300));
        let found = met(says, "usage limit reached\ntry again in 5 minutes");
        assert_eq!(found, Some((Cause::Quota, until)));
    }

    #[test]
    fn the_first_pattern_counts_and_its_effect_may_be_another() {
        let fail = pattern("says = 'limit'\nmeans = 'quota'\neffect = 'fail'");
        let hold = pattern("says = 'limit'\nmeans = 'quota'");
        let found = fit(&[fail, hold], "the limit", NOW).unwrap();
        let line = Some("the limit".to_owned());
        assert_eq!(found, Fit { met: None, line });
    }

    /// The moment at which the real programs were run, and those at which they were told to come back.
    const RUN_AT: Timestamp = Timestamp(1_796_019_704);
    const RESETS: [i64; 2] = [3 * 3_600, 3 * 86_400];

    /// The rows of `fixtures/ends/README.md`: program, case, moment in words, meaning.
    fn real_ends() -> Vec<[&'static str; 4]> {
        let mut program = "";
        let mut rows = Vec::new();
        for line in include_str!("../../fixtures/ends/README.md").lines() {
            if let Some(heading) = line.strip_prefix("## ") {
                program = match heading.split(' ').next() {
                    Some("Claude") => "claude",
                    Some("Codex") => "codex",
                    Some("Gemini") => "gemini",
                    _ => "opencode",
                };
            }
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            if let [_, case, .., moment, means, _] = cells.as_slice()
                && case.starts_with('`')
            {
                rows.push([program, case.trim_matches('`'), moment, means]);
            }
        }
        rows
    }

    #[test]
    fn each_end_of_a_real_program_means_what_it_met() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/ends");
        let rows = real_ends();
        assert!(rows.len() > 80, "{}", rows.len());
        for [program, case, moment, means] in rows {
            let name = format!("{program}-{case}.txt");
            let printed = std::fs::read_to_string(folder.join(&name)).unwrap();
            let agent = crate::agents::named(program).unwrap();
            let found = fit(&agent.ends, &printed, RUN_AT).map(|fit| fit.met);
            let cause = found.map(|met| met.map(|met| met.cause));
            let expected = match means {
                "rate_limited" => Some(Some(Cause::RateLimited)),
                "quota" => Some(Some(Cause::Quota)),
                "overloaded" => Some(Some(Cause::Overloaded)),
                "unauthorized" => Some(Some(Cause::Unauthorized)),
                "context_too_long" => Some(None),
                _ => None,
            };
            assert_eq!(cause, expected, "{name}");
            let until = found.flatten().map(|met| met.until);
            if means == "unauthorized" {
                assert_eq!(until, Some(HoldUntil::Released), "{name}");
            } else if moment.contains("resetsAt") {
                let Some(HoldUntil::Moment(until)) = until else {
                    panic!("{name}: {until:?}");
                };
                let after = until.seconds_since(RUN_AT);
                let is_right = RESETS
                    .iter()
                    .any(|right| (right - 60..=right + 60).contains(&after));
                assert!(is_right, "{name}: {after} s");
            } else if moment == "none" {
                let growing = HoldUntil::Growing;
                assert!(
                    until.is_none_or(|until| until == growing),
                    "{name}: {until:?}"
                );
            }
        }
    }

    #[test]
    fn a_worker_that_only_speaks_of_limits_has_met_none() {
        let said = "I read the log: API Error: Request rejected (429)\n\
                    the test prints usage_limit_reached and 529 Overloaded\n\
                    {\"type\":\"assistant\",\"message\":\"API Error: Request rejected (429)\"}\n\
                    thread 'limits' panicked: rate limit reached";
        for agent in crate::agents::known() {
            assert_eq!(fit(&agent.ends, said, RUN_AT), None, "{}", agent.name);
        }
    }

    #[test]
    fn a_pattern_that_makes_no_sense_is_refused() {
        for (toml, expected) in [
            (
                "says = '('\nmeans = 'quota'",
                "expected a regular expression",
            ),
            ("says = 'x*'\nmeans = 'quota'", "an empty line does not fit"),
            ("means = 'quota'", "expected `says` or `field`"),
            (
                "says = 'x'\nis = 1\nmeans = 'quota'",
                "expected `field` beside `is`",
            ),
            ("field = 'a'\nmeans = 'quota'", "begins with a slash"),
            ("says = 'x'\nmeans = 'tired'", "unknown variant"),
            ("says = 'x'\nmeans = 'quota'\nlouder = 1", "unknown field"),
            (
                "says = '(a{1000}){1000}'\nmeans = 'quota'",
                "expected a smaller regular expression",
            ),
        ] {
            let error = toml::from_str::<EndPattern>(toml).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        // Empty lines count for nothing.
        let quota = pattern("says = '^limit'\nmeans = 'quota'");
        let end = format!("limit reached\n{}", "\n".repeat(60));
        assert!(fit(&[quota], &end, NOW).is_some());
    }
}
