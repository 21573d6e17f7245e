//! A node in a process of its own, that does not outlive the demo.

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A node that takes longer to start than this has failed.
const START_MAX: Duration = Duration::from_secs(60);

/// A running node.
pub struct Node {
    child: Child,
    /// Where it receives.
    pub dhcp4: SocketAddrV4,
    pub dns: SocketAddrV4,
    /// From its start to its "ready".
    pub started_in: Duration,
}

impl Node {
    /// Starts `node run CONFIG`; what it says goes to `log`.
    pub fn start(config: &Path, log: &Path) -> io::Result<Self> {
        let began = Instant::now();
        let log = File::options().create(true).append(true).open(log)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args([super::DIE_WITH_PARENT, "run"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let ready = ready_line(&mut child);
        let nowhere = SocketAddrV4::new([0; 4].into(), 0);
        let mut node = Self { child, dhcp4: nowhere, dns: nowhere, started_in: began.elapsed() };
        let line = ready?;
        let address =
            |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.parse().ok());
        let (Some(dhcp4), Some(dns)) = (address("dhcp4="), address("dns=")) else {
            return Err(io::Error::other(format!("the node said {line:?}, not that it is ready")));
        };
        (node.dhcp4, node.dns) = (dhcp4, dns);
        Ok(node)
    }

    /// Kills it as a power switch would, as far as a process can be.
    pub fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).map_err(io::Error::other)?);
        kill(pid, Signal::SIGTERM)?;
        self.child.wait()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Both fail if it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line that the node prints when it serves; whatever else it printed if it never does.
fn ready_line(child: &mut Child) -> io::Result<String> {
    let mut stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut ready = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(START_MAX).map_err(io::Error::other)?;
        let mut byte = [0];
        match poll(&mut ready, timeout) {
            Ok(0) => break,
            Err(Errno::EINTR) => continue,
            outcome => outcome?,
        };
        match stdout.read(&mut byte) {
            Ok(0) => break,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            outcome => outcome?,
        };
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}
