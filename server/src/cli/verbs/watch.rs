//! `kanban watch`.

use std::time::Duration;

use domain::board::{Frame, TaskSummary};
use domain::event::Event;
use domain::text::one_line;
use serde::Serialize;

use crate::cli::follow::{Pace, follow};
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Follow the board: everything that happens from now on
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban watch --kinds blocked,gave_up\n  \
    kanban watch --assignee claude --json | jq -r .task_id")]
pub(crate) struct Args {
    /// Only tasks of this assignee
    #[arg(long)]
    assignee: Option<String>,
    /// Only tasks of this tenant
    #[arg(long)]
    tenant: Option<String>,
    /// Only events of these kinds
    #[arg(long, value_name = "KIND,KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    #[command(flatten)]
    pace: Pace,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// As often as the original looks.
const USUAL: Duration = Duration::from_millis(500);

/// An event, and whose task it is about.
#[derive(Serialize)]
struct EventObject<'a> {
    #[serde(flatten)]
    event: &'a Event,
    assignee: Option<&'a str>,
    tenant: Option<&'a str>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let since = *session.kernel.newest_event().borrow();
    output.note("(watching; Ctrl-C ends it)");
    output.pour()?;
    let tell = |frame: &Frame, output: &mut Output| {
        for event in &frame.events {
            let task = frame.tasks.iter().find(|task| task.id == event.task_id);
            if args.wants(event, task) {
                print(event, task, args.json, output)?;
            }
        }
        Ok(())
    };
    follow(session, output, since, (&args.pace, USUAL), tell).await
}

impl Args {
    fn wants(&self, event: &Event, task: Option<&TaskSummary>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&String>| {
            wanted.is_none() || wanted.as_ref() == found
        };
        is(&self.assignee, task.and_then(|task| task.assignee.as_ref()))
            && is(&self.tenant, task.and_then(|task| task.tenant.as_ref()))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind.trim() == event.kind))
    }
}

fn print(
    event: &Event,
    task: Option<&TaskSummary>,
    json: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    let assignee = task.and_then(|task| task.assignee.as_deref());
    if json {
        let tenant = task.and_then(|task| task.tenant.as_deref());
        return output.json_line(&EventObject {
            event,
            assignee,
            tenant,
        });
    }
    let paint = output.paint;
    let at = paint.dim(format_args!("[{}]", text::moment(event.created_at)));
    let kind = paint.bold(format_args!("{:18}", one_line(&event.kind)));
    let assignee = one_line(assignee.unwrap_or("-"));
    let payload = event.payload.as_ref().map(|payload| format!(" {payload}"));
    let id = &event.task_id;
    output.painted_line(format_args!(
        "{at} {id} {kind} (@{assignee}){}",
        one_line(&payload.unwrap_or_default())
    ));
    Ok(())
}
