//! The answering side. Each connection has a short-lived thread that reads the request and writes
//! the answer; what it needs of the node it asks the packet thread for, in one small question, so
//! that a slow reader or a long listing holds up no packet.

use super::wire::{Framed, Kind, write_frame};
use super::{SOCKET, SocketPath, json};
use crate::dns::reload::Reload;
use crate::dns::{Command, Commands, ZoneVerb, plain};
use crate::net::files;
use crate::run::Clock;
use ddi_core::db::Snapshot;
use ddi_core::interchange::{self, Format};
use ddi_core::{Lease, LeaseAddr, LeaseKey};
use ddi_dns::{Name, zonefile};
use ddi_failover::state::Command as FailoverCommand;
use ipnet::{IpNet, Ipv6Net};
use nix::sys::eventfd::EventFd;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use std::{fs, thread};

/// Connections at a time; more are closed at once.
const CONNECTIONS_MAX: usize = 16;
/// The longest request, in bytes.
const REQUEST_MAX: u64 = 4096;
/// A client that takes this long to send or take something is gone.
const PATIENCE: Duration = Duration::from_secs(30);

/// A zone is written in pieces of about so many bytes.
const EXPORT_PIECE: usize = 64 << 10;

/// A node that stops waits this long for clients to take their answers.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// What an operator may say to a relationship.
const FAILOVER_VERBS: [(&str, FailoverCommand); 4] = [
    ("partner-down", FailoverCommand::PartnerDown),
    ("shutdown", FailoverCommand::Shutdown),
    ("pause", FailoverCommand::Pause),
    ("resume", FailoverCommand::Resume),
];

/// What an operator may want done with a zone.
const ZONE_VERBS: [(&str, ZoneVerb); 4] = [
    ("retransfer", ZoneVerb::Retransfer),
    ("notify", ZoneVerb::Notify),
    ("freeze", ZoneVerb::Freeze),
    ("thaw", ZoneVerb::Thaw),
];

/// Where a question's answer goes. What went wrong is a sentence.
pub type Reply<T> = Sender<Result<T, String>>;

/// A question to the packet thread.
pub enum Question {
    Status(Reply<Value>),
    Lease(LeaseKey, Reply<Lease>),
    Release(LeaseKey, Reply<Lease>),
    Snapshot(Reply<Snapshot>),
    Compact(Reply<Value>),
    Failover(Reply<Value>),
    FailoverCommand(String, FailoverCommand, Reply<Value>),
}

/// The listening socket. Dropping it removes its file.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    open: Arc<AtomicUsize>,
    /// Each connection's thread has a clone of the sender: the receiver tells when the last one ends.
    alive: (Sender<()>, Receiver<()>),
    ask: Sender<Question>,
    wake: Arc<EventFd>,
    dns: Option<Commands>,
}

impl Control {
    /// Questions come out of the receiver; `wake` is written when there is one.
    pub fn open(
        data_dir: &Path,
        wake: Arc<EventFd>,
        dns: Option<Commands>,
    ) -> io::Result<(Self, Receiver<Question>)> {
        let path = data_dir.join(SOCKET);
        // The database's lock is ours, so a socket left here is of a node that is no more.
        if let Err(e) = fs::remove_file(&path)
            && e.kind() != io::ErrorKind::NotFound
        {
            return Err(e);
        }
        let listener = UnixListener::bind(&SocketPath::new(data_dir)?.path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        let (ask, questions) = channel();
        let (open, alive) = (Arc::default(), channel());
        Ok((Self { listener, path, open, alive, ask, wake, dns }, questions))
    }

    pub fn fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// Takes a waiting connection, if there is one. An error may last: it is too early to try again at once.
    pub fn accept(&self) -> io::Result<()> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            Err(e) => {
                use io::ErrorKind::{ConnectionAborted, Interrupted, WouldBlock};
                let gone = matches!(e.kind(), WouldBlock | Interrupted | ConnectionAborted);
                return if gone { Ok(()) } else { Err(e) };
            }
        };
        files::admit(&stream)?;
        if self.open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS_MAX {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return Ok(());
        }
        let (open, ask, wake) = (self.open.clone(), self.ask.clone(), self.wake.clone());
        let (alive, dns) = (self.alive.0.clone(), self.dns.clone());
        let spawned = thread::Builder::new().spawn(move || {
            // A client that went away gets no answer.
            let _ = Connection { stream, ask, wake, dns }.serve();
            open.fetch_sub(1, Ordering::AcqRel);
            drop(alive);
        });
        if spawned.is_err() {
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
        spawned.map(|_| ())
    }

    /// The end: gives the connections a moment to write the answers that they have.
    pub fn finish(mut self) {
        // Only theirs are left.
        self.alive.0 = channel().0;
        let _ = self.alive.1.recv_timeout(LAST_ANSWERS);
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

struct Connection {
    stream: UnixStream,
    ask: Sender<Question>,
    wake: Arc<EventFd>,
    dns: Option<Commands>,
}

impl Connection {
    fn serve(&self) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.set_read_timeout(Some(PATIENCE))?;
        self.stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = String::new();
        BufReader::new((&self.stream).take(REQUEST_MAX)).read_line(&mut line)?;
        let words: Vec<String> = serde_json::from_str(&line).unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match self.answer(&words) {
            Ok(()) => write_frame(&mut &self.stream, Kind::End, &[]),
            Err(why) => {
                write_frame(&mut &self.stream, Kind::Failed, json!({ "error": why }).to_string().as_bytes())
            }
        }
    }

    fn answer(&self, words: &[&str]) -> Result<(), String> {
        let document = match *words {
            ["status"] => self.question(Question::Status)?,
            ["compact"] => self.question(Question::Compact)?,
            ["failover", "status"] => self.question(Question::Failover)?,
            ["failover", verb, name] => {
                let command =
                    FAILOVER_VERBS.iter().find(|(known, _)| *known == verb).map(|(_, command)| *command);
                let command = command.ok_or("there is no such command")?;
                self.question(|reply| Question::FailoverCommand(name.to_owned(), command, reply))?
            }
            ["zones"] => self.dns(Command::Zones)?,
            ["zone", name, "export"] => self.export_zone(name)?,
            ["zone", name, "reload"] => self.reload_zone(name)?,
            ["zone", name, verb] => {
                let verb = ZONE_VERBS.iter().find(|(known, _)| *known == verb).map(|(_, verb)| *verb);
                let verb = verb.ok_or("there is no such command")?;
                self.dns(|reply| Command::Zone(name.to_owned(), verb, reply))?
            }
            ["leases"] => return self.leases(None),
            ["leases", prefix] => return self.leases(Some(parse_prefix(prefix)?)),
            ["lease", address] => {
                let key = parse_address(address)?;
                json::lease(&self.question(|reply| Question::Lease(key, reply))?)
            }
            ["release", address] => {
                let key = parse_address(address)?;
                json::lease(&self.question(|reply| Question::Release(key, reply))?)
            }
            ["export", "kea"] => self.export("kea", Format::KeaCsv4)?,
            ["export", "dhcpd"] => self.export("dhcpd", Format::DhcpdLeases4)?,
            _ => return Err("there is no such command".to_owned()),
        };
        write_frame(&mut &self.stream, Kind::Document, document.to_string().as_bytes())
            .map_err(|e| e.to_string())
    }

    /// Asks the packet thread and waits for its answer.
    fn question<T>(&self, question: impl FnOnce(Reply<T>) -> Question) -> Result<T, String> {
        let (reply, answer) = channel();
        let stopping = |_| "the node is stopping".to_owned();
        self.ask.send(question(reply)).map_err(|_| stopping(()))?;
        let _ = self.wake.write(1);
        answer.recv().map_err(|_| stopping(()))?
    }

    /// Asks the name server and waits for its answer.
    fn dns<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, String> {
        let dns = self.dns.as_ref().ok_or("no zones are served here")?;
        let (reply, answer) = channel();
        dns.send(command(reply)).map_err(|_| "the name server is busy or stopping".to_owned())?;
        answer.recv().map_err(|_| "the node is stopping".to_owned())?
    }

    fn export_zone(&self, name: &str) -> Result<Value, String> {
        let zone = self.dns(|reply| Command::Snapshot(name.to_owned(), reply))?;
        let mut out = Framed::new(&self.stream, Kind::File);
        let mut text = Vec::new();
        let mut writer = zonefile::Writer::new(zone.apex(), &mut text);
        let mut walk = zone.walk();
        while let Some(record) = walk.next() {
            writer.write(record.owner, record.ttl, record.rtype, record.rdata, &mut text);
            if text.len() >= EXPORT_PIECE {
                out.write_all(&text).map_err(|e| e.to_string())?;
                text.clear();
            }
        }
        out.write_all(&text).and_then(|()| out.flush()).map_err(|e| e.to_string())?;
        let name = plain(&zone.apex().to_name());
        Ok(json!({ "zone": name, "serial": zone.serial().0, "records": zone.records() }))
    }

    /// Reads the zone's file here, so that queries go on meanwhile.
    fn reload_zone(&self, name: &str) -> Result<Value, String> {
        let apex: Name = name.parse().map_err(|e| format!("{name:?} is not a name: {e}"))?;
        let source = self.dns(|reply| Command::Source(name.to_owned(), reply))?;
        let reload = Reload::read(apex.as_ref(), &source, Clock::unix())?;
        self.dns(|reply| Command::Reload(Box::new(reload), reply))
    }

    fn leases(&self, prefix: Option<IpNet>) -> Result<(), String> {
        let snapshot = self.question(Question::Snapshot)?;
        let mut out = Framed::new(&self.stream, Kind::Document);
        let mut write = || -> io::Result<()> {
            let mut before = "[\n";
            for lease in
                snapshot.ordered(None).filter(|lease| prefix.is_none_or(|prefix| inside(prefix, lease)))
            {
                write!(out, "{before}{}", json::lease(&lease))?;
                before = ",\n";
            }
            // Nothing found is an empty list.
            out.write_all(if before == "[\n" { b"[]" } else { b"\n]" })?;
            out.flush()
        };
        write().map_err(|e| e.to_string())
    }

    fn export(&self, name: &str, format: Format) -> Result<Value, String> {
        let snapshot = self.question(Question::Snapshot)?;
        let mut out = Framed::new(&self.stream, Kind::File);
        let exported =
            interchange::export(format, || snapshot.ordered(None), &mut out).map_err(|e| e.to_string())?;
        out.flush().map_err(|e| e.to_string())?;
        // A file that lacks a lease is no export.
        if let Some(first) = exported.errors.first() {
            return Err(format!("{} leases can't be written as {name}: {first}", exported.failed));
        }
        Ok(json!({
            "format": name,
            "leases": exported.leases,
            "not_v4": exported.other_family,
            "without_client": exported.no_client,
        }))
    }
}

fn parse_prefix(text: &str) -> Result<IpNet, String> {
    let net = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    net.map_err(|_| format!("{text:?} is not a prefix"))
}

fn parse_address(text: &str) -> Result<LeaseKey, String> {
    let wrong = || format!("{text:?} is not an address");
    let addr = if text.contains('/') {
        let prefix = text.parse().ok().filter(|prefix: &Ipv6Net| prefix.trunc() == *prefix);
        let prefix = prefix.ok_or_else(wrong)?;
        LeaseAddr::Prefix(prefix.addr(), prefix.prefix_len())
    } else {
        match text.parse().map_err(|_| wrong())? {
            IpAddr::V4(address) => LeaseAddr::V4(address),
            IpAddr::V6(address) => LeaseAddr::V6(address),
        }
    };
    Ok(LeaseKey { space: 0, addr })
}

fn inside(prefix: IpNet, lease: &Lease) -> bool {
    match lease.key.addr {
        LeaseAddr::V4(address) => prefix.contains(&IpAddr::V4(address)),
        LeaseAddr::V6(address) | LeaseAddr::Prefix(address, _) => prefix.contains(&IpAddr::V6(address)),
    }
}
