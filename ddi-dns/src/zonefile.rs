//! Zone files (RFC 1035 section 5): text to records, and back.
//!
//! [`Parser`] takes text piece by piece and gives records with their data in wire form, in bounded memory.
//! It knows every type of [`crate::rr`], TYPEnnn and `\#` (RFC 3597), $ORIGIN, $TTL, $INCLUDE and
//! $GENERATE. It opens no file: it says which one it wants, and the caller pushes its text or refuses.
//! [`Writer`] is the way back.
//!
//! ```
//! use ddi_dns::zonefile::{Config, Parser, Step};
//!
//! let origin: ddi_dns::Name = "example.com.".parse()?;
//! let mut parser = Parser::new(&Config::new("example.com.zone", origin.as_ref()));
//! parser.push(b"$TTL 1h\nwww A 192.0.2.1\n");
//! parser.end();
//! let Step::Record(record) = parser.step()? else { panic!("a record") };
//! assert_eq!((record.owner.to_string().as_str(), record.ttl), ("www.example.com.", 3600));
//! assert_eq!(record.rdata, [192, 0, 2, 1]);
//! assert_eq!(parser.step()?, Step::End);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod binary;
mod check;
mod fault;
mod fields;
mod format;
mod generate;
mod line;
mod number;
mod parameters;
mod parser;
mod scan;
mod special;
mod write;

pub use check::{FAULTS_MAX, ZoneFault, ZoneFaultKind, check};
pub use fault::{ZoneFileError, ZoneFileFault};
pub use generate::{GENERATE_BYTES_MAX, GENERATE_MAX};
pub use parser::{Config, INCLUDE_MAX, Include, Parser, RECORD_TEXT_MAX, Step};
pub use write::Writer;
