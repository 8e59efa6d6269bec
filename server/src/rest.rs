//! The plugin API of the original: the same paths, fields, statuses and JSON, and our own routes in
//! its style. It translates between JSON and the kernel and decides nothing.

mod attachments;
mod board;
mod board_subscriptions;
mod boards;
mod bulk;
mod change;
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
mod which_board;
pub(crate) mod wire;
mod workers;

pub(crate) use board::BoardCopy;
pub(crate) use dispatch::health;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use axum::routing::{delete, get, patch, post};

use crate::{AppState, events, http_error};

/// The routes, to be mounted at `/api/plugins/kanban`.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let subscriptions = get(subscriptions::of_task)
        .post(subscriptions::subscribe)
        .delete(subscriptions::unsubscribe);
    let of_task = get(tasks::task).patch(tasks::edit).delete(tasks::remove);
    let attachments = get(attachments::of_task).post(attachments::not_taken);
    let boards = get(boards::boards).post(boards::not_offered);
    let of_board = get(board_subscriptions::all).post(board_subscriptions::subscribe);
    let quiet_hours =
        get(board_subscriptions::quiet_hours).put(board_subscriptions::set_quiet_hours);
    Router::new()
        .route("/board", get(board::board))
        .route("/tasks", post(tasks::create))
        // To the original, any other verb than POST asks for a task of this name.
        .route(
            "/tasks/bulk",
            get(no_such_task).patch(no_such_task).post(bulk::bulk),
        )
        .route("/tasks/{id}", of_task)
        .route("/tasks/{id}/comments", post(comments::comment))
        .route("/tasks/{id}/log", get(log::log))
        .route("/tasks/{id}/log/stream", get(log_stream::follow))
        .route("/tasks/{id}/why", get(dispatch::why))
        .route("/tasks/{id}/runs", get(runs::runs))
        .route("/tasks/{id}/claim", post(runs::claim))
        .route("/tasks/{id}/heartbeat", post(runs::heartbeat))
        .route("/tasks/{id}/cancel", post(runs::cancel))
        .route("/tasks/{id}/reclaim", post(runs::reclaim))
        .route("/tasks/{id}/reassign", post(tasks::reassign))
        .route("/tasks/{id}/attachments", attachments)
        .route(
            "/attachments/{id}",
            get(attachments::none).delete(attachments::none),
        )
        .route("/runs/{id}", get(runs::run))
        .route("/runs/{id}/terminate", post(runs::terminate))
        .route("/workers/active", get(workers::active))
        .route("/assignees", get(workers::assignees))
        .route("/diagnostics", get(diagnostics::diagnostics))
        .route("/boards", boards)
        .route(
            "/boards/{id}",
            patch(boards::not_offered).delete(boards::not_offered),
        )
        .route("/boards/{id}/switch", post(boards::switch))
        .route("/tasks/{id}/subscriptions", subscriptions)
        .route("/subscriptions", get(subscriptions::all))
        .route("/board/subscriptions", of_board)
        .route(
            "/board/subscriptions/{id}",
            delete(board_subscriptions::unsubscribe),
        )
        .route("/quiet-hours", quiet_hours)
        .route("/deliveries", get(deliveries::deliveries))
        .route("/deliveries/{id}", delete(deliveries::drop_dead))
        .route("/deliveries/{id}/retry", post(deliveries::retry))
        .route("/inbox", get(inbox::inbox))
        .route("/links", post(links::link).delete(links::unlink))
        .route("/search", get(search::search))
        .route("/undo", post(undo::undo))
        .route("/config", get(config::config))
        .route("/stats", get(stats::stats))
        .route("/dispatch", post(dispatch::dispatch))
        .route("/dispatcher", get(dispatch::health))
        .route("/lanes", get(dispatch::lanes))
        .route("/pause", post(dispatch::pause))
        .route("/resume", post(dispatch::resume))
        .route("/events", get(events::events))
        .merge(not_offered::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_fn_with_state(state.clone(), once::once))
        .layer(from_fn(which_board::only_ours))
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
