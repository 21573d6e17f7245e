//! The DNS examples while they run: a primary, and a secondary that mirrors it, on the loopback interface.

#[path = "../../../ddi-core/tests/support/port.rs"]
mod port;

use super::run;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

pub(crate) const SECRET: &str = "a secret of both";
pub(crate) const APEX: &str = "example.test";

/// A port that is free for both transports.
pub(crate) fn port() -> u16 {
    port::free_port()
}

/// How long a program may take to say what it must say: it may run under valgrind, beside others.
const PATIENCE: Duration = Duration::from_secs(120);

/// A program that runs until it is told to end.
pub(crate) struct Running {
    child: Child,
    /// What it says.
    lines: Receiver<String>,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{command:?}: {e}"));
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let (said, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines }
    }

    /// Reads its output up to a line that starts so.
    pub(crate) fn wait_for(&mut self, start: &str) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.starts_with(start) => return line,
                Ok(_) => {}
                Err(why) => panic!("it never said {start:?}: {why}"),
            }
        }
    }

    /// Ends it as an operator does. The sanitizers have the last word.
    pub(crate) fn end(mut self) {
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

/// The zone of serial 10, with so many hosts of two records each, and three records of its own.
pub(crate) fn zone_text(hosts: usize) -> String {
    let mut text =
        String::from("$TTL 300\n@ SOA ns hostmaster 10 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n");
    for i in 0..hosts {
        text += &format!(
            "host{i} A 192.0.{}.{}\nhost{i} TXT \"the host with number {i}\"\n",
            i / 250,
            i % 250 + 1
        );
    }
    text
}

/// Starts `zone_server`: `command` is the program, with whatever runs it.
pub(crate) fn server(
    mut command: Command,
    port: u16,
    journal: &Path,
    file: &Path,
    secondary: Option<u16>,
) -> Running {
    command.arg(port.to_string()).arg(journal).arg(APEX).arg(file).args(["key", SECRET]);
    command.args(secondary.map(|port| port.to_string()));
    let mut running = Running::start(&mut command);
    running.wait_for("listening");
    running
}

/// Has `zone_mirror` follow the server at port `primary`, serve at `port`, and write the zone to `copy`.
pub(crate) fn mirror(mut command: Command, port: u16, journal: &Path, primary: u16, copy: &Path) -> Running {
    command
        .arg(port.to_string())
        .arg(journal)
        .arg(APEX)
        .arg(primary.to_string())
        .arg(copy)
        .args(["key", SECRET]);
    Running::start(&mut command)
}
