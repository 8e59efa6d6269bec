//! The first tick in a home folder: a copy of another home starts nothing by itself.

use domain::actor::Actor;
use domain::command::{Change, DispatchFrom};

use super::{Work, blocking};
use crate::error::Error;

impl Work {
    /// Tells the board where it is dispatched from, once; before that nothing may be started. The board
    /// pauses itself where the home is a copy of the one that it remembers.
    pub(super) async fn settle_in(&mut self) -> Result<(), Error> {
        let Some(home) = self.untold_home.clone() else {
            return Ok(());
        };
        let root = home.root().to_owned();
        let identity = blocking(move || home.identity().map_err(Error::file("look at", &root)));
        let settle = DispatchFrom {
            home: identity.await?,
            workspaces: self.home.workspaces().display().to_string(),
        };
        let settled = self.kernel.execute(&Actor::dispatcher(), settle).await?;
        if settled.answer == Change::Done {
            tracing::warn!(
                "the board was copied from another home, which may be at work: it starts nothing \
                 until `kanban resume`"
            );
        }
        self.untold_home = None;
        Ok(())
    }
}
