//! `kanban create`.

use std::path::Path;

use domain::command::{Command, NewTask};
use domain::task::WorkspaceKind;

use super::json::TaskObject;
use super::output::Output;
use super::session::Session;
use crate::answer;

/// Put a task on the board
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What is to be done, in a line
    title: String,
    /// The whole story; for the assignee `shell`, a script
    #[arg(long)]
    body: Option<String>,
    /// Who is to work on it
    #[arg(long)]
    assignee: Option<String>,
    /// A task to wait for; may be repeated
    #[arg(long = "parent", value_name = "ID")]
    parents: Vec<String>,
    /// Where its workers run: `scratch`, `worktree` or `dir:<path>`
    #[arg(long, default_value = "scratch", value_parser = workspace)]
    workspace: Workspace,
    /// The project or customer
    #[arg(long)]
    tenant: Option<String>,
    /// Higher starts sooner
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    priority: i64,
    /// Only an idea yet: nothing starts it
    #[arg(long)]
    triage: bool,
    /// A repeated command with the same key finds the first one's task
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// In whose name [default: yours]
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
    let new = NewTask {
        title: args.title,
        body: args.body,
        assignee: args.assignee,
        tenant: args.tenant,
        priority: args.priority,
        workspace_kind: args.workspace.kind,
        workspace_path: args.workspace.path,
        parents: args.parents,
        triage: args.triage,
        idempotency_key: args.idempotency_key,
        failure_limit: None,
    };
    let creator = args.created_by.unwrap_or_else(|| session.author.clone());
    let receipt = session
        .execute_as(creator, Command::CreateTask(new))
        .await?;
    let (id, is_new) = answer::created(receipt)?;
    let task = session.task(&id).await?;
    if args.json {
        return output.json(&TaskObject::from(&task));
    }
    let verb = if is_new { "Created" } else { "Found" };
    let assignee = task.assignee.as_deref().unwrap_or("-");
    output.line(format_args!(
        "{verb} {id}  ({}, assignee={assignee})",
        task.status
    ));
    Ok(())
}

/// Reads `scratch`, `worktree` or `dir:<path>`. A relative path is meant from here, so it is made
/// absolute before another process reads it.
fn workspace(text: &str) -> Result<Workspace, String> {
    let Some(path) = text.strip_prefix("dir:") else {
        let named = text.parse().ok().filter(|kind| *kind != WorkspaceKind::Dir);
        let kind = named.ok_or("write `scratch`, `worktree` or `dir:<path>`")?;
        return Ok(Workspace { kind, path: None });
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
        kind: WorkspaceKind::Dir,
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
        for text in ["dir", "dir:", "tmp", ""] {
            assert!(workspace(text).is_err(), "{text}");
        }
    }
}
