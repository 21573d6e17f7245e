//! The servers under test, each with the same subnet and pool and an empty lease file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::net::{LOAD_ADDRESSES, Net, SERVER_DEVICE};
use crate::Failure;
use crate::process::Running;

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub(super) enum Kind {
    /// The reference node; where its program is.
    Node(PathBuf),
    /// libddi's example `dhcp_server.c`; where its program is.
    Library(PathBuf),
    /// Kea with its own lease file, which it never syncs.
    Kea { threads: u32 },
    /// dhcpd, which syncs before each ACK.
    Dhcpd,
}

impl Kind {
    pub(super) fn name(&self) -> String {
        match self {
            Self::Node(_) => "ddi node (synced)".to_owned(),
            Self::Library(_) => "libddi dhcp_server.c (synced)".to_owned(),
            Self::Kea { threads } => format!("Kea 2.2 memfile, {threads} threads (not synced)"),
            Self::Dhcpd => "dhcpd 4.4.3 (synced)".to_owned(),
        }
    }

    /// A rate per second that it should hold with ease.
    pub(super) fn first_guess(&self) -> f64 {
        match self {
            Self::Node(_) | Self::Library(_) => 5_000.0,
            Self::Kea { .. } => 2_000.0,
            Self::Dhcpd => 300.0,
        }
    }

    fn ready_text(&self) -> &'static str {
        match self {
            Self::Node(_) | Self::Library(_) => "ready",
            Self::Kea { .. } => "DHCP4_STARTED",
            Self::Dhcpd => "Server starting service",
        }
    }

    /// Writes the configuration and gives the command.
    fn command(&self, net: &Net, folder: &Path) -> Result<Command, Failure> {
        let config = folder.join("config");
        let leases = folder.join("leases");
        let text = match self {
            Self::Node(_) => node_config(&leases),
            Self::Library(_) => String::new(),
            Self::Kea { threads } => kea_config(&leases, *threads),
            Self::Dhcpd => DHCPD_CONFIG.to_owned(),
        };
        fs::write(&config, text)?;
        Ok(match self {
            Self::Node(program) => {
                let mut command = net.on_server(&program.to_string_lossy());
                command.arg("run").arg(&config);
                command
            }
            Self::Library(program) => {
                let mut command = net.on_server(&program.to_string_lossy());
                command.arg(&leases).args(["67", "10.77.0.0", "16", "10.77.16.0", "10.77.255.250"]);
                command
            }
            Self::Kea { .. } => {
                let mut command = net.on_server("kea-dhcp4");
                command.arg("-c").arg(&config);
                command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", folder);
                command
            }
            Self::Dhcpd => {
                fs::write(&leases, "")?;
                let mut command = net.on_server("dhcpd");
                command.args(["-4", "-f", "-d", "--no-pid", "-cf"]).arg(&config).arg("-lf").arg(&leases);
                command.arg(SERVER_DEVICE);
                command
            }
        })
    }
}

fn node_config(state: &Path) -> String {
    format!(
        "data_dir = \"{}\"\n[dhcp4]\nlisten = \"0.0.0.0:67\"\nauthoritative = true\n\
         cache_threshold_percent = 0\n[dhcp4.flood]\nper_relay = 1000000\n[[dhcp4.subnet]]\nprefix = \"10.77.0.0/16\"\nrelays = {LOAD_ADDRESSES:?}\n\
         pools = [\"10.77.16.0-10.77.255.250\"]\nlease_seconds = 4000\n\
         options = {{ routers = [\"10.77.0.1\"], dns_servers = [\"10.77.0.53\"], domain_name = \"example.com\" }}\n",
        state.display()
    )
}

fn kea_config(leases: &Path, threads: u32) -> String {
    format!(
        r#"{{ "Dhcp4": {{
  "interfaces-config": {{ "interfaces": [ "{SERVER_DEVICE}" ], "dhcp-socket-type": "udp" }},
  "lease-database": {{ "type": "memfile", "persist": true, "name": "{}" }},
  "multi-threading": {{ "enable-multi-threading": true, "thread-pool-size": {threads}, "packet-queue-size": 64 }},
  "valid-lifetime": 4000, "authoritative": true,
  "option-data": [ {{ "name": "routers", "data": "10.77.0.1" }},
                   {{ "name": "domain-name-servers", "data": "10.77.0.53" }},
                   {{ "name": "domain-name", "data": "example.com" }} ],
  "subnet4": [ {{ "id": 1, "subnet": "10.77.0.0/16", "pools": [ {{ "pool": "10.77.16.0-10.77.255.250" }} ] }} ],
  "loggers": [ {{ "name": "kea-dhcp4", "severity": "WARN", "output_options": [ {{ "output": "stdout" }} ] }},
               {{ "name": "kea-dhcp4.dhcp4", "severity": "INFO", "output_options": [ {{ "output": "stdout" }} ] }} ]
}} }}
"#,
        leases.display()
    )
}

/// Without the ping before each offer, which would make it wait a second for a silent address, and
/// without its shortcut for clients that come back early: as the others, it writes every lease.
const DHCPD_CONFIG: &str = "authoritative; ping-check false; ddns-update-style none; dhcp-cache-threshold 0;
default-lease-time 4000; max-lease-time 4000;
subnet 10.77.0.0 netmask 255.255.0.0 {
    range 10.77.16.0 10.77.255.250;
    option routers 10.77.0.1;
    option domain-name-servers 10.77.0.53;
    option domain-name \"example.com\";
}
";

/// A running server. It is ended when dropped.
pub(super) struct Server {
    running: Running,
}

impl Server {
    pub(super) fn start(net: &Net, kind: &Kind, folder: &Path) -> Result<Self, Failure> {
        let output = folder.join("output");
        let file = fs::File::create(&output)?;
        let mut command = kind.command(net, folder)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let mut running = Running::new(command.spawn()?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&fs::read(&output)?).into_owned();
            if text.contains(kind.ready_text()) {
                return Ok(Self { running });
            }
            if running.has_ended()? || Instant::now() > deadline {
                return Err(format!("{} did not start:\n{text}", kind.name()).into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// User and system time of all its threads so far.
    pub(super) fn cpu_seconds(&self) -> Result<f64, Failure> {
        self.running.cpu_seconds()
    }
}

/// Builds the node as its README says, and tells where its program is. `DDI_NODE` names one that is built
/// already, of another version perhaps.
pub fn build_node() -> Result<PathBuf, Failure> {
    if let Some(program) = std::env::var_os("DDI_NODE") {
        return Ok(program.into());
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--release",
        "--quiet",
        "--example",
        "node",
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = build.current_dir(&root).stderr(Stdio::inherit()).output()?;
    let messages = String::from_utf8_lossy(&output.stdout);
    // One JSON object a line; the program's path is the only value that ends so.
    let mut executable =
        messages.lines().filter_map(|l| l.split_once("\"executable\":\"")?.1.split('"').next());
    let program = executable.find(|p| p.ends_with("/examples/node"));
    program
        .map(PathBuf::from)
        .ok_or_else(|| format!("cargo did not build the node: {}", output.status).into())
}

/// Builds libddi as it is installed, and its example in C with the header and the static library.
pub fn build_library(folder: &Path) -> Result<PathBuf, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut build = Command::new("make");
    build.args(["-C", "ffi", "--silent"]).env_remove("CARGO_TARGET_DIR");
    if !build.current_dir(&root).status()?.success() {
        return Err("make did not build libddi".into());
    }
    let program = folder.join("dhcp_server");
    let mut compile = Command::new("cc");
    compile.args(["-O2", "-std=c11", "-Iinclude", "ffi/examples/dhcp_server.c", "-o"]).arg(&program);
    compile.args(["target/library/libddi.a", "-lpthread", "-ldl", "-lm"]);
    if !compile.current_dir(&root).status()?.success() {
        return Err("the C compiler did not build dhcp_server.c".into());
    }
    Ok(program)
}
