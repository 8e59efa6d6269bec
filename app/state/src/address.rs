//! What the address bar says. A link reproduces the view.

use domain::id::TaskId;
use serde::{Deserialize, Serialize};

use crate::filter::Filter;

/// The part of the view that lives in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The task that is open beside the board.
    pub task: Option<TaskId>,
    /// Which cards are shown.
    pub filter: Filter,
}

impl Address {
    /// The address of a task on the whole board.
    pub fn of_task(task: TaskId) -> Self {
        Self {
            task: Some(task),
            filter: Filter::default(),
        }
    }

    /// Reads a URL: its path and what follows the question mark, which may keep that mark. A path
    /// that names no task is the board alone.
    pub fn from_url(path: &str, query: &str) -> Self {
        Self {
            task: path.strip_prefix("/t/").and_then(|id| id.parse().ok()),
            filter: Filter::from_query(query.trim_start_matches('?')),
        }
    }

    /// The URL that [`Address::from_url`] reads back.
    pub fn url(&self) -> String {
        let path = self
            .task
            .as_ref()
            .map_or_else(|| "/".to_owned(), |task| format!("/t/{task}"));
        match self.filter.query().as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// The same board with another task open, or none.
    #[must_use]
    pub fn with_task(&self, task: Option<TaskId>) -> Self {
        Self {
            task,
            filter: self.filter.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(address: &Address) -> Address {
        let url = address.url();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        Address::from_url(path, query)
    }

    #[test]
    fn a_url_reads_back() {
        let filter = Filter {
            text: "how & why? ü".to_owned(),
            ..Filter::default()
        };
        for address in [
            Address::default(),
            Address::of_task(TaskId::from_bits(7)),
            Address {
                task: Some(TaskId::from_bits(7)),
                filter,
            },
        ] {
            assert_eq!(reread(&address), address);
        }
    }

    #[test]
    fn a_path_that_names_no_task_is_the_board() {
        for path in ["", "/", "/t/", "/t/nonsense", "/elsewhere"] {
            assert_eq!(Address::from_url(path, ""), Address::default());
        }
    }

    #[test]
    fn opening_a_task_keeps_the_filter() {
        let address = Address::from_url("/", "?tenant=acme");
        let opened = address.with_task(Some(TaskId::from_bits(1)));
        assert_eq!(opened.url(), "/t/t_00000001?tenant=acme");
        assert_eq!(opened.with_task(None), address);
    }
}
