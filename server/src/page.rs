//! The pages that Leptos renders, and what each rendering is given. It never reads or writes tasks.

use app::ssr::Services;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::{HeaderValue, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes, ResponseOptions, generate_route_list};

use crate::{AppState, headers, site};

/// The names under which the build leaves the site's files (`target/site`, see the Makefile).
pub(crate) fn options() -> LeptosOptions {
    LeptosOptions::builder()
        .output_name("kanban")
        .site_root("target/site")
        .site_pkg_dir("pkg")
        .build()
}

/// A route for each page and for each server function.
pub(crate) fn routes(state: &AppState) -> Router<AppState> {
    let (options, services) = (state.leptos.clone(), state.services.clone());
    Router::new().leptos_routes_with_context(
        state,
        generate_route_list(app::App),
        move || provide_to_page(&services),
        move || app::shell(options.clone()),
    )
}

/// Whatever no route names: a file of the site, else a page that says so.
pub(crate) async fn file_or_not_found(
    State(state): State<AppState>,
    request: Request<Body>,
) -> Response {
    if let Some(file) = site::file(&request) {
        return file;
    }
    if !wants_html(&request) {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    let render = leptos_axum::render_app_async_with_context(
        move || provide_to_page(&state.services),
        move || app::shell(state.leptos.clone()),
    );
    let page = render(request).await;
    (StatusCode::NOT_FOUND, page).into_response()
}

/// Runs inside each rendering, before the components do. Leptos has already provided the nonce that
/// it puts on its own inline scripts.
fn provide_to_page(services: &Services) {
    provide_context(services.clone());
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

/// Whether a person in front of a browser waits for the answer.
pub(crate) fn wants_html(request: &Request<Body>) -> bool {
    request
        .headers()
        .get(ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}
