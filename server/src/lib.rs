//! Every door of the program: pages, files, routes for programs, the command line. Doors translate;
//! the kernel decides.

mod address;
mod any_verb;
mod auth;
mod board_file;
mod bounds;
mod changes;
pub mod cli;
mod daemon;
mod dashboard_config;
mod events;
mod file_system;
mod first_run;
mod follow_log;
mod guide;
mod headers;
mod healthz;
mod http_error;
mod lanes;
mod limits;
mod lines;
mod listen;
mod log_page;
mod metrics;
mod moment;
mod other_boards;
mod page;
mod plain_page;
#[cfg(test)]
mod plain_words;
mod preferences;
mod rest;
mod root;
mod serve;
mod server_dispatcher;
mod shutdown;
mod site;
mod systemd;
mod telemetry;
mod tls;

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use dispatcher::Home;
use kernel::Kernel;
use leptos::config::LeptosOptions;
use tokio::sync::Semaphore;
use tower_http::compression::CompressionLayer;

use auth::FrontDoor;
use events::{Relay, Statuses};
use first_run::Agents;
use limits::Turns;
use metrics::Metrics;
use rest::BoardCopy;
use rest::once::UnderWay;
use shutdown::Shutdown;

/// The state that handlers share. It is cloned several times a request, so it is one pointer.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// See [`AppState`].
pub(crate) struct Shared {
    kernel: Kernel,
    /// The home folder, for logs.
    home: Home,
    /// The dispatcher, once it is in this process.
    dispatcher: Arc<OnceLock<dispatcher::Handle>>,
    /// The configuration of this process's dispatcher, or the one it would have.
    dispatching: Arc<dispatcher::Config>,
    door: Arc<FrontDoor>,
    shutdown: Shutdown,
    metrics: Arc<Metrics>,
    turns: Turns,
    board_copy: Arc<BoardCopy>,
    /// The turns of those who ask git for the changes of a task.
    changes: Arc<Semaphore>,
    relay: Arc<Relay>,
    statuses: Arc<Statuses>,
    under_way: UnderWay,
    agents: Agents,
    /// The places of those who listen for longer than a request lasts.
    sockets: Arc<Semaphore>,
    /// Another number for each server that starts: what tags of answers begin with.
    started: u32,
    leptos: LeptosOptions,
}

impl AppState {
    /// The state of one server.
    pub(crate) fn new(
        kernel: Kernel,
        home: Home,
        dispatcher: Arc<OnceLock<dispatcher::Handle>>,
        dispatching: dispatcher::Config,
        door: FrontDoor,
        shutdown: Shutdown,
    ) -> Self {
        let metrics: Arc<Metrics> = Arc::default();
        Self(Arc::new(Shared {
            kernel,
            home,
            dispatcher,
            dispatching: Arc::new(dispatching),
            door: Arc::new(door),
            shutdown,
            turns: Turns::new(metrics.clone()),
            metrics,
            board_copy: Arc::default(),
            changes: Arc::new(Semaphore::new(changes::AT_ONCE)),
            relay: Arc::default(),
            statuses: Arc::default(),
            under_way: UnderWay::default(),
            agents: Agents::default(),
            sockets: Arc::new(Semaphore::new(bounds::MAX_LISTENERS)),
            started: rand::random(),
            leptos: page::options(),
        }))
    }

    /// The board.
    pub(crate) fn kernel(&self) -> &Kernel {
        &self.kernel
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}

/// Every route of the server, behind the front door.
pub(crate) fn router(state: AppState, chats: Router<AppState>) -> Router {
    let path = state.door.path().to_owned();
    let routes = page::routes(&state)
        .nest(
            "/api/plugins/kanban",
            rest::routes(&state, get(events::events)),
        )
        .merge(auth::routes())
        .merge(chats)
        .merge(guide::routes())
        .route("/t/{id}/log", get(log_page::log))
        .route("/t/{id}/changes", get(changes::page))
        .route("/api/openapi.json", get(rest::openapi::document))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(healthz::healthz))
        .fallback(page::file_or_not_found)
        .layer(from_fn(page::blame))
        .layer(from_fn_with_state(state.clone(), auth::require_proof))
        .layer(from_fn_with_state(state.turns.clone(), limits::turn))
        .layer(from_fn(limits::size))
        .layer(DefaultBodyLimit::max(bounds::MAX_BODY_BYTES))
        .layer(from_fn_with_state(state.clone(), auth::guard))
        .layer(from_fn(plain_page::dress))
        .layer(CompressionLayer::new())
        .with_state(state);
    headers::secure(root::mount(path, routes))
}
