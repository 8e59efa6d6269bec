//! The plugin API of a board, and its socket.

use anyhow::{Context as _, bail, ensure};
use domain::event::Event;
use domain::id::TaskId;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};

use super::Board;
use crate::harness::{Socket, within};

/// The base path of the plugin API.
pub(crate) const API: &str = "/api/plugins/kanban";

impl Board {
    /// A request of a program: with the token.
    pub(crate) fn request(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self.stranger(method, path)?.bearer_auth(self.token()?))
    }

    /// A request of somebody who shows nothing.
    pub(crate) fn stranger(&self, method: Method, path: &str) -> anyhow::Result<RequestBuilder> {
        Ok(self
            .client
            .request(method, format!("http://{}{path}", self.address()?)))
    }

    /// Reads from the plugin API; refusals are answers too.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        answer(self.request(Method::GET, &format!("{API}{path}"))?).await
    }

    /// Writes to the plugin API; refusals are answers too.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        answer(
            self.request(Method::POST, &format!("{API}{path}"))?
                .json(body),
        )
        .await
    }

    /// Changes something by the plugin API; refusals are answers too.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        answer(
            self.request(Method::PATCH, &format!("{API}{path}"))?
                .json(body),
        )
        .await
    }

    /// Removes something by the plugin API; refusals are answers too.
    pub(crate) async fn delete(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        answer(self.request(Method::DELETE, &format!("{API}{path}"))?).await
    }

    /// Everything about a task, by the plugin API.
    pub(crate) async fn task(&self, id: &TaskId) -> anyhow::Result<Value> {
        let (status, task) = self.get(&format!("/tasks/{id}")).await?;
        ensure!(status == 200, "{status}: {task}");
        Ok(task)
    }

    /// Opens a socket, with the token and these parameters.
    pub(crate) async fn socket(&self, query: &str) -> anyhow::Result<Socket> {
        let authorization = format!("Bearer {}", self.token()?);
        self.socket_with(query, &[("authorization", &authorization)])
            .await
    }

    /// Opens a socket with these headers.
    pub(crate) async fn socket_with(
        &self,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> anyhow::Result<Socket> {
        let url = format!("ws://{}{API}/events?{query}", self.address()?);
        let mut request = url.into_client_request()?;
        for (name, value) in headers {
            request
                .headers_mut()
                .insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
        }
        let connecting = tokio_tungstenite::connect_async(request);
        Ok(Socket(within("a socket", connecting).await??.0))
    }

    /// Waits until something of this kind has happened to the task, now or earlier.
    pub(crate) async fn happened(&self, task: &TaskId, kind: &str) -> anyhow::Result<Event> {
        let mut socket = self.socket("since=0").await?;
        socket
            .event(kind, |event| event.task_id == *task && event.kind == kind)
            .await
            .with_context(|| format!("`{kind}` of {task}; log:\n{}", self.log()))
    }
}

/// The status and the JSON of an answer.
pub(crate) async fn answer(request: RequestBuilder) -> anyhow::Result<(u16, Value)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    let body = response.text().await?;
    match serde_json::from_str(&body) {
        Ok(json) => Ok((status, json)),
        Err(_) => bail!("{status} without JSON: {body}"),
    }
}
