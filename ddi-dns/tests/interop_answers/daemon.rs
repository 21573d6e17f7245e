//! A name server of another project on a port of the loopback, with some zones.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A zone's name and file, which lies in the scratch folder.
pub(crate) type ZoneFile = (String, String);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Bind,
    Knot,
    Nsd,
}

/// A folder that goes with the test.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(what: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ddi-answers-{}-{what}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a scratch folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.0.join(file), text).expect("a file in the scratch folder");
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

/// A running server. It ends with this value.
pub(crate) struct Daemon {
    child: Child,
    address: SocketAddr,
    socket: UdpSocket,
    log: PathBuf,
}

impl Daemon {
    pub(crate) fn start(kind: Kind, scratch: &Scratch, zones: &[ZoneFile]) -> Self {
        let port = crate::port::free_port();
        let dir = scratch.path().display().to_string();
        let config = match kind {
            Kind::Bind => bind_config(&dir, port, zones),
            Kind::Knot => knot_config(&dir, port, zones),
            Kind::Nsd => nsd_config(&dir, port, zones),
        };
        let (file, log) = (format!("{kind:?}.conf"), scratch.path().join(format!("{kind:?}.log")));
        scratch.write(&file, &config);
        let file = scratch.path().join(file);
        let mut command = match kind {
            Kind::Bind => with(Command::new("named"), &["-g", "-n", "1", "-c"]),
            Kind::Knot => with(Command::new("knotd"), &["-c"]),
            Kind::Nsd => with(Command::new("nsd"), &["-d", "-c"]),
        };
        let output = std::fs::File::create(&log).unwrap();
        command.arg(file).current_dir(scratch.path()).stdin(Stdio::null());
        let child = command.stdout(output.try_clone().unwrap()).stderr(output).spawn();
        let child = child.unwrap_or_else(|e| panic!("{kind:?}: {e}"));
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let daemon = Self { child, address: (Ipv4Addr::LOCALHOST, port).into(), socket, log };
        daemon.wait(zones);
        daemon
    }

    /// Until all zones can be transferred.
    fn wait(&self, zones: &[ZoneFile]) {
        let until = Instant::now() + Duration::from_secs(60);
        while !zones.iter().all(|(apex, _)| self.try_transfer(&axfr(apex)).is_some()) {
            assert!(Instant::now() < until, "{}", std::fs::read_to_string(&self.log).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The messages of a zone transfer.
    pub(crate) fn transfer(&self, apex: &str) -> Vec<Vec<u8>> {
        self.try_transfer(&axfr(apex)).expect("a transfer")
    }

    /// Sends the query over TCP; gives all messages until the SOA came twice.
    fn try_transfer(&self, query: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        stream.write_all(&(query.len() as u16).to_be_bytes()).ok()?;
        stream.write_all(query).ok()?;
        let (mut messages, mut soas) = (Vec::new(), 0);
        while soas < 2 {
            let mut len = [0; 2];
            stream.read_exact(&mut len).ok()?;
            let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
            stream.read_exact(&mut message).ok()?;
            if message[3] & 0x0f != 0 {
                return None;
            }
            let mut reader = ddi_dns::message::Reader::new(&message).ok()?;
            while let Some(record) = reader.record().ok()? {
                soas += usize::from(record.rtype == ddi_dns::Rtype::SOA);
            }
            messages.push(message);
        }
        Some(messages)
    }

    /// Its answer over UDP.
    pub(crate) fn ask(&self, query: &[u8]) -> Vec<u8> {
        let mut answer = vec![0; 65_535];
        for _ in 0..10 {
            self.socket.send_to(query, self.address).unwrap();
            while let Ok((len, _)) = self.socket.recv_from(&mut answer) {
                if answer[..2] == query[..2] {
                    answer.truncate(len);
                    return answer;
                }
            }
        }
        panic!("no answer to {query:02x?}");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked nicely, so that those with children of their own take them along.
        drop(Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status());
        let until = Instant::now() + Duration::from_secs(10);
        while self.child.try_wait().is_ok_and(|status| status.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn with(mut command: Command, arguments: &[&str]) -> Command {
    command.args(arguments);
    command
}

fn axfr(apex: &str) -> Vec<u8> {
    crate::support::Ask::new(apex, "AXFR").bytes()
}

fn bind_config(dir: &str, port: u16, zones: &[ZoneFile]) -> String {
    let mut text = format!(
        r#"options {{ directory "{dir}"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
        recursion no; minimal-responses yes; allow-transfer {{ any; }}; pid-file none; notify no;
        session-keyfile none; dnssec-validation no; max-udp-size 4096; managed-keys-directory "{dir}"; }};
        controls {{ }};
"#
    );
    for (apex, file) in zones {
        text += &format!("zone \"{apex}\" {{ type primary; file \"{file}\"; check-names ignore; }};\n");
    }
    text
}

fn knot_config(dir: &str, port: u16, zones: &[ZoneFile]) -> String {
    let mut text = format!(
        "server:\n    rundir: {dir}\n    listen: 127.0.0.1@{port}\n    udp-workers: 1\n    tcp-workers: 1\n    \
         background-workers: 1\n    udp-max-payload: 4096\nlog:\n  - target: stderr\n    any: info\n\
         database:\n    storage: {dir}/knot\nacl:\n  - id: all\n    address: 127.0.0.1\n    action: transfer\n\
         template:\n  - id: default\n    storage: {dir}\n    zonefile-sync: -1\n    zonefile-load: whole\n    \
         journal-content: none\n    acl: all\nzone:\n"
    );
    for (apex, file) in zones {
        text += &format!("  - domain: {apex}\n    file: {file}\n");
    }
    text
}

fn nsd_config(dir: &str, port: u16, zones: &[ZoneFile]) -> String {
    let mut text = format!(
        "server:\n    ip-address: 127.0.0.1@{port}\n    do-ip6: no\n    username: \"\"\n    zonesdir: \"{dir}\"\n    \
         pidfile: \"{dir}/nsd.pid\"\n    xfrdfile: \"{dir}/xfrd.state\"\n    zonelistfile: \"{dir}/zone.list\"\n    \
         database: \"\"\n    xfrdir: \"{dir}\"\n    minimal-responses: yes\n    refuse-any: no\n    \
         rrl-ratelimit: 0\n    ipv4-edns-size: 4096\nremote-control:\n    control-enable: no\n"
    );
    for (apex, file) in zones {
        text += &format!(
            "zone:\n    name: \"{apex}\"\n    zonefile: \"{file}\"\n    provide-xfr: 127.0.0.1 NOKEY\n"
        );
    }
    text
}
