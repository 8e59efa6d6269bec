//! `kanban notify-unsubscribe`.

use domain::command::{Command, Unsubscribe, UnsubscribeBoard};
use domain::notify::Address;
use serde_json::json;

use crate::cli::address;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// Remove a subscription
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban notify-unsubscribe t_1a2b3c4d --platform telegram --chat-id 4711\n  \
    kanban notify-unsubscribe --platform webhook --chat-id ci")]
pub(crate) struct Args {
    /// The task; without it, the subscriptions of that address to the board
    task_id: Option<String>,
    #[command(flatten)]
    address: address::Args,
    /// Print the address as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let to = args.address.with_user(None);
    let task = args.task_id.as_deref().map(session::known).transpose()?;
    let commands = match task.clone() {
        Some(task) => vec![
            Unsubscribe {
                task,
                to: to.clone(),
            }
            .into(),
        ],
        None => from_board(session, &to).await?,
    };
    let receipts = session.execute_all(commands).await?;
    if receipts.iter().all(|receipt| receipt.answer.is_nothing()) {
        output.complain("(no such subscription)");
        return Ok(());
    }
    if args.json {
        return output.json(&json!({
            "task_id": task,
            "platform": to.platform,
            "chat_id": to.chat_id,
            "thread_id": to.thread_id,
        }));
    }
    match task {
        Some(task) => output.line(format_args!("Unsubscribed from {task}")),
        None => output.line("Unsubscribed from the board"),
    }
    Ok(())
}

/// The commands that end a place's subscriptions to the board.
async fn from_board(session: &Session, to: &Address) -> Result<Vec<Command>, kernel::Error> {
    let all = session.kernel.board_subscriptions().await?;
    let there = all
        .iter()
        .filter(|found| address::is_same_place(&found.to, to));
    let commands = there.map(|found| {
        let subscription = found.id;
        UnsubscribeBoard { subscription }.into()
    });
    Ok(commands.collect())
}
