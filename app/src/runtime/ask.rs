//! Asks the server's functions over HTTP. One future serves every question: those that Leptos makes for
//! its functions are of one type each, and a fifteenth of the program.

use std::time::Duration;

use futures::future::{Aborted, abortable};
use gloo_net::http::RequestBuilder;
use leptos::prelude::*;
use leptos::task::spawn_local;
use serde::Serialize;
use serde::de::DeserializeOwned;
use state::Msg;
use state::refusal::Refusal;

use super::Runtime;
use crate::api::error::ApiError;
use crate::api::json;

/// The time limit for an answer: longer than a server takes that is busy, and says so.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// The time limit for an answer to a thousand changes at once.
pub(super) const PATIENCE_WITH_MANY: Duration = Duration::from_mins(3);

/// The body of an answer.
type Answer = Result<Vec<u8>, Refusal>;

impl Runtime {
    /// Reads from a function that takes its arguments from the query.
    pub(super) fn read<T: DeserializeOwned>(
        self,
        function: &str,
        told: impl FnOnce(Result<T, Refusal>) -> Msg + 'static,
    ) {
        self.ask_server(function, None, PATIENCE, Box::new(move |it| told(read(it))));
    }

    /// Sends arguments to a function that changes something.
    pub(super) fn post<T: DeserializeOwned>(
        self,
        function: &str,
        arguments: &impl Serialize,
        patience: Duration,
        told: impl FnOnce(Result<T, Refusal>) -> Msg + 'static,
    ) {
        // The arguments of the page are structs and enums, which always have a JSON.
        let body = serde_json::to_string(arguments).unwrap_or_default();
        let told = Box::new(move |it| told(read(it)));
        self.ask_server(function, Some(body), patience, told);
    }

    /// Gives up when no answer comes: whoever asked is told, instead of waiting for ever.
    fn ask_server(
        self,
        function: &str,
        body: Option<String>,
        patience: Duration,
        told: Box<dyn FnOnce(Answer) -> Msg>,
    ) {
        let url = ["./fn/", function].concat();
        spawn_local(async move {
            let (asked, handle) = abortable(fetch(url, body));
            set_timeout(move || handle.abort(), patience);
            let answer = match asked.await {
                Ok(answer) => answer,
                Err(Aborted) => Err(Refusal::unheard()),
            };
            self.dispatch(told(answer));
        });
    }
}

async fn fetch(url: String, body: Option<String>) -> Answer {
    let request = match body {
        None => RequestBuilder::new(&url).build(),
        Some(body) => RequestBuilder::new(&url)
            .method(gloo_net::http::Method::POST)
            .header("content-type", "application/json")
            .body(body),
    };
    let unreachable = |_| Refusal::unreachable();
    let response = request.map_err(unreachable)?.send().await;
    let response = response.map_err(unreachable)?;
    let body = response.binary().await.map_err(unreachable)?;
    if response.ok() {
        return Ok(body);
    }
    // The front door answers in its own words, and so does whoever stands between it and the browser.
    Err(match json::read(&body) {
        Ok(ApiError(refusal)) => refusal,
        Err(_) => Refusal::of_stranger(&String::from_utf8_lossy(&body)),
    })
}

fn read<T: DeserializeOwned>(answer: Answer) -> Result<T, Refusal> {
    json::read(&answer?).map_err(|_| Refusal::unreadable())
}
