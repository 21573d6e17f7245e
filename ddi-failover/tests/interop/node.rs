//! The reference node, built once and started on a host.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::net::Host;
use crate::process::{Process, run, wait_for};

/// The node's program, built as its README says.
pub(crate) fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut command = Command::new(cargo);
        command.args(["build", "--release", "--quiet", "--example", "node", "--message-format", "json"]);
        command.arg("--manifest-path").arg(manifest);
        let messages = run(&mut command);
        let of_node = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut programs = of_node.filter(|m| m["target"]["name"] == "node");
        let program = programs.find_map(|m| m["executable"].as_str().map(PathBuf::from));
        program.expect("cargo tells where the node is")
    })
}

pub(crate) struct Node {
    host: Host,
    config: PathBuf,
    /// The node, or the strace that runs it.
    pub(crate) process: Process,
}

/// What the tests vary; the rest of the configuration is the same for all.
pub(crate) struct Setup {
    pub(crate) interface: Option<&'static str>,
    pub(crate) relays: &'static [&'static str],
    pub(crate) router: &'static str,
    pub(crate) lease_seconds: u32,
    pub(crate) pool: &'static str,
}

impl Setup {
    pub(crate) const DIRECT: Self = Self {
        interface: Some("srv0"),
        relays: &[],
        router: "10.77.0.1",
        lease_seconds: 20,
        pool: "10.77.16.0-10.77.255.250",
    };

    fn write(&self, dir: &Path) -> PathBuf {
        let quoted: Vec<_> = self.relays.iter().map(|r| format!("\"{r}\"")).collect();
        let interface = self.interface.map_or(String::new(), |i| format!("interface = \"{i}\"\n"));
        let relays =
            if quoted.is_empty() { String::new() } else { format!("relays = [{}]\n", quoted.join(", ")) };
        let text = format!(
            "data_dir = \"{}\"\n[dhcp4]\nlisten = \"0.0.0.0:67\"\n{interface}authoritative = true\n\
             min_lease_seconds = 10\ncache_threshold_percent = 0\n\
             [[dhcp4.subnet]]\nprefix = \"10.77.0.0/16\"\n{relays}pools = [\"{}\"]\nlease_seconds = {}\n\
             options = {{ routers = [\"{}\"], dns_servers = [\"10.77.0.53\"], domain_name = \"example.com\" }}\n\
             [[dhcp4.subnet.reservation]]\nhw_addr = \"02:00:00:00:00:01\"\naddress = \"10.77.1.1\"\n",
            dir.join("state").display(),
            self.pool,
            self.lease_seconds,
            self.router,
        );
        let path = dir.join("node.toml");
        fs::write(&path, text).expect("the node's configuration");
        path
    }
}

impl Node {
    /// Starts the node and waits until it serves.
    #[track_caller]
    pub(crate) fn start(host: &Host, dir: &Path, setup: &Setup) -> Self {
        Self::start_under(&[], host, dir, setup)
    }

    /// The same, under another program (strace), given with its arguments.
    #[track_caller]
    pub(crate) fn start_under(under: &[&str], host: &Host, dir: &Path, setup: &Setup) -> Self {
        let config = setup.write(dir);
        let mut command = match under {
            [] => host.command(&binary().to_string_lossy()),
            [program, args @ ..] => {
                let mut command = host.command(program);
                command.args(args).arg(binary());
                command
            }
        };
        command.arg("run").arg(&config);
        let mut process = Process::start("node", dir, &mut command);
        process.wait_for_line("ready");
        Self { host: host.clone(), config, process }
    }

    /// Writes another configuration and has the node reread it.
    pub(crate) fn reload(&self, setup: &Setup) {
        setup.write(self.config.parent().expect("a folder"));
        self.process.signal(Signal::SIGHUP);
    }

    /// What `node ctl` answers.
    #[track_caller]
    pub(crate) fn ctl(&self, args: &[&str]) -> Value {
        let mut command = self.host.command(&binary().to_string_lossy());
        let answer = run(command.arg("ctl").arg(&self.config).args(args));
        serde_json::from_str(&answer).unwrap_or_else(|e| panic!("ctl {args:?}: {e}: {answer}"))
    }

    /// The lease of `address`.
    #[track_caller]
    pub(crate) fn lease(&self, address: &str) -> Value {
        self.ctl(&["lease", address])
    }

    /// Waits until the lease of `address` is in `state`.
    #[track_caller]
    pub(crate) fn wait_for_state(&self, address: &str, state: &str) -> Value {
        wait_for(&format!("{address} to be {state}"), || {
            let lease = self.lease(address);
            (lease["state"] == state).then_some(lease)
        })
    }
}
