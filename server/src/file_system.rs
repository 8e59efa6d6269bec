//! The file system of a folder. SQLite's write-ahead log needs memory that all processes share,
//! which a network mount does not have (<https://sqlite.org/wal.html>, "Overview", disadvantage 3).

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::statfs;

/// File systems whose files are on another machine, as statfs(2) numbers them.
const NETWORK: [(u64, &str); 7] = [
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x5346_414f, "AFS"),
    (0x564c, "NCP"),
    (0x7375_7245, "Coda"),
];

/// Makes a folder that nobody else may look into. One that exists stays as it is.
pub(crate) fn make_private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// The name of the network file system that `folder` lies on, if it does.
pub(crate) fn network_mount(folder: &Path) -> io::Result<Option<&'static str>> {
    let found = u64::try_from(statfs(folder)?.f_type).unwrap_or_default();
    Ok(name_of(found))
}

/// Refuses a folder on a network mount. What cannot be found out is let through.
pub(crate) fn refuse_network_mounts(folder: &Path) -> anyhow::Result<()> {
    match network_mount(folder) {
        Ok(Some(name)) => anyhow::bail!(
            "{} is a network mount ({name}), where SQLite can lose data; choose a --home on a disk of \
             this machine",
            folder.display()
        ),
        Ok(None) | Err(_) => Ok(()),
    }
}

fn name_of(number: u64) -> Option<&'static str> {
    let found = NETWORK.into_iter().find(|(known, _)| *known == number);
    found.map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_mounts_are_told_from_disks() {
        assert_eq!(name_of(0x6969), Some("NFS"));
        assert_eq!(name_of(0xff53_4d42), Some("CIFS"));
        // ext4, btrfs, tmpfs, overlayfs
        for disk in [0xef53, 0x9123_683e, 0x0102_1994, 0x794c_7630] {
            assert_eq!(name_of(disk), None);
        }
        let folder = tempfile::tempdir().unwrap();
        refuse_network_mounts(folder.path()).unwrap();
    }
}
