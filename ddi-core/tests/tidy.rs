//! The house rules that a machine can keep: who depends on whom, how long a file or a function may
//! be, which words are used, and that an engine touches nothing of the world. CONTRIBUTING.md says
//! what they are for.

#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/words.rs"]
mod words;

use source::{Source, line_of};
use std::path::{Path, PathBuf};

const LIBRARIES: [&str; 4] = ["ddi-core", "ddi-dhcp", "ddi-dns", "ddi-failover"];
const FILE_LINES_MAX: usize = 550;
const FUNCTION_LINES_MAX: usize = 70;

/// What may stand at the top level; hidden names are the tools' own.
const TOP_LEVEL: [&str; 13] = [
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "clippy.toml",
    "ffi",
    "include",
    "rustfmt.toml",
    "target",
];

/// Where the world begins: what a library crate must not name, and the files that may.
/// The files are path prefixes; each is the one place where its part of the world is touched.
const WORLD: [(&[&str], &[&str], &str); 8] = [
    (&["std::fs", "File::", "OpenOptions"], &["ddi-core/src/log/file.rs"], "files"),
    (&["SystemTime", "Instant::now", "UNIX_EPOCH", "std::time::Instant"], &[], "a clock"),
    (
        &["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixListener", "UnixDatagram"],
        &[],
        "sockets",
    ),
    (
        &["std::thread", "thread::", "thread_local!", "rayon", "tokio"],
        &["ddi-core/src/db/replay.rs"],
        "threads",
    ),
    (&["rand::", "getrandom", "RandomState", "OsRng", "DefaultHasher"], &[], "entropy"),
    // They seed themselves, so that their order differs from run to run: hashbrown's HashTable does not.
    (&["HashMap", "HashSet"], &[], "entropy"),
    (&["std::env", "env::", "std::process", "process::", "stdin(", "stdout("], &[], "the process"),
    (&["println!", "print!", "eprintln!", "eprint!", "dbg!"], &[], "the terminal"),
];

/// Locks and shared state: not in an engine. The storages are shared with the thread that syncs.
const SHARED: [&str; 7] = ["Mutex", "RwLock", "RefCell", "OnceLock", "LazyLock", "Condvar", "static mut"];
const MAY_SHARE: [&str; 3] =
    ["ddi-core/src/db/lazy.rs", "ddi-core/src/log/mem.rs", "ddi-core/src/log/file.rs"];

/// Allocators can't be written without it: these count, for the tests that nothing is allocated.
const MAY_BE_UNSAFE: [&str; 2] = ["ffi/", "ddi-core/tests/db_alloc.rs"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's root").to_owned()
}

/// Every file under the root that is ours, as a path from the root.
fn files() -> Vec<String> {
    fn walk(dir: &Path, prefix: &str, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).expect("a readable folder") {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().into_string().expect("file names are ASCII");
            let path = format!("{prefix}{name}");
            let ignored = ["target", ".git", "artifacts", "coverage"].contains(&name.as_str());
            if entry.file_type().expect("a file type").is_dir() {
                if !ignored {
                    walk(&entry.path(), &format!("{path}/"), found);
                }
            } else if !ignored {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), "", &mut found);
    found.sort();
    found
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn sources() -> Vec<Source> {
    let rust = files().into_iter().filter(|p| p.ends_with(".rs"));
    rust.map(|p| {
        let text = read(&p);
        Source::new(p, &text)
    })
    .collect()
}

/// The shipped sources of the four library crates: a `tests.rs` is a module of unit tests.
fn library_sources() -> Vec<Source> {
    let is_shipped = |p: &str| !p.ends_with("/tests.rs") && !p.contains("/tests/");
    let is_library = |p: &str| LIBRARIES.iter().any(|c| p.starts_with(&format!("{c}/src/"))) && is_shipped(p);
    sources().into_iter().filter(|s| is_library(&s.path)).collect()
}

/// Where `pattern` stands in `code` as a whole word (a pattern that ends in a sign has no word's end).
fn occurrences(code: &str, pattern: &str) -> Vec<usize> {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let ends_in_word = word(pattern.chars().last());
    let whole = |at: usize| {
        let glued_before = word(code[..at].chars().last());
        let glued_after = ends_in_word && word(code[at + pattern.len()..].chars().next());
        !glued_before && !glued_after
    };
    code.match_indices(pattern).map(|(at, _)| at).filter(|&at| whole(at)).collect()
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

fn metadata() -> serde_json::Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = std::process::Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON from cargo metadata")
}

/// The names of what the library crate needs to be built: no dev-dependencies.
fn dependencies(metadata: &serde_json::Value, name: &str) -> Vec<String> {
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("no crate {name}"));
    let all = package["dependencies"].as_array().expect("dependencies");
    let built_with = all.iter().filter(|d| d["kind"] != "dev");
    built_with.map(|d| d["name"].as_str().expect("a name").to_owned()).collect()
}

#[test]
fn crates_form_a_star() {
    let metadata = metadata();
    for library in LIBRARIES {
        let ours: Vec<_> =
            dependencies(&metadata, library).into_iter().filter(|d| d.starts_with("ddi-")).collect();
        let legal: &[&str] = if library == "ddi-core" { &[] } else { &["ddi-core"] };
        assert!(ours.iter().all(|d| legal.contains(&d.as_str())), "{library} depends on {ours:?}");
    }
}

#[test]
fn every_dependency_is_explained_in_its_readme() {
    let metadata = metadata();
    let mut problems = Vec::new();
    for library in LIBRARIES {
        let readme = read(&format!("{library}/README.md"));
        for dependency in dependencies(&metadata, library) {
            if !readme.contains(&format!("`{dependency}`")) {
                problems
                    .push(format!("{library}/README.md: what is `{dependency}` for, and why not by hand?"));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn top_level_is_closed() {
    let fits = |name: &str| TOP_LEVEL.contains(&name) || LIBRARIES.contains(&name) || name.starts_with('.');
    let mut stray: Vec<_> = files().iter().map(|p| p.split('/').next().unwrap_or(p).to_owned()).collect();
    stray.dedup();
    stray.retain(|name| !fits(name));
    assert!(stray.is_empty(), "what lives in a crate is not at the top level: {stray:?}");
}

#[test]
fn files_and_functions_are_short() {
    let mut problems = Vec::new();
    for source in sources() {
        let lines = source.code.lines().count();
        if lines > FILE_LINES_MAX {
            problems.push(format!("{}: {lines} lines, at most {FILE_LINES_MAX}", source.path));
        }
        for f in source.functions().iter().filter(|f| f.lines > FUNCTION_LINES_MAX) {
            let (path, name, line, lines) = (&source.path, &f.name, f.line, f.lines);
            problems
                .push(format!("{path}:{line}: fn {name} has {lines} lines, at most {FUNCTION_LINES_MAX}"));
        }
    }
    assert_none(&problems);
}

#[test]
fn words_are_the_houses() {
    let problems: Vec<_> = library_sources().iter().flat_map(words::misused).collect();
    assert_none(&problems);
}

#[test]
fn libraries_touch_nothing_of_the_world() {
    let mut problems = Vec::new();
    for source in library_sources() {
        let code = source.shipped_code();
        for (patterns, allowed, what) in WORLD {
            if allowed.contains(&source.path.as_str()) {
                continue;
            }
            for at in patterns.iter().flat_map(|p| occurrences(&code, p)) {
                problems.push(format!("{}:{}: touches {what}", source.path, line_of(&code, at)));
            }
        }
        if !MAY_SHARE.contains(&source.path.as_str()) {
            for at in SHARED.iter().flat_map(|p| occurrences(&code, p)) {
                problems.push(format!("{}:{}: shares state or locks", source.path, line_of(&code, at)));
            }
        }
    }
    assert_none(&problems);
}

#[test]
fn only_ffi_is_unsafe() {
    let mut problems = Vec::new();
    for source in sources() {
        if !MAY_BE_UNSAFE.iter().any(|p| source.path.starts_with(p)) {
            for at in occurrences(&source.code, "unsafe") {
                problems.push(format!("{}:{}: unsafe", source.path, line_of(&source.code, at)));
            }
        }
    }
    for library in LIBRARIES {
        let path = format!("{library}/src/lib.rs");
        if !read(&path).contains("#![forbid(unsafe_code)]") {
            problems.push(format!("{path}: does not forbid unsafe code"));
        }
    }
    assert_none(&problems);
}

/// Sources are ASCII and name no machine and no registry's host: they are the same everywhere.
#[test]
fn text_is_plain_and_names_no_machine() {
    let hosts = ["static.crates", "index.crates", "crates.io-index", "deb.debian", "registry.npmjs", "pypi"];
    let mut banned: Vec<String> =
        ["root", "home", "work", "Users"].iter().map(|d| format!("/{d}/")).collect();
    banned.extend(hosts.iter().map(|h| format!("{h}.")));
    let text_file = |p: &str| {
        [".rs", ".toml", ".md", ".c", ".h", ".sh", ".py"].iter().any(|e| p.ends_with(e)) || p == ".ci/run"
    };
    let mut problems = Vec::new();
    for path in files().into_iter().filter(|p| text_file(p)) {
        for (n, line) in read(&path).lines().enumerate() {
            if !line.is_ascii() {
                problems.push(format!("{path}:{}: not ASCII", n + 1));
            }
            for word in banned.iter().filter(|w| line.contains(w.as_str())) {
                problems.push(format!("{path}:{}: names a machine: {word}", n + 1));
            }
        }
    }
    assert_none(&problems);
}

/// What the README shows is what is compiled and run.
#[test]
fn readme_shows_the_examples() {
    for (language, path) in [("rust", "ddi-core/examples/lease_db.rs"), ("c", "ffi/examples/lease_db.c")] {
        let example = read(path);
        let code = example.split_once("\n\n").map_or("", |(_, code)| code);
        assert!(!code.is_empty(), "{path}: a line that says what it is, an empty one, the code");
        let shown = read("README.md").contains(&format!("```{language}\n{code}```"));
        assert!(shown, "README.md does not show {path}");
    }
}

#[test]
fn modules_have_no_mod_rs_and_fuzz_targets_have_a_body_and_a_corpus() {
    let files = files();
    let mut problems: Vec<_> = files.iter().filter(|p| p.ends_with("/mod.rs")).cloned().collect();
    for target in files.iter().filter(|p| p.contains("/fuzz/fuzz_targets/")) {
        let (fuzz, name) = target.split_once("/fuzz_targets/").expect("filtered");
        let name = name.trim_end_matches(".rs");
        if !files.contains(&format!("{fuzz}/bodies/{name}.rs")) {
            problems.push(format!("{target}: no {fuzz}/bodies/{name}.rs"));
        }
        if !files.iter().any(|p| p.starts_with(&format!("{fuzz}/corpus/{name}/"))) {
            problems.push(format!("{target}: no seeds in {fuzz}/corpus/{name}/"));
        }
    }
    assert_none(&problems);
}
