//! `kanban show`.

use domain::run::Run;
use domain::task::TaskDetail;
use domain::time::Timestamp;

use super::json::Shown;
use super::output::Output;
use super::session::Session;
use super::text;

/// Show everything about a task
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// How many events are shown; `--json` has them all.
const SHOWN_EVENTS: usize = 20;

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let detail = session.detail(&id).await?;
    if args.json {
        return output.json(&Shown::from(&detail));
    }
    print(&detail, session.kernel.now(), output);
    Ok(())
}

fn print(detail: &TaskDetail, now: Timestamp, output: &mut Output) {
    let TaskDetail {
        task,
        comments,
        events,
        parents,
        children,
        runs,
    } = detail;
    output.line(format_args!("Task {}: {}", task.id, task.title));
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            output.line(format_args!("  {:<11}{value}", format!("{name}:")));
        }
    };
    let since = domain::time::Seconds(now.seconds_since(task.status_since));
    field("status", Some(format!("{} for {since}", task.status)));
    field(
        "assignee",
        Some(
            task.assignee
                .clone()
                .unwrap_or_else(|| "(unassigned)".to_owned()),
        ),
    );
    field(
        "priority",
        (task.priority != 0).then(|| task.priority.to_string()),
    );
    field("tenant", task.tenant.clone());
    let workspace = task.workspace_path.as_deref().unwrap_or("(unresolved)");
    field(
        "workspace",
        Some(format!("{} @ {workspace}", task.workspace_kind)),
    );
    let creator = task.created_by.as_deref().unwrap_or("-");
    field(
        "created",
        Some(format!("{} by {creator}", text::moment(task.created_at))),
    );
    field("started", task.started_at.map(text::moment));
    field("completed", task.completed_at.map(text::moment));
    field(
        "failures",
        (task.spawn_failures > 0).then(|| task.spawn_failures.to_string()),
    );
    field("last error", task.last_spawn_error.clone());
    field(
        "rests until",
        task.not_before.filter(|end| now < *end).map(text::moment),
    );
    field("parents", (!parents.is_empty()).then(|| names(parents)));
    field("children", (!children.is_empty()).then(|| names(children)));
    for (heading, content) in [("Body", &task.body), ("Result", &task.result)] {
        if let Some(content) = content.as_deref().filter(|text| !text.trim().is_empty()) {
            output.line(format_args!("\n{heading}:\n{}", content.trim_end()));
        }
    }
    if !runs.is_empty() {
        output.line(format_args!("\nRuns ({}):", runs.len()));
    }
    for run in runs {
        output.line(run_line(run));
    }
    output.line(format_args!("\nComments ({}):", comments.len()));
    for comment in comments {
        let at = text::moment(comment.created_at);
        output.line(format_args!(
            "  [{at}] {}: {}",
            comment.author, comment.body
        ));
    }
    output.line(format_args!("\nEvents ({}):", events.len()));
    for event in events
        .iter()
        .skip(events.len().saturating_sub(SHOWN_EVENTS))
    {
        let at = text::moment(event.created_at);
        let payload = event.payload.as_ref().map(|payload| format!(" {payload}"));
        output.line(format_args!(
            "  [{at}] {}{}",
            event.kind,
            payload.unwrap_or_default()
        ));
    }
}

fn run_line(run: &Run) -> String {
    let outcome = run.outcome.map_or("running", |outcome| outcome.as_str());
    let lane = run.lane.as_deref().unwrap_or("by hand");
    let error = run
        .error
        .as_ref()
        .map(|error| format!(": {error}"))
        .unwrap_or_default();
    format!(
        "  {} [{}] {lane}  {outcome}{error}",
        run.id,
        text::moment(run.started_at)
    )
}

fn names(ids: &[domain::id::TaskId]) -> String {
    ids.iter()
        .map(domain::id::TaskId::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}
