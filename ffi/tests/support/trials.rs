//! The ways in which one function is abused, and what it must say to each.

use super::arguments::{Argument, Role};
use super::prototypes::{Function, Header};

pub(crate) struct Trial {
    pub(crate) name: String,
    /// C that spoils the arguments before the call.
    pub(crate) before: String,
    /// C that judges what came of it: `r`, and whether the panic `fired`. `CALL` is the call once more.
    pub(crate) after: String,
}

/// Parameters that name one of a few numbers: the largest of all is none of them.
const ENUMS: [&str; 32] = [
    "expect",
    "identity",
    "free_kind",
    "format",
    "skip_bad",
    "role",
    "setting",
    "leases_lost",
    "command",
    "by",
    "test",
    "always",
    "answered",
    "transport",
    "algorithm_number",
    "serial_policy",
    "serial",
    "names",
    "condition",
    "rcode",
    "full",
    "required",
    "hidden",
    "condense",
    "shared_history",
    "udp",
    "fall_back",
    "exact",
    "whole",
    "asking",
    "same_client",
    "released",
];

pub(crate) fn trials(header: &Header, function: &Function, all: &[Argument]) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut add = |name: String, before: String, after: String| trials.push(Trial { name, before, after });
    let is_free = function.name.ends_with("_free");
    let has_status = function.returns == "ddi_status";
    if !is_free && function.name != "ddi_testing_panic" {
        let after = if has_status { "judge(r != DDI_E_PANIC && r != DDI_E_NULL, r);" } else { "" };
        let worked = if has_status {
            "worked += r >= 0; if (r < 0) fprintf(stderr, \"did not work: %s: %d\\n\", trying, r);"
        } else {
            "worked++;"
        };
        add("as it should be".into(), String::new(), format!("{after}{worked}"));
    }
    for one in all {
        for (name, before, after) in spoilt(header, function, one) {
            add(name, before, after);
        }
    }
    let has_handle = all.first().is_some_and(|one| one.role == Role::Handle);
    if !is_free && has_handle && !function.name.starts_with("ddi_testing") {
        for steps in 1..=2 {
            add(format!("a panic at step {steps}"), format!("arm({steps});"), panicked(function));
        }
    } else if !is_free && has_status && !function.name.starts_with("ddi_testing") {
        let after = "if (fired) { panics++; judge(r == DDI_E_PANIC, r); }";
        add("a panic".into(), "arm(1);".into(), after.into());
    }
    trials
}

/// A call that panicked says so, and so does the next one on its handle. What makes a handle may have left the one
/// that it was made of as it was.
fn panicked(function: &Function) -> String {
    if function.returns != "ddi_status" {
        return format!("if (fired) {{ panics++; {} }}", neutral(function));
    }
    let makes = function.params.iter().any(|param| param.kind.ends_with("**"));
    let again = if makes { "" } else { "ddi_status again = CALL; judge(again == DDI_E_POISONED, again);" };
    format!("if (fired) {{ panics++; judge(r == DDI_E_PANIC, r); {again} }}")
}

/// The value that says nothing.
fn neutral(function: &Function) -> String {
    match function.returns.as_str() {
        "void" => String::new(),
        "ddi_status" => "judge(r < 0, r);".into(),
        "bool" => "judge(!r, r);".into(),
        "const char *" => "judge(r != NULL && *r == 0, 0);".into(),
        "uint64_t" => "judge(r == 0 || r == UINT64_MAX, (long)r);".into(), // a time is never
        _ => "judge(r == 0, (long)r);".into(),
    }
}

/// What comments say of a parameter that may be NULL without its name beside.
const SAID_ELSEHOW: [(&str, &str); 8] = [
    ("NULL starts at the beginning", "after"),
    ("the first one after a NULL", "apex"),
    ("NULL takes it away", "log"),
    ("(NULL: that has not signed)", "key"),
    ("(may be NULL", "key"),
    ("NULL: the whole zone is", "current"),
    ("(NULL: none)", "policy"),
    ("(NULL: none)", "keys"),
];

/// May this be NULL? The comment says so of it by name; of a function that does as another one, that one's.
fn is_optional(header: &Header, function: &Function, name: &str) -> bool {
    let doc = function.doc.replace("`DDI_E_NULL`", "");
    let quoted = format!("`{name}`");
    let by_name = doc.split(['.', ':', ';']).any(|part| part.contains(&quoted) && part.contains("NULL"))
        || doc
            .split("NULL")
            .take(doc.matches("NULL").count())
            .any(|before| before.ends_with(&format!("{quoted} (")))
        || doc.contains(&format!("`*{name}` only, or of any if that is NULL"));
    let by_role = SAID_ELSEHOW.iter().any(|(said, which)| doc.contains(said) && *which == name);
    // The chapter of the DHCP server says it of all its functions.
    let is_failover = name == "failover" && function.name.starts_with("ddi_dhcp_server_");
    by_name
        || by_role
        || is_failover
        || refers(header, function, &doc).is_some_and(|other| is_optional(header, other, name))
}

/// `As ddi_zone_set_answer; ...`, `as ddi_zone_answer does`, or `The same of one subnet`, which is the one before.
fn refers<'h>(header: &'h Header, function: &Function, doc: &str) -> Option<&'h Function> {
    let place = |name: &str| header.functions.iter().position(|other| other.name == name);
    if doc.starts_with("The same") {
        return header.functions.get(place(&function.name)?.checked_sub(1)?);
    }
    let at =
        ["As `", "as `", "as for `"].iter().find_map(|start| doc.find(start).map(|at| at + start.len()))?;
    header.functions.get(place(doc[at..].split('`').next()?)?)
}

fn spoilt(header: &Header, function: &Function, one: &Argument) -> Vec<(String, String, String)> {
    let name = &one.param.name;
    let status = |text: &str| if function.returns == "ddi_status" { text.to_owned() } else { String::new() };
    let mut all = Vec::new();
    if one.param.is_pointer() {
        let after = match (function.returns.as_str(), is_optional(header, function, name)) {
            ("ddi_status", false) => "judge(r == DDI_E_NULL, r);".to_owned(),
            (_, false) => neutral(function),
            _ => status("judge(r != DDI_E_PANIC, r);"),
        };
        all.push((format!("{name} is NULL"), format!("{name} = NULL;"), after));
    }
    match one.role {
        Role::Slice => {
            let len = if function.params.iter().any(|param| param.name == format!("{name}_len")) {
                format!("{name}_len")
            } else {
                "n".to_owned()
            };
            let nothing = "judge(r != DDI_E_NULL && r != DDI_E_PANIC, r);";
            all.push((format!("{name} is (NULL, 0)"), format!("{name} = NULL; {len} = 0;"), status(nothing)));
            all.push((
                format!("{name} is endless"),
                format!("{len} = SIZE_MAX;"),
                status("judge(r < 0 && r != DDI_E_PANIC, r);"),
            ));
        }
        Role::Sized => {
            for size in ["0".to_owned(), format!("sizeof *{name} - 1")] {
                let before = format!(
                    "{{ uint32_t size = {size}; memcpy((void *)(uintptr_t){name}, &size, sizeof size); }}"
                );
                all.push((
                    format!("{name} of size {size}"),
                    before,
                    status("judge(r == DDI_E_ARGUMENT, r);"),
                ));
            }
        }
        Role::Number => {
            for value in ["0", "77", "-1"] {
                let is_none = value == "-1" && ENUMS.contains(&name.as_str());
                let after = status(if is_none {
                    "judge(r < 0 && r != DDI_E_PANIC, r);"
                } else {
                    "judge(r != DDI_E_PANIC, r);"
                });
                let kind = &one.param.kind;
                all.push((format!("{name} is {value}"), format!("{name} = ({kind}){value};"), after));
            }
        }
        Role::Handle if !function.name.ends_with("_free") && !function.name.ends_with("_last_error") => {
            let before = format!("poison_{}(w, {name});", one.param.pointee());
            let after = match function.returns.as_str() {
                "ddi_status" => "judge(r == DDI_E_POISONED, r);".to_owned(),
                _ => neutral(function),
            };
            all.push((format!("{name} is poisoned"), before, after));
        }
        _ => {}
    }
    all
}
