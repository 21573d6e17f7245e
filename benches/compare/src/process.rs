//! Processes under test: their end, and what they and their children hold of memory, and took of the processor.

use std::fs;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::Failure;

/// How long a process may take to end that was asked to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A process under test. It is ended when dropped.
pub struct Running {
    child: Child,
}

impl Running {
    pub fn new(child: Child) -> Self {
        Self { child }
    }

    pub fn megabytes(&self) -> Result<f64, Failure> {
        megabytes(self.child.id())
    }

    /// User and system time of all its processes so far.
    pub fn cpu_seconds(&self) -> Result<f64, Failure> {
        cpu_seconds(self.child.id())
    }

    pub fn has_ended(&mut self) -> Result<bool, Failure> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends it a signal, by name.
    pub fn signal(&self, name: &str) {
        let _ = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Asked first, so that it can end its own children.
        self.signal("TERM");
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Megabytes of the process and its descendants, what they share counted once (PSS of `/proc`).
fn megabytes(pid: u32) -> Result<f64, Failure> {
    let kilobytes: u64 = family(pid)?.into_iter().map(kilobytes_of).sum();
    Ok(kilobytes as f64 * 1024.0 / 1e6)
}

/// Of the times in `/proc/PID/stat`; Linux has had no other for user space.
const TICKS_PER_SECOND: f64 = 100.0;

/// User and system time of the process and its descendants.
pub fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let mut ticks = 0.0;
    for pid in family(pid)? {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        ticks += after_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|word| word.parse::<f64>().ok())
            .sum::<f64>();
    }
    Ok(ticks / TICKS_PER_SECOND)
}

/// Nanoseconds that this thread was on a processor so far: what others do meanwhile counts for less. The
/// kernel's `schedstat` says the same, but only to the last tick: of a millisecond nothing.
pub fn thread_nanos() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn kilobytes_of(pid: u32) -> u64 {
    // A child may be gone by now.
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let pss = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    pss.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn family(pid: u32) -> Result<Vec<u32>, Failure> {
    let mut parents: Vec<(u32, u32)> = Vec::new();
    for file in fs::read_dir("/proc")? {
        let Some(pid) = file?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        if let Some(parent) = after_name.split_whitespace().nth(1).and_then(|word| word.parse().ok()) {
            parents.push((pid, parent));
        }
    }
    let mut found = vec![pid];
    let mut next = 0;
    while next < found.len() {
        let of: u32 = found[next];
        found.extend(parents.iter().filter(|row| row.1 == of).map(|row| row.0));
        next += 1;
    }
    Ok(found)
}
