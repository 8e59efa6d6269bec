//! `kanban comment`.

use domain::command::Command;

use super::output::Output;
use super::session::Session;

/// Say something about a task
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task, which a worker may leave out, and what to say
    #[arg(required = true, value_name = "TASK_ID TEXT")]
    words: Vec<String>,
    /// In whose name [default: yours]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (task, body) = session.split_words(&args.words)?;
    let author = args.author.unwrap_or_else(|| session.author.clone());
    let comment = Command::CommentOnTask {
        task: task.clone(),
        body,
    };
    session.execute_as(author, comment).await?;
    output.line(format_args!("Comment added to {task}"));
    Ok(())
}
