//! Size, alignment and offsets of every struct in the header, as Rust has them, as C has them, and as `abi/layout.txt`
//! says (of machines with pointers of 64 bits). `DDI_BLESS=1` writes that, and `layout/structs.rs`, which names the
//! structs for Rust: after a change of a struct bless twice, since the second time it is compiled anew.

#[path = "layout/structs.rs"]
mod structs;
#[path = "support/support.rs"]
mod support;

use std::fmt::Write;
use std::process::Command;
use support::c::{Folder, Linkage, PLAIN, compile, link};
use support::prototypes::Header;
use support::{bless, ffi, header, read, run};

/// Lists `module::name { member, ... }` as Rust has them, in the form that the C program prints.
macro_rules! layouts {
    ($($module:ident :: $name:ident { $($member:ident),* })*) => {
        pub(crate) fn layouts() -> String {
            use std::mem::{align_of, offset_of, size_of};
            let mut all = String::new();
            $(
                let (size, align) = (size_of::<ddi::$module::$name>(), align_of::<ddi::$module::$name>());
                all += &format!("{} size {size} align {align}\n", stringify!($name));
                $(
                    let at = offset_of!(ddi::$module::$name, $member);
                    all += &format!("    {} {at}\n", stringify!($member));
                )*
            )*
            all
        }
    };
}
pub(crate) use layouts;

/// The module that defines a struct.
fn module_of(name: &str, modules: &[String]) -> String {
    let defines = |module: &&String| {
        let source = read(&format!("src/{module}.rs"));
        source.lines().any(|line| line == format!("pub struct {name} {{"))
    };
    modules.iter().find(defines).unwrap_or_else(|| panic!("no module defines {name}")).clone()
}

#[test]
fn the_structs_of_the_header_are_all_compared() {
    let header = Header::read();
    let modules = header::modules();
    let mut text = String::from("//! Written by `tests/layout.rs` from the header.\n\nsuper::layouts! {\n");
    for one in &header.structs {
        let module = module_of(&one.name, &modules);
        write!(text, "    {module}::{} {{\n        {}\n    }}\n", one.name, one.members.join(", "))
            .expect("a string");
    }
    text.push_str("}\n");
    bless("layout", "tests/layout/structs.rs", &text);
    assert!(header.structs.len() > 20);
}

#[test]
fn c_and_rust_agree() {
    let header = Header::read();
    let mut body = String::new();
    for one in &header.structs {
        let name = &one.name;
        let format = format!("{name} size %zu align %zu\\n");
        writeln!(body, "printf(\"{format}\", sizeof({name}), _Alignof({name}));").expect("a string");
        for member in &one.members {
            writeln!(body, "printf(\"    {member} %zu\\n\", offsetof({name}, {member}));").expect("a string");
        }
    }
    let folder = Folder::new("layout");
    let source = folder.path().join("layout.c");
    let text = format!("#include <ddi.h>\n#include <stdio.h>\nint main(void) {{\n{body}return 0;\n}}\n");
    std::fs::write(&source, text).expect("a file");
    let object = compile(&source, &PLAIN, folder.path());
    let of_c = run(&mut Command::new(link(&object, &PLAIN, Linkage::Shared)));
    let of_rust = structs::layouts();
    assert_eq!(of_c, of_rust, "C has the first, Rust the second");
    if cfg!(target_pointer_width = "64") {
        bless("layout", "abi/layout.txt", &of_c);
    }
    assert!(ffi().join("abi/layout.txt").exists());
}
