//! The asking side.

use super::wire::{Kind, read_frame};
use super::{COMMANDS, SocketPath};
use serde_json::json;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// Why there is no answer.
pub enum Refusal {
    /// The words are no command: exit code 2.
    Usage(String),
    /// The command failed, or nobody answers: exit code 1. A JSON document.
    Failed(String),
}

impl Refusal {
    #[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
    fn failed(why: impl ToString) -> Self {
        Self::Failed(json!({ "error": why.to_string() }).to_string())
    }
}

/// Asks the node of `data_dir` and writes its answer, one JSON document, to `out`.
pub fn ask(data_dir: &Path, words: &[String], out: &mut impl Write) -> Result<(), Refusal> {
    let (words, file) = request(words)?;
    let stream = SocketPath::new(data_dir)
        .and_then(|socket| UnixStream::connect(&socket.path))
        .map_err(|e| Refusal::failed(format!("no node answers for {}: {e}", data_dir.display())))?;
    writeln!(&stream, "{}", json!(words)).map_err(Refusal::failed)?;
    let Some(path) = file else { return answer(&stream, out, &mut io::sink()) };
    // Written here, with the rights of who asks; moved into place when it is whole.
    let partial = format!("{path}.partial");
    let result =
        File::create(&partial).map_err(|e| Refusal::failed(format!("{partial}: {e}"))).and_then(|file| {
            let mut file = BufWriter::new(file);
            answer(&stream, out, &mut file)?;
            let file = file.into_inner().map_err(|e| Refusal::failed(format!("{partial}: {e}")))?;
            file.sync_all().and_then(|()| std::fs::rename(&partial, &path)).map_err(Refusal::failed)
        });
    if result.is_err() {
        let _ = std::fs::remove_file(&partial);
    }
    result
}

/// What is sent, and the file that the answer goes to.
fn request(words: &[String]) -> Result<(Vec<&str>, Option<String>), Refusal> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["status" | "compact" | "leases"] | ["leases" | "lease" | "release", _] => Ok((words, None)),
        ["failover", "status"] | ["failover", "partner-down" | "shutdown" | "pause" | "resume", _] => {
            Ok((words, None))
        }
        ["zones"] => Ok((words, None)),
        ["zone", _, "reload" | "retransfer" | "notify" | "freeze" | "thaw"] => Ok((words, None)),
        ["zone", name, "export", file] => Ok((vec!["zone", name, "export"], Some(file.to_owned()))),
        ["export", format @ ("kea" | "dhcpd"), file] => Ok((vec!["export", format], Some(file.to_owned()))),
        _ => Err(Refusal::Usage(format!("a command is one of: {COMMANDS}"))),
    }
}

fn answer(stream: &UnixStream, out: &mut impl Write, file: &mut impl Write) -> Result<(), Refusal> {
    let mut stream = BufReader::with_capacity(1 << 16, stream);
    let mut bytes = Vec::new();
    loop {
        match read_frame(&mut stream, &mut bytes) {
            Ok(Kind::Document) => out.write_all(&bytes).map_err(Refusal::failed)?,
            Ok(Kind::File) => file.write_all(&bytes).map_err(Refusal::failed)?,
            Ok(Kind::End) => return out.flush().map_err(Refusal::failed),
            Ok(Kind::Failed) => return Err(Refusal::Failed(String::from_utf8_lossy(&bytes).into_owned())),
            Err(e) => return Err(Refusal::failed(format!("the answer broke off: {e}"))),
        }
    }
}
