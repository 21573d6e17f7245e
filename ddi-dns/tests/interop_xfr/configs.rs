//! What the daemons are told in their configurations: to serve or to fetch the zone, and to do it at once.

use super::daemon::{Kind, SECRET, Setup, ZONE};
use ddi_dns::tsig::Algorithm;
use std::path::Path;

/// Of a daemon whose files are in `dir`.
pub(crate) fn of(setup: &Setup, dir: &Path, primary: bool) -> String {
    match setup.kind {
        Kind::Bind => bind(setup, dir, primary),
        Kind::Knot => knot(setup, dir, primary),
        Kind::Nsd => nsd(setup, dir, primary),
    }
}

/// The name of the key's algorithm; of a key that nobody uses, if there is none.
fn algorithm(setup: &Setup) -> Algorithm {
    setup.key.unwrap_or(Algorithm::HmacSha256)
}

const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn bind(setup: &Setup, dir: &Path, primary: bool) -> String {
    let (dir, algorithm, ixfr) = (dir.display(), algorithm(setup), yes(setup.ixfr));
    let Setup { port, ours, .. } = setup;
    let (key, allowed) = if setup.key.is_some() { (" key xfr", "key xfr;") } else { ("", "any;") };
    let zone = if primary {
        format!(
            "type primary; file \"zone\"; allow-update {{ {allowed} }}; notify explicit;\n\
             also-notify {{ 127.0.0.1 port {ours}{key}; }}; max-ixfr-ratio unlimited;"
        )
    } else {
        format!(
            "type secondary; file \"copy\"; primaries {{ 127.0.0.1 port {ours}{key}; }};\n\
             allow-notify {{ any; }}; request-ixfr {ixfr}; min-retry-time 1; max-retry-time 2;"
        )
    };
    format!(
        "key xfr {{ algorithm {algorithm}; secret \"{SECRET}\"; }};\ncontrols {{ }};\n\
         options {{ directory \"{dir}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};\n\
         pid-file none; session-keyfile none; recursion no; dnssec-validation no; provide-ixfr {ixfr};\n\
         notify-delay 0; notify-rate 1000; startup-notify-rate 1000; serial-query-rate 1000; transfers-in 10;\n\
         allow-transfer {{ {allowed} }}; notify no; }};\n\
         zone \"{ZONE}\" {{ {zone} }};\n"
    )
}

fn knot(setup: &Setup, dir: &Path, primary: bool) -> String {
    let (dir, algorithm) = (dir.display(), algorithm(setup));
    let Setup { port, ours, .. } = setup;
    let key = if setup.key.is_some() { "\n    key: xfr" } else { "" };
    let zone = if primary {
        let provides = if setup.ixfr { "on" } else { "off" };
        format!(
            "file: zone\n    notify: ours\n    zonefile-sync: -1\n    zonefile-load: difference-no-serial\n    \
             journal-content: all\n    serial-policy: increment\n    provide-ixfr: {provides}"
        )
    } else {
        "file: copy\n    master: ours\n    zonefile-load: none\n    journal-content: all".to_owned()
    };
    format!(
        "server:\n    rundir: {dir}\n    listen: 127.0.0.1@{port}\n    tcp-workers: 1\n    udp-workers: 1\n    \
         background-workers: 1\n    automatic-acl: off\ndatabase:\n    storage: {dir}\nlog:\n  - target: stdout\n    \
         any: info\nkey:\n  - id: xfr\n    algorithm: {algorithm}\n    secret: {SECRET}\nremote:\n  - id: ours\n    \
         address: 127.0.0.1@{ours}{key}\nacl:\n  - id: all\n    address: 127.0.0.1{key}\n    \
         action: [transfer, update, notify]\nzone:\n  - domain: {ZONE}\n    storage: {dir}\n    acl: all\n    \
         refresh-min-interval: 2\n    retry-min-interval: 1\n    {zone}\n"
    )
}

fn nsd(setup: &Setup, dir: &Path, primary: bool) -> String {
    let (dir, algorithm, ixfr) = (dir.display(), algorithm(setup), yes(setup.ixfr));
    let Setup { port, ours, .. } = setup;
    let key = if setup.key.is_some() { "xfr" } else { "NOKEY" };
    let zone = if primary {
        format!(
            "zonefile: zone\n  notify: 127.0.0.1@{ours} {key}\n  create-ixfr: {ixfr}\n  store-ixfr: {ixfr}"
        )
    } else {
        let only = if setup.ixfr { "" } else { "AXFR " };
        format!(
            "zonefile: copy\n  request-xfr: {only}127.0.0.1@{ours} {key}\n  allow-notify: 127.0.0.1 {key}\n  \
             min-retry-time: 1\n  max-retry-time: 2"
        )
    };
    format!(
        "server:\n  server-count: 1\n  ip-address: 127.0.0.1\n  port: {port}\n  username: \"\"\n  zonesdir: {dir}\n  \
         database: \"\"\n  pidfile: {dir}/pid\n  xfrdfile: {dir}/state\n  zonelistfile: {dir}/list\n  \
         xfrdir: {dir}\n  verbosity: 3\n  xfrd-reload-timeout: 0\nremote-control:\n  control-enable: no\nkey:\n  name: xfr\n  \
         algorithm: {algorithm}\n  secret: {SECRET}\nzone:\n  name: {ZONE}\n  provide-xfr: 127.0.0.1 {key}\n  {zone}\n"
    )
}
