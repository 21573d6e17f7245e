//! To come: the DHCP failover endpoint: draft-ietf-dhc-failover-12 as ISC dhcpd 4.4.3 speaks it, and
//! later RFC 8156 over the same core.
#![forbid(unsafe_code)]
