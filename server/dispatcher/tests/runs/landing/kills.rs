//! Landers and servers that are killed, and landings whose tasks go elsewhere.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use domain::check::Verdict;
use domain::command::{LandTask, MoveTask};
use domain::status::Status;

use super::{Ground, land, result, verdicts};
use crate::harness::{gone, open, poll, wait_at};

impl Ground {
    /// Ground whose repository may run its hooks.
    fn trusted() -> Self {
        let ground = Self::new();
        let repository = ground.repository.display().to_string();
        let trusted = format!("[board]\ntrusted_repositories = [{repository:?}]\n");
        fs::write(ground.board.home.config(), trusted).unwrap();
        ground
    }

    fn hook(&self, name: &str, script: &str) {
        let hook = self.repository.join(".git/hooks").join(name);
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, script).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[tokio::test]
async fn a_lander_that_is_killed_during_its_check_is_followed_by_another() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let killed = ground.board.folder.path().join("killed");
    let check = format!(
        "case $PWD in */landings/*) test -e {0} || {{ echo $$ > {0}; kill -9 $PPID; sleep 1000; }} ;; esac",
        killed.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    let left: i64 = fs::read_to_string(killed).unwrap().trim().parse().unwrap();
    gone(left).await;
    let expected = [Verdict::Passed, Verdict::Passed, Verdict::Landed];
    assert_eq!(verdicts(&landed), expected);
    ground.is_tidy().await;
}

#[tokio::test]
async fn a_lander_that_is_killed_around_its_last_step_lands_the_work_once() {
    // Git calls the hook before a reference is written, and after.
    for (state, reference) in [
        ("prepared", "refs/heads/main"),
        ("committed", "refs/heads/main"),
        ("committed", "refs/heads/kanban/"),
    ] {
        let ground = Ground::trusted();
        let dispatcher = ground.board.start().await;
        let done = ground.done("touch made", Some("true")).await;
        let killed = ground.board.folder.path().join("killed");
        // The lander is the parent of git, which is the parent of this.
        let script = format!(
            "#!/bin/sh\n\
             grep -q {reference} || exit 0\n\
             [ \"$1\" = {state} ] || exit 0\n\
             [ -e {0} ] && exit 0\n\
             touch {0}\n\
             git=$PPID\n\
             lander=$(sed 's/.*) . //' /proc/$git/stat | cut -d ' ' -f 1)\n\
             kill -9 $lander $git\n",
            killed.display()
        );
        ground.hook("reference-transaction", &script);
        ground.git(&["checkout", "--quiet", "--detach"]);
        let with_branch = LandTask {
            delete_branch: true,
            ..land(&done.task.id)
        };
        ground.board.told(with_branch).await;
        poll(|| killed.exists()).await;
        // A lock of a git that was killed is its user's to remove.
        let lock = ground.repository.join(format!(".git/{reference}.lock"));
        fs::remove_file(lock).ok();
        let landed = ground.landed(&done.task.id).await;
        dispatcher.stop().await;
        assert_eq!(verdicts(&landed).last(), Some(&Verdict::Landed), "{state}");
        let line = ground.git(&["rev-list", "--count", "main"]);
        assert_eq!(line, "3", "{state}: the first, the work and one merge");
        assert_eq!(result(&landed), ground.main());
    }
}

#[tokio::test]
async fn a_server_that_is_gone_does_not_end_a_landing_and_the_next_one_starts_no_second() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let gate = ground.board.gate();
    let count = ground.board.folder.path().join("count");
    let check = format!(
        "case $PWD in */landings/*) echo x >> {}; read line < {} ;; esac",
        count.display(),
        gate.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    ground.land(&done.task.id).await;
    poll(|| count.exists()).await;
    dispatcher.stop().await;
    let dispatcher = ground.board.start().await;
    open(gate, "go\n").await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert_eq!(fs::read_to_string(count).unwrap(), "x\n");
    assert_eq!(result(&landed), ground.main());
}

#[tokio::test]
async fn a_landing_whose_task_is_moved_ends_with_its_check() {
    let ground = Ground::new();
    let dispatcher = ground.board.start().await;
    let gate = ground.board.gate();
    let check = format!(
        "case $PWD in */landings/*) sleep 1000 & echo $! > {}; wait ;; esac",
        gate.display()
    );
    let done = ground.done("touch made", Some(&check)).await;
    let before = ground.main();
    ground.land(&done.task.id).await;
    let sleeper: i64 = wait_at(gate).await.trim().parse().unwrap();
    let to_todo = MoveTask {
        task: done.task.id.clone(),
        to: Status::Todo,
    };
    ground.board.told(to_todo).await;
    gone(sleeper).await;
    ground.is_tidy().await;
    dispatcher.stop().await;
    let detail = ground.board.detail(&done.task.id).await;
    assert_eq!(detail.task.status, Status::Todo);
    assert_eq!(verdicts(&detail), [Verdict::Passed]);
    assert_eq!(ground.main(), before);
}

#[tokio::test]
async fn files_that_a_killed_lander_has_turned_already_are_followed_by_their_branch() {
    let ground = Ground::trusted();
    let dispatcher = ground.board.start().await;
    let done = ground.done("touch made", Some("true")).await;
    let killed = ground.board.folder.path().join("killed");
    // Git calls it once the index is written: then the files are as they will be, and the branch is not.
    let script = format!(
        "#!/bin/sh\n\
         case $PWD in */landings/*) exit 0 ;; esac\n\
         test -e made && ! test -e {0} || exit 0\n\
         touch {0}\n\
         kill -9 $(sed 's/.*) . //' /proc/$PPID/stat | cut -d ' ' -f 1)\n",
        killed.display()
    );
    ground.hook("post-index-change", &script);
    ground.land(&done.task.id).await;
    poll(|| killed.exists()).await;
    let landed = ground.landed(&done.task.id).await;
    dispatcher.stop().await;
    assert_eq!(verdicts(&landed).last(), Some(&Verdict::Landed));
    assert_eq!(result(&landed), ground.main());
    assert_eq!(ground.git(&["status", "--porcelain"]), "");
}
