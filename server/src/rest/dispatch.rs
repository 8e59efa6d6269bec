//! The dispatcher: how it does, what it would start, and a look at the board now.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::command::{BoardVerb, Pause, Resume};
use domain::id::TaskId;
use utoipa::{IntoParams, ToSchema};

use super::input::{Named, OptionalBody, Parameters, TaskParameter, lenient};
use super::wire;
use crate::auth::Caller;
use crate::http_error::HttpError;
use crate::{AppState, any_verb};

/// The default number of tasks to start, as in the original.
const DEFAULT_MAX: i64 = 8;

lenient! {
    /// The filter of the board.
    #[derive(IntoParams)]
    #[into_params(parameter_in = Query)]
    pub(super) struct DispatchQuery {
        /// True to change nothing.
        #[param(value_type = Option<bool>)]
        dry_run: bool = flag(),
        /// The most tasks to start.
        // The upper bound is more than any machine starts.
        #[param(default = 8, minimum = 0, maximum = 1_000)]
        max: Option<i64> = bounded(0..=1_000),
    }
}

/// Runs one dispatcher tick.
#[utoipa::path(
    post, path = "/dispatch", tag = "dispatcher",
    description = "Runs one dispatcher tick: claims and starts the ready tasks that fit into the slots. A dry run changes nothing and \
                   says what would start.",
    params(DispatchQuery),
    responses((status = 200, body = wire::dispatch::Tick), super::openapi::Refusals, super::openapi::Untimely),
)]
pub(super) async fn dispatch(
    State(state): State<AppState>,
    Parameters(query): Parameters<DispatchQuery>,
) -> Result<Response, HttpError> {
    let max = u32::try_from(query.max.unwrap_or(DEFAULT_MAX)).ok();
    let report = if query.dry_run {
        let (kernel, home) = (state.kernel(), &state.home);
        dispatcher::dry_run(kernel, home, &state.dispatching, max).await
    } else {
        let running = state.dispatcher.get();
        let handle = running.ok_or(HttpError::Untimely(
            "this server starts no tasks; the dispatcher of this board is somewhere else, or off",
        ))?;
        handle.tick(max).await
    };
    let report = report.map_err(HttpError::Dispatcher)?;
    Ok(Json(wire::dispatch::Tick::new(report)).into_response())
}

/// The status of the dispatcher.
#[utoipa::path(
    get, path = "/dispatcher", tag = "dispatcher",
    responses((status = 200, body = wire::dispatch::Health<'_>), super::openapi::Refusals),
)]
pub(crate) async fn health(State(state): State<AppState>) -> Result<Response, HttpError> {
    let dispatch = state.kernel().dispatch().await?;
    let ready = state.kernel().ready_counts().await?;
    Ok(Json(wire::dispatch::Health::new(&dispatch, &ready)).into_response())
}

/// Lists the lanes.
#[utoipa::path(
    get, path = "/lanes", tag = "dispatcher",
    description = "Lists the lanes, which assignees' names stand for. They come from the file `kanban.toml` only; \
                   nothing over HTTP can change them.",
    responses((status = 200, body = wire::dispatch::Lanes<'_>), super::openapi::Refusals),
)]
pub(super) async fn lanes(State(state): State<AppState>) -> Result<Response, HttpError> {
    let dispatch = state.kernel().dispatch().await?;
    Ok(Json(wire::dispatch::Lanes::new(&dispatch)).into_response())
}

/// The reason why a task is not running.
#[utoipa::path(
    get, path = "/tasks/{id}/why", tag = "tasks", params(TaskParameter),
    description = "The reason why a task is not running; `null` while it runs.",
    responses((status = 200, body = wire::dispatch::Why), super::openapi::Refusals, super::openapi::Missing),
)]
pub(super) async fn why(
    State(state): State<AppState>,
    Named(named): Named<TaskParameter>,
) -> Result<Response, HttpError> {
    let id: TaskId = named.task()?;
    let why = state.kernel().why(&id).await?;
    Ok(Json(wire::dispatch::Why::new(why)).into_response())
}

lenient! {
    /// One lane, or all of them.
    #[derive(ToSchema)]
    #[schema(example = json!({ "lane": "shell" }))]
    pub(super) struct WhichLane {
        /// The lane; nothing is the whole dispatcher.
        lane: Option<String> = optional_text(),
    }
}

impl WhichLane {
    /// The empty name is nobody's; it is how a form says nothing.
    fn named(self) -> Option<String> {
        self.lane.filter(|name| !name.is_empty())
    }
}

/// Pauses the dispatcher or a lane.
#[utoipa::path(
    post, path = "/pause", tag = "dispatcher",
    description = "Pauses the dispatcher or one lane: nothing more starts, running workers go on.",
    request_body = Option<WhichLane>,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn pause(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    OptionalBody(which): OptionalBody<WhichLane>,
) -> Result<Response, HttpError> {
    let lane = which.named();
    let pause = BoardVerb::Pause(Pause { lane });
    any_verb::carry_out(&state, &caller.actor(), pause).await?;
    Ok(Json(wire::answer::Done { ok: true }).into_response())
}

/// Resumes the dispatcher or a lane.
#[utoipa::path(
    post, path = "/resume", tag = "dispatcher",
    description = "Starts tasks again, in one lane or at all. A lane that is paused for itself stays \
                   paused when the dispatcher goes on.",
    request_body = Option<WhichLane>,
    responses((status = 200, body = wire::answer::Done), super::openapi::Refusals),
)]
pub(super) async fn resume(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    OptionalBody(which): OptionalBody<WhichLane>,
) -> Result<Response, HttpError> {
    let lane = which.named();
    let resume = Resume { lane };
    state.kernel().execute(&caller.actor(), resume).await?;
    Ok(Json(wire::answer::Done { ok: true }).into_response())
}
