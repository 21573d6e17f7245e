//! `node run`: the packet thread. It owns the server engine and the lease database, and never waits
//! for anything but [`poll`]: the disk is the sync thread's, slow readers are the control threads'.

mod compact;
pub mod events;
mod linger;
mod naming;
mod packets;
mod reload;
pub mod rest;
mod status;
pub mod steps;
pub mod sync;
pub mod watched;

use crate::config::place::{Fault, Mistake};
use crate::config::{self, Config, relationships};
use crate::ctl::server::{Control, Question, Reply};
use crate::dns::NameServer;
use crate::failover::Failover;
use crate::net::files;
use crate::net::link::Link;
use crate::net::ping::Pinger;
use crate::say::say;
use compact::Compaction;
use ddi_core::db::{DbConfig, LeaseDb, Opened};
use ddi_core::log::FileStorage;
use ddi_core::{Instant, Lease, LeaseKey, LeaseStore, Lsn, Now, UnixTime};
use ddi_dhcp::server::{self, Server};
use ddi_failover::state::Command;
use events::Events;
use linger::{Linger, Patience};
use naming::Naming;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use packets::Packets;
use rest::Rest;
use serde_json::Value;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};
use std::{fmt, fs};
use sync::Syncer;
use watched::Watched;

/// The longest that packets wait for each other.
const GATHER_MILLIS: u8 = 1;

/// Threads that work while the database is opened: one reads and checks while the other fills the tables.
const OPEN_THREADS: usize = 2;

/// Why a node stopped, or did not start.
pub enum Failure {
    /// The configuration: exit code 2.
    Config(Mistake),
    /// The system: exit code 1.
    System(String),
}

impl Failure {
    pub fn at<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
        move |e| Self::System(format!("{what}: {e}"))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(mistake) => mistake.fmt(f),
            Self::System(what) => what.fmt(f),
        }
    }
}

/// Serves until a signal says stop.
pub fn run(path: &Path) -> Result<(), Failure> {
    let config = config::load(path).map_err(Failure::Config)?;
    let signals = signals().map_err(Failure::at("signals"))?;
    files::allow_many();
    let mut node = Node::start(config)?;
    node.say_ready().map_err(Failure::at("stdout"))?;
    loop {
        match node.turn(&signals)? {
            Turn::Go => {}
            Turn::Reload => node.reload(path),
            Turn::Stop => return node.stop(),
        }
    }
}

/// Signals come as something to read. Threads that start later inherit the mask.
fn signals() -> nix::Result<SignalFd> {
    let mut wanted = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        wanted.add(signal);
    }
    let mut blocked = wanted;
    // A write beyond the file size limit shall fail like any other, not kill.
    blocked.add(Signal::SIGXFSZ);
    blocked.thread_block()?;
    SignalFd::with_flags(&wanted, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
}

/// What follows a turn of the loop.
enum Turn {
    Go,
    Reload,
    Stop,
}

/// The running node.
struct Node {
    config: Config,
    clock: Clock,
    server: Server,
    db: Watched,
    failover: Failover,
    dns: Option<NameServer>,
    naming: Naming,
    /// Where DHCP is served.
    packets: Option<Packets>,
    events: Events,
    syncer: Syncer,
    linger: Linger,
    compaction: Compaction,
    control: Control,
    /// After failures of the control socket.
    control_rest: Rest,
    questions: Receiver<Question>,
    /// Answers that wait until a change is durable.
    pending: Vec<(Lsn, LeaseKey, Reply<Lease>)>,
    wake: Arc<EventFd>,
}

impl Node {
    fn start(mut config: Config) -> Result<Self, Failure> {
        let link = link(&config)?;
        let server = Server::new(server_config(&config, link.as_ref()), u64::from_le_bytes(random()?))
            .map_err(|e| Failure::System(e.to_string()))?;
        let in_data_dir = || config.data_dir.display();
        let storage = FileStorage::open(&config.data_dir).map_err(Failure::at(in_data_dir()))?;
        let (mut db, opened) =
            LeaseDb::open(Arc::new(storage), &db_config(&config)?).map_err(Failure::at(in_data_dir()))?;
        say_found(&opened);
        db.set_pools(&server.pools()).map_err(|e| Failure::System(e.to_string()))?;
        let clock = Clock::start();
        let relationships = relationships(&config, &server)?;
        let seed = u64::from_le_bytes(random()?);
        let failover = Failover::start(clock.now(), relationships, &config.data_dir, &db, seed)?;
        let listen = config.file.dhcp4.as_ref().map(|dhcp4| *dhcp4.listen.get_ref());
        let packets = listen
            .map(|listen| Packets::open(listen, link.as_ref()).map_err(Failure::at(listen)))
            .transpose()?;
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .map_err(Failure::at("eventfd"))?;
        let wake = Arc::new(wake);
        let dns = config.dns.take().map(|plan| NameServer::start(plan, &config.ddns, &config.data_dir));
        let dns = dns.transpose()?;
        let naming = Naming::new(dns.as_ref(), &config, &db);
        let commands = dns.as_ref().map(|dns| dns.commands.clone());
        let (control, questions) =
            Control::open(&config.data_dir, wake.clone(), commands).map_err(Failure::at("control socket"))?;
        Ok(Self {
            events: Events::new(pinger(&config)),
            syncer: Syncer::start(wake.clone()),
            linger: Linger::Nothing,
            compaction: Compaction::new(&config, &db, wake.clone()),
            clock,
            pending: Vec::new(),
            config,
            server,
            db: Watched::new(db, failover.is_on() || naming.is_on()),
            failover,
            dns,
            naming,
            packets,
            control,
            control_rest: Rest::default(),
            questions,
            wake,
        })
    }

    fn say_ready(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "ready")?;
        if let Some(packets) = &self.packets {
            write!(out, " dhcp4={}", packets.local)?;
        }
        if let Some(dns) = &self.dns {
            write!(out, " dns={}", dns.local)?;
        }
        writeln!(out, " leases={}", self.db.db.len())?;
        out.flush()
    }

    /// Waits for something to do and does it.
    fn turn(&mut self, signals: &SignalFd) -> Result<Turn, Failure> {
        let ready = self.wait(signals)?;
        let now = self.clock.now();
        if ready.wake {
            let _ = self.wake.read();
        }
        if ready.packets
            && let Some(packets) = &mut self.packets
        {
            let received = packets.receive(now, &mut self.server, &mut self.db, self.failover.authority());
            if let Some(e) = received.map_err(Failure::at("receive"))? {
                self.events.notice(now, &format!("receive: {e}"));
            }
        }
        let authority = self.failover.authority();
        self.server.handle_timeout(now, &mut self.db, authority);
        self.events.drain(now, &mut self.server, &mut self.db, authority);
        self.fail_over(now, &ready.failover)?;
        if self.syncer.turn(&mut self.db.db, self.linger.is_on(now.instant)).map_err(poisoned)? {
            self.linger = Linger::Nothing;
        }
        self.send();
        self.failover.send(now, &mut self.db)?;
        self.naming.send(self.db.durable());
        self.compaction.turn(&mut self.db.db);
        if ready.control
            && let Err(e) = self.control.accept()
        {
            // Too many open files, most likely: the connection is still there, and would wake us at once.
            self.control_rest.begin(now.instant);
            self.events.notice(now, &format!("control socket: {e}"));
        }
        self.answer_questions(now)?;
        if !ready.signal {
            return Ok(Turn::Go);
        }
        Ok(match signals.read_signal() {
            Ok(Some(signal)) if signal.ssi_signo == Signal::SIGHUP as u32 => Turn::Reload,
            Ok(Some(_)) => Turn::Stop,
            _ => Turn::Go,
        })
    }

    /// Tells the partners what has changed here, and takes what they say.
    fn fail_over(&mut self, now: Now, ready: &[bool]) -> Result<(), Failure> {
        let own = self.db.take_changed();
        self.naming.note(&self.db.db, &own);
        if self.failover.is_on() {
            self.failover.handle_changed(now, &mut self.db, &own);
            self.failover.turn(now, &mut self.db, ready)?;
            let others = self.db.take_changed();
            self.naming.note(&self.db.db, &others);
            let has_clients = self.packets.as_ref().is_some_and(|packets| packets.is_busy(now.instant));
            let patience = Patience::of(self.failover.is_calm(), has_clients);
            self.linger.note(now.instant, own.len(), others.len(), patience);
        }
        Ok(())
    }

    /// Sends every reply that may go out.
    fn send(&mut self) {
        if let Some(packets) = &mut self.packets {
            packets.send(&mut self.server, &self.db.db);
        }
    }

    /// Waits for something to do. While a batch is being synced and few packets come, they and what partners say
    /// wait a moment for each other: one turn for ten costs much less than ten turns, and ACKs must wait anyway.
    fn wait(&self, signals: &SignalFd) -> Result<Ready, Failure> {
        let now = self.clock.now().instant;
        let control = !self.control_rest.is_on(now);
        let packets = self.packets.as_ref().filter(|packets| !packets.rest.is_on(now));
        // What is not watched has the wake's place, too.
        let wake = self.wake.as_fd();
        let pinger = self.events.pinger.as_ref().map_or(wake, Pinger::fd);
        let control_fd = if control { self.control.fd() } else { wake };
        let packets_fd = packets.map_or(wake, Packets::fd);
        let mut fds = Vec::from([wake, control_fd, signals.as_fd(), pinger])
            .into_iter()
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect::<Vec<_>>();
        let fixed = fds.len();
        fds.extend(self.failover.fds(now).map(|(fd, interest)| PollFd::new(fd, interest)));
        let last = fds.len();
        fds.push(PollFd::new(packets_fd, PollFlags::POLLIN));
        let gather = self.syncer.is_out() && packets.is_some_and(|packets| packets.is_calm(now));
        let rests = [Some(&self.control_rest), self.packets.as_ref().map(|packets| &packets.rest)];
        let rests = rests.into_iter().flatten().filter_map(|rest| rest.end(now));
        let timers = self.server.poll_timeout().into_iter().chain(self.failover.poll_timeout(now));
        let timers = timers.chain(self.linger.end().filter(|_| !self.syncer.is_out()));
        let timeout = match rests.chain(timers).min() {
            _ if gather => PollTimeout::from(GATHER_MILLIS),
            Some(Instant(at)) => {
                let millis = at.saturating_sub(now.0);
                PollTimeout::try_from(millis.min(60_000)).unwrap_or(PollTimeout::MAX)
            }
            None => PollTimeout::NONE,
        };
        if gather {
            wait_for(&mut fds[..fixed], timeout)?;
        }
        wait_for(&mut fds, if gather { PollTimeout::ZERO } else { timeout })?;
        let ready = |nth: usize| fds[nth].any().unwrap_or(false);
        Ok(Ready {
            wake: ready(0),
            control: control && ready(1),
            signal: ready(2),
            packets: packets.is_some() && ready(last),
            failover: (fixed..last).map(ready).collect(),
        })
    }

    fn answer_questions(&mut self, now: Now) -> Result<(), Failure> {
        while let Ok(question) = self.questions.try_recv() {
            // A client that does not wait for its answer is not our concern.
            let _ = match question {
                Question::Status(reply) => reply.send(Ok(self.status(now))).is_ok(),
                Question::Failover(reply) => reply.send(Ok(self.failover.status(&self.db.db))).is_ok(),
                Question::FailoverCommand(name, command, reply) => {
                    self.command(now, &name, command, &reply)?
                }
                Question::Snapshot(reply) => reply.send(Ok(self.db.db.snapshot())).is_ok(),
                Question::Lease(key, reply) => reply.send(Ok(self.lease(key))).is_ok(),
                Question::Release(key, reply) => self.release(now, key, reply),
                Question::Compact(reply) => self.compaction.ask(reply),
            };
        }
        self.answer_pending();
        Ok(())
    }

    /// Tells of releases that are durable.
    fn answer_pending(&mut self) {
        let durable = self.db.durable();
        let (done, waiting) =
            std::mem::take(&mut self.pending).into_iter().partition(|(lsn, ..)| *lsn <= durable);
        self.pending = waiting;
        for (_, key, reply) in done {
            let _ = reply.send(Ok(self.lease(key)));
        }
    }

    /// An address that was never leased is free.
    fn lease(&self, key: LeaseKey) -> Lease {
        self.db.db.get(key).unwrap_or_else(|| Lease::new(key))
    }

    /// Answers when the release is durable. False if the client is gone.
    fn release(&mut self, now: Now, key: LeaseKey, reply: Reply<Lease>) -> bool {
        match self.server.release(now, &mut self.db, self.failover.authority(), key) {
            Ok(Some(lsn)) => {
                self.pending.push((lsn, key, reply));
                // The next turn hands it to the sync thread.
                self.wake.write(1).is_ok()
            }
            Ok(None) => reply.send(Err(format!("{} is not bound to a client", key.addr))).is_ok(),
            Err(e) => reply.send(Err(e.to_string())).is_ok(),
        }
    }

    /// Answers when the new state is on disk: the operator may count on it, and its clients are served. False if
    /// the client is gone.
    fn command(
        &mut self,
        now: Now,
        name: &str,
        command: Command,
        reply: &Reply<Value>,
    ) -> Result<bool, Failure> {
        let done = self.failover.command(now, &mut self.db, name, command)?;
        let _ = self.wake.write(1);
        Ok(reply.send(done.map(|()| self.failover.status(&self.db.db))).is_ok())
    }

    /// Clean end: what was asked is on disk and answered.
    fn stop(mut self) -> Result<(), Failure> {
        self.syncer.finish(&mut self.db.db).map_err(poisoned)?;
        self.send();
        self.answer_pending();
        // Nobody else is answered: their threads are told by this.
        self.naming.send(self.db.durable());
        let Self { control, questions, compaction, pending, dns, failover, db, .. } = self;
        failover.finish(&db.db);
        if let Some(dns) = dns {
            dns.stop();
        }
        drop((questions, compaction, pending));
        control.finish();
        Ok(())
    }
}

fn wait_for(fds: &mut [PollFd<'_>], timeout: PollTimeout) -> Result<(), Failure> {
    match poll(fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
        Err(e) => Err(Failure::at("poll")(e)),
    }
}

/// What is ready to be read.
struct Ready {
    wake: bool,
    control: bool,
    signal: bool,
    packets: bool,
    /// Of [`Failover::fds`].
    failover: Vec<bool>,
}

/// The two clocks.
pub struct Clock(std::time::Instant);

impl Clock {
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    pub fn now(&self) -> Now {
        Now { instant: Instant(self.0.elapsed().as_millis() as u64), unix: Self::unix() }
    }

    /// What the calendar says.
    pub fn unix() -> UnixTime {
        UnixTime(SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO).as_secs())
    }
}

fn poisoned(error: impl fmt::Display) -> Failure {
    Failure::System(format!("the lease database failed, no more is promised: {error}"))
}

/// What opening the database found that an operator should know. Nothing promised is missing.
fn say_found(opened: &Opened) {
    if let Some(cut) = &opened.log.cut {
        say(format!(
            "{}: cut {} bytes that a crash had left half-written at {}",
            cut.file, cut.bytes, cut.offset
        ));
    }
    for (file, damage) in &opened.damaged {
        say(format!("{file}: passed over, an older one was whole: {damage}"));
    }
}

/// The link whose broadcasts are answered.
fn link(config: &Config) -> Result<Option<Link>, Failure> {
    let interface = config.file.dhcp4.as_ref().and_then(|dhcp4| dhcp4.interface.as_ref());
    let Some(interface) = interface else { return Ok(None) };
    let name = interface.get_ref();
    let found = Link::find(name).map_err(Failure::at(name))?;
    let missing = || Fault::new(interface, format!("there is no interface {name:?}"));
    found.map(Some).ok_or_else(|| Failure::Config(config.source.fault(&missing())))
}

fn server_config(config: &Config, link: Option<&Link>) -> server::Config {
    let links = link.map(|link| server::Link { interface: link.index, addresses: link.addresses.clone() });
    server::Config { links: links.into_iter().collect(), ..config.server.clone() }
}

fn pinger(config: &Config) -> Option<Pinger> {
    config.file.dhcp4.as_ref()?.ping_millis.as_ref()?;
    Pinger::open()
        .map_err(|e| say(format!("no ICMP socket ({e}): addresses are offered without a ping")))
        .ok()
}

fn db_config(config: &Config) -> Result<DbConfig, Failure> {
    let mut db_config = DbConfig::new(random()?);
    db_config.log.log_id = u64::from_le_bytes(random()?);
    db_config.open_threads = OPEN_THREADS;
    db_config.log.segment_bytes = u64::from(*config.file.log.segment_mib.get_ref()) << 20;
    Ok(db_config)
}

/// The relationships of a configuration, with the pools of its server.
fn relationships(config: &Config, server: &Server) -> Result<Vec<relationships::Relationship>, Failure> {
    relationships::relationships(config, &server.pools())
        .map_err(|fault| Failure::Config(config.source.fault(&fault)))
}

/// For hash tables and checksums that no client must be able to work out.
pub fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut random = [0; N];
    let source = "/dev/urandom";
    fs::File::open(source).and_then(|mut file| file.read_exact(&mut random)).map_err(Failure::at(source))?;
    Ok(random)
}
