//! Worktrees of a board that is in another home than the one that made them.

use domain::task::WorkspaceKind;

use super::super::fixture::task;
use super::super::{Prepared, prepare};
use super::tests::{Repository, commit_all, git};
use super::*;

/// The workspace of the task in another home, as the board has it there once it has settled in.
fn prepared_in(repository: &Repository, home: &Home, first: &Prepared) -> Result<Prepared, Error> {
    let own = home.workspace(&TaskId::from_bits(1));
    let task = task(WorkspaceKind::Worktree, own.to_str());
    let made = first.ours.clone().map(|made| Workspace {
        path: own.display().to_string(),
        ..made
    });
    let lane = OfLane::default();
    prepare(home, &task, lane, &repository.known, made.as_ref())
}

fn another_home(repository: &Repository) -> Home {
    Home::at(repository.folder.path().join("other")).unwrap()
}

#[tokio::test]
async fn a_branch_that_the_original_works_on_is_not_checked_out_twice() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    let refused = prepared_in(&repository, &another_home(&repository), &first).unwrap_err();
    assert!(refused.needs_a_person());
    assert_eq!(
        refused.to_string(),
        format!(
            "the branch kanban/t_00000001 is checked out in {}; remove that with `git worktree \
             remove`, then unblock the task",
            first.path.display()
        )
    );
}

#[tokio::test]
async fn a_branch_whose_worktree_stayed_behind_and_is_gone_is_checked_out_anew() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    fs::write(first.path.join("file"), "second").unwrap();
    commit_all(&first.path);
    fs::remove_dir_all(&first.path).unwrap();
    let home = another_home(&repository);
    let again = prepared_in(&repository, &home, &first).unwrap();
    let known = repository.branch.lock().unwrap().clone();
    let worktree = Worktree {
        known,
        ..again.worktree.unwrap()
    };
    let token = RunToken::from_bits(1);
    worktree.add(&home, &again.path, &token).await.unwrap();
    assert_eq!(again.path, home.workspace(&TaskId::from_bits(1)));
    let found = fs::read_to_string(again.path.join("file")).unwrap();
    assert_eq!(found, "second");
}

#[tokio::test]
async fn the_copy_of_a_worktree_is_not_worked_in_and_one_that_was_moved_is() {
    let repository = Repository::new();
    let first = repository.made(Some(&repository.path), None).await;
    let home = another_home(&repository);
    let own = home.workspace(&TaskId::from_bits(1));
    fs::create_dir_all(&own).unwrap();
    for name in [".git", "file"] {
        fs::copy(first.path.join(name), own.join(name)).unwrap();
    }
    let refused = prepared_in(&repository, &home, &first).unwrap_err();
    assert!(refused.needs_a_person());
    let said = refused.to_string();
    let told = format!("is a copy of the worktree {}", first.path.display());
    assert!(said.contains(&told), "{said}");

    fs::remove_dir_all(&own).unwrap();
    fs::rename(&first.path, &own).unwrap();
    let moved = prepared_in(&repository, &home, &first).unwrap();
    assert_eq!((&moved.path, &moved.worktree), (&own, &None));
    assert_eq!(git(&own, &["status", "--porcelain"]), "");
}
