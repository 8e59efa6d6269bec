//! Slow connections. Where time matters, the clock stands still and jumps to whatever is awaited
//! next, so half a minute passes at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::seats::MAX_CONNECTIONS;
use super::{HEAD_LIMIT, listen};
use crate::bounds::MAX_BODY_BYTES;
use crate::limits::{self, Turns};
use crate::metrics::Metrics;
use crate::shutdown::Shutdown;

/// A server whose routes do nothing, behind the limits of the real one.
async fn server() -> SocketAddr {
    let metrics: Arc<Metrics> = Arc::default();
    let routes = Router::new()
        .route("/", get(|| async { "here" }))
        .route("/", post(|body: String| async move { body }))
        .layer(from_fn_with_state(
            Turns::new(metrics.clone()),
            limits::turn,
        ))
        .layer(from_fn(limits::size))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(listen(listener, None, routes, metrics, Shutdown::default()));
    address
}

/// Sends something on a new connection.
async fn say(address: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(words.as_bytes()).await.unwrap();
    stream
}

/// All that comes until the other side hangs up.
async fn hear(mut stream: TcpStream) -> String {
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    heard
}

fn is_about(span: Duration, expected: Duration) -> bool {
    (expected..expected + Duration::from_secs(2)).contains(&span)
}

#[tokio::test(start_paused = true)]
async fn whoever_says_nothing_or_half_a_head_is_cut() {
    let address = server().await;
    for words in ["", "G", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let begun = Instant::now();
        assert_eq!(hear(say(address, words).await).await, "", "{words}");
        assert!(is_about(begun.elapsed(), HEAD_LIMIT), "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_idles_after_its_answer_is_cut() {
    let address = server().await;
    let begun = Instant::now();
    let heard = hear(say(address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await).await;
    assert!(heard.starts_with("HTTP/1.1 200 ") && heard.ends_with("here"));
    assert!(is_about(begun.elapsed(), HEAD_LIMIT));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_waited_for_so_long_and_no_longer() {
    let address = server().await;
    let begun = Instant::now();
    let head = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhalf";
    let heard = hear(say(address, head).await).await;
    assert!(heard.starts_with("HTTP/1.1 408 "), "{heard}");
    assert!(is_about(begun.elapsed(), limits::STRANGER_LIMIT));
}

#[tokio::test]
async fn heads_and_addresses_beyond_measure_are_refused_without_a_word_more() {
    let address = server().await;
    for (line, refusal) in [
        (format!("GET /?{} HTTP/1.1\r\n", "x".repeat(9_000)), "414 "),
        (
            format!("GET / HTTP/1.1\r\nx: {}\r\n", "y".repeat(40_000)),
            "431 ",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}", "x: y\r\n".repeat(101)),
            "431 ",
        ),
    ] {
        let words = format!("{line}host: x\r\nconnection: close\r\n\r\n");
        let mut stream = TcpStream::connect(address).await.unwrap();
        // Whoever is refused early need not listen to the rest.
        stream.write_all(words.as_bytes()).await.ok();
        let mut heard = vec![0; 13];
        stream.read_exact(&mut heard).await.unwrap();
        let heard = String::from_utf8(heard).unwrap();
        assert_eq!(heard, format!("HTTP/1.1 {refusal}"));
    }
}

#[tokio::test]
async fn one_connection_too_many_takes_the_place_of_the_oldest_that_waits() {
    let address = server().await;
    let ask = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut guests = Vec::new();
    for _ in 0..=MAX_CONNECTIONS {
        let mut guest = say(address, ask).await;
        // Its answer says that it has a place.
        guest.read_exact(&mut [0; 16]).await.unwrap();
        guests.push(guest);
    }
    let oldest = hear(guests.remove(0)).await;
    assert!(oldest.ends_with("here"), "{oldest}");
    for guest in [guests.remove(0), guests.pop().unwrap()] {
        assert!(say_goodbye(guest).await.ends_with("here"));
    }
}

/// Asks once more, for the last time, and waits until the server has hung up.
async fn say_goodbye(mut stream: TcpStream) -> String {
    let last = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(last).await.unwrap();
    let heard = hear(stream).await;
    assert_eq!(heard.matches("here").count(), 2, "{heard}");
    heard
}

#[tokio::test]
async fn whoever_says_too_much_hears_why() {
    let address = server().await;
    for _ in 0..20 {
        let length = MAX_BODY_BYTES * 2;
        let head = format!(
            "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        let stream = say(address, &(head + &"x".repeat(length))).await;
        let heard = hear(stream).await;
        assert!(heard.starts_with("HTTP/1.1 413 "), "{heard}");
    }
}
