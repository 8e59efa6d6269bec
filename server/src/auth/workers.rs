//! Workers at the door: a run that is open opens it for its worker.

use domain::id::RunToken;
use kernel::Kernel;
use tokio::sync::Semaphore;

use super::caller::Pass;

/// Asks the board whose token something is, one question at a time: whoever offers one wrong token
/// after the other keeps one reader of the board busy at most, and a worker only waits its turn of
/// microseconds. To put strangers off first would put off the workers of their machine.
#[derive(Debug)]
pub(super) struct Workers(Semaphore);

impl Default for Workers {
    fn default() -> Self {
        Self(Semaphore::new(1))
    }
}

impl Workers {
    /// What this token lets in, if it is that of an open run.
    pub(super) async fn admit(
        &self,
        kernel: &Kernel,
        token: RunToken,
    ) -> Result<Option<Pass>, kernel::Error> {
        // The semaphore is never closed, so there is always a turn.
        let _turn = self.0.acquire().await.ok();
        let run = kernel.open_run_of(token).await?;
        Ok(run.map(|run| Pass::Worker {
            token: run.token,
            name: run.lane.unwrap_or_else(|| "worker".to_owned()),
        }))
    }
}
