//! A secondary zone: when to ask which primary, and when to stop answering.

mod config;
mod engine;
mod timers;

pub use config::{Bounds, NotifyRefused, Primary, Saved, SecondaryConfig, SecondaryEvent, SecondaryTransmit};
pub use engine::Secondary;
