//! `kanban context`.

use dispatcher::{Config, Settings, changes};
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Print the prompt of a worker: its task, and how to report
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kanban context t_1a2b3c4d\n  kanban context     (in a worker)"
)]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let settings = Settings::read(&session.home, &Config::new(std::env::current_exe()?));
    let context = match settings {
        // The changes are as secret as the log.
        Ok(settings) if session.may_read_log(&id).await.is_ok() => {
            let repositories = settings.repositories();
            changes::context(&session.kernel, &session.home, repositories, &id).await?
        }
        _ => session.kernel.context(&id).await?,
    };
    if args.json {
        return output.json(&json!({ "task_id": id, "context": context }));
    }
    output.text(&context);
    Ok(())
}
