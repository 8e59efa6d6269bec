//! `kanban link`.

use domain::command::LinkTasks;
use domain::outcome::StartOn;
use serde_json::json;

use crate::cli::output::Output;
use crate::cli::session::Session;

/// Add a dependency: the child waits for the parent
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban link t_1a2b3c4d t_5e6f7a8b     (t_5e6f7a8b waits until t_1a2b3c4d is done)\n  \
    kanban link t_1a2b3c4d t_5e6f7a8b --on failure")]
pub(crate) struct Args {
    /// The task to wait for
    parent_id: String,
    /// The task that waits
    child_id: String,
    /// The outcome of the parent on which the child starts [default: success]
    #[arg(long, value_name = "OUTCOME", value_enum)]
    on: Option<StartOn>,
    /// Print the link as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let (parent, child) = (args.parent_id, args.child_id);
    let command = LinkTasks {
        parent: parent.clone(),
        child: child.clone(),
        on: args.on,
    };
    session.execute(command).await?;
    if args.json {
        return output.json(&json!({ "parent": parent, "child": child }));
    }
    output.line(format_args!("Linked {parent} -> {child}"));
    Ok(())
}
