//! A node in a temporary directory, and a relay that talks to it.

#[path = "../../../ddi-core/tests/support/port.rs"]
mod port;

use super::message::{self, Answer, Identity, MESSAGE_MAX, Request};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

/// The relay's address.
pub const RELAY: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// How long an answer may take that must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The example's program. `cargo test` builds the example's own tests, and not the program itself.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        // target/PROFILE/deps/node-HASH: the examples are two steps up and one down.
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let program = profile.join("examples").join("node");
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let sources =
            ["ddi-core/src", "ddi-dhcp/src", "ddi-dns/src", "ddi-failover/src", "ddi-failover/examples"];
        let newest = sources.iter().map(|source| newest(&crates.join(source))).max().unwrap();
        if fs::metadata(&program).and_then(|program| program.modified()).is_ok_and(|built| built > newest) {
            return program;
        }
        let release = profile.file_name().is_some_and(|name| name == "release");
        let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "-p", "ddi-failover", "--example", "node"])
            .args(["--profile", if release { "release" } else { "test" }, "--target-dir"])
            .arg(profile.parent().unwrap())
            .current_dir(crates)
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the node example could not be built");
        program
    })
}

/// When the newest file under `path` was written.
fn newest(path: &Path) -> SystemTime {
    match fs::read_dir(path) {
        Ok(entries) => {
            entries.map(|entry| newest(&entry.unwrap().path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
        }
        Err(_) => fs::metadata(path).unwrap().modified().unwrap(),
    }
}

/// A temporary directory with a configuration.
pub struct Home(pub PathBuf);

impl Home {
    pub fn new(config: &str) -> Self {
        static NTH: AtomicU32 = AtomicU32::new(0);
        let nth = NTH.fetch_add(1, Ordering::Relaxed);
        let home = std::env::temp_dir().join(format!("ddi-node-test-{}-{nth}", std::process::id()));
        fs::create_dir(&home).unwrap();
        let home = Self(home);
        home.write(config);
        home
    }

    pub fn write(&self, config: &str) {
        fs::write(self.config(), config).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.0.join("node.toml")
    }

    pub fn stderr(&self) -> String {
        fs::read_to_string(self.0.join("stderr")).unwrap_or_default()
    }

    /// `node run` to its end.
    pub fn run_to_end(&self) -> Output {
        Command::new(program()).arg("run").arg(self.config()).output().unwrap()
    }

    pub fn ctl(&self, words: &[&str]) -> Output {
        Command::new(program()).arg("ctl").arg(self.config()).args(words).output().unwrap()
    }

    /// The JSON document of a command that succeeds.
    pub fn ctl_json(&self, words: &[&str]) -> Value {
        let output = self.ctl(words);
        assert!(output.status.success(), "ctl {words:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Waits until stderr holds `text`.
    pub fn wait_for(&self, text: &str) {
        self.wait_for_times(1, text);
    }

    /// Waits until stderr holds `text` so often.
    pub fn wait_for_times(&self, times: usize, text: &str) {
        for _ in 0..2000 {
            if self.stderr().matches(text).count() >= times {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the node never said {text:?}, but {:?}", self.stderr());
    }

    /// Waits until something is as it should be.
    pub fn wait_until(&self, what: &str, is: impl Fn() -> bool) {
        self.wait_until_or(is, || what.to_owned());
    }

    /// The same; what did not come is told as it is then.
    pub fn wait_until_or(&self, is: impl Fn() -> bool, what: impl Fn() -> String) {
        let begin = std::time::Instant::now();
        while !is() {
            assert!(begin.elapsed() < PATIENCE, "{} never came; {:?}", what(), self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running node, killed at the end of its test.
pub struct Node {
    child: Child,
    pub ready: String,
    /// Where DHCP is served; nowhere, if it is not.
    pub address: SocketAddr,
    /// Where names are served.
    pub dns: SocketAddr,
}

impl Node {
    pub fn start(home: &Home) -> Self {
        Self::start_as(home, Command::new(program()))
    }

    /// By a command that gets `run CONFIG` as its last arguments.
    pub fn start_as(home: &Home, mut command: Command) -> Self {
        let stderr = File::options().create(true).append(true).open(home.0.join("stderr")).unwrap();
        command.arg("run").arg(home.config());
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        if !ready.starts_with("ready ") {
            let _ = child.kill();
            let _ = child.wait();
            panic!("not ready: {ready:?}, {}", home.stderr());
        }
        let place = |key: &str| {
            let at = ready.split_whitespace().find_map(|word| word.strip_prefix(key)?.parse().ok());
            at.unwrap_or(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)))
        };
        let (address, dns) = (place("dhcp4="), place("dns="));
        Self { child, ready, address, dns }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.pid()).unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// SIGTERM, and the end.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        self.child.wait().unwrap()
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// What it printed after "ready".
    pub fn rest_of_stdout(&mut self) -> String {
        let mut rest = String::new();
        self.child.stdout.as_mut().unwrap().read_to_string(&mut rest).unwrap();
        rest
    }
}

/// Another port each time, that nobody else has now, of UDP and TCP.
pub fn free_port() -> u16 {
    port::free_port()
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A relay, one exchange at a time.
pub struct Relay(UdpSocket);

impl Relay {
    pub fn new(node: &Node) -> Self {
        let socket = UdpSocket::bind((RELAY, 0)).unwrap();
        socket.connect(node.address).unwrap();
        Self(socket)
    }

    pub fn send(&self, nth: u32, xid: u32, request: Request) {
        self.send_with(nth, xid, request, &[]);
    }

    /// With more options, as bytes.
    pub fn send_with(&self, nth: u32, xid: u32, request: Request, options: &[u8]) {
        let mut buffer = [0; MESSAGE_MAX];
        let len = message::write(&mut buffer, Identity::nth(nth), xid, RELAY, request);
        // Before the end option.
        self.0.send(&[&buffer[..len - 1], options, &[255]].concat()).unwrap();
    }

    /// The answer to `xid` that comes within `time`.
    pub fn answer(&self, xid: u32, time: Duration) -> Option<Answer> {
        self.0.set_read_timeout(Some(time)).unwrap();
        let mut buffer = [0; 2048];
        loop {
            let len = match self.0.recv(&mut buffer) {
                Ok(len) => len,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
                Err(e) => panic!("receive: {e}"),
            };
            if let Some(answer) = message::read(&buffer[..len]).filter(|answer| answer.xid == xid) {
                return Some(answer);
            }
        }
    }

    /// A datagram as it is.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.0.send(bytes).unwrap();
    }

    /// The next datagram that comes within `time`.
    pub fn receive(&self, time: Duration) -> Option<Vec<u8>> {
        self.0.set_read_timeout(Some(time)).unwrap();
        let mut buffer = [0; 2048];
        loop {
            match self.0.recv(&mut buffer) {
                Ok(len) => return Some(buffer[..len].to_vec()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return None,
                Err(e) => panic!("receive: {e}"),
            }
        }
    }

    /// Asks, and waits for the answer that must come.
    pub fn ask(&self, nth: u32, xid: u32, request: Request) -> Answer {
        self.send(nth, xid, request);
        self.answer(xid, PATIENCE).expect("an answer")
    }

    /// DISCOVER to ACK.
    pub fn bind(&self, nth: u32) -> Ipv4Addr {
        let offer = self.ask(nth, nth * 2 + 1, Request::Discover);
        assert_eq!(offer.kind, message::MessageType::Offer);
        let ack =
            self.ask(nth, nth * 2 + 2, Request::Select { address: offer.address, server: offer.server });
        assert_eq!((ack.kind, ack.address), (message::MessageType::Ack, offer.address));
        ack.address
    }
}
