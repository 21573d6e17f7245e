//! DNS messages on the wire (RFC 1035 section 4): a reader that trusts nothing and a writer into a
//! caller's buffer.

mod header;
mod opt;
mod reader;
mod refuse;
mod writer;

pub use header::{Flags, HEADER_LEN, Header, Opcode, Rcode};
pub(crate) use opt::Opt;
pub(crate) use reader::expand_name;
pub use reader::{HOPS_MAX, Question, Reader, RecordView, Section};
pub use refuse::refuse;
pub(crate) use writer::may_be_sent_compressed;
pub use writer::{Full, Writer};
pub(crate) use writer::{Owner, POINTER_MAX};
