//! `kanban comment`.

use domain::command::CommentOnTask;
use serde_json::json;

use crate::cli::body::or_stdin;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::usage;

/// Comment on a task
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban comment t_1a2b3c4d the key is under the mat\n  \
    kanban comment half way through     (in a worker)")]
pub(crate) struct Args {
    /// The task, which a worker may leave out, and what to say; `-` reads it from standard input
    #[arg(required = true, value_name = "TASK_ID TEXT")]
    words: Vec<String>,
    /// The name of the author [default: yours]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// Print the comment as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (task, body) = session.split_words(&args.words)?;
    let body = or_stdin(body, session)?;
    usage::ensure(
        !body.is_empty(),
        "what is there to say? write it after the task",
    )?;
    let author = args.author.unwrap_or_else(|| session.author.clone());
    let command = CommentOnTask {
        task: task.clone(),
        body,
    };
    let written = session.execute_as(author, command).await?.answer.comment;
    if args.json {
        let comments = session.detail(&task).await?.comments;
        let comment = comments.iter().find(|comment| comment.id == written);
        return output.json(&comment.map(|comment| {
            json!({
                "id": written,
                "task_id": task,
                "author": comment.author,
                "body": comment.body,
            })
        }));
    }
    output.line(format_args!("Comment added to {task}"));
    Ok(())
}
