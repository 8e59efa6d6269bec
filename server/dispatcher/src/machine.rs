//! Checks that this machine can start workers. Nothing here knows of any task.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::fs::{Access, access, statvfs};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::error::Error;
use crate::home::Home;
use crate::run::folder::RunFolder;
use crate::workspaces::lock;

/// The free space that the home folder's disk needs, in bytes. A run takes a tenth of it for its
/// own files; the rest is for the board's records of it.
const LEAST_ROOM: u64 = 1024 * 1024;

/// The number of file descriptors that have to be left. A start takes half of them, and connections
/// come and go.
const HANDLES: usize = 16;

/// Checks the disk of the home folder, our folders in it, and that nobody keeps workspaces from being
/// made. Changes nothing. It blocks.
///
/// # Errors
/// Fails with the fault that was found.
pub fn look(home: &Home) -> Result<(), Error> {
    let root = home.root();
    let disk = statvfs(root).map_err(io::Error::from);
    let disk = disk.map_err(Error::file("look at", root))?;
    let says = |what| {
        let home = root.to_owned();
        Err(Error::Disk { home, what })
    };
    let free = if geteuid().is_root() {
        disk.f_bfree
    } else {
        disk.f_bavail
    };
    // Where a file system counts no blocks or no inodes, it says nothing by having none.
    if disk.f_blocks > 0 && free.saturating_mul(disk.f_frsize) < LEAST_ROOM {
        return says("is full");
    }
    if disk.f_files > 0 && disk.f_ffree == 0 {
        return says("has no inodes left, so no file can be made");
    }
    for folder in [root.to_owned()].into_iter().chain(folders(home)) {
        match access(&folder, Access::WRITE_OK | Access::EXEC_OK) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(Error::file("write to", &folder)(errno.into())),
        }
    }
    Ok(lock::check(home)?)
}

/// Does what the start of a worker needs, without a worker: makes files in our folders, takes handles,
/// and starts `program`. It blocks.
///
/// # Errors
/// Fails with the fault that was found.
pub(crate) fn probe(home: &Home, program: &Path) -> Result<(), Error> {
    look(home)?;
    let null = Path::new("/dev/null");
    let handles: io::Result<Vec<File>> = (0..HANDLES).map(|_| File::open(null)).collect();
    drop(handles.map_err(Error::file("open", null))?);
    for folder in folders(home) {
        let probe = RunFolder::at(folder.join(".probe"));
        let made = probe.make().and_then(|()| probe.reserve_exit(false));
        probe.remove().and(made)?;
    }
    let mut started = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::file("start", program))?;
    // That it could be started is all we want to know.
    drop(started.kill());
    drop(started.wait());
    Ok(())
}

/// The folders in which every start makes something.
fn folders(home: &Home) -> [PathBuf; 3] {
    [home.runs(), home.logs(), home.workspaces()]
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_probe_leaves_nothing_behind_and_says_what_is_in_the_way() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        look(&home).unwrap();
        probe(&home, Path::new("/bin/true")).unwrap();
        for folder in folders(&home) {
            assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
        }
        fs::remove_dir(home.logs()).unwrap();
        fs::write(home.logs(), "").unwrap();
        let error = probe(&home, Path::new("/bin/true")).unwrap_err();
        let expected = format!("cannot write to {}", home.logs().display());
        assert!(error.to_string().starts_with(&expected), "{error}");
    }

    #[test]
    fn a_program_that_is_gone_cannot_supervise_anything() {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path()).unwrap();
        let gone = root.path().join("gone");
        let error = probe(&home, &gone).unwrap_err();
        let gone = gone.display();
        let expected = format!("cannot start {gone}: No such file or directory (os error 2)");
        assert_eq!(error.to_string(), expected);
    }
}
