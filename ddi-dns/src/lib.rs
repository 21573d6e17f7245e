//! To come: the authoritative zone store: answers, deltas and their journal, IXFR and AXFR in both
//! directions, NOTIFY, UPDATE, TSIG.
#![forbid(unsafe_code)]
