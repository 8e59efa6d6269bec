//! The board behind the page: what [`Backend`] asks for, over the kernel and the dispatcher.

use app::api::backend::{Agreed, Backend};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::board::Snapshot;
use domain::command::BoardVerb;
use domain::id::TaskId;
use domain::status::Status;
use kernel::Kernel;
use state::Opening;
use state::change::Change;
use state::drawer::Reading;
use state::drawer::edit::Text;
use state::inbox::ServerEntries;
use state::pulse::Pulse;
use state::refusal::Refusal;
use state::requests::pending::{Request, Saved};

use super::refuse;
use crate::AppState;

/// The board for one caller, whom the front door has let in.
pub(super) struct Board {
    pub(super) state: AppState,
    pub(super) actor: Actor,
}

impl Board {
    pub(super) fn kernel(&self) -> &Kernel {
        self.state.kernel()
    }
}

#[async_trait]
impl Backend for Board {
    async fn open_page(&self, path: &str, query: &str) -> Result<Opening, Refusal> {
        let opening = self.open_page(path, query).await;
        if let Err(refusal)
        | Ok(Opening {
            reading: Some(Err(refusal)),
            ..
        }) = &opening
        {
            refuse::answer_with(refusal);
        }
        opening
    }

    async fn read_board(&self, include_archived: bool) -> Result<Snapshot, Refusal> {
        self.read_board(include_archived).await
    }

    async fn read_pulse(&self) -> Result<Pulse, Refusal> {
        self.read_pulse().await
    }

    async fn search(&self, text: String) -> Result<Vec<TaskId>, Refusal> {
        self.search(text).await
    }

    async fn read_task(&self, task: &TaskId) -> Result<Reading, Refusal> {
        self.read_task(task).await
    }

    async fn read_changes(&self, task: &TaskId) -> Result<String, Refusal> {
        self.read_changes(task).await
    }

    async fn read_inbox(&self) -> Result<ServerEntries, Refusal> {
        self.read_inbox().await
    }

    async fn ask(&self, request: Request) -> Result<Saved, Refusal> {
        self.ask(request).await
    }

    async fn act(&self, verb: BoardVerb) -> Result<Saved, Refusal> {
        self.act(verb).await
    }

    async fn update_tasks(
        &self,
        changes: Vec<(TaskId, Change)>,
    ) -> Result<Vec<Result<Saved, Refusal>>, Refusal> {
        self.update_tasks(changes).await
    }

    async fn move_task(&self, task: TaskId, to: Status, agreed: Agreed) -> Result<Saved, Refusal> {
        self.move_task(task, &to, agreed).await
    }

    async fn edit_task(&self, task: TaskId, text: Text) -> Result<Saved, Refusal> {
        self.edit_task(task, text).await
    }

    async fn nudge(&self) -> Result<u32, Refusal> {
        self.nudge().await
    }
}
