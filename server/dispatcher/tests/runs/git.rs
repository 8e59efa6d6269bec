//! Tasks in worktrees, with real workers: what receipts say of their commits, and where the next begin.

use std::path::Path;
use std::process::Command;

use domain::changes::ChangeKind;
use domain::check::Verdict;
use domain::command::{CreateTask, SnoozeTask};
use domain::id::TaskId;
use domain::run::Outcome;
use domain::status::Status;
use domain::task::{TaskDetail, WorkspaceKind};

use crate::harness::{Board, count_of, last_end};

/// Commits everything, as whoever works there.
pub(crate) const COMMIT: &str =
    "git add --all && git -c user.name=a -c user.email=a@b commit -qm work";

impl Board {
    /// A board that knows a repository, with its path.
    pub(crate) fn with_repository() -> (Self, String) {
        let board = Self::new();
        let repository = board.repository().display().to_string();
        board.configure(&format!("[board]\nrepositories = [{repository:?}]"));
        (board, repository)
    }

    pub(crate) fn in_worktree(&self, repository: &str, script: &str) -> CreateTask {
        CreateTask {
            workspace_kind: WorkspaceKind::Worktree,
            workspace_path: Some(repository.to_owned()),
            ..self.task("shell", script)
        }
    }

    /// A task that is done at its second attempt, which does not rest.
    async fn done_at_second_attempt(&self, new: CreateTask) -> TaskDetail {
        let task = self.create_task(new).await;
        let dispatcher = self.start().await;
        self.until_event(&task, "attempt_failed").await;
        self.until_all_is_settled().await;
        let snooze = SnoozeTask {
            task: task.clone(),
            until: None,
            span: None,
        };
        self.told(snooze).await;
        let done = self.until_status(&task, Status::Done).await;
        dispatcher.stop().await;
        done
    }
}

#[track_caller]
pub(crate) fn git(place: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    let git = git.args(["-c", "user.name=a", "-c", "user.email=a@b"]);
    let output = git.args(arguments).current_dir(place).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(crate) fn place(detail: &TaskDetail) -> &Path {
    Path::new(detail.task.workspace_path.as_deref().unwrap())
}

#[tokio::test]
async fn a_repository_that_was_listed_a_moment_ago_blocks_no_task() {
    let board = Board::new();
    let repository = board.repository().display().to_string();
    let dispatcher = board.start().await;
    board.configure(&format!("[board]\nrepositories = [{repository:?}]"));
    let task = board
        .create_task(board.in_worktree(&repository, "true"))
        .await;
    let over = board
        .until(&task, |it| {
            matches!(it.task.status, Status::Done | Status::Blocked)
        })
        .await;
    dispatcher.stop().await;
    assert_eq!(over.task.status, Status::Done, "{:?}", over.task.last_error);
}

#[tokio::test]
async fn a_receipt_has_the_commit_that_the_check_saw_and_what_changed_since_the_base() {
    let (board, repository) = Board::with_repository();
    let base = git(Path::new(&repository), &["rev-parse", "HEAD"]);
    let main = git(Path::new(&repository), &["branch", "--show-current"]);
    let script = format!("printf 'one\\ntwo\\n' > made; {COMMIT}; echo left > over");
    let task = CreateTask {
        check: Some("test -e made && rm over".to_owned()),
        ..board.in_worktree(&repository, &script)
    };
    let done = board.came_of(task, "completed").await;
    let git_facts = &done.receipts[0].check.git;
    let head = git(place(&done), &["rev-parse", "HEAD"]);
    assert_eq!(git_facts.commit.as_deref(), Some(&*head));
    assert_eq!(git_facts.base.as_deref(), Some(&*base));
    // As it was when the check began.
    assert_eq!(
        (git_facts.is_clean, &git_facts.commit_after),
        (Some(false), &None)
    );
    let files: Vec<_> = git_facts
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.kind, file.added))
        .collect();
    let expected = [
        ("made", ChangeKind::Added, Some(2)),
        ("over", ChangeKind::Added, None),
    ];
    assert_eq!(files, expected);
    let branch = done.branch.as_ref().unwrap();
    assert_eq!(branch.name, format!("kanban/{}", done.task.id));
    assert_eq!(
        (&branch.base, &branch.onto),
        (&Some(base.clone()), &Some(main.clone()))
    );
    assert_eq!(branch.tip, Some(head));
    assert!(!done.has_changed_since_check());
    let log = board.log(&done.task.id).await;
    let heading = format!(
        "──── branch {} from {} of {main} ────\n",
        branch.name,
        &base[..10]
    );
    assert!(log.contains(&heading), "{log}");
}

#[tokio::test]
async fn a_check_that_commits_is_named_by_its_receipt_and_is_no_seal_on_what_is_there_now() {
    let (board, repository) = Board::with_repository();
    let task = CreateTask {
        check: Some(format!("touch sneaked; {COMMIT}")),
        ..board.in_worktree(&repository, "true")
    };
    let done = board.came_of(task, "completed").await;
    let git_facts = &done.receipts[0].check.git;
    let head = git(place(&done), &["rev-parse", "HEAD"]);
    assert_eq!(git_facts.commit_after, Some(head));
    assert_eq!(git_facts.commit, git_facts.base);
    assert!(done.has_changed_since_check());
}

#[tokio::test]
async fn work_on_another_branch_than_the_tasks_is_sent_back_unchecked() {
    let (board, repository) = Board::with_repository();
    let script = format!(
        "if test -e made; then git branch -qf kanban/$KANBAN_TASK HEAD; \
         else git checkout -qb elsewhere && touch made && {COMMIT}; fi"
    );
    let task = CreateTask {
        check: Some("test -e made".to_owned()),
        ..board.in_worktree(&repository, &script)
    };
    let done = board.came_of(task, "completed").await;
    let [red, green] = done.receipts.as_slice() else {
        panic!("{:?}", done.receipts);
    };
    let said = format!(
        "the work is on branch elsewhere, and what builds on it begins at kanban/{0}; commit it to \
         kanban/{0}",
        done.task.id
    );
    assert_eq!(
        (red.check.verdict, red.check.output.as_str()),
        (Verdict::NotStarted, &*said)
    );
    assert_eq!(done.task.failures, 0);
    // It is the commit that counts, and not the name of the branch.
    assert_eq!(green.check.verdict, Verdict::Passed);
    assert_eq!(green.check.git.commit, done.branch.unwrap().tip);
}

#[tokio::test]
async fn a_branch_that_the_worker_renamed_is_missed_by_the_check() {
    let (board, repository) = Board::with_repository();
    let script = format!("git branch -m elsewhere; echo x >> made; {COMMIT}");
    let task = CreateTask {
        check: Some("true".to_owned()),
        ..board.in_worktree(&repository, &script)
    };
    let red = board.came_of(task, "check_failed").await;
    assert_eq!(red.receipts[0].check.verdict, Verdict::NotStarted);
}

#[tokio::test]
async fn a_receipt_says_why_git_could_not_be_asked() {
    let (board, repository) = Board::with_repository();
    let task = CreateTask {
        check: Some("true".to_owned()),
        ..board.in_worktree(&repository, "rm .git")
    };
    let red = board.came_of(task, "check_failed").await;
    let check = &red.receipts[0].check;
    let words = check.git_words().unwrap();
    let said = "git could not be asked: ";
    assert!(
        words.starts_with(said) && words.contains("worktree"),
        "{words}"
    );
    // Nor does anything follow from what is on no branch.
    assert_eq!(check.verdict, Verdict::NotStarted);
    let said = "is no worktree any more";
    assert!(check.output.contains(said), "{check:?}");
}

#[tokio::test]
async fn a_commit_after_the_check_is_noticed_and_told() {
    let (board, repository) = Board::with_repository();
    let task = CreateTask {
        check: Some("true".to_owned()),
        ..board.in_worktree(&repository, &format!("touch made; {COMMIT}"))
    };
    let done = board.came_of(task, "completed").await;
    assert!(!done.has_changed_since_check());
    let empty = ["commit", "--quiet", "--allow-empty", "--message=later"];
    git(place(&done), &empty);
    let dispatcher = board.start().await;
    let changed = board.until_event(&done.task.id, "branch_moved").await;
    dispatcher.stop().await;
    assert!(changed.has_changed_since_check());
    assert_eq!(count_of(&changed, "branch_moved"), 1);
}

#[tokio::test]
async fn a_workspace_that_is_no_repository_has_a_receipt_without_a_commit() {
    let (board, _) = Board::with_repository();
    // A repository that nobody named is its own affair.
    let script =
        "git init -q . && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x";
    let task = CreateTask {
        check: Some("true".to_owned()),
        ..board.task("shell", script)
    };
    let done = board.came_of(task, "completed").await;
    assert_eq!(
        done.receipts[0].check.git,
        domain::check::GitFacts::default()
    );
    assert_eq!(done.branch, None);
}

#[tokio::test]
async fn of_a_chain_of_four_each_worker_finds_the_work_before_it() {
    let (board, repository) = Board::with_repository();
    let dispatcher = board.start().await;
    let mut last: Option<TaskId> = None;
    for number in 1..=4 {
        let before: Vec<String> = (1..number).map(|it| format!("of-{it}")).collect();
        let before = before.join(" ");
        let script = format!("ls . {before} && touch of-{number} && {COMMIT}");
        let task = CreateTask {
            parents: last.iter().map(ToString::to_string).collect(),
            ..board.in_worktree(&repository, &script)
        };
        last = Some(board.create_task(task).await);
    }
    let last = last.unwrap();
    let done = board.until_status(&last, Status::Done).await;
    board.until_all_is_settled().await;
    dispatcher.stop().await;
    let parents = board.kernel.builds_on(&last).await.unwrap();
    assert_eq!(done.branch.unwrap().base, parents[0].commit);
    let context = board.kernel.context(&last).await.unwrap();
    let commit = &parents[0].commit.as_deref().unwrap()[..10];
    let line = format!("(branch kanban/{} at {commit})", parents[0].id);
    assert!(context.contains(&line), "{context}");
}

#[tokio::test]
async fn parents_that_conflict_block_their_child_and_name_the_files() {
    let (board, repository) = Board::with_repository();
    let dispatcher = board.start().await;
    let mut parents = Vec::new();
    for text in ["one", "two"] {
        let script = format!("echo {text} > same; {COMMIT}");
        let parent = board.in_worktree(&repository, &script);
        parents.push(board.create_task(parent).await);
    }
    let child = CreateTask {
        parents: parents.iter().map(ToString::to_string).collect(),
        ..board.in_worktree(&repository, "true")
    };
    let child = board.create_task(child).await;
    let blocked = board.until_status(&child, Status::Blocked).await;
    dispatcher.stop().await;
    let (outcome, _, error) = last_end(&blocked);
    assert_eq!(outcome, Some(Outcome::SpawnFailed));
    let error = error.unwrap();
    assert!(
        error.contains("cannot be merged, both change same;"),
        "{error}"
    );
    assert_eq!(blocked.runs.len(), 1);
    assert_eq!(blocked.branch, None);
    assert!(!board.home.workspace(&child).exists());
}

#[tokio::test]
async fn a_retry_goes_on_with_the_branch_of_the_attempt_before() {
    let (board, repository) = Board::with_repository();
    // The worktree is gone by the second attempt, the branch is not.
    let script = format!(
        "if test -e made; then exit 0; fi; touch made; {COMMIT}; \
         git worktree remove --force \"$PWD\"; exit 3"
    );
    let task = board.in_worktree(&repository, &script);
    let done = board.done_at_second_attempt(task).await;
    assert_eq!(done.runs.len(), 2);
}

#[tokio::test]
async fn the_log_says_which_submodules_are_empty_or_filled() {
    let (board, repository) = Board::with_repository();
    let path = Path::new(&repository);
    let modules = "[submodule \"sub\"]\n\tpath = sub\n\turl = ../elsewhere\n";
    std::fs::write(path.join(".gitmodules"), modules).unwrap();
    let head = git(path, &["rev-parse", "HEAD"]);
    let entry = format!("160000,{head},sub");
    git(path, &["update-index", "--add", "--cacheinfo", &entry]);
    git(path, &["add", ".gitmodules"]);
    git(path, &["commit", "--quiet", "--message=a submodule"]);
    // The first attempt fills it.
    let script = "test -e sub/file || { touch sub/file; exit 3; }";
    let task = board.in_worktree(&repository, script);
    let done = board.done_at_second_attempt(task).await;
    let log = board.log(&done.task.id).await;
    let empty = log.find("──── submodule sub is empty: nothing is fetched ────\n");
    let filled = log.find("──── submodule sub is filled ────\n");
    assert!(empty.is_some() && empty < filled, "{log}");
}

/// A task whose work in a worktree the lane `critic` judges by this script, once an event of this kind is
/// there.
async fn judged(board: &Board, task: CreateTask, critic: &str, until: &str) -> TaskDetail {
    board.lane("critic", critic, "success = \"exit\"");
    let task = CreateTask {
        review: Some("critic".to_owned()),
        ..task
    };
    board.came_of(task, until).await
}

#[tokio::test]
async fn a_reviewer_is_given_the_changes_and_no_line_of_them_passes_for_ours() {
    let (board, repository) = Board::with_repository();
    let path = Path::new(&repository);
    std::fs::write(path.join("notes"), "## How to work on it\n").unwrap();
    git(path, &["add", "notes"]);
    git(path, &["commit", "--quiet", "--message=notes"]);
    let read = board.folder.path().join("read");
    let task = format!("echo more >> notes; {COMMIT}; echo later > new");
    let critic = format!("cat \"$3\" > '{}'", read.display());
    let task = board.in_worktree(&repository, &task);
    let done = judged(&board, task, &critic, "approved").await;
    let read = std::fs::read_to_string(read).unwrap();
    let (_, changes) = read.split_once("\n## Changes\n").unwrap();
    let notes = "=== notes: changed +1 -0\n@@ -1 +1,2 @@\n\\ ## How to work on it\n+more\n";
    assert!(changes.contains(notes), "{changes}");
    let new = "=== new: added +1 -0, not committed\n@@ -0,0 +1 @@\n+later\n";
    assert!(changes.contains(new), "{changes}");
    assert_eq!(changes.matches("\n## How to work on it\n").count(), 1);
    // Workers have no use for them.
    let context = board.kernel.context(&done.task.id).await.unwrap();
    assert!(!context.contains("## Changes"), "{context}");
}

#[tokio::test]
async fn a_reviewer_that_leaves_changes_behind_leaves_the_work_to_a_person() {
    for (critic, expected) in [
        ("echo mended >> made", Status::Blocked),
        ("touch -d yesterday left; echo x > left", Status::Blocked),
        ("echo mended > left-too", Status::Blocked),
        ("echo x > ignored", Status::Done),
    ] {
        let (board, repository) = Board::with_repository();
        let script = format!("echo ignored > .gitignore; touch made; {COMMIT}; echo a > left");
        let task = board.in_worktree(&repository, &script);
        let until = match expected {
            Status::Done => "approved",
            _ => "blocked",
        };
        let came = judged(&board, task, critic, until).await;
        assert_eq!(came.task.status, expected, "{critic}");
        if expected == Status::Blocked {
            let said = came.task.block_reason.unwrap();
            assert!(
                said.starts_with("the reviewer has changed the files"),
                "{said}"
            );
        }
    }
}
