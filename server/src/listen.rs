//! Connections: who may have one, for how long, and how much they may say before they are heard.

mod impatient;
mod seats;
#[cfg(test)]
mod tests;
mod until_sent;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::metrics::Metrics;
use crate::shutdown::Shutdown;
use impatient::Impatient;
use seats::{Seats, Taken};

pub(crate) use seats::Seat;
pub(crate) use until_sent::until_sent;

/// The most connections for which no other can be cut that get an answer, instead of being cut
/// without a word.
const MAX_TURNED_AWAY: usize = 64;

/// The time limit for a request's head, and for idling between two requests.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// The largest head of a request, in bytes: longer than any that a browser sends.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// The size of a connection's buffers, one for answers and one for requests, in bytes. By default
/// they would be six times as large.
pub(crate) const MAX_HELD_BYTES: usize = 64 * 1024;

/// The most headers of a request.
const MAX_HEADERS: usize = 100;

/// The pause before another try when the system has no resources for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// The pause between two log lines about that.
const TELL_AGAIN: Duration = Duration::from_mins(1);

/// The time limit for somebody who is turned away.
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);

/// The answer to a connection beyond the limit.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\n\
connection: close\r\ncontent-type: application/json\r\ncontent-length: 33\r\n\r\n\
{\"detail\":\"too many connections\"}";

/// The address at the other end of a connection. Each request carries it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Answers whoever connects until the server stops, then waits until the last request is answered.
pub(crate) async fn listen(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    routes: Router,
    metrics: Arc<Metrics>,
    shutdown: Shutdown,
) {
    let seats: Arc<Seats> = Arc::default();
    let exits = Arc::new(Semaphore::new(MAX_TURNED_AWAY));
    let mut stop = shutdown.listener();
    let mut connections = JoinSet::new();
    let mut told: Option<Instant> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.stopping() => break,
            // Those that have ended are forgotten as they end.
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Frames and answers are written whole, so there is nothing to wait for.
                if stream.set_nodelay(true).is_err() {
                    continue;
                }
                if let Some(taken) = seats.take() {
                    let (tls, routes, shutdown) = (tls.clone(), routes.clone(), shutdown.clone());
                    connections.spawn(async move {
                        match tls {
                            None => serve(stream, peer, routes, shutdown, taken).await,
                            Some(tls) => serve_by(tls, stream, peer, routes, shutdown, taken).await,
                        }
                    });
                    continue;
                }
                metrics.turned_away();
                if let Ok(exit) = exits.clone().try_acquire_owned() {
                    connections.spawn(turn_away(stream, exit));
                }
            }
            Err(error) if is_about_one_connection(&error) => {}
            Err(error) => {
                if told.is_none_or(|told| told.elapsed() >= TELL_AGAIN) {
                    told = Some(Instant::now());
                    tracing::warn!(%error, "no connection can be taken; told once a minute at most");
                }
                #[expect(clippy::disallowed_methods, reason = "nothing tells of free resources")]
                sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// Answers on a connection with TLS, once the two sides have agreed on a key.
async fn serve_by(
    tls: TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    routes: Router,
    shutdown: Shutdown,
    taken: Taken,
) {
    let mut stop = shutdown.listener();
    let agreed = tokio::select! {
        agreed = timeout(HEAD_LIMIT, tls.accept(stream)) => agreed,
        () = taken.seat.cut() => return,
        () = stop.stopping() => return,
    };
    match agreed {
        Ok(Ok(stream)) => serve(stream, peer, routes, shutdown, taken).await,
        Ok(Err(error)) => tracing::debug!(%error, "a connection did not come to TLS"),
        Err(_) => tracing::debug!("a connection said too little to come to TLS"),
    }
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    routes: Router,
    shutdown: Shutdown,
    taken: Taken,
) {
    let seat = taken.seat.clone();
    let answer = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(seat.clone());
        let routes = routes.clone();
        async move { routes.oneshot(request.map(Body::new)).await }
    });
    let mut stop = shutdown.listener();
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_LIMIT)
        .max_header_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HELD_BYTES)
        .serve_connection(TokioIo::new(Impatient::new(stream)), answer)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = taken.seat.cut() => return,
        () = stop.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Whoever breaks off, says nothing or talks gibberish is no concern of the log's reader.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Answers that there is no room, and reads until the client has heard it: a connection that is
/// closed while words are under way loses the answer too.
async fn turn_away(mut stream: TcpStream, exit: OwnedSemaphorePermit) {
    let _exit = exit;
    let farewell = async {
        stream.write_all(TURNED_AWAY).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    // Whether they heard it makes no difference to us any more.
    timeout(FAREWELL_LIMIT, farewell).await.ok();
}

/// Returns true when only this one connection failed, before it was taken.
fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
