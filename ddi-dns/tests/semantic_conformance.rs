//! The checks of whole zones, upon zones that Knot keeps, each named after its fault; and that signed zones
//! are written as they were read.

use ddi_dns::zone::Builder;
use ddi_dns::zonefile::{Config, Parser, Step, Writer, check};
use ddi_dns::{Name, Snapshot};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    let root = std::env::var_os("DDI_VECTORS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"), PathBuf::from);
    let folder = root.join("dns/knot-semantic");
    assert!(folder.is_dir(), "no vectors in {}: set DDI_VECTORS", folder.display());
    folder
}

fn read(text: &[u8], apex: &Name) -> Result<Snapshot, String> {
    let mut config = Config::new("zone", apex.as_ref());
    config.ttl = Some(3600);
    let mut parser = Parser::new(&config);
    parser.push(text);
    parser.end();
    let mut builder = Builder::new(apex.as_ref());
    loop {
        match parser.step().map_err(|error| error.to_string())? {
            Step::Record(record) => builder
                .push(record.owner, record.rtype, record.ttl, record.rdata)
                .map_err(|error| error.to_string())?,
            Step::End => return builder.finish().map_err(|error| error.to_string()),
            other => return Err(format!("{other:?}")),
        }
    }
}

/// What is wrong with the zone.
fn faults(text: &[u8], apex: &Name) -> Vec<String> {
    match read(text, apex) {
        Ok(zone) => check(&zone).iter().map(ToString::to_string).collect(),
        Err(error) => vec![error],
    }
}

fn text_of(zone: &Snapshot) -> Vec<u8> {
    let mut text = Vec::new();
    let mut writer = Writer::new(zone.apex(), &mut text);
    let mut walk = zone.walk();
    while let Some(record) = walk.next() {
        writer.write(record.owner, record.ttl, record.rtype, record.rdata, &mut text);
    }
    text
}

/// What is wrong with each, and nothing else. Signatures are not verified, so that those that were made for
/// other data or with other keys pass where they fit.
const FAULTS: &[(&str, &[&str])] = &[
    ("cdnskey.cds", &[]),
    ("cdnskey.delete.both", &[]),
    (
        "cdnskey.delete.invalid.cdnskey",
        &["example.com.: CDS or CDNSKEY that deletes is not in its one form, or not alone"],
    ),
    (
        "cdnskey.delete.invalid.cds",
        &["example.com.: CDS or CDNSKEY that deletes is not in its one form, or not alone"],
    ),
    (
        "cdnskey.invalid",
        &[
            "example.com.: no CDNSKEY has the digest of the CDS of key 53851",
            "example.com.: no CDS has the digest of CDNSKEY 53851",
        ],
    ),
    (
        "cdnskey.invalid.param",
        &[
            "example.com.: no CDNSKEY has the digest of the CDS of key 53851",
            "example.com.: no CDS has the digest of CDNSKEY 53851",
        ],
    ),
    ("cdnskey.nocdnskey", &["example.com.: CDS without CDNSKEY"]),
    ("cdnskey.nocds", &["example.com.: CDNSKEY without CDS"]),
    ("cdnskey.nodnskey", &["example.com.: CDNSKEY 53851 is not among the DNSKEYs"]),
    ("cdnskey.orphan.cdnskey", &["example.com.: no CDS has the digest of CDNSKEY 19420"]),
    ("cdnskey.orphan.cds", &["example.com.: no CDNSKEY has the digest of the CDS of key 56474"]),
    ("cname_extra_01.zone", &["email.example.com.: CNAME and other data"]),
    ("cname_extra_02.signed", &["email.example.com.: CNAME and other data"]),
    ("cname_multiple.zone", &["email.example.com.: more than one CNAME"]),
    ("deleg_apex.zone", &["example.com.: the apex has no NS", "example.com.: DELEG at the apex"]),
    (
        "delegation.signed",
        &[
            "deleg.example.com.: signature of A, for which the zone is not authoritative",
            "deleg.example.com.: signature of NS, for which the zone is not authoritative",
        ],
    ),
    (
        "different_signer_name.signed",
        &["dns1.example.com.: signature of NSEC names another signer than the zone"],
    ),
    ("dname_apex_nsec3.signed", &[]),
    ("dname_children.zone", &["foo.example.com.: names below a DNAME"]),
    ("dname_extra_ns.zone", &["foo.example.com.: DNAME and NS, but not at the apex"]),
    ("dname_multiple.zone", &["foo.example.com.: more than one DNAME"]),
    ("dnskey_keytags.many", &["example.com.: too many DNSKEYs with tag 50687"]),
    ("dnskey_keytags.more", &["example.com.: too many DNSKEYs with tag 8746"]),
    (
        "dnskey_param_error.signed",
        &[
            "example.com.: DNSKEY 29345 is not flagged as a zone key",
            "example.com.: DNSKEY 31835 has a protocol other than 3",
            "example.com.: no signature of SOA is of a key of the zone",
            "example.com.: no signature of NS is of a key of the zone",
            "example.com.: no signature of DNSKEY is of a key of the zone",
            "example.com.: no signature of NSEC3PARAM is of a key of the zone",
            "20G1GOL477RO51RK9A9NFD54TFQAL7IQ.example.com.: no signature of NSEC3 is of a key of the zone",
            "dns1.example.com.: no signature of A is of a key of the zone",
            "UTQVUHU2BLK3DHMRR5T1HD9VTEOHQT0A.example.com.: no signature of NSEC3 is of a key of the zone",
        ],
    ),
    ("ds_apex.zone", &["example.com.: DS at the apex"]),
    ("duplicate.signature", &[]),
    (
        "glue_apex_both.missing",
        &[
            "example.com.: no address of the name server dns1.example.com. that is in the zone",
            "example.com.: no address of the name server dns2.example.com. that is in the zone",
        ],
    ),
    (
        "glue_apex_one.missing",
        &["example.com.: no address of the name server dns2.example.com. that is in the zone"],
    ),
    (
        "glue_besides.missing",
        &["deleg.example.com.: no address of the name server dns2.example.com. that is in the zone"],
    ),
    (
        "glue_deleg.missing",
        &["deleg.example.com.: no address of the name server ns1.deleg.example.com. that is in the zone"],
    ),
    (
        "glue_in_apex.missing",
        &["example.com.: no address of the name server example.com. that is in the zone"],
    ),
    ("glue_in_deleg.valid", &[]),
    ("glue_no_foreign.valid", &[]),
    ("glue_wildcard.valid", &[]),
    (
        "invalid_ds.signed",
        &[
            "deleg.example.com.: DS of key 60485 has digest type 0, unknown or of another length",
            "deleg.example.com.: DS of key 60485 has digest type 5, unknown or of another length",
            "deleg.example.com.: DS of key 60485 has digest type 6, unknown or of another length",
            "deleg.example.com.: DS of key 60485 has digest type 127, unknown or of another length",
            "deleg.example.com.: DS has no signature",
            "deleg.example.com.: no NSEC3",
            "ui312kqop1ng8iqeiefnpsla94kb5q92.example.com.: NSEC3 of no name",
        ],
    ),
    (
        "missing.signed",
        &[
            "mail.example.com.: signature of NSEC, which is not there",
            "dns1.example.com.: NSEC does not lead to the next name, mail.example.com.",
            "mail.example.com.: no NSEC",
        ],
    ),
    ("no_error_delegation_bitmap.signed", &[]),
    ("no_error_nsec3_optout.signed", &[]),
    (
        "no_rrsig.signed",
        &["dns1.example.com.: A has no signature", "dns1.example.com.: NSEC has no signature"],
    ),
    ("no_rrsig_with_delegation.signed", &["deleg.example.com.: NSEC has no signature"]),
    ("ns_apex.missing", &["example.com.: the apex has no NS"]),
    (
        "nsec3_chain_01.signed",
        &["mjv836rjqej5ubghvksq7n44rso3q938.example.com.: NSEC3 does not lead to the next hash"],
    ),
    (
        "nsec3_chain_02.signed",
        &[
            "6dfjitu5vml86qnku9fo2ljddqqtqpvt.example.com.: NSEC3 does not lead to the next hash",
            "utqvuhu2blk3dhmrr5t1hd9vteohqt0a.example.com.: NSEC3 does not lead to the next hash",
        ],
    ),
    (
        "nsec3_chain_03.signed",
        &[
            "20g1gol477ro51rk9a9nfd54tfqal7iq.example.com.: NSEC3 does not lead to the next hash",
            "mjv836rjqej5ubghvksq7n44rso3q938.example.com.: NSEC3 does not lead to the next hash",
        ],
    ),
    (
        "nsec3_ds.signed",
        &[
            "deleg.example.com.: signature of A, for which the zone is not authoritative",
            "deleg.example.com.: signature of NS, for which the zone is not authoritative",
            "deleg.example.com.: no NSEC3",
            "ui312kqop1ng8iqeiefnpsla94kb5q92.example.com.: NSEC3 of no name",
        ],
    ),
    ("nsec3_missing.signed", &["extra.example.com.: no NSEC3"]),
    ("nsec3_optout.signed", &["zzz.example.com.: delegation is in the span of an NSEC3 without opt-out"]),
    ("nsec3_optout_ent.all", &[]),
    ("nsec3_optout_ent.invalid", &["ent.example.com.: no NSEC3"]),
    ("nsec3_optout_ent.valid", &[]),
    (
        "nsec3_param_invalid.signed",
        &[
            "example.com.: NSEC3PARAM has flags",
            "example.com.: no NSEC3",
            "deleg.example.com.: no NSEC3",
            "dns1.example.com.: no NSEC3",
        ],
    ),
    ("nsec3_wrong_bitmap_01.signed", &["example.com.: NSEC3 has other types than the name"]),
    ("nsec3_wrong_bitmap_02.signed", &["dns1.example.com.: NSEC3 has other types than the name"]),
    (
        "nsec_broken_chain_01.signed",
        &["dns1.example.com.: NSEC does not lead to the next name, www.example.com."],
    ),
    ("nsec_broken_chain_02.signed", &["www.example.com.: NSEC does not lead to the next name, example.com."]),
    (
        "nsec_missing.signed",
        &[
            "dns1.example.com.: NSEC does not lead to the next name, www.example.com.",
            "www.example.com.: no NSEC",
        ],
    ),
    (
        "nsec_multiple.signed",
        &[
            "www.example.com.: more than one NSEC",
            "www.example.com.: NSEC does not lead to the next name, example.com.",
        ],
    ),
    (
        "nsec_nonauth.invalid",
        &["nonauth.deleg.example.com.: NSEC of a name for which the zone is not authoritative"],
    ),
    ("nsec_wrong_bitmap_01.signed", &["www.example.com.: NSEC has other types than the name"]),
    ("nsec_wrong_bitmap_02.signed", &["www.example.com.: NSEC has other types than the name"]),
    (
        "rrsig_rdata_ttl.signed",
        &["dns1.example.com.: signature of A has another original ttl than the rrset"],
    ),
    ("rrsig_signed.signed", &["dns1.example.com.: signature of signatures"]),
    ("rrsig_ttl.signed", &["dns1.example.com.: signature of A has another ttl than the rrset"]),
    ("soa.duplicate", &[]),
    ("soa.missing", &["zone has no SOA"]),
    ("soa.multiple", &["zone has more than one SOA"]),
    ("soa.nonfirst", &[]),
    ("soa.relative", &[]),
];

#[test]
fn every_zone_has_the_fault_that_it_is_named_after() {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut problems = Vec::new();
    for name in &names {
        let apex: Name =
            if name == "soa.relative" { "soa.relative." } else { "example.com." }.parse().unwrap();
        let found = faults(&std::fs::read(folder().join(name)).unwrap(), &apex);
        match FAULTS.iter().find(|row| row.0 == name) {
            Some((_, expected)) if found == *expected => {}
            _ => problems.push(format!("    (\"{name}\", &{found:#?}),")),
        }
    }
    assert_eq!(names.len(), FAULTS.len(), "zones");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn zones_are_written_as_they_were_read() {
    let mut zones = 0;
    for file in std::fs::read_dir(folder()).unwrap() {
        let apex: Name = "example.com.".parse().unwrap();
        let Ok(zone) = read(&std::fs::read(file.unwrap().path()).unwrap(), &apex) else { continue };
        let text = text_of(&zone);
        let again = read(&text, &apex).unwrap();
        assert_eq!(text_of(&again), text);
        assert_eq!((again.records(), again.wire_len()), (zone.records(), zone.wire_len()));
        zones += 1;
    }
    assert!(zones > 60, "{zones}");
}
