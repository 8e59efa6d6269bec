//! The home folder that a board's file remembers, to tell a copy of the folder from the folder itself.

use serde::{Deserialize, Serialize};

/// The identity of a home folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeIdentity {
    /// Its path, without the links in it.
    pub path: String,
    /// Its inode: `mv` within a file system, a mount and a reboot keep it.
    pub inode: i64,
    /// The id of the machine (machine-id(5)), if it has one.
    pub machine: Option<String>,
    /// Its birth time in nanoseconds (statx(2)), if the file system keeps one: nothing can set it, so a
    /// copy has its own, also where the inode is that of every root (2 on ext4, 1 on tmpfs).
    pub born: Option<i64>,
    /// The number of its device; `None` in the record of an earlier version.
    pub device: Option<i64>,
}

impl HomeIdentity {
    /// Returns true when this home is another folder than the remembered one, which may be in use still.
    pub fn is_copy_of(&self, remembered: &Self) -> bool {
        // A reboot may number the devices anew, and mounts their file system elsewhere without. Both at
        // once is a second file system: a clone or a snapshot, whose inodes and birth times are the same.
        let is_elsewhere = differ(self.device, remembered.device) && self.path != remembered.path;
        self.inode != remembered.inode
            || differ(self.born, remembered.born)
            || differ(self.machine.as_ref(), remembered.machine.as_ref())
            || is_elsewhere
    }
}

/// Returns true when both are known and are not the same.
fn differ<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_folder_of_the_same_machine_goes_on_and_any_other_is_a_copy() {
        let home = |path: &str, inode, born, device, machine: Option<&str>| HomeIdentity {
            path: path.to_owned(),
            inode,
            machine: machine.map(str::to_owned),
            born,
            device,
        };
        let (m, n) = (Some("m"), Some("n"));
        let remembered = home("/a", 7, Some(1), Some(8), m);
        let cases = [
            ("itself", home("/a", 7, Some(1), Some(8), m), false),
            ("moved", home("/b", 7, Some(1), Some(8), m), false),
            ("after a reboot", home("/a", 7, Some(1), Some(9), m), false),
            ("mounted", home("/data", 7, Some(1), Some(8), None), false),
            ("without a birth", home("/a", 7, None, Some(8), m), false),
            ("put back", home("/a", 8, Some(2), Some(8), m), true),
            ("copied", home("/b", 8, Some(2), Some(8), m), true),
            (
                "root of a file system",
                home("/b", 7, Some(2), Some(9), m),
                true,
            ),
            ("mounted there", home("/a", 7, Some(2), Some(9), m), true),
            ("snapshot", home("/b", 7, Some(1), Some(9), m), true),
            ("cloned machine", home("/a", 7, Some(1), Some(8), n), true),
            ("inode used again", home("/a", 7, Some(2), Some(8), m), true),
        ];
        for (name, home, is_copy) in cases {
            assert_eq!(home.is_copy_of(&remembered), is_copy, "{name}");
        }
        let earlier = home("/a", 7, None, None, m);
        assert!(!remembered.is_copy_of(&earlier));
    }
}
