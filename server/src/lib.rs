//! Every door of the program: pages, files, routes for programs, the command line. Doors translate;
//! the kernel decides.

mod address;
mod answer;
mod auth;
pub mod cli;
mod events;
mod headers;
mod http_error;
mod limits;
mod page;
mod rest;
mod serve;
mod shutdown;
mod site;
mod telemetry;

use std::sync::Arc;

use app::ssr::Services;
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use kernel::Kernel;
use leptos::config::LeptosOptions;

use auth::FrontDoor;
use shutdown::Shutdown;

/// What handlers share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState {
    services: Services,
    door: Arc<FrontDoor>,
    shutdown: Shutdown,
    leptos: LeptosOptions,
}

impl AppState {
    /// The state of one server.
    pub(crate) fn new(services: Services, door: FrontDoor, shutdown: Shutdown) -> Self {
        Self {
            services,
            door: Arc::new(door),
            shutdown,
            leptos: page::options(),
        }
    }

    /// The board.
    pub(crate) fn kernel(&self) -> &Kernel {
        &self.services.kernel
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

/// Every route of the server, behind the front door.
pub(crate) fn router(state: AppState) -> Router {
    let routes = page::routes(&state)
        .nest("/api/plugins/kanban", rest::routes())
        .merge(auth::routes())
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback(page::file_or_not_found)
        .layer(from_fn(limits::body))
        .layer(DefaultBodyLimit::max(limits::MAX_BODY_BYTES))
        .layer(from_fn_with_state(state.clone(), auth::guard))
        .with_state(state);
    headers::secure(routes)
}
