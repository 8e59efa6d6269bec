//! The changes of a task as text, for terminals, browsers and reviewers.

use std::fmt::{Arguments, Write as _};

use super::{Changes, FileChange};
use crate::branch::short;
use crate::id::TaskId;
use crate::text::first_of;

/// The longest text of the changes that a reviewer is given, in bytes: some 16,000 words of a model.
pub const MOST_TO_REVIEW: usize = 64 * 1024;

/// The part of the changes that a text has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The commits, and the files with the number of lines.
    Files,
    /// The patches too.
    Patches,
}

impl Changes {
    /// Returns the changes as text.
    pub fn text(&self, detail: Detail) -> String {
        let mut text = self.summary();
        if detail == Detail::Patches {
            for patch in self.files.iter().filter_map(patch) {
                text.push_str(&patch);
            }
        }
        text
    }

    /// Returns the changes as text of at most [`MOST_TO_REVIEW`] bytes. A patch that does not fit is left
    /// out as a whole, and named.
    pub fn to_review(&self, task: &TaskId) -> String {
        let mut text = self.summary();
        if text.len() > MOST_TO_REVIEW / 2 {
            text.truncate(text.floor_char_boundary(MOST_TO_REVIEW / 2));
            text.push_str("…\n");
        }
        // The last part needs room as well.
        let mut room = MOST_TO_REVIEW.saturating_sub(text.len() + 4 * 1024);
        let mut left_out = Vec::new();
        for change in &self.files {
            let Some(patch) = patch(change) else { continue };
            match room.checked_sub(patch.len()) {
                Some(rest) => {
                    room = rest;
                    text.push_str(&patch);
                }
                None => left_out.push(shortened(&change.file.path)),
            }
        }
        if !left_out.is_empty() {
            let count = left_out.len();
            let names = first_of(left_out, count);
            line(
                &mut text,
                format_args!(
                    "\nThe patches of {names} are left out here; `kanban diff {task}` shows them."
                ),
            );
        }
        text
    }

    fn summary(&self) -> String {
        let mut text = String::new();
        let (added, removed) = self.lines();
        let heading = [
            format!("{} at {}", self.branch, short(&self.commit)),
            format!(
                "{} since {}",
                count(self.commits.len(), "commit"),
                short(&self.base)
            ),
            format!(
                "{} changed, +{added} -{removed}",
                count(self.files.len(), "file")
            ),
        ];
        line(&mut text, format_args!("{}", heading.join("; ")));
        for commit in &self.commits {
            let (id, author) = (short(&commit.id), &commit.author);
            line(
                &mut text,
                format_args!("  {id} {author}: {}", commit.subject),
            );
        }
        for change in &self.files {
            line(&mut text, format_args!("  {}", in_a_line(change)));
        }
        for sentence in self.left_out() {
            line(&mut text, format_args!("{sentence}"));
        }
        text
    }
}

fn patch(change: &FileChange) -> Option<String> {
    let patch = change.patch.as_deref()?.trim_end();
    Some(format!("\n=== {}\n{patch}\n", in_a_line(change)))
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

/// The beginning of a path: one may have 4 KiB.
fn shortened(path: &str) -> String {
    path.chars().take(120).collect()
}

fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

fn line(text: &mut String, line: Arguments<'_>) {
    // A text takes whatever is written to it.
    writeln!(text, "{line}").ok();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::{ChangeKind, ChangedFile};

    fn change(path: &str, patch: String) -> FileChange {
        FileChange {
            file: ChangedFile {
                path: path.to_owned(),
                old_path: None,
                kind: ChangeKind::Changed,
                added: Some(1),
                removed: Some(0),
            },
            is_uncommitted: false,
            patch: Some(patch),
        }
    }

    fn changes(files: Vec<FileChange>) -> Changes {
        Changes {
            branch: "kanban/t_1".to_owned(),
            base: "a".repeat(40),
            commit: "b".repeat(40),
            commits: Vec::new(),
            more_commits: 0,
            files,
            more_files: 0,
            is_cut: false,
        }
    }

    #[test]
    fn what_a_reviewer_is_given_is_bounded_and_names_what_it_leaves_out() {
        let task = TaskId::from_bits(1);
        let long = format!("@@ -1 +1 @@\n+{}\n", "x".repeat(MOST_TO_REVIEW));
        let small = "@@ -1 +1 @@\n+small\n".to_owned();
        let text = changes(vec![change("long", long), change("small", small)]).to_review(&task);
        assert!(text.contains("=== small: changed +1 -0\n@@ -1 +1 @@\n+small\n"));
        let said = "The patches of long are left out here; `kanban diff t_00000001` shows them.\n";
        assert!(text.ends_with(said), "{text}");

        let many =
            (0..300).map(|it| change(&format!("{it}{}", "p".repeat(3_000)), "@@ x\n".into()));
        let text = changes(many.collect()).to_review(&task);
        assert!(text.len() <= MOST_TO_REVIEW, "{}", text.len());
    }
}
