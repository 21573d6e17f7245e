//! `examples/dhcp_server.c` serves clients of others, in network namespaces of its own (root).

#[path = "support/support.rs"]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use support::c::{Folder, Linkage, PLAIN, compile, link};
use support::{ffi, run};

/// A file that appears, or holds a text, within this time.
const PATIENCE: Duration = Duration::from_secs(30);

fn program(folder: &Path) -> PathBuf {
    let object = compile(&ffi().join("examples/dhcp_server.c"), &PLAIN, folder);
    link(&object, &PLAIN, Linkage::Static)
}

/// Two namespaces, joined: the server's and the clients'.
struct Net {
    server: String,
    clients: String,
}

impl Net {
    fn new() -> Self {
        // Names of the form that CI knows and cleans up after a test that was cut off.
        let pid = std::process::id();
        let net = Self { server: format!("ddi{pid}n0"), clients: format!("ddi{pid}n1") };
        let (server, clients) = (&net.server, &net.clients);
        ip(&format!("netns add {server}"));
        ip(&format!("netns add {clients}"));
        ip(&format!("-n {server} link add srv0 type veth peer name cli0 netns {clients}"));
        ip(&format!("-n {server} addr add 10.77.0.1/16 brd + dev srv0"));
        for (namespace, device) in [(server, "srv0"), (clients, "cli0")] {
            ip(&format!("-n {namespace} link set lo up"));
            ip(&format!("-n {namespace} link set {device} up"));
        }
        net
    }
}

fn ip(args: &str) {
    run(Command::new("ip").args(args.split(' ')));
}

fn within(namespace: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace]).arg(program);
    command
}

impl Drop for Net {
    fn drop(&mut self) {
        for namespace in [&self.server, &self.clients] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).status();
        }
    }
}

/// Killed at the end, whatever happens.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(net: &Net, program: &Path, folder: &Path) -> Server {
    let said = folder.join("said");
    let out = fs::File::create(&said).expect("a file");
    let mut command = within(&net.server, program);
    command.arg(folder.join("leases")).args(["67", "10.77.0.0", "16", "10.77.16.0", "10.77.255.250", "srv0"]);
    let server = Server(command.stdin(Stdio::null()).stdout(out).spawn().expect("the server"));
    let deadline = Instant::now() + PATIENCE;
    while !fs::read_to_string(&said).is_ok_and(|said| said.contains("ready")) {
        assert!(Instant::now() < deadline, "the server did not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    server
}

#[test]
#[ignore = "root: makes network namespaces"]
fn clients_of_others_are_served() {
    let all = Folder::new("interop");
    let folder = all.path();
    let program = program(folder);
    let net = Net::new();
    let server = serve(&net, &program, folder);

    let mut udhcpc = within(&net.clients, "busybox");
    udhcpc.args(["udhcpc", "-i", "cli0", "-n", "-q", "-f", "-t", "5", "-s", "/bin/true"]);
    let said = run(&mut udhcpc);
    assert!(said.contains("lease of 10.77.16.0 obtained from 10.77.0.1, lease time 4000"), "{said}");

    // Another client, by its own client_id; a script that does nothing, and no daemon left behind.
    let config = folder.join("dhclient.conf");
    fs::write(&config, "send dhcp-client-identifier \"another\";\n").expect("writing");
    let mut dhclient = within(&net.clients, "dhclient");
    dhclient.args(["-4", "-1", "-v", "-sf", "/bin/true", "-cf"]).arg(&config);
    dhclient.arg("-lf").arg(folder.join("dhclient.leases")).arg("-pf").arg(folder.join("dhclient.pid"));
    let said = run(dhclient.arg("cli0"));
    assert!(said.contains("DHCPACK of 10.77.16.1 from 10.77.0.1"), "{said}");
    let pid = fs::read_to_string(folder.join("dhclient.pid")).expect("dhclient's pid");
    run(Command::new("kill").arg(pid.trim()));

    drop(server);
    drop(net);
}
