//! `GET /metrics`: how the server does, in the text format of Prometheus.
//!
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>, "Text-based format".

mod text;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use dispatcher::Latencies;
use domain::dispatch::Dispatch;
use domain::hold::{LaneHold, Lets};
use domain::run::Outcome;
use domain::stats::Stats;
use kernel::{DeliveryCounts, Histogram, RunCount};

use crate::AppState;
use crate::http_error::HttpError;
use text::Text;

/// The counters of this process. Everything else is asked of the board.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    turned_away: AtomicU64,
    put_off: AtomicU64,
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

    /// A frame went out so long after its events were there.
    pub(crate) fn frame(&self, lag: Duration) {
        self.frames.fetch_add(1, Ordering::Relaxed);
        self.event_lag_seconds.observe(lag);
    }
}

/// `GET /metrics`.
pub(crate) async fn metrics(State(state): State<AppState>) -> Result<Response, HttpError> {
    let kernel = state.kernel();
    let mut text = Text::default();
    of_tasks(&kernel.stats().await?, &mut text);
    of_runs(&kernel.run_counts().await?, &mut text);
    of_deliveries(&kernel.delivery_counts().await?, &mut text);
    of_dispatcher(&kernel.dispatch().await?, &mut text);
    if let Some(handle) = state.dispatcher.get() {
        of_latencies(handle.latencies(), &mut text);
    }
    state.of_server(&mut text);
    let format = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(CONTENT_TYPE, format)], text.into_string()).into_response())
}

fn of_tasks(stats: &Stats, text: &mut Text) {
    let name = "kanban_tasks";
    text.family(name, "gauge", "Tasks by status, without archived ones.");
    for (status, count) in &stats.by_status {
        text.sample(name, &[("status", status)], count);
    }
}

fn of_runs(runs: &[RunCount], text: &mut Text) {
    let labels = |run: &RunCount| {
        let lane = run.lane.clone().unwrap_or_default();
        (lane, run.outcome.map_or("", Outcome::as_str))
    };
    let name = "kanban_runs";
    text.family(
        name,
        "gauge",
        "Runs by lane and outcome; open ones have none.",
    );
    for run in runs {
        let (lane, outcome) = labels(run);
        let labels = [("lane", lane.as_str()), ("outcome", outcome)];
        text.sample(name, &labels, run.count);
    }
    let help = "From a claim to its worker's start, in whole seconds each.";
    text.family("kanban_run_start_seconds", "summary", help);
    for run in runs {
        let (lane, outcome) = labels(run);
        let labels = [("lane", lane.as_str()), ("outcome", outcome)];
        text.sample("kanban_run_start_seconds_sum", &labels, run.start_seconds);
        text.sample("kanban_run_start_seconds_count", &labels, run.started);
    }
}

fn of_deliveries(counts: &DeliveryCounts, text: &mut Text) {
    let name = "kanban_deliveries";
    let help = "Deliveries that wait, and dead letters.";
    text.family(name, "gauge", help);
    for (state, count) in [("pending", counts.pending), ("dead", counts.dead)] {
        text.sample(name, &[("state", state)], count);
    }
}

fn of_dispatcher(dispatch: &Dispatch, text: &mut Text) {
    let living = dispatch.living();
    let up = "1 while a dispatcher works on the board.";
    text.gauge("kanban_dispatcher_up", up, u8::from(living.is_some()));
    let is_held = |hold: &&LaneHold| hold.lets(dispatch.now) == Lets::None;
    let held = "kanban_lane_held";
    text.family(
        held,
        "gauge",
        "1 while a lane or a pool starts nothing until a moment.",
    );
    for hold in dispatch.holds.iter().filter(is_held) {
        let labels = [("lane", hold.name.as_str()), ("cause", hold.cause.as_str())];
        text.sample(held, &labels, 1);
    }
    let waiting = "kanban_lane_held_waiting";
    text.family(
        waiting,
        "gauge",
        "Ready tasks that wait for a held lane or pool.",
    );
    for hold in dispatch.holds.iter().filter(is_held) {
        text.sample(waiting, &[("lane", hold.name.as_str())], hold.waiting);
    }
    let Some(report) = living else {
        return;
    };
    text.gauge(
        "kanban_dispatcher_cap",
        "The number of slots: the cap on concurrent runs.",
        report.cap,
    );
    let running = "The number of busy slots.";
    text.gauge("kanban_dispatcher_running", running, dispatch.count());
    let bad = "Ticks in a row that found ready tasks and free slots, and started nothing.";
    text.gauge("kanban_dispatcher_bad_ticks", bad, report.bad_ticks);
    if let Some(tick) = report.last_tick {
        let age = dispatch.now.seconds_since(tick);
        let help = "Seconds since the last tick.";
        text.gauge("kanban_dispatcher_tick_age_seconds", help, age);
    }
}

fn of_latencies(latencies: &Latencies, text: &mut Text) {
    let tick = "The duration of a tick, with all that followed from it.";
    text.histogram("kanban_tick_seconds", tick, &latencies.tick);
    let claim = "A claim, from its request to its commit.";
    text.histogram("kanban_claim_seconds", claim, &latencies.claim);
    let start = "From a claim to the start of its worker's supervisor.";
    text.histogram("kanban_start_seconds", start, &latencies.start);
}

impl AppState {
    /// Writes what the server itself has counted.
    fn of_server(&self, text: &mut Text) {
        let metrics = &self.metrics;
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let sockets = crate::bounds::MAX_LISTENERS - self.sockets.available_permits();
        let listeners = "Listeners: sockets and log streams.";
        text.gauge("kanban_sockets", listeners, sockets);
        let frames = read(&metrics.frames);
        text.counter("kanban_frames_total", "Frames that went out.", frames);
        let lag = "From the reading of a frame's events to its sending.";
        text.histogram("kanban_event_lag_seconds", lag, &metrics.event_lag_seconds);
        let waiting = "Writes that wait for their commit.";
        let writes = self.kernel().writes_waiting();
        text.gauge("kanban_writes_waiting", waiting, writes);
        let write = "From the request of a write to its commit.";
        text.histogram("kanban_write_seconds", write, self.kernel().write_latency());
        let commits = "Transactions; writes that come together share one.";
        text.counter("kanban_commits_total", commits, self.kernel().commits());
        let turned_away = read(&metrics.turned_away);
        text.counter(
            "kanban_connections_turned_away_total",
            "Connections too many.",
            turned_away,
        );
        let put_off = read(&metrics.put_off);
        text.counter(
            "kanban_requests_put_off_total",
            "Requests whose turn never came.",
            put_off,
        );
    }
}
