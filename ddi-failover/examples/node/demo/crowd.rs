//! Clients behind one relay: many exchanges under way at once, with retransmission, over one socket. The
//! relay knows two servers. Who has no lease asks both; who has one asks the server that gave it, and after
//! a while both (RFC 2131 section 4.4.5, in a hurry).

use super::disk::Promise;
use super::home::ADDRESSES;
use super::message::{self, Identity, MESSAGE_MAX, MessageType, Request};
use crate::net;
use crate::net::receive::Receiver;
use crate::net::send::{Sender, Way};
use ddi_core::UnixTime;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime};

/// Exchanges under way at once.
pub const WINDOW: usize = 200;
/// A message without an answer is sent again after this.
const RETRANSMIT: Duration = Duration::from_millis(400);
/// A client that has asked this often for its offer begins anew, as one whose offer was forgotten.
const REQUESTS_MAX: u8 = 3;
/// A client that has asked its server this often asks both.
const OWN_TRIES: u8 = 1;
/// Clients that ask a server which is no more burden nobody: so many may do that besides [`WINDOW`].
const UNHEARD_MAX: usize = 1000;

/// The relay's address (giaddr), on the loopback interface like all of the demo.
pub const RELAY: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Where a client stands.
#[derive(Clone, Copy)]
enum State {
    /// Its turn has not come.
    Waiting,
    /// It sent this.
    Asking(Request),
    /// It has an ACK.
    Done,
}

struct Client {
    state: State,
    /// When its exchange began, and when it last sent.
    began: Instant,
    sent: Instant,
    tries: u8,
    /// Its last message went to a server that is no more.
    unheard: bool,
    /// The address of its last ACK, and who sent that.
    address: Option<Ipv4Addr>,
    server: Ipv4Addr,
    /// It is the client's until then.
    until: UnixTime,
}

/// See the module.
pub struct Crowd {
    clients: Vec<Client>,
    /// The next client whose turn comes, and where the turns end.
    next: usize,
    last: usize,
    under_way: usize,
    /// How many of them are [`Client::unheard`].
    unheard: usize,
    /// When each sent something, oldest first; most have an answer since.
    sent: VecDeque<(Instant, u32)>,
    /// The high byte of transaction ids: tells answers to an earlier round from those to this one.
    round: u8,
    renewing: bool,
    socket: OwnedFd,
    receiver: Receiver,
    sender: Sender<MESSAGE_MAX>,
    servers: [Option<SocketAddrV4>; 2],
    /// ACKs of each server in this round.
    pub acks: [usize; 2],
    /// When the last answer came, or all had theirs; the longest wait for one since [`Crowd::watch`].
    answered: Instant,
    pub gap: Duration,
    /// Every address that was ever ACKed, and whose it is; but for those whose time was over before their
    /// clients, on a slow machine, came to renew them.
    pub owners: HashMap<Ipv4Addr, u32>,
    /// What each server promised.
    pub promises: [HashMap<Ipv4Addr, Promise>; 2],
    /// What must never happen, in words.
    pub violations: Vec<String>,
    /// From DISCOVER (or renewal) to ACK, in this round.
    pub latencies: Vec<Duration>,
    pub retransmitted: u64,
    /// Messages to the server that was no more.
    pub to_nobody: u64,
}

impl Crowd {
    pub fn new(clients: u32) -> io::Result<Self> {
        let now = Instant::now();
        let (state, server) = (State::Waiting, Ipv4Addr::UNSPECIFIED);
        let client = || Client {
            state,
            began: now,
            sent: now,
            tries: 0,
            unheard: false,
            address: None,
            server,
            until: UnixTime::UNSET,
        };
        Ok(Self {
            clients: (0..clients).map(|_| client()).collect(),
            next: 0,
            last: 0,
            under_way: 0,
            unheard: 0,
            sent: VecDeque::new(),
            round: 1,
            renewing: false,
            socket: net::udp(SocketAddrV4::new(RELAY, 0))?,
            receiver: Receiver::new(),
            sender: Sender::new(),
            servers: [None; 2],
            acks: [0; 2],
            answered: now,
            gap: Duration::ZERO,
            owners: HashMap::new(),
            promises: [HashMap::new(), HashMap::new()],
            violations: Vec::new(),
            latencies: Vec::with_capacity(clients as usize),
            retransmitted: 0,
            to_nobody: 0,
        })
    }

    /// From now on this server is here.
    pub fn set_server(&mut self, which: usize, server: SocketAddrV4) {
        self.servers[which] = Some(server);
    }

    /// This server is no more.
    pub fn lose_server(&mut self, which: usize) {
        self.servers[which] = None;
    }

    /// Begins to look for the longest time without an answer.
    pub fn watch(&mut self) {
        (self.answered, self.gap) = (Instant::now(), Duration::ZERO);
    }

    /// Have all who have an address it for so long?
    pub fn all_bound_for(&self, seconds: u64) -> bool {
        let until = unix_now().plus_secs(seconds);
        self.clients.iter().all(|client| client.address.is_none() || client.until >= until)
    }

    /// The clients that have an address, and it.
    pub fn bound(&self) -> impl Iterator<Item = (u32, Ipv4Addr)> {
        (0..).zip(&self.clients).filter_map(|(nth, client)| Some((nth, client.address?)))
    }

    /// Every client that has an address renews it next.
    pub fn start_renewing(&mut self) {
        for client in &mut self.clients {
            client.state = State::Waiting;
            client.unheard = false;
        }
        (self.next, self.under_way, self.unheard, self.renewing) = (0, 0, 0, true);
        self.round += 1;
        self.sent.clear();
        self.latencies.clear();
        self.acks = [0; 2];
    }

    /// So many clients take part; none does before this is called.
    pub fn set_last(&mut self, last: usize) {
        self.last = last.min(self.clients.len());
    }

    /// Clients done in this round.
    pub fn done(&self) -> usize {
        self.latencies.len()
    }

    pub fn under_way(&self) -> usize {
        self.under_way
    }

    pub fn all_done(&self) -> bool {
        self.next >= self.last && self.under_way == 0
    }

    /// Sends what is due, waits for answers for a moment, and takes them.
    pub fn step(&mut self) -> io::Result<()> {
        self.send();
        let mut ready = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut ready, PollTimeout::from(20_u8)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
        }
        self.take_answers()
    }

    /// Sends what is due: again where no answer came, and first messages of clients whose turn it is.
    pub fn send(&mut self) {
        self.retransmit();
        while self.under_way < WINDOW + self.unheard.min(UNHEARD_MAX) && self.next < self.last {
            self.begin();
        }
        self.sender.send(&self.socket);
    }

    /// Takes the answers that are there.
    pub fn take_answers(&mut self) -> io::Result<()> {
        loop {
            let mut answers = Vec::new();
            let got = self
                .receiver
                .receive(&self.socket, |datagram| answers.extend(message::read(datagram.bytes)))?;
            if got == 0 {
                return Ok(());
            }
            answers.iter().for_each(|answer| self.on_answer(answer));
        }
    }

    fn begin(&mut self) {
        let nth = self.next as u32;
        self.next += 1;
        let client = &mut self.clients[nth as usize];
        client.began = Instant::now();
        let request = match client.address {
            Some(address) if self.renewing => Request::Renew { address },
            _ => Request::Discover,
        };
        self.under_way += 1;
        self.ask(nth, request);
    }

    fn ask(&mut self, nth: u32, request: Request) {
        let client = &mut self.clients[nth as usize];
        client.tries = 0;
        client.state = State::Asking(request);
        self.transmit(nth, request);
    }

    fn transmit(&mut self, nth: u32, request: Request) {
        let now = Instant::now();
        self.clients[nth as usize].sent = now;
        self.sent.push_back((now, nth));
        let xid = u32::from(self.round) << 24 | nth;
        let way = Way { interface: 0, from: Some(RELAY) };
        let client = &self.clients[nth as usize];
        let own = matches!(request, Request::Renew { .. }) && client.tries <= OWN_TRIES;
        let mut unheard = true;
        for server in self.servers.into_iter().flatten() {
            if own && *server.ip() != client.server {
                continue;
            }
            unheard = false;
            let len = message::write(self.sender.next(), Identity::nth(nth), xid, RELAY, request);
            self.sender.push(&self.socket, len, way, server);
        }
        self.to_nobody += u64::from(unheard);
        self.set_unheard(nth, unheard);
    }

    fn set_unheard(&mut self, nth: u32, unheard: bool) {
        let was = std::mem::replace(&mut self.clients[nth as usize].unheard, unheard);
        self.unheard = self.unheard + usize::from(unheard) - usize::from(was);
    }

    fn retransmit(&mut self) {
        while let Some(&(when, nth)) = self.sent.front()
            && when.elapsed() >= RETRANSMIT
        {
            self.sent.pop_front();
            let client = &mut self.clients[nth as usize];
            let State::Asking(request) = client.state else { continue };
            if client.sent != when {
                continue;
            }
            self.retransmitted += 1;
            client.tries += 1;
            let is_over = matches!(request, Request::Renew { .. }) && client.until <= unix_now();
            if is_over || matches!(request, Request::Select { .. }) && client.tries >= REQUESTS_MAX {
                self.ask(nth, Request::Discover);
            } else {
                client.tries = client.tries.min(REQUESTS_MAX);
                self.transmit(nth, request);
            }
        }
    }

    fn on_answer(&mut self, answer: &message::Answer) {
        self.gap = self.gap.max(self.answered.elapsed());
        self.answered = Instant::now();
        let nth = answer.xid & 0x00ff_ffff;
        let Some(&Client { state, .. }) = self.clients.get(nth as usize) else { return };
        if answer.kind == MessageType::Ack {
            // A promise, whenever it comes: also to a client that has begun anew, or is done.
            self.note_promise(nth, answer);
            self.clients[nth as usize].server = answer.server;
        }
        if answer.xid >> 24 != u32::from(self.round) {
            return;
        }
        match (answer.kind, state) {
            (MessageType::Offer, State::Asking(Request::Discover)) => {
                self.ask(nth, Request::Select { address: answer.address, server: answer.server });
            }
            (MessageType::Ack, State::Asking(request)) => {
                let of = |server: &Option<SocketAddrV4>| {
                    server.is_some_and(|server| *server.ip() == answer.server)
                };
                if let Some(which) = self.servers.iter().position(of) {
                    self.acks[which] += 1;
                }
                self.on_ack(nth, request, answer.address);
            }
            (MessageType::Nak, State::Asking(Request::Renew { address })) => {
                if self.clients[nth as usize].until > unix_now() {
                    self.violations.push(format!("client {nth} was refused its own address {address}"));
                }
                self.ask(nth, Request::Discover);
            }
            (MessageType::Nak, State::Asking(Request::Select { .. })) => self.ask(nth, Request::Discover),
            _ => {}
        }
    }

    fn note_promise(&mut self, nth: u32, answer: &message::Answer) {
        let address = answer.address;
        let now = unix_now();
        // The server heard the client after it began.
        let waited = self.clients[nth as usize].began.elapsed().as_secs() + 1;
        let is_late = answer.xid >> 24 != u32::from(self.round);
        let seconds = (now.0 + u64::from(answer.lease_seconds)).saturating_sub(waited);
        let until = if is_late { UnixTime::UNSET } else { UnixTime(seconds) };
        if let Some(which) = ADDRESSES.iter().position(|server| *server == answer.server) {
            let kept = self.promises[which].entry(address).or_insert(Promise { client: nth, until });
            *kept = Promise { client: nth, until: kept.until.max(until) };
        }
        if let Some(owner) = self.owners.insert(address, nth)
            && owner != nth
            && self.clients[owner as usize].until > now
        {
            self.violations.push(format!("{address} was given to client {owner} and to client {nth}"));
        }
        let client = &mut self.clients[nth as usize];
        if let Some(old) = client.address.replace(address)
            && old != address
        {
            if client.until > now {
                self.violations.push(format!("client {nth} has {old} and was given {address} too"));
            }
            client.until = UnixTime::UNSET;
            if self.owners.get(&old) == Some(&nth) {
                self.owners.remove(&old);
            }
        }
        client.until = client.until.max(until);
    }

    fn on_ack(&mut self, nth: u32, request: Request, address: Ipv4Addr) {
        if let Request::Renew { address: old } = request
            && old != address
        {
            self.violations.push(format!("client {nth} renewed {old} and was given {address}"));
        }
        let client = &mut self.clients[nth as usize];
        client.state = State::Done;
        self.latencies.push(client.began.elapsed());
        self.under_way -= 1;
        self.set_unheard(nth, false);
    }
}

pub fn unix_now() -> UnixTime {
    UnixTime(SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_secs())
}
