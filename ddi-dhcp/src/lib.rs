//! DHCP packet codecs and the sans-IO server engine.
#![forbid(unsafe_code)]
