//! From what a client calls itself to a name that may go into DNS (RFC 4702).

use crate::server::config::Names;
use crate::v4::Fqdn;

/// The longest name in text form: 255 bytes on the wire (RFC 1035 section 3.1).
const NAME_MAX: usize = 253;
const LABEL_MAX: usize = 63;
/// RCODE1 and RCODE2 of an answer (RFC 4702 section 4).
const RCODE: u8 = 255;

/// What the client says about its name.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Claim<'a> {
    /// Option 81, its value.
    Fqdn(&'a [u8]),
    /// Option 12, or a configured host name.
    Hostname(&'a [u8]),
}

/// What the server makes of it; the full name itself is in the buffer that was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Named {
    /// The flags to answer with, if there was an option 81.
    pub(crate) flags: Option<u8>,
    /// The A is the server's to update.
    pub(crate) forward: bool,
    /// Nobody updates anything.
    pub(crate) no_update: bool,
}

impl Names {
    /// Decides on a name, and writes it to `fqdn` (cleared first); it stays empty if there is no usable
    /// one. `None` if the claim is to be ignored.
    pub(crate) fn decide(&self, claim: Claim<'_>, fqdn: &mut Vec<u8>) -> Option<Named> {
        fqdn.clear();
        if !self.enabled {
            return None;
        }
        match claim {
            Claim::Hostname(name) => {
                if !self.from_hostname {
                    return None;
                }
                self.complete(text_labels(name), false, fqdn);
                Some(Named { flags: None, forward: true, no_update: false })
            }
            Claim::Fqdn(option) => {
                // The client's RCODEs are ignored.
                let option = Fqdn::parse(option)?;
                let text = || text_labels(option.name_bytes);
                match option.name() {
                    _ if option.flags & Fqdn::WIRE_FORM == 0 => {
                        // Any text will do: what is no name in it is made one.
                        self.complete(text(), text().nth(1).is_some(), fqdn);
                    }
                    Ok(found) => self.complete(found.name.labels(), found.is_qualified, fqdn),
                    Err(_) => {}
                }
                Some(self.flags(option.flags))
            }
        }
    }

    /// A configured host name goes before what the client says; whatever flags are answered stay.
    pub(crate) fn replace(&self, hostname: &[u8], named: Option<Named>, fqdn: &mut Vec<u8>) -> Option<Named> {
        if hostname.is_empty() {
            return named;
        }
        fqdn.clear();
        self.complete(text_labels(hostname), text_labels(hostname).nth(1).is_some(), fqdn);
        named.or(Some(Named { flags: None, forward: true, no_update: false }))
    }

    /// RFC 4702 section 4: which flags the answer has.
    fn flags(&self, asked: u8) -> Named {
        let encoding = asked & Fqdn::WIRE_FORM;
        if asked & Fqdn::NO_UPDATES != 0 && self.allow_no_updates {
            return Named { flags: Some(encoding | Fqdn::NO_UPDATES), forward: false, no_update: true };
        }
        let client_s = asked & Fqdn::SERVER_UPDATES != 0;
        let forward = client_s || asked & Fqdn::NO_UPDATES != 0 || !self.allow_client_updates;
        let s = if forward { Fqdn::SERVER_UPDATES } else { 0 };
        let o = if forward == client_s { 0 } else { Fqdn::OVERRIDDEN };
        Named { flags: Some(encoding | s | o), forward, no_update: false }
    }

    fn complete<'a>(&self, labels: impl Iterator<Item = &'a [u8]>, qualified: bool, fqdn: &mut Vec<u8>) {
        let keep = qualified && self.keep_client_zone;
        for label in labels {
            push_label(fqdn, label);
            if !keep && !fqdn.is_empty() {
                break;
            }
        }
        if fqdn.is_empty() || keep {
            return;
        }
        if self.suffix.is_empty() || fqdn.len() + 1 + self.suffix.len() > NAME_MAX {
            fqdn.clear();
            return;
        }
        fqdn.push(b'.');
        fqdn.extend(self.suffix.iter().map(u8::to_ascii_lowercase));
    }
}

/// Adds a label, made harmless: lower case; anything but letters, digits, `-` and `_` becomes `-`; no
/// `-` at its ends; nothing if that leaves nothing, or if the name would get too long.
fn push_label(fqdn: &mut Vec<u8>, label: &[u8]) {
    let start = fqdn.len() + usize::from(!fqdn.is_empty());
    let harmless = |&byte: &u8| match byte.to_ascii_lowercase() {
        good @ (b'a'..=b'z' | b'0'..=b'9' | b'_') => good,
        _ => b'-',
    };
    let label = label.iter().map(harmless).skip_while(|&byte| byte == b'-').take(LABEL_MAX);
    let old = fqdn.len();
    if old > 0 {
        fqdn.push(b'.');
    }
    fqdn.extend(label);
    while fqdn.len() > start && fqdn.last() == Some(&b'-') {
        fqdn.pop();
    }
    if fqdn.len() == start || fqdn.len() > NAME_MAX {
        fqdn.truncate(old);
    }
}

/// Labels with dots between; what is behind a zero byte is padding.
fn text_labels(name: &[u8]) -> impl Iterator<Item = &[u8]> {
    let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
    name.split(|&byte| byte == b'.').filter(|label| !label.is_empty())
}

/// The value of option 81 in an answer.
pub(crate) fn emit_fqdn(flags: u8, fqdn: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.extend_from_slice(&[flags, RCODE, RCODE]);
    if flags & Fqdn::WIRE_FORM == 0 {
        out.extend_from_slice(fqdn);
        return;
    }
    for label in fqdn.split(|&byte| byte == b'.').filter(|label| !label.is_empty()) {
        // Labels are at most 63 bytes: `push_label` and the check of the suffix saw to that.
        out.push(label.len() as u8);
        out.extend_from_slice(label);
    }
    if !fqdn.is_empty() {
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names { enabled: true, suffix: b"Example.com".to_vec(), from_hostname: true, ..Names::default() }
    }

    fn name(names: &Names, claim: Claim<'_>) -> String {
        let mut fqdn = Vec::new();
        names.decide(claim, &mut fqdn);
        String::from_utf8(fqdn).unwrap()
    }

    #[test]
    fn harmless_names() {
        let long = "x".repeat(300);
        for (sent, made) in [
            ("PC-7", "pc-7.example.com"),
            ("Bob's iPhone", "bob-s-iphone.example.com"),
            ("--a--", "a.example.com"),
            ("a\0b", "a.example.com"),
            ("evil.other.org", "evil.example.com"),
            ("..", ""),
            ("\n\u{7f}", ""),
            (long.as_str(), &format!("{}.example.com", "x".repeat(63))),
        ] {
            assert_eq!(name(&names(), Claim::Hostname(sent.as_bytes())), made, "{sent:?}");
        }
        assert_eq!(name(&Names { suffix: Vec::new(), ..names() }, Claim::Hostname(b"a")), "");
    }

    #[test]
    fn qualified_names() {
        let keep = Names { keep_client_zone: true, ..names() };
        let wire = b"\x05\0\0\x02pc\x03ORG\0";
        assert_eq!(name(&keep, Claim::Fqdn(wire)), "pc.org");
        assert_eq!(name(&names(), Claim::Fqdn(wire)), "pc.example.com");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x05\0\0\x02pc")), "pc.example.com");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x01\0\0pc.org.")), "pc.org");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x01\0\0pc")), "pc.example.com");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x05\0\0\xc0\x0c")), "");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x05\0\0\x3fshort\x01")), "");
        assert_eq!(name(&keep, Claim::Fqdn(b"\x05\0\0pc.org")), "pc.org", "text in spite of bit E");
        let long =
            [b"\x05\0\0".to_vec(), [b"\x3f".to_vec(), vec![b'a'; 63]].concat().repeat(9), vec![0]].concat();
        assert!(name(&keep, Claim::Fqdn(&long)).len() <= NAME_MAX);
    }

    #[test]
    fn flags() {
        const S: u8 = Fqdn::SERVER_UPDATES;
        const O: u8 = Fqdn::OVERRIDDEN;
        const E: u8 = Fqdn::WIRE_FORM;
        const N: u8 = Fqdn::NO_UPDATES;
        let strict = names();
        let lax = Names { allow_client_updates: true, allow_no_updates: true, ..names() };
        for (asked, by_strict, by_lax) in [
            (E | S, E | S, E | S),
            (S, S, S),
            (E, E | S | O, E),
            (E | N, E | S | O, E | N),
            // S and N together are not allowed; N is what is clear about it.
            (E | S | N, E | S, E | N),
        ] {
            assert_eq!(strict.flags(asked).flags, Some(by_strict), "{asked:#x}");
            assert_eq!(lax.flags(asked).flags, Some(by_lax), "{asked:#x}");
        }
        assert!(!lax.flags(E).forward && !lax.flags(E).no_update && lax.flags(N).no_update);
    }

    #[test]
    fn answer_in_the_same_encoding() {
        let mut out = Vec::new();
        emit_fqdn(5, b"pc.org", &mut out);
        assert_eq!(out, b"\x05\xff\xff\x02pc\x03org\0");
        emit_fqdn(1, b"pc.org", &mut out);
        assert_eq!(out, b"\x01\xff\xffpc.org");
    }
}
