//! What the browser loads: it takes over the page that the server rendered, and nothing else.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called once by the script that the page carries, as soon as the WASM is there.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    let base = app::of_document();
    leptos::mount::hydrate_body(move || app::App(app::AppProps { base }));
}
