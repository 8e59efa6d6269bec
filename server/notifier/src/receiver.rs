//! The other side, played by a test: a server on loopback that hands each request to the test and
//! answers as the test says.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request as HttpRequest, Response};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// The server.
pub(super) struct Receiver {
    /// The address at which it listens.
    pub(super) url: String,
    requests: mpsc::UnboundedReceiver<Request>,
    serving: JoinHandle<()>,
}

/// A request that waits for its answer.
pub(super) struct Request {
    pub(super) path: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
    reply: oneshot::Sender<Response<Body>>,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let routes = Router::new().fallback(take).with_state(sender);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self {
            url,
            requests,
            serving,
        }
    }

    /// The next request.
    pub(super) async fn next(&mut self) -> Request {
        let next = tokio::time::timeout(std::time::Duration::from_secs(30), self.requests.recv());
        next.await.expect("no request came").unwrap()
    }

    /// Makes sure that no request waits.
    #[track_caller]
    pub(super) fn is_left_alone(&mut self) {
        assert!(self.requests.is_empty(), "a request came");
    }

    /// Takes the next request and answers it.
    pub(super) async fn answer(&mut self, status: u16, body: &str) -> Request {
        self.answer_with(status, &[], body).await
    }

    /// The same, with headers.
    pub(super) async fn answer_with(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Request {
        self.answer_by(status, headers, Body::from(body.to_owned()))
            .await
    }

    /// The same, with any body, also one that never ends.
    pub(super) async fn answer_by(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Request {
        let mut request = self.next().await;
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        let response = response.body(body).unwrap();
        let (spent, _) = oneshot::channel();
        let reply = std::mem::replace(&mut request.reply, spent);
        reply.send(response).unwrap();
        request
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Request {
    /// Answers with this status and nothing else.
    pub(super) fn answer(self, status: u16) {
        let response = Response::builder().status(status).body(Body::empty());
        self.reply.send(response.unwrap()).unwrap();
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A header, empty where there is none.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

async fn take(
    State(sender): State<mpsc::UnboundedSender<Request>>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let (reply, answer) = oneshot::channel();
    let request = Request {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        reply,
    };
    sender.send(request).ok();
    answer.await.unwrap_or_default()
}
