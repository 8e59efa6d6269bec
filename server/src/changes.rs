//! The changes of a task: asked of git a few at a time, off the executor, and as text.

use std::fmt::Write as _;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use dispatcher::{Settings, changes};
use domain::branch::short;
use domain::changes::{Changes, FileChange};
use domain::error::Error as Refusal;
use domain::id::TaskId;
use kernel::Error;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::AppState;
use crate::http_error::HttpError;

/// The number of tasks whose changes are made at the same time: git may read whole files for it.
pub(crate) const AT_ONCE: usize = 2;

/// The longest wait for a turn.
const FOR_A_TURN: Duration = Duration::from_secs(10);

/// Returns what a task has changed. Waits its turn.
///
/// # Errors
/// Fails when there is no such task or branch, or git cannot tell.
pub(crate) async fn of(state: &AppState, task: &TaskId) -> Result<Changes, Error> {
    let turn = timeout(FOR_A_TURN, state.changes.clone().acquire_owned()).await;
    let turn = turn.map_err(|_| Error::Busy)?.map_err(|_| Error::Stopped)?;
    let (state, id) = (state.clone(), task.clone());
    let runtime = Handle::current();
    let job = move || {
        // The work goes on when whoever asked has left.
        let _turn = turn;
        let settings = Settings::read(&state.home, &state.dispatching);
        let settings = settings.map_err(|mistake| Refusal::NoChanges {
            task: id.clone(),
            reason: mistake.to_string(),
        })?;
        let repositories = settings.repositories();
        runtime.block_on(changes::of(state.kernel(), &state.home, repositories, &id))
    };
    spawn_blocking(job).await.map_err(|_| Error::Internal)?
}

/// `/t/{id}/changes`: the same as text that a browser shows.
pub(crate) async fn page(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Response, HttpError> {
    let Ok(id) = id.parse::<TaskId>() else {
        return Err(Refusal::UnknownTask(id).into());
    };
    let changes = of(&state, &id).await?;
    let headers = [
        (CONTENT_TYPE, "text/plain; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, text(&changes, Detail::Patches)).into_response())
}

/// The part of the changes that a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The commits, and the files with the number of lines.
    Files,
    /// The patches too.
    Patches,
}

/// The changes as text.
pub(crate) fn text(changes: &Changes, detail: Detail) -> String {
    let mut text = String::new();
    let (added, removed) = changes.lines();
    let heading = [
        format!("{} at {}", changes.branch, short(&changes.commit)),
        format!(
            "{} since {}",
            count(changes.commits.len(), "commit"),
            short(&changes.base)
        ),
        format!(
            "{} changed, +{added} -{removed}",
            count(changes.files.len(), "file")
        ),
    ];
    text.push_str(&heading.join("; "));
    text.push('\n');
    for commit in &changes.commits {
        let (id, author) = (short(&commit.id), &commit.author);
        line(
            &mut text,
            format_args!("  {id} {author}: {}", commit.subject),
        );
    }
    for change in &changes.files {
        line(&mut text, format_args!("  {}", in_a_line(change)));
    }
    for sentence in changes.left_out() {
        line(&mut text, format_args!("{sentence}"));
    }
    if detail == Detail::Patches {
        let patches = changes.files.iter();
        for (change, patch) in patches.filter_map(|it| Some((it, it.patch.as_deref()?))) {
            line(
                &mut text,
                format_args!("\n=== {}\n{}", in_a_line(change), patch.trim_end()),
            );
        }
    }
    text
}

fn in_a_line(change: &FileChange) -> String {
    let FileChange {
        file,
        is_uncommitted,
        patch: _,
    } = change;
    let old = file.old_path.as_ref();
    let from = old.map_or_else(String::new, |old| format!(" (from {old})"));
    let lines = match (file.added, file.removed) {
        (Some(added), Some(removed)) => format!(" +{added} -{removed}"),
        _ => String::new(),
    };
    let mark = if *is_uncommitted {
        ", not committed"
    } else {
        ""
    };
    format!("{}{from}: {}{lines}{mark}", file.path, file.kind.as_str())
}

fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    // A text takes whatever is written to it.
    writeln!(text, "{line}").ok();
}
