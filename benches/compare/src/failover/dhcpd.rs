//! `dhcpd`: how long a partner of dhcpd takes to get all leases back, ddi beside another dhcpd. A dhcpd in
//! PARTNER-DOWN has all leases, as the primary, and the secondary comes without any.
//!
//! All leases end at once. dhcpd keeps them in lists sorted by their ends, which it walks for each update: with
//! other ends it would be its lists that are measured, on both sides.

use std::fs::{self, File};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use super::node::{self, FAILOVER_PORT, Node};
use crate::Failure;
use crate::dhcp::net::{LOAD_ADDRESSES, LOAD_DEVICE, Net, SERVER_ADDRESSES, SERVER_DEVICE};
use crate::leases::sync_millis;
use crate::process::Running;
use crate::row::fresh_folder;
use crate::table::{self, grouped};

const FIRST: u32 = 0x0a4d_1000;
/// What the network of the test has room for.
const LEASES_MAX: u32 = 60_000;
const LEASE_SECONDS: u64 = 86_400;
/// Updates that may be unacknowledged; 10 is what dhcpd's manual has.
const WINDOWS: [u32; 2] = [10, 100];
/// Who lost its leases waits for so long, from its start.
const MCLT_SECONDS: u32 = 1;
const RECEIVE_TIMER_SECONDS: u32 = 20;
const PATIENCE: Duration = Duration::from_secs(240);
const ASK: Duration = Duration::from_millis(50);

pub(super) fn run(program: &Path, leases: u32) -> Result<(), Failure> {
    let leases = leases.min(LEASES_MAX);
    println!(
        "{} leases back from dhcpd after amnesia, until both servers are in NORMAL, which is not before \
         {MCLT_SECONDS} s (MCLT); one fdatasync takes {:.2} ms here",
        grouped(leases.into()),
        sync_millis()?
    );
    let net = Net::new()?;
    let mut rows = Vec::new();
    for window in WINDOWS {
        let pool = Pool { leases, window };
        rows.push(measure(&net, pool, &mut pool.node(program, &fresh_folder("failover-of-dhcpd")?)?)?);
        rows.push(measure(&net, pool, &mut pool.dhcpd(&fresh_folder("failover-of-dhcpd")?, false)?)?);
    }
    fs::remove_dir_all(fresh_folder("failover-of-dhcpd")?)?;
    fs::remove_dir_all(fresh_folder("failover-dhcpd")?)?;
    let head = ["partner", "unacked at most", "s", "leases/s", "CPU s, partner", "CPU s, who has the leases"];
    table::print(&head, &rows);
    Ok(())
}

/// Starts the one that has the leases, and then its partner without; a row of the time until it has all.
fn measure(net: &Net, pool: Pool, partner: &mut impl Partner) -> Result<Vec<String>, Failure> {
    let folder = fresh_folder("failover-dhcpd")?;
    let mut keeper = pool.dhcpd(&folder, true)?;
    fs::write(folder.join("leases"), pool.lease_file()?)?;
    keeper.start(net.on_server("dhcpd"), SERVER_DEVICE)?;
    wait("the dhcpd with the leases in PARTNER-DOWN", &mut keeper, |keeper| {
        Ok(keeper.has_said("Server starting service") && keeper.has_said("to partner-down"))
    })?;
    let before = keeper.cpu_seconds()?;
    let started = Instant::now();
    partner.begin(net)?;
    wait("all leases and NORMAL", partner, |partner| partner.is_whole(pool.leases))?;
    let seconds = started.elapsed().as_secs_f64();
    let row = vec![
        partner.name().to_owned(),
        pool.window.to_string(),
        format!("{seconds:.2}"),
        grouped(f64::from(pool.leases) / seconds),
        format!("{:.2}", partner.cpu_seconds()?),
        format!("{:.2}", keeper.cpu_seconds()? - before),
    ];
    partner.end();
    println!("{}, {} unacknowledged: {} s", row[0], row[1], row[2]);
    Ok(row)
}

/// Asks again and again; gives up after [`PATIENCE`].
fn wait<P: Partner>(
    what: &str,
    partner: &mut P,
    mut is_there: impl FnMut(&mut P) -> Result<bool, Failure>,
) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !is_there(partner)? {
        if Instant::now() > deadline || partner.has_ended()? {
            return Err(format!("{}: in vain for {what}:\n{}", partner.name(), partner.said()).into());
        }
        std::thread::sleep(ASK);
    }
    Ok(())
}

/// What all of them are told.
#[derive(Clone, Copy)]
struct Pool {
    leases: u32,
    window: u32,
}

impl Pool {
    fn ends(self) -> [Ipv4Addr; 2] {
        [FIRST.into(), (FIRST + self.leases - 1).into()]
    }

    fn node(self, program: &Path, folder: &Path) -> Result<Node, Failure> {
        let partner = node::Partner {
            is_primary: false,
            address: SERVER_ADDRESSES[0].parse()?,
            receive_timer_seconds: RECEIVE_TIMER_SECONDS,
            mclt_seconds: MCLT_SECONDS,
            window: self.window,
            load_balance_max_seconds: 3,
        };
        let [first, last] = self.ends();
        let setup = node::Setup {
            address: LOAD_ADDRESSES[0].parse()?,
            port: 67,
            relays: &[LOAD_ADDRESSES[0]],
            pool: &format!("{first}-{last}"),
            partner: Some(partner),
        };
        Node::new(program, folder, &setup)
    }

    fn dhcpd(self, folder: &Path, is_primary: bool) -> Result<Dhcpd, Failure> {
        let (server, load) = (SERVER_ADDRESSES[0], LOAD_ADDRESSES[0]);
        let (role, own, partner) = if is_primary {
            (format!("primary; mclt {MCLT_SECONDS}; split 128;"), server, load)
        } else {
            ("secondary;".to_owned(), load, server)
        };
        let ([first, last], window) = (self.ends(), self.window);
        let config = format!(
            "authoritative; ping-check false; ddns-update-style none;\n\
             default-lease-time {LEASE_SECONDS}; max-lease-time {LEASE_SECONDS};\n\
             failover peer \"pair\" {{ {role} address {own}; port {FAILOVER_PORT};\n\
               peer address {partner}; peer port {FAILOVER_PORT}; load balance max seconds 3;\n\
               max-response-delay {RECEIVE_TIMER_SECONDS}; max-unacked-updates {window}; }}\n\
             subnet 10.77.0.0 netmask 255.255.0.0 {{\n\
               pool {{ failover peer \"pair\"; range {first} {last}; }} }}\n"
        );
        fs::write(folder.join("config"), config)?;
        fs::write(folder.join("leases"), "")?;
        Ok(Dhcpd { folder: folder.to_owned(), running: None })
    }

    /// All addresses are leased, and the partner had acknowledged it.
    fn lease_file(self) -> Result<String, Failure> {
        use std::fmt::Write;
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        let (since, starts, ends) = (now - 3600, now - 60, now + LEASE_SECONDS);
        let mut text = format!(
            "authoring-byte-order little-endian;\nfailover peer \"pair\" state {{\n  \
             my state partner-down at epoch {since};\n  \
             partner state communications-interrupted at epoch {since};\n}}\n"
        );
        for nth in 0..self.leases {
            let [_, b, c, d] = nth.to_be_bytes();
            let hw_addr = format!("02:00:00:{b:02x}:{c:02x}:{d:02x}");
            writeln!(
                text,
                "lease {} {{\n  starts epoch {starts};\n  ends epoch {ends};\n  tstp epoch {ends};\n  \
                 tsfp epoch {ends};\n  atsfp epoch {ends};\n  cltt epoch {starts};\n  binding state active;\n  \
                 next binding state expired;\n  hardware ethernet {hw_addr};\n  uid 01:{hw_addr};\n  \
                 client-hostname \"host{nth:08}\";\n}}",
                Ipv4Addr::from(FIRST + nth)
            )?;
        }
        Ok(text)
    }
}

/// Who comes without leases.
trait Partner {
    fn name(&self) -> &'static str;
    fn begin(&mut self, net: &Net) -> Result<(), Failure>;
    fn end(&mut self);
    fn has_ended(&mut self) -> Result<bool, Failure>;
    /// All leases are there, and both servers in NORMAL.
    fn is_whole(&self, leases: u32) -> Result<bool, Failure>;
    fn cpu_seconds(&self) -> Result<f64, Failure>;
    fn said(&self) -> String;
}

impl Partner for Node {
    fn name(&self) -> &'static str {
        "ddi node (synced)"
    }

    fn begin(&mut self, net: &Net) -> Result<(), Failure> {
        self.start_by(|program| net.on_load(program)).map(|_| ())
    }

    fn end(&mut self) {
        self.stop();
    }

    fn has_ended(&mut self) -> Result<bool, Failure> {
        Node::has_ended(self)
    }

    fn is_whole(&self, leases: u32) -> Result<bool, Failure> {
        Ok(self.is_settled()? && self.active()? == u64::from(leases))
    }

    fn cpu_seconds(&self) -> Result<f64, Failure> {
        Node::cpu_seconds(self)
    }

    fn said(&self) -> String {
        Node::said(self)
    }
}

/// A dhcpd: its folder, and its process if it runs.
struct Dhcpd {
    folder: PathBuf,
    running: Option<Running>,
}

impl Dhcpd {
    fn start(&mut self, mut command: Command, device: &str) -> Result<(), Failure> {
        let log = File::create(self.folder.join("log"))?;
        command.args(["-4", "-f", "-d", "--no-pid", "-cf"]).arg(self.folder.join("config"));
        command.arg("-lf").arg(self.folder.join("leases")).arg(device);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.running = Some(Running::new(command.spawn()?));
        Ok(())
    }

    fn has_said(&self, what: &str) -> bool {
        self.said().contains(what)
    }

    /// Active leases in its file, where the last word on an address counts.
    fn active(&self) -> Result<usize, Failure> {
        let text = fs::read_to_string(self.folder.join("leases"))?;
        let (mut address, mut active) = ("", std::collections::BTreeSet::new());
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("lease ") {
                address = rest.trim_end_matches(" {");
            } else if line == "  binding state active;" {
                active.insert(address);
            } else if line.starts_with("  binding state ") {
                active.remove(address);
            }
        }
        Ok(active.len())
    }
}

impl Partner for Dhcpd {
    fn name(&self) -> &'static str {
        "dhcpd 4.4.3 (synced)"
    }

    fn begin(&mut self, net: &Net) -> Result<(), Failure> {
        self.start(net.on_load("dhcpd"), LOAD_DEVICE)
    }

    fn end(&mut self) {
        self.running = None;
    }

    fn has_ended(&mut self) -> Result<bool, Failure> {
        self.running.as_mut().map_or(Ok(true), Running::has_ended)
    }

    fn is_whole(&self, leases: u32) -> Result<bool, Failure> {
        let is_normal = self.has_said("I move from recover-done to normal")
            && self.has_said("peer moves from partner-down to normal");
        Ok(is_normal && self.active()? == leases as usize)
    }

    fn cpu_seconds(&self) -> Result<f64, Failure> {
        self.running.as_ref().map_or(Ok(0.0), Running::cpu_seconds)
    }

    fn said(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }
}
