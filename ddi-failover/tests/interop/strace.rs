//! Reads what `strace -f -ttt -xx` wrote: who sent which DHCP message when, and when syncs began and
//! ended.

use std::collections::BTreeMap;

use crate::dhcp::{Message, message};

/// One system call of interest. Times are seconds since 1970.
#[derive(Debug)]
pub(crate) enum Call {
    /// A sync that succeeded.
    Synced { began: f64, ended: f64 },
    /// A DHCP message was received or sent; `began` is when the call was entered, `ended` when it
    /// returned.
    Carried { received: bool, message: Message, began: f64, ended: f64 },
}

/// Everything of interest in the trace.
pub(crate) fn parse(trace: &str) -> Vec<Call> {
    let mut unfinished: BTreeMap<String, (f64, String)> = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let Some((time, text)) = rest.trim_start().split_once(' ') else { continue };
        let Ok(time) = time.parse::<f64>() else { continue };
        if let Some(head) = text.strip_suffix("<unfinished ...>") {
            unfinished.insert(pid.to_owned(), (time, head.to_owned()));
        } else if let Some((_, tail)) = text.split_once(" resumed>").filter(|_| text.starts_with("<...")) {
            if let Some((began, head)) = unfinished.remove(pid) {
                read(&format!("{head}{tail}"), began, time, &mut calls);
            }
        } else {
            // A call that was not interrupted by another thread's: it ended before the next line, so
            // the time of its return is at most the duration in angle brackets later.
            read(text, time, time + duration(text), &mut calls);
        }
    }
    calls
}

/// `<0.000123>` at the end of the line (`-T`).
fn duration(text: &str) -> f64 {
    let inside = text.rsplit_once('<').and_then(|(_, t)| t.strip_suffix('>'));
    inside.and_then(|t| t.parse().ok()).unwrap_or(0.0)
}

fn read(text: &str, began: f64, ended: f64, calls: &mut Vec<Call>) {
    let name = text.split('(').next().unwrap_or("");
    match name {
        "fdatasync" | "fsync" if text.contains("= 0") => calls.push(Call::Synced { began, ended }),
        "recvfrom" | "recvmsg" | "recvmmsg" | "sendto" | "sendmsg" | "sendmmsg" => {
            let received = name.starts_with("recv");
            for message in strings(text).iter().filter_map(|bytes| message(bytes)) {
                calls.push(Call::Carried { received, message, began, ended });
            }
        }
        _ => {}
    }
}

/// Every quoted string, which `-xx` wrote as hex escapes.
fn strings(text: &str) -> Vec<Vec<u8>> {
    let inside = text.split('"').skip(1).step_by(2);
    let byte = |hex: &str| u8::from_str_radix(hex, 16).ok();
    inside.map(|s| s.split("\\x").skip(1).filter_map(byte).collect()).collect()
}

#[test]
fn reads_interleaved_calls() {
    use crate::dhcp::ACK;
    let packet = format!(
        "\\x02\\x01\\x06\\x00\\x00\\x00\\x00\\x07{}\\x63\\x82\\x53\\x63\\x35\\x01\\x05",
        "\\x00".repeat(228)
    );
    let trace = format!(
        "1 10.0 fdatasync(3 <unfinished ...>\n2 10.1 sendto(4, \"{packet}\", 3) = 3 <0.5>\n1 10.3 <... fdatasync resumed>) = 0 <0.3>\n"
    );
    let calls = parse(&trace);
    let Call::Carried { received: false, message, .. } = calls[0] else { panic!("{calls:?}") };
    assert_eq!((message.kind, message.xid), (ACK, 7));
    assert!(matches!(calls[1], Call::Synced { began, ended } if began < 10.05 && ended > 10.2), "{calls:?}");
}
