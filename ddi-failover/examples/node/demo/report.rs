//! What the demo shows: a line that moves in a terminal, plain lines elsewhere, a table at the end.

use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

/// How often a live line changes, and how often a plain one is printed.
const LIVE: Duration = Duration::from_millis(100);
const PLAIN: Duration = Duration::from_secs(1);

/// Progress on stdout.
pub struct Progress {
    live: bool,
    shown: Instant,
    width: usize,
}

impl Progress {
    pub fn new() -> Self {
        Self { live: stdout().is_terminal(), shown: Instant::now(), width: 0 }
    }

    /// Where it stands; shown now and then.
    pub fn at(&mut self, text: impl FnOnce() -> String) {
        if self.shown.elapsed() < if self.live { LIVE } else { PLAIN } {
            return;
        }
        self.shown = Instant::now();
        if self.live {
            let text = text();
            print!("\r{text:<width$}", width = self.width);
            self.width = text.len();
            let _ = stdout().flush();
        } else {
            println!("{}", text());
        }
    }

    /// Something that stays on the screen.
    pub fn say(&mut self, text: &str) {
        if self.live && self.width > 0 {
            print!("\r{:<width$}\r", "", width = self.width);
            self.width = 0;
        }
        println!("{text}");
        self.shown = Instant::now();
    }
}

/// `p` per cent of `sorted` are at most this long.
pub fn percentile(sorted: &[Duration], p: usize) -> Duration {
    let nth = (sorted.len() * p / 100).min(sorted.len().saturating_sub(1));
    sorted.get(nth).copied().unwrap_or_default()
}

/// `12,345`.
pub fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

/// Prints two columns.
pub fn table(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    println!();
    for (name, value) in rows {
        println!("  {name:<width$}  {value}");
    }
    println!();
}
