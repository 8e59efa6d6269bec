//! The user guide, carried by the program: a terminal shows it, and a browser.

mod html;
mod in_browser;

pub(crate) use in_browser::routes;

/// One page.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// Its name on the command line and in addresses.
    pub(crate) topic: &'static str,
    /// Its subject, in a line.
    pub(crate) about: &'static str,
    /// The page itself, in Markdown.
    markdown: &'static str,
}

/// The pages, in the order in which a newcomer reads them.
pub(crate) const PAGES: [Page; 10] = [
    Page {
        topic: "concepts",
        about: "what a task, a run and a lane are, and how a card moves",
        markdown: include_str!("../guide/concepts.md"),
    },
    Page {
        topic: "quick-start",
        about: "from nothing to a board that works by itself",
        markdown: include_str!("../guide/quick-start.md"),
    },
    Page {
        topic: "lanes",
        about: "who works on what: lanes, and how to write a worker",
        markdown: include_str!("../guide/lanes.md"),
    },
    Page {
        topic: "command-line",
        about: "verbs, JSON, exit codes, and recipes for scripts",
        markdown: include_str!("../guide/command-line.md"),
    },
    Page {
        topic: "http",
        about: "the HTTP API and the stream of events",
        markdown: include_str!("../guide/http.md"),
    },
    Page {
        topic: "notifications",
        about: "who is told what becomes of a task",
        markdown: include_str!("../guide/notifications.md"),
    },
    Page {
        topic: "service",
        about: "running it all the time: systemd, backups, clean-up, updates",
        markdown: include_str!("../guide/service.md"),
    },
    Page {
        topic: "security",
        about: "who may do what, and what protects the board",
        markdown: include_str!("../guide/security.md"),
    },
    Page {
        topic: "hermes",
        about: "moving from hermes, or running on its files",
        markdown: include_str!("../guide/hermes.md"),
    },
    Page {
        topic: "limits",
        about: "what it does not do, such as more than one machine",
        markdown: include_str!("../guide/limits.md"),
    },
];

impl Page {
    /// The page as it is read: without its comments, which stand on lines of their own and name the
    /// tests that hold it to its promises.
    pub(crate) fn text(self) -> String {
        let lines = self.markdown.split_inclusive('\n');
        lines
            .filter(|line| !line.trim_start().starts_with("<!--"))
            .collect()
    }
}

/// The page of this topic.
pub(crate) fn page(topic: &str) -> Option<Page> {
    PAGES.into_iter().find(|page| page.topic == topic)
}
