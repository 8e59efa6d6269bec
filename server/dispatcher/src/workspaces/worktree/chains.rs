//! Chains of tasks in one repository: where each begins.

use domain::task::WorkspaceKind;
use kernel::Parent;

use super::super::beginning::Lineage;
use super::super::fixture::task as fixture;
use super::super::prepare;
use super::tests::{Repository, commit_all, git};
use super::*;

/// A worktree of a task, and the branch as the board has it on record.
struct Made {
    place: PathBuf,
    branch: Branch,
}

impl Repository {
    /// The worktree of another task, whose parents have these.
    async fn task(&self, number: u32, parents: &[&Made]) -> Result<Made, Error> {
        let task = domain::task::Task {
            id: TaskId::from_bits(number),
            ..fixture(WorkspaceKind::Worktree, self.path.to_str())
        };
        let prepared = prepare(&self.home, &task, OfLane::default(), &self.known, None)?;
        let parent = |made: &&Made| Parent {
            id: made
                .branch
                .name
                .strip_prefix("kanban/")
                .unwrap()
                .parse()
                .unwrap(),
            title: "a parent".to_owned(),
            branch: Some(made.branch.name.clone()),
            repository: Some(made.branch.repository.clone()),
            commit: made.branch.tip.clone(),
            landed: made.branch.landed_commit.clone(),
            outcome: domain::outcome::TaskOutcome::default(),
            checked: None,
        };
        let lineage = Lineage {
            branch: None,
            parents: parents.iter().map(parent).collect(),
        };
        let worktree = lineage.place(prepared.worktree.unwrap());
        let token = RunToken::from_bits(number.into());
        let branch = worktree.add(&self.home, &prepared.path, &token).await?;
        Ok(Made {
            place: prepared.path,
            branch,
        })
    }

    fn commit_in_main(&self, name: &str) {
        fs::write(self.path.join(name), name).unwrap();
        commit_all(&self.path);
    }
}

impl Made {
    /// Writes a file there and commits it.
    fn works(&mut self, name: &str, text: &str) {
        fs::write(self.place.join(name), text).unwrap();
        commit_all(&self.place);
        self.branch.tip = Some(head(&self.place));
    }

    fn files(&self) -> Vec<String> {
        let files = git(&self.place, &["ls-files"]);
        files.lines().map(ToOwned::to_owned).collect()
    }
}

fn head(place: &Path) -> String {
    git(place, &["rev-parse", "HEAD"]).trim().to_owned()
}

#[tokio::test]
async fn each_of_a_chain_of_four_sees_the_work_before_it() {
    let repository = Repository::new();
    let main = git(&repository.path, &["branch", "--show-current"]);
    let mut chain: Vec<Made> = Vec::new();
    for number in 1..=4 {
        let parents: Vec<&Made> = chain.last().into_iter().collect();
        let mut made = repository.task(number, &parents).await.unwrap();
        let base = chain.last().and_then(|last| last.branch.tip.clone());
        if base.is_some() {
            assert_eq!(made.branch.base, base);
        }
        assert_eq!(made.branch.onto.as_deref(), Some(main.trim()));
        made.works(&format!("of-{number}"), "work");
        // Commits to the branch of the repository meanwhile do not concern them.
        repository.commit_in_main(&format!("main-{number}"));
        chain.push(made);
    }
    let expected = ["file", "of-1", "of-2", "of-3", "of-4"];
    assert_eq!(chain.last().unwrap().files(), expected);
}

#[tokio::test]
async fn three_parents_are_merged_in_the_order_of_their_links() {
    let repository = Repository::new();
    let mut parents = Vec::new();
    for number in 1..=3 {
        let mut made = repository.task(number, &[]).await.unwrap();
        made.works(&format!("of-{number}"), "work");
        parents.push(made);
    }
    let parents: Vec<&Made> = [2, 0, 1].iter().map(|at| &parents[*at]).collect();
    let made = repository.task(4, &parents).await.unwrap();
    assert_eq!(made.files(), ["file", "of-1", "of-2", "of-3"]);
    let log = git(&made.place, &["log", "--merges", "--format=%an <%ae> %s"]);
    let merge = |number: u32| {
        format!(
            "Kanban <kanban@localhost> Merge branch 'kanban/t_{number:08x}' into kanban/t_00000004\n"
        )
    };
    assert_eq!(log, [merge(2), merge(1)].concat());
    assert_eq!(git(&made.place, &["status", "--porcelain"]), "");
    assert_eq!(made.branch.base, Some(head(&made.place)));
}

#[tokio::test]
async fn parents_that_conflict_need_a_person_and_leave_nothing_half_made() {
    let repository = Repository::new();
    let mut parents = Vec::new();
    for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
        let mut made = repository.task(number, &[]).await.unwrap();
        made.works("file", text);
        made.works(&format!("of-{number}"), text);
        parents.push(made);
    }
    let all: Vec<&Made> = parents.iter().collect();
    let branches = git(&repository.path, &["branch", "--list"]);
    let refused = repository.task(4, &all).await.err().unwrap();
    assert!(refused.needs_a_person());
    assert_eq!(
        refused.to_string(),
        "kanban/t_00000001 and kanban/t_00000002 cannot be merged, both change file; merge \
         kanban/t_00000001 into kanban/t_00000002 by hand, then unblock the task"
    );
    assert_eq!(git(&repository.path, &["branch", "--list"]), branches);
    assert!(!repository.home.workspace(&TaskId::from_bits(4)).exists());

    // A person has done so.
    let place = &parents[1].place;
    git(
        place,
        &["merge", "--quiet", "-X", "ours", "kanban/t_00000001"],
    );
    let made = repository.task(4, &all[..2]).await.unwrap();
    assert_eq!(fs::read_to_string(made.place.join("file")).unwrap(), "two");
    assert_eq!(made.files(), ["file", "of-1", "of-2"]);
}

#[tokio::test]
async fn work_that_has_landed_is_built_on_where_it_landed() {
    let repository = Repository::new();
    let mut parent = repository.task(1, &[]).await.unwrap();
    parent.works("of-1", "work");
    git(&repository.path, &["merge", "--quiet", "kanban/t_00000001"]);
    repository.commit_in_main("later");
    let made = repository.task(2, &[&parent]).await.unwrap();
    assert_eq!(made.files(), ["file", "later", "of-1"]);
}

#[tokio::test]
async fn the_work_of_a_parent_is_found_without_its_branch_as_long_as_git_keeps_it() {
    let repository = Repository::new();
    let mut parent = repository.task(1, &[]).await.unwrap();
    parent.works("of-1", "work");
    let place = parent.place.to_str().unwrap();
    git(&repository.path, &["worktree", "remove", "--force", place]);
    git(&repository.path, &["branch", "-D", "kanban/t_00000001"]);
    let made = repository.task(2, &[&parent]).await.unwrap();
    assert_eq!(made.files(), ["file", "of-1"]);

    parent.branch.tip = Some("0".repeat(40));
    let refused = repository.task(3, &[&parent]).await.err().unwrap();
    assert!(matches!(refused, Error::ParentGone { .. }), "{refused}");
}

#[tokio::test]
async fn a_repository_on_no_branch_is_begun_at_its_commit() {
    let repository = Repository::new();
    git(&repository.path, &["checkout", "--quiet", "--detach"]);
    let made = repository.task(1, &[]).await.unwrap();
    assert_eq!(made.branch.onto, None);
    assert_eq!(made.branch.base, Some(head(&repository.path)));
}

#[tokio::test]
async fn a_branch_that_the_board_has_not_made_is_never_reused() {
    let repository = Repository::new();
    git(&repository.path, &["branch", "kanban/t_00000001"]);
    let refused = repository.task(1, &[]).await.err().unwrap();
    assert!(refused.needs_a_person());
    let said = refused.to_string();
    assert!(said.contains("rename it with `git branch -m`"), "{said}");
    assert!(!repository.home.workspace(&TaskId::from_bits(1)).exists());
}

#[tokio::test]
async fn a_branch_without_the_commit_at_which_its_task_began_is_not_its_own() {
    let repository = Repository::new();
    repository.commit_in_main("second");
    let made = repository.made(Some(&repository.path), None).await;
    let place = made.path.to_str().unwrap();
    git(&repository.path, &["worktree", "remove", place]);
    git(
        &repository.path,
        &["branch", "--force", "kanban/t_00000001", "HEAD~"],
    );
    let prepared = repository.prepare(Some(&repository.path), None).unwrap();
    let known = repository.branch.lock().unwrap().clone();
    let worktree = Worktree {
        known,
        ..prepared.worktree.unwrap()
    };
    let token = RunToken::from_bits(1);
    let refused = worktree
        .begin(&repository.home, &token)
        .await
        .err()
        .unwrap();
    assert!(matches!(refused, Error::StaleBranch { .. }), "{refused}");
}
