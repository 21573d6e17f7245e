//! Mistakes in the configuration: each is told with its line, and nothing is started.

use super::CONFIG;
use super::harness::{Home, Node, Relay};
use std::path::Path;

/// What is replaced by what in a good file, the line of the mistake, and a part of the message.
const MISTAKES: &[(&str, &str, u32, &str)] = &[
    ("cache_threshold_percent", "cache_treshold_percent", 5, "cache_treshold_percent"),
    ("[dhcp4]", "[dhcp5]\nlisten = \"127.0.0.1:0\"\n[dhcp4]", 3, "dhcp5"),
    ("lease_seconds = 4000", "lease_seconds = 4000\nlease_second = 1", 12, "lease_second"),
    ("hw_addr = ", "hw_adr = ", 14, "hw_adr"),
    ("lease_seconds = 4000", "lease_seconds = \"4000\"", 11, "expected u32"),
    ("lease_seconds = 4000", "lease_seconds = 0", 11, "lease times"),
    ("lease_seconds = 4000", "max_lease_seconds = 0", 11, "lease times"),
    ("cache_threshold_percent = 0", "cache_threshold_percent = 101", 5, "101"),
    ("cache_threshold_percent = 0", "rapid_commit = true\nmin_lease_seconds = 0", 6, "lease times"),
    ("cache_threshold_percent = 0", "relay_port = 67\nclient_port = 0", 6, "ports"),
    ("cache_threshold_percent = 0", "\noffer_seconds = 0", 6, "offer_seconds"),
    ("cache_threshold_percent = 0", "\nquarantine_seconds = 0", 6, "quarantine_seconds"),
    ("cache_threshold_percent = 0", "\nping_millis = 0", 6, "ping_millis"),
    ("cache_threshold_percent = 0", "\nflood = { per_client = 0 }", 6, "per_client must be at least 1"),
    ("cache_threshold_percent = 0", "\nflood = { per_relay = 0 }", 6, "per_relay must be at least 1"),
    (
        "cache_threshold_percent = 0",
        "\nboot = { server_name = \"1234567890123456789012345678901234567890123456789012345678901234\" }",
        6,
        "server_name",
    ),
    (
        "address = \"10.77.1.1\"",
        "address = \"10.77.1.1\"\nhostname = \"1234567890123456789012345678901234567890123456789012345678901234\"",
        16,
        "hostname",
    ),
    ("127.0.0.1:0", "127.0.0.1", 4, "address"),
    ("10.77.0.0/16", "10.77.0.1/16", 8, "host bits"),
    ("10.77.0.0/16", "10.77.0.0/33", 8, "prefix"),
    ("10.77.16.0-10.77.17.255", "10.78.16.0-10.78.17.255", 10, "10.78.16.0"),
    ("10.77.16.0-10.77.17.255", "10.77.17.255-10.77.16.0", 10, "before"),
    ("10.77.16.0-10.77.17.255", "10.77.16.0-10.77.16.9\", \"10.77.16.9-10.77.16.20", 10, "overlaps"),
    ("lease_seconds = 4000", "exclude = [\"10.77.16.9\", \"10.78.0.1\"]", 11, "10.78.0.1"),
    ("lease_seconds = 4000", "exclude = [\"10.77.16.9-10.77.16.8\"]", 11, "before"),
    ("routers", "routres", 12, "routres"),
    ("[\"10.77.0.1\"]", "[\"10.77.0\"]", 12, "10.77.0"),
    ("routers = [\"10.77.0.1\"]", "53 = \"hex:01\"", 12, "53"),
    ("02:dd:00:00:00:05", "02:dd:00:00:00:0x", 14, "02:dd:00:00:00:0x"),
    ("10.77.1.1", "10.78.1.1", 15, "10.78.1.1"),
    ("address = \"10.77.1.1\"", "address = \"10.77.1.1\"\ncircuit_id = \"x\"", 15, "one of"),
    ("hw_addr = \"02:dd:00:00:00:05\"", "client_id = \"\"", 14, "0 bytes"),
    (
        "[[dhcp4.subnet.reservation]]",
        "[[dhcp4.subnet.pool]]\nrange = \"10.77.8.1-10.77.8.9\"\nclasses = [\"x\"]\n[[dhcp4.subnet.reservation]]",
        15,
        "no class is called",
    ),
    (
        "address = \"10.77.1.1\"",
        "address = \"10.77.1.1\"\n[[dhcp4.subnet.reservation]]\nhw_addr = \"02:dd:00:00:00:05\"\naddress = \"10.77.1.2\"",
        17,
        "the same client",
    ),
    ("data_dir = \"state\"", "data_dir =", 2, ""),
    ("[dhcp4]", "[dhcp4.names]\nsuffix = \".example.com\"\n[dhcp4]", 4, "not a name"),
    ("[dhcp4]", "[dhcp4.names]\nsufix = \"example.com\"\n[dhcp4]", 4, "sufix"),
    ("[dhcp4]", "[log]\nsegment_mib = 0\n[dhcp4]", 4, "MiB"),
    ("[dhcp4]", "[dhcp4]\nrenewal_permille = 875", 4, "T1 and T2"),
    ("[dhcp4]", "[dhcp4]\ninterface = \"nosuch0\"", 4, "0.0.0.0"),
    ("127.0.0.1:0\"", "0.0.0.0:0\"\ninterface = \"nosuch0\"", 5, "no interface"),
];

/// A file with names and a partner.
const LARGE: &str = r#"
data_dir = "state"
[dhcp4]
listen = "127.0.0.1:0"
[[dhcp4.subnet]]
prefix = "10.77.0.0/16"
pools = ["10.77.16.0-10.77.17.255"]
ddns = { forward = "example.com", reverse = "77.10.in-addr.arpa" }
[[failover]]
name = "office"
role = "primary"
listen = "127.0.0.1:6471"
partner = "127.0.0.1:6472"
mclt_seconds = 60
split = 128
receive_timer_seconds = 10
max_unacked = 20
subnets = ["10.77.0.0/16"]
[dns]
listen = "127.0.0.1:0"
udp_payload_max = 1232
[[tsig_key]]
name = "ddns"
algorithm = "hmac-sha256"
secret = "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
[[zone]]
name = "example.com"
role = "primary"
file = "example.com.zone"
notify = ["127.0.0.1:5310"]
notify_key = "ddns"
allow_transfer = ["127.0.0.0/8"]
allow_update = ["key:ddns"]
serial_policy = { modulo = [1, 2] }
[[zone]]
name = "77.10.in-addr.arpa"
role = "secondary"
primaries = ["127.0.0.1:5310"]
primaries_key = "ddns"
"#;

/// As [`MISTAKES`], of that.
const MISTAKES_IN_LARGE: &[(&str, &str, u32, &str)] = &[
    ("[[dhcp4.subnet]]", "bootp = true\n[[dhcp4.subnet]]", 5, "for ever"),
    ("[dns]\nlisten = \"127.0.0.1:0\"\nudp_payload_max = 1232\n", "", 24, "needs [dns]"),
    ("listen = \"127.0.0.1:0\"\nudp", "listen = \"localhost:53\"\nudp", 20, "address"),
    ("udp_payload_max = 1232", "udp_payload_max = 511", 21, "512"),
    ("udp_payload_max = 1232", "udp_payload_max = 9000", 21, "4096"),
    ("udp_payload_max = 1232", "udp_payload = 1232", 21, "udp_payload"),
    ("hmac-sha256", "hmac-sha3", 24, "hmac-sha3"),
    ("c2VjcmV0IG9mIHRoZSB0ZXN0cw==", "c2VjcmV0IG9mIHRoZSB0ZXN0cw!", 25, "base64"),
    ("name = \"ddns\"", "name = \"dd..ns\"", 23, "not a name"),
    (
        "[[zone]]",
        "[[tsig_key]]\nname = \"DDNS\"\nalgorithm = \"hmac-sha1\"\nsecret = \"aaaa\"\n[[zone]]",
        27,
        "same name",
    ),
    ("name = \"example.com\"", "name = \"example..com\"", 27, "not a name"),
    ("role = \"primary\"\nfile", "role = \"main\"\nfile", 28, "main"),
    (
        "role = \"primary\"\nfile",
        "role = \"primary\"\nprimaries = [\"127.0.0.1:1\"]\nfile",
        27,
        "no primaries",
    ),
    ("file = \"example.com.zone\"\n", "", 27, "file"),
    ("[\"127.0.0.1:5310\"]\nnotify_key", "[\"127.0.0.1\"]\nnotify_key", 30, "address"),
    ("notify_key = \"ddns\"", "notify_key = \"other\"", 31, "no key \"other\""),
    ("\"127.0.0.0/8\"", "\"127.0.0.0/33\"", 32, "127.0.0.0/33"),
    ("\"key:ddns\"", "\"key:other\"", 33, "no key \"other\""),
    ("[1, 2]", "[2, 2]", 27, "modulo"),
    ("{ modulo = [1, 2] }", "\"sometimes\"", 34, "sometimes"),
    ("primaries = [\"127.0.0.1:5310\"]\nprimaries_key", "primaries_key", 36, "primaries"),
    ("name = \"77.10.in-addr.arpa\"", "name = \"EXAMPLE.com\"", 36, "twice"),
    ("primaries_key = \"ddns\"", "primaries_key = \"other\"", 39, "no key \"other\""),
    ("forward = \"example.com\"", "forward = \"example.org\"", 8, "no zone \"example.org\""),
    ("reverse = \"77.10.in-addr.arpa\"", "reverse = \"78.10.in-addr.arpa\"", 8, "no zone"),
    ("forward = \"example.com\", ", "", 8, "forward"),
    ("role = \"primary\"\nlisten", "role = \"first\"\nlisten", 11, "first"),
    ("name = \"office\"", "name = \"\"", 10, "1 to 255 bytes"),
    ("127.0.0.1:6471", "127.0.0.1", 12, "address"),
    ("partner = \"127.0.0.1:6472\"\n", "", 9, "partner"),
    ("partner = \"127.0.0.1:6472\"", "partner = \"127.0.0.1:6471\"", 13, "where this server listens"),
    ("partner = \"127.0.0.1:6472\"", "partner = \"0.0.0.0:6472\"", 13, "nobody"),
    ("partner = \"127.0.0.1:6472\"", "partner = \"127.0.0.1:0\"", 13, "nobody"),
    ("subnets = [\"10.77.0.0/16\"]", "subnets = [\"10.77.0.0/16\", \"10.77.0.0/16\"]", 10, "twice"),
    ("mclt_seconds = 60", "mclt_seconds = 0", 14, "at least 1"),
    ("split = 128", "split = 257", 15, "256"),
    ("receive_timer_seconds = 10", "receive_timer_seconds = 2", 16, "at least 3"),
    ("max_unacked = 20", "max_unacked = 0", 17, "at least 1"),
    ("max_unacked = 20", "auto_partner_down_seconds = 0", 17, "at least 1"),
    ("max_unacked = 20", "min_balance_seconds = 3601", 17, "at most max_balance_seconds, 3600"),
    (
        "max_unacked = 20",
        "max_balance_seconds = 300\nmin_balance_seconds = 301",
        18,
        "at most max_balance_seconds, 300",
    ),
    ("subnets = [\"10.77.0.0/16\"]", "subnets = [\"10.78.0.0/16\"]", 18, "10.78.0.0/16"),
    ("subnets = [\"10.77.0.0/16\"]", "pools = [\"10.77.16.0-10.77.16.255\"]", 18, "no subnet has the pool"),
    ("subnets = [\"10.77.0.0/16\"]\n", "", 10, "pools or subnets"),
    (
        "[dns]",
        "[[failover]]\nname = \"office\"\nrole = \"primary\"\nlisten = \"127.0.0.1:1\"\npartner = \"127.0.0.1:2\"\nsubnets = [\"10.77.0.0/16\"]\n[dns]",
        20,
        "twice",
    ),
    (
        "[dns]",
        "[[failover]]\nname = \"b\"\nrole = \"primary\"\nlisten = \"127.0.0.1:1\"\npartner = \"127.0.0.1:2\"\nsubnets = [\"10.77.0.0/16\"]\n[dns]",
        20,
        "belongs to \"office\" and to \"b\"",
    ),
];

#[test]
fn bad_files_are_refused_with_their_line() {
    let all = MISTAKES.iter().map(|mistake| (CONFIG, mistake));
    for (file, (good, bad, line, part)) in all.chain(MISTAKES_IN_LARGE.iter().map(|mistake| (LARGE, mistake)))
    {
        assert!(file.contains(good), "{good}");
        let home = Home::new(&file.replacen(good, bad, 1));
        let output = home.run_to_end();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{bad}: {said}");
        assert!(said.contains(&format!("node.toml:{line}: ")), "{bad}: {said}");
        assert!(said.contains(part), "{bad}: {said}");
        assert!(output.stdout.is_empty());
        assert!(!home.0.join("state").exists(), "{bad}: something was started");
    }
    let missing = Home::new("");
    std::fs::remove_file(missing.config()).unwrap();
    assert_eq!(missing.run_to_end().status.code(), Some(2));
}

#[test]
fn the_example_configuration_is_good() {
    let home = example(
        "example.toml",
        &[
            ("0.0.0.0:67", "0.0.0.0:0"),
            ("\"eth0\"", "\"lo\""),
            ("/var/lib/ddi-node", "state"),
            ("0.0.0.0:53", "127.0.0.1:0"),
            ("10.77.0.10:647", "127.0.0.1:0"),
            ("10.77.0.11:53", "127.0.0.1:1"),
            ("10.77.0.11:647", "127.0.0.1:1"),
            ("192.0.2.53:53", "127.0.0.1:1"),
        ],
    );
    for zone in ["example.com", "77.10.in-addr.arpa"] {
        let text =
            "$TTL 300\n@ SOA ns.example.com. admin.example.com. 1 3600 600 86400 300\n@ NS ns.example.com.\n";
        std::fs::write(home.0.join(format!("{zone}.zone")), text).unwrap();
    }
    let node = Node::start(&home);
    let subnets = &home.ctl_json(&["status"])["dhcp4"]["subnets"];
    assert_eq!(subnets[0]["prefix"], "10.77.0.0/16");
    assert_eq!(subnets[0]["pools"].as_array().unwrap().len(), 2);
    assert!(node.stop().success());
}

#[test]
fn the_loopback_configuration_serves_relays() {
    let home = example("loopback.toml", &[("127.0.0.1:6767", "127.0.0.1:0"), ("/tmp/ddi-node", "state")]);
    let node = Node::start(&home);
    assert_eq!(Relay::new(&node).bind(1).to_string(), "10.77.16.0");
    assert!(node.stop().success());
}

/// An example, with what fits no test replaced.
fn example(name: &str, replaced: &[(&str, &str)]) -> Home {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/node").join(name);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (from, to) in replaced {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    Home::new(&text)
}
