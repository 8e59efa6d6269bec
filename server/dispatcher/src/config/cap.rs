//! The cap on concurrent runs, and its reason.

use std::fs;
use std::num::NonZero;
use std::path::Path;

/// The memory reckoned for a run unless the configuration says otherwise, in MiB: an agent with its
/// tools takes about that much.
const MEMORY_PER_RUN_MIB: u64 = 1_024;

/// A number of runs, and the reason to be shown with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cap {
    pub(crate) limit: u32,
    pub(crate) reason: String,
}

/// The machine's processors and memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    /// The number of processors we may use.
    processors: u32,
    /// The memory that can be taken without swapping, in MiB, where known.
    available_mib: Option<u64>,
    /// The source of that limit.
    bound: Bound,
}

/// The source of the memory limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// The memory of the machine.
    Machine,
    /// The limit of our control group: of a container or a service.
    Group,
}

impl Machine {
    /// This one, as it is now.
    pub(crate) fn now() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let of_machine = available_mib(&read("/proc/meminfo"));
        let of_group = group_mib(&read("/proc/self/cgroup"), Path::new("/sys/fs/cgroup"));
        let is_bounded = of_group.is_some_and(|mib| of_machine.is_none_or(|all| mib < all));
        let (available_mib, bound) = if is_bounded {
            (of_group, Bound::Group)
        } else {
            (of_machine, Bound::Machine)
        };
        Self {
            processors: u32::try_from(processors).unwrap_or(u32::MAX),
            available_mib,
            bound,
        }
    }

    #[cfg(test)]
    pub(crate) fn of(processors: u32, available_mib: Option<u64>) -> Self {
        Self {
            processors,
            available_mib,
            bound: Bound::Machine,
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
            let whose = match self.bound {
                Bound::Machine => "",
                Bound::Group => " to this control group",
            };
            return Cap {
                limit: in_memory,
                reason: format!(
                    "{available} MiB of memory available{whose}, {per_run} MiB for each run"
                ),
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

/// The memory that our control group and those above it may still take, in MiB; `None` where none
/// of them has a limit. `groups` is `/proc/self/cgroup` (cgroups(7)), `root` is where they are
/// mounted.
fn group_mib(groups: &str, root: &Path) -> Option<u64> {
    let of_line = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?);
        let names = match controllers {
            "" => &UNIFIED,
            many if many.split(',').any(|one| one == "memory") => &OF_ITS_OWN,
            _ => return None,
        };
        let root = root.join(names.mount);
        let own = root.join(path.trim_start_matches('/'));
        // In a container our group may be the root that we see, whatever it is called outside.
        let groups = own.ancestors().take_while(|group| group.starts_with(&root));
        groups.filter_map(|group| names.left_in(group)).min()
    };
    groups.lines().filter_map(of_line).min()
}

/// The files of a control group's memory controller; their values are in bytes.
struct Names {
    mount: &'static str,
    limit: &'static str,
    used: &'static str,
    /// A line of `memory.stat`: what is given back as soon as somebody else needs it.
    cache: &'static str,
}

const UNIFIED: Names = Names {
    mount: "",
    limit: "memory.max",
    used: "memory.current",
    cache: "inactive_file ",
};

/// As the first version has it.
const OF_ITS_OWN: Names = Names {
    mount: "memory",
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    cache: "total_inactive_file ",
};

impl Names {
    fn left_in(&self, group: &Path) -> Option<u64> {
        let read = |name: &str| fs::read_to_string(group.join(name)).ok();
        let number = |text: &str| text.trim().parse::<u64>().ok();
        // "max", or a number beyond all memory, is no limit.
        let limit = number(&read(self.limit)?).filter(|limit| *limit < 1 << 60)?;
        let used = number(&read(self.used)?)?;
        let stat = read("memory.stat").unwrap_or_default();
        let cache = stat.lines().find_map(|line| line.strip_prefix(self.cache));
        let used = used.saturating_sub(cache.and_then(number).unwrap_or_default());
        Some(limit.saturating_sub(used) / (1_024 * 1_024))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_a_control_group_of_either_version_counts() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let mib = 1_024 * 1_024;
        let second = |groups: &str| group_mib(groups, root.path());
        write("user/board/memory.max", "max\n");
        write("user/board/memory.current", &format!("{}\n", 100 * mib));
        assert_eq!(second("0::/user/board\n"), None);
        // The limit of a group above holds too, and what is only cached is there to be taken.
        write("user/memory.max", &format!("{}\n", 1_000 * mib));
        write("user/memory.current", &format!("{}\n", 400 * mib));
        let stat = format!("anon 1\ninactive_file {}\n", 300 * mib);
        write("user/memory.stat", &stat);
        assert_eq!(second("0::/user/board\n"), Some(900));
        assert_eq!(second("0::/elsewhere\n"), None);

        let first = "12:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n";
        write("memory/memory.limit_in_bytes", &format!("{}\n", 600 * mib));
        write("memory/memory.usage_in_bytes", &format!("{}\n", 100 * mib));
        assert_eq!(second(first), Some(500));
        write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(second(first), None);
    }

    #[test]
    fn a_cap_says_whose_memory_it_is_bounded_by() {
        let machine = Machine {
            bound: Bound::Group,
            ..Machine::of(8, Some(700))
        };
        let reason = "700 MiB of memory available to this control group, 1024 MiB for each run";
        assert_eq!(machine.cap(None).reason, reason);
    }

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
