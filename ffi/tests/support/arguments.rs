//! What each function of the header is called with when all is well: expressions of C, over `tests/world.h`.

use super::prototypes::{Function, Header, Param};

/// A parameter with the lines that prepare its argument, which is the variable of the parameter's name.
#[derive(Clone)]
pub(crate) struct Argument {
    pub(crate) param: Param,
    pub(crate) role: Role,
    /// Declares the variable, and what it points to.
    pub(crate) prepare: String,
    /// Frees what the call has given.
    pub(crate) tidy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A handle; it is poisoned in one of the trials.
    Handle,
    /// Bytes or an array going in, whose length is the next parameter.
    Slice,
    /// That length.
    Length,
    /// A buffer, whose capacity is the next parameter, and whose length comes out by the one after.
    Buffer,
    Capacity,
    /// A struct that starts with `struct_size`.
    Sized,
    /// Anything else behind a pointer.
    Pointer,
    /// A number that may be out of range.
    Number,
    /// A flag, or a struct by value: any is in range.
    Value,
}

/// Members of `struct world` that are no handles.
const VALUES: [&str; 12] = [
    "ddi_now",
    "ddi_name",
    "ddi_addr",
    "ddi_lease_key",
    "ddi_lease",
    "ddi_identity",
    "ddi_pool",
    "ddi_asker",
    "ddi_ddns_change",
    "ddi_dhcp4_header",
    "ddi_lease_store",
    "ddi_log",
];

/// Bytes by the parameter's name, where the function's name starts so. The first that fits counts.
const BYTES: [(&str, &str, &str); 31] = [
    ("", "hash_key", "\"0123456789abcdef\""),
    ("ddi_answer_config_set_cookies", "secret", "\"0123456789abcdef\""),
    ("ddi_answer_config_set_cookies", "other", "\"fedcba9876543210\""),
    ("ddi_lease_db_open", "path", "\"leases\""),
    ("ddi_lease_db_salvage", "from", "\"leases\""),
    ("ddi_lease_db_salvage", "to", "\"salvaged\""),
    ("ddi_lease_db_import", "path", "\"exported\""),
    ("ddi_lease_db_export", "path", "\"exported\""),
    ("ddi_zone_set_open_journal", "path", "\"zones\""),
    ("", "path", "\"nowhere\""),
    ("ddi_updates_", "request", "(w->update)"),
    ("ddi_update_forwarder_", "request", "(w->update)"),
    ("ddi_xfr_out_", "request", "(AXFR_QUERY)"),
    ("ddi_notify_reply", "message", "\"\\0\\1\\x20\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\0\\0\\6\\0\\1\""),
    (
        "ddi_secondary_handle_notify",
        "message",
        "\"\\0\\1\\x20\\0\\0\\1\\0\\0\\0\\0\\0\\0\\7example\\0\\0\\6\\0\\1\"",
    ),
    ("", "query", "(SOA_QUERY)"),
    ("", "request", "(SOA_QUERY)"),
    ("", "message", "(SOA_QUERY)"),
    ("ddi_dhcp4_", "bytes", "(w->discover)"),
    ("ddi_dhcp_", "bytes", "(w->discover)"),
    ("", "rules", "\"any\""),
    ("", "buckets", "\"0123456789abcdef0123456789abcdef\""),
    ("ddi_tsig_algorithm_parse", "text", "\"hmac-sha256\""),
    ("", "who", "\"any\""),
    ("ddi_rtype_parse", "text", "\"AAAA\""),
    ("ddi_zone_edit_add_text", "text", "\"new 60 A 192.0.2.7\""),
    ("", "wire", "\"\\7example\\0\""),
    ("", "rdata", "\"\\300\\0\\2\\7\""),
    ("ddi_dhcp_config_set_hostname", "hostname", "\"host\""),
    ("ddi_dhcp", "name", "\"routers\""),
    ("ddi_dhcp", "value", "\"192.0.2.1\""),
];

/// Numbers by the parameter's name, in the same way; others are 1.
const NUMBERS: [(&str, &str, &str); 26] = [
    ("ddi_tsig_", "message_len", "sizeof SOA_QUERY"),
    ("ddi_lease_db_feed", "after", "0"),
    ("", "class_place", "3"),
    ("", "reservation", "4"),
    ("", "prefix_bits", "24"),
    ("", "align_bytes", "512"),
    ("", "relationship", "0"),
    ("ddi_failover_handle_saved", "number", "UINT64_MAX"),
    ("ddi_dhcp_server_pool", "number", "0"),
    ("ddi_lease_db_", "pool", "0"),
    ("ddi_dhcp_config_add_pool_class", "pool", "2"),
    ("", "index", "0"),
    ("", "rcode", "0"),
    ("", "tag_len", "0"),
    ("", "nth", "0"),
    ("", "expect", "0"),
    ("ddi_lease_db_count", "state", "2"),
    ("ddi_dhcp4_packet_option", "code", "53"),
    ("ddi_dhcp4_message_option", "code", "53"),
    ("ddi_dhcp_config_put_option", "code", "6"),
    ("ddi_zone_get", "rtype", "6"),
    ("", "message_size", "16384"),
    ("", "udp_size", "1232"),
    ("ddi_dhcp4_option_name", "code", "53"),
    ("", "fudge_secs", "300"),
    ("ddi_dhcp_server_handle_ping", "answered", "0"),
];

/// Is the message that is to be signed in the buffer?
pub(crate) fn signs(function: &Function) -> bool {
    function.doc.contains("the first `message_len` of the `cap`")
}

fn of_table(
    table: &[(&'static str, &'static str, &'static str)],
    function: &str,
    name: &str,
) -> Option<&'static str> {
    let fits =
        |row: &&(&'static str, &'static str, &'static str)| function.starts_with(row.0) && row.1 == name;
    table.iter().find(fits).map(|row| row.2)
}

/// The arguments of a call, each under the name `prefix` and the parameter's own.
pub(crate) fn arguments(header: &Header, function: &Function, prefix: &str) -> Vec<Argument> {
    let mut all: Vec<Argument> = Vec::new();
    for (at, param) in function.params.iter().enumerate() {
        let next = function.params.get(at + 1);
        let role = role(header, param, next, all.last());
        let renamed = Param { kind: param.kind.clone(), name: format!("{prefix}{}", param.name) };
        let (prepare, tidy) = prepare(header, function, param, &renamed, role, all.last());
        all.push(Argument { param: renamed, role, prepare, tidy });
    }
    all
}

fn role(header: &Header, param: &Param, next: Option<&Param>, last: Option<&Argument>) -> Role {
    let of = param.pointee();
    if !param.is_pointer() {
        return match (last.map(|last| last.role), param.kind.as_str()) {
            (Some(Role::Slice), _) => Role::Length,
            (Some(Role::Buffer), _) => Role::Capacity,
            (_, "bool" | "ddi_ipv4") => Role::Value,
            _ => Role::Number,
        };
    }
    let is_length = |next: &Param| {
        next.kind == "size_t" && (next.name == "n" || next.name == format!("{}_len", param.name))
    };
    let is_in = param.kind.starts_with("const ");
    if header.opaque.iter().any(|name| name == of) {
        Role::Handle
    } else if is_in && next.is_some_and(is_length) {
        Role::Slice
    } else if next.is_some_and(|next| next.kind == "size_t" && next.name == "cap") {
        Role::Buffer
    } else if header.is_sized(of) {
        Role::Sized
    } else {
        Role::Pointer
    }
}

fn prepare(
    header: &Header,
    function: &Function,
    param: &Param,
    renamed: &Param,
    role: Role,
    last: Option<&Argument>,
) -> (String, String) {
    let (of, name) = (param.pointee(), &renamed.name);
    let declare = |value: String| format!("{} {name} = {value};\n", param.kind);
    let text = match role {
        Role::Handle if header.has_fixture(of) => declare(format!("w->{}", &of[4..])),
        Role::Handle => return made(header, of, renamed),
        Role::Slice => slice(function, param, renamed),
        Role::Length => declare(format!("{}_n", last.expect("a slice").param.name)),
        Role::Capacity => declare(format!("{}_cap", last.expect("a buffer").param.name)),
        Role::Buffer => {
            let room = if of == "uint8_t" { "1 << 19" } else { "64" };
            let filled = if signs(function) {
                format!("memcpy({name}, SOA_QUERY, sizeof SOA_QUERY);\n")
            } else {
                String::new()
            };
            let text = format!(
                "size_t {name}_cap = {room};\n{of} *{name}_0 = calloc({name}_cap, sizeof *{name}_0);\n\
                 {of} *{name} = {name}_0;\n{filled}"
            );
            return (text, format!("free({name}_0);\n"));
        }
        Role::Value if param.kind == "bool" => declare("false".to_owned()),
        Role::Value => declare("(ddi_ipv4){{10, 0, 0, 0}}".to_owned()),
        Role::Number => declare(of_table(&NUMBERS, &function.name, &param.name).unwrap_or("1").to_owned()),
        Role::Sized | Role::Pointer => return pointer(param, renamed, role),
    };
    (text, String::new())
}

fn slice(function: &Function, param: &Param, renamed: &Param) -> String {
    let (of, name) = (param.pointee(), &renamed.name);
    if of != "uint8_t" {
        let value = if VALUES.contains(&of) { format!("w->{}", &of[4..]) } else { "1".to_owned() };
        return format!(
            "{of} {name}_0[1] = {{{value}}};\nconst {of} *{name} = {name}_0;\nsize_t {name}_n = 1;\n"
        );
    }
    let bytes = of_table(&BYTES, &function.name, &param.name).unwrap_or("\"example.\"");
    let len = match bytes {
        "(w->update)" => "w->update_len".to_owned(),
        bytes if bytes.starts_with('(') => format!("sizeof {bytes}"),
        bytes => format!("sizeof {bytes} - 1"),
    };
    format!("const uint8_t *{name} = (const uint8_t *){bytes};\nsize_t {name}_n = {len};\n")
}

fn pointer(param: &Param, renamed: &Param, role: Role) -> (String, String) {
    let (of, name) = (param.pointee(), &renamed.name);
    if let Some(handle) = of.strip_suffix('*') {
        let handle = handle.trim_end();
        let free = if handle == "char" { String::new() } else { format!("{handle}_free({name}_0);\n") };
        let of = if handle == "char" { "const char" } else { handle };
        return (format!("{of} *{name}_0 = NULL;\n{of} **{name} = &{name}_0;\n"), free);
    }
    if param.kind.starts_with("const ") && VALUES.contains(&of) {
        return (
            format!("{of} {name}_0 = w->{};\n{} {name} = &{name}_0;\n", &of[4..], param.kind),
            String::new(),
        );
    }
    let mut text = format!("{of} {name}_0[64] = {{0}};\n{} {name} = {name}_0;\n", param.kind);
    if role == Role::Sized {
        text += &format!("{name}_0[0].struct_size = sizeof *{name};\n");
    }
    (text, String::new())
}

/// A handle that `struct world` does not have, made by the first function that gives one.
fn made(header: &Header, of: &str, renamed: &Param) -> (String, String) {
    let name = &renamed.name;
    let gives = |function: &&Function| {
        let kind = format!("{of} **");
        function.params.last().is_some_and(|param| param.kind == kind)
            && function.params.iter().all(|param| param.pointee() != of)
    };
    let Some(maker) = header.functions.iter().find(gives) else {
        panic!("no function gives a {of}: add one to world.h")
    };
    let arguments = arguments(header, maker, &format!("{name}_"));
    let (_, inputs) = arguments.split_last().expect("an out parameter");
    let prepare: String = inputs.iter().map(|one| one.prepare.as_str()).collect();
    let tidy: String = inputs.iter().map(|one| one.tidy.as_str()).collect();
    let names: Vec<_> = inputs.iter().map(|one| one.param.name.as_str()).chain(["&made"]).collect();
    let call = format!("EXPECT({}({}) >= 0);", maker.name, names.join(", "));
    let text = format!(
        "{of} *{name};\n{{\n{of} *made = NULL;\n{prepare}{call}\n{tidy}{name} = made;\n}}\n{of} *{name}_made = {name};\n"
    );
    (text, format!("{of}_free({name}_made);\n"))
}
