//! Reads the committed header back: its functions, structs and statuses. It is cbindgen's writing and so regular;
//! what does not fit the few forms here is a panic, and never passed over.

use super::read;

#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// What it returns, such as `ddi_status` or `const char *`.
    pub(crate) returns: String,
    pub(crate) params: Vec<Param>,
    /// The comment above it.
    pub(crate) doc: String,
    /// Only in a library that was made for tests.
    pub(crate) is_testing: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Param {
    /// With its stars, such as `const uint8_t *`.
    pub(crate) kind: String,
    pub(crate) name: String,
}

impl Param {
    pub(crate) fn is_pointer(&self) -> bool {
        self.kind.ends_with('*')
    }

    /// What it points to, without `const`.
    pub(crate) fn pointee(&self) -> &str {
        let kind = self.kind.strip_prefix("const ").unwrap_or(&self.kind);
        kind.strip_suffix('*').unwrap_or(kind).trim_end()
    }
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) members: Vec<String>,
}

pub(crate) struct Header {
    pub(crate) functions: Vec<Function>,
    pub(crate) structs: Vec<Struct>,
    /// Names of the opaque types.
    pub(crate) opaque: Vec<String>,
    /// `DDI_OK`, `DDI_IDLE`, `DDI_E_...`.
    pub(crate) statuses: Vec<String>,
    /// The text of `tests/world.h`.
    fixtures: String,
}

impl Header {
    pub(crate) fn read() -> Self {
        let mut header = Self {
            functions: vec![],
            structs: vec![],
            opaque: vec![],
            statuses: vec![],
            fixtures: read("tests/world.h"),
        };
        let text = read("../include/ddi.h");
        let mut lines = text.lines();
        let (mut doc, mut is_testing, mut is_comment) = (String::new(), false, false);
        while let Some(line) = lines.next() {
            is_comment |= line.starts_with("/*");
            if is_comment {
                is_comment = !line.ends_with("*/");
            } else if let Some(said) = line.strip_prefix("//") {
                doc.push_str(said.trim());
                doc.push(' ');
            } else if line.starts_with('#') {
                is_testing |= line == "#ifdef DDI_TESTING";
                is_testing &= line != "#endif";
                header.statuses.extend(status(line));
                doc.clear();
            } else if line.starts_with("typedef") {
                header.take_type(line, &mut lines);
                doc.clear();
            } else if line.contains('(') {
                let rest = std::iter::once(line).chain(lines.by_ref());
                let whole = up_to(rest, ");");
                header.functions.push(function(&whole, std::mem::take(&mut doc), is_testing));
            } else {
                assert!(["", "}", "extern \"C\" {"].contains(&line), "in the header: {line:?}");
            }
        }
        header
    }

    /// Does this struct start with `struct_size`?
    pub(crate) fn is_sized(&self, name: &str) -> bool {
        self.structs.iter().any(|one| one.name == name && one.members[0] == "struct_size")
    }

    /// Does `tests/world.h` have a handle of this type?
    pub(crate) fn has_fixture(&self, opaque: &str) -> bool {
        let Some(short) = opaque.strip_prefix("ddi_") else { return false };
        self.fixtures.contains(&format!("    {opaque} *{short};"))
    }

    fn take_type<'t>(&mut self, line: &str, lines: &mut impl Iterator<Item = &'t str>) {
        let Some(rest) = line.strip_prefix("typedef struct ") else {
            assert_eq!(line, "typedef int32_t ddi_status;");
            return;
        };
        let name = rest.split(' ').next().expect("a name").to_owned();
        if rest.ends_with(';') {
            self.opaque.push(name);
            return;
        }
        let body = up_to(lines, &format!("}} {name};"));
        let body = body.rsplit_once('}').expect("a body").0;
        let members = body.split(';').map(str::trim).filter(|member| !member.is_empty()).map(member);
        self.structs.push(Struct { name, members: members.collect() });
    }
}

/// Joins lines, without comments, up to the one that ends so.
fn up_to<'t>(lines: impl Iterator<Item = &'t str>, end: &str) -> String {
    let mut whole = String::new();
    for line in lines {
        let line = line.trim();
        if line.starts_with("//") {
            continue;
        }
        whole.push_str(line);
        whole.push(' ');
        if line.ends_with(end) {
            return whole.trim_end().to_owned();
        }
    }
    panic!("no {end:?} after {whole}");
}

fn status(line: &str) -> Option<String> {
    let name = line.strip_prefix("#define ")?.split(' ').next()?;
    let is_status = name == "DDI_OK" || name == "DDI_IDLE" || name.starts_with("DDI_E_");
    is_status.then(|| name.to_owned())
}

fn function(whole: &str, doc: String, is_testing: bool) -> Function {
    let (head, params) = whole.split_once('(').expect("a prototype");
    let params = params.strip_suffix(");").expect("its end");
    let Param { kind: returns, name } = param(head);
    let params = if params == "void" { vec![] } else { params.split(", ").map(param).collect() };
    Function { name, returns, params, doc, is_testing }
}

/// `const uint8_t *buf` into type and name.
fn param(text: &str) -> Param {
    let at = text.rfind([' ', '*']).unwrap_or_else(|| panic!("no name in {text:?}"));
    let (kind, name) = text.split_at(at + 1);
    Param { kind: kind.trim_end().to_owned(), name: name.to_owned() }
}

/// The name in `uint8_t wire[255]`, `const uint8_t *user` or `void (*line)(void *userdata, ...)`.
fn member(text: &str) -> String {
    if let Some((_, rest)) = text.split_once("(*") {
        return rest.split(')').next().expect("a name").to_owned();
    }
    let name = param(text).name;
    name.split('[').next().expect("a name").to_owned()
}
