//! The shape of `kanban.toml`. Each value checks itself where it is read, so that a mistake is found
//! with the place where it stands.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

use domain::backoff;
use domain::landing::Method;
use domain::time::Seconds;
use kernel::Durability;
use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use crate::lanes::OutputFormat;
use crate::lanes::ends::EndPattern;
use crate::lanes::hours::Hours;
use crate::lanes::rules::{Meaning, Success};
use crate::lanes::template::Template;
use crate::workspaces;

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    pub(super) board: BoardTable,
    pub(super) dispatcher: DispatcherTable,
    pub(super) lanes: BTreeMap<String, Spanned<LaneTable>>,
    pub(super) pools: BTreeMap<String, Spanned<PoolTable>>,
    /// The notifier's channels, which it reads itself.
    pub(super) channels: IgnoredAny,
}

/// `[board]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BoardTable {
    pub(super) durability: Durability,
    pub(super) repositories: Vec<Folder>,
    pub(super) trusted_repositories: Vec<Folder>,
}

/// `[dispatcher]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DispatcherTable {
    pub(super) cap: Option<NonZero<u32>>,
    pub(super) memory_per_run_mib: Option<NonZero<u64>>,
    pub(super) failure_limit: Option<NonZero<u32>>,
    pub(super) default_lane: Option<Spanned<String>>,
    pub(super) retry: RetryTable,
    pub(super) breaker: BreakerTable,
}

/// `[dispatcher.retry]`, and `retry` of a lane.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RetryTable {
    pub(super) first: Option<Delay>,
    pub(super) factor: Option<Factor>,
    pub(super) longest: Option<Delay>,
    pub(super) jitter: Option<Percent>,
    pub(super) limit: Option<NonZero<u32>>,
}

/// `[dispatcher.breaker]`, and `breaker` of a lane.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct BreakerTable {
    /// 0 turns it off.
    pub(super) failures: Option<u32>,
    pub(super) within: Option<Delay>,
    pub(super) early: Option<Delay>,
}

/// `[pools.<name>]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PoolTable {
    pub(super) lanes: Vec<String>,
    pub(super) hours: Option<Hours>,
}

/// `[lanes.<name>]`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct LaneTable {
    pub(super) enabled: Option<bool>,
    pub(super) command: Option<Template>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) cap: Option<NonZero<u32>>,
    pub(super) max_run_time: Option<Span>,
    pub(super) heartbeat_timeout: Option<Span>,
    pub(super) workspace_root: Option<Folder>,
    pub(super) repository: Option<Folder>,
    pub(super) trust_repository: bool,
    pub(super) success: Option<Success>,
    pub(super) output: Option<OutputFormat>,
    pub(super) check: Vec<String>,
    pub(super) check_time: Option<Span>,
    pub(super) rework_limit: Option<NonZero<u32>>,
    pub(super) review: Option<String>,
    pub(super) land: Land,
    pub(super) land_method: Method,
    pub(super) exit_codes: BTreeMap<ExitCode, Meaning>,
    pub(super) agent: Option<String>,
    pub(super) ends: Vec<EndPattern>,
    pub(super) retry: RetryTable,
    pub(super) breaker: BreakerTable,
    pub(super) hours: Option<Hours>,
}

/// The time at which the work of a lane's tasks lands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Land {
    /// When somebody asks for it.
    #[default]
    Manual,
    /// Once they are done.
    Auto,
}

/// A span of time: a number and one of the units `s`, `m`, `h`, `d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(pub(super) Duration);

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mistake =
            || format!("{text:?} is no span of time, expected one such as 90s, 30m or 2h");
        let unit_at = text.find(|char: char| !char.is_ascii_digit());
        let (number, unit) = text.split_at(unit_at.ok_or_else(mistake)?);
        let seconds: u64 = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(mistake()),
        };
        let number: u64 = number.parse().map_err(|_| mistake())?;
        match number.checked_mul(seconds) {
            Some(seconds) if (1..=LONGEST_SECONDS).contains(&seconds) => {
                Ok(Self(Duration::from_secs(seconds)))
            }
            _ => Err(format!(
                "{text} is out of range, expected between 1s and 365d"
            )),
        }
    }
}

/// A year: whoever means longer means something else.
const LONGEST_SECONDS: u64 = 365 * 86_400;

/// A span that is no longer than the longest back-off of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Span")]
pub(super) struct Delay(pub(super) Seconds);

impl TryFrom<Span> for Delay {
    type Error = String;

    fn try_from(span: Span) -> Result<Self, String> {
        let seconds = i64::try_from(span.0.as_secs()).map(Seconds);
        let delay = seconds.ok().filter(|span| *span <= backoff::LONGEST);
        let longest = backoff::LONGEST;
        delay
            .map(Self)
            .ok_or_else(|| format!("out of range, expected between 1s and {longest}"))
    }
}

/// A factor of growth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Factor(pub(super) u32);

impl TryFrom<u32> for Factor {
    type Error = String;

    fn try_from(factor: u32) -> Result<Self, String> {
        match factor {
            1..=10 => Ok(Self(factor)),
            _ => Err(format!(
                "{factor} is out of range, expected between 1 and 10"
            )),
        }
    }
}

/// A share in percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Percent(pub(super) u32);

impl TryFrom<u32> for Percent {
    type Error = String;

    fn try_from(share: u32) -> Result<Self, String> {
        match share {
            0..=100 => Ok(Self(share)),
            _ => Err(format!(
                "{share} is no percentage, expected between 0 and 100"
            )),
        }
    }
}

/// A folder; a leading `~/` is the home folder of the user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Folder(pub(super) PathBuf);

impl TryFrom<String> for Folder {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let folder = workspaces::absolute(&text).map(Self);
        folder.map_err(|_| format!("{text:?} means another folder everywhere, expected /… or ~/…"))
    }
}

/// The code of an exit other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct ExitCode(pub(super) i32);

impl TryFrom<String> for ExitCode {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.parse() {
            Ok(code @ 1..=255) => Ok(Self(code)),
            _ => Err(format!(
                "{text} is no exit code, expected one from 1 to 255"
            )),
        }
    }
}
