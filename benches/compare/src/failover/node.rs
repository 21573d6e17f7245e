//! Nodes with or without a partner: their configurations, their processes, and what they say of themselves.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Failure;
use crate::process::Running;

/// How often a node is asked when something is waited for.
const ASK: Duration = Duration::from_millis(50);

/// What one node is told. The leases are in 10.0.0.0/8.
pub(super) struct Setup<'a> {
    pub(super) address: Ipv4Addr,
    /// Its DHCP port; 0: any.
    pub(super) port: u16,
    pub(super) relays: &'a [&'a str],
    pub(super) pool: &'a str,
    pub(super) partner: Option<Partner>,
}

/// A relationship.
#[derive(Clone, Copy)]
pub(super) struct Partner {
    pub(super) is_primary: bool,
    pub(super) address: Ipv4Addr,
    pub(super) receive_timer_seconds: u32,
    /// How long first leases are, and how long a server waits that lost its own.
    pub(super) mclt_seconds: u32,
    /// Updates that the partner may send without an answer.
    pub(super) window: u32,
    /// 0: either server answers every client.
    pub(super) load_balance_max_seconds: u32,
}

/// Where partners listen.
pub(super) const FAILOVER_PORT: u16 = 26_470;

impl Setup<'_> {
    fn text(&self, data: &Path) -> String {
        let address = self.address;
        let mut text = format!(
            "data_dir = \"{}\"\n[dhcp4]\nlisten = \"{address}:{}\"\nserver_id = \"{address}\"\n\
             authoritative = true\ncache_threshold_percent = 0\n[dhcp4.flood]\nper_client = 1000000\n\
             per_relay = 1000000\n[[dhcp4.subnet]]\nprefix = \"10.0.0.0/8\"\nid = 1\nrelays = {:?}\n\
             pools = [\"{}\"]\nlease_seconds = 86400\nmax_lease_seconds = 86400\n",
            data.display(),
            self.port,
            self.relays,
            self.pool
        );
        if let Some(partner) = &self.partner {
            text += &format!(
                "[[failover]]\nname = \"pair\"\nrole = \"{}\"\nlisten = \"{address}:{FAILOVER_PORT}\"\n\
                 partner = \"{}:{FAILOVER_PORT}\"\nmclt_seconds = {}\nreceive_timer_seconds = {}\n\
                 max_unacked = {}\nload_balance_max_seconds = {}\npools = [\"{}\"]\n",
                if partner.is_primary { "primary" } else { "secondary" },
                partner.address,
                partner.mclt_seconds,
                partner.receive_timer_seconds,
                partner.window,
                partner.load_balance_max_seconds,
                self.pool
            );
        }
        text
    }
}

/// One node: its folder, and its process if it runs.
pub(super) struct Node {
    program: PathBuf,
    config: PathBuf,
    data: PathBuf,
    output: PathBuf,
    running: Option<Running>,
}

impl Node {
    /// Writes its configuration into a folder of its own; nothing is started.
    pub(super) fn new(program: &Path, folder: &Path, setup: &Setup<'_>) -> Result<Self, Failure> {
        let (config, data, output) = (folder.join("config"), folder.join("data"), folder.join("output"));
        fs::create_dir_all(&data)?;
        fs::write(&config, setup.text(&data))?;
        Ok(Self { program: program.to_owned(), config, data, output, running: None })
    }

    /// Where its leases are.
    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    /// Starts it by a command that `command` begins with its program; returns when it serves, with the address
    /// that it serves DHCP on.
    pub(super) fn start_by(
        &mut self,
        command: impl FnOnce(&str) -> Command,
    ) -> Result<SocketAddrV4, Failure> {
        let mut command = command(&self.program.to_string_lossy());
        let output = File::options().create(true).append(true).open(&self.output)?;
        command.arg("run").arg(&self.config).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(output);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or("no output")?;
        self.running = Some(Running::new(child));
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line.split_whitespace().find_map(|word| word.strip_prefix("dhcp4=")?.parse().ok());
        address.ok_or_else(|| format!("the node is not ready: {line:?}\n{}", self.said()).into())
    }

    /// Starts it here.
    pub(super) fn start(&mut self) -> Result<SocketAddrV4, Failure> {
        self.start_by(|program| Command::new(program))
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn stop(&mut self) {
        self.running = None;
    }

    /// Sends it a signal, by name.
    pub(super) fn signal(&self, name: &str) {
        if let Some(running) = &self.running {
            running.signal(name);
        }
    }

    /// Takes all its leases, and what it knew of its partner.
    pub(super) fn wipe(&self) -> Result<(), Failure> {
        fs::remove_dir_all(&self.data)?;
        Ok(fs::create_dir_all(&self.data)?)
    }

    pub(super) fn cpu_seconds(&self) -> Result<f64, Failure> {
        self.running.as_ref().map_or(Ok(0.0), Running::cpu_seconds)
    }

    /// The answer to a command of its control socket.
    fn ctl(&self, words: &[&str]) -> Result<Value, Failure> {
        let output = Command::new(&self.program).arg("ctl").arg(&self.config).args(words).output()?;
        if !output.status.success() {
            return Err(format!("ctl {words:?}: {}", String::from_utf8_lossy(&output.stdout)).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// True if it and its partner are in NORMAL, and neither owes the other an update, nor the disk a write.
    pub(super) fn is_settled(&self) -> Result<bool, Failure> {
        let status = &self.ctl(&["failover", "status"])?[0];
        let is_normal = status["state"] == "normal" && status["partner_state"] == "normal";
        if !is_normal || ["unacked", "waiting", "to_ack"].iter().any(|key| status[key] != 0) {
            return Ok(false);
        }
        let database = &self.ctl(&["status"])?["database"];
        Ok(database["lsn"] == database["durable_lsn"])
    }

    /// How many leases of the relationship are active.
    pub(super) fn active(&self) -> Result<u64, Failure> {
        Ok(self.ctl(&["failover", "status"])?[0]["leases"]["active"].as_u64().unwrap_or(0))
    }

    pub(super) fn has_ended(&mut self) -> Result<bool, Failure> {
        self.running.as_mut().map_or(Ok(true), Running::has_ended)
    }

    /// What it said on stderr.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default()
    }
}

/// Waits until both are in NORMAL and have nothing left to tell each other: seen twice, since what one has
/// just told is the other's to write.
pub(super) fn settle(pair: &[Node], patience: Duration) -> Result<(), Failure> {
    let deadline = Instant::now() + patience;
    let mut seen = 0;
    while seen < 2 {
        let settled = pair.iter().map(Node::is_settled).collect::<Result<Vec<_>, _>>()?;
        seen = if settled.contains(&false) { 0 } else { seen + 1 };
        if Instant::now() > deadline {
            let words: Vec<_> = pair.iter().map(Node::said).collect();
            return Err(format!("not in NORMAL after {patience:?}:\n{}", words.join("\n")).into());
        }
        if seen == 0 {
            std::thread::sleep(ASK);
        }
    }
    Ok(())
}
