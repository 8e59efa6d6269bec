//! The home folder that a board's file remembers, to tell a copy of the folder from the folder itself.

use serde::{Deserialize, Serialize};

/// The identity of a home folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeIdentity {
    /// Its path, without the links in it.
    pub path: String,
    /// Its inode: `mv` within a file system, a mount and a reboot keep it, a copy has another.
    pub inode: i64,
    /// The id of the machine (machine-id(5)), if it has one.
    pub machine: Option<String>,
}

impl HomeIdentity {
    /// Returns true when this home is a copy of the remembered one, which may be in use still. A folder
    /// whose inode alone differs is the same place on the same machine, put back from a backup.
    pub fn is_copy_of(&self, remembered: &Self) -> bool {
        let is_elsewhere = self.path != remembered.path || self.machine != remembered.machine;
        self.inode != remembered.inode && is_elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_inode_at_another_place_is_a_copy_and_nothing_less() {
        let home = |path: &str, inode, machine: Option<&str>| HomeIdentity {
            path: path.to_owned(),
            inode,
            machine: machine.map(str::to_owned),
        };
        let remembered = home("/srv/a", 7, Some("m"));
        let cases = [
            ("itself", home("/srv/a", 7, Some("m")), false),
            ("moved", home("/srv/b", 7, Some("m")), false),
            ("in a new container", home("/srv/a", 7, Some("n")), false),
            ("mounted elsewhere", home("/data", 7, None), false),
            ("put back", home("/srv/a", 8, Some("m")), false),
            ("copied", home("/srv/b", 8, Some("m")), true),
            ("copied to a machine", home("/srv/a", 8, Some("n")), true),
            ("copied into a container", home("/srv/a", 8, None), true),
        ];
        for (name, home, is_copy) in cases {
            assert_eq!(home.is_copy_of(&remembered), is_copy, "{name}");
        }
    }
}
