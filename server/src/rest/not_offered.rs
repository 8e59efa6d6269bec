//! Requests of the original's newer pages that this board does not serve, each with the sentence
//! that says what to do instead.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;

use crate::{AppState, http_error};

/// Paths and sentences.
const NOT_OFFERED: [(&str, &str); 9] = [
    ("/tasks/{id}/specify", NO_MODEL),
    ("/tasks/{id}/decompose", NO_MODEL),
    ("/orchestration", NO_MODEL),
    ("/profiles", NO_PROFILES),
    ("/profiles/{id}", NO_PROFILES),
    ("/profiles/{id}/describe-auto", NO_PROFILES),
    ("/home-channels", NO_HOME_CHANNELS),
    ("/tasks/{id}/home-subscribe/{platform}", NO_HOME_CHANNELS),
    ("/runs/{id}/inspect", NO_INSPECTION),
];

const NO_MODEL: &str = "no language model is asked here; a worker can write and split tasks";
const NO_PROFILES: &str =
    "profiles are hermes-agent's; `GET /lanes` and `GET /assignees` say who works here";
const NO_HOME_CHANNELS: &str =
    "there are no home channels here; subscribe with `POST /tasks/ID/subscriptions`";
const NO_INSPECTION: &str = "processes are not inspected here; `GET /workers/active` names them, `GET /tasks/ID/log` has \
     their output";

/// Answers each of these paths with 404 and its sentence.
pub(super) fn routes() -> Router<AppState> {
    let add = |router: Router<AppState>, (path, detail): (&str, &'static str)| {
        let refuse = move || async move { http_error::detail(StatusCode::NOT_FOUND, detail) };
        router.route(path, any(refuse))
    };
    NOT_OFFERED.into_iter().fold(Router::new(), add)
}
