//! The interface between the server functions and the server. The page depends on this trait alone;
//! the server implements it over its board and puts one into the context of each request.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use domain::board::Snapshot;
use domain::command::BoardVerb;
use domain::error::ErrorKind;
use domain::id::TaskId;
use domain::status::Status;
use leptos::prelude::use_context;
use state::Opening;
use state::change::Change;
use state::drawer::Reading;
use state::drawer::edit::Text;
use state::inbox::ServerEntries;
use state::pulse::Pulse;
use state::refusal::Refusal;
use state::requests::pending::{Request, Saved};

/// The board behind the page, for one request of one caller. What it returns is fit to show: text
/// from outside is cleaned, and a refusal keeps its cause to itself.
#[async_trait]
pub trait Backend: Send + Sync {
    /// Reads everything that the page of a URL shows when it is opened.
    async fn open_page(&self, path: &str, query: &str) -> Result<Opening, Refusal>;

    /// Reads the board, with or without its archive.
    async fn read_board(&self, include_archived: bool) -> Result<Snapshot, Refusal>;

    /// Reads the dispatcher's state, and the last line that each running task printed.
    async fn read_pulse(&self) -> Result<Pulse, Refusal>;

    /// Finds the tasks whose texts hold these words.
    async fn search(&self, text: String) -> Result<Vec<TaskId>, Refusal>;

    /// Reads a task, with its history and its log.
    async fn read_task(&self, task: &TaskId) -> Result<Reading, Refusal>;

    /// Reads what a task has changed in its repository, as HTML that is safe to show. Git is asked each
    /// time.
    async fn read_changes(&self, task: &TaskId) -> Result<String, Refusal>;

    /// Reads the server's part of the inbox.
    async fn read_inbox(&self) -> Result<ServerEntries, Refusal>;

    /// Carries out a request, all of it or none.
    async fn ask(&self, request: Request) -> Result<Saved, Refusal>;

    /// Carries out any verb of the board.
    async fn act(&self, verb: BoardVerb) -> Result<Saved, Refusal>;

    /// Changes many tasks, each by itself and with its own answer.
    async fn update_tasks(
        &self,
        changes: Vec<(TaskId, Change)>,
    ) -> Result<Vec<Result<Saved, Refusal>>, Refusal>;

    /// Puts a task into another column.
    async fn move_task(&self, task: TaskId, to: Status, agreed: Agreed) -> Result<Saved, Refusal>;

    /// Changes the texts of a task, as a plain form sends them.
    async fn edit_task(&self, task: TaskId, text: Text) -> Result<Saved, Refusal>;

    /// Runs a dispatcher tick and returns the number of tasks it started.
    async fn nudge(&self) -> Result<u32, Refusal>;
}

/// The consent that somebody without scripts gives in a plain form.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agreed {
    /// The run of its worker may end.
    pub end_run: bool,
    /// It may be finished without its check.
    pub unchecked: bool,
}

/// The first steps on an empty board, as HTML: what the server found on its machine, and commands to
/// copy. The server fills it in while it reads the board; the browser keeps what it was sent.
#[derive(Clone, Default)]
pub struct FirstSteps(pub Arc<OnceLock<String>>);

/// The proof that forms send where no script does: see the front door of the server.
#[derive(Clone)]
pub struct FormProof(pub String);

/// Returns the backend of this request.
pub(super) fn backend() -> Result<Arc<dyn Backend>, Refusal> {
    use_context().ok_or_else(|| Refusal::new(ErrorKind::Internal, "the server is not set up"))
}
