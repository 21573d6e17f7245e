//! Three real DHCP clients behind one face. Each runs a script of ours that appends a line for every
//! event to a file and configures the interface.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::net::Host;
use crate::process::{Process, run, wait_for};

/// The client's interface on its host.
pub(crate) const DEVICE: &str = "cli0";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Dhclient,
    Dhcpcd,
    Udhcpc,
}

/// One thing that the client told its script.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) reason: String,
    text: String,
}

impl Event {
    /// The value of a field of the script's line: `ip`, `routers`, `dns`, `domain`, `server`, `lease`.
    pub(crate) fn field(&self, name: &str) -> &str {
        let mut fields = self.text.split('|').filter_map(|f| f.split_once('='));
        fields.find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }
}

pub(crate) struct Client {
    pub(crate) kind: Kind,
    host: Host,
    dir: PathBuf,
    process: Process,
    seen: usize,
}

/// dhclient and dhcpcd give their scripts the same names. dhcpcd configures the interface itself.
const SCRIPT: &str = r#"#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
line="$reason|ip=$new_ip_address|routers=$new_routers|dns=$new_domain_name_servers"
line="$line|domain=$new_domain_name|server=$new_dhcp_server_identifier|lease=$new_dhcp_lease_time"
if [ @CONFIGURE@ = yes ]; then
    case "$reason" in
    PREINIT) ip link set dev "$interface" up ;;
    BOUND|RENEW|REBIND|REBOOT)
        if [ "$reason" = BOUND ] && ! busybox arping -q -D -c 1 -w 1 -I "$interface" "$new_ip_address"; then
            echo "CONFLICT|ip=$new_ip_address" >> @EVENTS@
            exit 1
        fi
        ip addr replace "$new_ip_address/$new_subnet_mask" dev "$interface"
        [ -z "$new_routers" ] || ip route replace default via "${new_routers%% *}" ;;
    EXPIRE|FAIL|RELEASE|STOP) ip -4 addr flush dev "$interface" ;;
    esac
fi
echo "$line" >> @EVENTS@
"#;

const UDHCPC_SCRIPT: &str = r#"#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case "$1" in
deconfig) ip -4 addr flush dev "$interface"; reason=DECONFIG ;;
bound) reason=BOUND ;;
renew) reason=RENEW ;;
*) reason=$1 ;;
esac
if [ "$1" = bound ] || [ "$1" = renew ]; then
    ip addr replace "$ip/$mask" dev "$interface"
    [ -z "$router" ] || ip route replace default via "${router%% *}"
fi
echo "$reason|ip=$ip|routers=$router|dns=$dns|domain=$domain|server=$serverid|lease=$lease" >> @EVENTS@
"#;

impl Client {
    /// Starts a client of this kind on `host`; its files are kept in `scratch`.
    #[track_caller]
    pub(crate) fn start(kind: Kind, host: &Host, scratch: &Path) -> Self {
        Self::start_with(kind, host, scratch, &[])
    }

    /// The same, with more arguments for the client.
    #[track_caller]
    pub(crate) fn start_with(kind: Kind, host: &Host, scratch: &Path, more: &[&str]) -> Self {
        let dir = scratch.join("client");
        fs::create_dir_all(&dir).expect("a folder for the client");
        write_scripts(kind, &dir);
        let at = |name: &str| dir.join(name).to_string_lossy().into_owned();
        let (config, script, leases, pid) = (at("config"), at("script"), at("leases"), at("pid"));
        let mut command = match kind {
            Kind::Dhclient => {
                fs::write(
                    &config,
                    "send host-name \"dhclient-host\";\ninitial-interval 1;\nbackoff-cutoff 2;\nretry 3;\n",
                )
                .expect("config");
                fs::write(&leases, "").expect("leases");
                let mut command = host.command("dhclient");
                command.args(["-4", "-d", "-cf", &config, "-sf", &script, "-lf", &leases, "-pf", &pid]);
                command
            }
            Kind::Dhcpcd => {
                fs::write(&config, "hostname dhcpcd-host\noption domain_name_servers, domain_name, routers\nrequire dhcp_server_identifier\n").expect("config");
                // Its folders are fixed, so it gets its own: `ip netns exec` gives a mount namespace.
                let mut command = host.command("sh");
                let own = "mkdir -p /var/lib/dhcpcd /run/dhcpcd && mount -t tmpfs none /var/lib/dhcpcd && mount -t tmpfs none /run/dhcpcd && exec dhcpcd \"$@\"";
                command.args(["-c", own, "dhcpcd", "-4", "-B", "-d", "-f", &config, "-c", &script]);
                command
            }
            Kind::Udhcpc => {
                let mut command = host.command("udhcpc");
                command.args([
                    "-f",
                    "-v",
                    "-i",
                    DEVICE,
                    "-s",
                    &script,
                    "-x",
                    "hostname:udhcpc-host",
                    "-A",
                    "2",
                    "-t",
                    "10",
                    "-T",
                    "1",
                    "-a",
                ]);
                command
            }
        };
        command.args(more);
        if kind != Kind::Udhcpc {
            command.arg(DEVICE);
        }
        let process = Process::start(&format!("{kind:?}").to_lowercase(), &dir, &mut command);
        Self { kind, host: host.clone(), dir, process, seen: 0 }
    }

    fn events(&self) -> Vec<Event> {
        let text = fs::read_to_string(self.dir.join("events")).unwrap_or_default();
        let event = |line: &str| {
            let (reason, fields) = line.split_once('|').unwrap_or((line, ""));
            Event { reason: reason.to_owned(), text: fields.to_owned() }
        };
        text.lines().map(event).collect()
    }

    /// Waits for the next event with this reason, and passes over those before it.
    #[track_caller]
    pub(crate) fn wait_for_event(&mut self, reasons: &[&str]) -> Event {
        let what = format!("{:?} to report one of {reasons:?}", self.kind);
        let seen = self.seen;
        let (at, event) = wait_for(&what, || {
            let events = self.events();
            let at = events.iter().skip(seen).position(|e| reasons.contains(&e.reason.as_str()))?;
            Some((seen + at, events[seen + at].clone()))
        });
        self.seen = at + 1;
        event
    }

    /// Makes it renew now, if it can be told to; else it will at T1.
    pub(crate) fn renew(&self) {
        match self.kind {
            Kind::Dhclient => {}
            Kind::Dhcpcd => self.dhcpcd("-N"),
            Kind::Udhcpc => self.process.signal(Signal::SIGUSR1),
        }
    }

    /// Makes it give its lease back, and end.
    #[track_caller]
    pub(crate) fn release(&mut self) {
        match self.kind {
            Kind::Dhclient => {
                let at = |name: &str| self.dir.join(name).to_string_lossy().into_owned();
                let (config, script, leases, pid) = (at("config"), at("script"), at("leases"), at("pid"));
                let mut command = self.host.command("dhclient");
                command
                    .args(["-4", "-r", "-cf", &config, "-sf", &script, "-lf", &leases, "-pf", &pid, DEVICE]);
                run(&mut command);
            }
            Kind::Dhcpcd => self.dhcpcd("-k"),
            Kind::Udhcpc => {
                self.process.signal(Signal::SIGUSR2);
                self.wait_for_event(&["DECONFIG"]);
                self.process.signal(Signal::SIGTERM);
            }
        }
        self.process.wait();
    }

    /// Tells the running dhcpcd something: a second one in the same namespaces.
    fn dhcpcd(&self, argument: &str) {
        let pid = self.process.pid().to_string();
        run(std::process::Command::new("nsenter")
            .args(["-t", &pid, "-m", "-n", "dhcpcd", "-4", argument, DEVICE]));
    }
}

fn write_scripts(kind: Kind, dir: &Path) {
    let events = dir.join("events");
    let script = dir.join("script");
    let text = match kind {
        Kind::Dhclient => SCRIPT.replace("@CONFIGURE@", "yes"),
        Kind::Dhcpcd => SCRIPT.replace("@CONFIGURE@", "no"),
        Kind::Udhcpc => UDHCPC_SCRIPT.to_owned(),
    };
    fs::write(&script, text.replace("@EVENTS@", &events.to_string_lossy())).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("an executable script");
}
