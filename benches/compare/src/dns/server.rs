//! The servers, started on loopback with zones of files.

use std::fmt::Write as _;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Failure;
use crate::process::Running;

/// How long a server may take to load.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often it is asked meanwhile.
const ASK: Duration = Duration::from_millis(5);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The reference node.
    Node,
    Nsd,
    Knot,
    Bind,
}

pub(super) const KINDS: [Kind; 4] = [Kind::Node, Kind::Nsd, Kind::Knot, Kind::Bind];

/// A zone's name, with its final dot, and its file.
pub(super) type ZoneFile = (String, PathBuf);

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Node => "ddi node",
            Self::Nsd => "NSD",
            Self::Knot => "Knot",
            Self::Bind => "BIND",
        }
    }

    /// A port that nothing else is likely to have.
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::Node => 25_300,
            Self::Nsd => 25_301,
            Self::Knot => 25_302,
            Self::Bind => 25_303,
        }
    }

    fn command(self, folder: &Path, zones: &[ZoneFile]) -> Result<Command, Failure> {
        let text = match self {
            Self::Node => node_config(folder, self.port(), zones)?,
            Self::Nsd => nsd_config(folder, self.port(), zones)?,
            Self::Knot => knot_config(folder, self.port(), zones)?,
            Self::Bind => bind_config(folder, self.port(), zones)?,
        };
        let config = folder.join("config");
        fs::write(&config, text)?;
        let node = if self == Self::Node { crate::dhcp::build_node()? } else { PathBuf::new() };
        let (program, arguments): (&Path, &[&str]) = match self {
            Self::Node => (&node, &["run"]),
            Self::Nsd => (Path::new("nsd"), &["-d", "-c"]),
            Self::Knot => (Path::new("knotd"), &["-c"]),
            Self::Bind => (Path::new("named"), &["-f", "-n", "1", "-c"]),
        };
        // Debian has them where a plain user's PATH may not look.
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        command.arg(format!("PATH={path}")).arg(program).args(arguments).arg(config);
        Ok(command)
    }
}

fn node_config(folder: &Path, port: u16, zones: &[ZoneFile]) -> Result<String, Failure> {
    let at = folder.display();
    let mut text = format!("data_dir = \"{at}/data\"\n[dns]\nlisten = \"127.0.0.1:{port}\"\n");
    for (name, file) in zones {
        let name = name.trim_end_matches('.');
        writeln!(text, "[[zone]]\nname = \"{name}\"\nrole = \"primary\"\nfile = \"{}\"", file.display())?;
        writeln!(text, "allow_transfer = [\"127.0.0.0/8\"]\nallow_update = [\"127.0.0.0/8\"]")?;
    }
    Ok(text)
}

fn nsd_config(folder: &Path, port: u16, zones: &[ZoneFile]) -> Result<String, Failure> {
    let at = folder.display();
    let mut text = format!(
        "server:\n ip-address: 127.0.0.1@{port}\n server-count: 1\n username: \"\"\n chroot: \"\"\n \
         database: \"\"\n pidfile: \"\"\n zonesdir: \"{at}\"\n xfrdfile: \"\"\n xfrdir: \"{at}\"\n \
         zonelistfile: \"{at}/zones.list\"\n minimal-responses: no\n logfile: \"{at}/log\"\n verbosity: 0\n\
         remote-control:\n control-enable: no\n"
    );
    for (name, file) in zones {
        writeln!(text, "zone:\n name: \"{name}\"\n zonefile: \"{}\"", file.display())?;
        writeln!(text, " provide-xfr: 127.0.0.1 NOKEY")?;
    }
    Ok(text)
}

/// It has no choice between full and minimal answers: it never gives the zone's NS with a positive one.
fn knot_config(folder: &Path, port: u16, zones: &[ZoneFile]) -> Result<String, Failure> {
    let at = folder.display();
    let mut text = format!(
        "server:\n  rundir: \"{at}\"\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n  \
         background-workers: 1\ndatabase:\n  storage: \"{at}\"\nacl:\n  - id: all\n    address: 127.0.0.1\n    \
         action: transfer\ntemplate:\n  - id: default\n    storage: \"{at}\"\n    zonefile-sync: -1\n    \
         zonefile-load: whole\n    journal-content: none\n    acl: all\nzone:\n"
    );
    for (name, file) in zones {
        writeln!(text, "  - domain: {name}\n    file: \"{}\"", file.display())?;
    }
    Ok(text)
}

fn bind_config(folder: &Path, port: u16, zones: &[ZoneFile]) -> Result<String, Failure> {
    let at = folder.display();
    let mut text = format!(
        "options {{ directory \"{at}\"; pid-file none; session-keyfile none; listen-on port {port} {{ 127.0.0.1; }}; \
         listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no; minimal-responses no; \
         allow-transfer {{ 127.0.0.1; }}; }};\ncontrols {{ }};\n"
    );
    for (name, file) in zones {
        writeln!(
            text,
            "zone \"{name}\" {{ type primary; file \"{}\"; allow-update {{ 127.0.0.1; }}; }};",
            file.display()
        )?;
    }
    Ok(text)
}

/// Starts the server and waits until it answers from all of `asked`; tells how many seconds that took.
pub(super) fn start(
    kind: Kind,
    folder: &Path,
    zones: &[ZoneFile],
    asked: &[String],
) -> Result<(Running, f64), Failure> {
    let output = fs::File::create(folder.join("output"))?;
    let mut command = kind.command(folder, zones)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.connect(("127.0.0.1", kind.port()))?;
    socket.set_read_timeout(Some(ASK))?;
    let started = Instant::now();
    let mut running = Running::new(command.spawn()?);
    for zone in asked {
        while !answers(&socket, zone) {
            if started.elapsed() > PATIENCE || running.has_ended()? {
                let said = fs::read_to_string(folder.join("output")).unwrap_or_default();
                return Err(format!("{} does not answer for {zone}:\n{said}", kind.name()).into());
            }
            std::thread::sleep(ASK);
        }
    }
    Ok((running, started.elapsed().as_secs_f64()))
}

/// True if the server is authoritative for the zone and has its SOA.
fn answers(socket: &UdpSocket, zone: &str) -> bool {
    let mut query = vec![0x42, 0x42, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(wire(zone));
    query.extend([0, 6, 0, 1]);
    let mut answer = [0; 1500];
    if socket.send(&query).is_err() {
        return false;
    }
    // Not there yet, it refuses the datagram.
    let Ok(len) = socket.recv(&mut answer) else { return false };
    len > 12 && answer[2] & 0x84 == 0x84 && answer[3] & 0x0f == 0 && answer[7] > 0
}

pub(super) fn wire(name: &str) -> Vec<u8> {
    let mut wire = Vec::new();
    for label in name.trim_end_matches('.').split('.') {
        wire.push(label.len() as u8);
        wire.extend_from_slice(label.as_bytes());
    }
    wire.push(0);
    wire
}
