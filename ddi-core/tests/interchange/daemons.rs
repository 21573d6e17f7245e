//! Kea and dhcpd as processes, each in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a daemon may take to load a file and say so.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A folder that goes away with its test, if that passes.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ddi-interop-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

/// A daemon that is stopped with its handle.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command, log: &Path) -> Daemon {
    let file = fs::File::create(log).unwrap();
    command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
    let name = format!("{command:?}");
    Daemon(command.spawn().unwrap_or_else(|e| panic!("{name}: {e}")))
}

/// Waits until the log has this text; gives the log.
fn wait_for(daemon: &mut Daemon, log: &Path, text: &str) -> String {
    let start = Instant::now();
    loop {
        let ended = daemon.0.try_wait().unwrap();
        let said = String::from_utf8_lossy(&fs::read(log).unwrap()).into_owned();
        if said.contains(text) {
            return said;
        }
        let tail: Vec<&str> = said.lines().rev().take(30).collect();
        assert!(ended.is_none(), "ended with {ended:?} before it said {text:?}: {tail:#?}");
        assert!(start.elapsed() < PATIENCE, "did not say {text:?}: {tail:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// kea-lfc reads the file and writes it anew; gives what it wrote.
pub(crate) fn run_lfc(scratch: &Scratch, version: char, file: &[u8], leases: usize) -> Vec<u8> {
    let copy = scratch.write("lfc.1", file);
    let log = scratch.path("lfc.log");
    let mut command = Command::new("kea-lfc");
    command.arg(format!("-{version}")).arg("-d").arg("-i").arg(copy);
    for (option, name) in
        [("-x", "lfc.2"), ("-o", "lfc.output"), ("-f", "lfc.completed"), ("-p", "lfc.pid"), ("-c", "none")]
    {
        command.arg(option).arg(scratch.path(name));
    }
    command.env("KEA_LOCKFILE_DIR", &scratch.0).env("KEA_PIDFILE_DIR", &scratch.0);
    let mut daemon = spawn(&mut command, &log);
    let status = daemon.0.wait().unwrap();
    let said = fs::read_to_string(&log).unwrap();
    assert!(status.success(), "{said}");
    assert!(
        said.contains(&format!("LFC_READ_STATS Leases: {leases}, attempts: {}, errors: 0.", leases + 1)),
        "{said}"
    );
    assert!(!said.contains("NEEDS_"), "{said}");
    fs::read(scratch.path("lfc.2")).unwrap()
}

/// The server itself starts from the file and takes every lease.
pub(crate) fn kea_start(scratch: &Scratch, version: char, file: &[u8], leases: usize) {
    let csv = scratch.write("leases.csv", file);
    let (subnet, pools) = match version {
        '4' => ("10.0.0.0/16", r#""pools": [ { "pool": "10.0.0.1 - 10.0.255.250" } ]"#),
        _ => (
            "2001:db8::/32",
            r#""pools": [ { "pool": "2001:db8::/64" } ],
               "pd-pools": [ { "prefix": "2001:db8:1::", "prefix-len": 48, "delegated-len": 64 } ]"#,
        ),
    };
    // Or it would keep its DUID in a folder of the system's.
    let server_id = match version {
        '4' => "",
        _ => {
            r#""server-id": { "type": "EN", "enterprise-id": 9, "identifier": "0102030405", "persist": false },"#
        }
    };
    let config = format!(
        r#"{{ "Dhcp{version}": {{
            {server_id}
            "interfaces-config": {{ "interfaces": [] }},
            "expired-leases-processing": {{ "reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0 }},
            "lease-database": {{ "type": "memfile", "persist": true, "name": {csv:?}, "lfc-interval": 0 }},
            "subnet{version}": [ {{ "id": 1, "subnet": "{subnet}", {pools} }} ],
            "loggers": [ {{ "name": "kea-dhcp{version}", "severity": "DEBUG", "debuglevel": 55,
                            "output_options": [ {{ "output": "stdout" }} ] }} ] }} }}"#
    );
    let config = scratch.write("kea.json", config);
    let log = scratch.path("kea.log");
    let mut command = Command::new(format!("kea-dhcp{version}"));
    command.arg("-c").arg(config);
    command.env("KEA_LOCKFILE_DIR", &scratch.0).env("KEA_PIDFILE_DIR", &scratch.0);
    let mut daemon = spawn(&mut command, &log);
    let said = wait_for(&mut daemon, &log, &format!("DHCP{version}_STARTED"));
    drop(daemon);
    let count = |text: &str| said.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("DHCPSRV_MEMFILE_LEASE_LOAD loading lease"), leases);
    for complaint in
        [" ERROR ", "LEASE_LOAD_ROW_ERROR", "NEEDS_", "READ_HWADDR_FAIL", "SANITY", "LEASE_SANITY"]
    {
        let line = said.lines().find(|line| line.contains(complaint));
        assert_eq!(line, None);
    }
}

fn dhcpd_config(version: char) -> &'static str {
    match version {
        // A partner that never answers: without one, dhcpd frees whatever has ended as it starts.
        '4' => {
            r#"ddns-update-style none;
            failover peer "fo" {
              primary; address 127.0.0.1; port 647; peer address 127.0.0.1; peer port 648;
              max-response-delay 60; max-unacked-updates 10; mclt 3600; split 128; load balance max seconds 3;
            }
            subnet 10.0.0.0 netmask 255.255.0.0 {
              pool { failover peer "fo"; range 10.0.0.1 10.0.15.250; }
            }"#
        }
        _ => {
            r#"ddns-update-style none;
            subnet6 2001:db8::/32 {
              range6 2001:db8::/64;
              range6 2001:db8:0:1::/64 temporary;
              prefix6 2001:db8:1:: 2001:db8:1:ffff:: /64;
            }"#
        }
    }
}

/// What dhcpd says when it doesn't like a file.
fn assert_no_complaint(said: &str) {
    for complaint in [
        "leases line",
        "leases.test line",
        "orrupt",
        "duplicate",
        "No pool found",
        "WARNING",
        "data loss",
        "too long",
    ] {
        let lines: Vec<&str> = said.lines().filter(|line| line.contains(complaint)).take(5).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}

/// `dhcpd -T`: loads the file and says how many leases it would write.
pub(crate) fn test_dhcpd(scratch: &Scratch, version: char, file: &[u8], leases: usize) {
    let config = scratch.write("dhcpd.conf", dhcpd_config(version));
    let database = scratch.write("leases.test", file);
    let log = scratch.path("test.log");
    let mut command = Command::new("dhcpd");
    command.arg(format!("-{version}")).arg("-T").arg("-cf").arg(config).arg("-lf").arg(database);
    let status = spawn(&mut command, &log).0.wait().unwrap();
    let said = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
    assert!(status.success(), "{said}");
    assert_no_complaint(&said);
    if version == '4' {
        assert!(said.contains(&format!("Wrote {leases} leases to leases file.")), "{said}");
    }
}

/// A real start on a link of its own; gives the lease file as dhcpd has rewritten it.
pub(crate) fn start_dhcpd(scratch: &Scratch, version: char, file: &[u8], leases: usize) -> Vec<u8> {
    let config = scratch.write("dhcpd.conf", dhcpd_config(version));
    let database = scratch.write("dhcpd.leases", file);
    let log = scratch.path("dhcpd.log");
    let address = match version {
        '4' => "10.0.255.254/16",
        _ => "2001:db8:ffff::1/32 nodad",
    };
    // `exec`: the daemon's process is the one that is stopped in the end.
    let script = format!(
        "ip link set lo up && ip link add d0 type veth peer name d1 && ip link set d0 up && ip link set d1 up && \
         ip addr add {address} dev d0 && \
         exec dhcpd -{version} -f -d -cf \"$1\" -lf \"$2\" -pf \"$3\" d0"
    );
    let mut command = Command::new("unshare");
    command.args(["--net", "sh", "-c", &script, "sh"]).arg(config).arg(&database).arg(scratch.path("pid"));
    let mut daemon = spawn(&mut command, &log);
    let said = wait_for(&mut daemon, &log, "Server starting service.");
    let rewritten = fs::read(&database).unwrap();
    drop(daemon);
    assert_no_complaint(&said);
    let wrote = match version {
        '4' => format!("Wrote {leases} leases to leases file."),
        _ => "Wrote ".to_owned(),
    };
    assert!(said.contains(&wrote), "{said}");
    let own = b"# This lease file was written by isc-dhcp-4.4.3";
    assert!(rewritten.windows(own.len()).any(|w| w == own), "dhcpd has not rewritten its file");
    rewritten
}
