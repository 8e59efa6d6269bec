//! Finding tasks by their texts.

mod excerpt;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use domain::actor::Actor;
use domain::board::TaskSummary;
use domain::command::{Change, IndexTexts};
use domain::id::TaskId;
use domain::search::{Found, Hit};
use rusqlite::Connection;
use tokio::time::timeout;

use super::board;
use crate::Kernel;
use crate::error::Error;
use crate::row::{self, Columns, columns};
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

/// The maximum number of hits that are ranked, and of those by their titles. To rank a word of all of
/// 100,000 tasks takes some tenths of a second.
const RANKED: usize = 2_000;

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
                let best = best(conn, &words, query.include_archived)?;
                let total = u32::try_from(best.len()).unwrap_or(u32::MAX);
                let page = page(best, &query);
                let ids: Vec<&str> = page.iter().map(|found| found.id.as_str()).collect();
                let mut cards: HashMap<TaskId, TaskSummary> = board::of_ids(conn, &ids)?
                    .into_iter()
                    .map(|card| (card.id.clone(), card))
                    .collect();
                let texts = texts(conn, &page)?;
                let words = Words::of(&words);
                let hits = page.iter().filter_map(|found| {
                    let task = cards.remove(&found.id)?;
                    let excerpt = words.excerpt(texts.get(&found.number)?);
                    Some(Hit { task, excerpt })
                });
                let hits = hits.collect();
                Ok(Found { hits, total })
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
                let best = best(conn, &words, query.include_archived)?;
                let page = page(best, &query);
                Ok(page.into_iter().map(|found| found.id).collect())
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

/// A task that matches.
struct Match {
    id: TaskId,
    /// Its row in the index.
    number: i64,
    /// FTS5's `bm25()` in trillionths: the less, the better.
    relevance: i64,
}

columns! {
    Match { id: "tasks.id", number: "search.rowid", relevance: "CAST(bm25(search, 10, 3, 2, 1) * 1e12 AS INTEGER)" }
}

/// Returns the tasks that match, best first. Of more than [`RANKED`] those are the newest, and before them
/// the newest that match with their titles.
fn best(conn: &Connection, words: &str, include_archived: bool) -> Result<Vec<Match>, Error> {
    let mut best = newest(conn, words, include_archived)?;
    let mut titles = HashSet::new();
    if best.len() >= RANKED {
        let with_title = newest(conn, &format!("title : ({words})"), include_archived)?;
        titles.extend(with_title.iter().map(|found| found.number));
        best.retain(|found| !titles.contains(&found.number));
        best.extend(with_title);
    }
    // The relevance of a title compares with that of other titles alone.
    best.sort_unstable_by_key(|found| {
        let has_title = titles.contains(&found.number);
        (!has_title, found.relevance, found.number)
    });
    Ok(best)
}

/// Reads the index backwards, from the newest task.
fn newest(conn: &Connection, words: &str, include_archived: bool) -> Result<Vec<Match>, Error> {
    let sql = format!(
        "SELECT {} FROM search CROSS JOIN search_rows AS place ON place.number = search.rowid \
         CROSS JOIN tasks ON tasks.id = place.task_id \
         WHERE search MATCH ?1 AND (?2 OR tasks.status <> 'archived') \
         ORDER BY search.rowid DESC LIMIT ?3",
        Match::columns()
    );
    row::all(conn, &sql, (words, include_archived, row::limit_of(RANKED)))
}

/// Returns the part of the hits that is asked for.
fn page(best: Vec<Match>, query: &SearchQuery) -> Vec<Match> {
    let number = |it| usize::try_from(it).unwrap_or(usize::MAX);
    let rest = best.into_iter().skip(number(query.offset));
    rest.take(number(query.limit)).collect()
}

/// Returns the beginnings of the texts of these tasks as they are indexed, by their rows in the index.
fn texts(conn: &Connection, page: &[Match]) -> Result<HashMap<i64, [String; 4]>, Error> {
    let beginning = |text| format!("coalesce(substr({text}, 1, {REACH}), '')");
    let beginnings = ["title", "body", "result", "comments"].map(beginning);
    let sql = format!(
        "SELECT rowid, {} FROM search WHERE rowid IN (SELECT value FROM json_each(?1))",
        beginnings.join(", ")
    );
    let numbers: Vec<i64> = page.iter().map(|found| found.number).collect();
    let json = serde_json::to_string(&numbers).unwrap_or_default();
    let texts: Vec<(i64, _, _, _, _)> = row::all(conn, &sql, [json])?;
    let texts = texts.into_iter();
    Ok(texts
        .map(|(number, title, body, result, comments)| (number, [title, body, result, comments]))
        .collect())
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
