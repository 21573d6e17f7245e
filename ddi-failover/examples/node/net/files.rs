//! How many files may be open, and which of them connections leave to the rest of the node.

use crate::say::say;
use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Open files that no connection takes: the logs' next segments, compactions, files of zones and relationships.
const KEPT: u64 = 16;

/// As many open files as the system lets this process have: partners and clients over TCP are many, and the
/// usual soft limit is there for programs that use `select`.
pub fn allow_many() {
    let files = Resource::RLIMIT_NOFILE;
    let raised = getrlimit(files).and_then(
        |(soft, hard)| {
            if soft < hard { setrlimit(files, hard, hard) } else { Ok(()) }
        },
    );
    if let Err(e) = raised {
        // Fewer will do.
        say(format!("open files: {e}"));
    }
}

/// May a new connection have its file? The system gives the lowest number that is free: one of the last says that
/// nearly all others are taken. A log that gets no file for its next segment is the end of the node; a client that
/// gets no connection comes again.
pub fn admit(connection: impl AsFd) -> io::Result<()> {
    let (limit, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let number = u64::try_from(connection.as_fd().as_raw_fd()).unwrap_or(u64::MAX);
    if number >= limit - KEPT.min(limit / 4) { Err(Errno::EMFILE.into()) } else { Ok(()) }
}
