//! Every function of the header, called as no program should: NULL for each pointer in turn, `(NULL, 0)` and endless
//! slices, buffers without room and one byte short, numbers out of range, structs of no size, handles that are poisoned,
//! and a panic on each way through. The program is made here from the header, so that a new function is abused, too.

#[path = "support/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;
use support::arguments::{Argument, Role, arguments, signs};
use support::c::{Folder, Linkage, compile, execute, link, under_valgrind};
use support::prototypes::{Function, Header};
use support::trials::trials;

/// What is not tried: it would arm the panics of the others.
const NOT_TRIED: [&str; 1] = ["ddi_testing_panic_at"];

/// Fills what room there is.
const MAY_BE_LESS: [&str; 1] = ["ddi_xfr_out_poll_transmit"];

// There is so much of it that optimising takes longer than it saves.
const PLAIN: [&str; 2] = ["-g", "-O0"];
const SANITIZED: [&str; 4] = ["-g", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];

#[test]
fn no_call_does_harm_under_sanitizers() {
    abuse("abuse", &SANITIZED, |program| Command::new(program));
}

/// The sanitizers see what C does; this one sees each byte that the library reads and writes.
#[test]
fn no_call_does_harm_under_valgrind() {
    abuse("abuse-valgrind", &PLAIN, under_valgrind);
}

fn abuse(test: &str, flags: &[&str], command: impl Fn(&Path) -> Command) {
    let header = Header::read();
    let folder = Folder::new(test);
    let source = folder.path().join("abuse.c");
    std::fs::write(&source, program(&header)).expect("a file");
    let object = compile(&source, flags, folder.path());
    let mut command = command(&link(&object, flags, Linkage::Static));
    let said = execute(&mut command, folder.path()).unwrap_or_else(|said| panic!("{said}"));
    let last = said.lines().last().unwrap_or_default();
    let number = |word: &str| -> usize {
        let at = last.split(' ').position(|other| other == word).expect(last);
        last.split(' ').nth(at - 1).expect(last).parse().expect(last)
    };
    println!("{last}");
    assert!(number("calls") > 7 * header.functions.len(), "{last}");
    assert!(number("worked") * 10 > number("functions") * 8, "the arguments are not good enough: {last}");
    assert!(number("panics") > 250, "{last}");
    assert!(number("buffers") > 20, "{last}");
}

fn program(header: &Header) -> String {
    let mut text = String::from("#include \"world.h\"\n#include \"abuse.h\"\n\n");
    let tried = header.functions.iter().filter(|function| !NOT_TRIED.contains(&function.name.as_str()));
    let tried: Vec<_> = tried.collect();
    for (opaque, function) in poisoners(header) {
        text += &poisoner(header, &opaque, function);
    }
    for function in &tried {
        text += &attempt(header, function);
        text += &short_buffers(header, function);
    }
    text += "int main(void) {\n";
    for function in &tried {
        writeln!(text, "try_{}();", function.name).expect("a string");
        if has_buffer(function) {
            writeln!(text, "short_{}();", function.name).expect("a string");
        }
    }
    text + "return summary();\n}\n"
}

/// A function for each handle that can be made to panic with it: one with a status, if there is any.
fn poisoners(header: &Header) -> BTreeMap<String, &Function> {
    let mut all: BTreeMap<String, (u32, &Function)> = BTreeMap::new();
    for function in &header.functions {
        let Some(first) = function.params.first() else { continue };
        let is_none =
            ["_free", "_last_error", "ddi_testing_panic"].iter().any(|end| function.name.ends_with(end));
        if is_none || !header.opaque.iter().any(|opaque| opaque == first.pointee()) {
            continue;
        }
        let gives = function.params.iter().any(|param| param.kind.ends_with("**"));
        let cost = u32::from(gives) * 2 + u32::from(function.returns != "ddi_status");
        let best = all.entry(first.pointee().to_owned()).or_insert((cost, function));
        if cost < best.0 {
            *best = (cost, function);
        }
    }
    all.into_iter().map(|(opaque, (_, function))| (opaque, function)).collect()
}

fn names(arguments: &[Argument]) -> String {
    arguments.iter().map(|one| one.param.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn joined(arguments: &[Argument], part: impl Fn(&Argument) -> &str) -> String {
    arguments.iter().map(part).collect()
}

fn poisoner(header: &Header, opaque: &str, function: &Function) -> String {
    let all = arguments(header, function, "");
    let (first, rest) = all.split_first().expect("a handle");
    format!(
        "static void poison_{opaque}(struct world *w, const {opaque} *handle) {{\n(void)w;\n{} {} = ({opaque} *)(uintptr_t)handle;\n\
         {}arm(1);\n(void){}({});\nEXPECT(disarm());\n{}}}\n",
        first.param.kind,
        first.param.name,
        joined(rest, |one| &one.prepare),
        function.name,
        names(&all),
        joined(rest, |one| &one.tidy),
    )
}

/// Does this function need a set with a journal?
fn with_journal(function: &Function) -> bool {
    let of_journal = ["zone_compaction", "zone_set_end_compaction", "zone_set_batch_durable"];
    of_journal.iter().any(|one| function.name.contains(one))
}

fn attempt(header: &Header, function: &Function) -> String {
    let all = arguments(header, function, "");
    let name = &function.name;
    let trials = trials(header, function, &all);
    let labels: Vec<_> = trials.iter().map(|trial| format!("\"{}\"", trial.name)).collect();
    let mut text = format!(
        "static void try_{name}(void) {{\nstatic const char *const names[] = {{{}}};\n",
        labels.join(", ")
    );
    write!(
        text,
        "for (int trial = 0; trial < {}; trial++) {{\nbegin(\"{name}\", names[trial]);\n",
        trials.len()
    )
    .expect("a string");
    writeln!(text, "struct world *w = world_new({});", u8::from(with_journal(function))).expect("a string");
    text += &joined(&all, |one| &one.prepare);
    text += "switch (trial) {\n";
    for (at, trial) in trials.iter().enumerate() {
        writeln!(text, "case {at}: {} break;", trial.before).expect("a string");
    }
    let call = format!("{name}({})", names(&all));
    text += "}\n";
    text += &match function.returns.as_str() {
        "void" => format!("{call};\n"),
        returns => format!("{returns} r = {call};\n(void)r;\n"),
    };
    text += "int fired = disarm();\nswitch (trial) {\n";
    for (at, trial) in trials.iter().enumerate() {
        writeln!(text, "case {at}: {} break;", trial.after.replace("CALL", &call)).expect("a string");
    }
    text += "}\n(void)fired;\n";
    if function.returns.ends_with('*') && function.returns.starts_with("ddi_") {
        let opaque = function.returns.trim_end_matches([' ', '*']);
        writeln!(text, "{opaque}_free(r);").expect("a string");
    }
    text += &joined(&all, |one| &one.tidy);
    text + "world_free(w);\n}\n}\n"
}

fn has_buffer(function: &Function) -> bool {
    // What signs has its input in the buffer.
    function.params.iter().any(|param| param.name == "cap") && !signs(function)
}

/// First without room, then one short, each time without any effect; then with just enough.
fn short_buffers(header: &Header, function: &Function) -> String {
    if !has_buffer(function) {
        return String::new();
    }
    let all = arguments(header, function, "");
    let buffer = all.iter().find(|one| one.role == Role::Buffer).expect("a buffer");
    let (name, buf, of) = (&function.name, &buffer.param.name, buffer.param.pointee());
    let call = format!("{name}({})", names(&all));
    let prepare = joined(&all, |one| &one.prepare);
    let tidy = joined(&all, |one| &one.tidy);
    let journal = u8::from(with_journal(function));
    // Where less is sent into a smaller buffer, one that is a byte short is no fault.
    let least = if MAY_BE_LESS.contains(&name.as_str()) { "needed" } else { "needed - 1" };
    format!(
        "static void short_{name}(void) {{\nbegin(\"{name}\", \"a short buffer\");\nstruct world *w = world_new({journal});\n{prepare}\
         {buf} = NULL;\ncap = 0;\nif ({call} == DDI_E_BUFFER) {{\nsize_t needed = *len;\njudge(needed > 0, 0);\nbuffers++;\n\
         for (cap = {least}; cap <= needed; cap++) {{\n{buf} = guarded(cap * sizeof *{buf});\n*len = 7777;\n\
         ddi_status r = {call};\njudge(cap < needed ? r == DDI_E_BUFFER : r >= 0, r);\n\
         if (r != DDI_IDLE) judge(cap < needed ? *len == needed : *len <= needed, (long)*len);\n\
         judge(is_guarded({buf}, cap * sizeof({of})), 0);\nfree({buf});\n}}\n}}\n{tidy}world_free(w);\n}}\n"
    )
}
