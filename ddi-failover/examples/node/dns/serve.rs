//! The name server's thread: one loop over [`poll`], as the packet thread's.

use super::commands::{COMMANDS_MAX, Command, Commands};
use super::compact::Compactor;
use super::control::Promised;
use super::desk::{Desk, Said};
use super::follow::Follows;
use super::forward::Forwards;
use super::names::Names;
use super::sockets::{Locals, Sockets};
use super::tcp::{CONNECTIONS_MAX, Connection};
use super::zones::Zones;
use crate::config::dns::ZoneRole;
use crate::config::zones::{DdnsPlan, DnsPlan};
use crate::run::sync::Syncer;
use crate::run::{Clock, Failure, random};
use crate::say::say;
use ddi_core::log::FileStorage;
use ddi_core::{Instant, Now};
use ddi_dns::delta::HistoryLimits;
use ddi_dns::journal::{Journal, JournalConfig};
use ddi_dns::secondary::SecondaryEvent;
use ddi_dns::update::{ForwardTransmit, Source};
use ddi_dns::xfr::TRANSMIT_MAX;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

/// Room in the journal's batch for one slice of changes of names, in bytes.
const NAMES_ROOM: usize = 2 << 20;
/// Commands that are obeyed before anything else gets a turn.
const COMMANDS_TURN: usize = 32;
/// News of secondary zones that are taken before anything else gets a turn.
const NEWS_TURN: usize = 32;
/// The longest request that is handed on by datagram, in bytes: what is never in pieces on any usual network.
const FORWARD_UDP_MAX: usize = 1232;
/// The journal's folder in the data directory.
const FOLDER: &str = "dns";

/// The running name server.
pub struct NameServer {
    /// Where it receives; the port is known even if any was asked for.
    pub local: Locals,
    pub commands: Commands,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// Opens sockets and zones, and starts the thread.
    pub fn start(mut plan: DnsPlan, ddns: &[DdnsPlan], data_dir: &Path) -> Result<Self, Failure> {
        let wake = EventFd::from_flags(EfdFlags::EFD_NONBLOCK | EfdFlags::EFD_CLOEXEC)
            .map_err(Failure::at("eventfd"))?;
        let wake = Arc::new(wake);
        let (sender, commands) = sync_channel(COMMANDS_MAX);
        let (opened, outcome) = sync_channel(1);
        // Here, where there is room that reading the configuration has left.
        let zones = open_zones(&mut plan, data_dir, wake.clone())?;
        let ddns = ddns.to_vec();
        let waker = wake.clone();
        let thread = thread::Builder::new()
            .name("dns".to_owned())
            .spawn(move || {
                // What batches datagrams can't change threads.
                let mut server = match Server::open(&plan, zones, &ddns, waker, commands) {
                    Ok(server) => server,
                    Err(failure) => return drop(opened.send(Err(failure))),
                };
                let _ = opened.send(Ok(server.sockets.locals()));
                if let Err(why) = server.run() {
                    // Nothing more can be promised to those who update zones.
                    say(format!("name server: {why}"));
                    std::process::exit(1);
                }
            })
            .map_err(Failure::at("name server"))?;
        let local = outcome.recv().map_err(Failure::at("name server"))??;
        Ok(Self { local, commands: Commands { sender, wake }, thread: Some(thread) })
    }

    /// Ends it cleanly.
    pub fn stop(mut self) {
        if self.commands.sender.send(Command::Stop).is_ok() {
            let _ = self.commands.wake.write(1);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) struct Server {
    sockets: Sockets,
    connections: Vec<Connection>,
    next_link: u64,
    pub(super) desk: Desk,
    pub(super) names: Names,
    /// Answers to operators that wait for the disk.
    pub(super) promised: Vec<Promised>,
    forwards: Forwards,
    syncer: Syncer,
    compactor: Compactor,
    commands: std::sync::mpsc::Receiver<Command>,
    wake: Arc<EventFd>,
    clock: Clock,
    buffer: Box<[u8; TRANSMIT_MAX]>,
    stopping: bool,
}

/// What is ready.
struct Ready {
    sockets: Vec<PollFlags>,
    connections: Vec<PollFlags>,
    primaries: Vec<bool>,
    forwards: Vec<bool>,
}

impl Server {
    fn open(
        plan: &DnsPlan,
        zones: Zones,
        ddns: &[DdnsPlan],
        wake: Arc<EventFd>,
        commands: std::sync::mpsc::Receiver<Command>,
    ) -> Result<Self, Failure> {
        let plans = zones.served.iter().map(|served| &served.plan);
        let others = plans.flat_map(|zone| zone.primaries.iter().chain(&zone.notify).copied());
        let sockets = Sockets::open(&plan.listen, others)?;
        let (clock, seed) = (Clock::start(), u64::from_le_bytes(random()?));
        let follows = Follows::new(clock.now(), &zones, seed);
        Ok(Self {
            sockets,
            connections: Vec::new(),
            next_link: 1,
            desk: Desk::new(plan, zones, follows, seed, random()?),
            names: Names::new(ddns),
            promised: Vec::new(),
            forwards: Forwards::default(),
            syncer: Syncer::start(wake.clone()),
            compactor: Compactor::new(wake.clone()),
            commands,
            wake,
            clock,
            buffer: Box::new([0; TRANSMIT_MAX]),
            stopping: false,
        })
    }

    fn run(&mut self) -> Result<(), String> {
        // A secondary may have missed what came before a crash.
        let start = self.clock.now();
        for nth in 0..self.desk.zones.served.len() {
            self.desk.tell(start, nth);
        }
        // What is due at once arms the first timers.
        self.follow(start)?;
        self.send(start);
        while !self.stopping {
            let ready = self.wait().map_err(|e| format!("poll: {e}"))?;
            let now = self.clock.now();
            self.receive(now, &ready);
            self.serve_connections(now, &ready);
            self.desk.follows.ready(now, &ready.primaries);
            self.forwards.ready(now, &ready.forwards, &mut self.desk.forwarder);
            self.desk.follows.handle_timeout(now);
            self.desk.forwarder.handle_timeout(now);
            self.desk.notifier.handle_timeout(now);
            self.end_loads(now)?;
            self.obey(now);
            if self.has_room_for_names() {
                self.names.turn(now, &mut self.desk.zones);
            }
            self.follow(now)?;
            self.syncer
                .turn(&mut self.desk.zones.journal, false)
                .map_err(|e| format!("the journal failed: {e}"))?;
            for nth in self.desk.zones.publish() {
                self.desk.tell(now, nth);
            }
            self.keep_promises(now);
            self.compactor.turn(&mut self.desk.zones.journal);
            self.send(now);
        }
        self.syncer.finish(&mut self.desk.zones.journal).map_err(|e| format!("the journal failed: {e}"))?;
        self.desk.zones.publish();
        let now = self.clock.now();
        self.keep_promises(now);
        self.send(now);
        Ok(())
    }

    fn wait(&self) -> nix::Result<Ready> {
        let now = self.clock.now().instant;
        let mut fds = vec![PollFd::new(self.wake.as_fd(), PollFlags::POLLIN)];
        fds.extend(self.sockets.fds(now).map(|(fd, interest)| PollFd::new(fd, interest)));
        let fixed = fds.len();
        fds.extend(self.connections.iter().map(|one| PollFd::new(one.fd(), one.interest())));
        fds.extend(self.desk.follows.fds().map(|(fd, interest)| PollFd::new(fd, interest)));
        let primaries_end = fds.len();
        fds.extend(self.forwards.fds().map(|(fd, interest)| PollFd::new(fd, interest)));
        let timers = [
            self.desk.follows.poll_timeout(),
            self.desk.forwarder.poll_timeout(),
            self.desk.notifier.poll_timeout(),
            self.names.poll_timeout().filter(|_| self.has_room_for_names()),
            self.forwards.poll_timeout(),
            self.sockets.rest_end(now),
            self.desk.follows.has_news().then_some(now),
        ];
        let end = |one: &Connection| if one.has_message() { now } else { one.end() };
        let ends = self.connections.iter().map(end);
        let timeout = match timers.into_iter().flatten().chain(ends).min() {
            Some(Instant(at)) => {
                PollTimeout::try_from(at.saturating_sub(now.0).min(60_000)).unwrap_or(PollTimeout::MAX)
            }
            None => PollTimeout::NONE,
        };
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(e),
        }
        let ready: Vec<PollFlags> = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty())).collect();
        if !ready[0].is_empty() {
            let _ = self.wake.read();
        }
        let is_ready = |flags: &PollFlags| !flags.is_empty();
        let (ready, forwards) = ready.split_at(primaries_end);
        let (connections, primaries) = ready[fixed..].split_at(self.connections.len());
        Ok(Ready {
            sockets: ready[1..fixed].to_vec(),
            connections: connections.to_vec(),
            primaries: primaries.iter().map(is_ready).collect(),
            forwards: forwards.iter().map(is_ready).collect(),
        })
    }

    /// Answers what came by datagram.
    fn receive(&mut self, now: Now, ready: &Ready) {
        let Self { sockets, desk, .. } = self;
        sockets.receive(&ready.sockets, |from, message, out| {
            desk.handle(now, Source { address: from, link: None }, message, out)
        });
    }

    fn serve_connections(&mut self, now: Now, ready: &Ready) {
        let Self { connections, desk, buffer, .. } = self;
        let gone = PollFlags::POLLERR | PollFlags::POLLHUP | PollFlags::POLLNVAL;
        let mut flags = ready.connections.iter();
        connections.retain_mut(|connection| {
            let flags = flags.next().copied().unwrap_or(PollFlags::empty());
            // Also one that is not listened to: it would wake us without end.
            if flags.intersects(gone) {
                return false;
            }
            let ready = !flags.is_empty() || connection.has_message();
            (!ready || serve(now, connection, desk, buffer).is_ok()) && !connection.is_over(now)
        });
        self.accept(now, ready);
    }

    fn accept(&mut self, now: Now, ready: &Ready) {
        let Self { sockets, connections, next_link, .. } = self;
        sockets.accept(now, &ready.sockets, CONNECTIONS_MAX, |stream, from| {
            if connections.len() >= CONNECTIONS_MAX {
                make_room(connections);
            }
            connections.push(Connection::new(*next_link, from, stream, now));
            *next_link += 1;
        });
    }

    /// A slice of names changes fits the journal's next batch: else they wait until one is on disk.
    fn has_room_for_names(&self) -> bool {
        self.desk.zones.journal.log().room() >= NAMES_ROOM
    }

    fn obey(&mut self, now: Now) {
        for _ in 0..COMMANDS_TURN {
            match self.commands.try_recv() {
                Ok(Command::Stop) => return self.stopping = true,
                Ok(command) => self.on_command(now, command),
                Err(_) => return,
            }
        }
        // There may be more.
        let _ = self.wake.write(1);
    }

    /// Takes large zones that are on disk.
    fn end_loads(&mut self, now: Now) -> Result<(), String> {
        for (nth, outcome) in self.desk.zones.end_loads() {
            self.on_loaded(nth, &outcome);
            if self.desk.zones.served[nth].plan.role == ZoneRole::Secondary {
                outcome?;
                self.note(now, nth)?;
            }
        }
        Ok(())
    }

    /// Keeps what a restart has to know of a secondary zone.
    fn note(&mut self, now: Now, nth: usize) -> Result<(), String> {
        let note = self.desk.follows.note(now, nth);
        let Desk { zones, .. } = &mut self.desk;
        if zones.served[nth].newest.is_some() {
            zones.journal.set_note(zones.served[nth].plan.apex.as_ref(), &note).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    /// Takes what the secondaries have found.
    fn follow(&mut self, now: Now) -> Result<(), String> {
        self.ask_primaries(now);
        for _ in 0..NEWS_TURN {
            let Some((nth, event)) = self.desk.follows.poll_event() else { break };
            let apex = self.desk.zones.served[nth].plan.apex.clone();
            match event {
                SecondaryEvent::Zone { snapshot, deltas, primary } => {
                    say(format!("{apex}: serial {} from {primary}", snapshot.serial()));
                    self.desk.zones.set_revived(nth);
                    if self.desk.zones.follow(nth, snapshot.clone(), deltas).is_err() {
                        // More than a batch of the journal takes: what is there goes first. The way to
                        // this version may be lost, the version is not.
                        self.syncer.settle(&mut self.desk.zones.journal).map_err(|e| e.to_string())?;
                        self.desk.zones.replace(nth, snapshot)?;
                    }
                }
                SecondaryEvent::Failed { primary, why } => say(format!("{apex}: {primary}: {why}")),
                SecondaryEvent::Expired => {
                    say(format!("{apex}: has expired"));
                    self.desk.zones.set_expired(nth, true);
                    continue;
                }
                SecondaryEvent::UpToDate { .. } => {}
                _ => continue,
            }
            self.desk.zones.set_expired(nth, self.desk.follows.is_expired(nth));
            self.note(now, nth)?;
        }
        Ok(())
    }

    fn ask_primaries(&mut self, now: Now) {
        let Self { desk, sockets, buffer, .. } = self;
        while let Some(datagram) = desk.follows.poll_transmit(now, &mut buffer[..], |to| sockets.from(to)) {
            sockets.ask(datagram.to, &buffer[..datagram.len]);
        }
    }

    /// Sends what the machines have.
    fn send(&mut self, now: Now) {
        while let Some(transmit) = self.desk.updates.poll_transmit(&self.desk.zones, &mut self.buffer[..]) {
            self.answer(transmit.to, transmit.len);
        }
        while self.desk.updates.poll_event().is_some() {}
        while let Some(transmit) = self.desk.forwarder.poll_transmit(&mut self.buffer[..]) {
            match transmit {
                ForwardTransmit::Answer { to, len } => self.answer(to, len),
                ForwardTransmit::Request { to, over_tcp, len } if over_tcp || len > FORWARD_UDP_MAX => {
                    let (from, request) = (self.sockets.from(to), &self.buffer[..len]);
                    self.forwards.send(now, from, to, request, &mut self.desk.forwarder);
                }
                ForwardTransmit::Request { to, len, .. } => self.sockets.ask(to, &self.buffer[..len]),
                _ => {}
            }
        }
        while self.desk.forwarder.poll_event().is_some() {}
        while let Some(transmit) = self.desk.notifier.poll_transmit(now, &mut self.buffer[..]) {
            self.sockets.ask(transmit.to, &self.buffer[..transmit.len]);
        }
        while self.desk.notifier.poll_event().is_some() {}
        self.ask_primaries(now);
        self.sockets.send();
        for connection in &mut self.connections {
            // One that fails is found by its next turn.
            let _ = connection.send(now, &mut self.buffer);
        }
    }

    /// The answer lies in the buffer.
    fn answer(&mut self, to: Source, len: usize) {
        let Some(link) = to.link else {
            return self.sockets.answer(to.address, &self.buffer[..len]);
        };
        if let Some(connection) = self.connections.iter_mut().find(|one| one.id == link) {
            connection.owed = connection.owed.saturating_sub(1);
            connection.push(&self.buffer[..len]);
        }
    }
}

/// Reads and answers what one connection has.
fn serve(
    now: Now,
    connection: &mut Connection,
    desk: &mut Desk,
    buffer: &mut [u8; TRANSMIT_MAX],
) -> io::Result<()> {
    connection.receive(now)?;
    let from = Source { address: connection.from, link: Some(connection.id) };
    loop {
        while let Some(message) = connection.message() {
            let said = desk.handle(now, from, message, &mut buffer[2..]);
            match said {
                Said::Answer(len) => connection.push(&buffer[2..2 + len]),
                Said::Transfer(transfer) => connection.transfer(*transfer),
                Said::Later => connection.owed += 1,
                Said::Nothing => {}
            }
        }
        connection.send(now, buffer)?;
        // What came behind a transfer that is sent.
        if !connection.has_message() {
            return Ok(());
        }
    }
}

/// Whoever has the most connections loses the one that has been quiet for longest.
fn make_room(connections: &mut Vec<Connection>) {
    let mut counts: HashMap<IpAddr, usize> = HashMap::new();
    for one in connections.iter() {
        *counts.entry(network(one.from)).or_default() += 1;
    }
    let most = counts.values().copied().max();
    let all = connections.iter().enumerate();
    let of_most = all.filter(|(_, one)| counts.get(&network(one.from)).copied() == most);
    if let Some((nth, _)) = of_most.min_by_key(|(_, one)| one.end()) {
        connections.swap_remove(nth);
    }
}

/// Whose an address is: a host has as many as it likes in its network of 64 bits.
fn network(address: SocketAddr) -> IpAddr {
    match address.ip() {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64)).into(),
        ip => ip,
    }
}

/// The zones, from the journal and from their files.
fn open_zones(plan: &mut DnsPlan, data_dir: &Path, wake: Arc<EventFd>) -> Result<Zones, Failure> {
    let folder = data_dir.join(FOLDER);
    let at = || folder.display().to_string();
    let storage = FileStorage::open(&folder).map_err(Failure::at(at()))?;
    let mut config = JournalConfig::default();
    config.log.log_id = u64::from_le_bytes(random()?);
    // The journal keeps for each zone what the one that wants most does.
    for HistoryLimits { deltas, bytes, percent_of_zone } in plan.zones.iter().map(|zone| zone.history) {
        let most = &mut config.history;
        most.deltas = most.deltas.max(deltas);
        most.bytes = most.bytes.max(bytes);
        most.percent_of_zone = most.percent_of_zone.max(percent_of_zone);
    }
    let (journal, opened) = Journal::open(Arc::new(storage), &config).map_err(Failure::at(at()))?;
    for (file, damage) in &opened.damaged {
        say(format!("{file}: passed over, an older one was whole: {damage}"));
    }
    let mut zones = Zones::new(std::mem::take(&mut plan.zones), journal, wake);
    super::load::missing(&mut zones)?;
    Ok(zones)
}
