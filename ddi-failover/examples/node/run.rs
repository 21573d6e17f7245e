//! `node run`: the packet thread. It owns the server engine and the lease database, and never waits
//! for anything but [`poll`]: the disk is the sync thread's, slow readers are the control threads'.

mod compact;
mod events;
mod packets;
mod rest;
mod status;
mod sync;

use crate::config::place::{Fault, Mistake};
use crate::config::{self, Config};
use crate::ctl::server::{Control, Question, Reply};
use crate::net::link::Link;
use crate::net::ping::Pinger;
use crate::say::say;
use compact::Compaction;
use ddi_core::db::{DbConfig, LeaseDb, Opened};
use ddi_core::log::FileStorage;
use ddi_core::{Instant, Lease, LeaseKey, LeaseStore, Lsn, Now, Standalone, UnixTime};
use ddi_dhcp::server::{self, Server};
use events::Events;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use packets::Packets;
use rest::Rest;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, SystemTime};
use std::{fmt, fs};
use sync::Syncer;

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
    fn at<E: fmt::Display>(what: impl fmt::Display) -> impl FnOnce(E) -> Self {
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
    db: LeaseDb,
    packets: Packets,
    events: Events,
    syncer: Syncer,
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
    fn start(config: Config) -> Result<Self, Failure> {
        let link = link(&config)?;
        let server = Server::new(server_config(&config, link.as_ref()), u64::from_le_bytes(random()?))
            .map_err(|e| Failure::System(e.to_string()))?;
        let in_data_dir = || config.data_dir.display();
        fs::create_dir_all(&config.data_dir).map_err(Failure::at(in_data_dir()))?;
        let storage = FileStorage::open(&config.data_dir).map_err(Failure::at(in_data_dir()))?;
        let (mut db, opened) =
            LeaseDb::open(Arc::new(storage), &db_config(&config)?).map_err(Failure::at(in_data_dir()))?;
        say_found(&opened);
        db.set_pools(&server.pools()).map_err(|e| Failure::System(e.to_string()))?;
        let listen = *config.file.dhcp4.listen.get_ref();
        let packets = Packets::open(listen, link.as_ref()).map_err(Failure::at(listen))?;
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .map_err(Failure::at("eventfd"))?;
        let wake = Arc::new(wake);
        let (control, questions) =
            Control::open(&config.data_dir, wake.clone()).map_err(Failure::at("control socket"))?;
        Ok(Self {
            events: Events::new(pinger(&config)),
            syncer: Syncer::start(wake.clone()),
            compaction: Compaction::new(&config, &db, wake.clone()),
            clock: Clock::start(),
            pending: Vec::new(),
            config,
            server,
            db,
            packets,
            control,
            control_rest: Rest::default(),
            questions,
            wake,
        })
    }

    fn say_ready(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "ready dhcp4={} leases={}", self.packets.local, self.db.len())?;
        out.flush()
    }

    /// Waits for something to do and does it.
    fn turn(&mut self, signals: &SignalFd) -> Result<Turn, Failure> {
        let ready = self.wait(signals)?;
        let now = self.clock.now();
        if ready.wake {
            let _ = self.wake.read();
        }
        if ready.packets {
            let received = self.packets.receive(now, &mut self.server, &mut self.db);
            if let Some(e) = received.map_err(Failure::at("receive"))? {
                self.events.notice(now, &format!("receive: {e}"));
            }
        }
        self.server.handle_timeout(now, &mut self.db, &Standalone);
        self.syncer.turn(&mut self.db).map_err(poisoned)?;
        self.packets.send(&mut self.server, &self.db);
        self.events.drain(now, &mut self.server, &mut self.db);
        self.compaction.turn(&mut self.db);
        if ready.control
            && let Err(e) = self.control.accept()
        {
            // Too many open files, most likely: the connection is still there, and would wake us at once.
            self.control_rest.begin(now.instant);
            self.events.notice(now, &format!("control socket: {e}"));
        }
        self.answer_questions(now);
        if !ready.signal {
            return Ok(Turn::Go);
        }
        Ok(match signals.read_signal() {
            Ok(Some(signal)) if signal.ssi_signo == Signal::SIGHUP as u32 => Turn::Reload,
            Ok(Some(_)) => Turn::Stop,
            _ => Turn::Go,
        })
    }

    /// Waits for something to do. While a batch is being synced and few packets come, they wait a moment
    /// for each other: one turn for ten costs much less than ten turns, and their ACKs must wait anyway.
    fn wait(&self, signals: &SignalFd) -> Result<Ready, Failure> {
        let now = self.clock.now().instant;
        let (control, packets) = (!self.control_rest.is_on(now), !self.packets.rest.is_on(now));
        // What is not watched has the wake's place, too.
        let wake = self.wake.as_fd();
        let pinger = self.events.pinger.as_ref().map_or(wake, Pinger::fd);
        let control_fd = if control { self.control.fd() } else { wake };
        let packets_fd = if packets { self.packets.fd() } else { wake };
        let mut fds = [wake, control_fd, signals.as_fd(), pinger, packets_fd]
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN));
        let gather = packets && self.syncer.is_out() && self.packets.is_calm();
        let watched = if gather { fds.len() - 1 } else { fds.len() };
        let rests = [&self.control_rest, &self.packets.rest].map(|rest| rest.end(now));
        let timeout = match rests.into_iter().flatten().chain(self.server.poll_timeout()).min() {
            _ if gather => PollTimeout::from(GATHER_MILLIS),
            Some(Instant(at)) => {
                let millis = at.saturating_sub(now.0);
                PollTimeout::try_from(millis.min(60_000)).unwrap_or(PollTimeout::MAX)
            }
            None => PollTimeout::NONE,
        };
        match poll(&mut fds[..watched], timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(e) => return Err(Failure::at("poll")(e)),
        }
        let ready = |nth: usize| fds[nth].any().unwrap_or(false);
        Ok(Ready {
            wake: ready(0),
            control: control && ready(1),
            signal: ready(2),
            packets: packets && (gather || ready(4)),
        })
    }

    fn answer_questions(&mut self, now: Now) {
        while let Ok(question) = self.questions.try_recv() {
            // A client that does not wait for its answer is not our concern.
            let _ = match question {
                Question::Status(reply) => reply.send(Ok(self.status(now))).is_ok(),
                Question::Snapshot(reply) => reply.send(Ok(self.db.snapshot())).is_ok(),
                Question::Lease(key, reply) => reply.send(Ok(self.lease(key))).is_ok(),
                Question::Release(key, reply) => self.release(now, key, reply),
                Question::Compact(reply) => self.compaction.ask(reply),
            };
        }
        self.answer_pending();
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
        self.db.get(key).unwrap_or_else(|| Lease::new(key))
    }

    /// Answers when the release is durable. False if the client is gone.
    fn release(&mut self, now: Now, key: LeaseKey, reply: Reply<Lease>) -> bool {
        match self.server.release(now, &mut self.db, &Standalone, key) {
            Ok(Some(lsn)) => {
                self.pending.push((lsn, key, reply));
                // The next turn hands it to the sync thread.
                self.wake.write(1).is_ok()
            }
            Ok(None) => reply.send(Err(format!("{} is not bound to a client", key.addr))).is_ok(),
            Err(e) => reply.send(Err(e.to_string())).is_ok(),
        }
    }

    /// SIGHUP: subnets, pools, options and all the rest that a running node can change.
    fn reload(&mut self, path: &Path) {
        match self.try_reload(path) {
            Ok(()) => say(format!("{}: read again", path.display())),
            Err(why) => say(format!("{why}; the old configuration stays")),
        }
    }

    fn try_reload(&mut self, path: &Path) -> Result<(), String> {
        let config = config::load(path).map_err(|mistake| mistake.to_string())?;
        let fixed = |config: &Config| {
            let dhcp4 = &config.file.dhcp4;
            let interface = dhcp4.interface.as_ref().map(|interface| interface.get_ref().clone());
            let segment_mib = *config.file.log.segment_mib.get_ref();
            (config.data_dir.clone(), segment_mib, *dhcp4.listen.get_ref(), interface)
        };
        if fixed(&config) != fixed(&self.config) {
            let keys = "data_dir, log.segment_mib, dhcp4.listen and dhcp4.interface";
            return Err(format!("{}: changes of {keys} need a restart", path.display()));
        }
        let link = link(&config).map_err(|failure| failure.to_string())?;
        let now = self.clock.now();
        let new = server_config(&config, link.as_ref());
        // Whatever may be wrong is found before anything is changed: by a server that never serves, and
        // by the pools, which change as a whole or not at all.
        let trial = Server::new(new.clone(), 0).map_err(|e| e.to_string())?;
        self.db.set_pools(&trial.pools()).map_err(|e| e.to_string())?;
        if let Err(e) = self.server.set_config(now, new) {
            self.db.set_pools(&self.server.pools()).map_err(|e| e.to_string())?;
            return Err(e.to_string());
        }
        self.events.pinger = pinger(&config);
        self.compaction.set_config(&config, &self.db);
        self.config = config;
        Ok(())
    }

    /// Clean end: what was asked is on disk and answered.
    fn stop(mut self) -> Result<(), Failure> {
        self.syncer.finish(&mut self.db).map_err(poisoned)?;
        self.packets.send(&mut self.server, &self.db);
        self.answer_pending();
        // Nobody else is answered: their threads are told by this.
        let Self { control, questions, compaction, pending, .. } = self;
        drop((questions, compaction, pending));
        control.finish();
        Ok(())
    }
}

/// What is ready to be read.
struct Ready {
    wake: bool,
    control: bool,
    signal: bool,
    packets: bool,
}

/// The two clocks.
struct Clock(std::time::Instant);

impl Clock {
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn now(&self) -> Now {
        let unix = SystemTime::UNIX_EPOCH.elapsed().unwrap_or(Duration::ZERO).as_secs();
        Now { instant: Instant(self.0.elapsed().as_millis() as u64), unix: UnixTime(unix) }
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
    let Some(interface) = &config.file.dhcp4.interface else { return Ok(None) };
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
    config.file.dhcp4.ping_millis?;
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

/// For hash tables and checksums that no client must be able to work out.
fn random<const N: usize>() -> Result<[u8; N], Failure> {
    let mut random = [0; N];
    let source = "/dev/urandom";
    fs::File::open(source).and_then(|mut file| file.read_exact(&mut random)).map_err(Failure::at(source))?;
    Ok(random)
}
