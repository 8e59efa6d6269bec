//! `kanban lanes add`.

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Write the shipped lane of an agent to the end of kanban.toml
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban lanes add claude\n  \
    kanban lanes add claude --repository ~/src/shop")]
pub(super) struct Args {
    /// claude, codex, gemini, opencode, goose or hermes
    name: String,
    /// The git repository that its tasks get worktrees of
    #[arg(long, value_name = "DIR")]
    repository: Option<String>,
}

pub(super) async fn run(args: &Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (home, config, name) = (session.home.clone(), super::config()?, args.name.clone());
    let (path, repository) = (home.config(), args.repository.clone());
    let adding = move || dispatcher::add_lane(&home, &config, &name, repository.as_deref());
    let added = tokio::task::spawn_blocking(adding).await??;
    output.line(format_args!("Added to {}:", path.display()));
    output.text(&format!("\n{added}\n"));
    output.line(format_args!(
        "Try it with `kanban lanes test {}`, then create a task with `--assignee {0}`.",
        args.name
    ));
    Ok(())
}
