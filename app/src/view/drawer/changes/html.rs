//! The changes of a task as HTML: the commits since its base, and each file with its patch.

use domain::branch::short;
use domain::changes::{ChangeKind, Changes, Commit, FileChange};
use leptos::prelude::*;
use state::age;

/// A longer patch is folded, in lines.
const LONGEST_OPEN: usize = 60;

/// Returns the changes as HTML that is safe to show: all text in it is escaped.
pub(crate) fn html(changes: &Changes) -> String {
    let (added, removed) = changes.lines();
    let commits = count(changes.commits.len(), changes.more_commits, "commit");
    let files = count(changes.files.len(), changes.more_files, "file");
    let since = format!("{commits} since {}, {files} changed ", short(&changes.base));
    let left_out = changes.left_out().into_iter();
    let left_out = left_out.map(|sentence| view! { <p class="left-out">{sentence}</p> });
    view! {
        <p class="summary">{since}<Lines added=Some(added) removed=Some(removed)/></p>
        <ol class="commits" role="list">
            {changes.commits.iter().map(|commit| view! { <CommitLine commit=commit.clone()/> }).collect_view()}
        </ol>
        <ul class="files" role="list">
            {changes.files.iter().map(|file| view! { <File change=file.clone()/> }).collect_view()}
        </ul>
        {left_out.collect_view()}
    }
    .to_html()
}

fn count(listed: usize, more: u32, one: &str) -> String {
    let all = u32::try_from(listed)
        .unwrap_or(u32::MAX)
        .saturating_add(more);
    let plural = if all == 1 { "" } else { "s" };
    format!("{all} {one}{plural}")
}

#[component]
fn CommitLine(commit: Commit) -> impl IntoView {
    let Commit {
        id,
        author,
        at,
        subject,
    } = commit;
    let day: String = age::rfc3339(at).chars().take(10).collect();
    view! {
        <li>
            <code title=id.clone()>{short(&id).to_owned()}</code>
            <span class="subject" dir="auto">{subject}</span>
            <span class="author" dir="auto">{author}", "{day}</span>
        </li>
    }
}

#[component]
fn File(change: FileChange) -> impl IntoView {
    let FileChange {
        file,
        is_uncommitted,
        patch,
    } = change;
    let old = file.old_path.map(|old| [&old, " → "].concat());
    let mark = is_uncommitted.then(|| view! { <span class="mark">"not committed"</span> });
    let sign = match file.kind {
        ChangeKind::Added => "A",
        ChangeKind::Removed => "D",
        ChangeKind::Renamed => "R",
        ChangeKind::Changed => "M",
        ChangeKind::Binary => "B",
    };
    let kind = file.kind.as_str();
    let head = view! {
        <span class="kind" title=kind aria-label=kind role="img">{sign}</span>
        <span class="path" dir="auto">{old}{file.path}</span>
        {mark}
        <Lines added=file.added removed=file.removed/>
    };
    match patch {
        Some(patch) => {
            let is_open = patch.lines().count() <= LONGEST_OPEN;
            view! {
                <li data-kind=kind>
                    <details open=is_open>
                        <summary>{head}</summary>
                        <pre tabindex="0" dir="ltr">{pieces(&patch)}</pre>
                    </details>
                </li>
            }
            .into_any()
        }
        None => view! { <li data-kind=kind><div class="head">{head}</div></li> }.into_any(),
    }
}

/// The lines of a patch; those in a row of the same kind in one element.
fn pieces(patch: &str) -> impl IntoView + use<> {
    let kind = |line: &str| match line.as_bytes().first() {
        Some(b'+') => "added",
        Some(b'-') => "removed",
        Some(b'@') => "place",
        _ => "same",
    };
    let lines: Vec<&str> = patch.lines().collect();
    let pieces = lines.chunk_by(|one, other| kind(one) == kind(other));
    let pieces = pieces.map(|lines| {
        let kind = lines.first().map(|line| kind(line));
        view! { <span data-kind=kind>{lines.join("\n") + "\n"}</span> }
    });
    pieces.collect_view()
}

#[component]
fn Lines(added: Option<u32>, removed: Option<u32>) -> impl IntoView {
    added.zip(removed).map(|(added, removed)| {
        view! {
            <span class="lines">
                <span class="added">{format!("+{added}")}</span>" "
                <span class="removed">{format!("−{removed}")}</span>
            </span>
        }
    })
}

#[cfg(test)]
mod tests {
    use domain::changes::ChangedFile;
    use domain::fixture::NOW;

    use super::*;

    fn changes() -> Changes {
        let file = |path: &str, patch: Option<String>| FileChange {
            file: ChangedFile {
                path: path.to_owned(),
                old_path: Some("old.md".to_owned()),
                kind: ChangeKind::Renamed,
                added: Some(1),
                removed: Some(2),
            },
            is_uncommitted: true,
            patch,
        };
        let long = (0..=LONGEST_OPEN).map(|_| "+x\n").collect();
        Changes {
            branch: "kanban/t_1".to_owned(),
            base: "0123456789abcdef".to_owned(),
            commit: "fedcba9876543210".to_owned(),
            commits: vec![Commit {
                id: "fedcba9876543210".to_owned(),
                author: "<b>ada".to_owned(),
                at: NOW,
                subject: "Count <i>words".to_owned(),
            }],
            more_commits: 2,
            files: vec![
                file(
                    "<i>.md",
                    Some("@@ -1 +1 @@\n-<old>\n+<new>\n+more\n".to_owned()),
                ),
                file("long.md", Some(long)),
                file("picture.png", None),
            ],
            more_files: 0,
            is_cut: false,
        }
    }

    #[test]
    fn files_and_commits_are_text_and_a_long_patch_is_folded() {
        let html = Owner::new().with(|| html(&changes()));
        for part in [
            "3 commits since 0123456789, 3 files changed ",
            "Count &lt;i&gt;words",
            "old.md → ",
            "&lt;i&gt;.md",
            "not committed",
            "<span data-kind=\"removed\">-&lt;old&gt;\n</span>",
            "<span data-kind=\"added\">+&lt;new&gt;\n+more\n</span>",
            "2 more commits are not listed.",
        ] {
            assert!(html.contains(part), "no {part} in {html}");
        }
        assert_eq!(html.matches("<details open").count(), 1, "{html}");
        assert_eq!(html.matches("<details").count(), 2, "{html}");
        assert!(!html.contains("<i>"), "{html}");
    }
}
