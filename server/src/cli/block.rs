//! `kanban block`.

use domain::command::Command;
use domain::id::TaskId;

use super::output::Output;
use super::session::{self, Session};

/// Stop a task until a person has answered
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task, which a worker may leave out, and the question or what is missing
    #[arg(required = true, value_name = "TASK_ID REASON")]
    words: Vec<String>,
    /// More tasks, for the same reason
    #[arg(long, num_args = 1.., value_name = "ID")]
    ids: Vec<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (first, reason) = session.split_words(&args.words)?;
    let reason = Some(reason).filter(|reason| !reason.trim().is_empty());
    block(first, reason.clone(), session, output).await;
    for text in &args.ids {
        match session::known(text) {
            Ok(id) => block(id, reason.clone(), session, output).await,
            Err(error) => output.complain(format_args!("cannot block {text} ({error})")),
        }
    }
    Ok(())
}

async fn block(id: TaskId, reason: Option<String>, session: &Session, output: &mut Output) {
    let command = Command::BlockTask {
        task: id.clone(),
        reason: reason.clone(),
    };
    match session.execute(command).await {
        Ok(_) => {
            let reason = reason
                .map(|reason| format!(": {reason}"))
                .unwrap_or_default();
            output.line(format_args!("Blocked {id}{reason}"));
        }
        Err(refusal) => output.complain(format_args!("cannot block {id} ({refusal})")),
    }
}
