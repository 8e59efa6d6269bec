//! The memory of a process, for the benchmarks.

use std::fs;

use anyhow::Context as _;

/// Returns the memory that a process has in RAM, in MiB (`proc_pid_status(5)`).
pub(crate) fn mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = resident.and_then(|value| value.trim().strip_suffix(" kB"));
    Ok(kib.context("no VmRSS")?.parse::<f64>()? / 1_024.0)
}
