//! `kanban backup`.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::session::Session;

/// Back up the board while it is in use, and check the copy
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The copy holds the board: tasks, comments, attempts, events. Not in it are the \
    logs and workspaces of tasks, `kanban.toml`, the token and the secrets of channels; copy the home \
    folder for those.\n\nExamples:\n  \
    kanban backup\n  \
    kanban backup /mnt/usb/kanban.db"
)]
pub(crate) struct Args {
    /// The new file; must not exist yet [default: a file in the folder `backups` of the home folder]
    file: Option<PathBuf>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let file = match args.file {
        Some(file) => file,
        None => in_backups(session)?,
    };
    let copying = session.kernel.back_up(&file);
    let copied = progress::during("copying the board", copying).await?;
    let size_bytes = std::fs::metadata(&file)?.len();
    if args.json {
        return output.json(&json!({
            "file": file,
            "tasks": copied.tasks,
            "size_bytes": size_bytes,
        }));
    }
    let (file, tasks) = (file.display(), copied.tasks);
    output.line(format_args!(
        "Backed up {tasks} task(s) to {file} ({size_bytes} bytes)"
    ));
    Ok(())
}

/// A name of its own, beside the copies that are made before a migration.
fn in_backups(session: &Session) -> anyhow::Result<PathBuf> {
    let folder = session.home.backups();
    crate::file_system::make_private_folder(&folder)
        .with_context(|| format!("cannot make {}", folder.display()))?;
    let (now, process) = (session.kernel.now().0, std::process::id());
    Ok(folder.join(format!("kanban-{now}-{process}.db")))
}
