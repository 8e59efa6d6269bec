//! The doors that offer every verb of the board as its struct declares it.

use anyhow::Context as _;
use domain::command::BoardVerb;
use domain::error::ErrorKind;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{Given, Refusal};
use crate::harness::{API, Board, text};

/// Sends a verb to `POST /verbs/{verb}`.
pub(super) async fn by_rest(board: &Board, verb: &BoardVerb) -> anyhow::Result<Given> {
    let tagged = json!(verb);
    let mut tagged = tagged.as_object().into_iter().flatten();
    let (name, arguments) = tagged.next().context("no verb")?;
    let request = board.request(Method::POST, &format!("{API}/verbs/{name}"))?;
    given(request.json(arguments).send().await?, "/detail").await
}

/// Sends a verb to the server function of the page.
pub(super) async fn by_page(board: &Board, verb: &BoardVerb) -> anyhow::Result<Given> {
    let request = board.request(Method::POST, "/fn/act")?;
    let request = request.json(&json!({ "verb": verb }));
    given(request.send().await?, "/message").await
}

/// The kinds that a well-formed request of somebody who may make it can meet.
const KINDS: [ErrorKind; 4] = [
    ErrorKind::Invalid,
    ErrorKind::NotFound,
    ErrorKind::Refused,
    ErrorKind::Forbidden,
];

/// Reads what became of a request; its sentence stands at `place`.
pub(super) async fn given(response: Response, place: &str) -> anyhow::Result<Given> {
    let status = response.status();
    if status.is_success() {
        return Ok(Given::Done);
    }
    let answer: Value = response.json().await?;
    let kind = KINDS
        .iter()
        .find(|kind| kind.http_status() == status.as_u16());
    Ok(Given::Refused(Refusal {
        kind: Some(*kind.with_context(|| format!("{status}: {answer}"))?),
        sentence: text(&answer, place).unwrap_or_default().to_owned(),
    }))
}
