//! A BIND of our own, on a port of 127.0.0.1.

use super::support::{dump, name};
use ddi_dns::tsig::{Algorithm, Key};
use ddi_dns::zone::Builder;
use ddi_dns::{Rtype, Snapshot};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub(crate) const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

pub(crate) fn key() -> Key {
    Key::new(name("ddns").as_ref(), Algorithm::HmacSha256, SECRET).unwrap()
}

/// Runs until it is dropped.
pub(crate) struct Named {
    child: Child,
    folder: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Named {
    /// With zones of these names and records, in the master file's form.
    pub(crate) fn start(zones: &[(&str, &str)]) -> Self {
        static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("ddi-named-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = super::port::free_port();
        let path = folder.display();
        let mut config = format!(
            "key ddns {{ algorithm hmac-sha256; secret \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"; }};\n\
             options {{ directory \"{path}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
             pid-file \"{path}/pid\"; session-keyfile none; recursion no; dnssec-validation no; notify no;\n\
             check-integrity no; }};\ncontrols {{ }};\n"
        );
        for (apex, records) in zones {
            std::fs::write(folder.join(format!("{apex}.zone")), records).unwrap();
            config += &format!(
                "zone \"{apex}\" {{ type primary; file \"{apex}.zone\"; allow-update {{ key ddns; }};\n\
                 allow-transfer {{ any; }}; }};\n"
            );
        }
        std::fs::write(folder.join("named.conf"), config).unwrap();
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let child = Command::new("named")
            .args(["-g", "-n", "1", "-c"])
            .arg(folder.join("named.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("needs named");
        let named = Self { child, folder, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        named.wait();
        named
    }

    fn wait(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        while !self.log().contains(" running\n") {
            assert!(Instant::now() < until, "named does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// The zone as `dig` transfers it.
    pub(crate) fn zone(&self, apex: &str) -> Snapshot {
        let output = Command::new("dig")
            .args(["+unknownformat", "+noall", "+answer", "+onesoa", "@127.0.0.1", "-p"])
            .args([&self.address.port().to_string(), apex, "AXFR"])
            .output()
            .expect("needs dig");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut builder = Builder::new(name(apex).as_ref());
        for line in text.lines() {
            let words: Vec<_> = line.split_ascii_whitespace().collect();
            let [owner, ttl, "CLASS1", rtype, "\\#", _, data @ ..] = words.as_slice() else {
                panic!("{line}")
            };
            let rtype: Rtype = rtype.parse().unwrap();
            let digits: Vec<u8> =
                data.concat().bytes().map(|d| (d as char).to_digit(16).unwrap() as u8).collect();
            let rdata: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
            builder.push(name(owner).as_ref(), rtype, ttl.parse().unwrap(), &rdata).unwrap();
        }
        builder.finish().unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    pub(crate) fn dump(&self, apex: &str) -> Vec<String> {
        dump(&self.zone(apex))
    }
}

impl Drop for Named {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
