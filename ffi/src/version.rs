//! Version. The macros are of the header, the functions of the library that runs; compare them if the
//! two may be of different origin. While the major version is 0 the soname has the minor one
//! (libddi.so.0.1), and a change of it may change anything; from 1.0 on only the major one may.

use std::ffi::c_char;

/// The header's major version.
pub const DDI_VERSION_MAJOR: u32 = 0;
/// The header's minor version.
pub const DDI_VERSION_MINOR: u32 = 1;
/// The header's patch version.
pub const DDI_VERSION_PATCH: u32 = 0;
/// major * 1000000 + minor * 1000 + patch.
pub const DDI_VERSION_NUMBER: u32 =
    DDI_VERSION_MAJOR * 1000000 + DDI_VERSION_MINOR * 1000 + DDI_VERSION_PATCH;

/// The library's `DDI_VERSION_NUMBER`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_version_number() -> u32 {
    DDI_VERSION_NUMBER
}

/// The library's version as text, such as "0.1.0". Static.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}
