//! The example programs, run as their users do: what they print, and their exit codes.

use ddi_core::{BindingState, DbConfig, Expect, FileStorage, HwAddr, Lease, LeaseDb, LeaseKey, LeaseStore};
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Once};

/// An example. Plain `cargo test` has built it; `cargo test --test examples` has not, so cargo is asked.
fn example(name: &str) -> Command {
    static BUILT: Once = Once::new();
    // target/PROFILE/deps/examples-HASH: the examples are two steps up and one down.
    let test = std::env::current_exe().expect("this program");
    let profile = test.parent().and_then(Path::parent).expect("the profile's folder").to_owned();
    BUILT.call_once(|| {
        let release = profile.file_name().is_some_and(|name| name == "release");
        let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "-p", "ddi-core", "--examples"])
            .args(["--profile", if release { "release" } else { "test" }, "--target-dir"])
            .arg(profile.parent().expect("the target folder"))
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status();
        assert!(built.is_ok_and(|status| status.success()), "the examples could not be built");
    });
    Command::new(profile.join("examples").join(name))
}

/// A folder that is removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ddi-examples-{test}-{}", std::process::id()));
        fs::create_dir(&path).expect("a folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What `inspect_log DIR WORDS...` prints, and its exit code.
fn inspect(dir: &Path, words: &[&str]) -> (String, Option<i32>) {
    let output = example("inspect_log").arg(dir).args(words).output().expect("runs");
    (text(&output.stdout), output.status.code())
}

/// A database of so many leases, each in a batch of its own, with snapshots if `compact`.
fn database(dir: &Path, leases: u32, compact: bool) {
    let storage = Arc::new(FileStorage::open(dir).expect("opens"));
    let (mut db, _) = LeaseDb::open(storage, &DbConfig::new([1; 16])).expect("opens");
    for number in 0..leases {
        let mut lease = Lease::new(LeaseKey::v4((0x0a00_0000 + number).into()));
        lease.state = BindingState::Active;
        lease.hw_addr = HwAddr::new(1, &[2, 0, 0, 0, 0, number as u8]).expect("an address");
        db.put(&mut lease, Expect::Absent).expect("puts");
        db.commit().expect("commits");
    }
    if compact {
        db.compact().expect("compacts");
    }
}

/// Changes one byte of the only file whose name passes.
fn damage(dir: &Path, is_it: impl Fn(&str) -> bool, at: impl Fn(usize) -> usize) {
    let files = fs::read_dir(dir).expect("a folder").map(|file| file.expect("a file").path());
    let files: Vec<_> =
        files.filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(&is_it)).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let mut bytes = fs::read(file).expect("reads");
    let at = at(bytes.len());
    bytes[at] ^= 0x40;
    fs::write(file, bytes).expect("writes");
}

#[test]
fn inspect_log_shows_and_verifies() {
    let scratch = Scratch::new("inspect");
    let dir = scratch.0.join("db");
    database(&dir, 5, false);
    let (shown, code) = inspect(&dir, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(shown.lines().filter(|line| line.starts_with("batch ")).count(), 5, "{shown}");
    assert!(shown.ends_with("5 batches, 5 operations\n"), "{shown}");
    let (with_ops, code) = inspect(&dir, &["ops"]);
    assert_eq!(code, Some(0));
    let op = with_ops.lines().find_map(|line| line.strip_prefix("    3 ")).expect("the third operation");
    assert!(op.contains("020000000002") && op.bytes().all(|byte| byte.is_ascii_hexdigit()), "{op}");
    assert_eq!(inspect(&dir, &["verify"]), ("5 whole batches, 0 findings\n".to_owned(), Some(0)));

    for words in [&["frobnicate"][..], &["salvage"], &["verify", "x"]] {
        assert_eq!(inspect(&dir, words), (String::new(), Some(2)), "{words:?}");
    }
    let nowhere = scratch.0.join("nowhere");
    assert_eq!(inspect(&nowhere, &["verify"]).1, Some(2));
    assert!(!nowhere.exists(), "looking makes nothing");
}

#[test]
fn inspect_log_finds_damage_and_saves_the_rest() {
    let scratch = Scratch::new("salvage");
    let (dir, new) = (scratch.0.join("db"), scratch.0.join("new"));
    database(&dir, 5, false);
    fs::write(dir.join("note"), "of somebody").expect("writes");
    let (shown, _) = inspect(&dir, &[]);
    // `batch FILE+OFFSET lsn ...`: into the third one's payload.
    let third = shown.lines().filter(|line| line.starts_with("batch ")).nth(2).expect("a third");
    let offset = third.split(['+', ' ']).nth(2).and_then(|offset| offset.parse::<usize>().ok());
    damage(&dir, |name| name.ends_with(".log"), |_| offset.expect("an offset") + 70);
    let (found, code) = inspect(&dir, &["verify"]);
    assert_eq!(code, Some(1), "{found}");
    assert!(found.contains("DAMAGE ") && found.contains("GAP   lsn 3..3"), "{found}");
    let (saved, code) = inspect(&dir, &["salvage", new.to_str().expect("a name")]);
    assert_eq!(code, Some(1), "something is lost: {saved}");
    assert!(saved.contains("LOST  lsn 3..3") && saved.contains("saved 4 leases"), "{saved}");
    assert_eq!(fs::read_to_string(new.join("note")).expect("copied"), "of somebody");
    let (db, _) = LeaseDb::open(Arc::new(FileStorage::open(&new).expect("opens")), &DbConfig::new([1; 16]))
        .expect("what is saved opens");
    assert_eq!(db.len(), 4);
    drop(db);
    // A whole one loses nothing.
    let (whole, other) = (scratch.0.join("whole"), scratch.0.join("other"));
    database(&whole, 3, true);
    let (saved, code) = inspect(&whole, &["salvage", other.to_str().expect("a name")]);
    assert_eq!(code, Some(0), "{saved}");
    assert!(saved.contains("saved 3 leases: snapshot of lsn 3"), "{saved}");
}

#[test]
fn inspect_log_verifies_snapshots() {
    let scratch = Scratch::new("snapshot");
    let dir = scratch.0.join("db");
    database(&dir, 5, true);
    assert_eq!(inspect(&dir, &["verify"]).1, Some(0));
    damage(&dir, |name| name.starts_with("snapshot-"), |len| len / 2);
    let (found, code) = inspect(&dir, &["verify"]);
    assert_eq!(code, Some(1), "{found}");
    assert!(found.contains("DAMAGE snapshot-0000000000000005"), "{found}");
}

#[test]
fn lease_scale_prints_one_line_of_json() {
    let scratch = Scratch::new("scale");
    let run = |count: &str| {
        let command = &mut example("lease_scale");
        command.arg(count).env("DDI_SCALE_DIR", &scratch.0).output().expect("runs")
    };
    for count in [1, 2500] {
        let output = run(&count.to_string());
        assert!(output.status.success(), "{output:?}");
        let line = text(&output.stdout);
        assert_eq!(line.lines().count(), 1, "{line}");
        let json: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(json["leases"], count);
        for key in ["puts_per_second", "reopen_seconds", "disk_bytes", "rss_bytes", "bytes_per_lease"] {
            assert!(json[key].as_f64().is_some_and(|number| number >= 0.0), "{key}: {line}");
        }
        assert!(json["disk_bytes"].as_u64() > Some(40 * count), "{line}");
    }
    for count in ["0", "", "-1", "many"] {
        let output = run(count);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{count:?}");
        assert!(text(&output.stderr).contains("usage: lease_scale N"), "{output:?}");
    }
    assert_eq!(fs::read_dir(&scratch.0).expect("a folder").count(), 0, "nothing stays behind");
}

#[test]
fn lease_file_turns_one_format_into_another() {
    let run = |words: &[&str], input: &str| -> Output {
        let command = &mut example("lease_file");
        let command = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        // Whoever wants no input may be gone.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        child.wait_with_output().expect("ends")
    };
    let kea = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n\
               10.0.0.5,02:00:00:00:00:05,,4000,2000000000,1,0,0,five,0,,0\n\
               10.0.0.6,02:00:00:00:00:0g,,4000,2000000000,1,0,0,six,0,,0\n\
               10.0.0.5,02:00:00:00:00:05,,4000,2000004000,1,0,0,newer,0,,0\n";
    let output = run(&["kea", "dhcpd4"], kea);
    assert!(output.status.success(), "{output:?}");
    let (dhcpd, errors) = (text(&output.stdout), text(&output.stderr));
    assert!(dhcpd.contains("lease 10.0.0.5 {") && dhcpd.contains("02:00:00:00:00:05"), "{dhcpd}");
    assert!(dhcpd.contains("newer") && !dhcpd.contains("five") && !dhcpd.contains("10.0.0.6"), "{dhcpd}");
    assert!(errors.contains("skipped: ") && errors.contains("line 3"), "{errors}");
    assert!(errors.contains("1 leases in, 1 out"), "{errors}");
    // And back.
    let output = run(&["dhcpd", "kea4"], &dhcpd);
    assert!(output.status.success(), "{output:?}");
    let row = "10.0.0.5,02:00:00:00:00:05,";
    assert!(text(&output.stdout).lines().any(|line| line.starts_with(row) && line.contains("2000004000")));
    for words in [&[][..], &["kea"], &["kea", "dhcpd5"], &["isc", "kea4"]] {
        let output = run(words, kea);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()), "{words:?}");
        assert!(text(&output.stderr).contains("usage: lease_file"), "{output:?}");
    }
}
