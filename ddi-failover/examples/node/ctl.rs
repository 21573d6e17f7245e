//! Talking to a running node: `node ctl CONFIG COMMAND` over a unix socket in the data directory.
//!
//! The request is one line of JSON, a list of words. The answer is a sequence of frames, so that a
//! long one that breaks off is never taken for whole.

pub mod client;
pub mod json;
pub mod server;
pub mod wire;

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// The socket's name in the data directory.
const SOCKET: &str = "ctl";

/// What a node can be asked.
pub const COMMANDS: &str = "status | leases [PREFIX] | lease ADDRESS | release ADDRESS | \
                            export kea|dhcpd FILE | compact | \
                            failover status | failover partner-down|shutdown|pause|resume NAME | zones | \
                            zone NAME reload|export FILE|retransfer|notify|freeze|thaw";

/// The socket's path. A unix socket's path is at most 107 bytes long and a data directory may be
/// deeper, so the directory is opened and named by its descriptor.
struct SocketPath {
    path: PathBuf,
    _dir: File,
}

impl SocketPath {
    fn new(data_dir: &Path) -> io::Result<Self> {
        let dir = fs::File::open(data_dir)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", dir.as_raw_fd()));
        Ok(Self { path, _dir: dir })
    }
}
