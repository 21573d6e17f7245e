//! C programs: compiled against the header and the library of this very build, and run. Each test has a folder
//! of its own, and no program outlives its test.

use super::{ffi, run};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What C is compiled with everywhere.
pub(crate) const STRICT: [&str; 5] = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];
/// Address and undefined-behaviour sanitizer; the first finding ends the program.
pub(crate) const SANITIZED: [&str; 4] =
    ["-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/// Thread sanitizer. It knows nothing of the library's own locks, only of the program's.
pub(crate) const THREADS: [&str; 4] = ["-g", "-O1", "-fsanitize=thread", "-fno-sanitize-recover=all"];
/// For valgrind.
pub(crate) const PLAIN: [&str; 2] = ["-g", "-O1"];
/// A program that hangs is ended after this.
const PATIENCE: Duration = Duration::from_secs(600);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Linkage {
    Static,
    Shared,
}

/// The folder in which cargo has put the libraries: beside the tests, or above.
pub(crate) fn libraries() -> PathBuf {
    let exe = std::env::current_exe().expect("the test's own path");
    let mut folders = exe.ancestors().skip(1).take(2);
    let found = folders.find(|folder| folder.join("libddi.a").exists() && folder.join("libddi.so").exists());
    found.expect("libddi.a and libddi.so beside the tests").to_owned()
}

/// A folder that goes when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ddi-c-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn sub(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::create_dir_all(&path).expect("a folder");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Compiles one source, with these flags, to an object in `into`.
pub(crate) fn compile(source: &Path, flags: &[&str], into: &Path) -> PathBuf {
    let name = source.file_stem().expect("a file").to_string_lossy();
    let object = into.join(format!("{name}.o"));
    let mut cc = Command::new("cc");
    cc.args(STRICT).args(flags).arg("-c").arg("-I").arg(ffi().join("../include"));
    cc.arg("-I").arg(ffi().join("tests")).arg(source).arg("-o").arg(&object);
    run(&mut cc);
    object
}

/// Links an object with the library. A program with the shared one finds it by its soname.
pub(crate) fn link(object: &Path, flags: &[&str], linkage: Linkage) -> PathBuf {
    let program = object.with_extension(format!("{linkage:?}").to_lowercase());
    let mut cc = Command::new("cc");
    cc.args(flags).arg(object).arg("-o").arg(&program);
    match linkage {
        Linkage::Static => cc.arg(libraries().join("libddi.a")),
        Linkage::Shared => {
            let folder = object.parent().expect("a folder");
            installed(folder);
            cc.arg("-L").arg(folder).args(["-lddi", "-Wl,-rpath"]).arg(folder)
        }
    };
    run(cc.args(["-lpthread", "-ldl", "-lm"]));
    program
}

/// As an installation has it: the library under its soname, and the name that linkers look for.
fn installed(folder: &Path) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let library = libraries().join("libddi.so");
    let said = run(Command::new("objdump").arg("-p").arg(&library));
    let soname = said.lines().find_map(|line| line.trim().strip_prefix("SONAME")).expect("a soname").trim();
    for (name, target) in [(soname, library.as_path()), ("libddi.so", Path::new(soname))] {
        if !folder.join(name).exists() {
            std::os::unix::fs::symlink(target, folder.join(name)).expect("a link");
        }
    }
}

/// A program under valgrind: what it finds, a leak included, is the program's failure.
pub(crate) fn under_valgrind(program: &Path) -> Command {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible"]);
    valgrind.args(["--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99"]).arg(program);
    valgrind
}

/// Ended with all that it has started, whatever happens.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = format!("-{}", self.0.id());
        let mut kill = Command::new("kill");
        let _ = kill.args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program to its end, in a folder of its own. What it said, if it did not end well.
pub(crate) fn execute(command: &mut Command, folder: &Path) -> Result<String, String> {
    let said = folder.join("said");
    let out = std::fs::File::create(&said).expect("a file");
    let error = out.try_clone().expect("a file");
    command
        .current_dir(folder)
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(error)
        .process_group(0);
    let mut group = Group(command.spawn().map_err(|e| format!("{command:?}: {e}"))?);
    let deadline = Instant::now() + PATIENCE;
    let status = loop {
        match group.0.try_wait().expect("its status") {
            Some(status) => break status.to_string(),
            None if Instant::now() > deadline => break "it does not end".to_owned(),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut text = String::new();
    let mut file = std::fs::File::open(&said).expect("what it said");
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("what it said");
    text.push_str(&String::from_utf8_lossy(&bytes));
    if status == "exit status: 0" { Ok(text) } else { Err(format!("{command:?}: {status}\n{text}")) }
}

/// Does `work` for each item, two at a time; all of them, even if some fail. Panics with all that failed.
pub(crate) fn for_each<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), String> + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(text) = work(item) {
                failed.lock().expect("no worker panics with it").push(text);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(worker);
        scope.spawn(worker);
    });
    let failed = failed.into_inner().expect("no worker panics with it");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
