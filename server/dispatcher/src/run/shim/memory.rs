//! Detects a worker that was killed because memory ran out.
//!
//! The system says so to nobody but the administrator. What everybody may read is how many processes
//! it has killed for that, of the whole machine or of a group with a limit of its own: `oom_kill` in
//! `/proc/vmstat`. When that number grew while a worker ran that was killed by somebody else than us,
//! it was most likely this one.

use std::fs;

use crate::run::folder::End;

/// The number of the signal that nobody can refuse, on Linux (signal(7)).
const SIGKILL: i32 = 9;

/// The exit code of a shell whose last command died of SIGKILL.
const SHELL_KILL: i32 = 128 + SIGKILL;

/// The number of out-of-memory kills since the system started, where known.
pub(super) fn kills() -> Option<u64> {
    parse(&fs::read_to_string("/proc/vmstat").ok()?)
}

/// The same end, with the lack of memory as its cause where that is likely.
pub(super) fn likely_cause(end: End, before: Option<u64>, after: Option<u64>) -> End {
    let kills = match (before, after) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => 0,
    };
    match end {
        End::Signal(SIGKILL) | End::Code(SHELL_KILL) if kills > 0 => End::OutOfMemory { kills },
        end => end,
    }
}

fn parse(vmstat: &str) -> Option<u64> {
    let line = vmstat
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill "));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_while_memory_ran_out_is_put_down_to_that() {
        let cause = |end, before, after| likely_cause(end, Some(before), Some(after));
        let killed = || End::Signal(SIGKILL);
        assert_eq!(cause(killed(), 3, 4), End::OutOfMemory { kills: 1 });
        assert_eq!(cause(End::Code(137), 3, 5), End::OutOfMemory { kills: 2 });
        assert_eq!(cause(killed(), 3, 3), killed());
        assert_eq!(cause(End::Code(1), 3, 4), End::Code(1));
        assert_eq!(cause(End::Stopped, 3, 4), End::Stopped);
        assert_eq!(likely_cause(killed(), None, Some(4)), killed());
    }

    #[test]
    fn the_number_of_kills_is_read_as_the_system_writes_it() {
        assert_eq!(parse("pgfault 7\noom_kill 12\noom_killer 3\n"), Some(12));
        assert_eq!(parse("pgfault 7\n"), None);
        assert!(kills().is_some());
    }
}
