//! The attempts at a task. Those in a row that ended alike are one entry.

use domain::run::{Outcome, Run};

use crate::label;

/// Attempts in a row that ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The number of the first one, counted from one.
    pub first: usize,
    /// The attempts, oldest first; at least one.
    pub runs: Vec<Run>,
}

impl Group {
    /// The number of the first attempt, or those of the first and the last: `#3`, `#3–7`.
    pub fn numbers(&self) -> String {
        let last = self.first.saturating_add(self.runs.len()).saturating_sub(1);
        if last == self.first {
            format!("#{last}")
        } else {
            format!("#{}–{last}", self.first)
        }
    }

    /// The end that they have in common: `5 × exit 7`.
    pub fn words(&self) -> String {
        let end = self.runs.last().map(ended).unwrap_or_default();
        match self.runs.len() {
            0 | 1 => end,
            count => format!("{count} × {end}"),
        }
    }
}

/// The end of an attempt in a word or two.
fn ended(run: &Run) -> String {
    match (run.outcome, run.exit_code) {
        (Some(Outcome::Exit), Some(code)) => format!("exit {code}"),
        (outcome, _) => label::of_run(outcome).to_owned(),
    }
}

/// Groups the attempts, oldest first.
pub fn groups(runs: &[Run]) -> Vec<Group> {
    let is_alike = |one: &Run, other: &Run| {
        let end = |run: &Run| (run.outcome, run.exit_code);
        end(one) == end(other) && one.error == other.error
    };
    let mut first = 1_usize;
    let chunks = runs.chunk_by(is_alike).map(|runs| {
        let group = Group {
            first,
            runs: runs.to_vec(),
        };
        first = first.saturating_add(runs.len());
        group
    });
    chunks.collect()
}

#[cfg(test)]
mod tests {
    use domain::fixture::NOW;
    use domain::id::{RunId, TaskId};

    use super::*;

    fn run(outcome: Outcome, exit_code: Option<i32>, error: &str) -> Run {
        Run {
            id: RunId(1),
            task_id: TaskId::from_bits(1),
            lane: None,
            worker_pid: None,
            started_at: NOW,
            ended_at: Some(NOW),
            outcome: Some(outcome),
            exit_code,
            error: Some(error.to_owned()),
            summary: None,
            metadata: None,
            workspace: None,
            heartbeat_at: None,
            reported_at: None,
            log_start: None,
            log_end: None,
        }
    }

    #[test]
    fn attempts_in_a_row_that_ended_alike_are_one_entry() {
        let exit = |code, error| run(Outcome::Exit, Some(code), error);
        let runs = [
            run(Outcome::TimedOut, None, "too long"),
            exit(7, "no such file"),
            exit(7, "no such file"),
            exit(7, "no such file"),
            exit(7, "another file"),
            exit(1, "another file"),
        ];
        let said: Vec<_> = groups(&runs)
            .iter()
            .map(|group| (group.numbers(), group.words()))
            .collect();
        let expected = [
            ("#1", "took too long"),
            ("#2–4", "3 × exit 7"),
            ("#5", "exit 7"),
            ("#6", "exit 1"),
        ];
        assert_eq!(
            said,
            expected.map(|(numbers, words)| (numbers.to_owned(), words.to_owned()))
        );
        assert_eq!(groups(&[]), []);
    }
}
