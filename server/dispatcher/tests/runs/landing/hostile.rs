//! Landings in repositories that name programs: none is started.

use std::fs;

use domain::check::Verdict;
use domain::command::LandTask;
use domain::landing::Method;

use super::{Ground, land, verdicts};

#[tokio::test]
async fn nothing_that_a_repository_names_is_started_by_a_landing() {
    for method in [Method::Merge, Method::Rebase] {
        let ground = Ground::new();
        let dispatcher = ground.board.start().await;
        let started = ground.board.folder.path().join("started");
        let program = ground.board.folder.path().join("evil");
        let script = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", started.display());
        crate::harness::write_program(&program, &script);
        let evil = program.display().to_string();
        ground.commit(
            ".gitattributes",
            "* merge=evil diff=evil\nfiltered filter=evil\n",
        );
        let done = ground
            .done("echo x > made; echo y > same", Some("test -e made"))
            .await;
        ground.commit("other", "text");
        for key in [
            "core.fsmonitor",
            "filter.evil.smudge",
            "filter.evil.clean",
            "filter.evil.process",
            "merge.evil.driver",
            "diff.evil.command",
            "diff.external",
            "gpg.program",
            "core.editor",
            "sequence.editor",
            "credential.helper",
            "core.sshCommand",
        ] {
            ground.git(&["config", key, &evil]);
        }
        ground.git(&["config", "commit.gpgSign", "true"]);
        for hook in [
            "post-checkout",
            "post-merge",
            "pre-rebase",
            "post-rewrite",
            "pre-commit",
            "post-commit",
            "reference-transaction",
            "post-index-change",
            "prepare-commit-msg",
            "commit-msg",
        ] {
            let hooks = ground.repository.join(".git/hooks");
            fs::create_dir_all(&hooks).unwrap();
            std::os::unix::fs::symlink(&program, hooks.join(hook)).unwrap();
        }
        let by = LandTask {
            method: Some(method),
            ..land(&done.task.id)
        };
        ground.board.told(by).await;
        let landed = ground.landed(&done.task.id).await;
        dispatcher.stop().await;
        assert_eq!(verdicts(&landed).last(), Some(&Verdict::Landed));
        let started = fs::read_to_string(&started).unwrap_or_default();
        assert_eq!(started, "", "{method}");
    }
}
