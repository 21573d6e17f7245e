//! The demo: a node as a child process, thousands of clients, a kill in the middle, and the proof
//! that nothing which was promised is lost. No root, no configuration, no network but loopback.

mod check;
mod child;
mod crowd;
mod message;
mod report;

use child::Node;
use crowd::{Crowd, RELAY, WINDOW};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use report::{Progress, percentile, table, thousands};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

/// Before `run`: the node dies with the process that started it.
pub const DIE_WITH_PARENT: &str = "--die-with-parent";

/// Clients that bind an address; half of them after the kill.
const CLIENTS: u32 = 40_000;
/// A machine too slow for that many binds fewer in this time.
const BIND_MAX: Duration = Duration::from_secs(10);
/// Fewer exchanges than this, on either side of the kill, prove nothing.
const EXCHANGES_MIN: usize = 1000;
/// Something is wrong if one phase takes longer than this.
const PHASE_MAX: Duration = Duration::from_secs(60);

/// What the demo is for.
const VERIFIED: &str = "every ACKed address is still its client's, none is bound twice";

/// Runs it. True if everything that was promised held.
pub fn run() -> io::Result<bool> {
    let home = Home::new()?;
    let outcome = Demo::new(&home)?.run();
    if !matches!(outcome, Ok(true)) {
        let log = fs::read_to_string(home.log()).unwrap_or_default();
        eprintln!("--- what the node said ---\n{log}--- end ---");
    }
    outcome
}

/// A temporary directory with the node's configuration, removed at the end.
struct Home(PathBuf);

impl Home {
    fn new() -> io::Result<Self> {
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.subsec_nanos());
        let home = Self(std::env::temp_dir().join(format!("ddi-demo-{}-{nanos}", std::process::id())));
        fs::create_dir(&home.0)?;
        // Port 0: any that is free.
        let config = format!(
            "data_dir = \"state\"\n\
             [dhcp4]\n\
             listen = \"{RELAY}:0\"\n\
             cache_threshold_percent = 0\n\
             [[dhcp4.subnet]]\n\
             prefix = \"10.0.0.0/8\"\n\
             relays = [\"{RELAY}\"]\n\
             pools = [\"10.1.0.0-10.250.255.255\"]\n\
             lease_seconds = 86400\n\
             options = {{ routers = [\"10.0.0.1\"], dns_servers = [\"10.0.0.53\"] }}\n"
        );
        fs::write(home.config(), config)?;
        Ok(home)
    }

    fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    fn log(&self) -> PathBuf {
        self.0.join("node.log")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Demo<'a> {
    home: &'a Home,
    progress: Progress,
    crowd: Crowd,
    node: Node,
    /// So that an interrupted demo cleans up.
    signals: SignalFd,
}

impl<'a> Demo<'a> {
    fn new(home: &'a Home) -> io::Result<Self> {
        let mut interrupts = SigSet::empty();
        interrupts.add(Signal::SIGINT);
        interrupts.add(Signal::SIGTERM);
        interrupts.thread_block()?;
        let signals = SignalFd::with_flags(&interrupts, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        let node = Node::start(&home.config(), &home.log())?;
        let mut crowd = Crowd::new(CLIENTS)?;
        crowd.set_server(node.dhcp4);
        let mut progress = Progress::new();
        progress.say(&format!("node started on {} in {} ms", node.dhcp4, node.started_in.as_millis()));
        Ok(Self { home, progress, crowd, node, signals })
    }

    fn run(mut self) -> io::Result<bool> {
        let half = CLIENTS as usize / 2;
        let first = self.drive("binding", |crowd, spent| crowd.done() >= half || spent > BIND_MAX / 2)?;
        let (restart, before, killed) = self.kill_and_restart()?;
        let second = self.drive("binding", |crowd, spent| {
            if spent > BIND_MAX / 2 {
                crowd.begin_no_more();
            }
            crowd.all_done()
        })?;
        let mut latencies = std::mem::take(&mut self.crowd.latencies);
        latencies.sort_unstable();
        let leases = self.check_leases()?;
        self.demand("after the kill", latencies.len() - before);
        self.crowd.start_renewing();
        let renewing = self.drive("renewing", |crowd, _| crowd.all_done())?;
        let stopped = self.node.stop()?;
        if !stopped.success() {
            self.crowd.violations.push(format!("the node did not stop cleanly: {stopped}"));
        }
        let (p50, p99) = (percentile(&latencies, 50), percentile(&latencies, 99));
        let holds = self.crowd.violations.is_empty();
        table(&[
            (
                "exchanges",
                format!("{} (DISCOVER to ACK, each ACK after its sync)", thousands(latencies.len())),
            ),
            ("rate", format!("{} exchanges/s", rate(latencies.len(), first + second))),
            ("latency", format!("p50 {}, p99 {}, with {WINDOW} under way", millis(p50), millis(p99))),
            ("killed", killed),
            ("restart", format!("{} from start to serving", millis(restart))),
            ("leases", thousands(leases)),
            (
                "renewals",
                format!("{}, {}/s", thousands(self.crowd.done()), rate(self.crowd.done(), renewing)),
            ),
            ("retransmitted", thousands(self.crowd.retransmitted as usize)),
            ("verified", if holds { VERIFIED } else { "NO" }.to_owned()),
        ]);
        for violation in self.crowd.violations.iter().take(20) {
            println!("  {violation}");
        }
        Ok(holds)
    }

    /// What holds for nobody is no proof.
    fn demand(&mut self, when: &str, exchanges: usize) {
        if exchanges < EXCHANGES_MIN {
            let (had, wanted) = (thousands(exchanges), thousands(EXCHANGES_MIN));
            self.crowd
                .violations
                .push(format!("{had} exchanges {when}: it takes {wanted} to prove anything"));
        }
    }

    /// Lets the clients work until `until`, which is told how long that has been. Returns the time taken.
    fn drive(&mut self, doing: &str, until: impl Fn(&mut Crowd, Duration) -> bool) -> io::Result<Duration> {
        let began = Instant::now();
        while !until(&mut self.crowd, began.elapsed()) {
            self.crowd.step()?;
            if let Ok(Some(_)) = self.signals.read_signal() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (done, under_way) = (self.crowd.done(), self.crowd.under_way());
            let text = || format!("{doing}: {} done, {under_way} under way", thousands(done));
            self.progress.at(text);
            if began.elapsed() > PHASE_MAX {
                return Err(io::Error::other(format!("{}, and no end", text())));
            }
        }
        Ok(began.elapsed())
    }

    /// Returns the time from the start to serving, the exchanges before the kill, and what happened in words.
    fn kill_and_restart(&mut self) -> io::Result<(Duration, usize, String)> {
        // It shall be busy.
        self.crowd.send();
        self.node.kill()?;
        // What it had sent before is in the socket, and was promised.
        self.crowd.take_answers()?;
        let (done, under_way) = (self.crowd.done(), self.crowd.under_way());
        let killed = format!("with SIGKILL after {} exchanges, {under_way} under way", thousands(done));
        self.progress.say(&format!("killed {killed}"));
        self.demand("before the kill", done);
        if under_way == 0 {
            self.crowd.violations.push("nothing was under way at the kill".to_owned());
        }
        self.node = Node::start(&self.home.config(), &self.home.log())?;
        self.crowd.set_server(self.node.dhcp4);
        self.progress.say(&format!("started again in {} ms", self.node.started_in.as_millis()));
        Ok((self.node.started_in, done, killed))
    }

    /// Compares what the node lists with what the clients were told. Returns how many leases are listed.
    fn check_leases(&mut self) -> io::Result<usize> {
        let leases = check::leases(&self.home.config())?;
        let mut found = check::compare(&leases, &self.crowd.owners);
        self.crowd.violations.append(&mut found);
        let text = format!(
            "compared {} ACKed addresses with {} leases listed",
            thousands(self.crowd.owners.len()),
            thousands(leases.len())
        );
        self.progress.say(&text);
        if leases.is_empty() {
            self.crowd.violations.push("no lease is listed".to_owned());
        }
        Ok(leases.len())
    }
}

fn rate(count: usize, time: Duration) -> String {
    thousands((count as f64 / time.as_secs_f64()) as usize)
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Asks the node of `config` by `node ctl`.
fn ctl(config: &Path, words: &[&str]) -> io::Result<Vec<u8>> {
    let output = Command::new(std::env::current_exe()?).arg("ctl").arg(config).args(words).output()?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(io::Error::other(format!("ctl {words:?}: {}", String::from_utf8_lossy(&output.stdout))))
    }
}
