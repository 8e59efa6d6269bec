//! The default place of a task's workspace in a home that was moved, or that has the board of another.

use std::path::Path;

use domain::actor::Actor;
use domain::command::MoveWorkspaces;
use domain::task::Task;
use kernel::Kernel;

use crate::error::Error;
use crate::home::Home;

/// Moves in: a folder that was made at the default place of another home is from now on at this home's, on
/// the board and in `task`.
///
/// # Errors
/// Fails when the board cannot be read or written.
pub(crate) async fn move_in(kernel: &Kernel, home: &Home, task: &mut Task) -> Result<(), Error> {
    let own = home.workspace(&task.id);
    let keeps = task.workspace_path.as_deref().map(Path::new);
    let elsewhere = keeps.filter(|path| *path != own && is_default_place(path, home, task));
    if let Some(path) = elsewhere
        && let Some(made) = kernel.workspace(path.to_owned()).await?
        && made.task == task.id
    {
        let to = home.workspaces().display().to_string();
        let dispatcher = Actor::dispatcher();
        kernel.execute(&dispatcher, MoveWorkspaces { to }).await?;
        task.workspace_path = Some(own.display().to_string());
    }
    Ok(())
}

/// Returns true when it is the default place of the task's workspace in some home.
fn is_default_place(path: &Path, home: &Home, task: &Task) -> bool {
    let own = home.workspace(&task.id);
    own.strip_prefix(home.root())
        .is_ok_and(|place| path.ends_with(place))
}
