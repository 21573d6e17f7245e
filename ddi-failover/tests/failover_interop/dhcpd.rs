//! A dhcpd on a host of its own.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::leases::{self, Leases};
use crate::net::Host;
use crate::pair::{Setup, pool_ends};
use crate::process::{PATIENCE, wait_for};

/// Where it is, where its partner is, and which of the two it is.
#[derive(Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) is_primary: bool,
    pub(crate) own: SocketAddrV4,
    pub(crate) partner: SocketAddrV4,
    /// Both servers have the pool that belongs to this address.
    pub(crate) pool_of: Ipv4Addr,
}

pub(crate) struct Dhcpd {
    host: Host,
    pub(crate) folder: PathBuf,
    child: Option<Child>,
}

impl Dhcpd {
    /// Writes its configuration, and an empty lease file; does not start it.
    pub(crate) fn new(host: &Host, folder: &Path, ends: &Ends, setup: &Setup) -> Self {
        let (first, last) = pool_ends(ends.pool_of, setup.addresses);
        let Setup { receive, window, lease_seconds, name, .. } = setup;
        let (own, partner, (min_balance, max_balance)) = (ends.own, ends.partner, setup.isc_balance);
        let (role, primary_only) = if ends.is_primary {
            ("primary", format!("mclt {}; split {};", setup.mclt, setup.split))
        } else {
            ("secondary", String::new())
        };
        let config = format!(
            "authoritative; ping-check false; dhcp-cache-threshold 0; omapi-port 7911;\n\
             default-lease-time {lease_seconds}; max-lease-time {lease_seconds}; min-lease-time 1;\n\
             failover peer \"{name}\" {{ {role}; address {}; port {};\n\
               peer address {}; peer port {}; max-response-delay {receive};\n\
               max-unacked-updates {window}; {primary_only} load balance max seconds 3;\n\
               min-balance {min_balance}; max-balance {max_balance}; }}\n\
             subnet 10.9.0.0 netmask 255.255.0.0 {{\n\
               pool {{ failover peer \"{name}\"; range {} {first} {last}; }} }}\n{}\n",
            own.ip(),
            own.port(),
            partner.ip(),
            partner.port(),
            setup.isc_range,
            setup.isc_global
        );
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(folder.join("conf"), config).expect("its configuration");
        let dhcpd = Self { host: host.clone(), folder: folder.to_owned(), child: None };
        dhcpd.forget();
        dhcpd
    }

    /// An empty lease file.
    pub(crate) fn forget(&self) {
        assert!(self.child.is_none());
        let _ = std::fs::remove_file(self.folder.join("leases~"));
        std::fs::write(self.folder.join("leases"), "").expect("its leases");
    }

    pub(crate) fn start(&mut self) {
        let path = |file: &str| self.folder.join(file).display().to_string();
        let log = std::fs::File::options().create(true).append(true).open(path("log")).expect("its log");
        let mut command = self.host.command("dhcpd");
        command.args(["-4", "-f", "-d", "--no-pid", "-cf", &path("conf"), "-lf", &path("leases"), "v0"]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a second handle")).stderr(log);
        self.child = Some(command.spawn().expect("dhcpd (is its package installed?)"));
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill(Pid::from_raw(child.id().cast_signed()), signal).expect("a signal");
    }

    #[track_caller]
    pub(crate) fn must_run(&mut self) {
        let child = self.child.as_mut().expect("it runs");
        let ended = child.try_wait().expect("a child");
        assert!(ended.is_none(), "dhcpd ended: {ended:?}");
    }

    /// What it logged so far, over all its lives.
    pub(crate) fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(crate) fn mark(&self) -> usize {
        self.log().len()
    }

    pub(crate) fn log_since(&self, mark: usize) -> String {
        self.log()[mark..].to_owned()
    }

    /// Waits until it has logged `text` after `mark`.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, mark: usize, text: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.log_since(mark).contains(text) {
            assert!(Instant::now() < deadline, "dhcpd never logged \"{text}\":\n{}", self.log_since(mark));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn leases(&self) -> Leases {
        leases::read(&std::fs::read(self.folder.join("leases")).unwrap_or_default())
    }

    /// OMAPI: sets the state of its side of the relationship, by its number.
    pub(crate) fn set_state(&self, name: &str, number: u8) {
        let object = format!("new failover-state\nset name = \"{name}\"\nopen\n");
        self.omapi(&format!("{object}set local-state = {number}\nupdate\n"));
    }

    /// OMAPI: hands over to the partner, and ends.
    #[track_caller]
    pub(crate) fn shut_down(&mut self) {
        self.omapi("new control\nopen\nset state = 2\nupdate\n");
        let child = self.child.as_mut().expect("it runs");
        wait_for("dhcpd to end", || child.try_wait().expect("a child"));
        self.child = None;
    }

    fn omapi(&self, text: &str) {
        use std::io::Write;
        let mut command = self.host.command("omshell");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("omshell");
        let text = format!("server 127.0.0.1\nport 7911\nconnect\n{text}");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
        let output = child.wait_with_output().expect("its end");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "omshell: {said}");
    }
}

impl Drop for Dhcpd {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().filter(|l| !l.starts_with("DHCP")).collect();
            eprintln!("---- dhcpd said (last lines, without packets):");
            lines.iter().rev().take(40).rev().for_each(|line| eprintln!("{line}"));
        }
    }
}
