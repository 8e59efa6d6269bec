//! The inbox: everything on the board that goes on only once a person has looked at it.

use serde::{Deserialize, Serialize};

use crate::board::TaskSummary;
use crate::hold::Cause;
use crate::id::{DeliveryId, EventId, RunId, TaskId};
use crate::landing::Method;
use crate::notify::Address;
use crate::outcome::DeadEnd;
use crate::review::PERSON;
use crate::status::Status;
use crate::time::Timestamp;

/// The bound up to which tasks behind a concern are counted.
pub const MOST_BEHIND: u32 = 100;

/// An entry of the inbox: a task or an address that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Concern {
    /// The task that it is about.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// Its assignee.
    pub assignee: Option<String>,
    /// The time since which it waits for a person.
    pub since: Timestamp,
    /// The number of unfinished tasks that wait for it, directly or through others, up to
    /// [`MOST_BEHIND`].
    pub behind: u32,
    /// The need.
    #[serde(flatten)]
    pub need: Need,
}

/// The kind of a need, with its details.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "need", rename_all = "snake_case")]
pub enum Need {
    /// A task is blocked: it wants an answer.
    Answer {
        /// The question, or what is missing.
        question: Option<String>,
    },
    /// A task failed or was deferred too often: it needs somebody to look into it.
    GaveUp {
        /// The number of attempts that failed in a row.
        failures: u32,
        /// The error of the last one.
        error: String,
        /// The last output of a worker that reported nothing: perhaps it is the result.
        proposed: Option<String>,
    },
    /// The work on a task is done: it needs a verdict.
    Review {
        /// The run that is to be judged.
        run: Option<RunId>,
        /// The commit at which its branch is.
        commit: Option<String>,
        /// The result; the board does not show it.
        result: Option<String>,
    },
    /// A task ended with another outcome than its children ask for: they can never start.
    DeadEnd {
        /// Its links that can no longer be met, at most [`MOST_BEHIND`]; the board does not show them.
        dead_ends: Vec<DeadEnd>,
    },
    /// The landing of a task's work waits: something is in its way.
    Landing {
        /// The branch that the work is to land on; `None` where somebody has to name it.
        onto: Option<String>,
        /// The method; `None` leaves that to the task and its lane.
        method: Option<Method>,
        /// True if the task's own branch is to be deleted once it has landed.
        delete_branch: bool,
        /// The reason why it waits, in a sentence.
        problem: String,
        /// The event that asks for it: whoever undoes that takes it back.
        request: EventId,
    },
    /// Deliveries to an address were given up: they need to be retried, or dropped.
    Undelivered {
        /// The first of them.
        delivery: DeliveryId,
        /// The address.
        to: Address,
        /// The text of the first.
        text: String,
        /// The error of the last.
        error: String,
        /// Their number.
        count: u32,
    },
    /// A lane or a pool starts nothing: it needs to be mended, and then released.
    Held {
        /// The lane or the pool.
        lane: String,
        /// The cause.
        cause: Cause,
        /// The words of the worker that met it.
        reason: Option<String>,
    },
}

impl Concern {
    /// Returns the need of a task as the board shows it; `None` if it needs nobody. The board does
    /// not show the result that a worker proposed, nor what waits behind the task, and so no dead end.
    pub fn of_task(task: &TaskSummary) -> Option<Self> {
        let need = match task.status {
            Status::Blocked => Need::of_blocked(
                task.block_reason.clone(),
                task.failures,
                task.last_error.clone(),
                None,
            ),
            Status::Review if task.reviewer.as_deref() == Some(PERSON) => Need::Review {
                run: None,
                commit: None,
                result: None,
            },
            _ => return None,
        };
        Some(Self {
            task: task.id.clone(),
            title: task.title.clone(),
            assignee: task.assignee.clone(),
            since: task.status_since,
            behind: 0,
            need,
        })
    }
}

/// Returns the number of tasks behind another in words; `None` for none.
pub fn behind_in_words(count: u32) -> Option<String> {
    match count {
        0 => None,
        1 => Some("1 waits behind it".to_owned()),
        count => {
            let more = if count < MOST_BEHIND { "" } else { " or more" };
            Some(format!("{count}{more} wait behind it"))
        }
    }
}

/// The most options of a question, as digits number them.
const MOST_OPTIONS: u32 = 9;

/// The longest option, in bytes. A longer one is a paragraph of a text with numbered paragraphs.
const LONGEST_OPTION: usize = 160;

/// Returns the options that a question numbers, on lines of their own or in one: `1. yes 2. no`. Fewer
/// than two are none.
pub fn options(question: &str) -> Vec<&str> {
    let mut rest = question;
    let mut options = Vec::new();
    let mut at = option(rest, 1);
    for number in 2..=MOST_OPTIONS.saturating_add(1) {
        let Some((_, behind)) = at else {
            break;
        };
        rest = behind;
        at = option(rest, number);
        let end = at.map_or(rest, |(before, _)| before);
        // The rest after the line of the last one belongs to the question.
        let text = end.lines().next().unwrap_or_default();
        options.push(text.trim().trim_end_matches([',', ';']));
    }
    let is_option = |text: &&str| !text.is_empty() && text.len() <= LONGEST_OPTION;
    if options.len() < 2 || !options.iter().all(is_option) {
        return Vec::new();
    }
    options
}

/// The texts before and behind the number of an option: `2. ` or `2) ` at the beginning of a word.
fn option(text: &str, number: u32) -> Option<(&str, &str)> {
    let number = number.to_string();
    let is_number = |&(at, _): &(usize, &str)| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text
            .get(at.saturating_add(number.len())..)
            .unwrap_or_default();
        let begins = before.is_empty() || before.ends_with(char::is_whitespace);
        begins && (behind.starts_with(". ") || behind.starts_with(") "))
    };
    let (at, _) = text.match_indices(&number).find(is_number)?;
    let behind = at.saturating_add(number.len()).saturating_add(2);
    Some((text.get(..at)?, text.get(behind..)?))
}

impl Need {
    /// Returns the need of a blocked task. One that gave up has an error and no question.
    pub fn of_blocked(
        question: Option<String>,
        failures: u32,
        error: Option<String>,
        proposed: Option<String>,
    ) -> Self {
        match (question, error) {
            (None, Some(error)) => Self::GaveUp {
                failures,
                error,
                proposed,
            },
            (question, _) => Self::Answer {
                question: question.filter(|text| !text.is_empty()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(question: Option<&str>, error: Option<&str>) -> Need {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Need::of_blocked(owned(question), 3, owned(error), None)
    }

    #[test]
    fn a_question_wants_an_answer_whatever_failed_before() {
        let question = Some("which port?".to_owned());
        assert_eq!(
            of(Some("which port?"), Some("exit 3")),
            Need::Answer { question }
        );
    }

    #[test]
    fn numbered_options_are_found_on_lines_and_within_one() {
        let lines =
            "Which region?\n\n1. eu-west\n2. us-east, the old one\n3) none\n\nI need it today.";
        assert_eq!(options(lines), ["eu-west", "us-east, the old one", "none"]);
        assert_eq!(options("Go on? 1. yes, 2. no"), ["yes", "no"]);
    }

    #[test]
    fn a_question_without_two_short_options_has_none() {
        let long = format!("1. {} 2. no", "x".repeat(LONGEST_OPTION + 1));
        for question in [
            "",
            "Which port?",
            "1. only one",
            "2. two 3. three",
            "version 1.2 or 2.0?",
            "1.  2. ",
            &long,
        ] {
            assert_eq!(options(question), [""; 0], "{question}");
        }
    }

    #[test]
    fn what_waits_behind_it_is_counted_up_to_a_bound() {
        let words = |count| behind_in_words(count).unwrap_or_default();
        assert_eq!(words(0), "");
        assert_eq!(words(1), "1 waits behind it");
        assert_eq!(words(99), "99 wait behind it");
        assert_eq!(words(100), "100 or more wait behind it");
    }

    #[test]
    fn an_error_without_a_question_is_the_end_of_the_attempts() {
        assert!(matches!(
            of(None, Some("exit 3")),
            Need::GaveUp { failures: 3, .. }
        ));
        assert_eq!(of(None, None), Need::Answer { question: None });
        assert_eq!(of(Some(""), None), Need::Answer { question: None });
    }
}
