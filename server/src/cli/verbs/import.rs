//! `kanban import`.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use domain::actor::Actor;
use domain::command::DispatchFrom;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::restore;
use crate::cli::output::Output;
use crate::cli::progress;
use crate::cli::session::Session;

/// Import an export, the file of another board, or a list of tasks: all of it or nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    kanban import board.jsonl\n  \
    kanban import ~/.hermes/kanban.db\n  \
    echo '{\"title\": \"sow\", \"id\": \"a\"}\n        \
    {\"title\": \"reap\", \"parents\": [\"a\"], \"assignee\": \"ops\"}' | kanban import -\n\n\
    A list of tasks has a JSON object a line: title, and where wanted id (for other lines to name it),\n\
    body, assignee, tenant, priority, parents, triage, workspace_kind, workspace_path,\n\
    idempotency_key, failure_limit.")]
pub(crate) struct Args {
    /// The file; `-` is standard input
    file: PathBuf,
    /// Print the ids of the tasks as JSON
    #[arg(long)]
    json: bool,
}

/// The first bytes of an SQLite file (<https://sqlite.org/fileformat.html#magic_header_string>).
const MAGIC: &[u8] = b"SQLite format 3\0";

pub(super) async fn run(args: Args, session: &Session, output: &mut Output) -> anyhow::Result<()> {
    let actor = session.actor();
    let path = args.file.as_path();
    let importing = async {
        if path == Path::new("-") {
            return session
                .kernel
                .import(&actor, BufReader::new(io::stdin()))
                .await;
        }
        let mut file = BufReader::new(File::open(path)?);
        if file.fill_buf()?.starts_with(MAGIC) {
            return session.kernel.import_file(&actor, path).await;
        }
        session.kernel.import(&actor, file).await
    };
    let imported = progress::during("importing", importing)
        .await
        .with_context(|| format!("cannot import {}", path.display()))?;
    if imported.is_whole {
        let home = session.home.clone();
        let dispatch_from = DispatchFrom {
            workspaces: home.workspaces().display().to_string(),
            home: spawn_blocking(move || home.identity()).await??,
        };
        let dispatcher = Actor::dispatcher();
        session.kernel.execute(&dispatcher, dispatch_from).await?;
    }
    for column in &imported.left_out {
        output.note(format_args!(
            "left out {column}, which only another program knows"
        ));
    }
    if args.json {
        return output.json(&json!({
            "tasks": imported.tasks,
            "other_rows": imported.other_rows,
            "left_out": imported.left_out,
            "paused": imported.is_whole,
        }));
    }
    if imported.is_whole {
        output.note(restore::PAUSED);
    }
    let (tasks, rows) = (imported.tasks.len(), imported.other_rows);
    match rows {
        0 => output.line(format_args!("Imported {tasks} task(s)")),
        _ => output.line(format_args!(
            "Imported {tasks} task(s) and {rows} other row(s)"
        )),
    }
    Ok(())
}
