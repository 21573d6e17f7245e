//! Shared generators of the benchmarks.
#![forbid(unsafe_code)]
