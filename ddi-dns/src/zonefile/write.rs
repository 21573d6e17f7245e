//! Zone file text from records.

use super::fields::{read_rdata, write_name, write_rdata, write_rtype};
use super::format::{Part, is_widely_known, parts};
use super::line::Row;
use super::number::write_number;
use super::scan::{NameBuffer, Scan};
use crate::name::{Name, NameRef};
use crate::rr::Rtype;

/// Writes a zone file record by record, names relative to one origin. What it writes is read back as the
/// same records: data without a form of its own, or that does not fit it, is in the `\#` form.
pub struct Writer {
    origin: Name,
    /// The owner of the last record, which the next line leaves out if it is the same.
    owner: Vec<u8>,
    row: Row,
}

impl Writer {
    /// Appends the line that states the origin.
    #[must_use]
    pub fn new(origin: NameRef<'_>, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(b"$ORIGIN ");
        write_name(origin, NameRef::ROOT, out);
        out.push(b'\n');
        Self { origin: origin.to_name(), owner: Vec::new(), row: Row::new() }
    }

    /// Appends the line of a record of class IN.
    pub fn write(&mut self, owner: NameRef<'_>, ttl: u32, rtype: Rtype, rdata: &[u8], out: &mut Vec<u8>) {
        // By the bytes, so that each keeps its case.
        if self.owner != owner.wire() {
            self.owner.clear();
            self.owner.extend_from_slice(owner.wire());
            write_name(owner, self.origin.as_ref(), out);
        }
        out.push(b'\t');
        write_number(ttl, out);
        out.extend_from_slice(b"\tIN\t");
        let start = out.len();
        if !self.write_plain(rtype, rdata, out) {
            out.truncate(start);
            write_generic(rtype, rdata, out);
        }
        out.push(b'\n');
    }

    /// False if the data must be in the `\#` form.
    fn write_plain(&mut self, rtype: Rtype, rdata: &[u8], out: &mut Vec<u8>) -> bool {
        let origin = self.origin.as_ref();
        if !is_widely_known(rtype) {
            return false;
        }
        write_rtype(rtype, out);
        out.push(b'\t');
        let start = out.len();
        if write_rdata(rtype, rdata, origin, out).is_none() {
            return false;
        }
        // The text of parameters says less than their bytes can.
        if !parts(rtype).iter().any(|part| matches!(part, Part::Parameters(_))) {
            return true;
        }
        out.push(b'\n');
        self.row.rdata.clear();
        let mut scan = Scan::new(&out[start..]);
        let read = read_rdata(&mut scan, rtype, origin, &mut NameBuffer::none(), &mut self.row.rdata);
        out.pop();
        read.is_ok() && self.row.rdata == rdata
    }
}

/// RFC 3597 section 5.
fn write_generic(rtype: Rtype, rdata: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"TYPE");
    write_number(u32::from(rtype.0), out);
    out.extend_from_slice(b"\t\\# ");
    write_number(rdata.len() as u32, out);
    if !rdata.is_empty() {
        out.push(b' ');
        super::binary::write_hex(rdata, out);
    }
}
