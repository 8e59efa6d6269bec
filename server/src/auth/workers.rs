//! Workers at the door: a run that is open opens it for its worker, as far as the table of
//! [`domain::authority`] allows.

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use domain::actor::Authority;
use domain::authority::{Act, Grant};
use domain::error::Error;
use domain::id::{RunToken, TaskId};
use kernel::Kernel;
use tokio::sync::Semaphore;

use super::caller::Pass;
use super::front_door::is_upgrade;

/// The prefix of the routes that programs use. All that a worker may reach is among them.
const API: &str = "/api/plugins/kanban";

/// Asks the board whose token something is, one question at a time: whoever offers one wrong token
/// after the other keeps one reader of the board busy at most, and a worker only waits its turn of
/// microseconds. To put strangers off first would put off the workers of their machine.
#[derive(Debug)]
pub(super) struct Workers(Semaphore);

/// The request of a worker.
#[derive(Debug)]
pub(super) struct Wish {
    act: Act,
    /// The task that the address names.
    task: Option<String>,
}

impl Default for Workers {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Workers {
    /// Lets in the worker of this token with its wish. `None` where no run has the token.
    ///
    /// # Errors
    /// Fails when the run is over or may not have what it wishes, or the board cannot be read.
    pub(super) async fn admit(
        &self,
        kernel: &Kernel,
        token: RunToken,
        wish: &Wish,
    ) -> Result<Option<Pass>, kernel::Error> {
        // The semaphore is never closed, so there is always a turn.
        let _turn = self.0.acquire().await.ok();
        let Some(known) = kernel.run_of(token).await? else {
            return Ok(None);
        };
        let run = known.open()?;
        let token = run.token.clone();
        wish.check(&Authority::Run(run.token), &run.task)?;
        Ok(Some(Pass::Worker { token }))
    }
}

impl Wish {
    /// Classifies a request by its method and its route.
    pub(super) fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>();
        let route = route.and_then(|route| route.as_str().strip_prefix(API));
        // A socket would outlive its run.
        let act = if is_upgrade(request) {
            Act::Follow
        } else {
            act_of(request.method(), route.unwrap_or_default())
        };
        let path = request.uri().path().strip_prefix(API);
        let task = path.and_then(|path| path.strip_prefix("/tasks/"));
        let task = task.and_then(|rest| rest.split('/').next());
        let is_named = route.is_some_and(|route| route.starts_with("/tasks/{id}"));
        Self {
            act,
            task: task.filter(|_| is_named).map(str::to_owned),
        }
    }

    fn check(&self, run: &Authority, own: &TaskId) -> Result<(), Error> {
        match (run.grant(self.act), self.task.as_deref()) {
            (Grant::Never, _) => Err(run.refusal(self.act)),
            (Grant::OwnTask, Some(task)) if task != own.as_str() => match task.parse() {
                Ok(task) => Err(Error::NotYourTask(task)),
                Err(_) => Err(Error::UnknownTask(task.to_owned())),
            },
            // The kernel looks at each command by itself.
            _ => Ok(()),
        }
    }
}

/// The act that a route is. Whatever is not named here is not for workers.
fn act_of(method: &Method, route: &str) -> Act {
    match (method.as_str(), route) {
        (
            "GET" | "HEAD",
            "/board"
            | "/tasks/{id}"
            | "/tasks/{id}/why"
            | "/tasks/{id}/runs"
            | "/search"
            | "/config"
            | "/stats"
            | "/dispatcher"
            | "/lanes"
            | "/runs/{id}"
            | "/workers/active"
            | "/assignees"
            | "/diagnostics"
            | "/boards"
            | "/tasks/{id}/attachments",
        ) => Act::Read,
        ("GET" | "HEAD", "/tasks/{id}/log" | "/tasks/{id}/changes") => Act::ReadLog,
        ("GET" | "HEAD", "/tasks/{id}/log/stream" | "/events") => Act::Follow,
        (
            "GET" | "HEAD",
            "/inbox"
            | "/deliveries"
            | "/subscriptions"
            | "/tasks/{id}/subscriptions"
            | "/board/subscriptions"
            | "/quiet-hours",
        ) => Act::ReadNews,
        ("POST", "/tasks") => Act::Create,
        ("POST", "/tasks/{id}/comments") => Act::Comment,
        ("POST", "/tasks/{id}/heartbeat") => Act::Heartbeat,
        // Reports are changes of the task; whatever else stands in them the kernel refuses.
        ("PATCH", "/tasks/{id}") | ("POST", "/tasks/bulk") => Act::Complete,
        ("POST", "/tasks/{id}/claim") => Act::Claim,
        ("POST", "/tasks/{id}/cancel" | "/runs/{id}/terminate") => Act::Cancel,
        ("POST", "/tasks/{id}/reclaim") => Act::Move,
        ("POST", "/tasks/{id}/reassign") => Act::Assign,
        ("DELETE", "/tasks/{id}") => Act::Archive,
        ("POST" | "DELETE", "/tasks/{id}/subscriptions") => Act::Subscribe,
        ("POST", "/links") => Act::Link,
        ("DELETE", "/links") => Act::Unlink,
        ("POST", "/undo") => Act::Undo,
        ("POST", "/pause" | "/resume") => Act::Pause,
        ("POST", "/dispatch") => Act::Dispatch,
        _ => Act::Administer,
    }
}
