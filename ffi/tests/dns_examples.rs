//! The DNS examples under address and undefined-behaviour sanitizers, one linked with the static library and one with
//! the shared: `zone_server` with the clients that people have (dig, kdig, nsupdate), and `zone_mirror` as its
//! secondary. What the mirror has written is served by a second `zone_server`, and is the same zone. The mirror follows
//! BIND, too.

#[path = "support/support.rs"]
mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use support::c::{Folder, Linkage, SANITIZED, compile, link};
use support::ffi;
use support::zones::{APEX, Running, mirror, port, server, zone_text};

/// `SECRET` in base 64, as the tools want it.
const SECRET_BASE64: &str = "YSBzZWNyZXQgb2YgYm90aA==";

fn program(name: &str, linkage: Linkage, folder: &Folder) -> PathBuf {
    let object = compile(&ffi().join("examples").join(format!("{name}.c")), &SANITIZED, folder.path());
    link(&object, &SANITIZED, linkage)
}

fn dig(port: u16, arguments: &[&str]) -> String {
    let port = port.to_string();
    let mut command = Command::new("dig");
    command.args(["@127.0.0.1", "-p", &port, "+tries=2", "+time=20"]).args(arguments);
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
    // An answer that is late must not make it ask again.
    command
        .args(["-u", "60", "-y", &key()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("nsupdate");
    let script = format!("server 127.0.0.1 {port}\nzone {APEX}\n{change}\nsend\n");
    child.stdin.take().expect("it is piped").write_all(script.as_bytes()).expect("its input");
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
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
    let serves = program("zone_server", Linkage::Static, &folder);
    let mirrors = program("zone_mirror", Linkage::Shared, &folder);
    let (primary, secondary) = (port(), port());
    let (file, copy) = (folder.path().join("zone"), folder.path().join("copy"));
    std::fs::write(&file, zone_text(2000)).expect("a file");

    let mut first = server(Command::new(&serves), primary, &folder.sub("primary"), &file, Some(secondary));
    answers(primary);
    assert_eq!(transfer(primary).len(), 4003);

    let follow = || mirror(Command::new(&mirrors), secondary, &folder.sub("mirror"), primary, &copy);
    let mut mirror = follow();
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
    let third = server(Command::new(&serves), third_port, &folder.sub("third"), &copy, None);
    assert_eq!(transfer(third_port), transfer(primary));
    third.end();

    // A restart has what was answered, and the mirror goes on from what it has.
    mirror.end();
    first.end();
    let again = server(Command::new(&serves), primary, &folder.sub("primary"), &file, Some(secondary));
    assert_eq!(dig(primary, &["new.example.test", "A", "+short"]).trim(), "192.0.2.99");
    let mut mirror = follow();
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
    let mirrors = program("zone_mirror", Linkage::Static, &folder);
    let (primary, secondary, copy) = (port(), port(), folder.path().join("copy"));
    let dir = folder.sub("named");
    std::fs::write(dir.join("zone"), zone_text(2000)).expect("a file");
    std::fs::write(dir.join("named.conf"), named_conf(&dir, primary, secondary)).expect("a file");
    let mut named = Command::new("named");
    named.args(["-g", "-c"]).arg(dir.join("named.conf")).stderr(Stdio::null());
    let named = Running::start(&mut named);
    let deadline = Instant::now() + Duration::from_secs(60);
    while dig(primary, &["host7.example.test", "A", "+short"]).trim() != "192.0.0.8" {
        assert!(Instant::now() < deadline, "named does not answer");
        std::thread::sleep(Duration::from_millis(100));
    }

    let follow = || mirror(Command::new(&mirrors), secondary, &folder.sub("mirror"), primary, &copy);
    let mut mirror = follow();
    assert_eq!(mirror.wait_for("serial").trim(), "serial 10, 4003 records");
    nsupdate(primary, "update add new.example.test. 60 A 192.0.2.99\nupdate delete host7.example.test. A");
    assert_eq!(mirror.wait_for("serial").trim(), "serial 11, 4003 records");

    // What the mirror wrote is what BIND has.
    let serves = program("zone_server", Linkage::Shared, &folder);
    let third_port = port();
    let third = server(Command::new(&serves), third_port, &folder.sub("third"), &copy, None);
    assert_eq!(transfer(third_port), transfer(primary));
    third.end();
    mirror.end();
    drop(named);
}
