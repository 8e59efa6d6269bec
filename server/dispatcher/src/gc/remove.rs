//! Removing what lies in one managed folder, and nothing else.
//!
//! Everything is reached from a handle of the folder above it and never through a symbolic link, so
//! it does not matter what somebody puts in the way meanwhile.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

use domain::time::Timestamp;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::fs::{StatxAttributes, StatxFlags, statx};
use rustix::fs::{fchmod, fstat, openat, openat2, renameat, statat, unlinkat};
use rustix::io::Errno;

use super::Mode::{DryRun, Remove};

/// A folder of which we own the direct children.
pub(super) struct Managed {
    folder: OwnedFd,
    device: u64,
}

/// The deepest nesting of folders. Each is open while what is in it is removed.
const DEPTH: usize = 256;

/// The kind of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Folder,
    /// A file that was last written then.
    File(Timestamp),
    /// A symbolic link, a pipe, or whatever else we never make.
    Other,
}

impl Managed {
    /// The folder at `path`, which lies in `home`; `None` where there is none.
    ///
    /// The person who named `home` may have named a link; from there on nothing may be one.
    pub(super) fn open(home: &Path, path: &Path) -> io::Result<Option<Self>> {
        let inside = path.strip_prefix(home).map_err(io::Error::other)?;
        let open = || {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
            let mut folder = openat(CWD, home, flags, Mode::empty())?;
            for name in inside {
                folder = open_folder(&folder, name)?;
            }
            let device = fstat(&folder)?.st_dev;
            Ok(Self { folder, device })
        };
        match open() {
            Ok(managed) => Ok(Some(managed)),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                let path = path.display();
                Err(io::Error::other(format!(
                    "{path}, or a folder above it, is a link"
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The kind of the entry `name`.
    pub(super) fn find(&self, name: &str) -> io::Result<Found> {
        let stat = match statat(&self.folder, child(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(Found::Nothing),
            Err(error) => return Err(error.into()),
        };
        Ok(match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Found::Folder,
            FileType::RegularFile => Found::File(Timestamp(stat.st_mtime)),
            _ => Found::Other,
        })
    }

    /// The names of all that lies here.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let names = names_in(&self.folder)?.into_iter();
        // We give no other names than those of ASCII.
        Ok(names.filter_map(|name| name.into_string().ok()).collect())
    }

    /// Removes a file.
    pub(super) fn remove_file(&self, name: &str, mode: super::Mode) -> io::Result<()> {
        Ok(unlink(&self.folder, &CString::new(child(name)?)?, mode)?)
    }

    /// Gives a folder another name: from then on nobody finds it under the old one, and it can be removed
    /// for as long as that takes.
    pub(super) fn rename(&self, name: &str, aside: &str) -> io::Result<()> {
        let (from, to) = (child(name)?, child(aside)?);
        Ok(renameat(&self.folder, from, &self.folder, to)?)
    }

    /// Removes a folder and everything in it. Links in it are removed, and what they lead to stays.
    pub(super) fn remove_folder(&self, name: &str, mode: super::Mode) -> io::Result<()> {
        let name = CString::new(child(name)?)?;
        if mode == DryRun {
            match unlink(&self.folder, &name, mode) {
                Err(Errno::ISDIR) => {}
                found => found?,
            }
        }
        remove_tree(&self.folder, &name, self.device, DEPTH, mode)
    }
}

/// The name of something that lies directly in a folder. A path could lead anywhere.
fn child(name: &str) -> io::Result<&str> {
    let is_path = name.is_empty() || name.contains('/') || matches!(name, "." | "..");
    if is_path {
        return Err(io::Error::other(format!("{name:?} is no name")));
    }
    Ok(name)
}

/// Removes the folder `name` of `parent`. It stops at what is mounted there, on another device or not:
/// its content is not of this folder.
fn remove_tree(
    parent: &OwnedFd,
    name: &CStr,
    device: u64,
    depth: usize,
    mode: super::Mode,
) -> io::Result<()> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(io::Error::other("too many folders lie in each other in it"));
    };
    let folder = match open_unmounted(parent, name) {
        Err(Errno::XDEV) => return Err(mounted()),
        folder => folder?,
    };
    let stat = fstat(&folder)?;
    if stat.st_dev != device {
        return Err(mounted());
    }
    if mode == Remove {
        make_writable(&folder, &stat)?;
    }
    for name in names_in(&folder)? {
        match unlink(&folder, &name, mode) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(Errno::ISDIR) => remove_tree(&folder, &name, device, depth, mode)?,
            Err(error) => return Err(error.into()),
        }
    }
    match mode {
        Remove => Ok(unlinkat(parent, name, AtFlags::REMOVEDIR)?),
        DryRun => Ok(()),
    }
}

/// Removes what is no folder. A dry run says of it what can be known: what was made immutable stays.
fn unlink(folder: &OwnedFd, name: &CStr, mode: super::Mode) -> rustix::io::Result<()> {
    if mode == Remove {
        return unlinkat(folder, name, AtFlags::empty());
    }
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let found = statx(folder, name, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    let stays = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
    match FileType::from_raw_mode(stat.st_mode) {
        _ if found.is_ok_and(|found| found.stx_attributes.intersects(stays)) => Err(Errno::PERM),
        FileType::Directory => Err(Errno::ISDIR),
        _ => Ok(()),
    }
}

fn mounted() -> io::Error {
    io::Error::other("something is mounted in it")
}

/// Tools make folders that even their owner may not write to, such as caches of modules.
fn make_writable(folder: &OwnedFd, stat: &Stat) -> rustix::io::Result<()> {
    let mode = Mode::from_raw_mode(stat.st_mode);
    if mode.contains(Mode::RWXU) {
        return Ok(());
    }
    fchmod(folder, mode | Mode::RWXU)
}

/// The flags that open a folder and follow no link.
const FOLDER: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

fn open_folder(parent: &OwnedFd, name: impl rustix::path::Arg) -> rustix::io::Result<OwnedFd> {
    openat(parent, name, FOLDER, Mode::empty())
}

/// Opens a folder where nothing is mounted; `XDEV` says that something is. The system itself looks while
/// it opens it, so that nobody can come in between (openat2(2)).
fn open_unmounted(parent: &OwnedFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    match openat2(parent, name, FOLDER, Mode::empty(), inside) {
        // Linux has had it since 5.6, and some containers forbid what they do not know.
        Err(Errno::NOSYS | Errno::PERM) => open_and_compare_mounts(parent, name),
        folder => folder,
    }
}

/// [`open_unmounted`] by what `/proc` says of open files, which older systems say too.
fn open_and_compare_mounts(parent: &OwnedFd, name: &CStr) -> rustix::io::Result<OwnedFd> {
    let folder = open_folder(parent, name)?;
    match (mount_of(parent), mount_of(&folder)) {
        (Some(of_parent), Some(mount)) if of_parent == mount => Ok(folder),
        // Where it does not say, nothing is removed.
        _ => Err(Errno::XDEV),
    }
}

/// The mount that an open folder is of, as `proc_pid_fdinfo(5)` has it.
fn mount_of(folder: &OwnedFd) -> Option<u64> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", folder.as_raw_fd())).ok()?;
    let mount = info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?;
    mount.trim().parse().ok()
}

/// All names before the first is removed: what a folder lists while it changes is not defined.
fn names_in(folder: impl AsFd) -> rustix::io::Result<Vec<CString>> {
    let entries = Dir::read_from(folder)?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_owned()));
    let is_real = |name: &CString| !matches!(name.as_bytes(), b"." | b"..");
    let names: Vec<CString> = names.collect::<rustix::io::Result<_>>()?;
    Ok(names.into_iter().filter(is_real).collect())
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/b")).unwrap();
        home
    }

    fn managed(home: &Path) -> Managed {
        Managed::open(home, &home.join("a/b")).unwrap().unwrap()
    }

    #[test]
    fn a_folder_goes_with_all_that_is_in_it_even_where_that_is_read_only() {
        let home = home();
        let inner = home.path().join("a/b/t_1/deep/er");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("file"), "").unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o555)).unwrap();
        let managed = managed(home.path());
        managed.remove_folder("t_1", Remove).unwrap();
        assert_eq!(managed.find("t_1").unwrap(), Found::Nothing);
    }

    #[test]
    fn a_link_is_never_followed_wherever_it_is() {
        let home = home();
        let theirs = home.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        fs::write(theirs.join("draft"), "mine").unwrap();
        let managed = managed(home.path());
        symlink(&theirs, home.path().join("a/b/t_1")).unwrap();
        assert_eq!(managed.find("t_1").unwrap(), Found::Other);
        managed.remove_folder("t_1", Remove).unwrap_err();
        fs::create_dir(home.path().join("a/b/t_2")).unwrap();
        symlink(&theirs, home.path().join("a/b/t_2/link")).unwrap();
        managed.remove_folder("t_2", Remove).unwrap();
        symlink(home.path().join("a"), home.path().join("c")).unwrap();
        assert!(Managed::open(home.path(), &home.path().join("c/b")).is_err());
        assert_eq!(fs::read_to_string(theirs.join("draft")).unwrap(), "mine");
    }

    #[test]
    fn a_path_is_no_name() {
        let home = home();
        let managed = managed(home.path());
        for path in ["", ".", "..", "../b", "t_1/..", "/", "t_1/"] {
            assert!(managed.find(path).is_err(), "{path}");
            assert!(managed.remove_file(path, Remove).is_err(), "{path}");
            assert!(managed.remove_folder(path, Remove).is_err(), "{path}");
        }
        assert!(home.path().join("a/b").exists());
    }

    #[test]
    fn what_is_on_another_device_is_left_alone() {
        let home = home();
        fs::create_dir_all(home.path().join("a/b/t_1/inner")).unwrap();
        let elsewhere = Managed {
            device: u64::MAX,
            ..managed(home.path())
        };
        let error = elsewhere.remove_folder("t_1", Remove).unwrap_err();
        assert_eq!(error.to_string(), "something is mounted in it");
        assert!(home.path().join("a/b/t_1/inner").exists());
    }

    #[test]
    fn folders_that_lie_too_deep_in_each_other_are_no_reason_to_fall_over() {
        let home = home();
        let managed = managed(home.path());
        let deep = |depth: usize| format!("a/b/t_1{}", "/d".repeat(depth - 1));
        fs::create_dir_all(home.path().join(deep(DEPTH + 1))).unwrap();
        for mode in [DryRun, Remove] {
            let error = managed.remove_folder("t_1", mode).unwrap_err().to_string();
            assert!(error.starts_with("too many folders"), "{error}");
        }
        fs::remove_dir(home.path().join(deep(DEPTH + 1))).unwrap();
        managed.remove_folder("t_1", Remove).unwrap();
    }

    #[test]
    fn what_was_made_immutable_stays_and_a_dry_run_knows_it() {
        let home = home();
        let inner = home.path().join("a/b/t_1/inner");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("file"), "").unwrap();
        let managed = managed(home.path());
        let change = |flag: &str| {
            let mut change = std::process::Command::new("chattr");
            change.arg(flag).arg(&inner).output()
        };
        if !change("+i").is_ok_and(|done| done.status.success()) {
            let test = "what_was_made_immutable_stays_and_a_dry_run_knows_it";
            return domain::fixture::left_out(test, "chattr +i");
        }
        for mode in [DryRun, Remove] {
            let error = managed.remove_folder("t_1", mode).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        }
        change("-i").unwrap();
        managed.remove_folder("t_1", DryRun).unwrap();
        assert!(inner.join("file").exists());
        managed.remove_folder("t_1", Remove).unwrap();
    }

    #[test]
    fn a_system_that_cannot_look_while_it_opens_compares_the_mounts() {
        let home = home();
        fs::create_dir(home.path().join("a/b/t_1")).unwrap();
        let folder = managed(home.path()).folder;
        open_and_compare_mounts(&folder, c"t_1").unwrap();
        let root: OwnedFd = File::open("/").unwrap().into();
        let mounted = open_and_compare_mounts(&root, c"proc");
        assert_eq!(mounted.err(), Some(Errno::XDEV));
        assert_eq!(open_unmounted(&root, c"proc").err(), Some(Errno::XDEV));
    }

    #[test]
    fn a_folder_that_is_not_there_manages_nothing() {
        let home = home();
        assert!(
            Managed::open(home.path(), &home.path().join("a/c"))
                .unwrap()
                .is_none()
        );
    }
}
