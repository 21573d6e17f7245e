//! Transaction signatures (RFC 8945): a message and a secret that both sides share give a short tag, sent
//! as the message's last record. The standard calls it `MAC`.
//!
//! - A server has [`Keys`]. [`Keys::check`] finds a request unsigned, well signed (then its [`Signer`] signs
//!   the answer, or every message of a long one), or bad (then [`Rejection::reply`] is the whole answer).
//! - A client signs with [`Key::sign_request`], and checks what comes back with the [`Verifier`] that it got.
//!   The same verifier checks all messages of a transfer, with up to [`UNSIGNED_MAX`] unsigned ones in a row.
//!
//! Nothing is allocated for a good message. Tags are compared in constant time. A key's latest time is not
//! kept to refuse earlier ones (section 5.2.3, a "should"): requests that overtake each other are common
//! and RFC 2136 section 5.4 says how an update guards itself.

mod algorithm;
mod key;
mod record;
mod request;
mod sign;
mod verify;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use key::{FUDGE_SECS, Key, KeyError, Keys};
pub use request::{Rejection, TsigError};
pub use sign::Signer;
pub use verify::{Signature, UNSIGNED_MAX, Verifier, VerifyError};

pub(crate) use request::strip;
