//! NOTIFY (RFC 1996): a primary tells its secondaries that a zone has changed.
//!
//! [`Notify`] is the message, both ways; [`Notifier`] sends it to many targets until they confirm. What a
//! secondary does when it gets one is [`Secondary::handle_notify`](crate::secondary::Secondary::handle_notify).

mod message;
mod send;

pub use message::{Notify, NotifyError};
pub use send::{Notifier, NotifierConfig, NotifyEvent, NotifyTarget, NotifyTransmit, PENDING_MAX};
