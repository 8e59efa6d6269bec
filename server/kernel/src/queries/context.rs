//! The prompt of a worker. Its layout is the original's; workers parse it.

use std::borrow::Cow;

use domain::branch::short;
use domain::check::{Receipt, Verdict};
use domain::id::TaskId;
use domain::outcome::TaskOutcome;
use domain::task::{Comment, Task};
use domain::text::{self, one_line};
use domain::time::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::parents::Parent;
use super::{detail, parents};
use crate::error::Error;
use crate::row::{self, Columns, columns};
use crate::{Kernel, receipts, tasks};

impl Kernel {
    /// Returns the text given to a worker of this task: the task, the results of its parents, the
    /// comments.
    ///
    /// # Errors
    /// Fails if there is no such task or the board cannot be read.
    pub async fn context(&self, id: &TaskId) -> Result<String, Error> {
        let id = id.clone();
        self.readers
            .read(move |conn| {
                let task = tasks::get(conn, &id)?;
                let results = parent_results(conn, &id)?;
                let comments = detail::comments(conn, &id)?;
                let known = parents::parents(conn, &id)?;
                let last = match task.in_review.as_ref().and_then(|review| review.run) {
                    Some(run) => receipts::last_check_of(conn, run)?,
                    None => receipts::last_of(conn, &id)?,
                };
                Ok(text(
                    &task,
                    last.as_ref(),
                    &known,
                    &results,
                    &comments,
                    &TimeZone::system(),
                ))
            })
            .await
    }
}

/// Adds the changes that a reviewer is to judge to the text of [`Kernel::context`].
pub fn with_changes(context: &str, changes: &str) -> String {
    format!("{context}\n## Changes\n{}\n", fenced(changes.trim_end()))
}

struct ParentResult {
    id: String,
    result: Option<String>,
}

columns! {
    ParentResult { id, result: row::RESULT }
}

/// The results of the parents that are done, in the order in which they were completed.
fn parent_results(conn: &Connection, id: &TaskId) -> Result<Vec<ParentResult>, Error> {
    let sql = format!(
        "SELECT {} FROM tasks WHERE id IN (SELECT parent_id FROM task_links WHERE child_id = ?1) \
           AND status = 'done' ORDER BY completed_at, id",
        ParentResult::columns()
    );
    row::all(conn, &sql, [id.as_str()])
}

fn text(
    task: &Task,
    last: Option<&Receipt>,
    known: &[Parent],
    parents: &[ParentResult],
    comments: &[Comment],
    zone: &TimeZone,
) -> String {
    let mut lines = vec![
        format!("# Kanban task {}: {}", task.id, one_line(&task.title)),
        String::new(),
        format!("Assignee: {}", or(task.assignee.as_deref(), "(unassigned)")),
        format!("Status:   {}", one_line(task.status.as_str())),
    ];
    if let Some(tenant) = task.tenant.as_deref().filter(|tenant| !tenant.is_empty()) {
        lines.push(format!("Tenant:   {}", one_line(tenant)));
    }
    let path = or(task.workspace_path.as_deref(), "(unresolved)");
    lines.push(format!("Workspace: {} @ {path}", task.workspace_kind));
    let skills = task.skills();
    if !skills.is_empty() {
        lines.push(format!("Skills:   {}", skills.join(", ")));
    }
    lines.push(String::new());
    lines.extend(feedback(task, last));
    if let Some(body) = task
        .body
        .as_deref()
        .map(str::trim)
        .filter(|body| !body.is_empty())
    {
        lines.extend(["## Body".to_owned(), fenced(body), String::new()]);
    }
    // Not among the results, whose layout is the original's.
    if !known.is_empty() {
        lines.push("## Parent tasks".to_owned());
        for parent in known {
            let title = one_line(&parent.title);
            let branch = parent.branch.as_ref();
            let commit = parent.commit.as_deref().map(short);
            let commit = commit.map_or_else(String::new, |commit| format!(" at {commit}"));
            let branch =
                branch.map_or_else(String::new, |branch| format!(" (branch {branch}{commit})"));
            let checked = parent.checked.map(Verdict::words);
            let checked = checked.map_or_else(String::new, |words| format!(" (checked: {words})"));
            let failed =
                (parent.outcome == TaskOutcome::Failure).then_some(" (ended with failure)");
            let failed = failed.unwrap_or_default();
            lines.push(format!("- {}: {title}{branch}{failed}{checked}", parent.id));
        }
        lines.push(String::new());
    }
    if !parents.is_empty() {
        lines.push("## Parent task results".to_owned());
        for parent in parents {
            let result = parent
                .result
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty());
            lines.push(format!("### {}", parent.id));
            lines.push(fenced(result.unwrap_or("(no result recorded)")));
            lines.push(String::new());
        }
    }
    if !comments.is_empty() {
        lines.push("## Comment thread".to_owned());
        for comment in comments {
            let at = local_minute(comment.created_at, zone);
            lines.push(format!("**{}** ({at}):", one_line(&comment.author)));
            lines.push(fenced(comment.body.trim()));
            lines.push(String::new());
        }
    }
    let mut text = text::lines(&lines.join("\n")).into_owned();
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The beginning of a context: the work that it is to judge, the changes that were asked for, or
/// the check that did not pass.
fn feedback(task: &Task, last: Option<&Receipt>) -> Vec<String> {
    if let Some(review) = &task.in_review {
        let worker = one_line(&review.worked_by);
        let result = task.result.as_deref().map(str::trim);
        let check = last.filter(|last| last.run == review.run);
        let check = check.map_or_else(
            || "It has no check.".to_owned(),
            |last| format!("Its check {}.", one_line(&last.check.sentence())),
        );
        return vec![
            "## Review".to_owned(),
            format!("{worker} says that it is done. You judge it, and change nothing. {check}"),
            fenced(
                result
                    .filter(|text| !text.is_empty())
                    .unwrap_or("(no result recorded)"),
            ),
            String::new(),
        ];
    }
    let Some(Receipt { by, run, check, .. }) = last else {
        return Vec::new();
    };
    if check.verdict == Verdict::ChangesRequested {
        let by = by.as_deref().map_or("somebody".into(), one_line);
        return vec![
            "## Changes asked for".to_owned(),
            format!("{by} looked at the last attempt and asks for this:"),
            fenced(check.output.trim_end()),
            String::new(),
        ];
    }
    if !check.is_red() {
        return Vec::new();
    }
    if check.verdict == Verdict::Conflict {
        return vec![
            "## Landing of the last attempt".to_owned(),
            fenced(check.output.trim_end()),
            String::new(),
        ];
    }
    // A check that nobody's run claimed is that of a landing.
    let target = check.git.base.as_deref().filter(|_| run.is_none());
    let merged = target.map(|target| {
        let target = short(target);
        format!(
            "It ran on your work on top of {target}, the commit that it was to land on: bring that into \
             your branch, and mend it there."
        )
    });
    vec![
        "## Check of the last attempt".to_owned(),
        format!("It {}.", one_line(&check.sentence())),
    ]
    .into_iter()
    .chain(merged)
    .chain([
        format!("Command: {}", one_line(&check.command)),
        fenced(check.output.trim_end()),
        String::new(),
    ])
    .collect()
}

/// Escapes a text, so that none of it passes for more than itself: a line that reads as one of ours
/// gets a backslash, as in Markdown.
fn fenced(text: &str) -> String {
    let fence = |line| if is_ours(line) { "\\" } else { "" };
    let lines = text::lines(text);
    let fenced: Vec<_> = lines
        .split('\n')
        .map(|line| [fence(line), line].concat())
        .collect();
    fenced.join("\n")
}

/// Returns true for a line that could be a heading of this text or of the prompt around it, or the
/// author of a comment.
fn is_ours(line: &str) -> bool {
    let line = line.trim();
    let heading = line.trim_start_matches('#');
    let is_heading = heading.len() < line.len() && {
        let heading = heading.trim();
        let is_section = SECTIONS.iter().any(|it| it.eq_ignore_ascii_case(heading));
        is_section || heading.starts_with("Kanban task ") || heading.parse::<TaskId>().is_ok()
    };
    is_heading || line.starts_with("**") && line.ends_with("):")
}

/// The headings of this text, and that of the prompt which a worker is given with it.
const SECTIONS: [&str; 10] = [
    "Review",
    "Changes",
    "Changes asked for",
    "Check of the last attempt",
    "Landing of the last attempt",
    "Body",
    "Parent tasks",
    "Parent task results",
    "Comment thread",
    "How to work on it",
];

/// Returns the text, or a default where there is none.
fn or<'a>(text: Option<&'a str>, otherwise: &'a str) -> Cow<'a, str> {
    one_line(text.filter(|text| !text.is_empty()).unwrap_or(otherwise))
}

/// `YYYY-MM-DD HH:MM` in the given zone.
fn local_minute(at: Timestamp, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_second(at.0)
        .unwrap_or_default()
        .to_zoned(zone.clone());
    moment.strftime("%Y-%m-%d %H:%M").to_string()
}
