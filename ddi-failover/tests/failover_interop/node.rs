//! The reference node with a relationship.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::leases::{self, Leases};
use crate::net::Host;
use crate::process::{PATIENCE, Process, run};

/// The node's program, in the profile of the tests.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(program) = std::env::var_os("DDI_NODE") {
            return program.into();
        }
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--example", "node", "--message-format", "json"]);
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
    pub(crate) folder: PathBuf,
    process: Option<Process>,
    lives: u32,
}

impl Node {
    /// Writes its configuration; does not start it.
    pub(crate) fn new(host: &Host, folder: &Path, config: &str) -> Self {
        std::fs::create_dir_all(folder).expect("a folder");
        let text = format!("data_dir = \"{}\"\n{config}", folder.join("state").display());
        std::fs::write(folder.join("node.toml"), text).expect("its configuration");
        Self { host: host.clone(), folder: folder.to_owned(), process: None, lives: 0 }
    }

    /// Starts it and waits until it serves.
    #[track_caller]
    pub(crate) fn start(&mut self) {
        let mut command = self.host.command(&binary().to_string_lossy());
        command.arg("run").arg(self.folder.join("node.toml"));
        self.lives += 1;
        let mut process = Process::start(&format!("node{}", self.lives), &self.folder, &mut command);
        process.wait_for_line("ready");
        self.process = Some(process);
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        self.process.as_ref().expect("it runs").signal(signal);
    }

    /// All that it had is gone.
    pub(crate) fn forget(&self) {
        assert!(self.process.is_none());
        std::fs::remove_dir_all(self.folder.join("state")).expect("its state");
    }

    /// What `node ctl` prints.
    #[track_caller]
    pub(crate) fn ctl(&self, words: &[&str]) -> String {
        run(Command::new(binary()).arg("ctl").arg(self.folder.join("node.toml")).args(words))
    }

    /// The same, where it may be refused.
    pub(crate) fn try_ctl(&self, words: &[&str]) -> bool {
        let mut command = Command::new(binary());
        command.arg("ctl").arg(self.folder.join("node.toml")).args(words);
        command.output().expect("the node's program").status.success()
    }

    /// The nth relationship's status.
    #[track_caller]
    pub(crate) fn status(&self, nth: usize) -> Value {
        let all: Value = serde_json::from_str(&self.ctl(&["failover", "status"])).expect("JSON");
        all[nth].clone()
    }

    pub(crate) fn is_in(&self, nth: usize, own: &str, partner: &str) -> bool {
        let status = self.status(nth);
        status["state"] == own && status["partner_state"] == partner
    }

    #[track_caller]
    pub(crate) fn wait_for_states(&self, nth: usize, own: &str, partner: &str) {
        self.wait_until(nth, &format!("{own} with a partner in {partner}"), |status| {
            status["state"] == own && status["partner_state"] == partner
        });
    }

    #[track_caller]
    pub(crate) fn wait_for_state(&self, nth: usize, own: &str) {
        self.wait_until(nth, own, |status| status["state"] == own);
    }

    #[track_caller]
    pub(crate) fn wait_until(&self, nth: usize, what: &str, probe: impl Fn(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status(nth);
            if probe(&status) {
                return;
            }
            assert!(Instant::now() < deadline, "the node never was {what}: {status}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn leases(&self) -> Leases {
        let file = self.folder.join("exported");
        let _ = std::fs::remove_file(&file);
        self.ctl(&["export", "dhcpd", &file.display().to_string()]);
        leases::read(&std::fs::read(&file).expect("the exported leases"))
    }
}
