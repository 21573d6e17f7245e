//! Two network namespaces joined by a veth pair: the server's and the load's.

use std::process::Command;

use crate::Failure;

/// Two servers, as a pair in failover has; who is alone has the first.
pub const SERVER_ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.3"];
/// A load is a relay at one of these.
pub const LOAD_ADDRESSES: [&str; 2] = ["10.77.0.2", "10.77.0.4"];
pub const SERVER_DEVICE: &str = "srv0";
pub const LOAD_DEVICE: &str = "load0";

pub struct Net {
    server: String,
    load: String,
}

impl Net {
    pub fn new() -> Result<Self, Failure> {
        let pid = std::process::id();
        let net = Self { server: format!("ddicmp{pid}s"), load: format!("ddicmp{pid}l") };
        let (server, load) = (&net.server, &net.load);
        ip(&format!("netns add {server}"))?;
        ip(&format!("netns add {load}"))?;
        ip(&format!("-n {server} link add {SERVER_DEVICE} type veth peer name {LOAD_DEVICE} netns {load}"))?;
        for (namespace, device, addresses) in
            [(server, SERVER_DEVICE, SERVER_ADDRESSES), (load, LOAD_DEVICE, LOAD_ADDRESSES)]
        {
            for address in addresses {
                ip(&format!("-n {namespace} addr add {address}/16 brd + dev {device}"))?;
            }
        }
        for (namespace, device) in [(server, SERVER_DEVICE), (load, LOAD_DEVICE)] {
            ip(&format!("-n {namespace} link set lo up"))?;
            ip(&format!("-n {namespace} link set {device} up"))?;
        }
        Ok(net)
    }

    /// A command on the server's side.
    pub fn on_server(&self, program: &str) -> Command {
        on(&self.server, program)
    }

    /// A command on the load's side.
    pub fn on_load(&self, program: &str) -> Command {
        on(&self.load, program)
    }
}

fn on(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]);
    command
}

fn ip(args: &str) -> Result<(), Failure> {
    let output = Command::new("ip").args(args.split(' ')).output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {args}: {} (are you root?)", String::from_utf8_lossy(&output.stderr).trim()).into())
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in [&self.server, &self.load] {
            let _ = ip(&format!("netns del {namespace}"));
        }
    }
}
