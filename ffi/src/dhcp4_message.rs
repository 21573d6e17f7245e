//! A DHCPv4 message that is being built, or was read to be changed.

use crate::dhcp4_packet::{ddi_dhcp4_header, ddi_dhcp4_packet, header_of, option_code};
use crate::guard;
use crate::handle::{Failure, Handle, noun};
use crate::others;
use crate::sized::{self, OutSized};
use crate::slice::{self, Buffer, Out};
use crate::status::{DDI_E_LIMIT, DDI_E_MALFORMED, DDI_IDLE, DDI_OK, ddi_status};
use ddi_dhcp::v4::option::{OptionInfo, Value};
use ddi_dhcp::v4::{Header, Message, MessageType, Reply, max_len_for};
use std::ffi::c_char;

/// No datagram is longer.
const DATAGRAM_MAX: usize = 65_535;

/// A message to be sent: the fixed part, and options, each code once.
///
/// Threads: one call at a time on one message; calls with `const ddi_dhcp4_message *` may overlap.
pub struct ddi_dhcp4_message(Handle<Message>);
noun!(ddi_dhcp4_message, Message, shared);

/// A request with nothing in it. NULL only if the library panicked. Caller owns: `ddi_dhcp4_message_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ddi_dhcp4_message_new() -> *mut ddi_dhcp4_message {
    guard::make(Default::default)
}

/// Frees it. NULL is a no-op.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_free(message: *mut ddi_dhcp4_message) {
    // SAFETY: the header's contract.
    unsafe { guard::free(message) }
}

/// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_last_error(message: *const ddi_dhcp4_message) -> *const c_char {
    // SAFETY: the header's contract.
    unsafe { guard::last_error(message) }
}

/// Takes a UDP payload in, in place of what was there. `DDI_E_MALFORMED` as for `ddi_dhcp4_packet_parse`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_parse(
    message: *mut ddi_dhcp4_message,
    bytes: *const u8,
    bytes_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let parsed = Message::parse(slice::bytes(bytes, bytes_len, "bytes")?);
            *message = parsed.map_err(|why| Failure::new(DDI_E_MALFORMED, why))?;
            Ok(DDI_OK)
        })
    }
}

/// Begins a reply to a packet: xid, flags, giaddr and hardware address are the packet's, the rest is zero (RFC 2131
/// table 3), and there are no options.
///
/// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED` (nothing was parsed).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_reply_to(
    message: *mut ddi_dhcp4_message,
    packet: *const ddi_dhcp4_packet,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let view = others::shared(packet, "packet")?;
            message.header = Header::reply_to(&view.packet()?);
            message.options.clear();
            Ok(DDI_OK)
        })
    }
}

/// Sets the fixed part. `message_type` and `cookie` are not looked at. `DDI_E_ARGUMENT` if `op` or the hardware
/// address can't be.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_set_header(
    message: *mut ddi_dhcp4_message,
    header: *const ddi_dhcp4_header,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let it = sized::read(header)?;
            message.header = it.header()?;
            Ok(DDI_OK)
        })
    }
}

/// Its fixed part.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_header(
    message: *const ddi_dhcp4_message,
    header: *mut ddi_dhcp4_header,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(message, |message| {
            let header = OutSized::new(header)?;
            let mut it = header_of(&message.header);
            it.message_type = message.message_type().map_or(0, u8::from);
            header.set(&it);
            Ok(DDI_OK)
        })
    }
}

/// Sets option 53: 1 is DISCOVER, 2 OFFER, 3 REQUEST, 4 DECLINE, 5 ACK, 6 NAK, 7 RELEASE, 8 INFORM.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_set_type(
    message: *mut ddi_dhcp4_message,
    number: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let number = u8::try_from(number).ok().filter(|&number| number != 0);
            let number = number.ok_or_else(|| Failure::argument("no message type: 1 to 255"))?;
            message.set_message_type(MessageType::from(number));
            Ok(DDI_OK)
        })
    }
}

/// Puts an option with any bytes in, or gives it another value. 0, 52 and 255 are the writer's: `DDI_E_ARGUMENT`.
/// `DDI_E_LIMIT` if the value fits no datagram.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_LIMIT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_put_option(
    message: *mut ddi_dhcp4_message,
    code: u32,
    value: *const u8,
    value_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let value = slice::bytes(value, value_len, "value")?;
            if value.len() > DATAGRAM_MAX {
                return Err(Failure::new(
                    DDI_E_LIMIT,
                    format!("a value of {value_len} bytes fits no datagram"),
                ));
            }
            message.options.put(own_code(code)?, value);
            Ok(DDI_OK)
        })
    }
}

/// The same from text, as in `ddi_dhcp_config_put_option_text`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such option, or no value of it), `DDI_E_LIMIT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_put_option_text(
    message: *mut ddi_dhcp4_message,
    name: *const u8,
    name_len: usize,
    value: *const u8,
    value_len: usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            let (name, value) =
                (slice::text(name, name_len, "name")?, slice::text(value, value_len, "value")?);
            let (info, value) = option_from_text(name, value)?;
            message.put_value(own_code(info.code.into())?, &value);
            Ok(DDI_OK)
        })
    }
}

/// Takes an option out; no-op if it is not there.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_remove_option(
    message: *mut ddi_dhcp4_message,
    code: u32,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::exclusive(message, |message| {
            message.options.remove(option_code(code)?);
            Ok(DDI_OK)
        })
    }
}

/// An option's value: `*len` bytes to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is less than `*len`.
///
/// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_option(
    message: *const ddi_dhcp4_message,
    code: u32,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(message, |message| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            let Some(value) = message.options.get(option_code(code)?) else { return Ok(DDI_IDLE) };
            buffer.put(value)?;
            Ok(DDI_OK)
        })
    }
}

/// Writes the message as it goes on the wire, at least 300 bytes long (RFC 1542 section 2.1): `*len` bytes to `buf`.
/// `DDI_E_BUFFER` if `cap` is less than `*len`; `DDI_E_LIMIT` if it fits no datagram.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_LIMIT`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_emit(
    message: *const ddi_dhcp4_message,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(message, |message| {
            let mut buffer = Buffer::new(buf, cap, len)?;
            if let Ok(emitted) = message.emit(buffer.room()) {
                buffer.filled(emitted.len);
                return Ok(DDI_OK);
            }
            let mut whole = vec![0; DATAGRAM_MAX];
            let emitted = message.emit(&mut whole).map_err(|why| Failure::new(DDI_E_LIMIT, why))?;
            Err(buffer.too_short(emitted.len))
        })
    }
}

/// Writes the message as the client of `packet` wants it: options in the order of its parameter request list, and no
/// longer than it takes (options 55 and 57; 548 bytes if it does not say). If space is short they go to file and sname
/// too, where those are empty (RFC 2131 section 4.1), and what finds no room is left out: how many options, says
/// `left_out` (may be NULL). `*len` bytes to `buf`. `DDI_E_BUFFER` if `cap` is less than `*len`; `DDI_E_LIMIT` if not even
/// what is never left out fits.
///
/// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_LIMIT`, `DDI_E_MALFORMED` (nothing was parsed).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ddi_dhcp4_message_emit_reply(
    message: *const ddi_dhcp4_message,
    packet: *const ddi_dhcp4_packet,
    left_out: *mut usize,
    buf: *mut u8,
    cap: usize,
    len: *mut usize,
) -> ddi_status {
    // SAFETY: the header's contract.
    unsafe {
        guard::shared(message, |message| {
            let view = others::shared(packet, "packet")?;
            let (mut buffer, left_out) = (Buffer::new(buf, cap, len)?, Out::new(left_out, "").ok());
            let packet = view.packet()?;
            let wanted = packet.parameter_request_list();
            let wanted: Vec<u8> = wanted.iter().flat_map(|list| list.pieces().flatten().copied()).collect();
            let max_len = max_len_for(packet.max_message_size());
            let reply = Reply::new(&message.header, &message.options).in_order(&wanted).with_overload();
            let mut whole = vec![0; max_len];
            let emitted = reply.emit(&mut whole).map_err(|why| Failure::new(DDI_E_LIMIT, why))?;
            buffer.put(whole.get(..emitted.len).unwrap_or_default())?;
            if let Some(left_out) = left_out {
                left_out.set(emitted.dropped.len());
            }
            Ok(DDI_OK)
        })
    }
}

/// An option as a configuration has it; a list has commas between its items.
pub(crate) fn option_from_text(name: &str, items: &str) -> Result<(OptionInfo, Value), Failure> {
    use ddi_dhcp::v4::option::Shape;
    let info =
        OptionInfo::named(name).ok_or_else(|| Failure::argument(format!("there is no option {name:?}")))?;
    let items: Vec<&str> = match info.shape {
        Shape::Text | Shape::Bytes => vec![items],
        _ => items.split(',').map(str::trim).filter(|item| !item.is_empty()).collect(),
    };
    let value = Value::from_text(info.shape, &items)
        .map_err(|why| Failure::argument(format!("option {name}: {why}")))?;
    Ok((info, value))
}

fn own_code(code: u32) -> Result<u8, Failure> {
    match option_code(code)? {
        0 | 52 | 255 => Err(Failure::argument(format!("option {code} is the writer's"))),
        code => Ok(code),
    }
}
