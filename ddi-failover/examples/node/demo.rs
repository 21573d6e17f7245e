//! The demo: two nodes in failover as child processes, thousands of clients, a kill in the middle, and the
//! proof that nothing which was promised is lost. No root, no configuration, no network but loopback.

mod check;
mod child;
mod crowd;
mod disk;
mod home;
mod message;
mod report;
mod resolver;

use child::Node;
use crowd::{Crowd, WINDOW};
use ddi_core::UnixTime;
use home::{Home, MCLT_SECONDS};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use report::{Progress, percentile, table, thousands};
use resolver::Resolver;
use serde_json::Value;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, io};

/// Before `run`: the node dies with the process that started it.
pub const DIE_WITH_PARENT: &str = "--die-with-parent";

/// Clients; half of them come when the primary is being killed.
const CLIENTS: u32 = 20_000;
/// More of them, that come in PARTNER-DOWN.
const NEWCOMERS: u32 = 1000;
/// Fewer exchanges than this prove nothing.
const EXCHANGES_MIN: usize = 1000;
/// Something is wrong if one phase takes longer than this.
const PHASE_MAX: Duration = Duration::from_secs(90);
/// In NORMAL, clients get their addresses for so long at least, after as many renewals at the most.
const LONG_SECONDS: u64 = 3600;
const ROUNDS_MAX: u32 = 6;
/// Names asked for between two looks at the clients: the nodes have other work, too.
const NAMES_AT_ONCE: usize = 4;
/// How often the nodes are asked how they are.
const LOOK: Duration = Duration::from_millis(250);

/// What the demo is for.
const VERIFIED: &str = "no address had two clients, every ACKed lease is in both databases, \
                        which are equal; so are the zones";

/// Runs it. True if everything that was promised held.
pub fn run() -> io::Result<bool> {
    let home = Home::new()?;
    let outcome = Demo::new(&home).and_then(Demo::run);
    if !matches!(outcome, Ok(true)) {
        for nth in 0..2 {
            let log = fs::read_to_string(home.log(nth)).unwrap_or_default();
            eprintln!("--- what node {nth} said ---\n{log}--- end ---");
        }
    }
    outcome
}

struct Demo<'a> {
    home: &'a Home,
    progress: Progress,
    crowd: Crowd,
    resolver: Resolver,
    nodes: [Option<Node>; 2],
    /// Clients whose names must be known to both by now.
    named: Vec<(u32, Ipv4Addr)>,
    next_name: usize,
    /// So that an interrupted demo cleans up.
    signals: SignalFd,
}

/// Numbers for the end.
#[derive(Default)]
struct Found {
    latencies: Vec<Duration>,
    rate: String,
    shares: String,
    killed: String,
    killed_at: UnixTime,
    on_disk: usize,
    restart: Duration,
    rebalanced: String,
    gap: Duration,
    worst: Duration,
    taken_over: usize,
    recovery: Duration,
    renewals: String,
    leases: usize,
}

impl<'a> Demo<'a> {
    fn new(home: &'a Home) -> io::Result<Self> {
        let mut interrupts = SigSet::empty();
        interrupts.add(Signal::SIGINT);
        interrupts.add(Signal::SIGTERM);
        interrupts.thread_block()?;
        let signals = SignalFd::with_flags(&interrupts, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self {
            home,
            progress: Progress::new(),
            crowd: Crowd::new(CLIENTS + NEWCOMERS)?,
            resolver: Resolver::new()?,
            nodes: [None, None],
            named: Vec::new(),
            next_name: 0,
            signals,
        })
    }

    fn run(mut self) -> io::Result<bool> {
        let mut found = Found::default();
        self.start(0)?;
        self.start(1)?;
        self.drive_until_normal("the two meet")?;
        self.bind(&mut found)?;
        self.kill_primary(&mut found)?;
        self.partner_down(&mut found)?;
        self.bring_back(&mut found)?;
        self.compare(&mut found)?;
        for nth in [1, 0] {
            if let Some(mut node) = self.nodes[nth].take() {
                let stopped = node.stop()?;
                if !stopped.success() {
                    self.crowd.violations.push(format!("node {nth} did not stop cleanly: {stopped}"));
                }
            }
        }
        Ok(self.report(&found))
    }

    /// Half of the clients get addresses, and renew them: the first time is short, since the partner did not
    /// know of it yet.
    fn bind(&mut self, found: &mut Found) -> io::Result<()> {
        self.crowd.set_last(CLIENTS as usize / 2);
        let time = self.drive("binding", |demo, _| Ok(demo.crowd.all_done()))?;
        found.rate = format!("{} exchanges/s, each ACK after its sync", rate(self.crowd.done(), time));
        let [one, other] = self.crowd.acks;
        found.shares = format!("{} by the primary, {} by the secondary", thousands(one), thousands(other));
        self.demand("before the kill", self.crowd.done());
        if one.min(other) < EXCHANGES_MIN {
            self.crowd.violations.push(format!("the load was not balanced: {}", found.shares));
        }
        found.latencies = std::mem::take(&mut self.crowd.latencies);
        found.latencies.sort_unstable();
        self.renew_for_long("renewing")?;
        self.named = self.crowd.bound().collect();
        self.progress.say(&format!("{} clients bound: {}", thousands(self.named.len()), found.shares));
        Ok(())
    }

    /// All renew, and the other half comes; in the middle of it the primary is killed.
    fn kill_primary(&mut self, found: &mut Found) -> io::Result<()> {
        self.crowd.set_last(CLIENTS as usize);
        self.crowd.start_renewing();
        self.drive("renewing and binding", |demo, _| Ok(demo.crowd.done() >= CLIENTS as usize / 8))?;
        self.crowd.send();
        if let Some(mut node) = self.nodes[0].take() {
            self.resolver.forget(node.dns);
            node.kill()?;
        }
        found.killed_at = crowd::unix_now();
        self.crowd.take_answers()?;
        self.crowd.lose_server(0);
        let (done, under_way) = (self.crowd.done(), self.crowd.under_way());
        found.killed = format!("the primary, with SIGKILL, {under_way} exchanges under way");
        self.progress.say(&format!("killed {}", found.killed));
        self.crowd.watch();
        self.drive("the partner alone", |demo, _| Ok(demo.crowd.all_done()))?;
        found.gap = self.crowd.gap;
        found.worst = self.crowd.latencies.iter().max().copied().unwrap_or_default();
        found.taken_over = self.crowd.done() - done;
        self.demand("after the kill", found.taken_over);
        Ok(())
    }

    /// The operator says that the primary is down; the partner may use all addresses after a while. New
    /// clients get some of its own.
    fn partner_down(&mut self, found: &mut Found) -> io::Result<()> {
        ctl(&self.home.config(1), &["failover", "partner-down", "demo"])?;
        self.progress.say("told the partner that the primary is down");
        let time = self.renew("renewing at the partner")?;
        found.renewals = format!("{}, {}/s", thousands(self.crowd.done()), rate(self.crowd.done(), time));
        self.crowd.set_last((CLIENTS + NEWCOMERS) as usize);
        self.drive("new clients at the partner", |demo, _| Ok(demo.crowd.all_done()))?;
        Ok(())
    }

    /// The primary returns with the disk that it had, asks for what it missed, and waits for what it may
    /// have promised. Before it starts, and can be told anything, that disk must have all that it promised.
    fn bring_back(&mut self, found: &mut Found) -> io::Result<()> {
        let mut promises = std::mem::take(&mut self.crowd.promises[0]);
        promises.retain(|_, promise| promise.until > found.killed_at);
        let promises = &promises;
        let (held, mut wrong) = disk::verify(&self.home.data_dir(0), &self.home.scratch(), promises)?;
        found.on_disk = held;
        let (held, all) = (thousands(held), thousands(promises.len()));
        self.progress.say(&format!("the primary's own disk holds {held} of the {all} leases that it ACKed"));
        self.crowd.violations.append(&mut wrong);
        self.demand("on the disk of the primary", found.on_disk);
        let before = check::free_addresses(&self.home.config(1))?;
        let began = Instant::now();
        self.start(0)?;
        found.restart = self.nodes[0].as_ref().map_or(Duration::ZERO, |node| node.started_in);
        self.drive_until_normal("the primary recovers")?;
        found.recovery = began.elapsed();
        let mut looked = Instant::now();
        self.drive("the pool is shared again", |demo, _| {
            if looked.elapsed() < LOOK {
                return Ok(false);
            }
            looked = Instant::now();
            Ok(check::free_addresses(&demo.home.config(0))?.are_shared()
                && check::free_addresses(&demo.home.config(1))?.are_shared())
        })?;
        let after = check::free_addresses(&self.home.config(1))?;
        found.rebalanced = format!("{after}; after the outage {before}");
        self.progress.say(&format!("the pool is shared again: {}", found.rebalanced));
        self.renew_for_long("renewing at both")
    }

    /// Everybody renews until all have their addresses for long: the first time is short, as long as the partner
    /// does not know of it.
    fn renew_for_long(&mut self, doing: &str) -> io::Result<()> {
        for _ in 0..ROUNDS_MAX {
            self.renew(doing)?;
            if self.crowd.all_bound_for(LONG_SECONDS) {
                return Ok(());
            }
        }
        self.crowd.violations.push(format!("{doing}: not all clients have got their addresses for long"));
        Ok(())
    }

    /// Everybody who has an address renews it.
    fn renew(&mut self, doing: &str) -> io::Result<Duration> {
        self.crowd.start_renewing();
        self.drive(doing, |demo, _| Ok(demo.crowd.all_done()))
    }

    fn start(&mut self, nth: usize) -> io::Result<()> {
        let node = Node::start(&self.home.config(nth), &self.home.log(nth))?;
        self.crowd.set_server(nth, node.dhcp4);
        let took = node.started_in.as_millis();
        self.progress.say(&format!(
            "node {nth} serves DHCP on {} and DNS on {} after {took} ms",
            node.dhcp4, node.dns
        ));
        self.nodes[nth] = Some(node);
        Ok(())
    }

    /// Lets the clients work until `until`, which is told how long that has been. Returns the time taken.
    fn drive(
        &mut self,
        doing: &str,
        mut until: impl FnMut(&mut Self, Duration) -> io::Result<bool>,
    ) -> io::Result<Duration> {
        let began = Instant::now();
        while !until(self, began.elapsed())? {
            self.crowd.step()?;
            self.ask_names();
            if let Ok(Some(_)) = self.signals.read_signal() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let (done, under_way, names) =
                (self.crowd.done(), self.crowd.under_way(), self.resolver.answered);
            let text = || {
                let (done, names) = (thousands(done), thousands(names));
                format!("{doing}: {done} done, {under_way} under way, {names} names resolved")
            };
            self.progress.at(text);
            if began.elapsed() > PHASE_MAX {
                return Err(io::Error::other(format!("{}, and no end", text())));
            }
        }
        Ok(began.elapsed())
    }

    /// Clients that have addresses go on renewing meanwhile.
    fn drive_until_normal(&mut self, doing: &str) -> io::Result<()> {
        let mut looked = Instant::now();
        self.drive(doing, |demo, _| {
            if demo.crowd.all_done() && demo.crowd.bound().next().is_some() {
                demo.crowd.start_renewing();
            }
            if looked.elapsed() < LOOK {
                return Ok(false);
            }
            looked = Instant::now();
            demo.are_settled()
        })?;
        self.progress.say("both nodes are in NORMAL, and agree");
        // A round may be under way.
        self.drive(doing, |demo, _| Ok(demo.crowd.under_way() == 0 || demo.crowd.all_done())).map(|_| ())
    }

    /// Both in NORMAL, and nothing left to tell each other.
    fn are_settled(&self) -> io::Result<bool> {
        for nth in 0..2 {
            let status: Value =
                serde_json::from_slice(&ctl(&self.home.config(nth), &["failover", "status"])?)?;
            let is = |key: &str, wanted: Value| status[0][key] == wanted;
            if !is("state", "normal".into()) || !is("partner_state", "normal".into()) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Some of the names that must be known, at each node that is there.
    fn ask_names(&mut self) {
        self.resolver.step();
        for _ in 0..NAMES_AT_ONCE {
            if self.named.is_empty() || !self.resolver.has_room() {
                return;
            }
            let (nth, address) = self.named[self.next_name % self.named.len()];
            self.next_name += 1;
            let alive = self.nodes.iter().flatten().map(|node| node.dns);
            for to in alive.collect::<Vec<_>>() {
                self.resolver.ask(nth, address, to);
            }
        }
    }

    /// What holds for nobody is no proof.
    fn demand(&mut self, when: &str, exchanges: usize) {
        if exchanges < EXCHANGES_MIN {
            let (had, wanted) = (thousands(exchanges), thousands(EXCHANGES_MIN));
            let what = format!("{had} exchanges {when}: it takes {wanted} to prove anything");
            self.crowd.violations.push(what);
        }
    }

    /// Compares what the nodes list with what the clients were told, and with each other.
    fn compare(&mut self, found: &mut Found) -> io::Result<()> {
        // Names of those who came while the zones' primary was away.
        self.named.clear();
        self.drive("the last names", |demo, _| Ok(demo.resolver.is_idle()))?;
        let mut wrong = self.equal_in_time()?;
        let leases = [check::leases(&self.home.config(0))?, check::leases(&self.home.config(1))?];
        for leases in &leases {
            wrong.extend(check::compare(leases, &self.crowd.owners));
        }
        let [_, leases] = leases;
        let all: Vec<_> = self.crowd.bound().collect();
        let mut waiting = all.iter().copied();
        let mut next = waiting.next();
        self.drive("all names, at both", |demo, _| {
            while demo.resolver.has_room()
                && let Some((nth, address)) = next
            {
                for to in demo.nodes.iter().flatten().map(|node| node.dns).collect::<Vec<_>>() {
                    demo.resolver.ask(nth, address, to);
                }
                next = waiting.next();
            }
            Ok(next.is_none() && demo.resolver.is_idle())
        })?;
        self.crowd.violations.append(&mut wrong);
        self.crowd.violations.append(&mut self.resolver.violations);
        found.leases = leases.len();
        let (owners, listed) = (thousands(self.crowd.owners.len()), thousands(leases.len()));
        self.progress.say(&format!("compared {owners} ACKed addresses with {listed} leases on each node"));
        if leases.is_empty() {
            self.crowd.violations.push("no lease is listed".to_owned());
        }
        Ok(())
    }

    /// The last updates are still on their way when the last client is done: what differs is looked at again
    /// for a while.
    fn equal_in_time(&mut self) -> io::Result<Vec<String>> {
        let began = Instant::now();
        loop {
            let wrong = check::differences(self.home)?;
            if wrong.is_empty() || began.elapsed() > PHASE_MAX / 3 {
                return Ok(wrong);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn report(&self, found: &Found) -> bool {
        let (p50, p99) = (percentile(&found.latencies, 50), percentile(&found.latencies, 99));
        let holds = self.crowd.violations.is_empty();
        let retransmitted = format!(
            "{}; {} were meant for the killed node",
            thousands(self.crowd.retransmitted as usize),
            thousands(self.crowd.to_nobody as usize)
        );
        table(&[
            ("load", found.rate.clone()),
            ("balanced", found.shares.clone()),
            ("latency", format!("p50 {}, p99 {}, with {WINDOW} under way", millis(p50), millis(p99))),
            ("killed", found.killed.clone()),
            ("gap in service", format!("{}: the longest time without an answer", millis(found.gap))),
            ("longest wait", format!("{}: one client, from its question to its ACK", millis(found.worst))),
            ("taken over", format!("{} exchanges by the partner alone", thousands(found.taken_over))),
            (
                "in PARTNER-DOWN",
                format!("renewals: {}; {} new clients", found.renewals, thousands(NEWCOMERS as usize)),
            ),
            (
                "recovery",
                format!(
                    "{:.1} s from the start to NORMAL, {MCLT_SECONDS} s of them MCLT",
                    found.recovery.as_secs_f64()
                ),
            ),
            (
                "own disk",
                format!(
                    "{} leases that the killed node had ACKed, found there before it started again",
                    thousands(found.on_disk)
                ),
            ),
            ("restart time", format!("{} from its start to ready", millis(found.restart))),
            ("free addresses", found.rebalanced.clone()),
            ("names", format!("{} resolved, and addresses to names", thousands(self.resolver.answered))),
            ("leases", format!("{} on each node", thousands(found.leases))),
            ("retransmitted", retransmitted),
            ("verified", if holds { VERIFIED } else { "NO" }.to_owned()),
        ]);
        for violation in self.crowd.violations.iter().take(20) {
            println!("  {violation}");
        }
        if self.crowd.violations.len() > 20 {
            println!("  and {} more", thousands(self.crowd.violations.len() - 20));
        }
        holds
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
