//! The reads of the page: the board, a task, a log, the dispatcher.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::UNIX_EPOCH;

use app::api::backend::FirstSteps;
use axum::http::request::Parts;
use dispatcher::{branches, logs};
use domain::board::Snapshot;
use domain::id::TaskId;
use domain::status::Status;
use domain::task::TaskDetail;
use domain::text::{coloured, json, printed};
use kernel::{BoardFilter, DeliveryQuery, SearchQuery};
use leptos::prelude::use_context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use state::Opening;
use state::address::Address;
use state::drawer::news::News;
use state::drawer::tab::Tab;
use state::drawer::{Html, Log, Reading};
use state::inbox::ServerEntries;
use state::pulse::Pulse;
use state::refusal::Refusal;
use tokio::task::spawn_blocking;

use super::backend::Board;
use super::markdown;
use super::refuse::{self, failed, internal};
use crate::Shared;
use crate::dashboard_config::Config;
use crate::{changes, first_run, lanes, preferences};

/// The end of a log that a page is sent, as in the original.
const LOG_BYTES: u64 = 100_000;

/// The number of latest deliveries that are read.
const MOST_DELIVERIES: u32 = 50;

/// More than this is not found but lost again; another word helps.
const MOST_FOUND: u32 = 500;

/// Enough for the last line of a log, unless it is one that no card could show.
const LAST_LINE_BYTES: u64 = 500;

impl Board {
    pub(super) async fn open_page(&self, path: &str, query: &str) -> Result<Opening, Refusal> {
        let config = Config::read(&self.state.home).await;
        let address = Address::from_url(path, query, config.default_filter());
        let snapshot = self.read_board(address.filter.archived).await?;
        let running = snapshot
            .tasks
            .iter()
            .filter(|it| it.status == Status::Running);
        let pulse = self.pulse(running.map(|task| task.id.clone())).await?;
        let reading = match &address.task {
            Some(task) => Some(self.read_task(task).await),
            None => None,
        };
        let changes = match (&address.task, address.tab) {
            (Some(task), Some(Tab::Changes)) => Some(self.read_changes(task).await),
            _ => None,
        };
        if snapshot.tasks.is_empty()
            && let Some(FirstSteps(steps)) = use_context()
        {
            steps.set(self.first_steps().await?).ok();
        }
        let request = use_context::<Parts>();
        let request = request.as_ref();
        let headers = request.map(|request| &request.headers);
        Ok(Opening {
            address: shown(address)?,
            snapshot,
            reading,
            changes,
            inbox: self.read_inbox().await?,
            pulse,
            notifies: headers.is_some_and(preferences::notifies),
            layout: headers.map(preferences::layout).unwrap_or_default(),
            theme: headers.map(preferences::theme).unwrap_or_default(),
            me: shown(headers.and_then(preferences::me))?,
            problem: request.and_then(refuse::problem),
        })
    }

    /// The first steps, for whoever has the machine's terminal.
    async fn first_steps(&self) -> Result<String, Refusal> {
        let found = self.state.agents.found().await;
        let dispatch = self.kernel().dispatch().await.map_err(failed)?;
        let (home, config) = (self.state.home.clone(), self.state.dispatching.clone());
        let steps = spawn_blocking(move || {
            // A configuration that makes no sense is told of elsewhere.
            let lanes = lanes::known(&dispatch, &home, &config).unwrap_or_default();
            first_run::steps(found.as_deref(), &lanes, &home)
        });
        steps.await.map_err(|error| internal(&error))
    }

    pub(super) async fn read_board(&self, include_archived: bool) -> Result<Snapshot, Refusal> {
        let filter = BoardFilter {
            include_archived,
            ..BoardFilter::default()
        };
        shown(self.kernel().board(filter).await.map_err(failed)?)
    }

    pub(super) async fn read_inbox(&self) -> Result<ServerEntries, Refusal> {
        let inbox = self.kernel().inbox().await.map_err(failed)?;
        shown(ServerEntries::of(inbox))
    }

    pub(super) async fn search(&self, text: String) -> Result<Vec<TaskId>, Refusal> {
        let query = SearchQuery {
            text,
            include_archived: true,
            offset: 0,
            limit: MOST_FOUND,
        };
        self.kernel().search_ids(query).await.map_err(failed)
    }

    pub(super) async fn read_pulse(&self) -> Result<Pulse, Refusal> {
        let runs = self.kernel().open_runs().await.map_err(failed)?;
        self.pulse(runs.into_iter().map(|run| run.task)).await
    }

    async fn pulse(&self, running: impl Iterator<Item = TaskId>) -> Result<Pulse, Refusal> {
        let mut output = BTreeMap::new();
        for task in running {
            let log = logs::read(&self.state.home, &task, Some(LAST_LINE_BYTES)).await;
            let line = log.ok().and_then(|log| last_line(&log.text));
            output.extend(line.map(|line| (task, line)));
        }
        shown(Pulse {
            dispatch: self.kernel().dispatch().await.map_err(failed)?,
            output,
            undelivered: self.kernel().undelivered().await.map_err(failed)?,
            build: build().to_owned(),
        })
    }

    pub(super) async fn read_task(&self, task: &TaskId) -> Result<Reading, Refusal> {
        let Shared {
            home, dispatching, ..
        } = &*self.state;
        let detail = self.kernel().task(task).await.map_err(failed)?;
        let looked = branches::look_at(self.kernel(), home, dispatching, detail);
        let detail = shown(looked.await.map_err(failed)?)?;
        // A log that cannot be read is no reason to withhold the task.
        let log = logs::read(&self.state.home, task, Some(LOG_BYTES))
            .await
            .inspect_err(|error| tracing::warn!(task.id = %task, error.cause = %error, "no log"));
        let config = Config::read(&self.state.home).await;
        let (detail, html) = if config.render_markdown {
            with_html(detail).await?
        } else {
            (detail, Html::default())
        };
        Ok(Reading {
            detail,
            log: log.as_ref().ok().and_then(end_of_log),
            html,
            news: self.news(task).await?,
        })
    }

    /// Reads what a task has changed. A long diff is as much HTML, which is made off the executor.
    pub(super) async fn read_changes(&self, task: &TaskId) -> Result<String, Refusal> {
        let changes = shown(changes::of(&self.state, task).await.map_err(failed)?)?;
        let html = spawn_blocking(move || app::changes_html(&changes)).await;
        html.map_err(|error| internal(&error))
    }

    /// Reads the subscribers of a task, and their deliveries.
    async fn news(&self, task: &TaskId) -> Result<News, Refusal> {
        let lately = DeliveryQuery {
            task: Some(task.clone()),
            state: None,
            limit: MOST_DELIVERIES,
        };
        let subscriptions = self.kernel().subscriptions(Some(task.clone())).await;
        let deliveries = self.kernel().deliveries(lately).await.map_err(failed)?;
        shown(News::of(subscriptions.map_err(failed)?, &deliveries))
    }
}

/// The last line that a worker printed, without colours.
fn last_line(text: &str) -> Option<String> {
    let plain = printed(text);
    let mut lines = plain
        .lines()
        .map(str::trim)
        .rev()
        .filter(|line| !line.is_empty());
    // The line that the supervisor writes above each run is not the worker's.
    lines
        .next()
        .filter(|line| !line.starts_with('─'))
        .map(ToOwned::to_owned)
}

/// Cleans data for a page: the only way for what the board holds into HTML.
pub(super) fn shown<T: Serialize + DeserializeOwned>(value: T) -> Result<T, Refusal> {
    json::clean(value).map_err(|error| internal(&error))
}

fn end_of_log(log: &logs::Log) -> Option<Log> {
    log.exists.then(|| Log {
        text: coloured(&log.text).into_owned(),
        size_bytes: log.size_bytes,
        is_truncated: log.is_truncated,
        path: log.path.display().to_string(),
    })
}

/// Long texts take their time, which nobody else has to wait for.
async fn with_html(detail: TaskDetail) -> Result<(TaskDetail, Html), Refusal> {
    let rendering = spawn_blocking(move || {
        let html = html(&detail);
        (detail, html)
    });
    rendering.await.map_err(|error| internal(&error))
}

fn html(detail: &TaskDetail) -> Html {
    let mut page = markdown::Page::new();
    let mut render = |text: &String| page.render(text);
    let comments = detail.comments.iter();
    Html {
        body: detail.task.body.as_ref().map(&mut render),
        result: detail.task.result.as_ref().map(&mut render),
        question: detail.task.block_reason.as_ref().map(&mut render),
        comments: comments.map(|it| (it.id, render(&it.body))).collect(),
    }
}

/// Names this build, so that a page of another one can tell: by the program that was started.
fn build() -> &'static str {
    static BUILD: OnceLock<String> = OnceLock::new();
    BUILD.get_or_init(|| {
        let program = std::env::current_exe().and_then(|path| path.metadata());
        let made = program.and_then(|program| Ok((program.len(), program.modified()?)));
        made.map_or_else(
            |_| String::new(),
            |(bytes, time)| {
                let time = time.duration_since(UNIX_EPOCH).unwrap_or_default();
                format!("{bytes}-{}", time.as_secs())
            },
        )
    })
}
