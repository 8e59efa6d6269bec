//! The plugin API of the original: the same paths, fields, statuses and JSON, and our own routes in
//! its style. It translates between JSON and the kernel and decides nothing.

mod attachments;
mod board;
mod board_subscriptions;
mod boards;
mod bulk;
mod change;
mod changes;
mod comments;
mod config;
mod deliveries;
mod diagnostics;
mod dispatch;
mod inbox;
mod input;
mod links;
mod log;
mod log_stream;
mod not_offered;
pub(crate) mod once;
pub(crate) mod openapi;
mod runs;
mod search;
mod stats;
mod subscriptions;
mod tasks;
mod undo;
mod verbs;
mod which_board;
pub(crate) mod wire;
mod workers;

pub(crate) use board::BoardCopy;
pub(crate) use dispatch::health;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get, patch, post};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{AppState, http_error};

/// The routes, to be mounted at `/api/plugins/kanban`.
pub(crate) fn routes(state: &AppState, events: MethodRouter<AppState>) -> Router<AppState> {
    Router::from(documented())
        .merge(undocumented())
        .route("/events", events)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), once::once))
        .layer(from_fn(which_board::only_ours))
}

/// The routes that the document names. Each has its path, its method and what it reads and answers at
/// its handler.
fn documented() -> OpenApiRouter<AppState> {
    let mut document = openapi::Document::openapi();
    verbs::describe(&mut document);
    OpenApiRouter::with_openapi(document)
        .route("/verbs/{verb}", post(verbs::verb))
        .routes(routes!(board::board))
        .routes(routes!(tasks::create))
        .routes(routes!(bulk::bulk))
        .routes(routes!(tasks::task, tasks::edit, tasks::remove))
        .routes(routes!(comments::comment))
        .routes(routes!(changes::changes))
        .routes(routes!(log::log))
        .routes(routes!(log_stream::follow))
        .routes(routes!(dispatch::why))
        .routes(routes!(runs::runs))
        .routes(routes!(runs::claim))
        .routes(routes!(runs::heartbeat))
        .routes(routes!(runs::cancel))
        .routes(routes!(runs::reclaim))
        .routes(routes!(tasks::reassign))
        .routes(routes!(attachments::of_task))
        .routes(routes!(runs::run))
        .routes(routes!(runs::terminate))
        .routes(routes!(workers::active))
        .routes(routes!(workers::assignees))
        .routes(routes!(diagnostics::diagnostics))
        .routes(routes!(boards::boards))
        .routes(routes!(boards::switch))
        .routes(routes!(
            subscriptions::of_task,
            subscriptions::subscribe,
            subscriptions::unsubscribe
        ))
        .routes(routes!(subscriptions::all))
        .routes(routes!(
            board_subscriptions::all,
            board_subscriptions::subscribe
        ))
        .routes(routes!(board_subscriptions::unsubscribe))
        .routes(routes!(
            board_subscriptions::quiet_hours,
            board_subscriptions::set_quiet_hours
        ))
        .routes(routes!(deliveries::deliveries))
        .routes(routes!(deliveries::drop_dead))
        .routes(routes!(deliveries::retry))
        .routes(routes!(inbox::inbox))
        .routes(routes!(links::link, links::unlink))
        .routes(routes!(search::search))
        .routes(routes!(undo::undo))
        .routes(routes!(config::config))
        .routes(routes!(stats::stats))
        .routes(routes!(dispatch::dispatch))
        .routes(routes!(dispatch::health))
        .routes(routes!(dispatch::lanes))
        .routes(routes!(dispatch::pause))
        .routes(routes!(dispatch::resume))
}

/// The routes that are only refused.
fn undocumented() -> Router<AppState> {
    not_offered::routes()
        // To the original, any other verb than POST asks for a task of this name.
        .route("/tasks/bulk", get(no_such_task).patch(no_such_task))
        .route("/tasks/{id}/attachments", post(attachments::not_taken))
        .route(
            "/attachments/{id}",
            get(attachments::none).delete(attachments::none),
        )
        .route("/boards", post(boards::not_offered))
        .route(
            "/boards/{id}",
            patch(boards::not_offered).delete(boards::not_offered),
        )
}

async fn no_such_task() -> Result<(), http_error::HttpError> {
    input::task_id("bulk").map(drop)
}

async fn not_found() -> Response {
    http_error::detail(StatusCode::NOT_FOUND, "Not Found")
}

async fn method_not_allowed() -> Response {
    http_error::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
}
