//! Makes the header: an overview, then a chapter for each module of `lib.rs`, in its order.

use super::{ffi, read};

const BANNER: &str = "/* ddi.h: generated from ffi/src by cbindgen; do not edit. */\n";

pub(crate) fn make() -> String {
    let mut header = String::from(BANNER);
    header.push_str(&comment(&read("overview.txt")));
    header.push_str("\n#ifndef DDI_H\n#define DDI_H\n\n");
    header.push_str("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n");
    header.push_str("#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    for module in modules() {
        header.push_str(&chapter(&module));
    }
    header.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* DDI_H */\n");
    header
}

/// The public modules of `lib.rs`.
pub(crate) fn modules() -> Vec<String> {
    let lib = read("src/lib.rs");
    let public = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    public.map(str::to_owned).collect()
}

fn chapter(module: &str) -> String {
    let path = format!("src/{module}.rs");
    let introduction: String = read(&path)
        .lines()
        .map_while(|line| line.strip_prefix("//!"))
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    let mut config = cbindgen::Config::from_file(ffi().join("cbindgen.toml")).expect("cbindgen.toml");
    config.export.include = structs(&read(&path));
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_src(ffi().join(&path))
        .generate()
        .unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    let text = String::from_utf8(bytes).expect("cbindgen writes UTF-8");
    let rule = format!("/* {} */\n", "=".repeat(94));
    let body = if module == "testing" {
        format!("#ifdef DDI_TESTING\n{}\n#endif\n", plain(&text))
    } else {
        plain(&text)
    };
    format!("\n{rule}{}{rule}\n{body}", comment(&introduction))
}

/// The names of a module's public structs: those that none of its functions takes are in the header too.
fn structs(source: &str) -> Vec<String> {
    let named = source.lines().filter_map(|line| {
        let rest = ["pub struct ", "pub union "].iter().find_map(|k| line.strip_prefix(k))?;
        rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()
    });
    named.map(str::to_owned).collect()
}

/// Types of other chapters are written without `struct`; so are a chapter's own. Negative numbers get
/// parentheses.
fn plain(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let is_definition = line.starts_with("typedef struct") || line.starts_with("typedef union");
        let line = if is_definition { line.to_owned() } else { line.replace("struct ddi_", "ddi_") };
        lines.push(match line.split_once(" -").filter(|_| line.starts_with("#define ")) {
            Some((name, number)) => format!("{name} (-{number})"),
            None => line.trim_end().to_owned(),
        });
    }
    lines.join("\n") + "\n"
}

fn comment(text: &str) -> String {
    let mut out = String::from("/*\n");
    for line in text.trim_end().lines() {
        out.push_str(format!(" * {line}").trim_end());
        out.push('\n');
    }
    out + " */\n"
}
