//! To come: the C ABI, `libddi`.
