//! Finding tasks by their texts.

use std::collections::HashMap;

use domain::actor::Actor;
use domain::board::TaskSummary;
use domain::command::{Answer, Command};
use domain::id::TaskId;
use domain::search::{Found, Hit};

use super::board;
use crate::error::Error;
use crate::{Kernel, row};

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words, of which all must begin a word of the task.
    pub text: String,
    /// Whether archived tasks are looked through as well.
    pub include_archived: bool,
    /// How many hits to skip.
    pub offset: u32,
    /// How many hits to return.
    pub limit: u32,
}

impl Kernel {
    /// The tasks whose title, body, result or comments hold these words; a match in a title counts
    /// most. Brings the index up to date first.
    ///
    /// # Errors
    /// When the board cannot be read.
    pub async fn search(&self, query: SearchQuery) -> Result<Found, Error> {
        let Some(words) = expression(&query.text) else {
            return Ok(Found::default());
        };
        self.bring_index_up_to_date().await;
        self.readers
            .read(move |conn| {
                let total = conn
                    .prepare_cached(&format!("SELECT count(*) {FOUND}"))?
                    .query_one((&words, query.include_archived), |row| row::count(row, 0))?;
                let mut statement = conn.prepare_cached(&format!(
                    "SELECT tasks.id, snippet(search, -1, '', '', '…', 16) {FOUND} \
                     ORDER BY bm25(search, 10, 3, 2, 1), tasks.rowid LIMIT ?3 OFFSET ?4"
                ))?;
                let params = (&words, query.include_archived, query.limit, query.offset);
                let found =
                    statement.query_map(params, |row| Ok((row::task_id(row, 0)?, row.get(1)?)))?;
                let found: Vec<(TaskId, String)> = row::known(found)?;
                let ids: Vec<&str> = found.iter().map(|(id, _)| id.as_str()).collect();
                let mut cards: HashMap<TaskId, TaskSummary> = board::of_ids(conn, &ids)?
                    .into_iter()
                    .map(|card| (card.id.clone(), card))
                    .collect();
                let hits = found.into_iter().filter_map(|(id, excerpt)| {
                    let task = cards.remove(&id)?;
                    Some(Hit { task, excerpt })
                });
                Ok(Found {
                    hits: hits.collect(),
                    total,
                })
            })
            .await
    }

    /// An index that lags behind is better than no answer, so trouble is only logged.
    async fn bring_index_up_to_date(&self) {
        let indexer = Actor::full("search");
        loop {
            match self.execute(&indexer, Command::IndexTexts).await {
                Ok(step) if matches!(step.answer, Answer::Unchanged) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "the search index lags behind");
                    return;
                }
            }
        }
    }
}

const FOUND: &str = "\
    FROM search JOIN search_rows AS place ON place.number = search.rowid \
    JOIN tasks ON tasks.id = place.task_id \
    WHERE search MATCH ?1 AND (?2 OR tasks.status <> 'archived')";

/// The words as FTS5 has them: each quoted, so that nothing in it is an operator, and each the
/// beginning of a word. `None` where there are none.
fn expression(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c == '\0')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_an_operator() {
        let of = |text| expression(text).unwrap_or_default();
        assert_eq!(of("rel notes"), "\"rel\"* \"notes\"*");
        assert_eq!(of("a\" OR b"), "\"a\"\"\"* \"OR\"* \"b\"*");
        assert_eq!(of(" * ( \" \u{0}"), "");
        // FTS5 takes it for the end of the text.
        assert_eq!(of("a\u{0}b"), "\"a\"* \"b\"*");
    }
}
