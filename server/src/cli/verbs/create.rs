//! `kanban create`.

use std::path::Path;

use domain::command::{CreateTask, Created};
use domain::dispatch::lane_of;
use domain::landing::Method;
use domain::task::WorkspaceKind;
use domain::time::{Seconds, Timestamp};

use super::lanes;
use crate::cli::body;
use crate::cli::json::TaskObject;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::text;

/// Put a task on the board
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban create 'water the plants' --assignee shell --body 'echo watered'\n  \
    kanban create 'release' --parent t_1a2b3c4d --parent t_5e6f7a8b --body-file notes.md\n  \
    kanban create 'mend it' --parent t_1a2b3c4d:failure --assignee claude\n  \
    kanban create 'mend the build' --assignee claude --workspace dir:~/src/app --body - < story.md")]
pub(crate) struct Args {
    /// The title: the work, in a line
    title: String,
    #[command(flatten)]
    body: body::Args,
    /// The assignee: a lane, or a person
    #[arg(long)]
    assignee: Option<String>,
    /// A task to wait for; may be repeated. It starts on success, or on `ID:failure` or `ID:always`
    #[arg(long = "parent", value_name = "ID")]
    parents: Vec<String>,
    /// The folder of its workers: `scratch`, `dir:<path>`, or a git `worktree`, of its lane's repository or
    /// of `worktree:<repository>`
    #[arg(long, default_value = "scratch", value_parser = workspace)]
    workspace: Workspace,
    /// The project or customer
    #[arg(long)]
    tenant: Option<String>,
    /// Higher starts sooner
    #[arg(
        long,
        default_value_t = 0,
        allow_negative_numbers = true,
        value_name = "NUMBER"
    )]
    priority: i64,
    /// Put it into `triage`: an idea, which nothing starts
    #[arg(long)]
    triage: bool,
    /// A repeated command with the same key finds the first one's task
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// The number of failures in a row that blocks it [default: 5]
    #[arg(long, alias = "max-retries", value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    failure_limit: Option<u32>,
    /// The time limit of an attempt, as in `90s`, `30m`, `2h` or `1d`, up to that of its lane
    #[arg(long, value_name = "TIME", value_parser = text::span)]
    max_runtime: Option<Seconds>,
    /// The due time: `2027-01-04`, `18:00`, or both
    #[arg(long, value_name = "MOMENT", value_parser = due)]
    due: Option<Timestamp>,
    /// A skill that its worker needs; handed on by the lane, may be repeated
    #[arg(long = "skill", value_name = "NAME")]
    skills: Vec<String>,
    /// A script that has to exit with 0 in its workspace before it counts as done
    #[arg(long, value_name = "SCRIPT")]
    check: Option<String>,
    /// The number of red checks in a row that blocks it [default: 3]
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    rework_limit: Option<u32>,
    /// The one who has to approve its work before it counts as done: `person`, or a lane
    #[arg(long, value_name = "NAME")]
    review: Option<String>,
    /// The method by which its work lands: `merge` or `rebase` [default: as its lane says]
    #[arg(long, value_name = "METHOD", value_parser = str::parse::<Method>)]
    land_method: Option<Method>,
    /// The name of the author [default: yours]
    #[arg(long, value_name = "NAME")]
    created_by: Option<String>,
    /// Print the task as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Debug)]
struct Workspace {
    kind: WorkspaceKind,
    path: Option<String>,
}

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let new = CreateTask {
        title: args.title,
        body: args.body.read(session)?,
        assignee: args.assignee,
        tenant: args.tenant,
        priority: args.priority,
        workspace_kind: args.workspace.kind,
        workspace_path: args.workspace.path,
        parents: args.parents,
        triage: args.triage,
        idempotency_key: args.idempotency_key,
        failure_limit: args.failure_limit,
        max_runtime: args.max_runtime,
        due_at: args.due,
        skills: args.skills,
        check: args.check,
        rework_limit: args.rework_limit,
        review: args.review,
        land_method: args.land_method,
    };
    let creator = args.created_by.unwrap_or_else(|| session.author.clone());
    let receipt = session.execute_as(creator, new).await?;
    let Created { task: id, is_new } = receipt.answer;
    let task = session.task(&id).await?;
    output.created = Some(id.clone());
    if args.json {
        return output.json(&TaskObject::from(&task));
    }
    let verb = if is_new { "Created" } else { "Found" };
    let assignee = task.assignee.as_deref().unwrap_or("-");
    output.line(format_args!(
        "{verb} {id}  ({}, assignee={assignee})",
        task.status
    ));
    if let Some(assignee) = &task.assignee {
        note_missing_lane(assignee, session, output).await?;
    }
    Ok(())
}

/// Tells whoever named a program that no lane starts it; people need none.
async fn note_missing_lane(
    assignee: &str,
    session: &Session,
    output: &mut Output,
) -> anyhow::Result<()> {
    // The board has the task: a `kanban.toml` that makes no sense is told by whoever reads it next.
    let Ok(known) = lanes::read(session).await else {
        return Ok(());
    };
    if lane_of(&known.lanes, assignee).is_none() {
        output.note(format_args!(
            "(no lane starts the tasks of {assignee}; `kanban lanes` lists the lanes)"
        ));
    }
    Ok(())
}

/// Reads the time by which a task is to be finished: a date alone is meant to its end.
pub(super) fn due(text: &str) -> Result<Timestamp, String> {
    let moment = text::coming_moment(text)?;
    let is_date = text.parse::<jiff::civil::Date>().is_ok() && !text.contains(':');
    Ok(if is_date {
        text::coming_moment(&format!("{text} 23:59:59"))?
    } else {
        moment
    })
}

/// Reads `scratch`, `dir:<path>`, `worktree` or `worktree:<path>`. A relative path is meant from here,
/// so it is made absolute before another process reads it.
fn workspace(text: &str) -> Result<Workspace, String> {
    let (kind, path) = match text.split_once(':') {
        Some((kind, path)) => (kind, Some(path)),
        None => (text, None),
    };
    let (kind, path) = match (kind.parse(), path) {
        (Ok(WorkspaceKind::Dir | WorkspaceKind::Worktree), Some("")) => {
            return Err(format!("a path is missing after `{text}`"));
        }
        (Ok(kind @ (WorkspaceKind::Dir | WorkspaceKind::Worktree)), Some(path)) => (kind, path),
        (Ok(kind @ (WorkspaceKind::Scratch | WorkspaceKind::Worktree)), None) => {
            return Ok(Workspace { kind, path: None });
        }
        _ => {
            return Err(
                "write `scratch`, `dir:<path>`, `worktree` or `worktree:<path>`".to_owned(),
            );
        }
    };
    let home = std::env::home_dir();
    let path = match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            home.join(rest.trim_start_matches('/'))
        }
        _ => Path::new(path).to_owned(),
    };
    let path = std::path::absolute(&path).map_err(|error| error.to_string())?;
    let path = path
        .into_os_string()
        .into_string()
        .map_err(|_| "this path is not UTF-8")?;
    Ok(Workspace {
        kind,
        path: Some(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_absolute_and_a_bare_dir_is_refused() {
        assert_eq!(
            workspace("dir:/tmp/x").unwrap().path.as_deref(),
            Some("/tmp/x")
        );
        assert!(workspace("dir:x").unwrap().path.unwrap().starts_with('/'));
        assert!(!workspace("dir:~/x").unwrap().path.unwrap().contains('~'));
        for text in ["dir", "dir:", "worktree:", "scratch:/tmp", "tmp", ""] {
            assert!(workspace(text).is_err(), "{text}");
        }
    }
}
