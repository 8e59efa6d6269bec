//! The pages that Leptos renders, and what each rendering is given. It never reads or writes tasks.

mod act;
mod backend;
mod markdown;
mod read;
mod refuse;

use std::sync::Arc;

use app::api::backend::{Backend, FirstSteps, FormProof};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Request, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use domain::error::ErrorKind;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context, with_context};
use leptos_axum::{AxumRouteListing, LeptosRoutes, ResponseOptions};
use leptos_router::{Method, SsrMode};
use serde::Deserialize;
use tokio::sync::Semaphore;

use backend::Board;

use crate::auth::Caller;
use crate::{AppState, headers, root, site};

/// The names under which the build leaves the site's files (`target/site`, see the Makefile).
pub(crate) fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("kanban")
        .site_root("target/site")
        .site_pkg_dir("pkg")
        .build()
}

/// The most pages that are rendered at once. A rendering takes a processor, and memory for all its
/// cards as long as it lasts: some 50 MB for 10,000 of them.
const RENDERED_AT_ONCE: usize = 1;

/// A route for each page and for each server function.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let options = state.leptos.clone();
    let provided = state.clone();
    let turns = Arc::new(Semaphore::new(RENDERED_AT_ONCE));
    Router::new()
        .leptos_routes_with_context(
            state,
            PAGES.map(page).into(),
            move || provide_to_page(&provided),
            move || app::shell(options.clone(), root_of_page()),
        )
        .layer(from_fn_with_state(turns, in_turn))
}

/// The paths of the pages, as `state::address` reads them.
const PAGES: [&str; 3] = ["/", "/inbox", "/t/{id}"];

/// A page that is sent whole. The board is a read of a local file: waiting for it costs less than
/// streaming would, and the page works without any script.
fn page(path: &str) -> AxumRouteListing {
    AxumRouteListing::new(path.to_owned(), SsrMode::Async, [Method::Get], Vec::new())
}

/// Lets a page wait until others are rendered. Server functions render nothing.
async fn in_turn(
    State(turns): State<Arc<Semaphore>>,
    request: Request<Body>,
    next: Next,
) -> Response {
    if request.uri().path().starts_with(FUNCTIONS) {
        return next.run(request).await;
    }
    let _turn = turns.acquire().await;
    next.run(request).await
}

/// The prefix of server functions.
const FUNCTIONS: &str = "/fn/";

/// Answers requests that no route names: with a file of the site, else with a page that says so.
pub(crate) async fn file_or_not_found(
    State(state): State<AppState>,
    request: Request<Body>,
) -> Response {
    let file = site::file(request.method(), request.uri().path(), request.headers());
    if let Some(file) = file.await {
        return file;
    }
    if !headers::wants_html(&request) {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    let options = state.leptos.clone();
    let render = leptos_axum::render_app_async_with_context(
        move || provide_to_page(&state),
        move || app::shell(options.clone(), root_of_page()),
    );
    let page = render(request).await;
    (StatusCode::NOT_FOUND, page).into_response()
}

/// The root of the page that is rendered.
fn root_of_page() -> String {
    let root = with_context(|request: &Parts| root::of(&request.headers).to_owned());
    root.unwrap_or_default()
}

/// The refusal in the answer of a server function.
#[derive(Deserialize)]
struct Refused {
    kind: ErrorKind,
}

/// The part of such an answer that is read, in bytes: more is none.
const MAX_REFUSAL_BYTES: usize = 64 * 1024;

/// Leptos answers 500 when it cannot read the arguments of a server function. Whose fault that is
/// stands in the answer.
pub(crate) async fn blame(request: Request<Body>, next: Next) -> Response {
    let is_function = request.uri().path().starts_with(FUNCTIONS);
    let response = next.run(request).await;
    if !is_function || response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, MAX_REFUSAL_BYTES).await else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "internal error\n").into_response();
    };
    let status = serde_json::from_slice(&body)
        .ok()
        .and_then(|Refused { kind }| StatusCode::from_u16(kind.http_status()).ok());
    head.status = status.unwrap_or(head.status);
    Response::from_parts(head, body.into())
}

/// Runs inside each rendering, before the components do. Leptos has already provided the nonce that
/// it puts on its own inline scripts.
fn provide_to_page(state: &AppState) {
    // Absent while the list of routes is made, which nobody asked for.
    let caller = with_context(|request: &Parts| request.extensions.get::<Caller>().cloned());
    if let Some(Some(caller)) = caller {
        provide_context::<Arc<dyn Backend>>(Arc::new(Board {
            state: state.clone(),
            actor: caller.actor(),
        }));
        provide_context(FirstSteps::default());
        if let Some(proof) = caller.form_proof(state) {
            provide_context(FormProof(proof));
        }
    }
    let Some(response) = use_context::<ResponseOptions>() else {
        return;
    };
    // Server functions run here too and have no nonce; they keep the policy of everything that is
    // not a page.
    let policy = use_nonce().map(|nonce| HeaderValue::from_str(&headers::page_policy(&nonce)));
    if let Some(Ok(policy)) = policy {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
    // A page shows the board of one moment to one person; no cache may answer with it later.
    response.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}
