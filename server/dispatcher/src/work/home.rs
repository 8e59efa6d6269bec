//! The first look at a board in a home folder: a copy of another home starts nothing by itself.

use domain::actor::Actor;
use domain::command::{Change, DispatchFrom};
use kernel::Kernel;

use super::{Work, blocking};
use crate::error::Error;
use crate::home::Home;

/// Tells the board which home it is in. It pauses itself where that is a copy of the one that it
/// remembers, so nothing may be started or sent before.
///
/// # Errors
/// Fails when the home folder cannot be looked at or the board cannot be written.
pub async fn settle_in(kernel: &Kernel, home: &Home) -> Result<(), Error> {
    let (at, root) = (home.clone(), home.root().to_owned());
    let identity = blocking(move || at.identity().map_err(Error::file("look at", &root)));
    let settle = DispatchFrom {
        home: identity.await?,
        workspaces: home.workspaces().display().to_string(),
    };
    let settled = kernel.execute(&Actor::dispatcher(), settle).await?;
    if settled.answer == Change::Done {
        tracing::warn!(
            "the board was copied from another home, which may be at work: it starts and sends \
             nothing until `kanban resume`"
        );
    }
    Ok(())
}

impl Work {
    /// Settles in, once; before that nothing may be started.
    pub(super) async fn settle_in(&mut self) -> Result<(), Error> {
        if let Some(home) = &self.untold_home {
            settle_in(&self.kernel, home).await?;
            self.untold_home = None;
        }
        Ok(())
    }
}
