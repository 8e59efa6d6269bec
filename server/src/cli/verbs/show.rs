//! `kanban show`.

use std::collections::BTreeMap;

use dispatcher::{Config, branches};
use domain::branch::{Branch, short};
use domain::check::{Receipt, Verdict};
use domain::dispatch::{WhyNot, why_no_landing};
use domain::id::TaskId;
use domain::outcome::StartOn;
use domain::review::Review;
use domain::run::Run;
use domain::task::TaskDetail;
use domain::text::{first_of, lines, names_of, one_line};
use domain::time::{Seconds, Timestamp};
use kernel::Parent;

use crate::cli::json::Shown;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Show a task with its comments, attempts and events
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban show t_1a2b3c4d\n  \
    kanban show t_1a2b3c4d --json | jq -r .task.result")]
pub(crate) struct Args {
    /// The task; a worker may leave it out
    task_id: Option<String>,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// The number of events shown; `--json` has them all.
const SHOWN_EVENTS: usize = 20;

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let id = session.task_or_own(args.task_id.as_deref())?;
    let detail = session.detail(&id).await?;
    let config = Config::new(std::env::current_exe()?);
    let detail = branches::look_at(&session.kernel, &session.home, &config, detail).await?;
    let why = session.why(&id).await?;
    if args.json {
        return output.json(&Shown::new(&detail, why.as_ref()));
    }
    let parents = session.kernel.builds_on(&id).await?;
    let dispatch = session.kernel.dispatch().await?;
    let landing = detail.landing.as_ref();
    let around = Around {
        why: why.as_ref(),
        why_no_landing: landing.and_then(|it| why_no_landing(it, &dispatch)),
        parents: &parents,
    };
    print(&detail, &around, session.kernel.now(), output);
    Ok(())
}

/// The context that is shown beside a task.
struct Around<'a> {
    why: Option<&'a WhyNot>,
    /// The reason why no landing begins.
    why_no_landing: Option<WhyNot>,
    parents: &'a [Parent],
}

fn print(detail: &TaskDetail, around: &Around<'_>, now: Timestamp, output: &mut Output) {
    let task = &detail.task;
    let paint = output.paint;
    let title = paint.bold(one_line(&task.title));
    output.painted_line(format_args!("Task {}: {title}", task.id));
    for (name, value) in fields(detail, around, now) {
        let name = paint.dim(format_args!("{:<11}", format!("{name}: ")));
        output.painted_line(format_args!("  {name}{}", one_line(&value)));
    }
    for (heading, content) in [("Body", &task.body), ("Result", &task.result)] {
        if let Some(content) = content.as_deref().filter(|text| !text.trim().is_empty()) {
            let content = lines(content.trim_end());
            output.painted_line(format_args!(
                "\n{}\n{content}",
                paint.bold(format_args!("{heading}:"))
            ));
        }
    }
    print_history(detail, now, output);
}

fn print_history(detail: &TaskDetail, now: Timestamp, output: &mut Output) {
    let TaskDetail {
        comments,
        events,
        runs,
        receipts,
        ..
    } = detail;
    let paint = output.paint;
    let heading = |name, count| format!("\n{}", paint.bold(format_args!("{name} ({count}):")));
    let ago = |at| paint.dim(format_args!("[{}]", text::relative(now, at)));
    if !runs.is_empty() {
        output.painted_line(heading("Runs", runs.len()));
    }
    for run in runs {
        let at = ago(run.started_at);
        output.painted_line(format_args!("  {} {at} {}", run.id, end_of(run)));
    }
    if !receipts.is_empty() {
        output.painted_line(heading("Checks", receipts.len()));
    }
    for receipt in receipts {
        let at = ago(receipt.check.began_at);
        output.painted_line(format_args!("  {at} {}", said_of(receipt)));
    }
    output.painted_line(heading("Comments", comments.len()));
    for comment in comments {
        let author = one_line(&comment.author);
        let (at, body) = (ago(comment.created_at), lines(&comment.body));
        // What stands at the beginning of a line is ours.
        let body = body.replace('\n', "\n    ");
        output.painted_line(format_args!("  {at} {author}: {body}"));
    }
    output.painted_line(heading("Events", events.len()));
    for event in events
        .iter()
        .skip(events.len().saturating_sub(SHOWN_EVENTS))
    {
        let (at, id, said) = (ago(event.created_at), event.id, text::event(event));
        output.painted_line(format_args!("  {at} #{id} {said}"));
    }
}

/// A receipt, in a line.
fn said_of(receipt: &Receipt) -> String {
    let Receipt { run, by, check, .. } = receipt;
    let run = run.map_or_else(String::new, |run| format!("run {run}: "));
    let by = by
        .as_deref()
        .map_or_else(String::new, |by| format!(" by {}", one_line(by)));
    let command = check.command.trim().lines().next().unwrap_or_default();
    let git = check.git_words();
    let git = git.map_or_else(String::new, |words| format!(" ({})", one_line(&words)));
    format!(
        "{run}{} {}{by}{git}",
        one_line(command),
        one_line(&check.sentence())
    )
}

/// The short fields of a task, beside the long texts.
fn fields(detail: &TaskDetail, around: &Around<'_>, now: Timestamp) -> Vec<(&'static str, String)> {
    let TaskDetail {
        task,
        children,
        conditions,
        ..
    } = detail;
    let (branch, has_changed) = (detail.branch.as_ref(), detail.has_changed_since_check());
    let parents = around.parents.iter().map(|it| parent(it, conditions));
    let parents = first_of(parents, detail.parents.len());
    let moment = |at| format!("{} ({})", text::relative(now, at), text::moment(at));
    let since = Seconds(now.seconds_since(task.status_since));
    let nobody = || "(unassigned)".to_owned();
    let path = task.workspace_path.as_deref().unwrap_or("(unresolved)");
    let creator = task.created_by.as_deref().unwrap_or("-");
    let rests_until = task.not_before.filter(|end| now < *end);
    // Of a task that is finished the status says it all.
    let why = around
        .why
        .filter(|why| !matches!(why, WhyNot::Finished { .. }));
    let fields = [
        ("status", Some(format!("{} for {since}", task.status))),
        (
            "outcome",
            (!task.outcome.is_success()).then(|| task.outcome.to_string()),
        ),
        (
            "assignee",
            Some(task.assignee.clone().unwrap_or_else(nobody)),
        ),
        (
            "priority",
            (task.priority != 0).then(|| task.priority.to_string()),
        ),
        ("tenant", task.tenant.clone()),
        (
            "workspace",
            Some(format!("{} @ {path}", task.workspace_kind)),
        ),
        (
            "created",
            Some(format!("{} by {creator}", moment(task.created_at))),
        ),
        ("started", task.started_at.map(moment)),
        ("completed", task.completed_at.map(moment)),
        (
            "failures",
            (task.failures > 0).then(|| task.failures.to_string()),
        ),
        ("last error", task.last_error.clone()),
        ("due", task.due_at.map(moment)),
        ("review", task.in_review.as_ref().map(awaited)),
        ("rests until", rests_until.map(moment)),
        ("why", why.map(WhyNot::to_string)),
        ("lands by", task.land_method.map(|it| it.to_string())),
        ("branch", branch.map(|branch| branch.name.clone())),
        ("based on", branch.and_then(Branch::begins_at)),
        (
            "landing",
            detail
                .landing
                .as_ref()
                .map(|it| text::landing(it, around.why_no_landing.as_ref(), now)),
        ),
        ("landed", branch.and_then(landed)),
        ("seal", has_changed.then(|| seal(detail))),
        ("parents", Some(parents).filter(|names| !names.is_empty())),
        (
            "children",
            (!children.is_empty()).then(|| names_of(children)),
        ),
    ];
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

/// The branch that its work has landed on.
fn landed(branch: &Branch) -> Option<String> {
    let (onto, commit) = (
        branch.landed_onto.as_ref()?,
        branch.landed_commit.as_deref()?,
    );
    Some(format!("on {onto} as {}", short(commit)))
}

/// The seal of a task whose branch was changed since.
fn seal(detail: &TaskDetail) -> String {
    let word = match detail.receipts.last().map(|last| last.check.verdict) {
        Some(Verdict::Approved) => "Approved",
        Some(Verdict::Landed) => "Landed",
        _ => "Checked",
    };
    format!("{word}, then changed")
}

/// The review that a task is in: by whom, and of what.
fn awaited(review: &Review) -> String {
    let run = review
        .run
        .map_or_else(String::new, |run| format!(", run {run}"));
    format!(
        "by {}, of the work of {}{run}",
        review.reviewer, review.worked_by
    )
}

/// The outcome of a run, or `running`.
fn end_of(run: &Run) -> String {
    let outcome = run.outcome.map_or("running", |outcome| outcome.as_str());
    let lane = run.lane.as_deref().unwrap_or("by hand");
    let error = run.error.as_deref().map(one_line);
    let error = error.map(|error| format!(": {error}")).unwrap_or_default();
    format!("{}  {outcome}{error}", one_line(lane))
}

/// A parent by its title, the outcome on which the task starts, and the branch that its work is on.
fn parent(parent: &Parent, conditions: &BTreeMap<TaskId, StartOn>) -> String {
    let Parent {
        id, title, branch, ..
    } = parent;
    let on = conditions.get(id).map(|on| match on {
        StartOn::Always => " (on either outcome)".to_owned(),
        on => format!(" (on {on})"),
    });
    let branch = branch.as_ref().map(|branch| format!(" (branch {branch})"));
    let (on, branch) = (on.unwrap_or_default(), branch.unwrap_or_default());
    format!("{id} {title}{on}{branch}")
}
