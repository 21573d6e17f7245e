//! Our engine on real sockets: the smallest host that there can be.

use super::support::{MemZones, zone};
use ddi_core::{Instant, Now, UnixTime};
use ddi_dns::Snapshot;
use ddi_dns::tsig::Keys;
use ddi_dns::update::{Source, UpdateZone, Updates};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) fn now() -> Now {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now { instant: Instant(since.as_millis() as u64), unix: UnixTime(since.as_secs()) }
}

struct Host {
    updates: Updates,
    store: MemZones,
}

impl Host {
    fn answer(&mut self, from: SocketAddr, link: Option<u64>, message: &[u8]) -> Option<Vec<u8>> {
        self.updates.handle_request(now(), &mut self.store, Source { address: from, link }, message);
        self.store.durable = self.store.deltas.len() as u64;
        while self.updates.poll_event().is_some() {}
        let mut buf = [0; 1232];
        let transmit = self.updates.poll_transmit(&self.store, &mut buf)?;
        Some(buf[..transmit.len].to_vec())
    }
}

/// Runs until it is dropped.
pub(crate) struct Served {
    host: Arc<Mutex<Host>>,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
    pub(crate) address: SocketAddr,
}

impl Served {
    pub(crate) fn start(keys: Keys, zones: Vec<UpdateZone>) -> Self {
        let store = MemZones::with([zone()]);
        let host = Arc::new(Mutex::new(Host { updates: Updates::new(keys, zones), store }));
        let stop = Arc::new(AtomicBool::new(false));
        let (udp, tcp) = (0..50)
            .find_map(|_| {
                let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
                let tcp = TcpListener::bind(udp.local_addr().unwrap()).ok()?;
                Some((udp, tcp))
            })
            .expect("a free port");
        let address = udp.local_addr().unwrap();
        udp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let threads = vec![
            std::thread::spawn({
                let (host, stop) = (host.clone(), stop.clone());
                move || serve_udp(&udp, &host, &stop)
            }),
            std::thread::spawn({
                let (host, stop) = (host.clone(), stop.clone());
                move || serve_tcp(&tcp, &host, &stop)
            }),
        ];
        Self { host, stop, threads, address }
    }

    pub(crate) fn zone(&self) -> Snapshot {
        self.host.lock().unwrap().store.zone("example.com").clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve_udp(socket: &UdpSocket, host: &Mutex<Host>, stop: &AtomicBool) {
    let mut buf = vec![0; 65_535];
    while !stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = socket.recv_from(&mut buf) else { continue };
        let answer = host.lock().unwrap().answer(from, None, &buf[..len]);
        answer.iter().for_each(|answer| drop(socket.send_to(answer, from)));
    }
}

fn serve_tcp(listener: &TcpListener, host: &Mutex<Host>, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        match listener.accept() {
            Ok((stream, from)) => drop(serve_link(stream, from, host)),
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn serve_link(mut stream: TcpStream, from: SocketAddr, host: &Mutex<Host>) -> std::io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    loop {
        let mut len = [0; 2];
        stream.read_exact(&mut len)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(len))];
        stream.read_exact(&mut message)?;
        if let Some(answer) = host.lock().unwrap().answer(from, Some(1), &message) {
            stream.write_all(&(answer.len() as u16).to_be_bytes())?;
            stream.write_all(&answer)?;
        }
    }
}
