//! How many runs may go on at once, and why that many.

use std::fs;
use std::num::NonZero;

/// How much memory a run is reckoned with unless the configuration says otherwise, in MiB: an agent
/// with its tools takes about that much.
const MEMORY_PER_RUN_MIB: u64 = 1_024;

/// A number of runs, and the reason to be shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cap {
    pub(crate) limit: u32,
    pub(crate) reason: String,
}

/// What the machine has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// How many processors we may use.
    processors: u32,
    /// How much memory can be taken without swapping, in MiB, where that is known.
    available_mib: Option<u64>,
}

impl Machine {
    /// This one, as it is now.
    pub(crate) fn now() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        Self {
            processors: u32::try_from(processors).unwrap_or(u32::MAX),
            available_mib: available_mib(&meminfo),
        }
    }

    #[cfg(test)]
    pub(crate) fn of(processors: u32, available_mib: Option<u64>) -> Self {
        Self {
            processors,
            available_mib,
        }
    }

    /// One run for each processor, as long as there is memory for them.
    pub(crate) fn cap(self, memory_per_run_mib: Option<NonZero<u64>>) -> Cap {
        let processors = self.processors.max(1);
        let per_run = memory_per_run_mib.map_or(MEMORY_PER_RUN_MIB, NonZero::get);
        let in_memory = self
            .available_mib
            .and_then(|available| u32::try_from(available / per_run).ok())
            .map_or(u32::MAX, |runs| runs.max(1));
        if in_memory < processors {
            let available = self.available_mib.unwrap_or_default();
            return Cap {
                limit: in_memory,
                reason: format!("{available} MiB of memory available, {per_run} MiB for each run"),
            };
        }
        let reason = match processors {
            1 => "1 processor".to_owned(),
            many => format!("{many} processors"),
        };
        Cap {
            limit: processors,
            reason,
        }
    }
}

/// `MemAvailable` of `/proc/meminfo`, which is in KiB.
fn available_mib(meminfo: &str) -> Option<u64> {
    let value = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cap(processors: u32, available_mib: Option<u64>) -> (u32, String) {
        let cap = Machine::of(processors, available_mib).cap(None);
        (cap.limit, cap.reason)
    }

    #[test]
    fn a_machine_of_one_gib_gets_one_run_however_many_processors_it_has() {
        let reason = "700 MiB of memory available, 1024 MiB for each run".to_owned();
        assert_eq!(cap(8, Some(700)), (1, reason));
    }

    #[test]
    fn where_memory_is_enough_each_processor_gets_a_run() {
        assert_eq!(cap(2, Some(16_000)), (2, "2 processors".to_owned()));
        assert_eq!(cap(1, Some(0)), (1, "1 processor".to_owned()));
        assert_eq!(cap(4, None), (4, "4 processors".to_owned()));
    }

    #[test]
    fn the_memory_of_a_run_can_be_set() {
        let machine = Machine::of(8, Some(1_000));
        assert_eq!(machine.cap(NonZero::new(250)).limit, 4);
        assert_eq!(machine.cap(NonZero::new(100)).limit, 8);
    }

    #[test]
    fn the_available_memory_is_read_as_the_system_writes_it() {
        let meminfo = "MemTotal:  24683520 kB\nMemAvailable:   2097152 kB\nBuffers: 1 kB\n";
        assert_eq!(available_mib(meminfo), Some(2_048));
        assert_eq!(available_mib("MemTotal: 1 kB"), None);
        assert!(Machine::now().available_mib.is_some());
    }
}
