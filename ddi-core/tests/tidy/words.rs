//! The project's vocabulary: one word for one thing, in names and in comments.

use crate::source::{Source, line_of, parts, words};

/// What is never said, and what is said instead. Other programs' words may be quoted: in back quotes
/// in a comment, or in a string.
const BANNED: [(&str, &str); 21] = [
    ("record", "lease, rrset, or the thing's own name"),
    ("records", "leases, rrsets, or the things' own name"),
    ("entry", "lease, or the thing's own name"),
    ("entries", "leases, or the things' own name"),
    ("peer", "partner"),
    ("peers", "partners"),
    ("cluster", "relationship"),
    ("master", "primary"),
    ("slave", "secondary"),
    ("tstp", "potential_expiration_time (sent)"),
    ("tsfp", "potential_expiration_time (received)"),
    ("cltt", "client_last_transaction_time"),
    ("stos", "start_time_of_state"),
    ("scope", "subnet or pool"),
    ("scopes", "subnets or pools"),
    ("mac", "hw_addr"),
    ("macs", "hw_addrs"),
    ("changeset", "delta"),
    ("patch", "delta or edit"),
    ("diff", "delta"),
    ("flush", "commit"),
];

/// In ddi-dns only: elsewhere it is the name of options (15, 119).
const BANNED_IN_DNS: [(&str, &str); 2] = [("domain", "zone"), ("domains", "zones")];

/// In ddi-dns only, where a record is one of an rrset (RFC 2181 section 5), and a lease is not at hand.
const MEANT_IN_DNS: [&str; 2] = ["record", "records"];

/// As a type's whole name.
const BANNED_TYPES: [(&str, &str); 3] =
    [("Output", "Transmit or Event"), ("Action", "Transmit or Event"), ("Options", "Config")];

/// Reviewed exceptions: file, word, why it is the right one there.
const ALLOWED: [(&str, &str, &str); 0] = [];

/// Every misuse in the file, as `path:line: why`.
pub(crate) fn misused(source: &Source) -> Vec<String> {
    let code = source.shipped_code();
    let mut problems = Vec::new();
    for (at, word) in words(&code) {
        if is_foreign(&code, at, word) {
            continue;
        }
        problems.extend(judge(source, &code, at, word));
        let defines = ["struct ", "enum ", "trait "].iter().any(|k| code[..at].ends_with(k));
        if let Some((_, instead)) = BANNED_TYPES.iter().find(|(t, _)| defines && *t == word) {
            problems.push(format!("{}:{}: type {word}: say {instead}", source.path, line_of(&code, at)));
        }
    }
    for (at, word) in words(&source.comments) {
        problems.extend(judge(source, &source.comments, at, word));
    }
    problems
}

fn judge(source: &Source, text: &str, at: usize, word: &str) -> Option<String> {
    let dns = source.path.starts_with("ddi-dns/");
    let banned = || BANNED.iter().chain(BANNED_IN_DNS.iter().filter(move |_| dns));
    let parts = parts(word);
    let (said, instead) = banned().find(|(b, _)| parts.iter().any(|p| p == b))?;
    let allowed = ALLOWED.iter().any(|(file, w, _)| *file == source.path && w == said)
        || (dns && MEANT_IN_DNS.contains(said));
    (!allowed).then(|| format!("{}:{}: \"{word}\": say {instead}", source.path, line_of(text, at)))
}

/// A name that somebody else gave: a method or field after a dot, a part of a path, or an import.
/// Ours are judged where they are defined.
fn is_foreign(code: &str, at: usize, word: &str) -> bool {
    let before = code[..at].trim_end();
    let after = code[at + word.len()..].trim_start();
    let statement = &code[code[..at].rfind(';').map_or(0, |n| n + 1)..at];
    let import = occurs_as_word(statement, "use") && !statement.contains(" fn ");
    let field = before.ends_with('.') && !before.ends_with("..");
    let path = before.ends_with("::") || after.starts_with("::");
    field || path || import
}

fn occurs_as_word(text: &str, word: &str) -> bool {
    words(text).any(|(_, w)| w == word)
}

#[test]
fn foreign_names_and_quotations_pass() {
    let text = "use a::{Entry, b};\n/// What `cltt` says.\nfn f() { map.entry(1); Entry::Vacant; let s = \"peer\"; }\n";
    assert!(misused(&Source::new("ddi-core/src/x.rs".to_owned(), text)).is_empty());
    let text = "/// A peer.\nstruct PeerList { entry: u8 }\nenum Output {}\n";
    let found = misused(&Source::new("ddi-core/src/x.rs".to_owned(), text));
    assert_eq!(found.len(), 4, "{found:?}");
}
