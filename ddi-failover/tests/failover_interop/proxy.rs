//! Between the two servers: keeps every message, can change it, and can cut the connection.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ddi_failover::wire::Deframer;
use ddi_failover::wire::v4::{Body, FLAG_STARTUP, Kind, Message};

/// Who said it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum From {
    Isc,
    Ddi,
}

/// What becomes of a message.
pub(crate) enum Verdict {
    Pass,
    Replace(Vec<u8>),
    /// The connection ends before this message.
    Cut,
}

type Rule = Box<dyn FnMut(From, &[u8]) -> Verdict + Send>;

/// One message that came.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: Instant,
    pub(crate) connection: u64,
    pub(crate) from: From,
    pub(crate) bytes: Vec<u8>,
}

impl Said {
    pub(crate) fn kind(&self) -> Kind {
        Message::parse(&self.bytes).expect("a message").kind()
    }

    pub(crate) fn xid(&self) -> u32 {
        Message::parse(&self.bytes).expect("a message").xid()
    }

    /// What it says, handed to `read`.
    pub(crate) fn body<T>(&self, read: impl FnOnce(Body<'_>) -> T) -> T {
        let message = Message::parse(&self.bytes).expect("a message");
        read(Body::parse(&message).expect("its body"))
    }

    /// The server state of a STATE.
    pub(crate) fn state(&self) -> Option<u8> {
        self.body(|body| if let Body::State(report) = body { report.state } else { None })
    }

    /// A STATE with the STARTUP flag.
    pub(crate) fn is_in_startup(&self) -> bool {
        self.body(|body| matches!(body, Body::State(report) if report.flags.unwrap_or(0) & FLAG_STARTUP != 0))
    }
}

#[derive(Default)]
struct Kept {
    said: Vec<Said>,
    rule: Option<Rule>,
    refused: Option<From>,
    open: Vec<TcpStream>,
    connections: u64,
}

pub(crate) struct Proxy {
    kept: Arc<Mutex<Kept>>,
    blocked: Arc<AtomicBool>,
    ended: Arc<AtomicBool>,
}

/// Where a listener's connections go on to, and who dials it.
pub(crate) struct Way {
    pub(crate) listener: TcpListener,
    pub(crate) to: SocketAddrV4,
    pub(crate) dialler: From,
}

impl Proxy {
    /// `enter` brings a thread into the network where the listeners are.
    pub(crate) fn start(ways: Vec<Way>, enter: impl Fn() + Send + Clone + 'static) -> Self {
        let proxy = Self { kept: Arc::default(), blocked: Arc::default(), ended: Arc::default() };
        for way in ways {
            let (kept, blocked, ended) = (proxy.kept.clone(), proxy.blocked.clone(), proxy.ended.clone());
            way.listener.set_nonblocking(true).expect("a listener");
            let enter = enter.clone();
            std::thread::spawn(move || {
                enter();
                while !ended.load(Ordering::Relaxed) {
                    match way.listener.accept() {
                        Ok((stream, _)) if !blocked.load(Ordering::Relaxed) => join(stream, &way, &kept),
                        Ok(_) => {}
                        Err(_) => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        proxy
    }

    /// All that was said.
    pub(crate) fn said(&self) -> Vec<Said> {
        self.kept.lock().expect("not poisoned").said.clone()
    }

    /// All that was said after the first `mark`.
    pub(crate) fn said_since(&self, mark: usize) -> Vec<Said> {
        self.kept.lock().expect("not poisoned").said[mark..].to_vec()
    }

    pub(crate) fn mark(&self) -> usize {
        self.kept.lock().expect("not poisoned").said.len()
    }

    /// What to do with messages from now on.
    pub(crate) fn rule(&self, rule: impl FnMut(From, &[u8]) -> Verdict + Send + 'static) {
        self.kept.lock().expect("not poisoned").rule = Some(Box::new(rule));
    }

    pub(crate) fn no_rule(&self) {
        self.kept.lock().expect("not poisoned").rule = None;
    }

    /// Ends all connections; new ones end at once until [`heal`](Self::heal).
    pub(crate) fn cut(&self) {
        self.blocked.store(true, Ordering::Relaxed);
        self.reset();
    }

    /// Ends all connections that there are.
    pub(crate) fn reset(&self) {
        for stream in self.kept.lock().expect("not poisoned").open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Whose attempts to connect end at once.
    pub(crate) fn refuse(&self, dialler: Option<From>) {
        self.kept.lock().expect("not poisoned").refused = dialler;
    }

    pub(crate) fn heal(&self) {
        self.blocked.store(false, Ordering::Relaxed);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        self.reset();
    }
}

fn join(near: TcpStream, way: &Way, kept: &Arc<Mutex<Kept>>) {
    if kept.lock().expect("not poisoned").refused == Some(way.dialler) {
        return;
    }
    let Ok(far) = TcpStream::connect_timeout(&way.to.into(), Duration::from_secs(2)) else { return };
    near.set_nonblocking(false).expect("a stream");
    for stream in [&near, &far] {
        stream.set_nodelay(true).expect("a stream");
    }
    let other = if way.dialler == From::Isc { From::Ddi } else { From::Isc };
    let clone = |stream: &TcpStream| stream.try_clone().expect("a second handle");
    let connection = {
        let mut kept = kept.lock().expect("not poisoned");
        kept.open.extend([clone(&near), clone(&far)]);
        kept.connections += 1;
        kept.connections
    };
    for (from, input, output) in [(way.dialler, clone(&near), clone(&far)), (other, far, near)] {
        let kept = kept.clone();
        std::thread::spawn(move || pump(connection, from, input, output, &kept));
    }
}

/// Carries the messages of one direction until it ends; then both end.
fn pump(connection: u64, from: From, mut input: TcpStream, mut output: TcpStream, kept: &Mutex<Kept>) {
    let mut deframer = Deframer::default();
    let mut buffer = [0; 65536];
    'all: while let Ok(count @ 1..) = input.read(&mut buffer) {
        let mut rest = &buffer[..count];
        let mut out = Vec::new();
        loop {
            let message = match deframer.next_message(&mut rest) {
                Ok(Some(message)) => message,
                Ok(None) => break,
                Err(_) => break 'all,
            };
            let mut kept = kept.lock().expect("not poisoned");
            let verdict = kept.rule.as_mut().map_or(Verdict::Pass, |rule| rule(from, message));
            let bytes = match verdict {
                Verdict::Pass => message.to_vec(),
                Verdict::Replace(bytes) => bytes,
                Verdict::Cut => {
                    let _ = output.write_all(&out);
                    break 'all;
                }
            };
            out.extend_from_slice(&bytes);
            kept.said.push(Said { at: Instant::now(), connection, from, bytes: message.to_vec() });
        }
        if output.write_all(&out).is_err() {
            break;
        }
    }
    let _ = output.shutdown(Shutdown::Both);
    let _ = input.shutdown(Shutdown::Both);
}
