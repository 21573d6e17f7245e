//! EDNS, its options, and answers that do not fit.

use crate::sample;
use crate::support::{Ask, ask, ask_with, context, zone};
use ddi_dns::answer::{AnswerConfig, CookieCheck, CookieSecrets, Transport};
use ddi_dns::message::{Flags, Rcode};

#[test]
fn versions_sizes_and_flags() {
    let zone = sample();
    let without = ask(&zone, &Ask::new("mail.example.", "A"));
    assert_eq!(without.opt, None);
    let with = ask(&zone, &Ask::new("mail.example.", "A").edns(4096));
    assert_eq!(with.opt, Some((1232, 0)));
    // RFC 3225: DO comes back.
    assert_eq!(ask(&zone, &Ask::new("mail.example.", "A").signed()).opt, Some((1232, 0x8000)));
    let mut newer = Ask::new("mail.example.", "A").edns(4096);
    newer.version = 1;
    let told = ask(&zone, &newer);
    assert_eq!((told.rcode, told.sections.concat().len()), (16, 0));
    // RD comes back, AD and CD do not (RFC 4035 section 3.1.6).
    let mut ask = Ask::new("mail.example.", "A");
    ask.flags = Flags(Flags::RD | Flags::AD | Flags::CD);
    let (config, mut out) = (AnswerConfig::default(), [0; 512]);
    zone.answer(&ask.bytes(), &context(&config, Transport::Udp), &mut out).unwrap();
    assert_eq!(out[2..4], (Flags::QR | Flags::AA | Flags::RD).to_be_bytes());
}

#[test]
fn nsid_and_expire() {
    let mut config = AnswerConfig::default();
    config.nsid = Some((*b"here").into());
    let mut context = context(&config, Transport::Udp);
    let soa = Ask::new("example.", "SOA");
    let told = ask_with(&sample(), &soa.clone().option(3, b"").option(9, b""), &context).1;
    assert_eq!(told.options, [(3, b"here".to_vec()), (9, 604_800_u32.to_be_bytes().to_vec())]);
    assert_eq!(ask_with(&sample(), &soa.clone().edns(1232), &context).1.options, []);
    context.expires = Some(&|apex| (!apex.is_root()).then_some(77));
    assert_eq!(
        ask_with(&sample(), &soa.option(9, b""), &context).1.option(9),
        Some(&77_u32.to_be_bytes()[..])
    );
    let a = Ask::new("mail.example.", "A").option(9, b"");
    assert_eq!(ask_with(&sample(), &a, &context).1.options, []);
}

#[test]
fn cookies_are_given_checked_and_required() {
    let mut config = AnswerConfig::default();
    let a = Ask::new("mail.example.", "A");
    // RFC 7873 section 5.2: not in use, so ignored.
    assert_eq!(
        ask_with(&sample(), &a.clone().option(10, &[1; 8]), &context(&config, Transport::Udp)).1.options,
        []
    );
    config.cookies = Some(CookieSecrets::new([3; 16]));
    let (answered, told) =
        ask_with(&sample(), &a.clone().option(10, &[1; 8]), &context(&config, Transport::Udp));
    assert_eq!(answered.cookie, CookieCheck::ClientOnly);
    let cookie = told.option(10).unwrap().to_vec();
    assert_eq!((cookie.len(), &cookie[..8]), (24, &[1; 8][..]));
    let good = a.clone().option(10, &cookie);
    assert_eq!(ask_with(&sample(), &good, &context(&config, Transport::Udp)).0.cookie, CookieCheck::Valid);
    config.cookies_required = true;
    let bad = [&cookie[..23], &[!cookie[23]]].concat();
    for (ask, rcode, truncated, answers) in [
        (good, Rcode::NOERROR, false, 1),
        (a.clone().option(10, &bad), Rcode::BADCOOKIE, false, 0),
        (a.clone().option(10, &[1; 8]), Rcode::BADCOOKIE, false, 0),
        (a.clone(), Rcode::NOERROR, true, 0),
    ] {
        let (answered, told) = ask_with(&sample(), &ask, &context(&config, Transport::Udp));
        assert_eq!((answered.rcode, answered.truncated, told.sections[0].len()), (rcode, truncated, answers));
        assert_eq!(ask_with(&sample(), &ask, &context(&config, Transport::Tcp)).1.sections[0].len(), 1);
    }
    for len in [0, 7, 9, 15, 41] {
        let told = ask(&sample(), &a.clone().option(10, &vec![1; len]));
        assert_eq!(told.rcode, 1, "{len}");
    }
}

/// An rrset of `count` records of 200 bytes.
fn big(count: usize) -> String {
    let mut text = "example. 60 IN SOA a. b. 1 2 3 4 5\nexample. 60 IN NS a.\n".to_owned();
    for i in 0..count {
        text += &format!("big.example. 60 IN TXT {i:0200}\n");
        text += &format!("cut.example. 60 IN NS {0}{i}.cut.example.\n", "n".repeat(50));
        text += &format!("{0}{i}.cut.example. 60 IN A 192.0.2.{i}\n", "n".repeat(50));
        text += &format!("far.example. 60 IN NS {0}{i}.near.example.\n", "n".repeat(50));
        text += &format!("{0}{i}.near.example. 60 IN A 192.0.2.{i}\n", "n".repeat(50));
    }
    text
}

#[test]
fn whole_rrsets_or_none() {
    let zone = zone(&big(6));
    let config = AnswerConfig::default();
    let udp = context(&config, Transport::Udp);
    let told = ask_with(&zone, &Ask::new("big.example.", "TXT"), &udp).1;
    assert_eq!((told.truncated, told.sections.concat().len()), (true, 0));
    let told = ask_with(&zone, &Ask::new("big.example.", "TXT").edns(4096), &udp).1;
    assert!(told.truncated && told.opt.is_some());
    let told = ask_with(&zone, &Ask::new("big.example.", "TXT"), &context(&config, Transport::Tcp)).1;
    assert_eq!((told.truncated, told.sections[0].len()), (false, 6));
    // Glue inside of the cut is needed; other addresses are not.
    let told = ask_with(&zone, &Ask::new("cut.example.", "A"), &udp).1;
    assert!(told.truncated && told.sections[1].len() == 6 && told.sections[2].len() < 6);
    let told = ask_with(&zone, &Ask::new("far.example.", "A"), &udp).1;
    assert!(!told.truncated && told.sections[1].len() == 6 && told.sections[2].len() < 6);
}

#[test]
fn limits_hold_for_every_size() {
    let zone = zone(&big(4));
    let config = AnswerConfig::default();
    let mut context = context(&config, Transport::Tcp);
    for owner in ["big.example.", "cut.example.", "far.example.", "none.example."] {
        let query = Ask::new(owner, "TXT").signed().bytes();
        for limit in 0..1600 {
            for reserve in [0, 100] {
                context.reserve = reserve;
                let mut out = vec![0xee; 1600];
                if let Some(answered) = zone.answer(&query, &context, &mut out[..limit]) {
                    assert!(answered.len + reserve <= limit);
                    crate::support::check_with_hickory(&out[..answered.len]);
                }
                assert!(out[limit..].iter().all(|&byte| byte == 0xee));
            }
        }
    }
}
