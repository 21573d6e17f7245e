//! Name servers of others: started, asked, told to change a zone of theirs, and ended.

use super::configs;
use super::records::parsed;
use ddi_dns::message::Reader;
use ddi_dns::rr::Rtype;
use ddi_dns::tsig::Algorithm;
use ddi_dns::zone::Snapshot;
use std::fs::{self, File};
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The zone of all tests.
pub(crate) const ZONE: &str = "example.com";
/// The key of the signed ones, in base 64.
pub(crate) const SECRET: &str = "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZyE=";
/// How long something may take that must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Bind,
    Knot,
    Nsd,
}

/// What a daemon is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) kind: Kind,
    pub(crate) port: u16,
    /// The port of our side.
    pub(crate) ours: u16,
    /// Signs everything, if there is one.
    pub(crate) key: Option<Algorithm>,
    /// False: it gives no deltas, and asks for none where it can be told so.
    pub(crate) ixfr: bool,
}

/// A daemon that serves the zone as primary, or fetches it from us. It ends when dropped.
pub(crate) struct Daemon {
    setup: Setup,
    child: Child,
    dir: PathBuf,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked nicely, so that those with children of their own take them along.
        drop(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status());
        let until = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

impl Daemon {
    /// `zone`: the text of the zone, if it is the primary.
    pub(crate) fn start(setup: Setup, zone: Option<&str>) -> Self {
        static NTH: AtomicU32 = AtomicU32::new(0);
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        let kind = setup.kind;
        let dir = std::env::temp_dir().join(format!("ddi-xfr-{}-{nth}-{kind:?}", std::process::id()));
        fs::create_dir_all(&dir).unwrap();
        if let Some(text) = zone {
            fs::write(dir.join("zone"), text).unwrap();
        }
        let path = dir.join("config");
        fs::write(&path, configs::of(&setup, &dir, zone.is_some())).unwrap();
        let mut command = match kind {
            Kind::Bind => with("named", &["-g", "-n", "1", "-c"]),
            Kind::Knot => with("knotd", &["-c"]),
            Kind::Nsd => with("nsd", &["-d", "-c"]),
        };
        let log = File::create(dir.join("log")).unwrap();
        let child = command
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("can't start {kind:?}: {error}"));
        Self { setup, child, dir }
    }

    pub(crate) fn log(&self) -> String {
        let log = fs::read(self.dir.join("log")).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().rev().take(30).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// As the programs of BIND want it.
    fn key_arguments(&self) -> Vec<String> {
        self.setup
            .key
            .map_or(Vec::new(), |algorithm| vec!["-y".to_owned(), format!("{algorithm}:xfr:{SECRET}")])
    }

    /// The serial that it serves; `None` if it does not answer at once, or has no zone. While NSD reloads, the
    /// old serial and the new one are said in turn.
    pub(crate) fn serial(&self) -> Option<u32> {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        socket.connect(("127.0.0.1", self.setup.port)).unwrap();
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

    /// The serial that it serves, as soon as it says one.
    pub(crate) fn some_serial(&self) -> u32 {
        self.retry("a serial", || self.serial().ok_or_else(String::new))
    }

    /// The whole zone that it serves, in this version. While NSD reloads, one of its processes may still serve the
    /// one before.
    pub(crate) fn zone(&self, serial: u32) -> Snapshot {
        let text = self.retry(&format!("a transfer of serial {serial}"), || {
            let text =
                self.dig(&["+onesoa", "+nocomments", "+nocmd", "+nostats", "+noquestion", ZONE, "AXFR"]);
            if text.contains(&format!(". {serial} 3600 ")) { Ok(text) } else { Err(text) }
        });
        parsed(&text)
    }

    fn dig(&self, words: &[&str]) -> String {
        let mut command = Command::new("dig");
        command.args(["@127.0.0.1", "-p", &self.setup.port.to_string(), "+time=20", "+tries=1"]);
        let output = command.args(self.key_arguments()).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn retry<T>(&self, what: &str, attempt: impl Fn() -> Result<T, String>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            match attempt() {
                Ok(got) => return got,
                Err(got) => assert!(Instant::now() < until, "no {what}, but {got:?}\n{}", self.log()),
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Does what `lines` say: "add OWNER TTL TYPE DATA", "delete OWNER TYPE DATA", "send". NSD has no
    /// updates: its zone file becomes `zone`.
    pub(crate) fn update(&self, lines: &str, zone: &str) {
        if self.setup.kind == Kind::Nsd {
            fs::write(self.dir.join("zone"), zone).unwrap();
            let done = with("kill", &["-HUP", &self.child.id().to_string()]).status().unwrap();
            assert!(done.success());
            return;
        }
        let script = format!("server 127.0.0.1 {}\nzone {ZONE}\nttl 300\n{lines}", self.setup.port);
        let path = self.dir.join("script");
        fs::write(&path, script).unwrap();
        // An answer that is late must not make it ask again.
        let output = with("nsupdate", &["-u", "60"]).args(self.key_arguments()).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

fn with(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    command
}
