//! The changes between a commit and another, or the files of a worktree, as git tells them.

use std::collections::BTreeMap;

use domain::changes::{ChangeKind, ChangedFile, Commit, MOST_COMMITS, MOST_FILES, MOST_PATCH};
use domain::text;
use domain::time::Timestamp;

use super::Error;
use super::git::{Answer, Limit};
use super::repository::{Listed, Repository};

/// The longest list of files or commits that is read, in bytes.
const LIST: u64 = 1024 * 1024;

/// The longest patch that is compared with another, in bytes.
const LONGEST_PATCH: u64 = 16 * 1024 * 1024;

/// The most times that git is asked for the patches behind one that was too long.
const MOST_TURNS: u32 = 16;

/// The place in which git compares.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side<'a> {
    /// A worktree: its files, committed or not.
    Files(&'a Listed<'a>),
    /// A commit of the repository.
    Commit(&'a Repository, &'a str),
}

/// Part of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing<T> {
    pub(crate) listed: Vec<T>,
    /// The number of those that are left out.
    pub(crate) more: u32,
}

impl Side<'_> {
    async fn ask(self, most: u64, arguments: &[&str]) -> Result<Answer, Error> {
        let answer = match self {
            Self::Files(files) => files.ask(Limit::Scan, most, arguments).await,
            Self::Commit(repository, _) => repository.ask(None, Limit::Scan, most, arguments).await,
        };
        answer?.succeeded()
    }

    /// Compares with `base`, by no program but git itself: of all files, or of those at these paths.
    async fn diff(
        self,
        base: &str,
        most: u64,
        format: &[&str],
        paths: &[String],
    ) -> Result<Answer, Error> {
        let mut arguments = vec![
            "diff",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--find-renames",
            "--submodule=short",
            // Git would run in each submodule, by the settings that it finds there.
            "--ignore-submodules=dirty",
            "--src-prefix=a/",
            "--dst-prefix=b/",
        ];
        arguments.extend(format);
        arguments.push(base);
        if let Self::Commit(_, commit) = self {
            arguments.push(commit);
        }
        arguments.push("--");
        arguments.extend(paths.iter().map(String::as_str));
        self.ask(most, &arguments).await
    }

    /// Returns the files that differ from `base`.
    pub(crate) async fn changed_files(self, base: &str) -> Result<Listing<ChangedFile>, Error> {
        let format = ["--raw", "--numstat", "-z", "--abbrev=40"];
        let answer = self.diff(base, LIST, &format, &[]).await?;
        let mut listed = changed_files(&answer.text);
        let mut count = listed.len();
        if answer.is_cut {
            let summary = self.diff(base, LIST, &["--shortstat"], &[]).await?.text;
            let number = summary.split_whitespace().next();
            count = number.and_then(|it| it.parse().ok()).unwrap_or(count);
        }
        listed.truncate(MOST_FILES);
        let more = u32::try_from(count.saturating_sub(listed.len())).unwrap_or(u32::MAX);
        Ok(Listing { listed, more })
    }

    /// Returns the patches of these files, each without its heading, and whether some are left out: those
    /// that do not fit any more hide none that does.
    pub(crate) async fn patches(
        self,
        base: &str,
        files: &[ChangedFile],
    ) -> Result<(BTreeMap<String, String>, bool), Error> {
        let mut found = BTreeMap::new();
        let (mut rest, mut room) = (files, MOST_PATCH);
        for turn in 0..MOST_TURNS {
            // The first time git looks at all of them, which are more where the list was cut.
            let paths = if turn == 0 {
                Vec::new()
            } else {
                paths_of(rest)
            };
            let most = u64::try_from(room).unwrap_or(u64::MAX);
            let answer = self.diff(base, most, &["--patch"], &paths).await?;
            let (patches, after) = patches(&answer, rest);
            let length: usize = patches.values().map(String::len).sum();
            room = room.saturating_sub(length);
            found.extend(patches);
            if !answer.is_cut {
                return Ok((found, turn > 0));
            }
            rest = rest.get(after..).unwrap_or_default();
            if rest.is_empty() || room == 0 {
                break;
            }
        }
        Ok((found, true))
    }

    /// Returns the beginning of all patches together, as git prints them.
    pub(crate) async fn patch_text(self, base: &str) -> Result<String, Error> {
        let answer = self.diff(base, LONGEST_PATCH, &["--patch"], &[]).await?;
        Ok(answer.text)
    }

    /// Returns the commits from `base` to `commit`, newest first.
    pub(crate) async fn commits(self, base: &str, commit: &str) -> Result<Listing<Commit>, Error> {
        let most = format!("--max-count={}", MOST_COMMITS + 1);
        let range = format!("{base}..{commit}");
        let arguments = [
            "log",
            "-z",
            "--no-show-signature",
            "--no-color",
            "--format=tformat:%H%x00%an%x00%ct%x00%s",
            &most,
            &range,
            "--",
        ];
        let mut listed = commits(&self.ask(LIST, &arguments).await?.text);
        let mut more = 0;
        if listed.len() > MOST_COMMITS {
            let count = self
                .ask(LIST, &["rev-list", "--count", &range, "--"])
                .await?;
            let count: usize = count.text.trim().parse().unwrap_or(listed.len());
            listed.truncate(MOST_COMMITS);
            more = u32::try_from(count.saturating_sub(MOST_COMMITS)).unwrap_or(u32::MAX);
        }
        Ok(Listing { listed, more })
    }
}

/// Reads `git diff --raw --numstat -z`: first a record of each file, then its lines.
fn changed_files(text: &str) -> Vec<ChangedFile> {
    let mut files: Vec<ChangedFile> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut parts = text.split('\0');
    while let Some(record) = parts.next() {
        if let Some(about) = record.strip_prefix(':') {
            let status = about.rsplit(' ').next().unwrap_or_default();
            let Some(path) = parts.next() else { break };
            let (kind, old_path, path) = match status.chars().next() {
                Some('A') => (ChangeKind::Added, None, path),
                Some('D') => (ChangeKind::Removed, None, path),
                Some('R' | 'C') => match parts.next() {
                    Some(new) => (ChangeKind::Renamed, Some(path.to_owned()), new),
                    None => break,
                },
                _ => (ChangeKind::Changed, None, path),
            };
            places.insert(path.to_owned(), files.len());
            files.push(ChangedFile {
                path: path.to_owned(),
                old_path,
                kind,
                added: None,
                removed: None,
            });
            continue;
        }
        let mut counts = record.splitn(3, '\t');
        let (Some(added), Some(removed), Some(path)) =
            (counts.next(), counts.next(), counts.next())
        else {
            continue;
        };
        // Of a renamed file both paths follow.
        let path = if path.is_empty() {
            parts.next();
            parts.next().unwrap_or_default()
        } else {
            path
        };
        let place = places.get(path).and_then(|place| files.get_mut(*place));
        if let Some(file) = place {
            file.added = added.parse().ok();
            file.removed = removed.parse().ok();
            if file.added.is_none() {
                file.kind = ChangeKind::Binary;
            }
        }
    }
    files
}

/// The paths of these files as git takes them, whatever they look like; of a renamed one both.
fn paths_of(files: &[ChangedFile]) -> Vec<String> {
    let paths = files.iter().flat_map(|file| {
        let old = file.old_path.as_deref();
        [Some(file.path.as_str()), old].into_iter().flatten()
    });
    paths.map(|path| format!(":(top,literal){path}")).collect()
}

/// Reads `git diff --patch`. Of an output that is cut, the last patch ends in the middle and is left out;
/// the number of files up to that one is returned as well.
fn patches(answer: &Answer, files: &[ChangedFile]) -> (BTreeMap<String, String>, usize) {
    let headings: BTreeMap<String, (usize, &str)> = files
        .iter()
        .enumerate()
        .map(|(at, file)| {
            let old = file.old_path.as_deref().unwrap_or(&file.path);
            let (old, new) = (quoted("a/", old), quoted("b/", &file.path));
            (format!("{old} {new}"), (at, &*file.path))
        })
        .collect();
    let mut patches: BTreeMap<String, String> = BTreeMap::new();
    // Each line of a file begins with a sign, so this is never one.
    let text = format!("\n{}", answer.text);
    let mut parts: Vec<&str> = text.split("\ndiff --git ").skip(1).collect();
    let cut = if answer.is_cut { parts.pop() } else { None };
    let mut after = 0;
    for part in parts {
        let (heading, rest) = part.split_once('\n').unwrap_or((part, ""));
        let hunks = match rest.strip_prefix("@@ ") {
            Some(_) => Some(rest),
            None => rest
                .split_once("\n@@ ")
                .map(|(before, _)| rest.get(before.len() + 1..).unwrap_or_default()),
        };
        let Some((at, path)) = headings.get(heading) else {
            continue;
        };
        after = after.max(at + 1);
        if let Some(hunks) = hunks {
            let patch = patches.entry((*path).to_owned()).or_default();
            patch.push_str(&text::lines(hunks.trim_end_matches('\n')));
            patch.push('\n');
        }
    }
    if let Some(cut) = cut {
        // If even its heading is cut, it is the next one.
        let heading = cut.split_once('\n').map(|(heading, _)| heading);
        let place = heading.and_then(|heading| headings.get(heading));
        let (at, path) = place.copied().unwrap_or((after, ""));
        // A file that became a link has two patches.
        patches.remove(path);
        after = at + 1;
    }
    (patches, after)
}

/// A path with its prefix, as git writes it in the heading of a patch (quote.c).
fn quoted(prefix: &str, path: &str) -> String {
    let is_plain = |it: char| !it.is_ascii_control() && it != '"' && it != '\\';
    if path.chars().all(is_plain) {
        return format!("{prefix}{path}");
    }
    let mut quoted = format!("\"{prefix}");
    for it in path.chars() {
        match it {
            '"' | '\\' => quoted.extend(['\\', it]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\t' => quoted.push_str("\\t"),
            '\n' => quoted.push_str("\\n"),
            '\u{b}' => quoted.push_str("\\v"),
            '\u{c}' => quoted.push_str("\\f"),
            '\r' => quoted.push_str("\\r"),
            it if it.is_ascii_control() => {
                let octal = format!("\\{:03o}", u32::from(it));
                quoted.push_str(&octal);
            }
            it => quoted.push(it),
        }
    }
    quoted.push('"');
    quoted
}

/// Reads the commits of `git log -z`, whose fields end as its records do.
fn commits(text: &str) -> Vec<Commit> {
    let fields: Vec<&str> = text.split('\0').collect();
    let commits = fields.chunks_exact(4).filter_map(|fields| match fields {
        [id, author, at, subject] => Some(Commit {
            id: (*id).to_owned(),
            author: text::one_line(author).into_owned(),
            at: Timestamp(at.parse().ok()?),
            subject: text::one_line(subject).into_owned(),
        }),
        _ => None,
    });
    commits.collect()
}
