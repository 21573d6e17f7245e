//! Binding updates: whether to take what the partner says of a lease ([`decide`]), what that makes of
//! the lease ([`apply`]), and what its answer to our own update does ([`acknowledged`],
//! [`after_refusal`]). Draft section 7.1.3 and what dhcpd does instead.

mod apply;
mod rules;
mod update;

pub use apply::{AfterRefusal, acknowledged, after_refusal, apply, transmitted};
pub use rules::{Accepted, Context, Outgoing, decide, outgoing_wins};
pub use update::{Refusal, Update};
