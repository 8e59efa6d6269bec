//! `GET /config`: how the original's own page shows the board, from the section `dashboard.kanban`
//! of `config.yaml`. The file is the original's: what is missing or makes no sense in it is replaced,
//! never refused.

use std::path::Path;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::task::spawn_blocking;

use super::wire::answer::Config;
use crate::AppState;
use crate::http_error::HttpError;

/// A configuration is a few kilobytes; what is larger is something else.
const MAX_BYTES: u64 = 1 << 20;

/// How the board is to be shown.
#[utoipa::path(
    get, path = "/config", tag = "board",
    responses((status = 200, body = Config), super::openapi::Refusals),
)]
pub(super) async fn config(State(state): State<AppState>) -> Result<Response, HttpError> {
    let path = state.services.home.root().join("config.yaml");
    let config = spawn_blocking(move || read(&path)).await;
    Ok(Json(config.unwrap_or_default()).into_response())
}

fn read(path: &Path) -> Config {
    let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= MAX_BYTES);
    if !is_small {
        return Config::default();
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
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
            read(Path::new("/nonexistent/config.yaml")),
            Config::default()
        );
    }
}
