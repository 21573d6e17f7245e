//! The DNS examples under address and undefined-behaviour sanitizers: `zone_server` with the clients that people
//! have (dig, kdig, nsupdate), and `zone_mirror` as its secondary. What the mirror has written is served by a
//! second `zone_server`, and is the same zone. The mirror follows BIND, too.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "a secret of both";
/// The same in base 64, as the tools want it.
const SECRET_BASE64: &str = "YSBzZWNyZXQgb2YgYm90aA==";
const APEX: &str = "example.test";

fn ffi() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{command:?}: {e}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{text}\n{error}", output.status);
    text
}

/// Compiles an example against the static library of this very build.
fn compile(name: &str, into: &Path) -> PathBuf {
    let library = std::env::current_exe().expect("a path").with_file_name("libddi.a");
    let program = into.join(name);
    let mut command = Command::new("cc");
    command.args(["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g"]);
    command.args(["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]);
    command.arg("-I").arg(ffi().join("../include")).arg("-o").arg(&program);
    command.arg(ffi().join("examples").join(format!("{name}.c"))).arg(library);
    command.args(["-lpthread", "-ldl", "-lm"]);
    run(&mut command);
    program
}

/// A port that is free for both transports.
fn port() -> u16 {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let port = udp.local_addr().expect("an address").port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free for UDP and TCP");
}

/// A program that runs until it is told to end.
struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let lines = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, lines }
    }

    /// Reads its output up to a line that starts so.
    fn wait_for(&mut self, start: &str) -> String {
        let mut line = String::new();
        while self.lines.read_line(&mut line).expect("its output") > 0 {
            if line.starts_with(start) {
                return line;
            }
            line.clear();
        }
        panic!("it ended before {start:?}");
    }

    /// Ends it as an operator does. The sanitizers have the last word.
    fn end(mut self) {
        run(Command::new("kill").args(["-TERM", &self.child.id().to_string()]));
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                assert!(status.success(), "{status}");
                return;
            }
            assert!(Instant::now() < deadline, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ddi-dns-examples-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn sub(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn zone_text() -> String {
    let mut text =
        String::from("$TTL 300\n@ SOA ns hostmaster 10 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n");
    for i in 0..2000 {
        text += &format!(
            "host{i} A 192.0.{}.{}\nhost{i} TXT \"the host with number {i}\"\n",
            i / 250,
            i % 250 + 1
        );
    }
    text
}

fn dig(port: u16, arguments: &[&str]) -> String {
    let port = port.to_string();
    let mut command = Command::new("dig");
    command.args(["@127.0.0.1", "-p", &port, "+tries=2", "+time=5"]).args(arguments);
    let output = command.output().unwrap_or_else(|e| panic!("dig: {e}"));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn key() -> String {
    format!("hmac-sha256:key:{SECRET_BASE64}")
}

/// All records of the zone, as the server at this port sends them.
fn transfer(port: u16) -> Vec<String> {
    let text = dig(
        port,
        &["-y", &key(), APEX, "AXFR", "+onesoa", "+nocomments", "+nocmd", "+nostats", "+noall", "+answer"],
    );
    let mut lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with(';') && !line.is_empty())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.contains(" TSIG "))
        .collect();
    lines.sort();
    lines
}

fn nsupdate(port: u16, change: &str) {
    let mut command = Command::new("nsupdate");
    command.args(["-y", &key()]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("nsupdate");
    let script = format!("server 127.0.0.1 {port}\nzone {APEX}\n{change}\nsend\n");
    child.stdin.take().expect("it is piped").write_all(script.as_bytes()).expect("its input");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn server(program: &Path, port: u16, journal: &Path, file: &Path, secondary: Option<u16>) -> Running {
    let mut command = Command::new(program);
    command.arg(port.to_string()).arg(journal).arg(APEX).arg(file).args(["key", SECRET]);
    command.args(secondary.map(|port| port.to_string()));
    let mut running = Running::start(&mut command);
    running.wait_for("listening");
    running
}

fn answers(port: u16) {
    assert_eq!(dig(port, &["host7.example.test", "A", "+short"]).trim(), "192.0.0.8");
    assert_eq!(dig(port, &["host1999.example.test", "A", "+short", "+tcp"]).trim(), "192.0.7.250");
    assert!(dig(port, &["nobody.example.test", "A"]).contains("status: NXDOMAIN"));
    assert!(dig(port, &["elsewhere.test", "A"]).contains("status: REFUSED"));
    assert!(dig(port, &[APEX, "AXFR"]).contains("Transfer failed"));
    let bad = format!("hmac-sha256:key:{}", "AAAA");
    assert!(dig(port, &["-y", &bad, "host7.example.test", "A"]).contains("status: NOTAUTH"));
    assert!(dig(port, &["-y", &key(), "host7.example.test", "A"]).contains("status: NOERROR"));
}

#[test]
#[ignore = "needs dig and nsupdate"]
fn a_server_answers_and_its_mirror_follows() {
    let folder = Folder::new("server");
    let (serves, mirrors) = (compile("zone_server", &folder.0), compile("zone_mirror", &folder.0));
    let (primary, secondary) = (port(), port());
    let (file, copy) = (folder.0.join("zone"), folder.0.join("copy"));
    std::fs::write(&file, zone_text()).expect("a file");

    let mut first = server(&serves, primary, &folder.sub("primary"), &file, Some(secondary));
    answers(primary);
    assert_eq!(transfer(primary).len(), 4003);

    let mut command = Command::new(&mirrors);
    command.arg(secondary.to_string()).arg(folder.sub("mirror")).arg(APEX);
    command.arg(primary.to_string()).arg(&copy).args(["key", SECRET]);
    let mut mirror = Running::start(&mut command);
    assert_eq!(mirror.wait_for("serial").trim(), "serial 10, 4003 records");

    nsupdate(primary, "update add new.example.test. 60 A 192.0.2.99\nupdate delete host7.example.test. A");
    first.wait_for("updated to serial 11");
    assert_eq!(dig(primary, &["new.example.test", "A", "+short"]).trim(), "192.0.2.99");
    // NOTIFY brings it to the mirror, long before the refresh would.
    assert_eq!(mirror.wait_for("serial").trim(), "serial 11, 4003 records");
    assert_eq!(dig(secondary, &["new.example.test", "A", "+short"]).trim(), "192.0.2.99");
    let delta = dig(primary, &["-y", &key(), APEX, "IXFR=10", "+noall", "+answer", "+tcp"]);
    let records = delta.lines().filter(|line| line.contains("\tA\t") || line.contains("\tSOA\t"));
    assert_eq!(records.count(), 6, "{delta}");

    // What the mirror wrote is the zone.
    let third_port = port();
    let third = server(&serves, third_port, &folder.sub("third"), &copy, None);
    assert_eq!(transfer(third_port), transfer(primary));
    third.end();

    // A restart has what was answered, and the mirror goes on from what it has.
    mirror.end();
    first.end();
    let again = server(&serves, primary, &folder.sub("primary"), &file, Some(secondary));
    assert_eq!(dig(primary, &["new.example.test", "A", "+short"]).trim(), "192.0.2.99");
    let mut mirror = Running::start(&mut command);
    nsupdate(primary, "update add newer.example.test. 60 A 192.0.2.100");
    while !mirror.wait_for("serial").starts_with("serial 12,") {}
    assert_eq!(dig(secondary, &["newer.example.test", "A", "+short"]).trim(), "192.0.2.100");
    mirror.end();
    again.end();
}

fn named_conf(folder: &Path, port: u16, secondary: u16) -> String {
    let dir = folder.display();
    format!(
        "key \"key\" {{ algorithm hmac-sha256; secret \"{SECRET_BASE64}\"; }};
options {{
    directory \"{dir}\"; pid-file \"{dir}/pid\"; session-keyfile \"{dir}/session.key\";
    listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
    recursion no; dnssec-validation no; notify explicit; also-notify {{ 127.0.0.1 port {secondary}; }};
    notify-delay 0; allow-transfer {{ key \"key\"; }};
}};
controls {{ }};
zone \"{APEX}\" {{ type primary; file \"zone\"; allow-update {{ key \"key\"; }}; }};
"
    )
}

#[test]
#[ignore = "needs BIND"]
fn a_mirror_follows_bind() {
    let folder = Folder::new("bind");
    let mirrors = compile("zone_mirror", &folder.0);
    let (primary, secondary, copy) = (port(), port(), folder.0.join("copy"));
    let dir = folder.sub("named");
    std::fs::write(dir.join("zone"), zone_text()).expect("a file");
    std::fs::write(dir.join("named.conf"), named_conf(&dir, primary, secondary)).expect("a file");
    let mut named = Command::new("named");
    named.args(["-g", "-c"]).arg(dir.join("named.conf")).stderr(Stdio::null());
    let named = Running::start(&mut named);
    let deadline = Instant::now() + Duration::from_secs(60);
    while dig(primary, &["host7.example.test", "A", "+short"]).trim() != "192.0.0.8" {
        assert!(Instant::now() < deadline, "named does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }

    let mut command = Command::new(&mirrors);
    command.arg(secondary.to_string()).arg(folder.sub("mirror")).arg(APEX);
    command.arg(primary.to_string()).arg(&copy).args(["key", SECRET]);
    let mut mirror = Running::start(&mut command);
    assert_eq!(mirror.wait_for("serial").trim(), "serial 10, 4003 records");
    nsupdate(primary, "update add new.example.test. 60 A 192.0.2.99\nupdate delete host7.example.test. A");
    assert_eq!(mirror.wait_for("serial").trim(), "serial 11, 4003 records");

    // What the mirror wrote is what BIND has.
    let serves = compile("zone_server", &folder.0);
    let third_port = port();
    let third = server(&serves, third_port, &folder.sub("third"), &copy, None);
    assert_eq!(transfer(third_port), transfer(primary));
    third.end();
    mirror.end();
    drop(named);
}
