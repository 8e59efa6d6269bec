//! `kanban heartbeat`.

use domain::command::{Heartbeat, LEASE};
use domain::time::Seconds;
use serde_json::json;

use crate::bounds::LONGEST_LEASE;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Record a heartbeat: the worker makes progress; renew its lease
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban heartbeat     (in a worker)\n  \
    kanban heartbeat t_1a2b3c4d --ttl 3600")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// The new length of the lease in seconds, from now
    #[arg(long, default_value_t = LEASE.0, value_parser = clap::value_parser!(i64).range(1..=LONGEST_LEASE))]
    ttl: i64,
    /// Print until when the claim holds as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let task = session.task_or_own(args.task_id.as_deref())?;
    let heartbeat = Heartbeat {
        task: task.clone(),
        ttl: Seconds(args.ttl),
    };
    let lease_expires = session.execute(heartbeat).await?.answer.lease_expires;
    if args.json {
        return output.json(&json!({ "task_id": task, "lease_expires": lease_expires }));
    }
    let until = text::moment(lease_expires);
    output.line(format_args!(
        "Heartbeat of {task}; its claim holds until {until}"
    ));
    Ok(())
}
