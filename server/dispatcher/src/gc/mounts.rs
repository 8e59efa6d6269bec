//! The mount points of this process.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Returns true when something is mounted at the folder or below it. A link's target is not of that
/// folder.
pub(super) fn is_any_in(folder: &Path) -> io::Result<bool> {
    let mounts = fs::read("/proc/self/mountinfo")?;
    // The system names mounts without the links that lead to them.
    let folder = folder.canonicalize()?;
    Ok(points(&mounts).any(|point| point.starts_with(&folder)))
}

/// The folders at which something is mounted: the fifth field of each line (`proc_pid_mountinfo(5)`).
fn points(mounts: &[u8]) -> impl Iterator<Item = PathBuf> {
    let lines = mounts.split(|byte| *byte == b'\n');
    lines.filter_map(|line| Some(plain(line.split(|byte| *byte == b' ').nth(4)?)))
}

/// A path as it is: what would end its field is written as `\` and three octal digits.
fn plain(mut field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    while let [byte, rest @ ..] = field {
        let escaped = rest.first_chunk().filter(|_| *byte == b'\\');
        if let Some(meant) = escaped.copied().and_then(octal) {
            path.push(meant);
            field = rest.get(3..).unwrap_or_default();
        } else {
            path.push(*byte);
            field = rest;
        }
    }
    OsStr::from_bytes(&path).into()
}

/// The byte that three octal digits stand for.
fn octal(digits: [u8; 3]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_says_where_something_is_mounted() {
        assert!(is_any_in(Path::new("/proc")).unwrap());
        assert!(is_any_in(Path::new("/")).unwrap());
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_any_in(folder.path()).unwrap());
    }

    #[test]
    fn a_mount_is_found_whatever_its_name_holds() {
        let mounts = b"36 35 98:0 / /home/a\\040task\\134 rw shared:1 - ext4 /dev/sda rw\n\
            37 35 0:5 / /proc rw - proc proc rw\n";
        let found: Vec<_> = points(mounts).collect();
        assert_eq!(found, [Path::new("/home/a task\\"), Path::new("/proc")]);
    }
}
