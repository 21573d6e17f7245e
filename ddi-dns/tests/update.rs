//! UPDATE: the rules of RFC 2136 one by one, random updates beside a plain model, the machine with its
//! signatures and its waiting answers, and the forwarder.

#[path = "update/forward.rs"]
mod forward;
#[path = "update/machine.rs"]
mod machine;
#[path = "update/model.rs"]
mod model;
#[path = "update/policy.rs"]
mod policy;
#[path = "update/prerequisites.rs"]
mod prerequisites;
#[path = "update/random.rs"]
mod random;
#[path = "update/rules.rs"]
mod rules;
#[path = "update/support.rs"]
mod support;
