//! The page's address. A link reproduces the view.

use domain::id::TaskId;
use serde::{Deserialize, Serialize};

use crate::board::filter::Filter;
use crate::drawer::tab::Tab;
use crate::query;

/// The key of the tab in the query.
const TAB: &str = "tab";

/// The path of the inbox.
const INBOX: &str = "/inbox";

/// Returns true for the path of a page of the board. One that names no task is the board alone.
pub fn is_page(path: &str) -> bool {
    let is_task = |id: &str| !id.is_empty() && !id.contains('/');
    matches!(path, "" | "/" | INBOX) || path.strip_prefix("/t/").is_some_and(is_task)
}

/// The part of the view that lives in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The task that is open beside the board.
    pub task: Option<TaskId>,
    /// The tab of that task; `None` for the one with which it opens.
    #[serde(default)]
    pub tab: Option<Tab>,
    /// True while the inbox is open in place of the board.
    pub is_inbox: bool,
    /// The filter.
    pub filter: Filter,
    /// The board's default filter. A URL holds only the differences.
    pub usual: Filter,
}

impl Address {
    /// The address of a task on the whole board.
    pub fn of_task(task: TaskId) -> Self {
        Self {
            task: Some(task),
            ..Self::default()
        }
    }

    /// Reads a URL: its path and what follows the question mark, which may keep that mark. A path
    /// that names no task is the board alone.
    pub fn from_url(path: &str, query: &str, usual: Filter) -> Self {
        let query = query.trim_start_matches('?');
        let mut pairs = query::pairs(query).filter(|(key, _)| key == TAB);
        let task: Option<TaskId> = path.strip_prefix("/t/").and_then(|id| id.parse().ok());
        Self {
            tab: (task.is_some().then(|| pairs.next()).flatten())
                .and_then(|(_, name)| Tab::named(&name)),
            task,
            is_inbox: path == INBOX,
            filter: Filter::from_query(query, &usual),
            usual,
        }
    }

    /// The URL that [`Address::from_url`] reads back.
    pub fn url(&self) -> String {
        let path = match &self.task {
            Some(task) => format!("/t/{task}"),
            None if self.is_inbox => INBOX.to_owned(),
            None => "/".to_owned(),
        };
        let tab = self.tab.map(|tab| query::write([(TAB, tab.as_str())]));
        let filter = Some(self.filter.query(&self.usual)).filter(|filter| !filter.is_empty());
        let query: Vec<String> = tab.into_iter().chain(filter).collect();
        match query.join("&").as_str() {
            "" => path,
            query => format!("{path}?{query}"),
        }
    }

    /// The URL as a link of a page, whose base is the root of the board.
    pub fn href(&self) -> String {
        format!(".{}", self.url())
    }

    /// The same board with another task open, or none.
    #[must_use]
    pub fn with_task(&self, task: Option<TaskId>) -> Self {
        Self {
            task,
            tab: None,
            is_inbox: false,
            ..self.clone()
        }
    }

    /// The same with another tab of the open task.
    #[must_use]
    pub fn with_tab(&self, tab: Tab) -> Self {
        Self {
            tab: Some(tab),
            ..self.clone()
        }
    }

    /// The inbox, from which one comes back to the same board.
    #[must_use]
    pub fn with_inbox(&self) -> Self {
        Self {
            task: None,
            tab: None,
            is_inbox: true,
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reread(address: &Address) -> Address {
        let url = address.url();
        let (path, query) = url.split_once('?').unwrap_or((&url, ""));
        Address::from_url(path, query, Filter::default())
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
            Address::default().with_inbox(),
            Address {
                task: Some(TaskId::from_bits(7)),
                tab: Some(Tab::Log),
                is_inbox: false,
                filter,
                usual: Filter::default(),
            },
        ] {
            assert_eq!(reread(&address), address);
        }
    }

    #[test]
    fn a_path_that_names_no_task_is_the_board() {
        for path in ["", "/", "/t/", "/t/nonsense", "/elsewhere"] {
            assert_eq!(
                Address::from_url(path, "", Filter::default()),
                Address::default()
            );
        }
    }

    #[test]
    fn opening_a_task_keeps_the_filter() {
        let address = Address::from_url("/", "?tenant=acme", Filter::default());
        let opened = address.with_task(Some(TaskId::from_bits(1)));
        let log = opened.with_tab(Tab::Log);
        assert_eq!(log.url(), "/t/t_00000001?tab=log&tenant=acme");
        assert_eq!(log.with_task(None), address);
        assert_eq!(opened.url(), "/t/t_00000001?tenant=acme");
        assert_eq!(opened.with_task(None), address);
    }
}
