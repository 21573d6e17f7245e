//! One trial: perfdhcp at a fixed rate, with the server's CPU time read before and after.

use std::fmt;
use std::thread::ScopedJoinHandle;

use super::net::{LOAD_ADDRESSES, Net, SERVER_ADDRESSES};
use super::server::Server;
use crate::Failure;

/// Different clients of all loads: most exchanges are a new lease, and the pool has room for all.
const CLIENTS: u32 = 60_000;
const DROPS_MAX: f64 = 0.01;
/// Below this part of the rate that was asked for, the generator is at its end.
const OFFERED_MIN: f64 = 0.97;

/// Messages of one kind, and the answers to them.
#[derive(Clone, Copy, Default)]
pub struct Exchange {
    pub sent: f64,
    pub received: f64,
}

impl Exchange {
    pub fn lost(&self) -> f64 {
        if self.sent > 0.0 { 1.0 - self.received / self.sent } else { 1.0 }
    }
}

impl std::iter::Sum for Exchange {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |a, b| Self { sent: a.sent + b.sent, received: a.received + b.received })
    }
}

/// Who asks. A thread that sends and one that receives cost perfdhcp 104 us of processor time for each exchange, a
/// single one 72, and one that is busy asks no faster: who does better depends on what the server leaves it.
#[derive(Clone, Copy)]
pub(super) enum Asking {
    OneOfTwoThreads,
    TwoOfOneThread,
}

impl Asking {
    pub(super) const ALL: [Self; 2] = [Self::OneOfTwoThreads, Self::TwoOfOneThread];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OneOfTwoThreads => "one perfdhcp of two threads",
            Self::TwoOfOneThread => "two perfdhcp of one thread",
        }
    }

    fn loads(self, rate: f64, seconds: u32) -> Vec<Load> {
        let (count, threads) = match self {
            Self::OneOfTwoThreads => (1, Threads::Two),
            Self::TwoOfOneThread => (LOAD_ADDRESSES.len(), Threads::One),
        };
        let share = rate / count as f64;
        let clients = CLIENTS / count as u32;
        let load = |nth| Load { nth, server: SERVER_ADDRESSES[0], threads, clients, rate: share, seconds };
        (0..count).map(load).collect()
    }
}

/// Of one perfdhcp.
#[derive(Clone, Copy)]
pub enum Threads {
    One,
    Two,
}

/// What one perfdhcp shall do.
pub struct Load {
    /// Which of the loads' addresses it has; and clients of its own.
    pub nth: usize,
    pub server: &'static str,
    pub threads: Threads,
    /// Different clients.
    pub clients: u32,
    /// DISCOVERs a second.
    pub rate: f64,
    pub seconds: u32,
}

impl Load {
    /// DISCOVER to OFFER, and REQUEST to ACK.
    pub fn run(&self, net: &Net) -> Result<[Exchange; 2], Failure> {
        let (rate, seconds, clients) =
            (format!("{:.0}", self.rate), self.seconds.to_string(), self.clients.to_string());
        let clients_from = format!("mac=00:0c:{:02x}:00:00:00", self.nth);
        let mut command = net.on_load("perfdhcp");
        let threads = match self.threads {
            Threads::One => "single",
            Threads::Two => "multi",
        };
        command.args(["-4", "-g", threads, "-l", LOAD_ADDRESSES[self.nth], "-b", &clients_from]);
        command.args(["-r", &rate, "-R", &clients, "-p", &seconds, "-W", "500000", self.server]);
        let output = command.output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let missing =
            || format!("perfdhcp: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
        let exchange = |name: &str| {
            let mut lines = text.lines().skip_while(|l| !l.contains(name));
            let mut count = |of: &str| lines.find_map(|l| l.trim().strip_prefix(of)?.trim().parse().ok());
            Some(Exchange { sent: count("sent packets:")?, received: count("received packets:")? })
        };
        let offers = exchange("Statistics for: DISCOVER-OFFER").ok_or_else(missing)?;
        let acks = exchange("Statistics for: REQUEST-ACK").ok_or_else(missing)?;
        Ok([offers, acks])
    }
}

/// All of them at once.
pub fn together(net: &Net, loads: &[Load]) -> Result<Vec<[Exchange; 2]>, Failure> {
    let run = |load: &Load| load.run(net).map_err(|e| e.to_string());
    std::thread::scope(|scope| {
        let run = &run;
        let running: Vec<_> = loads.iter().map(|load| scope.spawn(move || run(load))).collect();
        let join = |one: ScopedJoinHandle<'_, _>| one.join().map_err(|_| "a load panicked")?;
        Ok(running.into_iter().map(join).collect::<Result<_, String>>()?)
    })
}

pub(super) struct Trial {
    rate: f64,
    seconds: f64,
    offers: Exchange,
    acks: Exchange,
    pub(super) server_cpu_seconds: f64,
}

impl Trial {
    pub(super) fn run(
        net: &Net,
        server: &Server,
        asking: Asking,
        rate: f64,
        seconds: u32,
    ) -> Result<Self, Failure> {
        let before = server.cpu_seconds()?;
        let exchanges = together(net, &asking.loads(rate, seconds))?;
        let [offers, acks] = [0, 1].map(|kind| exchanges.iter().map(|e| e[kind]).sum::<Exchange>());
        let server_cpu_seconds = server.cpu_seconds()? - before;
        Ok(Self { rate, seconds: f64::from(seconds), offers, acks, server_cpu_seconds })
    }

    /// Exchanges completed, each second.
    pub(super) fn completed(&self) -> f64 {
        self.acks.received / self.seconds
    }

    pub(super) fn per_cpu_second(&self) -> f64 {
        self.acks.received / self.server_cpu_seconds.max(0.01)
    }

    fn lost(&self) -> f64 {
        self.offers.lost().max(self.acks.lost())
    }

    /// Was this rate offered, and held?
    pub(super) fn held(&self) -> bool {
        self.lost() <= DROPS_MAX && self.offered() >= OFFERED_MIN
    }

    /// Nothing was lost, yet the rate was not reached.
    pub(super) fn generator_bound(&self) -> bool {
        self.lost() <= DROPS_MAX && self.offered() < OFFERED_MIN
    }

    fn offered(&self) -> f64 {
        self.offers.sent / self.seconds / self.rate
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rate, done, lost, cpu) =
            (self.rate, self.completed(), self.lost() * 100.0, self.server_cpu_seconds);
        let verdict = if self.held() { "held" } else { "not held" };
        write!(f, "{rate:.0}/s asked: {done:.0}/s done, {lost:.2} % lost, server CPU {cpu:.2} s: {verdict}")
    }
}
