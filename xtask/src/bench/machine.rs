//! What a measurement was made on.

use std::fs;
use std::thread;

use kernels::CpuKernels;

/// Processor, the instruction set that the engine takes on it, cores and load, for people. Hosts give processors of
/// several generations one name.
pub(crate) fn describe() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("unknown processor");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    let isa = CpuKernels::detect().isa().as_str();
    format!("{model} with {isa}, {cores} cores, load {load} at the start")
}
