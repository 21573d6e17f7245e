//! Name servers of others: their configurations, and what changes a zone of theirs.

use ddi_dns::message::Reader;
use ddi_dns::rr::Rtype;
use ddi_dns::tsig::Algorithm;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The zone of all tests.
pub(crate) const ZONE: &str = "example.com";
/// The key of the signed ones, in base 64.
pub(crate) const SECRET: &str = "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE=";

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Bind,
    Knot,
    Nsd,
}

/// A daemon that serves the zone as primary, or fetches it from us. It is killed when dropped.
pub(crate) struct Daemon {
    kind: Kind,
    child: Child,
    dir: PathBuf,
    pub(crate) port: u16,
    key: Option<Algorithm>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

impl Daemon {
    /// `ours`: the port of our side. `zone`: the text of the zone, if it is the primary.
    pub(crate) fn start(
        kind: Kind,
        port: u16,
        ours: u16,
        key: Option<Algorithm>,
        zone: Option<&str>,
    ) -> Self {
        let role = if zone.is_some() { "primary" } else { "secondary" };
        let name = format!("ddi-xfr-{}-{kind:?}-{role}-{}", std::process::id(), key.is_some());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        if let Some(text) = zone {
            fs::write(dir.join("zone"), text).unwrap();
        }
        let primary = zone.is_some();
        let (config, mut command) = match kind {
            Kind::Bind => (bind(&dir, port, ours, key, primary), Command::new("named")),
            Kind::Knot => (knot(&dir, port, ours, key, primary), Command::new("knotd")),
            Kind::Nsd => (nsd(&dir, port, ours, key, primary), Command::new("nsd")),
        };
        let path = dir.join("config");
        fs::write(&path, config).unwrap();
        match kind {
            Kind::Bind => command.args(["-g", "-n", "1", "-c"]).arg(&path),
            Kind::Knot => command.arg("-c").arg(&path),
            Kind::Nsd => command.args(["-d", "-c"]).arg(&path),
        };
        let log = File::create(dir.join("log")).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {kind:?}: {error}"));
        Self { kind, child, dir, port, key }
    }

    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn dig(&self, words: &[&str]) -> String {
        let mut command = Command::new("dig");
        command.args(["@127.0.0.1", "-p", &self.port.to_string(), "+time=2", "+tries=1"]);
        if let Some(algorithm) = self.key {
            command.args(["-y", &format!("{algorithm}:xfr:{SECRET}")]);
        }
        let output = command.args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The serial that it serves.
    pub(crate) fn serial(&self) -> Option<u32> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        socket.connect(("127.0.0.1", self.port)).unwrap();
        let query = [&[0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], b"\x07example\x03com\0\0\x06\0\x01"].concat();
        let mut buf = [0; 1500];
        socket.send(&query).ok()?;
        let len = socket.recv(&mut buf).ok()?;
        let soa = Reader::new(&buf[..len]).ok()?.record().ok()??;
        let mut rdata = Vec::new();
        soa.expand_rdata(&mut rdata).ok()?;
        let numbers = rdata.len().checked_sub(20).filter(|_| soa.rtype == Rtype::SOA)?;
        rdata[numbers..].first_chunk().map(|serial| u32::from_be_bytes(*serial))
    }

    /// The whole zone that it serves, as text. While NSD reloads, one of its processes may still serve the
    /// version before this serial.
    pub(crate) fn zone(&self, serial: u32) -> String {
        let mut zone = String::new();
        for _ in 0..50 {
            zone = self.dig(&["+onesoa", "+nocomments", "+nocmd", "+nostats", "+noquestion", ZONE, "AXFR"]);
            if zone.contains(&format!(". {serial} 3600 ")) {
                break;
            }
        }
        zone
    }

    /// Does what `lines` say: "add OWNER TTL TYPE DATA", "delete OWNER TYPE DATA", "send". NSD has no
    /// updates: its zone file becomes `zone`.
    pub(crate) fn update(&self, lines: &str, zone: &str) {
        if self.kind == Kind::Nsd {
            fs::write(self.dir.join("zone"), zone).unwrap();
            let done = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
            assert!(done.success());
            return;
        }
        let script = format!("server 127.0.0.1 {}\nzone {ZONE}\nttl 300\n{lines}", self.port);
        let path = self.dir.join("script");
        fs::write(&path, script).unwrap();
        let mut command = Command::new("nsupdate");
        if let Some(algorithm) = self.key {
            command.args(["-y", &format!("{algorithm}:xfr:{SECRET}")]);
        }
        let output = command.arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// The name of the key's algorithm; of a key that nobody uses, if there is none.
fn algorithm(key: Option<Algorithm>) -> Algorithm {
    key.unwrap_or(Algorithm::HmacSha256)
}

fn bind(dir: &Path, port: u16, ours: u16, wanted: Option<Algorithm>, primary: bool) -> String {
    let algorithm = algorithm(wanted);
    let dir = dir.display();
    let key = if wanted.is_some() { " key xfr" } else { "" };
    let allowed = if wanted.is_some() { "key xfr;" } else { "any;" };
    let mut config = format!(
        "key xfr {{ algorithm {algorithm}; secret \"{SECRET}\"; }};\ncontrols {{ }};\n\
         options {{ directory \"{dir}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         pid-file none; session-keyfile none; recursion no; dnssec-validation no; notify-delay 0;\n\
         serial-query-rate 1000; transfers-in 10; allow-transfer {{ {allowed} }}; notify no; }};\n"
    );
    let zone = if primary {
        format!(
            "type primary; file \"zone\"; allow-update {{ {allowed} }}; notify explicit;\n\
             also-notify {{ 127.0.0.1 port {ours}{key}; }}; max-ixfr-ratio unlimited;"
        )
    } else {
        format!(
            "type secondary; file \"copy\"; primaries {{ 127.0.0.1 port {ours}{key}; }};\n\
             allow-notify {{ any; }}; request-ixfr yes; min-retry-time 1; max-retry-time 2;"
        )
    };
    let _ = writeln!(config, "zone \"{ZONE}\" {{ {zone} }};");
    config
}

fn knot(dir: &Path, port: u16, ours: u16, wanted: Option<Algorithm>, primary: bool) -> String {
    let algorithm = algorithm(wanted);
    let dir = dir.display();
    let key = if wanted.is_some() { "\n    key: xfr" } else { "" };
    let zone = if primary {
        "file: zone\n    notify: ours\n    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n    \
         journal-content: all\n    serial-policy: increment"
    } else {
        "file: copy\n    master: ours\n    zonefile-load: none\n    journal-content: all"
    };
    format!(
        "server:\n    rundir: {dir}\n    listen: 127.0.0.1@{port}\n    tcp-workers: 1\n    udp-workers: 1\n    \
         background-workers: 1\n    automatic-acl: off\ndatabase:\n    storage: {dir}\nlog:\n  - target: stdout\n    \
         any: info\nkey:\n  - id: xfr\n    algorithm: {algorithm}\n    secret: {SECRET}\nremote:\n  - id: ours\n    \
         address: 127.0.0.1@{ours}{key}\nacl:\n  - id: all\n    address: 127.0.0.1{key}\n    \
         action: [transfer, update, notify]\nzone:\n  - domain: {ZONE}\n    storage: {dir}\n    acl: all\n    \
         refresh-min-interval: 2\n    retry-min-interval: 1\n    {zone}\n"
    )
}

fn nsd(dir: &Path, port: u16, ours: u16, wanted: Option<Algorithm>, primary: bool) -> String {
    let algorithm = algorithm(wanted);
    let dir = dir.display();
    let key = if wanted.is_some() { "xfr" } else { "NOKEY" };
    let zone = if primary {
        format!("zonefile: zone\n  notify: 127.0.0.1@{ours} {key}\n  create-ixfr: yes\n  store-ixfr: yes")
    } else {
        format!(
            "zonefile: copy\n  request-xfr: 127.0.0.1@{ours} {key}\n  allow-notify: 127.0.0.1 {key}\n  \
             min-retry-time: 1\n  max-retry-time: 2"
        )
    };
    format!(
        "server:\n  server-count: 1\n  ip-address: 127.0.0.1\n  port: {port}\n  username: \"\"\n  zonesdir: {dir}\n  \
         database: \"\"\n  pidfile: {dir}/pid\n  xfrdfile: {dir}/state\n  zonelistfile: {dir}/list\n  \
         xfrdir: {dir}\n  verbosity: 3\n  xfrd-reload-timeout: 0\nremote-control:\n  control-enable: no\nkey:\n  name: xfr\n  \
         algorithm: {algorithm}\n  secret: {SECRET}\nzone:\n  name: {ZONE}\n  provide-xfr: 127.0.0.1 {key}\n  {zone}\n"
    )
}
