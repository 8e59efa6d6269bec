//! The server's search in texts that no card shows: descriptions, results, comments.

use std::collections::BTreeSet;

use domain::id::TaskId;

use crate::Effect;
use crate::refusal::Refusal;

/// Less than this is found on the cards themselves, and everywhere else.
const SHORTEST: usize = 2;

/// The last question and its answer. One question at a time, so that an older answer never comes last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    /// The present query.
    wanted: String,
    /// The query that is not answered yet.
    asked: Option<String>,
    /// The matches.
    found: BTreeSet<TaskId>,
}

impl Model {
    /// Returns true when a task is among the matches.
    pub fn has_found(&self, task: &TaskId) -> bool {
        self.found.contains(task)
    }

    /// Searches for other words. The last matches stay until there is an answer, unless the search
    /// is empty now.
    pub fn look_for(&mut self, text: &str) -> Option<Effect> {
        text.trim().clone_into(&mut self.wanted);
        if self.wanted.chars().count() < SHORTEST {
            self.found.clear();
            return None;
        }
        self.ask()
    }

    /// Takes in an answer, and asks on when other words are looked for by now.
    pub fn answer(&mut self, result: Result<Vec<TaskId>, Refusal>) -> Option<Effect> {
        let asked = self.asked.take();
        if asked.as_ref() == Some(&self.wanted) {
            self.found = result.unwrap_or_default().into_iter().collect();
            return None;
        }
        if self.wanted.chars().count() < SHORTEST {
            return None;
        }
        self.ask()
    }

    fn ask(&mut self) -> Option<Effect> {
        if self.asked.is_some() {
            return None;
        }
        self.asked = Some(self.wanted.clone());
        Some(Effect::Search(self.wanted.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> TaskId {
        TaskId::from_bits(1)
    }

    #[test]
    fn words_are_asked_for_one_question_at_a_time() {
        let mut model = Model::default();
        assert_eq!(model.look_for("w"), None);
        assert_eq!(
            model.look_for(" wo "),
            Some(Effect::Search("wo".to_owned()))
        );
        assert_eq!(model.look_for("wor"), None);
        assert_eq!(model.look_for("word"), None);

        let next = model.answer(Ok(vec![id()]));
        assert_eq!(next, Some(Effect::Search("word".to_owned())));
        assert!(!model.has_found(&id()), "an answer to another question");
        assert_eq!(model.answer(Ok(vec![id()])), None);
        assert!(model.has_found(&id()));
    }

    #[test]
    fn nothing_is_found_once_nothing_is_looked_for() {
        let mut model = Model::default();
        model.look_for("word");
        model.answer(Ok(vec![id()]));
        assert_eq!(model.look_for(""), None);
        assert!(!model.has_found(&id()));
        model.look_for("word");
        model.look_for("");
        assert_eq!(model.answer(Ok(vec![id()])), None);
        assert!(!model.has_found(&id()));
    }

    #[test]
    fn a_search_that_fails_finds_nothing() {
        let mut model = Model::default();
        model.look_for("word");
        assert_eq!(model.answer(Err(Refusal::invalid("no"))), None);
        assert!(!model.has_found(&id()));
    }
}
