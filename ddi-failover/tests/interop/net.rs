//! Hosts in network namespaces, joined by links that behave like a switch.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::run;

static NETS: AtomicU32 = AtomicU32::new(0);

/// A network of hosts. Dropping it ends every process in it and removes it.
pub(crate) struct Net {
    name: String,
    hosts: Vec<Host>,
    ports: u32,
}

/// One host: a network namespace.
#[derive(Clone)]
pub(crate) struct Host {
    pub(crate) namespace: String,
}

impl Host {
    /// A command that will run on this host.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.namespace, program]);
        command
    }

    /// `ip ARGS` on this host, `args` separated by blanks.
    #[track_caller]
    pub(crate) fn ip(&self, args: &str) -> String {
        run(Command::new("ip").args(["-n", &self.namespace]).args(args.split(' ')))
    }

    /// True if `device` has `address`.
    pub(crate) fn has_address(&self, device: &str, address: &str) -> bool {
        self.ip(&format!("-4 -o addr show dev {device}")).contains(&format!("inet {address}/"))
    }

    /// The link-layer address of `device`.
    pub(crate) fn hw_addr(&self, device: &str) -> String {
        let text = self.ip(&format!("-o link show dev {device}"));
        let mut words = text.split_whitespace().skip_while(|w| *w != "link/ether");
        words.nth(1).unwrap_or_else(|| panic!("no link-layer address in {text}")).to_owned()
    }
}

impl Net {
    pub(crate) fn new() -> Self {
        let number = NETS.fetch_add(1, Ordering::Relaxed);
        Self { name: format!("ddi{}n{number}", std::process::id()), hosts: Vec::new(), ports: 0 }
    }

    #[track_caller]
    pub(crate) fn host(&mut self, name: &str) -> Host {
        let host = Host { namespace: format!("{}-{name}", self.name) };
        run(Command::new("ip").args(["netns", "add", &host.namespace]));
        self.hosts.push(host.clone());
        host.ip("link set lo up");
        host
    }

    /// A switch that hosts can be plugged into.
    #[track_caller]
    pub(crate) fn switch(&mut self, name: &str) -> Host {
        let switch = self.host(name);
        switch.ip("link add br0 type bridge");
        switch.ip("link set br0 up");
        switch
    }

    /// Gives `host` a device on `switch`, with an address (`10.0.0.1/24`) if one is given.
    #[track_caller]
    pub(crate) fn plug(&mut self, host: &Host, device: &str, switch: &Host, address: Option<&str>) {
        self.ports += 1;
        let port = format!("p{}", self.ports);
        host.ip(&format!("link add {device} type veth peer name {port} netns {}", switch.namespace));
        switch.ip(&format!("link set {port} master br0 up"));
        host.ip(&format!("link set {device} up"));
        if let Some(address) = address {
            host.ip(&format!("addr add {address} brd + dev {device}"));
        }
    }

    /// Joins two hosts directly.
    #[track_caller]
    pub(crate) fn join(&mut self, a: (&Host, &str, &str), b: (&Host, &str, &str)) {
        a.0.ip(&format!("link add {} type veth peer name {} netns {}", a.1, b.1, b.0.namespace));
        for (host, device, address) in [a, b] {
            host.ip(&format!("addr add {address} brd + dev {device}"));
            host.ip(&format!("link set {device} up"));
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for host in &self.hosts {
            // Only what was started in this namespace, which this test made.
            let pids = Command::new("ip").args(["netns", "pids", &host.namespace]).output();
            for pid in pids.iter().flat_map(|o| {
                String::from_utf8_lossy(&o.stdout).into_owned().lines().map(str::to_owned).collect::<Vec<_>>()
            }) {
                let _ = Command::new("kill").args(["-KILL", &pid]).output();
            }
            let _ = Command::new("ip").args(["netns", "del", &host.namespace]).output();
        }
    }
}
