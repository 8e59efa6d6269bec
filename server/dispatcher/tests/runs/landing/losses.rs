//! Landings in whose way something is that git would write over, delete or leave out without a word.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use domain::check::Verdict;
use domain::command::{AssignTask, EditTask, LandTask};
use domain::landing::Method;
use domain::status::Status;

use super::{Ground, land, verdicts};
use crate::git::{COMMIT, git, place};
use crate::harness::{open, wait_at};

impl Ground {
    /// The sentence of a landing that waits, while the target stays where it is.
    async fn is_kept_from_landing(&self, by: LandTask) -> String {
        let before = self.main();
        let task = by.task.clone();
        self.board.told(by).await;
        let problem = self.until_it_waits(&task).await;
        assert_eq!(self.main(), before);
        problem
    }
}

#[tokio::test]
async fn what_git_is_told_to_ignore_is_neither_written_over_nor_deleted() {
    let ground = Ground::new();
    ground.commit(".gitignore", "secret\nbuild/\nvendor/\n");
    let dispatcher = ground.board.start().await;
    for (script, kept) in [
        ("echo x > secret; git add --force secret", "secret"),
        ("echo x > build; git add --force build", "build/x"),
        (
            "mkdir secret; echo x > secret/y; git add --force secret",
            "secret",
        ),
    ] {
        let done = ground.done(script, None).await;
        let kept = ground.repository.join(kept);
        fs::create_dir_all(kept.parent().unwrap()).unwrap();
        fs::write(&kept, "mine").unwrap();
        let problem = ground.is_kept_from_landing(land(&done.task.id)).await;
        assert!(
            problem.contains(" is in the way and git does not know it"),
            "{problem}"
        );
        assert_eq!(fs::read_to_string(&kept).unwrap(), "mine");
        fs::remove_file(&kept).unwrap();
        fs::remove_dir(ground.repository.join("build")).ok();
        ground.land(&done.task.id).await;
        ground.landed(&done.task.id).await;
        ground.git(&["rm", "-rq", "secret", "build", "--ignore-unmatch"]);
        ground.git(&["commit", "--quiet", "--allow-empty", "--message=gone"]);
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_conflict_in_more_files_than_fit_into_an_answer_is_one() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let names = "$(seq 1 2000 | sed s/^/a-rather-long-name-of-a-file-in-conflict-/)";
    let script = format!("for name in {names}; do echo a > $name; done");
    let done = ground.done(&script, None).await;
    dispatcher.stop().await;
    let theirs = format!("for name in {names}; do echo b > $name; done");
    let written = std::process::Command::new("sh")
        .args(["-c", &theirs])
        .current_dir(&ground.repository)
        .status();
    assert!(written.unwrap().success());
    ground.commit("other", "text");
    let before = ground.main();
    let config = ground.board.config_with_cap(0);
    let dispatcher = ground.board.start_with(config).await.unwrap();
    for method in [Method::Merge, Method::Rebase] {
        let by = LandTask {
            method: Some(method),
            ..land(&done.task.id)
        };
        ground.board.sql("UPDATE tasks SET status = 'done'");
        ground.board.told(by).await;
        let sent_back = ground.landed(&done.task.id).await;
        assert_eq!(
            verdicts(&sent_back).last(),
            Some(&Verdict::Conflict),
            "{method}"
        );
        assert_eq!(ground.main(), before);
    }
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_rebase_does_not_lose_what_a_merge_holds() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let as_somebody = "git -c user.name=a -c user.email=a@b";
    let script = format!(
        "git checkout -qb side; echo side > side; git add side; {as_somebody} commit -qm side; \
         git checkout -q -; git merge -q --no-ff --no-commit side; echo only > in-merge"
    );
    let done = ground.done(&script, None).await;
    let by = |method| LandTask {
        method: Some(method),
        ..land(&done.task.id)
    };
    let problem = ground.is_kept_from_landing(by(Method::Rebase)).await;
    assert!(
        problem.contains("holds merges whose own changes"),
        "{problem}"
    );
    ground.board.told(by(Method::Merge)).await;
    ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert!(ground.repository.join("in-merge").exists());
}

#[tokio::test]
async fn a_target_in_the_middle_of_something_and_a_symbolic_one_are_left_alone() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let task = &done.task.id;
    ground.git(&["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
    let onto_alias = LandTask {
        onto: Some("alias".to_owned()),
        ..land(task)
    };
    let problem = ground.is_kept_from_landing(onto_alias).await;
    assert!(
        problem.contains("alias is a symbolic reference"),
        "{problem}"
    );

    let rebase = ground.repository.join(".git/rebase-merge");
    fs::create_dir(&rebase).unwrap();
    fs::write(rebase.join("head-name"), "refs/heads/main\n").unwrap();
    let problem = ground.is_kept_from_landing(land(task)).await;
    assert!(
        problem.contains("in the middle of a rebase or a merge"),
        "{problem}"
    );
    fs::remove_dir_all(rebase).unwrap();

    let own = format!("refs/heads/kanban/{task}");
    ground.git(&[
        "worktree",
        "remove",
        "--force",
        &place(&done).display().to_string(),
    ]);
    ground.git(&["symbolic-ref", &own, "refs/heads/main"]);
    let with_branch = LandTask {
        delete_branch: true,
        ..land(task)
    };
    let problem = ground.is_kept_from_landing(with_branch).await;
    assert!(problem.contains("symbolic reference"), "{problem}");
    dispatcher.stop().await;
}

#[tokio::test]
async fn files_of_whoever_works_at_the_target_keep_their_modes_and_their_filters() {
    let ground = Ground::new();
    let config = dispatcher::Config {
        umask: Some(0o022),
        ..ground.board.config_with_cap(4)
    };
    let dispatcher = ground.board.start_with(config).await.unwrap();
    let done = ground
        .done("mkdir folder; echo x > folder/made", None)
        .await;
    ground.land(&done.task.id).await;
    ground.landed(&done.task.id).await;
    let mode = |name: &str| {
        let found = fs::metadata(ground.repository.join(name)).unwrap();
        found.permissions().mode() & 0o777
    };
    assert_eq!((mode("folder"), mode("folder/made")), (0o755, 0o644));

    ground.commit(".gitattributes", "*.bin filter=lfs\n");
    let done = ground.done("echo x > a.bin", None).await;
    let problem = ground.is_kept_from_landing(land(&done.task.id)).await;
    assert!(
        problem.contains("a.bin goes through the filter lfs"),
        "{problem}"
    );
    // A target that is checked out nowhere has no files.
    ground.git(&["checkout", "--quiet", "--detach"]);
    ground.land(&done.task.id).await;
    ground.landed(&done.task.id).await;
    dispatcher.stop().await;
}

#[tokio::test]
async fn a_worktree_in_which_something_would_be_lost_stays_though_its_branch_is_to_go() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let place = place(&done);
    git(place, &["update-index", "--assume-unchanged", "made"]);
    fs::write(place.join("made"), "an edit that git looks away from").unwrap();
    let with_branch = LandTask {
        delete_branch: true,
        ..land(&done.task.id)
    };
    ground.board.told(with_branch).await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert!(place.join("made").exists());
    let last = landed.events.last().unwrap();
    let kept = last.payload.as_ref().unwrap()["kept"].to_string();
    assert!(kept.contains("git is told to look away"), "{kept}");
}

#[tokio::test]
async fn a_branch_that_is_checked_out_elsewhere_stays_and_says_how_it_goes() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", None).await;
    let elsewhere = ground.board.folder.path().join("elsewhere");
    let (place, elsewhere) = (place(&done), elsewhere.display().to_string());
    ground.git(&["worktree", "move", &place.display().to_string(), &elsewhere]);
    let with_branch = LandTask {
        delete_branch: true,
        ..land(&done.task.id)
    };
    ground.board.told(with_branch.clone()).await;
    let landed = ground.landed(&done.task.id).await;
    let kept = landed.events.last().unwrap().payload.as_ref().unwrap()["kept"].to_string();
    assert!(kept.contains("is checked out in"), "{kept}");
    assert!(
        kept.contains("then land the task again with --delete-branch"),
        "{kept}"
    );
    assert!(!kept.contains("unblock"), "{kept}");

    ground.git(&["worktree", "remove", &elsewhere]);
    ground.board.told(with_branch).await;
    ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    let branches = ground.git(&["branch", "--format=%(refname:short)"]);
    assert_eq!(branches, "main");
}

#[tokio::test]
async fn the_repository_of_a_lane_that_trusts_it_runs_its_filters_and_hooks() {
    let ground = Ground::new();
    let repository = ground.repository.display().to_string();
    let ran = ground.board.folder.path().join("ran");
    let filter = |name: &str| format!("sh -c 'echo {name} >> {}; cat'", ran.display());
    for name in ["clean", "smudge"] {
        ground.git(&["config", &format!("filter.own.{name}"), &filter(name)]);
    }
    ground.commit(".gitattributes", "*.bin filter=own\n");
    let work = format!("echo x > a.bin; {COMMIT}");
    let is_smudged = || {
        fs::read_to_string(&ran)
            .unwrap_or_default()
            .contains("smudge")
    };
    for (trust, expected) in [("", false), ("trust_repository = true\n", true)] {
        let path = ground.board.folder.path().join("writer.sh");
        fs::write(&path, &work).unwrap();
        let lane = format!(
            "[lanes.writer]\ncommand = [\"sh\", {path:?}, \"{{task_id}}\"]\nsuccess = \"exit\"\n\
             repository = {repository:?}\n{trust}"
        );
        fs::write(ground.board.home.config(), lane).unwrap();
        let dispatcher = ground.board.start().await;
        let new = domain::command::CreateTask {
            assignee: Some("writer".to_owned()),
            ..ground.board.in_worktree(&repository, "")
        };
        let task = ground.board.create_task(new).await;
        ground.board.until_status(&task, Status::Done).await;
        ground.board.until_all_is_settled().await;
        fs::remove_file(&ran).ok();
        ground.land(&task).await;
        if expected {
            ground.landed(&task).await;
        } else {
            let problem = ground.until_it_waits(&task).await;
            assert!(
                problem.contains("say `trust_repository = true` of its lane"),
                "{problem}"
            );
        }
        dispatcher.stop().await;
        assert_eq!(is_smudged(), expected, "{trust}");
    }
}

#[tokio::test]
async fn the_check_is_that_of_the_lane_that_did_the_work_and_of_the_task_as_it_is_now() {
    let ground = Ground::new();
    let lane = "success = \"exit\"\ncheck = [\"sh\", \"-c\", \"test ! -e red\"]";
    let commit = "touch made; git add --all; git -c user.name=a -c user.email=a@b commit -qm work";
    ground.board.lane("careful", commit, lane);
    let repository = ground.repository.display().to_string();
    let new = domain::command::CreateTask {
        assignee: Some("careful".to_owned()),
        ..ground.board.in_worktree(&repository, "")
    };
    let dispatcher = ground.board.start().await;
    let task = ground.board.create_task(new).await;
    ground.board.until_status(&task, Status::Done).await;
    ground.board.until_all_is_settled().await;
    ground.commit("red", "theirs");
    let to_another = AssignTask {
        task: task.clone(),
        assignee: Some("shell".to_owned()),
        stop: false,
        reason: None,
    };
    ground.board.told(to_another).await;
    ground.land(&task).await;
    let sent_back = ground.board.until_event(&task, "landing_failed").await;
    assert_eq!(verdicts(&sent_back).last(), Some(&Verdict::Failed));

    let (gate, check) = ground.check_at_gate();
    let done = ground.done("touch other", Some(&check)).await;
    ground.land(&done.task.id).await;
    wait_at(gate.clone()).await;
    let edit = EditTask {
        check: Some("test -e nothing".to_owned()),
        ..EditTask::of(done.task.id.clone())
    };
    ground.board.told(edit).await;
    open(gate, "go\n").await;
    ground
        .board
        .until_event(&done.task.id, "landing_failed")
        .await;
    dispatcher.stop().await;
}
