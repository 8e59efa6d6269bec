//! `GET /metrics`: how the server does, in the text format of Prometheus.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>, "Text-based format".

mod histogram;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

use crate::AppState;
use crate::http_error::HttpError;
use histogram::Histogram;
use text::Text;

/// What is counted while the server runs. Everything else is asked of the board.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    turned_away: AtomicU64,
    put_off: AtomicU64,
    writes_waiting: AtomicU64,
    write_seconds: Histogram,
    frames: AtomicU64,
    event_lag_seconds: Histogram,
}

impl Metrics {
    /// There was no place for a connection.
    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// A request's turn did not come.
    pub(crate) fn put_off(&self) {
        self.put_off.fetch_add(1, Ordering::Relaxed);
    }

    /// Measures a write from its request to its commit.
    pub(crate) async fn write<T>(&self, write: impl Future<Output = T>) -> T {
        let begun = std::time::Instant::now();
        let waiting = Waiting::one_more(&self.writes_waiting);
        let written = write.await;
        drop(waiting);
        self.write_seconds.observe(begun.elapsed());
        written
    }

    /// A frame went out so long after its events were there.
    pub(crate) fn frame(&self, lag: Duration) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.event_lag_seconds.observe(lag);
    }
}

/// Counts what is under way, also when nobody waits for its end any more.
struct Waiting<'a>(&'a AtomicU64);

impl<'a> Waiting<'a> {
    fn one_more(count: &'a AtomicU64) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<Response, HttpError> {
    let stats = state.kernel().stats().await?;
    let runs = state.kernel().run_counts().await?;
    let dispatch = state.kernel().dispatch().await?;
    let mut text = Text::default();
    text.family(
        "kanban_tasks",
        "gauge",
        "Tasks by status, without archived ones.",
    );
    for (status, count) in &stats.by_status {
        text.sample("kanban_tasks", &[("status", status)], count);
    }
    text.family(
        "kanban_runs",
        "gauge",
        "Runs by lane and outcome; open ones have none.",
    );
    for run in &runs {
        let lane = run.lane.as_deref().unwrap_or_default();
        let outcome = run.outcome.map_or("", domain::run::Outcome::as_str);
        text.sample(
            "kanban_runs",
            &[("lane", lane), ("outcome", outcome)],
            run.count,
        );
    }
    text.family(
        "kanban_run_start_seconds",
        "summary",
        "From a claim to its worker's start.",
    );
    for run in &runs {
        let labels = [
            ("lane", run.lane.as_deref().unwrap_or_default()),
            (
                "outcome",
                run.outcome.map_or("", domain::run::Outcome::as_str),
            ),
        ];
        text.sample("kanban_run_start_seconds_sum", &labels, run.start_seconds);
        text.sample("kanban_run_start_seconds_count", &labels, run.started);
    }
    let living = dispatch.living();
    text.family(
        "kanban_dispatcher_up",
        "gauge",
        "Whether a dispatcher works on the board.",
    );
    text.sample("kanban_dispatcher_up", &[], u8::from(living.is_some()));
    if let Some(report) = living {
        text.family("kanban_dispatcher_cap", "gauge", "How many runs may go on.");
        text.sample("kanban_dispatcher_cap", &[], report.cap);
        text.family(
            "kanban_dispatcher_bad_ticks",
            "gauge",
            "Looks in a row that started nothing.",
        );
        text.sample("kanban_dispatcher_bad_ticks", &[], report.bad_ticks);
        if let Some(tick) = report.last_tick {
            let age = dispatch.now.seconds_since(tick);
            text.family(
                "kanban_dispatcher_tick_age_seconds",
                "gauge",
                "Since the last look.",
            );
            text.sample("kanban_dispatcher_tick_age_seconds", &[], age);
        }
    }
    state.counted(&mut text);
    let format = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, format)], text.into_string()).into_response())
}

impl AppState {
    /// Writes what the server itself has counted.
    fn counted(&self, text: &mut Text) {
        let metrics = &self.metrics;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let sockets = crate::events::MAX_LISTENERS - self.sockets.available_permits();
        text.family(
            "kanban_sockets",
            "gauge",
            "Listeners: sockets and log streams.",
        );
        text.sample("kanban_sockets", &[], sockets);
        text.family("kanban_frames_total", "counter", "Frames that went out.");
        text.sample("kanban_frames_total", &[], read(&metrics.frames));
        let lag = "From a frame's events to its sending.";
        text.histogram("kanban_event_lag_seconds", lag, &metrics.event_lag_seconds);
        text.family(
            "kanban_writes_waiting",
            "gauge",
            "Writes that wait for their commit.",
        );
        text.sample("kanban_writes_waiting", &[], read(&metrics.writes_waiting));
        let write = "From a write's request to its commit.";
        text.histogram("kanban_write_seconds", write, &metrics.write_seconds);
        text.family(
            "kanban_connections_turned_away_total",
            "counter",
            "Connections too many.",
        );
        text.sample(
            "kanban_connections_turned_away_total",
            &[],
            read(&metrics.turned_away),
        );
        text.family(
            "kanban_requests_put_off_total",
            "counter",
            "Requests whose turn never came.",
        );
        text.sample("kanban_requests_put_off_total", &[], read(&metrics.put_off));
    }
}
