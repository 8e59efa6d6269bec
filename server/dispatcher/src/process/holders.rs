//! The holders of a flock(2) lock, from `/proc/locks`, in the words of `ps`.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The longest part of a command line that is shown.
const SHOWN: usize = 60;

/// The processes that hold a lock on the file, as `process 4711 (kanban serve)`; none where the system
/// does not say. It blocks.
pub fn lock_holders(path: &Path) -> Vec<String> {
    let (Ok(file), Ok(locks)) = (fs::metadata(path), fs::read_to_string("/proc/locks")) else {
        return Vec::new();
    };
    let mut pids: Vec<u32> = locks
        .lines()
        .filter_map(|line| holder(line, file.ino()))
        .collect();
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().map(describe).collect()
}

/// The holder that a line of `/proc/locks` names, where it is of this file (`proc_locks(5))`:
/// `1: FLOCK ADVISORY WRITE 4711 fe:00:1234 0 EOF`.
fn holder(line: &str, inode: u64) -> Option<u32> {
    let mut words = line.split_ascii_whitespace().skip(1);
    let is_held = words.next()? == "FLOCK";
    let pid = words.nth(2)?.parse().ok()?;
    let found: u64 = words.next()?.rsplit_once(':')?.1.parse().ok()?;
    (is_held && found == inode && pid != std::process::id()).then_some(pid)
}

fn describe(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&line).replace('\0', " ");
    let (program, rest) = words.trim().split_once(' ').unwrap_or((words.trim(), ""));
    let program = program.rsplit('/').next().unwrap_or_default();
    let shown: String = format!("{program} {rest}").chars().take(SHOWN).collect();
    match shown.trim() {
        "" => format!("process {pid}"),
        shown => format!("process {pid} ({shown})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_held_locks_of_the_file_count() {
        let line = "1: FLOCK  ADVISORY  READ 4711 fe:00:1234 0 EOF";
        assert_eq!(holder(line, 1234), Some(4711));
        assert_eq!(holder(line, 234), None);
        assert_eq!(holder(&line.replace("FLOCK", "POSIX"), 1234), None);
        assert_eq!(holder(&line.replace("1: ", "1: -> "), 1234), None);
        assert_eq!(holder("", 1234), None);
    }

    #[test]
    fn a_process_is_named_by_its_command() {
        let me = describe(std::process::id());
        assert!(
            me.starts_with(&format!("process {} (", std::process::id())),
            "{me}"
        );
    }
}
