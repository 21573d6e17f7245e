//! Lines for an operator, on stderr.

use std::fmt::Display;
use std::io::Write;

/// Prints a line. Where stderr is a file on a full disk, serving goes on without it.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
