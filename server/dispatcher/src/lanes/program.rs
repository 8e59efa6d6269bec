//! The lookup of programs in `PATH`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

/// The file that the name of a program means: what execvp(3) would start.
pub(crate) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    let is_program =
        |file: &PathBuf| file.is_file() && rustix::fs::access(file, Access::EXEC_OK).is_ok();
    if name.contains('/') {
        return Some(Path::new(name).to_owned()).filter(is_program);
    }
    std::env::split_paths(path)
        .map(|folder| folder.join(name))
        .find(is_program)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_cannot_be_executed_is_no_program() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("1"), folder.path().join("2"));
        for place in [&first, &second] {
            fs::create_dir(place).unwrap();
            fs::write(place.join("agent"), "").unwrap();
        }
        fs::create_dir(first.join("tool")).unwrap();
        let path = std::env::join_paths([&first, &second]).unwrap();
        assert_eq!(find("agent", &path), None);
        assert_eq!(find("tool", &path), None);
        fs::set_permissions(second.join("agent"), fs::Permissions::from_mode(0o755)).unwrap();
        let found = second.join("agent");
        assert_eq!(find("agent", &path), Some(found.clone()));
        let absolute = found.display().to_string();
        assert_eq!(find(&absolute, OsStr::new("")), Some(found));
    }
}
