//! The limits on the size of requests, and on how many are worked on at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::RequestExt;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_LENGTH;
use axum::http::uri::PathAndQuery;
use axum::middleware::Next;
use axum::response::Response;
use domain::id::RunToken;
use futures::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::auth::Caller;
use crate::bounds::MAX_BODY_BYTES;
use crate::http_error;
use crate::listen::{Seat, until_sent};
use crate::metrics::Metrics;

/// The longest path with its query, in bytes. Ours are a hundredth of that.
const MAX_URL_BYTES: usize = 8 * 1024;

/// The most requests that are worked on at once. Each has a few writes under way at most, so all of
/// them together never fill the kernel's queue, and the dispatcher always finds room in it.
const MAX_AT_ONCE: usize = 128;

/// The most requests of workers that are worked on at once, and of them those of one run: however
/// many a worker sends, and however slowly, turns remain for people and for other workers.
const MAX_OF_WORKERS: usize = 64;
const MAX_OF_ONE_RUN: usize = 16;

/// The longest wait of a request for its turn.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The time limit of a request's body, and then of the head of its answer. What streams afterwards does
/// not count.
const REQUEST_LIMIT: Duration = Duration::from_mins(1);

/// The most unauthenticated requests that are worked on at once, and the time limit of one: they
/// have turns of their own, so that nobody can take those of people who are let in.
const MAX_STRANGERS: usize = 16;

/// The largest body of an unauthenticated request: a token, or a message from Slack.
const MAX_STRANGERS_BODY_BYTES: usize = 128 * 1024;

/// The part of a body that is too large which is read all the same, in bytes, and for how long.
const HEARD_BYTES: usize = 4 * MAX_BODY_BYTES;
const HEARD_LIMIT: Duration = Duration::from_secs(5);

pub(crate) const STRANGER_LIMIT: Duration = Duration::from_secs(10);

/// The turns of requests.
#[derive(Clone, Debug)]
pub(crate) struct Turns {
    of_guests: Arc<Semaphore>,
    of_workers: Arc<Semaphore>,
    of_strangers: Arc<Semaphore>,
    shares: Arc<Shares>,
    metrics: Arc<Metrics>,
}

/// The turns of each run that has requests under way. Such a share is given back with the last byte of the
/// answer, so that answers which nobody reads count too.
#[derive(Debug, Default)]
struct Shares(Mutex<HashMap<RunToken, Weak<Semaphore>>>);

impl Turns {
    /// Nobody's turn yet; `metrics` counts those whose turn never comes.
    pub(crate) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            of_guests: Arc::new(Semaphore::new(MAX_AT_ONCE)),
            of_workers: Arc::new(Semaphore::new(MAX_OF_WORKERS)),
            of_strangers: Arc::new(Semaphore::new(MAX_STRANGERS)),
            shares: Arc::default(),
            metrics,
        }
    }

    /// A turn of the run of a worker, as soon as one is free; `None` for anybody else.
    async fn share(
        &self,
        caller: Option<&Caller>,
    ) -> Result<Option<OwnedSemaphorePermit>, Response> {
        match caller.and_then(Caller::run) {
            Some(run) => self.one_of(self.shares.of(run)).await.map(Some),
            None => Ok(None),
        }
    }

    /// The turn of a caller, of a stranger without one, as soon as one is free.
    async fn next(&self, caller: Option<&Caller>) -> Result<OwnedSemaphorePermit, Response> {
        let turns = match caller {
            None => &self.of_strangers,
            Some(caller) if caller.run().is_some() => &self.of_workers,
            Some(_) => &self.of_guests,
        };
        self.one_of(turns.clone()).await
    }

    async fn one_of(&self, turns: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Response> {
        let turn = timeout(MAX_WAIT, turns.acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| {
            self.metrics.put_off();
            http_error::busy("too many requests at once")
        })
    }
}

impl Shares {
    /// The share of a run. Shares that nobody uses are forgotten.
    fn of(&self, run: &RunToken) -> Arc<Semaphore> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(run).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = Arc::new(Semaphore::new(MAX_OF_ONE_RUN));
        shares.insert(run.clone(), Arc::downgrade(&share));
        share
    }
}

/// Reads on for a moment without keeping anything. An answer that overtakes its request may be lost with
/// the connection, and a proxy makes 502 of that.
async fn hear_out(body: Body) {
    let mut pieces = body.into_data_stream();
    let mut left = HEARD_BYTES;
    let heard = async {
        while let Some(Ok(piece)) = pieces.next().await {
            left = left.saturating_sub(piece.len());
            if left == 0 {
                return;
            }
        }
    };
    // Who needs longer has heard nothing before either.
    timeout(HEARD_LIMIT, heard).await.ok();
}

/// Refuses a body that says it is too large, and ends one that turns out to be. The limit itself is
/// set by `DefaultBodyLimit`, which extractors obey by themselves and server functions only so.
pub(crate) async fn size(request: Request, next: Next) -> Response {
    let url = request.uri().path_and_query().map(PathAndQuery::as_str);
    if url.is_some_and(|url| url.len() > MAX_URL_BYTES) {
        let limit = format!("an address may have {MAX_URL_BYTES} bytes at most");
        return http_error::detail(StatusCode::URI_TOO_LONG, limit);
    }
    let announced = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    let is_too_large = announced
        .and_then(|text| text.parse().ok())
        .is_some_and(|length: usize| length > MAX_BODY_BYTES);
    if is_too_large {
        hear_out(request.into_body()).await;
        let limit = format!("a body may have {MAX_BODY_BYTES} bytes at most");
        return http_error::detail(StatusCode::PAYLOAD_TOO_LARGE, limit);
    }
    next.run(request.with_limited_body()).await
}

/// Lets a request wait for its turn, and ends one that takes too long. Its body arrives before the turn
/// begins, so that whoever sends slowly takes nobody's turn; a worker takes its run's share at once.
pub(crate) async fn turn(
    State(turns): State<Turns>,
    request: Request,
    next: Next,
) -> Result<Response, Response> {
    let caller = request.extensions().get::<Caller>().cloned();
    let seat = request.extensions().get::<Seat>().cloned();
    let (limit, largest) = match caller {
        Some(_) => (REQUEST_LIMIT, MAX_BODY_BYTES),
        None => (STRANGER_LIMIT, MAX_STRANGERS_BODY_BYTES),
    };
    let share = turns.share(caller.as_ref()).await?;
    let arriving = timeout(limit, whole(request, largest)).await;
    let request = arriving.map_err(|_| too_slow())??;
    let _turn = turns.next(caller.as_ref()).await?;
    let under_way = caller.and(seat).map(|seat| seat.hold());
    let answer = timeout(limit, next.run(request)).await;
    let answer = answer.map_err(|_| too_slow())?;
    Ok(until_sent(answer, (under_way, share)))
}

/// A request whose body has arrived.
async fn whole(request: Request, largest: usize) -> Result<Request, Response> {
    let (head, body) = request.into_parts();
    match to_bytes(body, largest).await {
        Ok(body) => Ok(Request::from_parts(head, Body::from(body))),
        Err(_) => Err(http_error::detail(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("a body may have {largest} bytes at most"),
        )),
    }
}

fn too_slow() -> Response {
    http_error::detail(StatusCode::REQUEST_TIMEOUT, "the request took too long")
}
