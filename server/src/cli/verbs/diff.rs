//! `kanban diff`.

use dispatcher::{Config, Settings, changes};
use domain::changes::Detail;
use domain::text::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Show what a task has changed in its repository: its commits, its files and their patches
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban diff t_1a2b3c4d\n  \
    kanban diff t_1a2b3c4d --stat")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Only the commits, and the files with the number of lines
    #[arg(long, conflicts_with = "json")]
    stat: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    session.may_read_log(&id).await?;
    let config = Config::new(std::env::current_exe()?);
    let settings = Settings::read(&session.home, &config)?;
    let repositories = settings.repositories();
    let changes = changes::of(&session.kernel, &session.home, repositories, &id).await?;
    if args.json {
        return output.json(&json::clean(changes)?);
    }
    let detail = if args.stat {
        Detail::Files
    } else {
        Detail::Patches
    };
    output.text(&changes.text(detail));
    Ok(())
}
