//! Opening the board of a home folder: one way for the command line, the server and the dispatcher.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};
use dispatcher::Home;
use kernel::{Alone, IfLost, Kernel, Options};

use crate::file_system;
use crate::file_system::make_private_folder;

/// Opens the board, and makes one in a home folder that is new. It blocks.
pub(crate) fn open(home: &Home) -> anyhow::Result<Kernel> {
    let if_lost = if has_been_used(home) {
        IfLost::Refuse
    } else {
        IfLost::Make
    };
    open_or(home, if_lost)
}

/// Opens the board, and makes one wherever there is none. It blocks.
///
/// # Errors
/// Fails where there is none and somebody has the one open that was there.
pub(crate) fn open_or_make(home: &Home) -> anyhow::Result<Kernel> {
    let db = home.db();
    let is_there = fs::metadata(&db).is_ok_and(|found| found.len() > 0);
    if !is_there && home.root().exists() {
        ensure!(
            Alone::with(&db)?.is_some(),
            "{} is open in {}; stop it first",
            db.display(),
            holders(&db)
        );
    }
    open_or(home, IfLost::Make)
}

fn open_or(home: &Home, if_lost: IfLost) -> anyhow::Result<Kernel> {
    make_private_folder(home.root())
        .with_context(|| format!("cannot make the home folder {}", home.root().display()))?;
    file_system::refuse_network_mounts(home.root())?;
    let options = Options {
        if_lost,
        durability: dispatcher::durability(home),
        dispatch_lock: Some(home.dispatch_lock()),
        home: Some(home.identity().context("cannot look at the home folder")?),
        ..Options::default()
    };
    Ok(Kernel::open_with(&home.db(), options)?)
}

/// Returns true when a board of this home folder has had runs, logs, copies or a server. A token or
/// a configuration alone may be there before the board.
pub(crate) fn has_been_used(home: &Home) -> bool {
    let has_copies = fs::read_dir(home.backups()).is_ok_and(|mut copies| copies.next().is_some());
    // A board that is being made has a page before it has a log.
    let length = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let has_only_log = length(&home.db()) == 0 && length(&home.db().with_extension("db-wal")) > 0;
    has_copies
        || has_only_log
        || [home.runs(), home.logs(), home.workspaces()]
            .iter()
            .any(|folder| folder.exists())
        || crate::address::file(home).exists()
}

/// Checks the file for damage while it is in use. A finding goes into the log and into the health
/// of the dispatcher, and the board is only read from then on.
pub(crate) async fn look_for_damage(kernel: Kernel) {
    match kernel.look_for_damage().await {
        Ok(()) | Err(kernel::Error::Corrupt(_)) => {}
        Err(error) => tracing::info!(%error, "the board was not looked through for damage"),
    }
}

/// Those who have the board open, in words. It blocks.
pub(crate) fn holders(db: &Path) -> String {
    let holders = dispatcher::lock_holders(&kernel::lock_file(db));
    match holders.as_slice() {
        [] => "another process".to_owned(),
        holders => holders.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Home) {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home")).unwrap();
        (folder, home)
    }

    #[test]
    fn a_new_home_gets_a_board_also_with_a_configuration_and_a_token() {
        let (_folder, home) = home();
        drop(open(&home).unwrap());
        let (_folder, home) = self::home();
        make_private_folder(home.root()).unwrap();
        fs::write(home.config(), "").unwrap();
        fs::write(home.token(), "secret").unwrap();
        drop(open(&home).unwrap());
    }

    #[test]
    fn a_home_that_lost_its_board_gets_no_empty_one_unless_somebody_says_so() {
        let traces: [fn(&Home) -> std::path::PathBuf; 3] = [Home::runs, Home::logs, Home::backups];
        for trace in traces {
            let (_folder, home) = home();
            fs::create_dir_all(trace(&home).join("1")).unwrap();
            for _ in ["gone", "empty"] {
                let refused = open(&home).err().unwrap().to_string();
                assert!(refused.contains("kanban restore") && refused.contains("kanban init"));
                fs::write(home.db(), "").unwrap();
            }
            drop(open_or_make(&home).unwrap());
            drop(open(&home).unwrap());
        }
    }
}
