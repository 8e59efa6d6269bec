//! Files in the checkout of a target that git would write over or delete: what it is told to ignore, and what
//! lies in a submodule. And those that it would write otherwise than somebody who works there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::task::spawn_blocking;

use super::super::Error;
use super::super::beginning::PATHS;
use super::super::git::Limit;
use super::super::repository::Listed;
use super::super::worktree::is_occupied;

/// The number of paths of which git is asked for their filters in one go.
const ASKED: usize = 500;

/// The mode of a submodule in a tree (git-fast-import(1)).
const SUBMODULE: &str = "160000";

/// A path that differs between two commits.
struct Difference {
    old_mode: String,
    /// `A` added, `D` deleted, `M` modified, `T` of another type.
    status: char,
    path: String,
}

/// Refuses to turn the files of a checkout from one commit into another where something would be lost by
/// that, or where a filter would have to run that may not.
pub(super) async fn refuse(
    checkout: &Listed<'_>,
    from: &str,
    to: &str,
    is_trusted: bool,
) -> Result<(), Error> {
    let differences = differences(checkout, from, to).await?;
    if !is_trusted {
        refuse_filtered(checkout, &differences).await?;
    }
    let place = checkout.place().to_owned();
    let job = place.clone();
    let found = spawn_blocking(move || first_in_the_way(&job, &differences)).await;
    let found = found.map_err(|cause| Error::CannotEnter {
        path: place,
        cause: cause.into(),
    })?;
    found.map_or(Ok(()), |path| Err(Error::InTheWay(path)))
}

async fn differences(
    checkout: &Listed<'_>,
    from: &str,
    to: &str,
) -> Result<Vec<Difference>, Error> {
    let raw = ["diff-tree", "-r", "-z", "--raw", "--no-renames", from, to];
    let answer = checkout.ask(Limit::Scan, PATHS, &raw).await?;
    let text = answer.whole()?.succeeded()?.text;
    let mut parts = text.split('\0');
    let mut found = Vec::new();
    // `:MODE MODE ID ID STATUS`, and the path behind it.
    while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
        let mut words = about.trim_start_matches(':').split(' ');
        let old_mode = words.next().unwrap_or_default().to_owned();
        let status = words.next_back().and_then(|status| status.chars().next());
        found.push(Difference {
            old_mode,
            status: status.unwrap_or('M'),
            path: path.to_owned(),
        });
    }
    Ok(found)
}

/// Returns the first path that git does not know and would write over or delete. It blocks.
fn first_in_the_way(place: &Path, differences: &[Difference]) -> Option<PathBuf> {
    let deleted = differences.iter().filter(|it| it.status == 'D');
    let deleted: BTreeSet<&str> = deleted.map(|it| it.path.as_str()).collect();
    let in_the_way = differences.iter().find(|it| {
        let at = place.join(&it.path);
        let was_submodule = it.old_mode == SUBMODULE && is_occupied(&at);
        match it.status {
            'A' => is_unknown(place, &it.path, &deleted),
            'T' => was_submodule,
            _ => false,
        }
    });
    in_the_way.map(|it| place.join(&it.path))
}

/// Returns true for a new path at which, or above which, there is something that is no folder and is not
/// deleted by the same step; and for a folder that does not go by it.
fn is_unknown(place: &Path, path: &str, deleted: &BTreeSet<&str>) -> bool {
    let at = place.join(path);
    if let Ok(found) = at.symlink_metadata() {
        return !(found.is_dir() && only_goes(&at, path, deleted));
    }
    let above = Path::new(path).ancestors().skip(1);
    let mut above = above.filter(|it| !it.as_os_str().is_empty());
    above.any(|above| {
        let found = place.join(above).symlink_metadata();
        let is_known = above.to_str().is_some_and(|above| deleted.contains(above));
        found.is_ok_and(|found| !found.is_dir()) && !is_known
    })
}

/// Returns true for a folder in which all is deleted by the same step.
fn only_goes(folder: &Path, path: &str, deleted: &BTreeSet<&str>) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().all(|entry| {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return false;
        };
        let path = format!("{path}/{name}");
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder {
            only_goes(&entry.path(), &path, deleted)
        } else {
            deleted.contains(path.as_str())
        }
    })
}

/// Refuses files that a program would have to turn into what whoever works there expects.
async fn refuse_filtered(checkout: &Listed<'_>, differences: &[Difference]) -> Result<(), Error> {
    let written = differences.iter().filter(|it| it.status != 'D');
    let paths: Vec<&str> = written.map(|it| it.path.as_str()).collect();
    for paths in paths.chunks(ASKED) {
        let ask = ["check-attr", "-z", "filter", "--"];
        let ask = [&ask[..], paths].concat();
        let answer = checkout.ask(Limit::Scan, PATHS, &ask).await?;
        let text = answer.whole()?.succeeded()?.text;
        let mut parts = text.split('\0');
        while let (Some(path), Some(_), Some(filter)) = (parts.next(), parts.next(), parts.next()) {
            if !matches!(filter, "unspecified" | "unset") {
                return Err(Error::Filtered {
                    path: checkout.place().join(path),
                    filter: filter.to_owned(),
                });
            }
        }
    }
    Ok(())
}
