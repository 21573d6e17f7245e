//! Names of DHCP clients (RFC 4703): who comes first has a name and marks it with a DHCID (RFC 4701), a
//! digest of the client's identity and the name. A change is made in an own zone by
//! `ddi_zone_edit_apply_ddns`, or at a remote server by a `ddi_ddns_client`.

use crate::addr::ddi_addr;
use crate::dns_name::ddi_name;
use crate::guard;
use crate::handle::Failure;
use crate::sized::{self, Growing};
use crate::slice::{self, Out};
use crate::status::{DDI_OK, ddi_status};
use ddi_dns::ddns::{self, Binding, Change, Outcome};
use ddi_dns::dhcid::Dhcid;
use ddi_dns::name::NameRef;

/// The name has this address, and no other of its family (RFC 4703 section 5.3).
pub const DDI_DDNS_ADD_FORWARD: u32 = 1;
/// The name no longer has this address; and if no other, there is no name (section 5.5).
pub const DDI_DDNS_REMOVE_FORWARD: u32 = 2;
/// The address has this name, and no other (section 5.4).
pub const DDI_DDNS_ADD_REVERSE: u32 = 3;
/// The address no longer has this name (section 5.5).
pub const DDI_DDNS_REMOVE_REVERSE: u32 = 4;

/// The name was nobody's, or the address's name was set.
pub const DDI_DDNS_ADDED: u32 = 1;
/// The name was this client's already.
pub const DDI_DDNS_REPLACED: u32 = 2;
/// The name is somebody else's: nothing is changed. Choose another, or go without (RFC 4703 section 5.3.3).
pub const DDI_DDNS_CONFLICT: u32 = 3;
/// The address is gone from the name, or the name from the address.
pub const DDI_DDNS_REMOVED: u32 = 4;
/// There was nothing of this client: nothing is changed.
pub const DDI_DDNS_NOT_OURS: u32 = 5;

/// Bytes of a DHCID's data.
pub const DDI_DHCID_LEN: usize = 35;

/// A change to one zone: that which `name` is in, or for a reverse change the name of `address`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_ddns_change {
    /// `sizeof(ddi_ddns_change)`.
    pub struct_size: u32,
    /// `DDI_DDNS_ADD_FORWARD` and so on.
    pub kind: u32,
    /// The client's address; the port means nothing.
    pub address: ddi_addr,
    /// TTL of the records in seconds; `ddi_ddns_ttl` tells the one for a lease.
    pub ttl: u32,
    /// Whose the name is: what `ddi_dhcid_...` wrote.
    pub dhcid: [u8; 35],
    /// Zero.
    pub pad: u8,
    /// The client's whole name.
    pub name: ddi_name,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_ddns_change {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_ddns_change";
}

impl ddi_ddns_change {
    /// # Safety
    /// `change` is NULL or points to a `ddi_ddns_change`.
    pub(crate) unsafe fn read(change: *const Self) -> Result<Change, Failure> {
        // SAFETY: as promised.
        let this = unsafe { sized::read(change) }?;
        // SAFETY: it is here.
        let name = unsafe { ddi_name::read(&raw const this.name, "name") }?.to_name();
        let address = this.address.ip("address")?;
        let address = address.ok_or_else(|| Failure::argument("address: family is 0, none"))?;
        let dhcid =
            Dhcid::from_rdata(&this.dhcid).ok_or_else(|| Failure::argument("dhcid is none of SHA-256"))?;
        let binding = Binding { name, address, dhcid, ttl: this.ttl };
        match this.kind {
            DDI_DDNS_ADD_FORWARD => Ok(Change::AddForward(binding)),
            DDI_DDNS_REMOVE_FORWARD => Ok(Change::RemoveForward(binding)),
            DDI_DDNS_ADD_REVERSE => Ok(Change::AddReverse(binding)),
            DDI_DDNS_REMOVE_REVERSE => Ok(Change::RemoveReverse(binding)),
            other => Err(Failure::argument(format!("kind {other} is none of 1 to 4"))),
        }
    }
}

pub(crate) fn outcome_number(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Added => DDI_DDNS_ADDED,
        Outcome::Replaced => DDI_DDNS_REPLACED,
        Outcome::Conflict => DDI_DDNS_CONFLICT,
        Outcome::Removed => DDI_DDNS_REMOVED,
        _ => DDI_DDNS_NOT_OURS,
    }
}

/// # Safety
/// `dhcid` is NULL or has room for `DDI_DHCID_LEN` bytes; the rest as the header's contract says.
unsafe fn write(
    identity: *const u8,
    identity_len: usize,
    name: *const ddi_name,
    dhcid: *mut u8,
    make: impl FnOnce(&[u8], NameRef<'_>) -> Dhcid,
) -> ddi_status {
    guard::alone(|| {
        // SAFETY: as promised.
        let (identity, name) =
            unsafe { (slice::bytes(identity, identity_len, "identity")?, ddi_name::read(name, "name")?) };
        // SAFETY: as promised.
        let out = unsafe { Out::new(dhcid.cast::<[u8; DDI_DHCID_LEN]>(), "dhcid")? };
        out.set(*make(identity, name).rdata());
        Ok(DDI_OK)
    })
}

/// The DHCID of a DHCPv4 client that sent a client identifier: all of option 61's data. `name` is its whole
/// name; `dhcid` has room for `DDI_DHCID_LEN` bytes.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcid_of_client_id(
    client_id: *const u8,
    client_id_len: usize,
    name: *const ddi_name,
    dhcid: *mut u8,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { write(client_id, client_id_len, name, dhcid, Dhcid::of_client_id) }
}

/// The DHCID of a DHCPv6 client.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcid_of_duid(
    duid: *const u8,
    duid_len: usize,
    name: *const ddi_name,
    dhcid: *mut u8,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { write(duid, duid_len, name, dhcid, Dhcid::of_duid) }
}

/// The DHCID of a DHCPv4 client that sent no client identifier: `htype` and `chaddr` of its messages.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcid_of_hw_addr(
    htype: u8,
    chaddr: *const u8,
    chaddr_len: usize,
    name: *const ddi_name,
    dhcid: *mut u8,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe { write(chaddr, chaddr_len, name, dhcid, |chaddr, name| Dhcid::of_hw_addr(htype, chaddr, name)) }
}

/// The TTL in seconds for a lease of so many seconds: a third, but not below 600 (RFC 4702 section 5).
#[unsafe(no_mangle)]
pub extern "C" fn ddi_ddns_ttl(lease_s: u32) -> u32 {
    ddns::ttl_of_lease(lease_s)
}
