//! What a lease file says and a lease has no field for: kept in [`Lease::user`](crate::Lease::user)
//! as lines of text under a heading, in byte order.
//!
//! ```text
//! ddi-kept 1
//! dhcpd.statement set vendor-class-identifier = "Some Vendor Identifier" ;
//! kea.pool-id 7
//! ```
//! The names are listed in the documentation of [`crate::interchange`]. A `user` that is not of this
//! form is the application's; it is carried whole.

/// The first line.
const HEADING: &[u8] = b"ddi-kept 1\n";

/// IA_TA (`ta`); an address is of an IA_NA otherwise.
pub(super) const IA_TYPE: &str = "ia-type";
/// A state number of Kea's that no binding state stands for.
pub(super) const KEA_STATE: &str = "kea.state";
/// Kea's pool_id column, if not 0.
pub(super) const KEA_POOL_ID: &str = "kea.pool-id";
/// Kea's hwaddr_source column, if not 0.
pub(super) const KEA_HWADDR_SOURCE: &str = "kea.hwaddr-source";
/// Kea's user_context, without what went into the lease.
pub(super) const KEA_USER_CONTEXT: &str = "kea.user-context";
/// Any other column: this, then its name.
pub(super) const KEA_COLUMN: &str = "kea.column.";
/// dhcpd's next binding state, if it is not the usual one.
pub(super) const DHCPD_NEXT_STATE: &str = "dhcpd.next-state";
/// dhcpd's max-life, if it was not counted from the last transaction.
pub(super) const DHCPD_MAX_LIFE: &str = "dhcpd.max-life";
/// Any other statement, its tokens separated by single spaces.
pub(super) const DHCPD_STATEMENT: &str = "dhcpd.statement";

/// The lines.
#[derive(Default, Clone, PartialEq, Eq, Debug)]
pub(super) struct Kept {
    lines: Vec<(String, Vec<u8>)>,
}

impl Kept {
    /// Reads `user`; `None` if it is not of this form. No bytes are no lines.
    pub(super) fn parse(user: &[u8]) -> Option<Self> {
        if user.is_empty() {
            return Some(Self::default());
        }
        let body = user.strip_prefix(HEADING)?.strip_suffix(b"\n")?;
        let mut kept = Self::default();
        for line in body.split(|&b| b == b'\n') {
            let space = line.iter().position(|&b| b == b' ')?;
            let name = std::str::from_utf8(line.get(..space)?).ok()?;
            kept.lines.push((name.to_owned(), line.get(space + 1..)?.to_vec()));
        }
        Some(kept)
    }

    /// Adds a line. A value with a line end in it can't be kept: false.
    pub(super) fn add(&mut self, name: &str, value: &[u8]) -> bool {
        let fits = !value.contains(&b'\n') && !name.contains([' ', '\n']);
        if fits {
            self.lines.push((name.to_owned(), value.to_vec()));
        }
        fits
    }

    /// The first line of this name.
    pub(super) fn get(&self, name: &str) -> Option<&[u8]> {
        self.lines.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The lines of this name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.lines.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    /// The bytes for `user`; none if there is no line.
    pub(super) fn emit(mut self) -> Vec<u8> {
        if self.lines.is_empty() {
            return Vec::new();
        }
        self.lines.sort();
        let mut user = HEADING.to_vec();
        for (name, value) in &self.lines {
            user.extend_from_slice(name.as_bytes());
            user.push(b' ');
            user.extend_from_slice(value);
            user.push(b'\n');
        }
        user
    }
}
