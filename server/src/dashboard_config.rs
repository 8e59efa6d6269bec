//! The settings of the original's own page: the section `dashboard.kanban` of `config.yaml`. The
//! file is the original's: what is missing or makes no sense in it is replaced, never refused.

use std::path::Path;

use dispatcher::{Home, plain_file};
use serde::Serialize;
use serde_json::Value;
use state::board::filter::Filter;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

/// A configuration is a few kilobytes; what is larger is something else.
const MAX_BYTES: u64 = 1 << 20;

/// The settings of the page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Config {
    /// The tenant whose tasks are shown first; empty for all of them.
    pub(crate) default_tenant: String,
    /// True when running tasks are grouped by assignee.
    pub(crate) lane_by_profile: bool,
    /// True when archived tasks are shown.
    pub(crate) include_archived_by_default: bool,
    /// True when texts are taken for Markdown.
    pub(crate) render_markdown: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_tenant: String::new(),
            lane_by_profile: true,
            include_archived_by_default: false,
            render_markdown: true,
        }
    }
}

impl Config {
    /// Reads the file in a home folder.
    pub(crate) async fn read(home: &Home) -> Self {
        let path = home.root().join("config.yaml");
        let config = spawn_blocking(move || read_file(&path)).await;
        config.unwrap_or_default()
    }

    /// The default filter.
    pub(crate) fn default_filter(&self) -> Filter {
        let tenant = self.default_tenant.trim();
        Filter {
            tenant: (!tenant.is_empty()).then(|| tenant.to_owned()),
            archived: self.include_archived_by_default,
            lanes: self.lane_by_profile,
            ..Filter::default()
        }
    }
}

fn read_file(path: &Path) -> Config {
    let text = plain_file::owned_text(path, MAX_BYTES).unwrap_or_default();
    parse(&text)
}

fn parse(text: &str) -> Config {
    let default = Config::default();
    let Ok(file) = serde_saphyr::from_str::<Value>(text) else {
        return default;
    };
    let Some(section) = file.pointer("/dashboard/kanban") else {
        return default;
    };
    let truth = |name: &str| section.get(name).and_then(Value::as_bool);
    let tenant = section.get("default_tenant").and_then(Value::as_str);
    Config {
        default_tenant: tenant.map_or(default.default_tenant, str::to_owned),
        lane_by_profile: truth("lane_by_profile").unwrap_or(default.lane_by_profile),
        include_archived_by_default: truth("include_archived_by_default")
            .unwrap_or(default.include_archived_by_default),
        render_markdown: truth("render_markdown").unwrap_or(default.render_markdown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_replaced_and_the_rest_is_kept() {
        let text = "dashboard:\n  kanban:\n    default_tenant: acme\n    lane_by_profile: false\n    \
                    render_markdown: 7\nother: [1, 2]\n";
        let expected = Config {
            default_tenant: "acme".to_owned(),
            lane_by_profile: false,
            ..Config::default()
        };
        assert_eq!(parse(text), expected);
        for text in ["", "[", "dashboard: 7", "dashboard:\n  kanban: x", "\u{0}"] {
            assert_eq!(parse(text), Config::default(), "{text}");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_as_good_as_an_empty_one() {
        assert_eq!(
            read_file(Path::new("/nonexistent/config.yaml")),
            Config::default()
        );
    }

    #[test]
    fn a_board_without_a_file_shows_everything_that_is_not_put_away() {
        assert_eq!(Config::default().default_filter(), Filter::default());
        let acme = Config {
            default_tenant: " acme ".to_owned(),
            include_archived_by_default: true,
            ..Config::default()
        };
        assert_eq!(
            acme.default_filter().query(&Filter::default()),
            "tenant=acme&archived=1"
        );
    }
}
