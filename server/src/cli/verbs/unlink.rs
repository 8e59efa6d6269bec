//! `kanban unlink`.

use domain::command::{Change, UnlinkTasks};
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// Remove a dependency
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  kanban unlink t_1a2b3c4d t_5e6f7a8b")]
pub(crate) struct Args {
    /// The task that was waited for
    parent_id: String,
    /// The task that waited
    child_id: String,
    /// Print the link that is gone as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let parent = session::known(&args.parent_id)?;
    let child = session::known(&args.child_id)?;
    let command = UnlinkTasks {
        parent: parent.clone(),
        child: child.clone(),
    };
    let receipt = session.execute(command).await?;
    if receipt.answer == Change::Unchanged {
        output.complain(format_args!("No such link: {parent} -> {child}"));
        return Ok(());
    }
    if args.json {
        return output.json(&json!({ "parent": parent, "child": child }));
    }
    output.line(format_args!("Unlinked {parent} -> {child}"));
    Ok(())
}
