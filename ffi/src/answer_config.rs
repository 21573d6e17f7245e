//! How queries are answered: what stays the same from query to query, and what belongs to one.

use crate::addr::ddi_addr;
use crate::dns_message::is_tcp;
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::sized::{self, Growing};
use crate::slice;
use crate::status::{DDI_OK, ddi_status};
use ddi_core::Now;
use ddi_dns::answer::{
    AnswerConfig, AnswerContext, Answered, CookieCheck, CookieSecrets, Detail, NSID_MAX, Transport,
};
use std::ffi::c_char;

/// What stays the same. Const calls may overlap; the others need it alone.
pub struct ddi_answer_config(Handle<AnswerConfig>);
noun!(ddi_answer_config, AnswerConfig, shared);

/// Bytes of a cookie secret.
pub const DDI_COOKIE_SECRET_LEN: usize = 16;

/// The query has no cookie, or cookies are not in use.
pub const DDI_COOKIE_ABSENT: u32 = 0;
/// The client's cookie alone.
pub const DDI_COOKIE_CLIENT_ONLY: u32 = 1;
/// A server cookie that is not ours, or is too old.
pub const DDI_COOKIE_INVALID: u32 = 2;
/// The client has got a cookie from us at this address before.
pub const DDI_COOKIE_VALID: u32 = 3;

/// What belongs to one query.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_asker {
    /// `sizeof(ddi_asker)`.
    pub struct_size: u32,
    /// `DDI_TRANSPORT_...`.
    pub transport: u32,
    /// Who asks. The port means nothing.
    pub client: ddi_addr,
    /// Bytes of the answer to leave free, for the signature that `ddi_tsig_signer_sign` appends.
    pub reserve: u32,
    /// Zero.
    pub pad: u32,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_asker {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_asker";
}

/// What an answer says.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ddi_answered {
    /// `sizeof(ddi_answered)`.
    pub struct_size: u32,
    /// The response code (RFC 6895 section 2.3), extended where there is an OPT.
    pub rcode: u16,
    /// 1: TC is set.
    pub truncated: u8,
    /// Zero.
    pub pad: u8,
    /// What the query's cookie is worth, `DDI_COOKIE_...`: who limits rates may spare clients with a valid
    /// one.
    pub cookie: u32,
}

// SAFETY: repr(C), starts with struct_size, numbers only.
unsafe impl Growing for ddi_answered {
    const LEAST: usize = size_of::<Self>();
    const NAME: &'static str = "ddi_answered";
}

impl From<&Answered> for ddi_answered {
    fn from(answered: &Answered) -> Self {
        let cookie = match answered.cookie {
            CookieCheck::Absent => DDI_COOKIE_ABSENT,
            CookieCheck::ClientOnly => DDI_COOKIE_CLIENT_ONLY,
            CookieCheck::Invalid => DDI_COOKIE_INVALID,
            CookieCheck::Valid => DDI_COOKIE_VALID,
        };
        let (rcode, truncated) = (answered.rcode.0, answered.truncated.into());
        Self { struct_size: 0, rcode, truncated, pad: 0, cookie }
    }
}

impl ddi_asker {
    /// # Safety
    /// `asker` is NULL or points to a `ddi_asker`.
    #[inline]
    pub(crate) unsafe fn context(
        asker: *const Self,
        config: &AnswerConfig,
        now: Now,
    ) -> Result<AnswerContext<'_>, Failure> {
        // SAFETY: as promised.
        let asker = unsafe { sized::read(asker) }?;
        let transport = if is_tcp(asker.transport)? { Transport::Tcp } else { Transport::Udp };
        let client =
            asker.client.ip("client")?.ok_or_else(|| Failure::argument("client: family is 0, none"))?;
        let mut context = AnswerContext::new(config, transport, client, now.unix);
        context.reserve = asker.reserve as usize;
        Ok(context)
    }
}

/// A new one: at most 1232 bytes over UDP, full answers, neither NSID nor cookies.
/// Caller owns: `ddi_answer_config_free`.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_new(config: *mut *mut ddi_answer_config) -> ddi_status {
    guard::alone(|| {
        // SAFETY: the header's contract.
        let out = unsafe { slice::Out::new(config, "config")? };
        out.set(guard::give(AnswerConfig::default()));
        Ok(DDI_OK)
    })
}

/// The most bytes of an answer over UDP, whatever the client takes; at least 512 are sent.
///
/// Errors: `DDI_E_NULL`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_set_udp_size(
    config: *mut ddi_answer_config,
    bytes: u16,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.udp_size = bytes;
            Ok(DDI_OK)
        })
    }
}

/// `full` 1, as at first: positive answers have the zone's NS in the authority section (RFC 1034 section 6.2.1),
/// too, and its addresses, where there is room. 0: only what a resolver needs.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_set_full(config: *mut ddi_answer_config, full: u32) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            config.detail = if slice::flag(full, "full")? { Detail::Full } else { Detail::Minimal };
            Ok(DDI_OK)
        })
    }
}

/// This server's identifier (RFC 5001), 128 bytes at most; `(NULL, 0)`: none.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (too long).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_set_nsid(
    config: *mut ddi_answer_config,
    nsid: *const u8,
    nsid_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let nsid = slice::bytes(nsid, nsid_len, "nsid")?;
            if nsid.len() > NSID_MAX {
                return Err(Failure::argument(format!("nsid has {nsid_len} bytes, {NSID_MAX} at most")));
            }
            config.nsid = if nsid.is_empty() { None } else { Some(nsid.into()) };
            Ok(DDI_OK)
        })
    }
}

/// Gives and checks cookies (RFC 7873, RFC 9018), made with `secret`: `DDI_COOKIE_SECRET_LEN` random bytes,
/// the same on all servers of one address. Those made with `other` are good as well (the secret before, or
/// the one to come); it may be `(NULL, 0)`. With `required` 1 (else 0), a client over UDP whose cookie is not good gets
/// no answer but BADCOOKIE or TC: for a server that is being used to flood others.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another length, or neither 0 nor 1).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_set_cookies(
    config: *mut ddi_answer_config,
    secret: *const u8,
    secret_len: usize,
    other: *const u8,
    other_len: usize,
    required: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(config, |config| {
            let secret = slice::bytes(secret, secret_len, "secret")?;
            let other = slice::bytes(other, other_len, "other")?;
            let required = slice::flag(required, "required")?;
            let wrong = |_| Failure::argument("a cookie secret has 16 bytes");
            let mut secrets = CookieSecrets::new(secret.try_into().map_err(wrong)?);
            if !other.is_empty() {
                secrets = secrets.and_accept(other.try_into().map_err(wrong)?);
            }
            config.cookies = Some(secrets);
            config.cookies_required = required;
            Ok(DDI_OK)
        })
    }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_last_error(config: *const ddi_answer_config) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(config) }
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_answer_config_free(config: *mut ddi_answer_config) {
    // SAFETY: the header's contract.
    unsafe { guard::free(config) }
}
