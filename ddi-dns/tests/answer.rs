//! Answers from a small zone: the search, EDNS and its options, what does not fit, and what is no query.

#[path = "answer/hostile.rs"]
mod hostile;
#[path = "answer/options.rs"]
mod options;
#[path = "answer/search.rs"]
mod search;
#[path = "answer/signed.rs"]
mod signed;
#[path = "answer/support.rs"]
mod support;
#[path = "answer/tails.rs"]
mod tails;

use ddi_dns::zone::Snapshot;

/// A zone with a bit of everything.
fn sample() -> Snapshot {
    support::zone(
        "
        example. 3600 IN SOA ns1.example. root.example. 7 3600 900 604800 300
        example. 3600 IN NS ns1.example.
        example. 3600 IN NS ns.elsewhere.
        example. 3600 IN MX 10 Mail.example.
        ns1.example. 3600 IN A 192.0.2.1
        ns1.example. 3600 IN AAAA 2001:db8::1
        mail.example. 600 IN A 192.0.2.2
        www.example. 60 IN CNAME mail.example.
        out.example. 60 IN CNAME www.elsewhere.
        deep.www2.example. 60 IN TXT text
        *.wild.example. 60 IN A 192.0.2.3
        a.*.empty.example. 60 IN A 192.0.2.4
        old.example. 60 IN DNAME wild.example.
        sub.example. 900 IN NS ns.sub.example.
        sub.example. 900 IN NS ns.other.example.
        sub.example. 900 IN DS \\# 5 0001 0D 02 FF
        ns.sub.example. 900 IN A 192.0.2.5
        hidden.sub.example. 900 IN TXT occluded
        other.example. 900 IN NS ns.other.example.
        ns.other.example. 900 IN A 192.0.2.6
        _sip._udp.example. 60 IN SRV 1 2 5060 mail.example.
        web.example. 60 IN HTTPS 1 .
        web.example. 60 IN A 192.0.2.7
        alias.example. 60 IN HTTPS 0 web.example.
        ",
    )
}
