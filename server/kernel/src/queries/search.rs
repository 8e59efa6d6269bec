//! Finding tasks by their texts.

mod excerpt;

use std::collections::HashMap;
use std::time::Duration;

use domain::actor::Actor;
use domain::board::TaskSummary;
use domain::command::{Change, IndexTexts};
use domain::id::TaskId;
use domain::search::{Found, Hit};
use tokio::time::timeout;

use super::board;
use crate::error::Error;
use crate::{Kernel, row};
use excerpt::Words;

/// A search: its words, and the page of hits to return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchQuery {
    /// The words. Each must be the beginning of a word of the task; of more than 16 different ones,
    /// the first 16 count.
    pub text: String,
    /// True to search archived tasks as well.
    pub include_archived: bool,
    /// The number of hits to skip.
    pub offset: u32,
    /// The maximum number of hits to return.
    pub limit: u32,
}

/// The maximum number of different words; the rest of a longer text is left out. Each may begin
/// very many words of the board, which FTS5 gathers before SQLite can interrupt it.
const MOST_WORDS: usize = 16;

/// The length of the beginning of a text in which an excerpt is looked for, in characters.
const REACH: usize = 16 * 1024;

/// The time that a search waits for the index to catch up: while another program holds the file, it
/// cannot.
const INDEX_LIMIT: Duration = Duration::from_secs(2);

impl Kernel {
    /// The tasks whose title, body, result or comments hold these words; a match in a title counts
    /// most. Brings the index up to date first.
    ///
    /// # Errors
    /// Fails if the board cannot be read, or not in time.
    pub async fn search(&self, query: SearchQuery) -> Result<Found, Error> {
        let Some(words) = expression(&query.text) else {
            return Ok(Found::default());
        };
        self.bring_index_up_to_date().await;
        self.readers
            .read_slowly(move |conn| {
                let count = format!("SELECT count(*) {FOUND}");
                let total = row::one(conn, &count, (&words, query.include_archived))?;
                let params = (&words, query.include_archived, query.limit, query.offset);
                let found: Vec<(TaskId, _, _, _, _)> = row::all(conn, &texts_of_best(), params)?;
                let ids: Vec<&str> = found.iter().map(|found| found.0.as_str()).collect();
                let mut cards: HashMap<TaskId, TaskSummary> = board::of_ids(conn, &ids)?
                    .into_iter()
                    .map(|card| (card.id.clone(), card))
                    .collect();
                let words = Words::of(&words);
                let hits = found
                    .into_iter()
                    .filter_map(|(id, title, body, result, comments)| {
                        let task = cards.remove(&id)?;
                        let excerpt = words.excerpt(&[title, body, result, comments]);
                        Some(Hit { task, excerpt })
                    });
                Ok(Found {
                    hits: hits.collect(),
                    total,
                })
            })
            .await
    }

    /// Returns the ids of the tasks that [`Kernel::search`] finds.
    ///
    /// # Errors
    /// As [`Kernel::search`].
    pub async fn search_ids(&self, query: SearchQuery) -> Result<Vec<TaskId>, Error> {
        let Some(words) = expression(&query.text) else {
            return Ok(Vec::new());
        };
        self.bring_index_up_to_date().await;
        self.readers
            .read_slowly(move |conn| {
                let params = (&words, query.include_archived, query.limit, query.offset);
                row::all(
                    conn,
                    &format!("SELECT tasks.id {FOUND} {BEST_FIRST}"),
                    params,
                )
            })
            .await
    }

    /// Indexes until the index has caught up. An index that lags is better than no answer, so
    /// errors are only logged. One caller at a time: the steps of several would share a
    /// transaction, for which every writer waits.
    async fn bring_index_up_to_date(&self) {
        let catching_up = async {
            let _turn = self.index_turn.acquire().await;
            let indexer = Actor::full("search");
            while !matches!(
                self.execute(&indexer, IndexTexts).await?.answer,
                Change::Unchanged
            ) {}
            Ok::<(), Error>(())
        };
        match timeout(INDEX_LIMIT, catching_up).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the search index lags behind"),
            Err(_) => tracing::warn!(limit = ?INDEX_LIMIT, "the search index lags behind"),
        }
    }
}

const FOUND: &str = "\
    FROM search JOIN search_rows AS place ON place.number = search.rowid \
    JOIN tasks ON tasks.id = place.task_id \
    WHERE search MATCH ?1 AND (?2 OR tasks.status <> 'archived')";

const BEST_FIRST: &str = "ORDER BY bm25(search, 10, 3, 2, 1), tasks.rowid LIMIT ?3 OFFSET ?4";

/// The best hits with the beginnings of their texts, which are read for these alone: sorting would
/// carry those of all hits along.
fn texts_of_best() -> String {
    let beginning = |text| format!("coalesce(substr(whole.{text}, 1, {REACH}), '')");
    let beginnings = ["title", "body", "result", "comments"]
        .map(beginning)
        .join(", ");
    format!(
        "WITH best (id, number, relevance, row) AS MATERIALIZED ( \
             SELECT tasks.id, search.rowid, bm25(search, 10, 3, 2, 1), tasks.rowid \
             {FOUND} {BEST_FIRST} \
         ) \
         SELECT best.id, {beginnings} FROM best CROSS JOIN search AS whole ON whole.rowid = best.number \
         ORDER BY best.relevance, best.row"
    )
}

/// The words as FTS5 has them: each quoted, so that nothing in it is an operator, and each the
/// beginning of a word. `None` where there are none.
fn expression(text: &str) -> Option<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(|c: char| c.is_whitespace() || c == '\0') {
        let is_new = word.chars().any(char::is_alphanumeric) && !words.contains(&word);
        if is_new && words.len() < MOST_WORDS {
            words.push(word);
        }
    }
    let quoted = words
        .iter()
        .map(|word| format!("\"{}\"*", word.replace('"', "\"\"")));
    (!words.is_empty()).then(|| quoted.collect::<Vec<_>>().join(" "))
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

    #[test]
    fn no_more_than_sixteen_different_words_are_looked_for() {
        let many: Vec<String> = (0..1_000)
            .map(|number| format!("a{} a", number % 500))
            .collect();
        let words = expression(&many.join(" ")).unwrap();
        assert_eq!(words.split(' ').count(), MOST_WORDS);
        assert!(
            words.starts_with("\"a0\"* \"a\"* \"a1\"* \"a2\"*"),
            "{words}"
        );
    }
}
