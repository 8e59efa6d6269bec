//! `kanban claim`.

use anyhow::Context as _;
use dispatcher::Config;
use domain::command::{ClaimTask, LEASE};
use domain::time::Seconds;
use serde_json::json;

use crate::bounds::LONGEST_LEASE;
use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::session::{self, Session};

/// Claim a ready task, to work on it yourself
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban claim t_1a2b3c4d\n  \
    cd \"$(kanban claim t_1a2b3c4d --ttl 7200 --json | jq -r .workspace)\"\n  \
    export KANBAN_RUN_TOKEN=\"$(kanban claim t_5e6f7a8b --json | jq -r .token)\"\n\n\
    With KANBAN_RUN_TOKEN set, verbs are those of a worker of this claim: they report on this task \
    alone, and are refused once somebody else has it.")]
pub(crate) struct Args {
    /// The task
    task_id: String,
    /// The length of the lease in seconds
    #[arg(long, default_value_t = LEASE.0, value_parser = clap::value_parser!(i64).range(1..=LONGEST_LEASE))]
    ttl: i64,
    /// Print the task, its run, the run's token and its workspace as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session::known(&args.task_id)?;
    let program = std::env::current_exe().context("cannot find this program's own file")?;
    let config = Config::new(program);
    let claim = ClaimTask {
        task: id.clone(),
        lock: lock(),
        ttl: Seconds(args.ttl),
        lane: None,
        policy: dispatcher::manual_claim(&session.kernel, &session.home).await?,
    };
    let receipt = match session.execute(claim).await {
        Ok(receipt) => receipt,
        Err(refusal) => {
            let task = session.task(&id).await?;
            let holder = task.claim_lock.as_deref().unwrap_or("-");
            anyhow::bail!(
                "cannot claim {id} (status={}, lock={holder}): {refusal}",
                task.status
            );
        }
    };
    let claimed = *receipt.answer;
    let workspace = dispatcher::move_in(&session.kernel, &session.home, config, &claimed)
        .await
        .with_context(|| format!("cannot claim {id}"))?;
    if args.json {
        let task = session.task(&id).await?;
        return output.json(&json!({
            "task": TaskObject::from(&task),
            "run": claimed.run,
            "token": claimed.token.as_str(),
            "workspace": workspace,
        }));
    }
    output.line(format_args!("Claimed {id}"));
    output.line(format_args!("Workspace: {}", workspace.display()));
    Ok(())
}

/// `host:pid`, as the original writes claims.
fn lock() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.as_deref().map_or("unknown", str::trim);
    format!("{host}:{}", std::process::id())
}
