/* ddi.h: generated from ffi/src by cbindgen; do not edit. */
/*
 * libddi: highly available DHCP, DNS and IPAM, to embed.
 *
 * A daemon that has a DHCP or DNS server, or is to get one, makes it durable and highly available with this library: leases
 * and zones that survive a crash, a DHCPv4 server engine, failover between two servers, a name server's engines. The daemon
 * keeps its sockets, its clock, its threads and its configuration; the library opens no socket, reads no clock, draws no
 * random numbers and logs nothing by itself. Only databases and journals touch the disk, in calls that say so.
 *
 * This file is the manual. What is not in it is not part of the library.
 *
 * CONTENTS, with the RFCs of each part
 *
 *   Basics            version, status, time, addresses, the log sink, batches
 *   ddi_lease_db      the lease database: group commit, crash recovery and salvage, snapshots, change feed, pools, compaction;
 *                     import and export of Kea's lease CSV and of dhcpd.leases. Leases of IPv4, IPv6 and delegated prefixes
 *   ddi_lease_store   the same questions answered by a store of the application's own
 *   ddi_failover      partner of ISC dhcpd 4.4.3 or of another ddi: draft-ietf-dhc-failover-12, load balancing (RFC 3074)
 *   ddi_dhcp4_...     DHCPv4 packets and messages for daemons with a server of their own: RFC 2131, 2132, 3396
 *   ddi_dhcp_server   DHCPv4 server: RFC 2131, 2132, BOOTP (951, 1534), relays (3046, 3527, 3011, 5107, 5010, 8357), 3396,
 *                     6842, 4361, rapid commit (4039), 8925, 3442, 3397, 4702
 *   ddi_tsig_...      signatures: RFC 8945. ddi_acl: who may do what
 *   ddi_zone          one version of a zone, answers and zone files: RFC 1034, 1035, 2181, 2308, 4592, 6672, 8482, 3597,
 *                     signed zones (4034, 4035, 5155), EDNS (6891), 5001, 7314, cookies (7873, 9018), 8914
 *   ddi_zone_set      the zones of a server and their journal
 *   ddi_xfr_out/_in   AXFR and IXFR: RFC 5936, 1995. ddi_secondary, ddi_notifier: NOTIFY (1996), timers (1034, 1982, 7314)
 *   ddi_updates       UPDATE: RFC 2136, 3007. ddi_update_forwarder: section 6 of it
 *   ddi_ddns_...      names of DHCP clients: RFC 4701, 4703
 *
 * THE LOOP
 *
 * All engines have one shape. What happened goes in by `handle` calls; what is to be done comes out by polls:
 *
 *   ..._handle_...        a datagram, bytes of a connection, an operator's word. `now` is an argument
 *   ..._handle_timeout    time has passed. A no-op when early: it may be called at any time
 *   ..._poll_transmit     the next message to send, into the caller's buffer; DDI_IDLE if there is none now
 *   ..._poll_event        the next thing that the application must do or may want to know; DDI_IDLE if there is none
 *   ..._poll_timeout      when to call `handle_timeout` at the latest; DDI_IDLE: not needed
 *
 * After any `handle` call: commit, drain `poll_transmit`, drain `poll_event`, read `poll_timeout`. Who does not drain loses
 * nothing, it comes later. A DHCP server, with its error handling left out:
 *
 *     for (;;) {
 *         ddi_now now = {monotonic_milliseconds(), unix_seconds()};
 *         while ((n = receive(&from, &to, in)) > 0)
 *             ddi_dhcp_server_handle_datagram(server, &now, store, NULL, interface, from.ip, from.port, to.ip, in, n);
 *         ddi_dhcp_server_handle_timeout(server, &now, store, NULL);
 *         ddi_lease_db_commit(db, &durable);
 *         while (ddi_dhcp_server_poll_transmit(server, store, &reply, out, sizeof out, &len) == DDI_OK)
 *             send(&reply, out, len);
 *         while (ddi_dhcp_server_poll_event(server, &event, name, sizeof name, &len) == DDI_OK)
 *             hear(&event);
 *         wait_for_a_datagram_until(ddi_dhcp_server_poll_timeout(server, &due) == DDI_OK ? due : FOREVER);
 *     }
 *
 * Durable before answer: a change has a position in the log (lsn, version) and is durable once the commit has reached that.
 * `poll_transmit` keeps a message that promises something until the promise is durable; no caller can send it too early. So
 * commit before polling. One commit serves all datagrams that came in meanwhile. A server that is not to wait for the disk
 * takes the batch out (`ddi_lease_db_take_batch`), has another thread sync it (`ddi_batch_sync`), hands it back
 * (`ddi_lease_db_batch_durable`) and polls again.
 *
 * examples/ has the whole: lease_db.c, dhcp_server.c (with that second thread), failover_pair.c, embed_store.c,
 * zone_server.c, zone_mirror.c.
 *
 * STATUS AND ERRORS
 *
 * `ddi_status` is 0 (DDI_OK), positive (DDI_IDLE: done, and there is nothing) or negative: an error. Each function names the
 * errors that are its own; where a chapter's functions name none, DDI_E_NULL and DDI_E_ARGUMENT can come from any. Besides,
 * every call can return DDI_E_PANIC and, on a handle that has seen one, DDI_E_POISONED.
 *
 * `ddi_status_name` and `ddi_status_text` explain a number; `..._last_error(handle)` says what went wrong this time, and
 * where. It is the text of the last failed call on that handle; a call with `ddi_x *` that went well leaves "". The text can be
 * read until the next call with `ddi_x *`. When a call that makes a handle fails, the text is its configuration's. The log sink
 * (`ddi_log_set`) hears all texts, those of calls without a handle too. Fetch a text after the call, not in the same expression:
 * C does not say which of two arguments is computed first.
 *
 * A call that fails has changed nothing, and has written no output but `*len` with DDI_E_BUFFER. Exceptions say so.
 *
 * DDI_E_PANIC means a defect of the library. It is caught, so that the process lives on; every handle that the call could
 * change is poisoned, and takes no call but `..._free` and `..._last_error`. Nothing that was durable is lost: free the
 * database's handle and open it again.
 *
 * Running out of memory ends the process.
 *
 * POINTERS AND OWNERSHIP
 *
 * Handles (`ddi_x *`) are made by `..._new`, `..._open` or the call that says "Caller owns", and freed by `..._free`, where
 * NULL is a no-op. Never `free` what came from the library. Free a handle after those that were made to use it (a
 * `ddi_store` before its `ddi_lease_db`). "Borrowed until" says how long a pointer that is not the caller's may be read.
 *
 * What goes in is copied before the call returns. NULL is refused with DDI_E_NULL unless the function says that it may be.
 * Bytes and texts are a pointer and a length, with no NUL at their end; (NULL, 0) are no bytes. Texts are UTF-8. Paths are
 * bytes as the system has them, except where they are said to be UTF-8.
 *
 * Bytes come out to `buf`, which has room for `cap`, and `*len` says how many. Too little room is DDI_E_BUFFER, `*len` the
 * room needed, and nothing is changed: call again. Constants (DDI_DHCP_MAX_REPLY, DDI_DNS_MESSAGE_MAX, ...) name the room
 * that is always enough.
 *
 * Flags and choices come in as numbers and are checked. Structs that start with `struct_size` may get new members at their
 * end in later versions. Set it to sizeof the struct, also in one that the library is to fill, and zero the others that are
 * not used (`= {.struct_size = sizeof x}` does both): the library reads and writes no more than that. Members named `pad`
 * are 0.
 *
 * THREADS
 *
 * The library starts no threads (an opening may be told to use some: `ddi_lease_config_set_open_threads`; they have ended
 * when it returns) and keeps no global state but the log sink.
 *   - A handle may be used on any thread, and may move from one to another.
 *   - A call with `ddi_x *` needs the handle to itself. Calls with `const ddi_x *` may overlap each other.
 *   - A call that has several handles as arguments needs each of them so.
 *   - Different handles are independent, even if one was made from the other, unless the type says otherwise: a `ddi_store`
 *     and its `ddi_lease_db` are one.
 * No call may be made from a signal handler, or in a child process after fork on handles that its parent had.
 *
 * TIME AND UNITS
 *
 * `ddi_now` has both clocks: milliseconds of a monotonic clock for timers, seconds since 1970 for what is stored or sent. A
 * `now` that is earlier than one before is taken as that one. Timeouts are absolute, on the monotonic clock. Other times and
 * durations have their unit in their name (`_ms`, `_seconds`) or are seconds; lease times are seconds since 1970. Ports are
 * in the host's byte order, addresses are bytes in the network's.
 *
 * The same seeds and the same calls give the same bytes: a test can run a server for a day in a second. In production,
 * seeds, keys and ids are to be random, where a function asks for them.
 *
 * BYTES FROM THE NETWORK
 *
 * Whatever they are, they do no harm. Datagrams that are malformed are dropped, counted and told by an event; a connection
 * whose bytes make no sense is given up, and the call says that it is to be closed.
 *
 * LINKING
 *
 *     cc program.c $(pkg-config --cflags --libs ddi)                                               shared
 *     cc program.c $(pkg-config --static --cflags --libs ddi | sed s/-lddi/-l:libddi.a/)           static
 *
 * The shared library exports only names that begin with ddi_ or DDI_. The static one holds Rust's standard library as well:
 * link at most one such library into a program, and prefer the shared one. C11 and C++17 compilers take this file without a
 * warning. The soname is libddi.so.0.<minor> until 1.0 and libddi.so.<major> from then on; DDI_VERSION_NUMBER and
 * `ddi_version_number` tell if header and library belong together.
 */

#ifndef DDI_H
#define DDI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ============================================================================================== */
/*
 * Version. The macros are of the header, the functions of the library that runs; compare them if the
 * two may be of different origin. While the major version is 0 the soname has the minor one
 * (libddi.so.0.1), and a change of it may change anything; from 1.0 on only the major one may.
 */
/* ============================================================================================== */

// The header's major version.
#define DDI_VERSION_MAJOR 0

// The header's minor version.
#define DDI_VERSION_MINOR 1

// The header's patch version.
#define DDI_VERSION_PATCH 0

// major * 1000000 + minor * 1000 + patch.
#define DDI_VERSION_NUMBER (((DDI_VERSION_MAJOR * 1000000) + (DDI_VERSION_MINOR * 1000)) + DDI_VERSION_PATCH)

// The library's `DDI_VERSION_NUMBER`.
uint32_t ddi_version_number(void);

// The library's version as text, such as "0.1.0". Static.
const char *ddi_version(void);

/* ============================================================================================== */
/*
 * Status. Every call that can fail returns one: 0 is done, a positive one is not an error, a negative one is.
 * So `if (s < 0)` finds errors everywhere, and `if (s)` wherever there is nothing to poll. Numbers never
 * change their meaning.
 *
 * The errors that stand with each call leave out `DDI_E_PANIC` and `DDI_E_POISONED`, which any call may return.
 *
 * What went wrong, in words, is kept in the handle that is the call's first parameter: `ddi_<noun>_last_error`. It is
 * made for people; programs go by the status.
 *
 * - A call without const forgets the words of earlier ones. So afterwards they are its own, or "" if nothing went wrong.
 * - A const call that fails leaves its words; one that succeeds leaves what is there. Of threads that share a handle,
 *   the words are of the last that failed.
 * - They are borrowed until the next call on that handle without const, its free included. Const calls free none, so a
 *   thread can read them while others use the handle.
 * - A call that has no handle (most `_new`, and calls on plain bytes) or that is given NULL for it has nowhere to leave
 *   words. It returns one of the errors that stand with it, and the words go to the log sink, as those of all calls do
 *   (`ddi_log_set`).
 */
/* ============================================================================================== */

// What a call says of itself.
typedef int32_t ddi_status;

// Done.
#define DDI_OK 0

// Done, and there is nothing: a poll has nothing to hand out, a look-up has found nothing, a page is the last.
#define DDI_IDLE 1

// A pointer is NULL that must not be.
#define DDI_E_NULL (-1)

// An argument is not one that the call takes: out of range, not UTF-8, malformed. Nothing was changed.
#define DDI_E_ARGUMENT (-2)

// The buffer is too short; the size needed was written to `len`. Nothing was changed: call again.
#define DDI_E_BUFFER (-3)

// Not now: the call does not fit the state that the object is in.
#define DDI_E_STATE (-4)

// Out of memory. Kept for limits that the caller sets; a failing allocator ends the process.
#define DDI_E_NO_MEMORY (-5)

// The library has a defect: it panicked. The handle is poisoned, and last_error has the panic's words; where it was,
// standard error says.
#define DDI_E_PANIC (-6)

// An earlier call on this handle panicked. It can only be freed; a lease database can be opened again.
#define DDI_E_POISONED (-7)

// The storage failed. What was not durable before may be lost; free the handle and open again.
#define DDI_E_IO (-8)

// Stored bytes are damaged, or are of a later version of this library.
#define DDI_E_CORRUPT (-9)

// A limit is reached: too many, too long, full.
#define DDI_E_LIMIT (-10)

// There is no such thing.
#define DDI_E_NOT_FOUND (-11)

// The bytes of the packet, message or file are malformed.
#define DDI_E_MALFORMED (-12)

// The lease is not what was expected of it (`ddi_expect`): it was changed meanwhile.
#define DDI_E_CONFLICT (-100)

// The binding state can't follow the stored one.
#define DDI_E_TRANSITION (-101)

// A write or a sync has failed earlier: nothing becomes durable any more until the database is opened again.
#define DDI_E_STOPPED (-102)

// A batch is out: hand it back first.
#define DDI_E_BATCH_OUT (-103)

// The changes that are asked for are no longer in the log: begin with a snapshot.
#define DDI_E_RELEASED (-104)

// The configuration can't be served; last_error says what is wrong, and where.
#define DDI_E_DHCP_CONFIG (-200)

// The application's lease store gave an answer that can't be, or failed where it must not: it is not used any more.
#define DDI_E_STORE (-201)

// A record can't be in the zone, or the records are no zone.
#define DDI_E_ZONE (-300)

// A zone file is wrong: last_error says file, line and column.
#define DDI_E_ZONE_FILE (-301)

// The change is for another version of the zone than the newest: begin anew.
#define DDI_E_STALE (-302)

// A signature (TSIG) is bad, or missing where one must be.
#define DDI_E_SIGNATURE (-303)

// A zone transfer can't go on: close the connection.
#define DDI_E_TRANSFER (-304)

// The sender may not do that.
#define DDI_E_NOT_PERMITTED (-305)

// The relationships can't be as configured, or the saved state is not theirs; last_error says why.
#define DDI_E_FAILOVER_CONFIG (-400)

// Nothing more is taken from this connection; an event says why, and that it is to be closed.
#define DDI_E_FAILOVER_LINK (-401)

// The command does not apply in the state that the endpoint is in.
#define DDI_E_FAILOVER_REFUSED (-402)

// The status's name, such as "DDI_E_BUFFER"; "DDI_E_UNKNOWN" for a number that is none. Static.
const char *ddi_status_name(ddi_status status);

// What the status means, in a few English words. Static. What went wrong this time says last_error.
const char *ddi_status_text(ddi_status status);

/* ============================================================================================== */
/*
 * Time. The library reads no clock: time is an argument.
 */
/* ============================================================================================== */

// A time that is not set: there is no such time.
#define DDI_TIME_UNSET 0

// Never: the end of an infinite lease.
#define DDI_TIME_NEVER UINT64_MAX

// The two clocks of one moment. A `now` that is earlier than one before is taken as that one.
typedef struct ddi_now {
    // Milliseconds on a monotonic clock (CLOCK_MONOTONIC or CLOCK_BOOTTIME), for timers. The origin is
    // the caller's. What the polls for a timeout return is on this clock.
    uint64_t instant_ms;
    // Seconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME), for what is stored or sent.
    uint64_t unix_s;
} ddi_now;

/* ============================================================================================== */
/*
 * Internet addresses, of our own, so that no header of a system is needed.
 */
/* ============================================================================================== */

// No address.
#define DDI_FAMILY_NONE 0

// IPv4: the address is in the first 4 bytes.
#define DDI_FAMILY_V4 4

// IPv6: the address is in all 16 bytes.
#define DDI_FAMILY_V6 6

// An address with a port, as a socket has it. Not `struct sockaddr`: examples/dhcp_server.c has the few
// lines that convert.
typedef struct ddi_addr {
    // `DDI_FAMILY_V4` or `DDI_FAMILY_V6`; `DDI_FAMILY_NONE` (0) where there may be none.
    uint8_t family;
    // Zero.
    uint8_t pad;
    // In the host's byte order; 0 if it has no meaning.
    uint16_t port;
    // IPv6: the interface's number for link-local addresses (`sin6_scope_id`); otherwise 0.
    uint32_t scope;
    // The address in network byte order; bytes that are not used are 0.
    uint8_t bytes[16];
} ddi_addr;

/* ============================================================================================== */
/*
 * Log sink: hears the text of every failure, of calls without a handle too. It is the library's only global
 * state. Engines report what happens to them by events, not here.
 */
/* ============================================================================================== */

// A defect of the library: a panic.
#define DDI_LOG_ERROR 1

// A call failed, and its status said so.
#define DDI_LOG_DEBUG 4

// Who is told. The functions are called on whichever thread makes the call that fails, inside it and
// at times on several at once; they must return normally and call nothing of this library.
typedef struct ddi_log {
    // sizeof(ddi_log)
    uint32_t struct_size;
    // Zero.
    uint32_t pad;
    // Handed to the functions.
    void *userdata;
    // One line of UTF-8, without a NUL or a line's end.
    void (*line)(void *userdata,
                 uint32_t level,
                 ddi_status status,
                 const uint8_t *text,
                 size_t text_len);
    // Called once, when another sink takes this one's place; may be NULL.
    void (*release)(void *userdata);
} ddi_log;

// Sets the sink, for the whole process; NULL takes it away. A copy is kept. The sink before it is released
// when the last call that uses it has ended.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_log_set(const ddi_log *log);

/* ============================================================================================== */
/*
 * Batches: what was changed since the last one, on its way to the disk, so that one thread can sync it while another
 * one goes on handling packets. A lease database and a zone set give them and take them back.
 */
/* ============================================================================================== */

// A batch of changes on its way to the disk. One call at a time; made to be moved to another thread.
typedef struct ddi_batch ddi_batch;

// Writes and syncs the batch. Hand it back even if that fails: then its owner knows.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (done already), `DDI_E_IO` (the call that takes it back says what).
ddi_status ddi_batch_sync(ddi_batch *batch);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_batch_last_error(const ddi_batch *batch);

// Frees it. NULL is a no-op.
void ddi_batch_free(ddi_batch *batch);

/* ============================================================================================== */
/*
 * Lease keys, and what a client is known by.
 */
/* ============================================================================================== */

// The family of a delegated IPv6 prefix (RFC 8415 IA_PD) in a lease key.
#define DDI_FAMILY_PREFIX 7

// DHCPv4 client_id: option 61 as received (RFC 2132 section 9.14).
#define DDI_IDENTITY_CLIENT_ID 1

// Link-layer address; `number` is its type.
#define DDI_IDENTITY_HW_ADDR 2

// DUID with an IAID, which is `number` (RFC 8415 sections 11 and 12).
#define DDI_IDENTITY_DUID_IAID 3

// Any lease of a DUID.
#define DDI_IDENTITY_DUID 4

// Host name, without regard to ASCII case.
#define DDI_IDENTITY_HOSTNAME 5

// Relay-id (RFC 6925), or DHCPv6 option 53.
#define DDI_IDENTITY_RELAY_ID 6

// Remote-id (RFC 3046), or DHCPv6 option 37.
#define DDI_IDENTITY_REMOTE_ID 7

// An IPv4 address in network byte order, as `struct in_addr` holds it.
typedef struct ddi_ipv4 {
    // 192.0.2.1 is 192, 0, 2, 1.
    uint8_t bytes[4];
} ddi_ipv4;

// The key of a lease: an address in an address space. All zeros are no key: the family must be set.
typedef struct ddi_lease_key {
    // Address space; 0 where networks don't overlap.
    uint32_t space;
    // `DDI_FAMILY_V4`, `DDI_FAMILY_V6` or `DDI_FAMILY_PREFIX`.
    uint8_t family;
    // Of a prefix its length in bits, 0 to 128; otherwise 0.
    uint8_t prefix_len;
    // Zero.
    uint16_t pad;
    // The address in network byte order; IPv4 in the first 4 bytes. A prefix has no host bits.
    uint8_t bytes[16];
} ddi_lease_key;

// A link-layer address with its type.
typedef struct ddi_hw_addr {
    // ARP hardware type; 1 is Ethernet.
    uint16_t htype;
    // How many bytes it has, at most 20; 0 is no address.
    uint8_t len;
    // The address.
    uint8_t bytes[20];
    // Zero.
    uint8_t pad;
} ddi_hw_addr;

// What leases are looked up by, other than their addresses.
typedef struct ddi_identity {
    // One of `DDI_IDENTITY_...`.
    uint32_t kind;
    // The hardware type or the IAID; otherwise 0.
    uint32_t number;
    // The identity's bytes.
    const uint8_t *bytes;
    // How many.
    size_t bytes_len;
} ddi_identity;

/* ============================================================================================== */
/*
 * The lease: one row of the database. The same struct goes in and comes out. Byte fields going in are the
 * caller's and are copied; coming out they are borrowed until the next call on the handle that gave them.
 */
/* ============================================================================================== */

// Nobody's; the primary (or the only server) may allocate it.
#define DDI_STATE_FREE 1

// Bound to a client.
#define DDI_STATE_ACTIVE 2

// The client's time ran out; with a partner, the partner may not know yet.
#define DDI_STATE_EXPIRED 3

// The client gave it back; with a partner, the partner may not know yet.
#define DDI_STATE_RELEASED 4

// Found in use by somebody else: quarantined until its expiration_time.
#define DDI_STATE_ABANDONED 5

// An operator took it from the client.
#define DDI_STATE_RESET 6

// Nobody's; the secondary may allocate it.
#define DDI_STATE_BACKUP 7

// RFC 8156: free, but the partner has not acknowledged that yet.
#define DDI_STATE_PENDING_FREE 8

// RFC 8156's name for what the secondary may allocate.
#define DDI_STATE_FREE_BACKUP 9

// A lease. `memset` it to zero, set `struct_size`, `key` and `state`, and then what is known.
// Times are seconds since 1970, `DDI_TIME_UNSET` or `DDI_TIME_NEVER`.
typedef struct ddi_lease {
    // sizeof(ddi_lease)
    uint32_t struct_size;
    // The subnet's number in the configuration; an attribute, never a key.
    uint32_t subnet_id;
    // Address space and address.
    ddi_lease_key key;
    // Out: the log sequence number of the put that wrote this. Not read.
    uint64_t version;
    // When the binding state last changed.
    uint64_t start_time_of_state;
    // When the client was last heard.
    uint64_t client_last_transaction_time;
    // When the client's lease ends (ACTIVE), ended, or the quarantine ends (ABANDONED).
    uint64_t expiration_time;
    // DHCPv6: when the address stops being preferred.
    uint64_t preferred_time;
    // Potential expiration time last sent to the partner (draft-ietf-dhc-failover-12 section 5.2.1).
    uint64_t potential_sent;
    // The one last acknowledged by the partner.
    uint64_t potential_acked;
    // The one last received from the partner.
    uint64_t potential_received;
    // Link-layer address.
    ddi_hw_addr hw_addr;
    // DHCPv6 identity association, with `duid`.
    uint32_t iaid;
    // With `is_partners`: the number of the relationship.
    uint16_t partner;
    // 1 if what this says is a partner's word, 0 if it is this server's own.
    uint8_t is_partners;
    // `DDI_STATE_...`
    uint8_t state;
    // The state to go back to if the partner has not heard of this one yet; 0 if none.
    uint8_t rewind_state;
    // 1 if the address is reserved for this client.
    uint8_t reserved;
    // 1 if given by BOOTP: no lease time was told to the client.
    uint8_t bootp;
    // 1 if the A or AAAA is in DNS under `fqdn`.
    uint8_t ddns_forward;
    // 1 if the PTR is in DNS.
    uint8_t ddns_reverse;
    // 1 if the client updates its A or AAAA itself (option 81, S = 0).
    uint8_t ddns_by_client;
    // Zero.
    uint8_t pad[2];
    // DHCPv4 option 61; at most 255 bytes.
    const uint8_t *client_id;
    // Its length.
    size_t client_id_len;
    // DHCPv6 client DUID; at most 130 bytes.
    const uint8_t *duid;
    // Its length.
    size_t duid_len;
    // Host name as the client sent it; any bytes.
    const uint8_t *hostname;
    // Its length.
    size_t hostname_len;
    // The full name in DNS, text without a final dot.
    const uint8_t *fqdn;
    // Its length.
    size_t fqdn_len;
    // Option 82 as received: its sub-options, without code and length.
    const uint8_t *relay_agent_info;
    // Its length.
    size_t relay_agent_info_len;
    // The application's own bytes; the library never looks at them.
    const uint8_t *user;
    // Their length.
    size_t user_len;
} ddi_lease;

// The name of a binding state, such as "PENDING-FREE"; "UNKNOWN" for a number that is none. Static.
const char *ddi_state_name(uint8_t state);

/* ============================================================================================== */
/*
 * How a lease database is opened. Nothing of it is stored: it may change from one opening to the next.
 */
/* ============================================================================================== */

// The number of bytes of a hash key.
#define DDI_HASH_KEY_LEN 16

// A configuration. One call at a time; it can be used for several openings.
typedef struct ddi_lease_config ddi_lease_config;

// A new one, with indexes by client_id and hw_addr. `hash_key` is `DDI_HASH_KEY_LEN` bytes that key the hash
// tables, so that no client can choose identities that collide: best random, and kept from clients.
// Caller owns: `ddi_lease_config_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another length).
ddi_status ddi_lease_config_new(const uint8_t *hash_key,
                                size_t hash_key_len,
                                ddi_lease_config **config);

// Which indexes are built when the database is opened: `n` of `DDI_IDENTITY_...`. Any other is built when it is
// first asked for, which takes about a tenth of a second for each million leases.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a number that is none).
ddi_status ddi_lease_config_set_indexes(ddi_lease_config *config,
                                        const uint32_t *identities,
                                        size_t n);

// How many threads may work while a database is opened, the caller's included; they have ended when the
// opening returns. 1 (none is started) unless set; more than 2 rarely help.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (0, or over 64).
ddi_status ddi_lease_config_set_open_threads(ddi_lease_config *config,
                                             uint32_t threads);

// How the log is laid out. `log_id` seeds the checksums of a new log (best random; one that exists keeps its
// own). `align_bytes`: where batches start, a multiple of 512 up to 4096. `segment_bytes`: the longest that a
// segment file gets. What makes no sense is rounded to the nearest that does. Unless set: 0, 512, 64 MiB.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_config_set_log(ddi_lease_config *config,
                                    uint64_t log_id,
                                    uint32_t align_bytes,
                                    uint64_t segment_bytes);

// What went wrong, in words, also in an opening with this configuration; "" if nothing did. Borrowed, as the chapter
// on status says.
const char *ddi_lease_config_last_error(const ddi_lease_config *config);

// Frees it; databases opened with it stay. NULL is a no-op.
void ddi_lease_config_free(ddi_lease_config *config);

/* ============================================================================================== */
/*
 * The lease database: all leases in memory, every change in a log on disk first. A put is in memory at once
 * and durable with the next commit; only then may the client be told.
 */
/* ============================================================================================== */

// Put or remove, whatever is there.
#define DDI_EXPECT_ANY 0

// Only if there is no lease.
#define DDI_EXPECT_ABSENT 1

// Only if the lease is the one that this version wrote.
#define DDI_EXPECT_VERSION 2

// The most keys that a look-up by identity finds.
#define DDI_FIND_MAX 64

// A lease database. Calls that take `ddi_lease_db *` need it to themselves; those that take
// `const ddi_lease_db *` may overlap each other. Batches, compactions, snapshots and feeds are handles of
// their own, for other threads.
typedef struct ddi_lease_db ddi_lease_db;

// What opening a database has found.
typedef struct ddi_lease_db_opened {
    // sizeof(ddi_lease_db_opened)
    uint32_t struct_size;
    // Snapshots that are damaged and were passed over. Nothing is lost; compact soon.
    uint32_t damaged_snapshots;
    // How many leases there are.
    uint64_t leases;
    // The last change that the snapshot held; 0 if there is none.
    uint64_t snapshot_lsn;
    // The last change of all.
    uint64_t last_lsn;
    // Changes that were replayed from the log after the snapshot.
    uint64_t replayed;
    // Bytes of a batch that a crash tore and that were cut off: nobody had been told of it.
    uint64_t cut_bytes;
    // Changes that a salvage had found lost.
    uint64_t lost;
} ddi_lease_db_opened;

// Opens the database in the directory `path`, or makes one. While it is open no other process can open it.
// Caller owns `*db`: `ddi_lease_db_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_IO` (also: in use), `DDI_E_CORRUPT` (something that was durable is damaged; nothing
// was changed; see `ddi_lease_db_salvage`). The text is `ddi_lease_config_last_error`.
ddi_status ddi_lease_db_open(ddi_lease_config *config,
                             const uint8_t *path,
                             size_t path_len,
                             ddi_lease_db **db);

// A database in memory only, for tests. Caller owns `*db`: `ddi_lease_db_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_db_open_memory(ddi_lease_config *config, ddi_lease_db **db);

// What the opening has found. Set `struct_size` before.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_lease_db_opened_as(const ddi_lease_db *db,
                                  ddi_lease_db_opened *opened);

// Writes a lease: in memory at once, durable once `ddi_lease_db_durable` has reached `*lsn`. `expect` is one of
// `DDI_EXPECT_...`, `version` counts with `DDI_EXPECT_VERSION` only. A hold on the address ends.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a field of the lease, or too long), `DDI_E_CONFLICT`,
// `DDI_E_TRANSITION` (draft-ietf-dhc-failover-12 section 5.2, RFC 8156 section 4.2), `DDI_E_LIMIT` (full, or the
// pending batch is: commit), `DDI_E_STOPPED`.
ddi_status ddi_lease_db_put(ddi_lease_db *db,
                            const ddi_lease *lease,
                            uint32_t expect,
                            uint64_t version,
                            uint64_t *lsn);

// The same without the rule on binding states: for a partner's word, and for imports.
//
// Errors: as of `ddi_lease_db_put`, but for `DDI_E_TRANSITION`.
ddi_status ddi_lease_db_put_forced(ddi_lease_db *db,
                                   const ddi_lease *lease,
                                   uint32_t expect,
                                   uint64_t version,
                                   uint64_t *lsn);

// Forgets a lease: its address is as if never leased. `DDI_IDLE` if there was none and that was expected; then
// `*lsn` is not written.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_CONFLICT`, `DDI_E_LIMIT`, `DDI_E_STOPPED`.
ddi_status ddi_lease_db_remove(ddi_lease_db *db,
                               const ddi_lease_key *key,
                               uint32_t expect,
                               uint64_t version,
                               uint64_t *lsn);

// Reads a lease, durable or not. `DDI_IDLE` if there is none; then `*lease` is not written. Set
// `lease->struct_size` before. The byte fields are borrowed until the next call with `ddi_lease_db *`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_get(ddi_lease_db *db,
                            const ddi_lease_key *key,
                            ddi_lease *lease);

// The keys of the leases in address space `space` with this identity, of the subnet `*subnet_id` only, or of any
// if that is NULL. At most `DDI_FIND_MAX`, in no order; `*len` is how many. Of one subnet's, if there are more, those
// that are `DDI_STATE_ACTIVE` come before all others.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (more than `cap`; `*len` is how many).
ddi_status ddi_lease_db_find(ddi_lease_db *db,
                             uint32_t space,
                             const uint32_t *subnet_id,
                             const ddi_identity *identity,
                             ddi_lease_key *keys,
                             size_t cap,
                             size_t *len);

// The same where an identity may have more than `DDI_FIND_MAX`: the first `cap` keys after the key `after`, in order.
// NULL starts at the beginning; fewer than `cap` is the end. Each page looks at every lease of the identity.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_find_page(ddi_lease_db *db,
                                  uint32_t space,
                                  const uint32_t *subnet_id,
                                  const ddi_identity *identity,
                                  const ddi_lease_key *after,
                                  ddi_lease_key *keys,
                                  size_t cap,
                                  size_t *len);

// The first lease after the key `after` in the order of keys: address space, then IPv4, IPv6, prefixes. NULL
// starts at the beginning; `DDI_IDLE` is the end. So all leases:
//
//     for (s = ddi_lease_db_scan(db, NULL, &lease); s == DDI_OK; s = ddi_lease_db_scan(db, &lease.key, &lease))
//
// Set `lease->struct_size` before. The byte fields are borrowed until the next call with `ddi_lease_db *`. To
// read millions beside a server that goes on, take a `ddi_lease_snapshot`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_scan(ddi_lease_db *db,
                             const ddi_lease_key *after,
                             ddi_lease *lease);

// The same of one subnet, without reading the others.
//
// Errors: as of `ddi_lease_db_scan`.
ddi_status ddi_lease_db_scan_subnet(ddi_lease_db *db,
                                    uint32_t subnet_id,
                                    const ddi_lease_key *after,
                                    ddi_lease *lease);

// How many leases are stored. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_db_len(const ddi_lease_db *db);

// How many leases of the subnet are in this state (`DDI_STATE_...`); kept, not counted now.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_count(const ddi_lease_db *db,
                              uint32_t subnet_id,
                              uint32_t state,
                              uint64_t *leases);

// Builds an index (`DDI_IDENTITY_...`) now, if it is not built, rather than when it is first asked for.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_build_index(ddi_lease_db *db,
                                    uint32_t identity);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_lease_db_last_error(const ddi_lease_db *db);

// Closes it. What was not committed is lost; snapshots and feeds stay. NULL is a no-op.
void ddi_lease_db_free(ddi_lease_db *db);

/* ============================================================================================== */
/*
 * Commit: what makes puts durable. Either here and now, or with a batch that another thread syncs while this one
 * goes on handling packets.
 */
/* ============================================================================================== */

// Syncs everything that was put, here and now. `*durable` is what `ddi_lease_db_durable` says then.
//
// Errors: `DDI_E_NULL`, `DDI_E_BATCH_OUT`, `DDI_E_IO` (nothing becomes durable any more: free the database and
// open it again), `DDI_E_STOPPED`.
ddi_status ddi_lease_db_commit(ddi_lease_db *db,
                               uint64_t *durable);

// Takes out what was put since the last batch. `DDI_IDLE` if there is nothing, or a batch is out. Then
// `ddi_batch_sync` on any thread, `ddi_lease_db_batch_durable`, `ddi_batch_free`.
// Caller owns `*batch`; one that is freed before it is handed back is lost, and stops its database.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_db_take_batch(ddi_lease_db *db,
                                   ddi_batch **batch);

// Hands a synced batch back to its database. `*durable` is what `ddi_lease_db_durable` says then. The batch is
// still to be freed.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a batch of another database), `DDI_E_STATE` (not synced, or handed back
// already), `DDI_E_IO` (nothing becomes durable any more: free the database and open it again).
ddi_status ddi_lease_db_batch_durable(ddi_lease_db *db,
                                      ddi_batch *batch,
                                      uint64_t *durable);

// Everything up to this log sequence number survives a crash. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_db_durable(const ddi_lease_db *db);

// The last change that was made, durable or not. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_db_appended(const ddi_lease_db *db);

/* ============================================================================================== */
/*
 * Snapshots: all leases of one moment, read at leisure while writes go on.
 *
 *     ddi_lease_db_snapshot(db, &snapshot);
 *     while (ddi_lease_snapshot_next(snapshot, &lease) == DDI_OK) ...;    // on any thread, in as many pages as you like
 *     ddi_lease_db_feed(db, ddi_lease_snapshot_lsn(snapshot), &feed);     // and what has changed since
 *     ddi_lease_snapshot_free(snapshot);
 */
/* ============================================================================================== */

// All leases of one moment. It outlives its database. One call at a time; made to be moved to another thread, where
// it is read while calls on the database go on.
typedef struct ddi_lease_snapshot ddi_lease_snapshot;

// All leases as they are now, durable or not. Cheap: nothing is copied, but as long as it lives each page of leases
// that is written is copied first, so that in the end it may take as much memory as the leases do.
// Caller owns `*snapshot`: `ddi_lease_snapshot_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_db_snapshot(const ddi_lease_db *db,
                                 ddi_lease_snapshot **snapshot);

// The last change that it holds, as `ddi_lease_db_appended` said then: where a feed goes on. What is over
// `ddi_lease_db_durable` a crash may take back. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_snapshot_lsn(const ddi_lease_snapshot *snapshot);

// How many leases it holds. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_snapshot_len(const ddi_lease_snapshot *snapshot);

// The next lease, in no particular order, each once. `DDI_IDLE`: that were all; then `*lease` is not written. Set
// `lease->struct_size` before. The byte fields are borrowed until the next call on this handle.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_lease_snapshot_next(ddi_lease_snapshot *snapshot,
                                   ddi_lease *lease);

// Begins again with the first lease.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_snapshot_rewind(ddi_lease_snapshot *snapshot);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_lease_snapshot_last_error(const ddi_lease_snapshot *snapshot);

// Frees it. NULL is a no-op.
void ddi_lease_snapshot_free(ddi_lease_snapshot *snapshot);

/* ============================================================================================== */
/*
 * The change feed: what became durable, in order, from any position that the log still reaches back to. For
 * replicas, inventories and whoever else has to know of each change, also after a restart: keep the position.
 *
 *     s = ddi_lease_db_feed(db, position, &feed);
 *     if (s == DDI_E_RELEASED) ...;    // too long ago: read a ddi_lease_snapshot, and feed from its lsn
 *     for (;;) {
 *         while ((s = ddi_lease_feed_next(feed, &change, &lease)) == DDI_OK) ...;
 *         if (s < 0) ...;
 *         ...                          // wait until ddi_lease_db_durable has gone on
 *         ddi_lease_feed_catch_up(feed, db);
 *     }
 */
/* ============================================================================================== */

// A lease was written.
#define DDI_LEASE_CHANGE_PUT 1

// A lease was forgotten.
#define DDI_LEASE_CHANGE_REMOVED 2

// Durable changes in order. One call at a time; made to be moved to another thread, where it is read while calls on
// the database go on.
typedef struct ddi_lease_feed ddi_lease_feed;

// One change.
typedef struct ddi_lease_change {
    // sizeof(ddi_lease_change)
    uint32_t struct_size;
    // `DDI_LEASE_CHANGE_...`
    uint32_t kind;
    // Its log sequence number: a put's is the lease's version.
    uint64_t lsn;
    // Which lease.
    ddi_lease_key key;
} ddi_lease_change;

// The changes after the log sequence number `after` that are durable now. 0: from the first on.
// Caller owns `*feed`: `ddi_lease_feed_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_RELEASED` (compactions have given up the log before the next change: read a snapshot,
// and feed from its lsn), `DDI_E_ARGUMENT` (`after` is over `ddi_lease_db_appended`), `DDI_E_IO`.
ddi_status ddi_lease_db_feed(const ddi_lease_db *db,
                             uint64_t after,
                             ddi_lease_feed **feed);

// The next change, and the lease that was put (`*lease` is not written if one was removed). `DDI_IDLE`: that were all
// that were durable when the feed was made or last caught up; nothing is written. Set both `struct_size` before. The
// byte fields are borrowed until the next call on this handle.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_RELEASED` (a compaction has given up the log before the
// next change meanwhile), `DDI_E_IO`, `DDI_E_CORRUPT`.
ddi_status ddi_lease_feed_next(ddi_lease_feed *feed,
                               ddi_lease_change *change,
                               ddi_lease *lease);

// The last change that was read, or where the feed began: `after` of a feed that goes on from here. 0 for NULL and
// for a poisoned handle.
uint64_t ddi_lease_feed_position(const ddi_lease_feed *feed);

// Lets it go on to what has become durable since. It reads the database, which no exclusive call may use meanwhile.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another database).
ddi_status ddi_lease_feed_catch_up(ddi_lease_feed *feed,
                                   const ddi_lease_db *db);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_lease_feed_last_error(const ddi_lease_feed *feed);

// Frees it. NULL is a no-op.
void ddi_lease_feed_free(ddi_lease_feed *feed);

/* ============================================================================================== */
/*
 * Pools: which addresses may be given to a new client, least recently used first. A DHCP server engine asks for
 * them by itself; these calls are for those who allocate without it.
 */
/* ============================================================================================== */

// FREE, or never leased: the primary's, or the only server's.
#define DDI_FREE_KIND_FREE 0

// BACKUP: the secondary's.
#define DDI_FREE_KIND_BACKUP 1

// A range of IPv4 addresses, both ends included.
typedef struct ddi_ipv4_range {
    // The first address.
    ddi_ipv4 first;
    // The last address.
    ddi_ipv4 last;
} ddi_ipv4_range;

// A range of IPv4 addresses that may be leased to any client.
typedef struct ddi_pool {
    // sizeof(ddi_pool)
    uint32_t struct_size;
    // The number by which it is asked for.
    uint32_t id;
    // Its address space.
    uint32_t space;
    // The subnet that it serves.
    uint32_t subnet_id;
    // Its addresses.
    ddi_ipv4_range range;
    // Ranges that are not in the pool. What is outside of it is ignored.
    const ddi_ipv4_range *excluded;
    // How many.
    size_t excluded_len;
    // Addresses kept for known clients: not in the pool either.
    const ddi_ipv4 *reserved;
    // How many.
    size_t reserved_len;
} ddi_pool;

// How many addresses of a pool are in which state.
typedef struct ddi_pool_counts {
    // sizeof(ddi_pool_counts)
    uint32_t struct_size;
    // Zero.
    uint32_t pad;
    // All that can be leased to any client.
    uint64_t total;
    // FREE ones, with the never leased.
    uint64_t free;
    // Of the free ones, those that no lease is stored for.
    uint64_t never_leased;
    // BACKUP and FREE-BACKUP ones.
    uint64_t backup;
    // ACTIVE ones.
    uint64_t active;
    // ABANDONED ones.
    uint64_t abandoned;
    // EXPIRED, RELEASED, RESET and PENDING-FREE ones: on their way to FREE.
    uint64_t ending;
    // Those that are held (offered), a part of `free` and `backup`.
    uint64_t held;
} ddi_pool_counts;

// Defines the pools, in place of those before; holds are kept. `pools` is an array of `n`, whose elements are
// `pools->struct_size` bytes apart.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (reversed, overlapping or twice; no pool was changed).
ddi_status ddi_lease_db_set_pools(ddi_lease_db *db,
                                  const ddi_pool *pools,
                                  size_t n);

// How many addresses of the pool are in which state. Set `counts->struct_size` before.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (no such pool).
ddi_status ddi_lease_db_pool_counts(const ddi_lease_db *db,
                                    uint32_t pool,
                                    ddi_pool_counts *counts);

// The numbers of all subnets that have a lease, in order, for `ddi_lease_db_count`: `*len` of them to `subnet_ids`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not aligned), `DDI_E_BUFFER` (more than `cap`; `*len` is how many).
ddi_status ddi_lease_db_subnets(const ddi_lease_db *db,
                                uint32_t *subnet_ids,
                                size_t cap,
                                size_t *len);

// The next free address of the pool (`DDI_FREE_KIND_...`), and holds it: it is not given again until a put on it,
// or `ddi_lease_db_release_hold`. `DDI_IDLE` if the pool is unknown or has none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_next_free(ddi_lease_db *db,
                                  uint32_t pool,
                                  uint32_t free_kind,
                                  ddi_lease_key *key);

// Holds this address, as an offer does. `DDI_IDLE` if it is in no pool, held, or can't be allocated.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_hold(ddi_lease_db *db,
                             const ddi_lease_key *key);

// Ends a hold without a put: the offer lapsed.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_release_hold(ddi_lease_db *db, const ddi_lease_key *key);

// The pool that this address can be allocated from. `DDI_IDLE` if none: then `*pool` is not written.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_lease_db_pool_of(const ddi_lease_db *db,
                                const ddi_lease_key *key,
                                uint32_t *pool);

// The keys of leases whose expiration_time is at or before `unix_s` and whose state waits for that (ACTIVE,
// ABANDONED), oldest first, at most `cap`; `*len` is how many. Put each in its next state: until then the same
// ones are found again. A few may be left for the next call: ask as long as `ddi_lease_db_next_expiration` is not
// later than `unix_s`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_db_expired(ddi_lease_db *db,
                                uint64_t unix_s,
                                ddi_lease_key *keys,
                                size_t cap,
                                size_t *len);

// The earliest expiration_time that `ddi_lease_db_expired` would look at, or a little before it, in seconds
// since 1970; `DDI_TIME_NEVER` if there is none, for NULL, and for a poisoned handle.
uint64_t ddi_lease_db_next_expiration(const ddi_lease_db *db);

/* ============================================================================================== */
/*
 * Compaction: bounds the log by a snapshot file. Do it when the log has become, say, twice as long as the last
 * snapshot; here and now, or in slices on another thread while packets are handled. A salvage makes a new
 * database of what is whole in a damaged one.
 */
/* ============================================================================================== */

// A compaction under way. One call at a time; made to be moved to another thread for its steps.
typedef struct ddi_lease_compaction ddi_lease_compaction;

// What a salvage has saved.
typedef struct ddi_lease_db_salvaged {
    // sizeof(ddi_lease_db_salvaged)
    uint32_t struct_size;
    // Snapshots that are damaged and were left out.
    uint32_t damaged_snapshots;
    // How many leases the new database has.
    uint64_t leases;
    // Changes that are known to be lost. After the last one that is known there may have been more.
    uint64_t lost;
    // Places of the log that were damaged.
    uint64_t damaged_places;
} ddi_lease_db_salvaged;

// Bytes of the log that is held, on disk. 0 for NULL and for a poisoned handle.
uint64_t ddi_lease_db_log_bytes(const ddi_lease_db *db);

// Bytes of the newest snapshot file; 0 if there is none, for NULL, and for a poisoned handle.
uint64_t ddi_lease_db_snapshot_bytes(const ddi_lease_db *db);

// A whole compaction, here and now. What is pending is committed.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way), `DDI_E_BATCH_OUT`, `DDI_E_IO`, `DDI_E_STOPPED`. Nothing is
// lost by any.
ddi_status ddi_lease_db_compact(ddi_lease_db *db);

// Begins a compaction of what is there now; one at a time, until it is done or freed. Then:
//
//     do {
//         do s = ddi_lease_compaction_step(c, 1 << 20, &ready); while (s == DDI_OK && !ready);    // any thread
//         if (s == DDI_OK) s = ddi_lease_db_end_compaction(db, c, &done);                          // touches no file
//     } while (s == DDI_OK && !done);
//     ddi_lease_compaction_free(c);
//
// If it fails or is freed at any point, nothing is lost: the next one tidies up.
// Caller owns `*compaction`: `ddi_lease_compaction_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way).
ddi_status ddi_lease_db_begin_compaction(ddi_lease_db *db,
                                         ddi_lease_compaction **compaction);

// Writes and syncs about `max_bytes` more, or renames or removes a file. `*ready` when it is the turn of
// `ddi_lease_db_end_compaction`.
//
// Errors: `DDI_E_NULL`, `DDI_E_IO`, `DDI_E_STATE` (writing failed before: free it, and begin another one).
ddi_status ddi_lease_compaction_step(ddi_lease_compaction *compaction,
                                     uint64_t max_bytes,
                                     bool *ready);

// Takes note of what the steps have done, and lets them go on; `*done` when the compaction is over.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a compaction of another database), `DDI_E_STATE` (it is not its turn),
// `DDI_E_BATCH_OUT` (what it holds is not durable yet: hand the batch back and call again), `DDI_E_IO`,
// `DDI_E_STOPPED`.
ddi_status ddi_lease_db_end_compaction(ddi_lease_db *db,
                                       ddi_lease_compaction *compaction,
                                       bool *done);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_lease_compaction_last_error(const ddi_lease_compaction *compaction);

// Frees it, finished or not. NULL is a no-op.
void ddi_lease_compaction_free(ddi_lease_compaction *compaction);

// Copies what is whole of the database in directory `from` to a new one in `to`, which holds none. Nothing in
// `from` is changed. Set `salvaged->struct_size` before. Open `to` afterwards, and compact it soon.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (`to` holds a database), `DDI_E_IO`, `DDI_E_CORRUPT`. The text is
// `ddi_lease_config_last_error`.
ddi_status ddi_lease_db_salvage(ddi_lease_config *config,
                                const uint8_t *from,
                                size_t from_len,
                                const uint8_t *to,
                                size_t to_len,
                                ddi_lease_db_salvaged *salvaged);

/* ============================================================================================== */
/*
 * Lease files of Kea and ISC dhcpd, to move to this library and back. What each field becomes is in the Rust
 * documentation of ddi_core::interchange.
 */
/* ============================================================================================== */

// Kea's lease CSV for DHCPv4 (schema 2.1).
#define DDI_LEASE_FILE_KEA4 1

// Kea's lease CSV for DHCPv6 (schema 4.0).
#define DDI_LEASE_FILE_KEA6 2

// dhcpd.leases of `dhcpd -4`.
#define DDI_LEASE_FILE_DHCPD4 3

// dhcpd.leases of `dhcpd -6`.
#define DDI_LEASE_FILE_DHCPD6 4

// What an import or an export has done.
typedef struct ddi_lease_file_counts {
    // sizeof(ddi_lease_file_counts)
    uint32_t struct_size;
    // Zero.
    uint32_t pad;
    // Leases read or written.
    uint64_t leases;
    // Import: leases that the file says are gone.
    uint64_t removed;
    // Import: statements about something else. Export: leases of the other IP version, or without a client.
    uint64_t other;
    // What was wrong or could not be expressed; the log sink heard why of the first hundred.
    uint64_t skipped;
} ddi_lease_file_counts;

// Puts the leases of a file into the database, whatever it has under their keys, and commits. `format` is
// `DDI_LEASE_FILE_...` (Kea's header and dhcpd's stanzas tell the IP version). Leases go to address space `space`.
// `skip_bad` 1 counts what is wrong and goes on; 0 stops there, and what came before stays. Set
// `counts->struct_size` before.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`, `DDI_E_MALFORMED` (with the line), `DDI_E_BATCH_OUT`,
// `DDI_E_STOPPED`.
ddi_status ddi_lease_db_import(ddi_lease_db *db,
                               const uint8_t *path,
                               size_t path_len,
                               uint32_t format,
                               uint32_t space,
                               uint32_t skip_bad,
                               ddi_lease_file_counts *counts);

// Writes all leases to a file, durable or not, in `format`. It is written beside, as `path` with `.new` at its
// end, synced and renamed, durably. Set `counts->struct_size` before.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`.
ddi_status ddi_lease_db_export(ddi_lease_db *db,
                               const uint8_t *path,
                               size_t path_len,
                               uint32_t format,
                               ddi_lease_file_counts *counts);

/* ============================================================================================== */
/*
 * Lease store of the application: a daemon that keeps its own leases hands a table of functions in, and still
 * has the DHCP and failover engines.
 *
 * The functions are called inside the calls of engines, on the calling thread, with `userdata` first. They must
 * return normally (no longjmp, no C++ exception) and must not call anything with a handle that the engine's call
 * uses. All but `release` must be there.
 *
 * Each returns `DDI_OK`, or `DDI_IDLE` for "there is none". `put` and `remove` may refuse with any error, such as
 * `DDI_E_CONFLICT`: then they must have done nothing, and the engine goes on without it. Any other error, and any
 * answer that can't be true (a lease of another key, a state that does not exist, more than `max` keys, a version
 * that is not above all before), breaks the store: no call takes it any more (`DDI_E_STORE`), so that no reply
 * goes out that builds on it. Free the engines and begin anew, as after a crash.
 */
/* ============================================================================================== */

// The functions. A `put` and a `remove` take effect at once for all further calls, and are durable once `durable`
// has reached the version that they gave.
typedef struct ddi_lease_store {
    // sizeof(ddi_lease_store)
    uint32_t struct_size;
    // Zero.
    uint32_t pad;
    // Handed to the functions.
    void *userdata;
    // Called once, when the store is freed; may be NULL.
    void (*release)(void *userdata);
    // Fills `lease` (zeroed, but for `struct_size`) with the stored one, its version included. The byte fields
    // stay readable until the next call of one of these functions. `DDI_IDLE` if there is none.
    ddi_status (*get)(void *userdata, const ddi_lease_key *key, ddi_lease *lease);
    // The keys of at most `max` leases of a space with this identity, and of this subnet if one is given; if there are
    // more, those that are `DDI_STATE_ACTIVE` before all others.
    ddi_status (*find)(void *userdata,
                       uint32_t space,
                       const uint32_t *subnet_id,
                       const ddi_identity *identity,
                       ddi_lease_key *keys,
                       size_t max,
                       size_t *count);
    // Stores a lease if it is as expected (`DDI_EXPECT_...`; else `DDI_E_CONFLICT`), and ends a hold on it.
    // `*version` is a number above all before. Unless `forced` is 1, the store may refuse a state that can't
    // follow the stored one (`DDI_E_TRANSITION`). What is in `lease` is the library's, and has to be copied.
    ddi_status (*put)(void *userdata,
                      const ddi_lease *lease,
                      uint32_t expect,
                      uint64_t expected_version,
                      uint32_t forced,
                      uint64_t *version);
    // Forgets a lease: its address is as if never leased. `*version` is a number above all before. `DDI_IDLE`
    // if there was none and that was expected.
    ddi_status (*remove)(void *userdata,
                         const ddi_lease_key *key,
                         uint32_t expect,
                         uint64_t expected_version,
                         uint64_t *version);
    // What was given this version, or a lower one, survives a crash.
    uint64_t (*durable)(void *userdata);
    // The next free address of a pool (`DDI_FREE_KIND_...`), the one free for the longest time last used first,
    // and holds it: it is not given again until a put on it or `release_hold`. `DDI_IDLE` if there is none.
    ddi_status (*next_free)(void *userdata, uint32_t pool, uint32_t kind, ddi_lease_key *key);
    // Holds this address. `DDI_IDLE` if it is in no pool, is held, or is in a state that can't be allocated from.
    ddi_status (*hold)(void *userdata, const ddi_lease_key *key);
    // Ends a hold without a put; a no-op if there is none.
    void (*release_hold)(void *userdata, const ddi_lease_key *key);
    // The pool that this address can be allocated from. `DDI_IDLE` if none.
    ddi_status (*pool_of)(void *userdata, const ddi_lease_key *key, uint32_t *pool);
    // The keys of at most `max` leases that are ACTIVE or ABANDONED and whose expiration_time is neither 0 nor
    // `DDI_TIME_NEVER` and at or before `unix_s`, oldest first.
    ddi_status (*expired)(void *userdata,
                          uint64_t unix_s,
                          ddi_lease_key *keys,
                          size_t max,
                          size_t *count);
    // The earliest expiration_time that `expired` would look at. `DDI_IDLE` if none.
    ddi_status (*next_expiration)(void *userdata, uint64_t *unix_s);
    // The keys of the stored IPv4 leases of a space from `first` to `last`, both included, in order, at most
    // `max`; fewer than `max` means that there are no more.
    ddi_status (*scan_v4)(void *userdata,
                          uint32_t space,
                          ddi_ipv4 first,
                          ddi_ipv4 last,
                          ddi_lease_key *keys,
                          size_t max,
                          size_t *count);
    // How many addresses of the pool are in which state. `DDI_IDLE` if there is no such pool.
    ddi_status (*pool_counts)(void *userdata, uint32_t pool, ddi_pool_counts *counts);
} ddi_lease_store;

/* ============================================================================================== */
/*
 * Store: the leases, as the engines see them: those of a `ddi_lease_db`, or of the application's own store
 * (`ddi_lease_store`).
 */
/* ============================================================================================== */

// Leases, for the calls of engines. Those of one server and its failover relationships are the same.
//
// Threads: a call of an engine has the store to itself, and the `ddi_lease_db` behind it.
typedef struct ddi_store ddi_store;

// The leases of a database, which goes on to be the caller's: commit it, hand its batches out, read and write it,
// but not during a call of an engine, and free it after the store. Caller owns `*store`: `ddi_store_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_store_of_lease_db(ddi_lease_db *db,
                                 ddi_store **store);

// The application's own leases. The table of functions is copied; its `release` is called when the store is freed.
// `DDI_E_NULL` if a function is missing, and then nothing is released. Caller owns `*store`: `ddi_store_free`.
//
// Errors: `DDI_E_NULL` (a function too), `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_store_new(const ddi_lease_store *functions,
                         ddi_store **store);

// Frees it. A database behind it stays. NULL is a no-op.
void ddi_store_free(ddi_store *store);

// `DDI_OK` as long as the store can be used. `DDI_E_STORE` if the application's store is broken; last_error says by
// which answer.
//
// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
ddi_status ddi_store_check(ddi_store *store);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_store_last_error(const ddi_store *store);

/* ============================================================================================== */
/*
 * Failover configuration: the relationships of a server with its partners, each with pools of its own.
 */
/* ============================================================================================== */

// This server owns FREE addresses, and speaks first.
#define DDI_FAILOVER_PRIMARY 1

// This server owns BACKUP addresses.
#define DDI_FAILOVER_SECONDARY 2

// The maximum client lead time in seconds, 1 or more; the primary's counts. Default: 3600.
#define DDI_FAILOVER_MCLT_SECONDS 1

// How many of 256 hash buckets of clients the primary answers; the primary's counts. Default: 128.
#define DDI_FAILOVER_SPLIT 2

// A client whose `secs` are above this is answered by both; 0: no load balancing. Default: 3.
#define DDI_FAILOVER_LOAD_BALANCE_MAX_SECONDS 3

// After how many seconds of silence the connection is given up, 3 or more. Default: 20.
#define DDI_FAILOVER_RECEIVE_TIMER_SECONDS 4

// How many updates this server takes without having acknowledged them. Default: 100.
#define DDI_FAILOVER_MAX_UNACKED 5

// After how many seconds in COMMUNICATIONS-INTERRUPTED the partner is taken to be down without an operator's word. 0,
// the default: never, which is the only safe answer where a partition is possible.
#define DDI_FAILOVER_AUTO_PARTNER_DOWN_SECONDS 6

// From how many percent of the free addresses on to ask for more. Default: 15.
#define DDI_FAILOVER_MAX_MISBALANCE_PERCENT 7

// How many percent more than half of the free addresses one server keeps. Default: 10.
#define DDI_FAILOVER_MAX_OWNERSHIP_PERCENT 8

// The shortest time between two balancings, in seconds. Default: 60.
#define DDI_FAILOVER_MIN_BALANCE_SECONDS 9

// The longest time between two balancings, in seconds. Default: 3600.
#define DDI_FAILOVER_MAX_BALANCE_SECONDS 10

// 0 or 1: this server dials. Either may, or both. Default: 1.
#define DDI_FAILOVER_DIALS 11

// `DDI_FAILOVER_PROFILE_...`. Default: `DDI_FAILOVER_PROFILE_AUTO`.
#define DDI_FAILOVER_PROFILE 12

// 0 to 65535: the number by which leases say that their content is this partner's word; unique. Default: the
// relationship's place, plus 1.
#define DDI_FAILOVER_NUMBER 13

// Spreads what two servers would else do at the same moment. Default: 0.
#define DDI_FAILOVER_SEED 14

// 0 or 1: dhcpd's check of the byte order of `secs`. Default: 0.
#define DDI_FAILOVER_CHECK_SECS_BYTE_ORDER 15

// The draft's ways, and more, with a partner that says that it is ddi; dhcpd's with any other.
#define DDI_FAILOVER_PROFILE_AUTO 0

// ISC dhcpd 4.4.3's ways.
#define DDI_FAILOVER_PROFILE_ISC 1

// The ways of draft-ietf-dhc-failover-12; both servers have to be set to it.
#define DDI_FAILOVER_PROFILE_DRAFT 2

// The relationships of a server, filled by setters and given to `ddi_failover_new`, which checks them.
//
// Threads: one call at a time on one configuration.
typedef struct ddi_failover_config ddi_failover_config;

// No relationships. NULL only if the library panicked. Caller owns: `ddi_failover_config_free`.
ddi_failover_config *ddi_failover_config_new(void);

// Frees it. NULL is a no-op.
void ddi_failover_config_free(ddi_failover_config *config);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_failover_config_last_error(const ddi_failover_config *config);

// Adds a relationship. Its name is 1 to 255 bytes, and the same on both servers; `role` is `DDI_FAILOVER_PRIMARY` or
// `DDI_FAILOVER_SECONDARY`. `*relationship` is its place, counted from 0.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such role), `DDI_E_LIMIT` (65535 are there).
ddi_status ddi_failover_config_add(ddi_failover_config *config,
                                   const uint8_t *name,
                                   size_t name_len,
                                   uint32_t role,
                                   uint32_t *relationship);

// Sets a number of a relationship: `setting` is one of `DDI_FAILOVER_MCLT_SECONDS` to
// `DDI_FAILOVER_CHECK_SECS_BYTE_ORDER`. `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_failover_config_set(ddi_failover_config *config,
                                   uint32_t relationship,
                                   uint32_t setting,
                                   uint64_t value);

// Which clients the primary answers, bucket by bucket (RFC 3074 section 6), where `DDI_FAILOVER_SPLIT` is not enough:
// `buckets_len` is 32, and bit `b % 8` of byte `b / 8` is set if the primary answers bucket `b` (dhcpd's hba).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, or another length).
ddi_status ddi_failover_config_set_buckets(ddi_failover_config *config,
                                           uint32_t relationship,
                                           const uint8_t *buckets,
                                           size_t buckets_len);

// Shares a pool with the partner; those of a DHCP server tells `ddi_dhcp_server_pool`. All pools of one relationship are of
// one address space, and a pool is in one relationship at the most.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship).
ddi_status ddi_failover_config_add_pool(ddi_failover_config *config,
                                        uint32_t relationship,
                                        const ddi_pool *pool);

// The bytes of the last `DDI_FAILOVER_EVENT_SAVE`, after a restart; none (NULL, 0) if there are none: the server has not
// met its partner yet, or has lost everything. `leases_lost` is 1 if the leases that belong to them are lost or older
// than they were, at each start until a later save is written; else 0.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1, no such relationship).
ddi_status ddi_failover_config_set_saved(ddi_failover_config *config,
                                         uint32_t relationship,
                                         const uint8_t *saved,
                                         size_t saved_len,
                                         uint32_t leases_lost);

/* ============================================================================================== */
/*
 * Events of failover: what the application must do or may want to know.
 */
/* ============================================================================================== */

// The room that `ddi_failover_poll_event` needs at the most, in bytes.
#define DDI_FAILOVER_MAX_EVENT 4096

// Make the bytes in the buffer durable in place of those before, atomically (a temporary file, sync, rename, sync of the
// directory), then call `ddi_failover_handle_saved` with `number`. Until then the relationship says nothing and serves
// nobody. A later one replaces an earlier one that was not written yet.
#define DDI_FAILOVER_EVENT_SAVE 1

// Connect to the partner, then call `ddi_failover_handle_dialled` or `ddi_failover_handle_dial_failed`.
#define DDI_FAILOVER_EVENT_DIAL 2

// Send what `ddi_failover_poll_transmit` still gives for `link`, close it, then call `ddi_failover_handle_closed`. The
// buffer says why, in words.
#define DDI_FAILOVER_EVENT_CLOSE 3

// Connection `link` is up: the partner has agreed to talk. The buffer has its vendor class.
#define DDI_FAILOVER_EVENT_LINKED 4

// This server's state changed from `old_state` to `state` (`DDI_FAILOVER_STATE_...`).
#define DDI_FAILOVER_EVENT_MOVED 5

// The partner said that it is in `state`; `flag` is 1 if it has just started.
#define DDI_FAILOVER_EVENT_PARTNER_STATE 6

// An update of the partner's was stored: `key`.
#define DDI_FAILOVER_EVENT_APPLIED 7

// An update of the partner's was refused: `key`; the buffer says why, in words.
#define DDI_FAILOVER_EVENT_REFUSED_PARTNER 8

// The partner refused an update of ours: `key`, `number` is its reason, the buffer has it in words. `flag` is 1 if the
// operator should know (the configurations differ, or two clients may have the address), 0 if not.
#define DDI_FAILOVER_EVENT_REFUSED_BY_PARTNER 9

// The partner's update gave a running lease to another client: `key`. Both were served with it.
#define DDI_FAILOVER_EVENT_CLIENT_CHANGED 10

// The endpoint itself ended a lease in PARTNER-DOWN, or freed one that the partner agreed on: `key`.
#define DDI_FAILOVER_EVENT_FREED 11

// More free addresses are on this side than should be, and could not be given away: `number` is the pool.
#define DDI_FAILOVER_EVENT_UNBALANCED 12

// All leases that were asked for have come.
#define DDI_FAILOVER_EVENT_UPDATED 13

// The store refused a write: `key`. The partner's update is not acknowledged.
#define DDI_FAILOVER_EVENT_STORE_FAILED 14

// An event. Members that its kind does not name are zero.
typedef struct ddi_failover_event {
    // sizeof(ddi_failover_event)
    uint32_t struct_size;
    // `DDI_FAILOVER_EVENT_...`; a later version of the library may have more.
    uint32_t kind;
    // Whose event it is; `DDI_FAILOVER_NOBODY` for a connection that belongs to no relationship.
    uint32_t relationship;
    // As the kind says.
    uint32_t flag;
    // Which connection.
    uint64_t link;
    // As the kind says.
    uint64_t number;
    // Which lease.
    ddi_lease_key key;
    // A state.
    uint32_t state;
    // The state before.
    uint32_t old_state;
} ddi_failover_event;

/* ============================================================================================== */
/*
 * Failover (draft-ietf-dhc-failover-12, as ISC dhcpd 4.4.3 speaks it): the relationships of a server with its partners.
 * They are the authority of the server's calls; their connections are TCP, or anything that carries bytes in order.
 *
 * After any `ddi_failover_handle_...`: commit the store, drain `ddi_failover_poll_transmit` for every connection, then
 * `ddi_failover_poll_event`, then read `ddi_failover_poll_timeout`. What depends on a lease leaves only when the lease is
 * durable: poll again after each commit.
 *
 * Leases that a DHCP server changes in calls that have the relationships as an argument are told to them by the library.
 * Those that the application changes itself, it tells by `ddi_failover_handle_lease_changed`.
 */
/* ============================================================================================== */

// No relationship, or one that is not known yet.
#define DDI_FAILOVER_NOBODY 4294967295

// "The partner is down": it serves nobody, and will not without meeting this server first.
#define DDI_FAILOVER_COMMAND_PARTNER_DOWN 1

// Hand over to the partner for long.
#define DDI_FAILOVER_COMMAND_SHUTDOWN 2

// Hand over to the partner for a short time.
#define DDI_FAILOVER_COMMAND_PAUSE 3

// Come back from the two before.
#define DDI_FAILOVER_COMMAND_RESUME 4

// All relationships of a server, each named by its place in the configuration, from 0. Connections are named by numbers
// that the application chooses; none is used again while it is known here.
//
// Threads: one call at a time; calls with `const ddi_failover *` may overlap.
typedef struct ddi_failover ddi_failover;

// All relationships of a configuration, of which a copy is kept. Each has an event first, `DDI_FAILOVER_EVENT_SAVE`,
// before which it does nothing. `DDI_E_FAILOVER_CONFIG`: `ddi_failover_config_last_error` says why. Caller owns
// `*failover`: `ddi_failover_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_FAILOVER_CONFIG`.
ddi_status ddi_failover_new(ddi_failover_config *config,
                            const ddi_now *now,
                            ddi_failover **failover);

// Frees it. NULL is a no-op.
void ddi_failover_free(ddi_failover *failover);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_failover_last_error(const ddi_failover *failover);

// The pools of a relationship in place of those before: an array of `n`, as for `ddi_lease_db_set_pools`.
// `DDI_E_FAILOVER_CONFIG` if they can't be; then the old ones stay.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_FAILOVER_CONFIG`.
ddi_status ddi_failover_set_pools(ddi_failover *failover,
                                  uint32_t relationship,
                                  const ddi_pool *pools,
                                  size_t n);

// The pools of all relationships, as a configuration has them, in place of those before: for a reload after which a pool
// may be in another relationship. What else is in the configuration is not looked at; it has as many relationships, in
// the same order. Where nothing has changed nothing is done.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another number of relationships), `DDI_E_FAILOVER_CONFIG` (they can't be; if it
// is about two relationships, the old ones stay).
ddi_status ddi_failover_set_all_pools(ddi_failover *failover,
                                      const ddi_failover_config *config);

// The application has connected to the partner of this relationship, or has begun to; `link` names the connection.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, the connection is there already).
ddi_status ddi_failover_handle_dialled(ddi_failover *failover,
                                       const ddi_now *now,
                                       uint32_t relationship,
                                       uint64_t link);

// `DDI_FAILOVER_EVENT_DIAL` did not succeed.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship).
ddi_status ddi_failover_handle_dial_failed(ddi_failover *failover,
                                           const ddi_now *now,
                                           uint32_t relationship);

// Somebody has connected. `relationship`: whose partner it is, if its source address tells; where this server is the
// primary it has to. `DDI_FAILOVER_NOBODY`: the first message will say.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship, the connection is there already).
ddi_status ddi_failover_handle_accepted(ddi_failover *failover,
                                        const ddi_now *now,
                                        uint32_t relationship,
                                        uint64_t link);

// Bytes came in on a connection, cut anywhere. `DDI_E_FAILOVER_LINK`: nothing more is taken from it; an event says so,
// too.
//
// Errors: `DDI_E_NULL`, `DDI_E_FAILOVER_LINK`, `DDI_E_STORE`.
ddi_status ddi_failover_handle_bytes(ddi_failover *failover,
                                     const ddi_now *now,
                                     ddi_store *store,
                                     uint64_t link,
                                     const uint8_t *bytes,
                                     size_t bytes_len);

// A connection is closed, by whomever.
//
// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
ddi_status ddi_failover_handle_closed(ddi_failover *failover,
                                      const ddi_now *now,
                                      ddi_store *store,
                                      uint64_t link);

// Does what is due, a slice at a time. No-op when early.
//
// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
ddi_status ddi_failover_handle_timeout(ddi_failover *failover,
                                       const ddi_now *now,
                                       ddi_store *store);

// The application itself has changed a lease.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_STORE`.
ddi_status ddi_failover_handle_lease_changed(ddi_failover *failover,
                                             const ddi_now *now,
                                             ddi_store *store,
                                             const ddi_lease_key *key);

// The application itself has changed many leases, with an import for example: what is to be told of them is told
// together.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_STORE`.
ddi_status ddi_failover_handle_leases_changed(ddi_failover *failover,
                                              const ddi_now *now,
                                              ddi_store *store,
                                              const ddi_lease_key *keys,
                                              size_t keys_len);

// An operator's word: `DDI_FAILOVER_COMMAND_...`. `DDI_E_FAILOVER_REFUSED` if it does not apply in the present state;
// nothing has happened then.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship), `DDI_E_FAILOVER_REFUSED`, `DDI_E_STORE`.
ddi_status ddi_failover_handle_command(ddi_failover *failover,
                                       const ddi_now *now,
                                       ddi_store *store,
                                       uint32_t relationship,
                                       uint32_t command);

// The bytes of the `DDI_FAILOVER_EVENT_SAVE` with this number are durable.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such relationship).
ddi_status ddi_failover_handle_saved(ddi_failover *failover,
                                     uint32_t relationship,
                                     uint64_t number);

// Bytes to send on a connection: `*len` bytes to `buf`, as many as have room. `DDI_IDLE` if there are none now;
// `DDI_E_BUFFER` if there is no room at all.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_STORE`.
ddi_status ddi_failover_poll_transmit(ddi_failover *failover,
                                      ddi_store *store,
                                      uint64_t link,
                                      uint8_t *buf,
                                      size_t cap,
                                      size_t *len);

// The next event; its bytes or text have `*len` bytes, to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is
// less than `*len`: the event stays (`DDI_FAILOVER_MAX_EVENT` is always enough).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`.
ddi_status ddi_failover_poll_event(ddi_failover *failover,
                                   ddi_failover_event *event,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// When to call `ddi_failover_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_failover_poll_timeout(const ddi_failover *failover,
                                     uint64_t *instant_ms);

/* ============================================================================================== */
/*
 * Failover status: a relationship at a moment.
 */
/* ============================================================================================== */

// The partner never said its state.
#define DDI_FAILOVER_STATE_UNKNOWN 0

// Just started, and waiting for the partner's word. Serves nobody.
#define DDI_FAILOVER_STATE_STARTUP 1

// Both servers work together.
#define DDI_FAILOVER_STATE_NORMAL 2

// The partner can't be reached, but may be serving.
#define DDI_FAILOVER_STATE_COMMUNICATIONS_INTERRUPTED 3

// The partner is known to serve nobody.
#define DDI_FAILOVER_STATE_PARTNER_DOWN 4

// Both may have given the same address away; finding out. Serves nobody.
#define DDI_FAILOVER_STATE_POTENTIAL_CONFLICT 5

// Getting the leases from the partner. Serves nobody.
#define DDI_FAILOVER_STATE_RECOVER 6

// Will be back soon. Serves nobody.
#define DDI_FAILOVER_STATE_PAUSED 7

// Going away for long: the partner takes over. Serves nobody.
#define DDI_FAILOVER_STATE_SHUTDOWN 8

// Ready for NORMAL as soon as the partner is. Serves renewals.
#define DDI_FAILOVER_STATE_RECOVER_DONE 9

// The partner went away during POTENTIAL-CONFLICT.
#define DDI_FAILOVER_STATE_RESOLUTION_INTERRUPTED 10

// The primary has heard all of the secondary's leases, but not yet the other way round.
#define DDI_FAILOVER_STATE_CONFLICT_DONE 11

// Has the leases; waiting until all that was forgotten has ended. Serves nobody.
#define DDI_FAILOVER_STATE_RECOVER_WAIT 254

// A relationship at a moment.
typedef struct ddi_failover_status {
    // sizeof(ddi_failover_status)
    uint32_t struct_size;
    // `DDI_FAILOVER_PRIMARY` or `DDI_FAILOVER_SECONDARY`.
    uint32_t role;
    // This server's state, `DDI_FAILOVER_STATE_...`.
    uint32_t state;
    // What the partner said last, on this connection or an earlier one.
    uint32_t partner_state;
    // Since when this server is in its state, in seconds since 1970.
    uint64_t since;
    // Since when the partner is in its, by its clock.
    uint64_t partner_since;
    // The connection that is up, if `is_linked` is 1.
    uint64_t link;
    // 1 if a connection is up.
    uint8_t is_linked;
    // 1 if the partner is of this library, and more than the draft is spoken.
    uint8_t is_rich;
    // Zero.
    uint16_t pad;
    // The maximum client lead time in force, in seconds.
    uint32_t mclt_seconds;
    // Updates that were sent and not answered.
    uint64_t unacked;
    // Changed leases that wait to be sent.
    uint64_t waiting;
    // The partner's updates that wait to be durable.
    uint64_t to_ack;
    // Free addresses of the primary in all pools.
    uint64_t free;
    // Free addresses of the secondary in all pools.
    uint64_t backup;
    // Events that nobody collected.
    uint64_t events_lost;
} ddi_failover_status;

// How a relationship is now.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_STORE`.
ddi_status ddi_failover_status_of(ddi_failover *failover,
                                  ddi_store *store,
                                  uint32_t relationship,
                                  ddi_failover_status *status);

// The `index`th pool that a relationship shares, from 0 on: its number, and how many of its addresses are in which state.
// Set `counts->struct_size` before. `DDI_IDLE` after the last.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size, no such relationship), `DDI_E_STORE`.
ddi_status ddi_failover_pool_counts(ddi_failover *failover,
                                    ddi_store *store,
                                    uint32_t relationship,
                                    uint32_t index,
                                    uint32_t *pool,
                                    ddi_pool_counts *counts);

// The name of a state, such as "COMMUNICATIONS-INTERRUPTED"; "UNKNOWN" for a number that is none. Static.
const char *ddi_failover_state_name(uint32_t state);

/* ============================================================================================== */
/*
 * What a DHCP server of one's own asks before it answers, so that it and the partner's never give one address to two
 * clients. `ddi_dhcp_server` asks all of this itself.
 *
 *     ddi_failover_serves(failover, &now, DDI_FAILOVER_ASKING_REQUEST, id, id_len, secs, &pool, &service);
 *     ddi_failover_may_bind(failover, &now, &lease, &pool, same_client, &permission);    // or, for a new client:
 *     ddi_failover_free_kinds(failover, &now, pool, kinds, 2, &len);                      // which ddi_lease_db_next_free takes
 *     ddi_failover_grant(failover, &now, &lease, 3600, &lease_seconds, &lease.potential_sent);
 *     ...                                     // put the lease, tell it by ddi_failover_handle_lease_changed, commit, answer
 *
 * A lease that is not stored goes in as one in `DDI_STATE_FREE`. Pools are those of the configuration; a `pool` that is
 * NULL is none at all. What belongs to no relationship is this server's alone.
 */
/* ============================================================================================== */

// DISCOVER, or BOOTP: any server could answer, so load balancing applies (RFC 3074).
#define DDI_FAILOVER_ASKING_DISCOVER 1

// REQUEST, whatever the client's state.
#define DDI_FAILOVER_ASKING_REQUEST 2

// RELEASE or DECLINE.
#define DDI_FAILOVER_ASKING_GIVE_BACK 3

// INFORM: no lease is involved.
#define DDI_FAILOVER_ASKING_INFORM 4

// Answer.
#define DDI_FAILOVER_SERVICE_SERVE 1

// Say nothing: the partner answers this client.
#define DDI_FAILOVER_SERVICE_LEAVE_TO_PARTNER 2

// Say nothing: this server serves nobody in its present state.
#define DDI_FAILOVER_SERVICE_NOT_SERVING 3

// The address may be bound to the client.
#define DDI_FAILOVER_PERMISSION_ALLOW 1

// It may not; say nothing.
#define DDI_FAILOVER_PERMISSION_SILENT 2

// It may not; tell the client so with a NAK.
#define DDI_FAILOVER_PERMISSION_NAK 3

// May this server answer this packet at all? `asking` is one of `DDI_FAILOVER_ASKING_...`; `hash_id` is the client's
// client_id, or else its hardware address (RFC 3074 section 6); `secs` is the packet's. `pool` is the pool of the
// address in question (may be NULL: there is none): a server with several asks for each. `*service` is one of
// `DDI_FAILOVER_SERVICE_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_failover_serves(const ddi_failover *failover,
                               const ddi_now *now,
                               uint32_t asking,
                               const uint8_t *hash_id,
                               size_t hash_id_len,
                               uint16_t secs,
                               const uint32_t *pool,
                               uint32_t *service);

// May the address of `lease` (as stored) be bound to a client? `same_client` is 1 if the lease's last client is the one
// that asks, else 0. `pool` may be NULL. `*permission` is one of `DDI_FAILOVER_PERMISSION_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_failover_may_bind(const ddi_failover *failover,
                                 const ddi_now *now,
                                 const ddi_lease *lease,
                                 const uint32_t *pool,
                                 uint32_t same_client,
                                 uint32_t *permission);

// The kinds of free addresses of a pool that this server may give out, in the order to try: `*len` of
// `DDI_FREE_KIND_...` to `kinds`, at most 2; none if it may give out none.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_failover_free_kinds(const ddi_failover *failover,
                                   const ddi_now *now,
                                   uint32_t pool,
                                   uint32_t *kinds,
                                   size_t cap,
                                   size_t *len);

// For how long the client of `lease` (as stored before this binding) may be given its address, where
// `desired_seconds` is what the configuration and the client agree on: no longer than the partner knows of, and the
// MCLT. `*lease_seconds` is what to tell the client, 0xffffffff for ever; `*potential_sent` is what to store as the
// lease's `potential_sent`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_failover_grant(const ddi_failover *failover,
                              const ddi_now *now,
                              const ddi_lease *lease,
                              uint32_t desired_seconds,
                              uint32_t *lease_seconds,
                              uint64_t *potential_sent);

// The state (`DDI_STATE_...`) that `lease` goes to when its time has passed, or when its client has released it
// (`released` 1, else 0). `DDI_IDLE`: leave it as it is for now, and ask again later.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_failover_ended(const ddi_failover *failover,
                              const ddi_now *now,
                              const ddi_lease *lease,
                              uint32_t released,
                              uint8_t *state);

/* ============================================================================================== */
/*
 * A view of a received DHCPv4 or BOOTP packet, for daemons that have a server of their own.
 */
/* ============================================================================================== */

// `ddi_dhcp4_header.op`: from a client.
#define DDI_DHCP4_REQUEST 1

// `ddi_dhcp4_header.op`: from a server.
#define DDI_DHCP4_REPLY 2

// `ddi_dhcp4_header.cookie`: no vendor data (RFC 951).
#define DDI_DHCP4_COOKIE_ABSENT 0

// `ddi_dhcp4_header.cookie`: the magic cookie, options follow.
#define DDI_DHCP4_COOKIE_DHCP 1

// `ddi_dhcp4_header.cookie`: vendor data of an unknown kind, or rubbish.
#define DDI_DHCP4_COOKIE_OTHER 2

// `reason` of a bad option: it ends behind the packet.
#define DDI_DHCP4_BAD_OVERRUN 1

// `reason` of a bad option: option 52 is not 1, 2 or 3.
#define DDI_DHCP4_BAD_OVERLOAD 2

// `reason` of a bad option: option 52 inside sname or file.
#define DDI_DHCP4_BAD_NESTED_OVERLOAD 3

// A parsed packet, with a copy of its bytes; to be used again for the next one, so that nothing is allocated for
// each. What it is made of is found once, when it is parsed.
//
// Threads: calls with `const ddi_dhcp4_packet *` may overlap; `ddi_dhcp4_packet_parse` must be alone.
typedef struct ddi_dhcp4_packet ddi_dhcp4_packet;

// The fixed part of a DHCPv4 message (RFC 2131 section 2).
typedef struct ddi_dhcp4_header {
    // `sizeof(ddi_dhcp4_header)`, set by the caller.
    uint32_t struct_size;
    // Transaction id.
    uint32_t xid;
    // Seconds since the client began, as it says.
    uint16_t secs;
    // 0x8000: answer by broadcast.
    uint16_t flags;
    // `DDI_DHCP4_REQUEST` or `DDI_DHCP4_REPLY`.
    uint8_t op;
    // Relays so far.
    uint8_t hops;
    // Option 53; 0 if there is none (BOOTP). Only read.
    uint8_t message_type;
    // `DDI_DHCP4_COOKIE_...`. Only read.
    uint8_t cookie;
    // Hardware type (RFC 1700; 1 is Ethernet), at most 255.
    uint16_t hw_type;
    // Bytes of `hw_addr`, at most 16.
    uint8_t hw_len;
    // Zero.
    uint8_t reserved;
    // chaddr.
    uint8_t hw_addr[16];
    // The client's address, if it has one.
    ddi_ipv4 ciaddr;
    // The address that the client is given.
    ddi_ipv4 yiaddr;
    // The next server to boot from.
    ddi_ipv4 siaddr;
    // The relay's address.
    ddi_ipv4 giaddr;
    // The boot server's name, padded with zeros; all zeros if options are in it.
    uint8_t sname[64];
    // The boot file, padded with zeros; all zeros if options are in it.
    uint8_t file[128];
} ddi_dhcp4_header;

// A view of nothing yet. NULL only if the library panicked. Caller owns: `ddi_dhcp4_packet_free`.
ddi_dhcp4_packet *ddi_dhcp4_packet_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp4_packet_free(ddi_dhcp4_packet *packet);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_dhcp4_packet_last_error(const ddi_dhcp4_packet *packet);

// Takes a UDP payload in, in place of the one before. Any bytes may come: `DDI_E_MALFORMED` if the fixed part is
// not there or can't be; a bad option spoils itself only (`ddi_dhcp4_packet_bad_option`).
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_parse(ddi_dhcp4_packet *packet,
                                  const uint8_t *bytes,
                                  size_t bytes_len);

// Its fixed part. `DDI_E_MALFORMED` if nothing was parsed yet, as with all getters.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_header(const ddi_dhcp4_packet *packet,
                                   ddi_dhcp4_header *header);

// An option's value, joined from all its parts (RFC 3396): `*len` bytes to `buf`. `DDI_IDLE` if the packet has none
// with this code; `DDI_E_BUFFER` if `cap` is less than `*len`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_option(const ddi_dhcp4_packet *packet,
                                   uint32_t code,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// A sub-option of option 82 (RFC 3046), like `ddi_dhcp4_packet_option`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_relay_option(const ddi_dhcp4_packet *packet,
                                         uint32_t code,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len);

// The codes of all options, in their order, each once: `*len` bytes to `buf`; 256 are always enough.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_codes(const ddi_dhcp4_packet *packet,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len);

// What was bad in the packet, from `index` 0 on; the first few are kept. `DDI_IDLE` after the last. `*offset` is in
// bytes from the packet's start; `*reason` is one of `DDI_DHCP4_BAD_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_packet_bad_option(const ddi_dhcp4_packet *packet,
                                       uint32_t index,
                                       uint32_t *offset,
                                       uint32_t *code,
                                       uint32_t *reason);

// The code of an option by its name in a configuration (`routers`, `domain_name`), or by digits. `DDI_E_ARGUMENT` if
// there is none of this name.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_dhcp4_option_code(const uint8_t *name,
                                 size_t name_len,
                                 uint32_t *code);

// The name of an option, such as "domain_name": `*len` bytes to `buf`, of which 32 are always enough. `DDI_IDLE` if its
// code has none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`.
ddi_status ddi_dhcp4_option_name(uint32_t code,
                                 uint8_t *buf,
                                 size_t cap,
                                 size_t *len);

/* ============================================================================================== */
/*
 * A DHCPv4 message that is being built, or was read to be changed.
 */
/* ============================================================================================== */

// A message to be sent: the fixed part, and options, each code once.
//
// Threads: one call at a time on one message; calls with `const ddi_dhcp4_message *` may overlap.
typedef struct ddi_dhcp4_message ddi_dhcp4_message;

// A request with nothing in it. NULL only if the library panicked. Caller owns: `ddi_dhcp4_message_free`.
ddi_dhcp4_message *ddi_dhcp4_message_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp4_message_free(ddi_dhcp4_message *message);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_dhcp4_message_last_error(const ddi_dhcp4_message *message);

// Takes a UDP payload in, in place of what was there. `DDI_E_MALFORMED` as for `ddi_dhcp4_packet_parse`.
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
ddi_status ddi_dhcp4_message_parse(ddi_dhcp4_message *message,
                                   const uint8_t *bytes,
                                   size_t bytes_len);

// Begins a reply to a packet: xid, flags, giaddr and hardware address are the packet's, the rest is zero (RFC 2131
// table 3), and there are no options.
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED` (nothing was parsed).
ddi_status ddi_dhcp4_message_reply_to(ddi_dhcp4_message *message,
                                      const ddi_dhcp4_packet *packet);

// Sets the fixed part. `message_type` and `cookie` are not looked at. `DDI_E_ARGUMENT` if `op` or the hardware
// address can't be.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_dhcp4_message_set_header(ddi_dhcp4_message *message,
                                        const ddi_dhcp4_header *header);

// Its fixed part.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_dhcp4_message_header(const ddi_dhcp4_message *message,
                                    ddi_dhcp4_header *header);

// Sets option 53: 1 is DISCOVER, 2 OFFER, 3 REQUEST, 4 DECLINE, 5 ACK, 6 NAK, 7 RELEASE, 8 INFORM.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_dhcp4_message_set_type(ddi_dhcp4_message *message, uint32_t number);

// Puts an option with any bytes in, or gives it another value. 0, 52 and 255 are the writer's: `DDI_E_ARGUMENT`.
// `DDI_E_LIMIT` if the value fits no datagram.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_LIMIT`.
ddi_status ddi_dhcp4_message_put_option(ddi_dhcp4_message *message,
                                        uint32_t code,
                                        const uint8_t *value,
                                        size_t value_len);

// The same from text, as in `ddi_dhcp_config_put_option_text`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such option, or no value of it), `DDI_E_LIMIT`.
ddi_status ddi_dhcp4_message_put_option_text(ddi_dhcp4_message *message,
                                             const uint8_t *name,
                                             size_t name_len,
                                             const uint8_t *value,
                                             size_t value_len);

// Takes an option out; no-op if it is not there.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code).
ddi_status ddi_dhcp4_message_remove_option(ddi_dhcp4_message *message, uint32_t code);

// An option's value: `*len` bytes to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is less than `*len`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no option code), `DDI_E_BUFFER`.
ddi_status ddi_dhcp4_message_option(const ddi_dhcp4_message *message,
                                    uint32_t code,
                                    uint8_t *buf,
                                    size_t cap,
                                    size_t *len);

// Writes the message as it goes on the wire, at least 300 bytes long (RFC 1542 section 2.1): `*len` bytes to `buf`.
// `DDI_E_BUFFER` if `cap` is less than `*len`; `DDI_E_LIMIT` if it fits no datagram.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_LIMIT`.
ddi_status ddi_dhcp4_message_emit(const ddi_dhcp4_message *message,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len);

// Writes the message as the client of `packet` wants it: options in the order of its parameter request list, and no
// longer than it takes (options 55 and 57; 548 bytes if it does not say). If space is short they go to file and sname
// too, where those are empty (RFC 2131 section 4.1), and what finds no room is left out: how many options, says
// `left_out` (may be NULL). `*len` bytes to `buf`. `DDI_E_BUFFER` if `cap` is less than `*len`; `DDI_E_LIMIT` if not even
// what is never left out fits.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_LIMIT`, `DDI_E_MALFORMED` (nothing was parsed).
ddi_status ddi_dhcp4_message_emit_reply(const ddi_dhcp4_message *message,
                                        const ddi_dhcp4_packet *packet,
                                        size_t *left_out,
                                        uint8_t *buf,
                                        size_t cap,
                                        size_t *len);

/* ============================================================================================== */
/*
 * The configuration of a DHCPv4 server: numbers, links, subnets, pools, reservations, classes, options.
 */
/* ============================================================================================== */

// The place for what holds for everybody; the others are given by `ddi_dhcp_config_add_...`.
#define DDI_DHCP_EVERYWHERE 0

// 0 or 1: this server knows every address of its links, so it may say NAK to a client that it has no lease of
// (RFC 2131 section 4.3.2). Default: 0.
#define DDI_DHCP_AUTHORITATIVE 1

// The address space of all subnets, where networks overlap. Default: 0.
#define DDI_DHCP_SPACE 2

// UDP port of relays, and of this server. Default: 67.
#define DDI_DHCP_RELAY_PORT 3

// UDP port of clients. Default: 68.
#define DDI_DHCP_CLIENT_PORT 4

// How long an offer holds its address, in seconds. Default: 60.
#define DDI_DHCP_OFFER_SECONDS 5

// The most offers at once. Default: 65536.
#define DDI_DHCP_MAX_OFFERS 6

// How long an address that somebody else uses is left alone, in seconds. Default: 86400.
#define DDI_DHCP_QUARANTINE_SECONDS 7

// How long to wait for the answer to a ping before an address is offered, in milliseconds. 0, the default: no
// ping.
#define DDI_DHCP_PING_MILLIS 8

// A client that renews within this part of its lease, in percent, gets what remains without a write. 0: always
// write. Default: 25.
#define DDI_DHCP_CACHE_THRESHOLD_PERCENT 9

// 0 or 1: answer a DISCOVER with an ACK if the client can take it (RFC 4039). Default: 0.
#define DDI_DHCP_RAPID_COMMIT 10

// 0 or 1: give pool addresses to BOOTP clients, for ever. Default: 0.
#define DDI_DHCP_DYNAMIC_BOOTP 11

// 0 or 1: let option 118 choose the subnet (RFC 3011). Default: 0.
#define DDI_DHCP_SUBNET_SELECTION 12

// 0 or 1: serve only relays that a subnet lists. Default: 0.
#define DDI_DHCP_ONLY_LISTED_RELAYS 13

// Datagrams per second that one client may send; twice that at once. 0, the default: no limit.
#define DDI_DHCP_CLIENT_RATE 14

// Datagrams per second that one relay, or one link, may send; twice that at once. 0, the default: no limit.
#define DDI_DHCP_RELAY_RATE 15

// T1: after which part of its lease time, in thousandths, a client renews (RFC 2131 section 4.4.5). Default: 500.
#define DDI_DHCP_RENEWAL_PERMILLE 16

// T2: after which part of its lease time, in thousandths, a client asks any server. Default: 875.
#define DDI_DHCP_REBINDING_PERMILLE 17

// A reservation is for the client with this client_id (option 61).
#define DDI_DHCP_BY_CLIENT_ID 1

// A reservation is for the client with this link-layer address.
#define DDI_DHCP_BY_HW_ADDR 2

// A reservation is for whoever is on the port with this circuit-id (RFC 3046).
#define DDI_DHCP_BY_CIRCUIT_ID 3

// Option 60 is this.
#define DDI_DHCP_IF_VENDOR_CLASS 1

// Option 60 begins with this.
#define DDI_DHCP_IF_VENDOR_CLASS_PREFIX 2

// One of the classes in option 77 is this (RFC 3004).
#define DDI_DHCP_IF_USER_CLASS 3

// The link-layer address begins with this.
#define DDI_DHCP_IF_HW_ADDR_PREFIX 4

// Sub-option 1 of option 82 is this (RFC 3046).
#define DDI_DHCP_IF_CIRCUIT_ID 5

// Sub-option 2 of option 82 is this (RFC 3046).
#define DDI_DHCP_IF_REMOTE_ID 6

// Option 124 has this class of this vendor (RFC 3925 section 3): four bytes, the vendor's enterprise number in network
// order, then the class; nothing for any class.
#define DDI_DHCP_IF_ENTERPRISE_CLASS 7

// Option 125 has options of this vendor (RFC 3925 section 4): the four bytes of its enterprise number in network order.
#define DDI_DHCP_IF_ENTERPRISE_OPTIONS 8

// Names of clients in DNS (RFC 4702): a name that the client qualified keeps its own zone.
#define DDI_DHCP_NAMES_KEEP_CLIENT_ZONE 1

// Names of clients in DNS: make one of option 12 if there is no option 81.
#define DDI_DHCP_NAMES_FROM_HOSTNAME 2

// Names of clients in DNS: the client may update its A itself (S = 0).
#define DDI_DHCP_NAMES_ALLOW_CLIENT_UPDATES 4

// Names of clients in DNS: the client may say that nobody shall update (N = 1).
#define DDI_DHCP_NAMES_ALLOW_NO_UPDATES 8

// The configuration of a DHCPv4 server, filled by setters and given to `ddi_dhcp_server_new`, which checks it
// whole and keeps nothing of it.
//
// Threads: one call at a time on one configuration.
typedef struct ddi_dhcp_config ddi_dhcp_config;

// A configuration with nothing to serve. NULL only if the library panicked. Caller owns: `ddi_dhcp_config_free`.
ddi_dhcp_config *ddi_dhcp_config_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp_config_free(ddi_dhcp_config *config);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_dhcp_config_last_error(const ddi_dhcp_config *config);

// Sets a number of the whole server's: `setting` is one of `DDI_DHCP_AUTHORITATIVE` to `DDI_DHCP_REBINDING_PERMILLE`.
// `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_dhcp_config_set(ddi_dhcp_config *config,
                               uint32_t setting,
                               uint64_t value);

// The server identifier (option 54), if neither the address that a message was sent to nor the link's first is
// the right one.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_dhcp_config_set_server_id(ddi_dhcp_config *config,
                                         ddi_ipv4 address);

// Lease times in seconds for everybody (`DDI_DHCP_EVERYWHERE`), for a subnet, or for a class, which wins. A client
// that asks for no time gets `default_seconds`; others what they ask for, within the other two. 0xffffffff is for
// ever. Default: one hour for everybody.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_lease_seconds(ddi_dhcp_config *config,
                                             uint32_t place,
                                             uint32_t default_seconds,
                                             uint32_t min_seconds,
                                             uint32_t max_seconds);

// Makes full names for the clients of everybody or of a subnet (RFC 4702 section 4): `suffix` is put behind what
// is not fully qualified; `flags` is any of `DDI_DHCP_NAMES_...` together. The server updates no DNS; its events
// tell of names.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_names(ddi_dhcp_config *config,
                                     uint32_t place,
                                     uint32_t flags,
                                     const uint8_t *suffix,
                                     size_t suffix_len);

// A subnet or pool is IPv6-mostly: what a client that can do without IPv4 is told as V6ONLY_WAIT (RFC 8925).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_v6_only_wait(ddi_dhcp_config *config,
                                            uint32_t place,
                                            uint32_t seconds);

// An address that this server has on a link whose clients it serves; `interface` is the number that
// `ddi_dhcp_server_handle_datagram` is told. Call it again for further addresses: the first that lies in a subnet
// is the server identifier there.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_dhcp_config_add_link_address(ddi_dhcp_config *config,
                                            uint32_t interface,
                                            ddi_ipv4 address);

// Adds a subnet. `id` is unique, is written to each lease, and should be kept when the configuration changes.
// `*subnet` is its place. `DDI_E_ARGUMENT` if `prefix` has host bits or more than 32 bits.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_dhcp_config_add_subnet(ddi_dhcp_config *config,
                                      uint32_t id,
                                      ddi_ipv4 prefix,
                                      uint32_t prefix_bits,
                                      uint32_t *subnet);

// Subnets with the same name of a shared network are on one link. An empty name takes it back.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_shared_network(ddi_dhcp_config *config,
                                              uint32_t subnet,
                                              const uint8_t *name,
                                              size_t name_len);

// The subnet's clients are behind this relay, whatever its address is.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_relay(ddi_dhcp_config *config,
                                     uint32_t subnet,
                                     ddi_ipv4 relay);

// Adds a pool to a subnet: addresses to give out, both ends included. `*pool` is its place.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_pool(ddi_dhcp_config *config,
                                    uint32_t subnet,
                                    ddi_ipv4 first,
                                    ddi_ipv4 last,
                                    uint32_t *pool);

// Addresses that no pool of the subnet gives out though they lie in it, both ends included.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_excluded(ddi_dhcp_config *config,
                                        uint32_t subnet,
                                        ddi_ipv4 first,
                                        ddi_ipv4 last);

// Only clients of this class, and of others that are added, get an address of the pool.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_pool_class(ddi_dhcp_config *config,
                                          uint32_t pool,
                                          const uint8_t *class_name,
                                          size_t class_name_len);

// Keeps an address of a subnet for one client; `by` is one of `DDI_DHCP_BY_...`. `*reservation` is its place.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_reservation(ddi_dhcp_config *config,
                                           uint32_t subnet,
                                           uint32_t by,
                                           const uint8_t *client,
                                           size_t client_len,
                                           ddi_ipv4 address,
                                           uint32_t *reservation);

// The host name (option 12) of a reservation's client, in place of the one that it sends.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_hostname(ddi_dhcp_config *config,
                                        uint32_t reservation,
                                        const uint8_t *hostname,
                                        size_t hostname_len);

// Adds a class of clients. A later class is stronger: if two have the same option, its is sent. `*class_place` is
// its place.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8).
ddi_status ddi_dhcp_config_add_class(ddi_dhcp_config *config,
                                     const uint8_t *name,
                                     size_t name_len,
                                     uint32_t *class_place);

// A client that passes this test, or any other of the class, is in it; `test` is one of `DDI_DHCP_IF_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_add_class_test(ddi_dhcp_config *config,
                                          uint32_t class_place,
                                          uint32_t test,
                                          const uint8_t *value,
                                          size_t value_len);

// An option with any bytes, at any place; the narrower place wins: everywhere, subnet, pool, class, reservation. It
// is sent to a client that asks for it, or that asks for nothing; with `always` 1, to those that ask for others, too.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1, no such place, or a value that can't be).
ddi_status ddi_dhcp_config_put_option(ddi_dhcp_config *config,
                                      uint32_t place,
                                      uint32_t code,
                                      uint32_t always,
                                      const uint8_t *value,
                                      size_t value_len);

// The same from text, as a configuration file has it: `name` is `routers`, `dns_servers`, `domain_name` and so on, or
// a code in digits; `value` has commas between the items of a list. Bytes are in hex digits.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, no such place, or a value that can't be).
ddi_status ddi_dhcp_config_put_option_text(ddi_dhcp_config *config,
                                           uint32_t place,
                                           const uint8_t *name,
                                           size_t name_len,
                                           const uint8_t *value,
                                           size_t value_len);

// The boot server's address (siaddr; 0.0.0.0: none), its name (sname, at most 63 bytes) and the boot file (file, at
// most 127 bytes).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such place, or a value that can't be).
ddi_status ddi_dhcp_config_set_boot(ddi_dhcp_config *config,
                                    uint32_t place,
                                    ddi_ipv4 next_server,
                                    const uint8_t *server_name,
                                    size_t server_name_len,
                                    const uint8_t *boot_file,
                                    size_t boot_file_len);

/* ============================================================================================== */
/*
 * Events of the DHCPv4 server: what the application may want to know or must do. Act on a lease once its `version` is
 * durable.
 */
/* ============================================================================================== */

// A client's lease was written: `key`, `version`; `flag` is 1 if it was this client's already.
#define DDI_DHCP_EVENT_BOUND 1

// The lease has a name that belongs in DNS from now on (RFC 4702): `key`, `version`, the full name in the buffer, in
// text form without a final dot; `flag` is 1 if the A is the server's to add, 0 if only the PTR is.
#define DDI_DHCP_EVENT_NAME_ADDED 2

// The lease no longer has this name: what was added to DNS for it goes. As before.
#define DDI_DHCP_EVENT_NAME_REMOVED 3

// The client gave its address back: `key`, `version`.
#define DDI_DHCP_EVENT_RELEASED 4

// The client's time ran out: `key`, `version`.
#define DDI_DHCP_EVENT_EXPIRED 5

// The address is in use by somebody else and quarantined: `key`, `version`; `flag` is 1 if something answered a ping, 0
// if its client declined it.
#define DDI_DHCP_EVENT_QUARANTINED 6

// The quarantine of an address is over: `key`, `version`.
#define DDI_DHCP_EVENT_QUARANTINE_ENDED 7

// Ping `address`, through `interface` (0: by the routing table), then call `ddi_dhcp_server_handle_ping`.
#define DDI_DHCP_EVENT_PING 8

// A subnet (`subnet_id`) has no free address: `count` messages went without an answer since the event before.
#define DDI_DHCP_EVENT_EXHAUSTED 9

// A datagram got no answer: `why`, whose name (such as "no_subnet") is in the buffer, `interface`, and who sent it:
// `address`, `port`.
#define DDI_DHCP_EVENT_DROPPED 10

// An event. Members that its kind does not name are zero.
typedef struct ddi_dhcp_event {
    // sizeof(ddi_dhcp_event)
    uint32_t struct_size;
    // `DDI_DHCP_EVENT_...`; a later version of the library may have more.
    uint32_t kind;
    // Which lease.
    ddi_lease_key key;
    // What wrote the lease.
    uint64_t version;
    // How many.
    uint64_t count;
    // As the kind says.
    uint32_t flag;
    // Why a datagram was dropped.
    uint32_t why;
    // A subnet's id.
    uint32_t subnet_id;
    // An interface's number.
    uint32_t interface;
    // An address.
    ddi_ipv4 address;
    // Its UDP port.
    uint16_t port;
    // Zero.
    uint16_t pad;
} ddi_dhcp_event;

/* ============================================================================================== */
/*
 * DHCPv4 server (RFC 2131): datagrams in, leases written to a store, replies and events out.
 *
 * After any `ddi_dhcp_server_handle_...`: drain `ddi_dhcp_server_poll_transmit`, then `ddi_dhcp_server_poll_event`,
 * then read `ddi_dhcp_server_poll_timeout`. A reply that promises a lease is handed out only when the lease is
 * durable: poll again after each commit of the store. Not draining loses no lease, it delays.
 *
 * With failover, the relationships decide what may be answered: each call then has them as an argument, and they are
 * told of every lease that the server changes. Without, that argument is NULL.
 */
/* ============================================================================================== */

// The room that `ddi_dhcp_server_poll_transmit` needs, in bytes: no reply is longer.
#define DDI_DHCP_MAX_REPLY 1472

// Send to 255.255.255.255 and the link-layer broadcast address, through `interface`.
#define DDI_DHCP_TO_BROADCAST 1

// Send to `to` in a frame to `hw_addr`, through `interface`: the client does not answer ARP for it yet. A host that
// can't do that may broadcast (RFC 2131 section 4.1).
#define DDI_DHCP_TO_LINK_LAYER 2

// Send an ordinary datagram to `to`, by the routing table.
#define DDI_DHCP_TO_UNICAST 3

// A DHCPv4 server.
//
// Threads: one call at a time on one server; calls with `const ddi_dhcp_server *` may overlap.
typedef struct ddi_dhcp_server ddi_dhcp_server;

// Where a reply goes.
typedef struct ddi_dhcp_transmit {
    // sizeof(ddi_dhcp_transmit)
    uint32_t struct_size;
    // `DDI_DHCP_TO_...`
    uint32_t kind;
    // The interface that the message came in on.
    uint32_t interface;
    // The source address to use; 0.0.0.0: whatever the routing table says.
    ddi_ipv4 from;
    // The destination.
    ddi_ipv4 to;
    // UDP port of the destination.
    uint16_t port;
    // Zero.
    uint16_t pad;
    // The client's link-layer address, for `DDI_DHCP_TO_LINK_LAYER`.
    ddi_hw_addr hw_addr;
} ddi_dhcp_transmit;

// A server with this configuration, of which a copy is kept. `seed` keys its hash tables: best random. The same seed and
// the same calls give the same bytes. `DDI_E_DHCP_CONFIG` if it can't be served: `ddi_dhcp_config_last_error` says what
// is wrong and where, counting from 0. Caller owns `*server`: `ddi_dhcp_server_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_DHCP_CONFIG`.
ddi_status ddi_dhcp_server_new(ddi_dhcp_config *config,
                               uint64_t seed,
                               ddi_dhcp_server **server);

// Frees it. NULL is a no-op.
void ddi_dhcp_server_free(ddi_dhcp_server *server);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_dhcp_server_last_error(const ddi_dhcp_server *server);

// Changes the configuration: leases stay, and offers that are still possible. `DDI_E_DHCP_CONFIG` if it can't be
// served; then the old one stays. The store has to be told of the pools again.
//
// Errors: `DDI_E_NULL`, `DDI_E_DHCP_CONFIG`.
ddi_status ddi_dhcp_server_set_config(ddi_dhcp_server *server,
                                      const ddi_now *now,
                                      const ddi_dhcp_config *config);

// Tells the store of the server's pools, which are numbered by their places in the configuration, from 0. Needed once
// after `ddi_dhcp_server_new` and after each `ddi_dhcp_server_set_config`. An application's own store is not told: it
// reads them by `ddi_dhcp_server_pool`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (the store can't have such pools).
ddi_status ddi_dhcp_server_give_pools(ddi_dhcp_server *server,
                                      ddi_store *store);

// The pool with this number, for `ddi_failover_config_add_pool` and for a store of the application's own: set
// `pool->struct_size` before. Its arrays are borrowed until the next call on this handle. `DDI_IDLE` if there is none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_dhcp_server_pool(ddi_dhcp_server *server,
                                uint32_t number,
                                ddi_pool *pool);

// A datagram came in on the server's port: its bytes, where it came in (`interface` as in
// `ddi_dhcp_config_add_link_address`; 0 if not known), who sent it, and to which address (0.0.0.0 if not known, which is
// taken as a broadcast). Malformed ones are counted and told as `DDI_DHCP_EVENT_DROPPED`: that is no error.
// `DDI_E_STORE` if the application's store broke.
//
// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
ddi_status ddi_dhcp_server_handle_datagram(ddi_dhcp_server *server,
                                           const ddi_now *now,
                                           ddi_store *store,
                                           ddi_failover *failover,
                                           uint32_t interface,
                                           ddi_ipv4 from,
                                           uint16_t from_port,
                                           ddi_ipv4 to,
                                           const uint8_t *bytes,
                                           size_t bytes_len);

// Time passed: offers lapse, leases expire, quarantines end. No-op when early.
//
// Errors: `DDI_E_NULL`, `DDI_E_STORE`.
ddi_status ddi_dhcp_server_handle_timeout(ddi_dhcp_server *server,
                                          const ddi_now *now,
                                          ddi_store *store,
                                          ddi_failover *failover);

// The answer to a `DDI_DHCP_EVENT_PING`: `answered` is 1 if anything answered, 0 if nothing did. Of no effect if it
// comes too late.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1), `DDI_E_STORE`.
ddi_status ddi_dhcp_server_handle_ping(ddi_dhcp_server *server,
                                       const ddi_now *now,
                                       ddi_store *store,
                                       ddi_failover *failover,
                                       ddi_ipv4 address,
                                       uint32_t answered);

// An operator releases a lease: what an accepted RELEASE does to it; `*version` is what wrote it. `DDI_IDLE` if it is not
// ACTIVE, or the failover partner has to agree first. The store's error if it refuses.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no key), `DDI_E_CONFLICT`, `DDI_E_LIMIT`, `DDI_E_STOPPED`, `DDI_E_STORE`.
ddi_status ddi_dhcp_server_release(ddi_dhcp_server *server,
                                   const ddi_now *now,
                                   ddi_store *store,
                                   ddi_failover *failover,
                                   const ddi_lease_key *key,
                                   uint64_t *version);

// The next reply that may leave: `*len` bytes to `buf`, and where to. `DDI_IDLE` if there is none now; `DDI_E_BUFFER` if
// `cap` is below `DDI_DHCP_MAX_REPLY`, whatever the reply's length.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`, `DDI_E_STORE`.
ddi_status ddi_dhcp_server_poll_transmit(ddi_dhcp_server *server,
                                         ddi_store *store,
                                         ddi_dhcp_transmit *transmit,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len);

// The next event; a name in it has `*len` bytes, to `buf` (256 are always enough). `DDI_IDLE` if there is none;
// `DDI_E_BUFFER` if `cap` is less than `*len`: the event stays.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size), `DDI_E_BUFFER`.
ddi_status ddi_dhcp_server_poll_event(ddi_dhcp_server *server,
                                      ddi_dhcp_event *event,
                                      uint8_t *buf,
                                      size_t cap,
                                      size_t *len);

// When to call `ddi_dhcp_server_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_dhcp_server_poll_timeout(const ddi_dhcp_server *server,
                                        uint64_t *instant_ms);

// What the server has seen and done since it was made, from `index` 0 on; `DDI_IDLE` after the last. `*name` is such as
// "acks" or "malformed" (a reason for which datagrams were dropped). Borrowed until the server is freed.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_dhcp_server_counter(const ddi_dhcp_server *server,
                                   uint32_t index,
                                   const char **name,
                                   uint64_t *value);

// How many offers wait for their clients' answers, of `DDI_DHCP_MAX_OFFERS` at the most. 0 for NULL and for a poisoned
// handle.
size_t ddi_dhcp_server_offers(const ddi_dhcp_server *server);

/* ============================================================================================== */
/*
 * DNS names and types. Names go in and out as a `ddi_name`, which is the name's wire form (RFC 1035 section
 * 3.1) with its length. Case is kept, and does not count when names are compared.
 */
/* ============================================================================================== */

// The most bytes that a name has on the wire.
#define DDI_NAME_MAX 255

// Room for the text of any name: each byte may become `\DDD`.
#define DDI_NAME_TEXT_MAX 1024

// A whole, uncompressed name. `ddi_name_parse` and `ddi_name_from_wire` make it; one of zeros is none, and
// is refused wherever a name must be.
typedef struct ddi_name {
    // Bytes of `wire` that are used, the root's 0 included.
    uint8_t len;
    // Labels, each after its length; the root's 0 at the end.
    uint8_t wire[255];
} ddi_name;

// Reads a name in text (UTF-8, with the escapes of RFC 1035 section 5.1), with or without its final dot; "."
// is the root.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_name_parse(const uint8_t *text,
                          size_t text_len,
                          ddi_name *name);

// Takes a name in uncompressed wire form: exactly these bytes.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_name_from_wire(const uint8_t *wire, size_t wire_len, ddi_name *name);

// Writes the name as text, with its final dot and without a NUL. `DDI_NAME_TEXT_MAX` bytes are always
// enough.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER`.
ddi_status ddi_name_text(const ddi_name *name,
                         uint8_t *buf,
                         size_t cap,
                         size_t *len);

// True if both are names and the same one. Case does not count.
bool ddi_name_equals(const ddi_name *name, const ddi_name *other);

// True if both are names, and `name` is `ancestor` or below it.
bool ddi_name_is_at_or_below(const ddi_name *name, const ddi_name *ancestor);

// The name of an address in in-addr.arpa or ip6.arpa (RFC 1035 section 3.5, RFC 3596 section 2.5). Its port
// means nothing.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_name_of_address(const ddi_addr *addr,
                               ddi_name *name);

// The number of a record type: "AAAA", "TYPE65280" (RFC 3597 section 5).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not known).
ddi_status ddi_rtype_parse(const uint8_t *text, size_t text_len, uint16_t *rtype);

// The name of a record type, without a NUL: "AAAA", or "TYPE65280" for one that has none. 16 bytes are
// enough.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_rtype_text(uint16_t rtype,
                          uint8_t *buf,
                          size_t cap,
                          size_t *len);

/* ============================================================================================== */
/*
 * DNS messages: what a server must know of one to hand it to the right call. Over TCP each message has two
 * length bytes in front (RFC 1035 section 4.2.2): they are not part of the message, unless a function says
 * so.
 */
/* ============================================================================================== */

// Room for any DNS message.
#define DDI_DNS_MESSAGE_MAX 65535

// Room for any DNS message over TCP, with its two length bytes.
#define DDI_DNS_STREAM_MAX 65537

// A query, for `ddi_zone_set_answer`. Of opcodes that are not known too: the answer to those is NOTIMP.
#define DDI_DNS_QUERY 0

// A query for AXFR or IXFR, for `ddi_xfr_out_new`.
#define DDI_DNS_TRANSFER 1

// A NOTIFY, for `ddi_secondary_handle_notify`.
#define DDI_DNS_NOTIFY 2

// An UPDATE, for `ddi_updates_handle_request`.
#define DDI_DNS_UPDATE 3

// The answer to a query that this side sent.
#define DDI_DNS_ANSWER 4

// The answer to a NOTIFY that this side sent.
#define DDI_DNS_NOTIFY_ANSWER 5

// The answer to an UPDATE that this side sent.
#define DDI_DNS_UPDATE_ANSWER 6

// The message came as a datagram, and so does the answer go.
#define DDI_TRANSPORT_UDP 0

// The message came over a stream: TCP, TLS, QUIC.
#define DDI_TRANSPORT_TCP 1

// RFC 6895 section 2.3: no error.
#define DDI_RCODE_NOERROR 0

// The message is malformed.
#define DDI_RCODE_FORMERR 1

// The server can't answer.
#define DDI_RCODE_SERVFAIL 2

// There is no such name.
#define DDI_RCODE_NXDOMAIN 3

// The server does not do that.
#define DDI_RCODE_NOTIMP 4

// The server will not do that for this client.
#define DDI_RCODE_REFUSED 5

// The server is not authoritative for the zone.
#define DDI_RCODE_NOTAUTH 9

// What a message is: one of `DDI_DNS_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED` (not even a header: nothing is to be answered).
ddi_status ddi_dns_kind(const uint8_t *message, size_t message_len, uint32_t *kind);

// The message's question, which of an UPDATE is its zone: name, type and class. `rtype` and `dns_class` may
// be NULL. `DDI_IDLE`: it has none.
//
// Errors: `DDI_E_NULL`, `DDI_E_MALFORMED`.
ddi_status ddi_dns_question(const uint8_t *message,
                            size_t message_len,
                            ddi_name *name,
                            uint16_t *rtype,
                            uint16_t *dns_class);

// Writes an answer that is only a response code (0 to 15): the request's id and question, and that. 512
// bytes are always enough.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a code above 15), `DDI_E_BUFFER`, `DDI_E_MALFORMED` (no header, or
// an answer itself: nothing is to be sent).
ddi_status ddi_dns_refuse(const uint8_t *request,
                          size_t request_len,
                          uint16_t rcode,
                          uint8_t *buf,
                          size_t cap,
                          size_t *len);

/* ============================================================================================== */
/*
 * Signers and verifiers: the signatures of one request's answer, or of all messages of a long answer in
 * their order.
 */
/* ============================================================================================== */

// Signs the answers to one request. One call at a time.
typedef struct ddi_tsig_signer ddi_tsig_signer;

// Checks the answers to one request. One call at a time.
typedef struct ddi_tsig_verifier ddi_tsig_verifier;

// Bytes that a signature adds: for `ddi_asker.reserve`. 0 for NULL.
size_t ddi_tsig_signer_len(const ddi_tsig_signer *signer);

// The name of the key that signed the request.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_tsig_signer_key(const ddi_tsig_signer *signer, ddi_name *name);

// Signs the answer in the first `message_len` of the `cap` bytes at `buf`; `*len` is its new length.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (no room for the signature; `*len` is what is needed, and nothing was signed),
// `DDI_E_MALFORMED` (no message).
ddi_status ddi_tsig_signer_sign(ddi_tsig_signer *signer,
                                const ddi_now *now,
                                size_t message_len,
                                uint8_t *buf,
                                size_t cap,
                                size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_tsig_signer_last_error(const ddi_tsig_signer *signer);

// Frees it. NULL is a no-op.
void ddi_tsig_signer_free(ddi_tsig_signer *signer);

// Checks the next message of the answer. `DDI_OK`: it and all before it are proven. `DDI_IDLE`: it has no
// signature; nothing of it may be used until a later one is proven, and at most 99 in a row may be so. A
// message that is refused changes nothing: over UDP drop it and wait on, a stream is to be closed.
//
// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
ddi_status ddi_tsig_verifier_check(ddi_tsig_verifier *verifier,
                                   const ddi_now *now,
                                   const uint8_t *message,
                                   size_t message_len);

// At the end of a stream: the last message must have been signed.
//
// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
ddi_status ddi_tsig_verifier_finish(ddi_tsig_verifier *verifier);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_tsig_verifier_last_error(const ddi_tsig_verifier *verifier);

// Frees it. NULL is a no-op.
void ddi_tsig_verifier_free(ddi_tsig_verifier *verifier);

/* ============================================================================================== */
/*
 * TSIG keys (RFC 8945): a secret that both sides share, by name. Signatures are checked with `ddi_tsig_keys`
 * on a server, and made and checked by the machines that ask: a transfer, a notifier, a DDNS client. The
 * calls of this chapter and the next ones are for messages that the caller sends himself.
 */
/* ============================================================================================== */

// For old partners only.
#define DDI_TSIG_HMAC_SHA1 1

// HMAC-SHA224.
#define DDI_TSIG_HMAC_SHA224 2

// The usual one.
#define DDI_TSIG_HMAC_SHA256 3

// HMAC-SHA384.
#define DDI_TSIG_HMAC_SHA384 4

// HMAC-SHA512.
#define DDI_TSIG_HMAC_SHA512 5

// A key. It never changes: all calls but `ddi_tsig_key_free` are const and may overlap.
typedef struct ddi_tsig_key ddi_tsig_key;

// The number of an algorithm, `DDI_TSIG_...`, by its name, such as "hmac-sha256" (RFC 8945 section 6), in any case.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8, or no such algorithm is known here).
ddi_status ddi_tsig_algorithm_parse(const uint8_t *text,
                                    size_t text_len,
                                    uint32_t *algorithm);

// A key of this name. `algorithm_number` is one of `DDI_TSIG_...`; `secret` is the bytes themselves, not base 64.
// `tag_len` is the bytes that signatures are cut to, 0 for whole ones. What it signs holds for 300 seconds
// (RFC 8945 section 10). Caller owns: `ddi_tsig_key_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no such algorithm, no secret, a length that may not be).
ddi_status ddi_tsig_key_new(const ddi_name *name,
                            uint32_t algorithm_number,
                            const uint8_t *secret,
                            size_t secret_len,
                            size_t tag_len,
                            ddi_tsig_key **key);

// The same, but for how many seconds the clocks may be apart by what this side signs (RFC 8945 section 5.2.3).
//
// Errors: as of `ddi_tsig_key_new`.
ddi_status ddi_tsig_key_new_fudge(const ddi_name *name,
                                  uint32_t algorithm_number,
                                  const uint8_t *secret,
                                  size_t secret_len,
                                  size_t tag_len,
                                  uint16_t fudge_secs,
                                  ddi_tsig_key **key);

// Signs the request in the first `message_len` of the `cap` bytes at `buf`; `*len` is its new length. `*verifier`
// checks the answer: Caller owns, `ddi_tsig_verifier_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (no room for the signature; `*len` is what is needed, and nothing was signed),
// `DDI_E_MALFORMED` (no message).
ddi_status ddi_tsig_key_sign_request(const ddi_tsig_key *key,
                                     const ddi_now *now,
                                     size_t message_len,
                                     uint8_t *buf,
                                     size_t cap,
                                     size_t *len,
                                     ddi_tsig_verifier **verifier);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_tsig_key_last_error(const ddi_tsig_key *key);

// Frees it; who else was given the key keeps it. NULL is a no-op.
void ddi_tsig_key_free(ddi_tsig_key *key);

/* ============================================================================================== */
/*
 * The keys that a server knows, and what it does with a signed request (RFC 8945 section 5.2).
 */
/* ============================================================================================== */

// Keys by name. Const calls may overlap; the others need it alone.
typedef struct ddi_tsig_keys ddi_tsig_keys;

// No keys: every signature is one of an unknown key. Caller owns: `ddi_tsig_keys_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_tsig_keys_new(ddi_tsig_keys **keys);

// Adds a key; its name must be new. The caller still owns `key`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (there is one of this name).
ddi_status ddi_tsig_keys_add(ddi_tsig_keys *keys, const ddi_tsig_key *key);

// Checks a request's signature. `DDI_OK`: it is good, and `*signer` signs the answer and says whose it is
// (Caller owns: `ddi_tsig_signer_free`). `DDI_IDLE`: it has none, and `*signer` is NULL. `DDI_E_SIGNATURE`:
// it must not be obeyed: `ddi_tsig_keys_refuse` makes the answer. The signature stays in the message; all
// that read messages skip it.
//
// Errors: `DDI_E_NULL`, `DDI_E_SIGNATURE`.
ddi_status ddi_tsig_keys_check(const ddi_tsig_keys *keys,
                               const ddi_now *now,
                               const uint8_t *request,
                               size_t request_len,
                               ddi_tsig_signer **signer);

// Writes the answer to a request whose signature is bad (RFC 8945 section 5.3.2). 1232 bytes are enough.
// `DDI_IDLE`: there is nothing to answer, since the bytes are no request.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_STATE` (the signature is good, or there is none).
ddi_status ddi_tsig_keys_refuse(const ddi_tsig_keys *keys,
                                const ddi_now *now,
                                const uint8_t *request,
                                size_t request_len,
                                uint8_t *buf,
                                size_t cap,
                                size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_tsig_keys_last_error(const ddi_tsig_keys *keys);

// Frees it. NULL is a no-op.
void ddi_tsig_keys_free(ddi_tsig_keys *keys);

/* ============================================================================================== */
/*
 * Access lists: who may do what, by address and by key.
 */
/* ============================================================================================== */

// A list. It never changes: all calls but `ddi_acl_free` are const and may overlap.
typedef struct ddi_acl ddi_acl;

// Reads a list: rules with commas between, of which the first that fits a sender decides; without one it is
// refused, so that no bytes refuse everyone. A rule is `any`, an address, a prefix, `key:NAME`, or a prefix
// and a key with a blank in between; a `!` in front makes it refuse. Caller owns: `ddi_acl_free`. On a fault
// the log sink is told which rule.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no rule).
ddi_status ddi_acl_new(const uint8_t *rules,
                       size_t rules_len,
                       ddi_acl **acl);

// True if a sender with this address may, that has signed with the key of this name (NULL: that has not
// signed). False also for NULL and for what is no address or name; last_error says so then.
bool ddi_acl_permits(const ddi_acl *acl,
                     const ddi_addr *addr,
                     const ddi_name *key);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_acl_last_error(const ddi_acl *acl);

// Frees it. NULL is a no-op.
void ddi_acl_free(ddi_acl *acl);

/* ============================================================================================== */
/*
 * How queries are answered: what stays the same from query to query, and what belongs to one.
 */
/* ============================================================================================== */

// Bytes of a cookie secret.
#define DDI_COOKIE_SECRET_LEN 16

// The query has no cookie, or cookies are not in use.
#define DDI_COOKIE_ABSENT 0

// The client's cookie alone.
#define DDI_COOKIE_CLIENT_ONLY 1

// A server cookie that is not ours, or is too old.
#define DDI_COOKIE_INVALID 2

// The client has got a cookie from us at this address before.
#define DDI_COOKIE_VALID 3

// What stays the same. Const calls may overlap; the others need it alone.
typedef struct ddi_answer_config ddi_answer_config;

// What belongs to one query.
typedef struct ddi_asker {
    // `sizeof(ddi_asker)`.
    uint32_t struct_size;
    // `DDI_TRANSPORT_...`.
    uint32_t transport;
    // Who asks. The port means nothing.
    ddi_addr client;
    // Bytes of the answer to leave free, for the signature that `ddi_tsig_signer_sign` appends.
    uint32_t reserve;
    // Zero.
    uint32_t pad;
} ddi_asker;

// What an answer says.
typedef struct ddi_answered {
    // `sizeof(ddi_answered)`.
    uint32_t struct_size;
    // The response code (RFC 6895 section 2.3), extended where there is an OPT.
    uint16_t rcode;
    // 1: TC is set.
    uint8_t truncated;
    // Zero.
    uint8_t pad;
    // What the query's cookie is worth, `DDI_COOKIE_...`: who limits rates may spare clients with a valid
    // one.
    uint32_t cookie;
} ddi_answered;

// A new one: at most 1232 bytes over UDP, full answers, neither NSID nor cookies.
// Caller owns: `ddi_answer_config_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_answer_config_new(ddi_answer_config **config);

// The most bytes of an answer over UDP, whatever the client takes; at least 512 are sent.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_answer_config_set_udp_size(ddi_answer_config *config, uint16_t bytes);

// `full` 1, as at first: positive answers have the zone's NS in the authority section (RFC 1034 section 6.2.1),
// too, and its addresses, where there is room. 0: only what a resolver needs.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
ddi_status ddi_answer_config_set_full(ddi_answer_config *config,
                                      uint32_t full);

// This server's identifier (RFC 5001), 128 bytes at most; `(NULL, 0)`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (too long).
ddi_status ddi_answer_config_set_nsid(ddi_answer_config *config,
                                      const uint8_t *nsid,
                                      size_t nsid_len);

// Gives and checks cookies (RFC 7873, RFC 9018), made with `secret`: `DDI_COOKIE_SECRET_LEN` random bytes,
// the same on all servers of one address. Those made with `other` are good as well (the secret before, or
// the one to come); it may be `(NULL, 0)`. With `required` 1 (else 0), a client over UDP whose cookie is not good gets
// no answer but BADCOOKIE or TC: for a server that is being used to flood others.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (another length, or neither 0 nor 1).
ddi_status ddi_answer_config_set_cookies(ddi_answer_config *config,
                                         const uint8_t *secret,
                                         size_t secret_len,
                                         const uint8_t *other,
                                         size_t other_len,
                                         uint32_t required);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_answer_config_last_error(const ddi_answer_config *config);

// Frees it. NULL is a no-op.
void ddi_answer_config_free(ddi_answer_config *config);

/* ============================================================================================== */
/*
 * Zones. A `ddi_zone` is one version of a zone: it never changes, costs little to keep (versions share what
 * they have in common), and is made by a loader, an edit or a transfer. A zone set serves them.
 */
/* ============================================================================================== */

// The serial becomes one more.
#define DDI_SERIAL_INCREMENT 0

// The serial becomes the seconds since 1970; one more where that is not newer.
#define DDI_SERIAL_UNIX_TIME 1

// The serial becomes the day in UTC and two digits, YYYYMMDDnn; one more where that is not newer.
#define DDI_SERIAL_DATE 2

// One version of a zone. All calls but `ddi_zone_free` are const and may overlap.
typedef struct ddi_zone ddi_zone;

// Answers a query from this zone, as RFC 1034 section 4.3.2 says, with DNSSEC's records if it is signed.
// Names that are not at or below its apex are refused. The answer is written to `buf`, which should have
// 65535 bytes over TCP and the configured size over UDP: with less the answer is shorter, which is no error.
// Nothing of `query` may lie in `buf`: that is `DDI_E_ARGUMENT`.
// `answered` may be NULL. Nothing is allocated. `DDI_IDLE`: send nothing; the bytes are no query, or `cap`
// is shorter than question and OPT.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_zone_answer(const ddi_zone *zone,
                           const ddi_now *now,
                           const ddi_answer_config *config,
                           const ddi_asker *asker,
                           const uint8_t *query,
                           size_t query_len,
                           uint8_t *buf,
                           size_t cap,
                           size_t *len,
                           ddi_answered *answered);

// The zone's name.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_apex(const ddi_zone *zone, ddi_name *apex);

// The SOA's serial; 0 for NULL.
uint32_t ddi_zone_serial(const ddi_zone *zone);

// How many records it has; 0 for NULL.
uint64_t ddi_zone_records(const ddi_zone *zone);

// Reads the `nth` record, from 0, that the zone itself holds of a name and type; cuts, wildcards and CNAMEs
// change nothing here. `ttl` (seconds) may be NULL. The data goes to `buf`, uncompressed, 65535 bytes at
// most. `DDI_IDLE`: there are not so many.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER`.
ddi_status ddi_zone_get(const ddi_zone *zone,
                        const ddi_name *owner,
                        uint16_t rtype,
                        size_t nth,
                        uint32_t *ttl,
                        uint8_t *buf,
                        size_t cap,
                        size_t *len);

// Makes `zone` a successor of `old`, for content that came anew (a zone file that was read again): with the
// serial that it has if that is newer, else with the next by `serial_policy` (`DDI_SERIAL_...`). What
// differs is found by comparing both. `DDI_IDLE`: nothing differs but the serial. Caller owns `successor`:
// `ddi_zone_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no such policy), `DDI_E_STALE` (another zone).
ddi_status ddi_zone_succeed(const ddi_zone *zone,
                            const ddi_now *now,
                            const ddi_zone *old,
                            uint32_t serial_policy,
                            ddi_zone **successor);

// What is wrong with the zone as a whole although each record is fine (a missing NS, a CNAME beside other
// data, glue, DNSSEC's chains and signatures): one fault a line, in the order of names, 1000 at most. No
// bytes: nothing is. It is computed anew by each call.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_zone_check(const ddi_zone *zone,
                          uint8_t *buf,
                          size_t cap,
                          size_t *len);

// The first of these faults with which the zone can't be served as it is meant: it has no NS, or a name of it means
// two things at once (a CNAME beside other data, several CNAMEs or DNAMEs, a DNAME beside NS). `DDI_IDLE`: there is
// none; of what `ddi_zone_check` tells then, the operator should hear.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_zone_check_fatal(const ddi_zone *zone,
                                uint8_t *buf,
                                size_t cap,
                                size_t *len);

// True if `serial` is newer than `other` (RFC 1982). Serials have no order: of two that are 2^31 apart neither is
// newer.
bool ddi_serial_is_newer(uint32_t serial,
                         uint32_t other);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_last_error(const ddi_zone *zone);

// Frees it; who else keeps that version keeps it. NULL is a no-op.
void ddi_zone_free(ddi_zone *zone);

/* ============================================================================================== */
/*
 * Zone files (RFC 1035 section 5): text in, a zone out. Text comes in pieces as the caller reads it; nothing
 * is opened here but by `ddi_zone_loader_read_file`.
 */
/* ============================================================================================== */

// Text is wanted: `ddi_zone_loader_push` it, or `ddi_zone_loader_end` the file.
#define DDI_LOADER_TEXT 0

// A file is asked for by $INCLUDE (`ddi_zone_loader_include`): push its text and end it, or refuse it.
#define DDI_LOADER_INCLUDE 1

// All was read: `ddi_zone_loader_finish`.
#define DDI_LOADER_DONE 2

// Reads one zone. One call at a time.
typedef struct ddi_zone_loader ddi_zone_loader;

// A new one for the zone `apex`. `file` is the file's name for errors. Records must have TTLs, by $TTL or
// each. Caller owns: `ddi_zone_loader_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, not UTF-8).
ddi_status ddi_zone_loader_new(const ddi_name *apex,
                               const uint8_t *file,
                               size_t file_len,
                               ddi_zone_loader **loader);

// Takes a piece of text; some 64 KiB at a time cost the least. `wanted` is one of `DDI_LOADER_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ZONE_FILE` (last_error says file, line and column; nothing more is taken),
// `DDI_E_STATE` (finished, or after an error).
ddi_status ddi_zone_loader_push(ddi_zone_loader *loader,
                                const uint8_t *text,
                                size_t text_len,
                                uint32_t *wanted);

// The file that is being read has no more text. After an included file the one that asked goes on.
//
// Errors: as of `ddi_zone_loader_push`.
ddi_status ddi_zone_loader_end(ddi_zone_loader *loader, uint32_t *wanted);

// The path that $INCLUDE asks for, as it is written: a stranger's zone file may ask for anything.
// `DDI_IDLE`: none is asked for.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_zone_loader_include(const ddi_zone_loader *loader,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// The file that was asked for can't or must not be read: the zone can't be loaded. Returns
// `DDI_E_ZONE_FILE`; last_error says where the file was asked for, and `reason` (UTF-8).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (finished, or after an error).
ddi_status ddi_zone_loader_refuse(ddi_zone_loader *loader,
                                  const uint8_t *reason,
                                  size_t reason_len);

// Reads a whole file, and those that it includes if their paths lie below its folder. For who has the file
// on disk: instead of all the calls above.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_IO`, `DDI_E_ZONE_FILE`, `DDI_E_STATE`.
ddi_status ddi_zone_loader_read_file(ddi_zone_loader *loader,
                                     const uint8_t *path,
                                     size_t path_len);

// Takes a record that is no text, for who has a zone in a database: `rdata` is its data in wire form, uncompressed,
// `ttl` in seconds. One that can't be in the zone is not taken, and the zone goes on without it. After the last one
// `ddi_zone_loader_end`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_ZONE` (it can't be in the zone), `DDI_E_STATE` (finished,
// or after an error in a text).
ddi_status ddi_zone_loader_add(ddi_zone_loader *loader,
                               const ddi_name *owner,
                               uint16_t rtype,
                               uint32_t ttl,
                               const uint8_t *rdata,
                               size_t rdata_len);

// The zone, once all was read. The loader is of no more use. Caller owns the zone: `ddi_zone_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (text is missing, an earlier fault, or finished before), `DDI_E_ZONE`
// (no zone: it has no SOA).
ddi_status ddi_zone_loader_finish(ddi_zone_loader *loader,
                                  ddi_zone **zone);

// What went wrong, in words: for a fault in the text file, line and column; "" if nothing did. Borrowed, as the
// chapter on status says.
const char *ddi_zone_loader_last_error(const ddi_zone_loader *loader);

// Frees it. NULL is a no-op.
void ddi_zone_loader_free(ddi_zone_loader *loader);

/* ============================================================================================== */
/*
 * All records of a zone, the SOA first, then by name in canonical order: as text to be kept or read by
 * people, or one by one.
 */
/* ============================================================================================== */

// Room for the text of any one record: what `ddi_zone_walk_text` needs at least.
#define DDI_RECORD_TEXT_MAX 524288

// A walk through one version, which it keeps. One call at a time.
typedef struct ddi_zone_walk ddi_zone_walk;

// A walk from the start. Caller owns: `ddi_zone_walk_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_walk_new(const ddi_zone *zone, ddi_zone_walk **walk);

// The next record, of class IN. Its data goes to `buf`, uncompressed, 65535 bytes at most. `DDI_IDLE`: that
// were all.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_zone_walk_next(ddi_zone_walk *walk,
                              ddi_name *owner,
                              uint16_t *rtype,
                              uint32_t *ttl,
                              uint8_t *buf,
                              size_t cap,
                              size_t *len);

// Fills `buf` with the next records as the text of a zone file, whole lines, as many as fit; what is read
// back is the same zone. `DDI_IDLE`: that were all. To be used instead of `ddi_zone_walk_next`, not mixed
// with it.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (the next line does not fit: `DDI_RECORD_TEXT_MAX` bytes are always
// enough).
ddi_status ddi_zone_walk_text(ddi_zone_walk *walk,
                              uint8_t *buf,
                              size_t cap,
                              size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_walk_last_error(const ddi_zone_walk *walk);

// Frees it. NULL is a no-op.
void ddi_zone_walk_free(ddi_zone_walk *walk);

/* ============================================================================================== */
/*
 * Names of DHCP clients (RFC 4703): who comes first has a name and marks it with a DHCID (RFC 4701), a
 * digest of the client's identity and the name. A change is made in an own zone by
 * `ddi_zone_edit_apply_ddns`, or at a remote server by a `ddi_ddns_client`.
 */
/* ============================================================================================== */

// The name has this address, and no other of its family (RFC 4703 section 5.3).
#define DDI_DDNS_ADD_FORWARD 1

// The name no longer has this address; and if no other, there is no name (section 5.5).
#define DDI_DDNS_REMOVE_FORWARD 2

// The address has this name, and no other (section 5.4).
#define DDI_DDNS_ADD_REVERSE 3

// The address no longer has this name (section 5.5).
#define DDI_DDNS_REMOVE_REVERSE 4

// The name was nobody's, or the address's name was set.
#define DDI_DDNS_ADDED 1

// The name was this client's already.
#define DDI_DDNS_REPLACED 2

// The name is somebody else's: nothing is changed. Choose another, or go without (RFC 4703 section 5.3.3).
#define DDI_DDNS_CONFLICT 3

// The address is gone from the name, or the name from the address.
#define DDI_DDNS_REMOVED 4

// There was nothing of this client: nothing is changed.
#define DDI_DDNS_NOT_OURS 5

// Bytes of a DHCID's data.
#define DDI_DHCID_LEN 35

// A change to one zone: that which `name` is in, or for a reverse change the name of `address`.
typedef struct ddi_ddns_change {
    // `sizeof(ddi_ddns_change)`.
    uint32_t struct_size;
    // `DDI_DDNS_ADD_FORWARD` and so on.
    uint32_t kind;
    // The client's address; the port means nothing.
    ddi_addr address;
    // TTL of the records in seconds; `ddi_ddns_ttl` tells the one for a lease.
    uint32_t ttl;
    // Whose the name is: what `ddi_dhcid_...` wrote.
    uint8_t dhcid[35];
    // Zero.
    uint8_t pad;
    // The client's whole name.
    ddi_name name;
} ddi_ddns_change;

// The DHCID of a DHCPv4 client that sent a client identifier: all of option 61's data. `name` is its whole
// name; `dhcid` has room for `DDI_DHCID_LEN` bytes.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_dhcid_of_client_id(const uint8_t *client_id,
                                  size_t client_id_len,
                                  const ddi_name *name,
                                  uint8_t *dhcid);

// The DHCID of a DHCPv6 client.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_dhcid_of_duid(const uint8_t *duid,
                             size_t duid_len,
                             const ddi_name *name,
                             uint8_t *dhcid);

// The DHCID of a DHCPv4 client that sent no client identifier: `htype` and `chaddr` of its messages.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_dhcid_of_hw_addr(uint8_t htype,
                                const uint8_t *chaddr,
                                size_t chaddr_len,
                                const ddi_name *name,
                                uint8_t *dhcid);

// The TTL in seconds for a lease of so many seconds: a third, but not below 600 (RFC 4702 section 5).
uint32_t ddi_ddns_ttl(uint32_t lease_s);

/* ============================================================================================== */
/*
 * Edits: changes to a zone that become its next version, or nothing.
 */
/* ============================================================================================== */

// An edit of one version, which it keeps. One call at a time.
typedef struct ddi_zone_edit ddi_zone_edit;

// An edit of `zone`, which stays as it is. Caller owns: `ddi_zone_edit_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_edit_new(const ddi_zone *zone, ddi_zone_edit **edit);

// Adds a record. `rdata` is its data in wire form, uncompressed. The whole rrset gets its TTL, in seconds
// (RFC 2181 section 5.2); a SOA, CNAME or DNAME replaces that of its name. `DDI_IDLE`: it was there already.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_ZONE` (it can't be in the zone), `DDI_E_STATE`.
ddi_status ddi_zone_edit_add(ddi_zone_edit *zone_edit,
                             const ddi_name *owner,
                             uint16_t rtype,
                             uint32_t ttl,
                             const uint8_t *rdata,
                             size_t rdata_len);

// Adds the records of a zone file's text, such as "www 300 IN A 192.0.2.1": names relative to the apex, each
// with its TTL or a $TTL before it. All of them or none. `DDI_IDLE`: they were there already.
//
// Errors: `DDI_E_NULL`, `DDI_E_ZONE_FILE` (last_error says line and column), `DDI_E_ZONE`, `DDI_E_STATE`.
ddi_status ddi_zone_edit_add_text(ddi_zone_edit *zone_edit,
                                  const uint8_t *text,
                                  size_t text_len);

// Removes a record, whatever its TTL. `DDI_IDLE`: it was not there.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
ddi_status ddi_zone_edit_remove(ddi_zone_edit *zone_edit,
                                const ddi_name *owner,
                                uint16_t rtype,
                                const uint8_t *rdata,
                                size_t rdata_len);

// Removes all records of a name and type. `DDI_IDLE`: there were none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
ddi_status ddi_zone_edit_remove_rrset(ddi_zone_edit *zone_edit,
                                      const ddi_name *owner,
                                      uint16_t rtype);

// Removes all records of a name. `DDI_IDLE`: there were none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_STATE`.
ddi_status ddi_zone_edit_remove_name(ddi_zone_edit *zone_edit, const ddi_name *owner);

// Gives a DHCP client its name in this zone, or takes it, with the conditions of RFC 4703: for who has
// leases and zone in one process. `outcome` is one of `DDI_DDNS_...`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_ZONE` (the name is not in this zone, or the zone can't hold
// more: the edit is of no more use), `DDI_E_STATE`.
ddi_status ddi_zone_edit_apply_ddns(ddi_zone_edit *zone_edit,
                                    const ddi_ddns_change *change,
                                    uint32_t *outcome);

// Ends the edit: the next version, whose serial moves by `serial_policy` (`DDI_SERIAL_...`), unless the edit
// has set a newer one by adding a SOA. `DDI_IDLE`: nothing has changed, there is no next version. The edit
// is of no more use. Caller owns the zone: `ddi_zone_free`; `ddi_zone_set_put` publishes it.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_ZONE` (it would be no zone, or its serial is older),
// `DDI_E_STATE`.
ddi_status ddi_zone_edit_finish(ddi_zone_edit *zone_edit,
                                const ddi_now *now,
                                uint32_t serial_policy,
                                ddi_zone **zone);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_edit_last_error(const ddi_zone_edit *zone_edit);

// Frees it. NULL is a no-op.
void ddi_zone_edit_free(ddi_zone_edit *zone_edit);

/* ============================================================================================== */
/*
 * The zones of a server: what is answered, what the next change builds on, and the journal that makes
 * changes durable before anybody sees them.
 *
 *     ddi_zone_set_new(&set);
 *     ddi_zone_set_open_journal(set, path, path_len, log_id, NULL);   // all zones of earlier runs are there
 *     ...
 *     ddi_zone_set_put(set, zone, &lsn);     // or ddi_updates_handle_request, or a secondary's event
 *     ddi_zone_set_commit(set, &durable);    // one sync for all changes so far: now they are answered
 *     while (ddi_zone_set_poll_changed(set, &apex) == DDI_OK) ...;    // whose secondaries are to be notified
 *
 * Without a journal a set is in memory, and each change is seen at once.
 */
/* ============================================================================================== */

// The zones of a server. Calls that take `ddi_zone_set *` need it to themselves; those that take `const
// ddi_zone_set *` may overlap each other. For threads that answer while another one changes zones there is
// `ddi_zone_reader`.
typedef struct ddi_zone_set ddi_zone_set;

// What opening a journal has found.
typedef struct ddi_zone_set_opened {
    // `sizeof(ddi_zone_set_opened)`.
    uint32_t struct_size;
    // Files of zones that are damaged and were passed over. Nothing is lost; compact soon.
    uint32_t damaged_files;
    // How many zones there are.
    uint64_t zones;
    // Changes that were replayed from the log.
    uint64_t replayed;
    // Bytes of a batch that a crash tore and that were cut off: nobody had been told of it.
    uint64_t cut_bytes;
} ddi_zone_set_opened;

// An empty set, in memory. Caller owns: `ddi_zone_set_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_set_new(ddi_zone_set **set);

// How much history of each zone is kept for IXFR: deltas, their bytes, and their bytes in percent of the
// zone's own. What is over any of these goes, oldest first. Unless set: 10000, 64 MiB, 100. To be set while
// the set is empty.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (there are zones, or a journal).
ddi_status ddi_zone_set_set_history(ddi_zone_set *set,
                                    size_t deltas,
                                    size_t bytes,
                                    uint32_t percent_of_zone);

// Opens the journal in the directory `path` (UTF-8), which is its own, or makes one there: the set has its
// zones, and all changes from now on are kept. `log_id` seeds the checksums of a new journal: best random.
// While it is open no other process can open it. `opened` may be NULL.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (not UTF-8), `DDI_E_STATE` (the set has zones or a journal),
// `DDI_E_IO`, `DDI_E_CORRUPT` (last_error says where).
ddi_status ddi_zone_set_open_journal(ddi_zone_set *set,
                                     const uint8_t *path,
                                     size_t path_len,
                                     uint64_t log_id,
                                     ddi_zone_set_opened *opened);

// Answers a query from the zone whose apex is the longest match for the name asked for, as `ddi_zone_answer`
// does; with SERVFAIL if that zone is hidden, with REFUSED if there is none. Changes are seen once they are
// durable.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_zone_set_answer(const ddi_zone_set *set,
                               const ddi_now *now,
                               const ddi_answer_config *config,
                               const ddi_asker *asker,
                               const uint8_t *query,
                               size_t query_len,
                               uint8_t *buf,
                               size_t cap,
                               size_t *len,
                               ddi_answered *answered);

// The version of a zone that is answered from. Caller owns: `ddi_zone_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND` (no such zone, or it is hidden).
ddi_status ddi_zone_set_zone(const ddi_zone_set *set,
                             const ddi_name *apex,
                             ddi_zone **zone);

// The newest version of a zone, durable or not: what an edit must begin with. Caller owns: `ddi_zone_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND`.
ddi_status ddi_zone_set_newest(const ddi_zone_set *set,
                               const ddi_name *apex,
                               ddi_zone **zone);

// How many zones there are, hidden ones too; 0 for NULL.
size_t ddi_zone_set_count(const ddi_zone_set *set);

// The zone after `apex` in canonical order, hidden or not; the first one after a NULL. `DDI_IDLE`: there is
// none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_zone_set_next(const ddi_zone_set *set,
                             const ddi_name *apex,
                             ddi_name *next);

// Takes a version that an edit, or `ddi_zone_succeed`, has made of the newest one: its delta goes to the
// journal and to IXFR. `lsn` (may be NULL) is the position of the change: it is answered when
// `ddi_zone_set_durable` has reached that. The caller still owns `zone`.
//
// Errors: `DDI_E_NULL`, `DDI_E_NOT_FOUND`, `DDI_E_STALE` (made of another version: begin anew),
// `DDI_E_LIMIT` (commit first), `DDI_E_IO`, `DDI_E_STOPPED`.
ddi_status ddi_zone_set_put(ddi_zone_set *set,
                            const ddi_zone *zone,
                            uint64_t *lsn);

// Takes a new zone, or a new content of one, whose history ends there: secondaries fetch it whole. More than
// 4 MiB are written and synced here. `lsn` may be NULL. The caller still owns `zone`.
//
// Errors: `DDI_E_NULL`, `DDI_E_LIMIT` (commit first), `DDI_E_IO`, `DDI_E_STOPPED`.
ddi_status ddi_zone_set_replace(ddi_zone_set *set,
                                const ddi_zone *zone,
                                uint64_t *lsn);

// Takes a zone out; it is answered until that is durable. `DDI_IDLE`: there is none. `lsn` may be NULL.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_LIMIT` (commit first), `DDI_E_STOPPED`.
ddi_status ddi_zone_set_remove(ddi_zone_set *set,
                               const ddi_name *apex,
                               uint64_t *lsn);

// Hides a zone (`hidden` 1), or shows it again (0): queries for a hidden one are answered with SERVFAIL. A secondary does
// that for one that has expired.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, neither 0 nor 1), `DDI_E_NOT_FOUND`.
ddi_status ddi_zone_set_hide(ddi_zone_set *set,
                             const ddi_name *apex,
                             uint32_t hidden);

// Keeps a note with a zone, 4096 bytes at most: what is to be known of it after a restart. Secondary zones
// have one of the library's own.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long), `DDI_E_NOT_FOUND`, `DDI_E_LIMIT`,
// `DDI_E_STOPPED`.
ddi_status ddi_zone_set_set_note(ddi_zone_set *set,
                                 const ddi_name *apex,
                                 const uint8_t *note,
                                 size_t note_len);

// The note that was kept with a zone; no bytes if there is none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_BUFFER` (4096 bytes are always enough).
ddi_status ddi_zone_set_note(const ddi_zone_set *set,
                             const ddi_name *apex,
                             uint8_t *buf,
                             size_t cap,
                             size_t *len);

// A zone of which another version is answered than when it was last told of: its secondaries are to be
// notified. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_set_poll_changed(ddi_zone_set *set,
                                     ddi_name *apex);

// True if enough was appended to the journal for another compaction. False for NULL.
bool ddi_zone_set_needs_compaction(const ddi_zone_set *set);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_set_last_error(const ddi_zone_set *set);

// Frees it. What was not committed is lost. NULL is a no-op.
void ddi_zone_set_free(ddi_zone_set *set);

/* ============================================================================================== */
/*
 * Commit: what makes changes of zones durable, and seen. Either here and now, or with a batch that another
 * thread syncs while queries are answered. And compaction, which bounds the journal.
 */
/* ============================================================================================== */

// A compaction under way. One call at a time; made to be moved to another thread for its steps.
typedef struct ddi_zone_compaction ddi_zone_compaction;

// Syncs every change, here and now; then they are answered. `durable` (may be NULL) is what
// `ddi_zone_set_durable` says then.
//
// Errors: `DDI_E_NULL`, `DDI_E_BATCH_OUT`, `DDI_E_IO` (nothing becomes durable any more: free the set and
// open the journal again), `DDI_E_STOPPED`.
ddi_status ddi_zone_set_commit(ddi_zone_set *set,
                               uint64_t *durable);

// Takes out the changes since the last batch. `DDI_IDLE` if there are none, a batch is out, or there is no
// journal. Then `ddi_batch_sync` on any thread, `ddi_zone_set_batch_durable`, `ddi_batch_free`.
// Caller owns `*batch`; one that is freed before it is handed back is lost, and stops its set.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_set_take_batch(ddi_zone_set *set,
                                   ddi_batch **batch);

// Hands a synced batch back to its set; what was in it is answered from now on. `durable` (may be NULL) is
// what `ddi_zone_set_durable` says then. The batch is still to be freed.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a batch of another set), `DDI_E_STATE` (not synced, or handed back
// already), `DDI_E_IO` (nothing becomes durable any more: free the set and open the journal again).
ddi_status ddi_zone_set_batch_durable(ddi_zone_set *set,
                                      ddi_batch *batch,
                                      uint64_t *durable);

// Everything up to this log sequence number survives a crash, and is answered. 0 for NULL and for a poisoned
// handle.
uint64_t ddi_zone_set_durable(const ddi_zone_set *set);

// The last change that was made, durable or not. 0 for NULL and for a poisoned handle.
uint64_t ddi_zone_set_appended(const ddi_zone_set *set);

// Begins a compaction of what is there now; one at a time, until it is done or freed. Then
// `ddi_zone_compaction_step` on any thread until it says that it is the turn of `ddi_zone_set_end_compaction`,
// which touches no file but the log, and so on until that is done. If it fails or is freed at any point, nothing
// is lost. `DDI_IDLE`: there is no journal. Caller owns `*compaction`: `ddi_zone_compaction_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (one is under way).
ddi_status ddi_zone_set_begin_compaction(ddi_zone_set *set,
                                         ddi_zone_compaction **compaction);

// Writes and syncs about `max_bytes` more, or renames or removes a file. `*ready` when it is the turn of
// `ddi_zone_set_end_compaction`.
//
// Errors: `DDI_E_NULL`, `DDI_E_IO`, `DDI_E_STATE` (writing failed before: free it, and begin another one).
ddi_status ddi_zone_compaction_step(ddi_zone_compaction *compaction,
                                    uint64_t max_bytes,
                                    bool *ready);

// Takes note of what the steps have done, and lets them go on; `*done` when the compaction is over.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a compaction of another set), `DDI_E_STATE` (it is not its turn),
// `DDI_E_BATCH_OUT` (what it holds is not durable yet: hand the batch back and call again), `DDI_E_IO`,
// `DDI_E_STOPPED`.
ddi_status ddi_zone_set_end_compaction(ddi_zone_set *set,
                                       ddi_zone_compaction *compaction,
                                       bool *done);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_compaction_last_error(const ddi_zone_compaction *compaction);

// Frees it, finished or not. NULL is a no-op.
void ddi_zone_compaction_free(ddi_zone_compaction *compaction);

/* ============================================================================================== */
/*
 * What a set's journal and history hold, and how a journal is laid out. Of use to who watches a server, or has more
 * to write than others.
 */
/* ============================================================================================== */

// How the log of a journal is laid out: batches start at multiples of `align_bytes`, and no segment gets longer than
// `segment_bytes`; as in `ddi_lease_config_set_log`. Unless set: 512, 64 MiB. To be set before the journal is opened.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (the set has zones or a journal).
ddi_status ddi_zone_set_set_log(ddi_zone_set *set,
                                uint32_t align_bytes,
                                uint64_t segment_bytes);

// When `ddi_zone_set_needs_compaction` says so: after this many bytes were appended since the last compaction, and
// this many percent of what that one wrote. Unless set: 16 MiB, 100. To be set before the journal is opened.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (the set has zones or a journal).
ddi_status ddi_zone_set_set_compaction(ddi_zone_set *set,
                                       uint64_t bytes,
                                       uint32_t percent);

// Bytes of the journal's log on disk, which a compaction lets go. 0 for NULL, without a journal, and for a poisoned
// handle.
uint64_t ddi_zone_set_log_bytes(const ddi_zone_set *set);

// Bytes of the files of zones that the last compaction has left. 0 for NULL, without a journal, and for a poisoned
// handle.
uint64_t ddi_zone_set_file_bytes(const ddi_zone_set *set);

// The serials of which a secondary may have the zone and get what came after by IXFR (RFC 1995), the oldest first:
// `*len` of them to `serials`, none if every secondary has to fetch the zone whole. The one that is answered is not
// among them.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, not aligned), `DDI_E_NOT_FOUND` (no such zone), `DDI_E_BUFFER`
// (more than `cap`; `*len` is how many).
ddi_status ddi_zone_set_history(const ddi_zone_set *set,
                                const ddi_name *apex,
                                uint32_t *serials,
                                size_t cap,
                                size_t *len);

/* ============================================================================================== */
/*
 * Readers: for threads that answer while another one changes the set. No lock is taken, and nobody waits.
 */
/* ============================================================================================== */

// The zones of a set as they are answered. New versions are seen at once; that a zone was added, removed,
// hidden or shown is seen by readers that are made afterwards. It outlives the set. All calls but
// `ddi_zone_reader_free` are const and may overlap, also with any call on the set.
typedef struct ddi_zone_reader ddi_zone_reader;

// A reader of the set's zones. Caller owns: `ddi_zone_reader_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_zone_reader_new(const ddi_zone_set *set, ddi_zone_reader **reader);

// As `ddi_zone_set_answer`; a zone that is hidden counts as none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_zone_reader_answer(const ddi_zone_reader *reader,
                                  const ddi_now *now,
                                  const ddi_answer_config *config,
                                  const ddi_asker *asker,
                                  const uint8_t *query,
                                  size_t query_len,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len,
                                  ddi_answered *answered);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_zone_reader_last_error(const ddi_zone_reader *reader);

// Frees it. NULL is a no-op.
void ddi_zone_reader_free(ddi_zone_reader *reader);

/* ============================================================================================== */
/*
 * Where a message goes: what the polls of the DNS machines fill in beside the bytes.
 */
/* ============================================================================================== */

// A message to send.
typedef struct ddi_dns_transmit {
    // `sizeof(ddi_dns_transmit)`.
    uint32_t struct_size;
    // `DDI_TRANSPORT_UDP`: a datagram. `DDI_TRANSPORT_TCP`: over the connection `link`, or if that is 0 over
    // a new one to `to`.
    uint32_t transport;
    // Where to.
    ddi_addr to;
    // The caller's number for the connection that the request came over; 0: none.
    uint64_t link;
} ddi_dns_transmit;

/* ============================================================================================== */
/*
 * Transfers out: AXFR (RFC 5936) and IXFR (RFC 1995), from a zone set and the history that it keeps. May the
 * sender have the zone at all is the caller's to ask first, with an access list.
 */
/* ============================================================================================== */

// A response code alone.
#define DDI_SENT_REFUSAL 0

// The SOA alone: the secondary is up to date, or has to come again over TCP.
#define DDI_SENT_SOA 1

// The whole zone.
#define DDI_SENT_ZONE 2

// Deltas.
#define DDI_SENT_DELTAS 3

// The answer to one request. It keeps its version of the zone, so that changes meanwhile don't touch it. One
// call at a time.
typedef struct ddi_xfr_out ddi_xfr_out;

// How the zones of a set are sent from now on: bytes that a message over TCP is filled to, 512 to 65535; the largest
// datagram; and deltas with more bytes than this many percent of the zone's go out as the whole zone (RFC 1995
// section 5). Unless set: 16384, 1232, 100.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a size that can't be).
ddi_status ddi_zone_set_set_transfers(ddi_zone_set *set,
                                      size_t message_size,
                                      uint16_t udp_size,
                                      uint32_t percent_of_zone);

// What to send to a request for a transfer. If the set has no such zone that is NOTAUTH, and SERVFAIL for
// one that is hidden. `transport` is one of `DDI_TRANSPORT_...`. `signer` is what `ddi_tsig_keys_check`
// gave, or NULL; the caller still owns it, and it must not be used for anything else. Several deltas go out
// as one if `condense` is 1, else 0 (RFC 1995 section 6). Caller owns: `ddi_xfr_out_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_MALFORMED` (no such request: answer FORMERR by
// `ddi_dns_refuse`).
ddi_status ddi_xfr_out_new(const ddi_zone_set *set,
                           const ddi_now *now,
                           const uint8_t *request,
                           size_t request_len,
                           uint32_t transport,
                           const ddi_tsig_signer *signer,
                           uint32_t condense,
                           ddi_xfr_out **out);

// An answer to a request for a transfer that is only a response code: REFUSED for who may not have the zone.
// The rest is as for `ddi_xfr_out_new`. Caller owns: `ddi_xfr_out_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_MALFORMED`.
ddi_status ddi_xfr_out_new_refusal(const uint8_t *request,
                                   size_t request_len,
                                   uint16_t rcode,
                                   uint32_t transport,
                                   const ddi_tsig_signer *signer,
                                   ddi_xfr_out **out);

// The next message, made straight into `buf`; over TCP with its two length bytes. Not polling is the
// back-pressure; close connections that don't move. `DDI_IDLE`: that were all. `DDI_DNS_STREAM_MAX` bytes
// are always enough; with fewer, messages are smaller, as long as a record fits.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`, `DDI_E_TRANSFER` (a record fits in no message: close the
// connection).
ddi_status ddi_xfr_out_poll_transmit(ddi_xfr_out *out,
                                     const ddi_now *now,
                                     uint8_t *buf,
                                     size_t cap,
                                     size_t *len);

// What it sends: one of `DDI_SENT_...`; 0 for NULL.
uint32_t ddi_xfr_out_sent(const ddi_xfr_out *out);

// How many records are in the messages so far; 0 for NULL.
uint64_t ddi_xfr_out_records(const ddi_xfr_out *out);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_xfr_out_last_error(const ddi_xfr_out *out);

// Frees it. NULL is a no-op.
void ddi_xfr_out_free(ddi_xfr_out *out);

/* ============================================================================================== */
/*
 * Transfers in: one zone, once, from one primary. For a tool that fetches a zone; a server that keeps one up
 * to date has `ddi_secondary`.
 */
/* ============================================================================================== */

// Room for any query of a transfer, in bytes.
#define DDI_XFR_QUERY_MAX 3072

// There is a newer version: `ddi_xfr_in_zone`.
#define DDI_XFR_ZONE 1

// The primary has nothing newer.
#define DDI_XFR_UP_TO_DATE 2

// One transfer. One call at a time.
typedef struct ddi_xfr_in ddi_xfr_in;

// A transfer of the zone `apex`. `current` is the version at hand, of which only what came after it is asked
// for by IXFR; NULL: the whole zone is. `key` (may be NULL) signs the queries; answers must be signed then.
// `seed` is for message ids: best random. Caller owns: `ddi_xfr_in_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, or `current` is another zone).
ddi_status ddi_xfr_in_new(const ddi_name *apex,
                          const ddi_zone *current,
                          const ddi_tsig_key *key,
                          uint64_t seed,
                          ddi_xfr_in **xfr);

// How large and how slow it may be: records and their bytes, milliseconds without any byte over TCP, and
// milliseconds as a whole. Unless set: 500 million, 16 GiB, 30 s, two hours.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (its first query was polled).
ddi_status ddi_xfr_in_set_limits(ddi_xfr_in *xfr,
                                 size_t records,
                                 size_t bytes,
                                 uint64_t idle_ms,
                                 uint64_t total_ms);

// How it asks, each 0 or 1. `udp`: IXFR is asked for over UDP first (unless set: 1). `fall_back`: where IXFR fails
// the whole zone is asked for (1). `exact`: deltas must fit exactly (1).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1), `DDI_E_STATE` (its first query was polled).
ddi_status ddi_xfr_in_set_ways(ddi_xfr_in *xfr,
                               uint32_t udp,
                               uint32_t fall_back,
                               uint32_t exact);

// A query, if one is to be sent. `*transport` `DDI_TRANSPORT_UDP`: as a datagram. `DDI_TRANSPORT_TCP`: over
// a new connection, on which nothing else comes (one that was open is to be closed); its two length bytes
// are in `buf`. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (`DDI_XFR_QUERY_MAX` bytes must be there).
ddi_status ddi_xfr_in_poll_transmit(ddi_xfr_in *xfr,
                                    const ddi_now *now,
                                    uint32_t *transport,
                                    uint8_t *buf,
                                    size_t cap,
                                    size_t *len);

// A datagram from the primary. One that is not the answer is ignored: it may be forged.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_xfr_in_handle_datagram(ddi_xfr_in *xfr,
                                      const ddi_now *now,
                                      const uint8_t *bytes,
                                      size_t bytes_len);

// Bytes from the connection that the last query went over, as they come, length bytes included.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_xfr_in_handle_bytes(ddi_xfr_in *xfr,
                                   const ddi_now *now,
                                   const uint8_t *bytes,
                                   size_t bytes_len);

// That connection has ended, or could not be made. Not to be called for those that this side closed.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_xfr_in_handle_closed(ddi_xfr_in *xfr,
                                    const ddi_now *now);

// Does what is due. Nothing, if nothing is.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_xfr_in_handle_timeout(ddi_xfr_in *xfr, const ddi_now *now);

// When `ddi_xfr_in_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer runs.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_xfr_in_poll_timeout(const ddi_xfr_in *xfr,
                                   uint64_t *instant_ms);

// How it has ended: `*outcome` is `DDI_XFR_ZONE` or `DDI_XFR_UP_TO_DATE`, and the connection is to be
// closed. `DDI_IDLE`: it goes on. Tells it once.
//
// Errors: `DDI_E_NULL`, `DDI_E_TRANSFER` (it has failed, and last_error says why).
ddi_status ddi_xfr_in_poll_event(ddi_xfr_in *xfr,
                                 uint32_t *outcome);

// The zone that it has ended with. Caller owns: `ddi_zone_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (no outcome `DDI_XFR_ZONE` was told).
ddi_status ddi_xfr_in_zone(const ddi_xfr_in *xfr, ddi_zone **zone);

// Seconds until the zone expires, as the primary said (RFC 7314): its SOA's, or less if it is a secondary itself.
// `DDI_IDLE`: it said nothing.
//
// Errors: `DDI_E_NULL`, `DDI_E_STATE` (no outcome was told).
ddi_status ddi_xfr_in_expire_secs(const ddi_xfr_in *xfr,
                                  uint32_t *secs);

// Records that the primary sent and that are not in the zone, since their names are not: they were left out. 0 for
// NULL, and before `DDI_XFR_ZONE` was told.
size_t ddi_xfr_in_left_out(const ddi_xfr_in *xfr);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_xfr_in_last_error(const ddi_xfr_in *xfr);

// Frees it. NULL is a no-op.
void ddi_xfr_in_free(ddi_xfr_in *xfr);

/* ============================================================================================== */
/*
 * What a secondary zone is told: its primaries, and how it asks them.
 */
/* ============================================================================================== */

// A configuration. One call at a time; it can be used for several secondaries of the zone.
typedef struct ddi_secondary_config ddi_secondary_config;

// For the zone `apex`. `seed` is for message ids and jitter: best random. Caller owns:
// `ddi_secondary_config_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_secondary_config_new(const ddi_name *apex,
                                    uint64_t seed,
                                    ddi_secondary_config **config);

// Adds a primary, the preferred first. `key` (may be NULL) signs the queries; answers must be signed then.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_secondary_config_add_primary(ddi_secondary_config *config,
                                            const ddi_addr *addr,
                                            const ddi_tsig_key *key);

// Somebody else who may send NOTIFY, beside the primaries. The port means nothing.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_secondary_config_add_notify_from(ddi_secondary_config *config,
                                                const ddi_addr *addr);

// What the SOA's refresh and retry are held to, in seconds: the zone's owner must not be able to make this
// server ask in a tight loop, or never. Unless set: 30 s, 28 days, 5 s, 14 days.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a least above its most).
ddi_status ddi_secondary_config_set_bounds(ddi_secondary_config *config,
                                           uint32_t refresh_min_s,
                                           uint32_t refresh_max_s,
                                           uint32_t retry_min_s,
                                           uint32_t retry_max_s);

// The least time between two rounds that NOTIFY causes (unless set: 200 ms), and by how long the first round
// is put off at most, so that not all zones ask at once (0).
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_config_set_pace(ddi_secondary_config *config,
                                         uint64_t notify_gap_ms,
                                         uint64_t spread_ms);

// How it asks, each 0 or 1. `shared_history`: the same serial is the same zone at each primary (unless set: 0).
// `udp`: IXFR is asked for over UDP first (1). `fall_back`: where IXFR fails the whole zone is asked for (1).
// `exact`: deltas must fit exactly (1).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
ddi_status ddi_secondary_config_set_ways(ddi_secondary_config *config,
                                         uint32_t shared_history,
                                         uint32_t udp,
                                         uint32_t fall_back,
                                         uint32_t exact);

// How large and how slow one transfer may be: records and their bytes, milliseconds without any byte over
// TCP, and milliseconds as a whole. Unless set: 500 million, 16 GiB, 30 s, two hours.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_config_set_limits(ddi_secondary_config *config,
                                           size_t records,
                                           size_t bytes,
                                           uint64_t idle_ms,
                                           uint64_t total_ms);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_secondary_config_last_error(const ddi_secondary_config *config);

// Frees it; secondaries made with it stay. NULL is a no-op.
void ddi_secondary_config_free(ddi_secondary_config *config);

/* ============================================================================================== */
/*
 * Secondary zones: each is fetched from its primaries when the SOA's timers, a NOTIFY or an operator say so,
 * goes into the zone set, and is hidden there when no primary has confirmed it for too long.
 *
 * After any call drain `ddi_secondary_poll_transmit`, then `ddi_secondary_poll_event`, then read
 * `ddi_secondary_poll_timeout`; what the events put into the set is answered after the set's commit. Hosts
 * with many zones limit their transfers by polling fewer of them for queries: no clock runs before a query
 * is polled.
 */
/* ============================================================================================== */

// There is a new version, which the set has now.
#define DDI_SECONDARY_ZONE 1

// A primary has the same version.
#define DDI_SECONDARY_UP_TO_DATE 2

// A primary has an older version, or one whose serial can't be compared.
#define DDI_SECONDARY_BEHIND 3

// A transfer goes on in a simpler way.
#define DDI_SECONDARY_FALL_BACK 4

// A primary could not be asked, or gave nothing good.
#define DDI_SECONDARY_FAILED 5

// No primary has confirmed the zone for so long that it must not be served (RFC 1035 section 3.3.13): it is
// hidden.
#define DDI_SECONDARY_EXPIRED 6

// A secondary zone. One call at a time.
typedef struct ddi_secondary ddi_secondary;

// What happened.
typedef struct ddi_secondary_event {
    // `sizeof(ddi_secondary_event)`.
    uint32_t struct_size;
    // `DDI_SECONDARY_...`.
    uint32_t kind;
    // The primary that it is about; none for `DDI_SECONDARY_EXPIRED`.
    ddi_addr primary;
    // The zone's or the primary's serial; 0 if it means nothing.
    uint32_t serial;
    // Zero.
    uint32_t pad;
} ddi_secondary_event;

// A secondary zone of this set, with the version that the set has of it from earlier. Until there is one, or
// if that has expired, it is hidden. Caller owns: `ddi_secondary_free`, which leaves the zone in the set.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_new(ddi_zone_set *set,
                             const ddi_now *now,
                             const ddi_secondary_config *config,
                             ddi_secondary **secondary);

// The next query, if one is to be sent, to `transmit->to`: as a datagram, or over a new connection on which
// nothing else comes (one that was open is to be closed); its two length bytes are in `buf` then.
// `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_XFR_QUERY_MAX` bytes must be there).
ddi_status ddi_secondary_poll_transmit(ddi_secondary *secondary,
                                       const ddi_now *now,
                                       ddi_dns_transmit *transmit,
                                       uint8_t *buf,
                                       size_t cap,
                                       size_t *len);

// What happened; new versions go into `set`, the one that the secondary was made with. `DDI_IDLE`: nothing.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_LIMIT` (the set's pending batch is full: commit, and poll
// again; nothing is lost), `DDI_E_IO`, `DDI_E_STOPPED`.
ddi_status ddi_secondary_poll_event(ddi_secondary *secondary,
                                    const ddi_now *now,
                                    ddi_zone_set *set,
                                    ddi_secondary_event *event);

// Why, in words: of the last event, if it is `DDI_SECONDARY_FALL_BACK` or `DDI_SECONDARY_FAILED`. Else no
// bytes.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_secondary_reason(const ddi_secondary *secondary,
                                uint8_t *buf,
                                size_t cap,
                                size_t *len);

// When `ddi_secondary_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer
// runs.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_poll_timeout(const ddi_secondary *secondary,
                                      uint64_t *instant_ms);

// Seconds until the zone expires unless a primary confirms it before (RFC 1035 section 3.3.13); 0 if it has expired.
// `DDI_IDLE`: there is no zone yet.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_expire_secs(const ddi_secondary *secondary,
                                     const ddi_now *now,
                                     uint32_t *secs);

// True while a primary is being asked: a connection that is open without that is to be closed. False for
// NULL.
bool ddi_secondary_is_asking(const ddi_secondary *secondary);

// Does what is due. Nothing, if nothing is.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_handle_timeout(ddi_secondary *secondary, const ddi_now *now);

// A datagram. Only an answer from the primary that is being asked counts.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_secondary_handle_datagram(ddi_secondary *secondary,
                                         const ddi_now *now,
                                         const ddi_addr *from,
                                         const uint8_t *bytes,
                                         size_t bytes_len);

// Bytes from the connection that the last query went over, as they come, length bytes included.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_handle_bytes(ddi_secondary *secondary,
                                      const ddi_now *now,
                                      const uint8_t *bytes,
                                      size_t bytes_len);

// That connection has ended, or could not be made. Not to be called for those that this side closed.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_secondary_handle_closed(ddi_secondary *secondary,
                                       const ddi_now *now);

// A NOTIFY (RFC 1996), whose signature, if there must be one, was good. Answer it by `ddi_notify_reply`:
// NOERROR after `DDI_OK`, REFUSED after `DDI_E_NOT_PERMITTED`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address), `DDI_E_MALFORMED`, `DDI_E_NOT_PERMITTED` (the sender
// is no primary, or it is about another zone).
ddi_status ddi_secondary_handle_notify(ddi_secondary *secondary,
                                       const ddi_now *now,
                                       const ddi_addr *from,
                                       const uint8_t *message,
                                       size_t message_len);

// The operator wants the primaries asked now; with `whole` 1, else 0, the whole zone fetched, whatever its serial. The
// version at hand stays until that is there.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (neither 0 nor 1).
ddi_status ddi_secondary_handle_refresh(ddi_secondary *secondary,
                                        const ddi_now *now,
                                        uint32_t whole);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_secondary_last_error(const ddi_secondary *secondary);

// Frees it; the zone stays in the set. NULL is a no-op.
void ddi_secondary_free(ddi_secondary *secondary);

/* ============================================================================================== */
/*
 * NOTIFY out (RFC 1996): secondaries are told that a zone has changed, until each confirms or is given up.
 */
/* ============================================================================================== */

// Room for any NOTIFY, in bytes.
#define DDI_NOTIFY_MAX 2048

// The target answered, with `rcode`.
#define DDI_NOTIFY_ANSWERED 1

// The target never answered.
#define DDI_NOTIFY_GIVEN_UP 2

// 100000 notifications wait already: the target was not told.
#define DDI_NOTIFY_FULL 3

// Tells secondaries; one for the whole server. One call at a time.
typedef struct ddi_notifier ddi_notifier;

// What became of a notification.
typedef struct ddi_notify_event {
    // `sizeof(ddi_notify_event)`.
    uint32_t struct_size;
    // `DDI_NOTIFY_...`.
    uint32_t kind;
    // The target.
    ddi_addr target;
    // Its answer.
    uint16_t rcode;
    // Zero.
    uint16_t pad;
    // The zone.
    ddi_name zone;
} ddi_notify_event;

// One that has nothing to tell. Each notification is sent `tries` times at most (0: 6), the first time after
// up to `spread_ms`, and then waits for `wait_ms` (0: 3000), twice as long each time. `seed` is for message
// ids: best random. Caller owns: `ddi_notifier_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_notifier_new(uint64_t seed,
                            uint32_t tries,
                            uint64_t wait_ms,
                            uint64_t spread_ms,
                            ddi_notifier **notifier);

// A zone has a new version, which is durable and answered: the `targets` are to be told. `key` (may be NULL)
// signs the requests; answers must be signed then. A zone that changes again before a target confirmed is
// told with the newest serial, and only that.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_notifier_handle_changed(ddi_notifier *notifier,
                                       const ddi_now *now,
                                       const ddi_zone *zone,
                                       const ddi_addr *targets,
                                       size_t targets_len,
                                       const ddi_tsig_key *key);

// The zone is no more: nobody is to be told of it.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_notifier_handle_removed(ddi_notifier *notifier, const ddi_name *zone);

// An answer, of kind `DDI_DNS_NOTIFY_ANSWER`. What is none to a notification that waits is ignored.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_notifier_handle_datagram(ddi_notifier *notifier,
                                        const ddi_now *now,
                                        const ddi_addr *from,
                                        const uint8_t *bytes,
                                        size_t bytes_len);

// The next datagram that is due by `now`. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_NOTIFY_MAX` bytes must be there).
ddi_status ddi_notifier_poll_transmit(ddi_notifier *notifier,
                                      const ddi_now *now,
                                      ddi_dns_transmit *transmit,
                                      uint8_t *buf,
                                      size_t cap,
                                      size_t *len);

// When `ddi_notifier_poll_transmit` has something next, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`:
// never.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_notifier_poll_timeout(const ddi_notifier *notifier,
                                     uint64_t *instant_ms);

// What became of a notification. `DDI_IDLE`: nothing. At most 4096 wait to be polled; the oldest go first.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_notifier_poll_event(ddi_notifier *notifier,
                                   ddi_notify_event *event);

// Writes the answer to a NOTIFY that came: it has arrived (`DDI_RCODE_NOERROR`), or why it is not wanted.
// 512 bytes are enough.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (a code above 15), `DDI_E_BUFFER`, `DDI_E_MALFORMED` (no NOTIFY:
// answer FORMERR by `ddi_dns_refuse`).
ddi_status ddi_notify_reply(const uint8_t *message,
                            size_t message_len,
                            uint16_t rcode,
                            uint8_t *buf,
                            size_t cap,
                            size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_notifier_last_error(const ddi_notifier *notifier);

// Frees it. NULL is a no-op.
void ddi_notifier_free(ddi_notifier *notifier);

/* ============================================================================================== */
/*
 * Which zones UPDATE (RFC 2136) may change, and who may change what in them.
 */
/* ============================================================================================== */

// A grant is about all names of the zone.
#define DDI_GRANT_ALL_NAMES 0

// This name.
#define DDI_GRANT_NAME 1

// This name and all below it.
#define DDI_GRANT_AT_OR_BELOW 2

// All names directly below this one, as a wildcard there would be.
#define DDI_GRANT_CHILDREN_OF 3

// The name of the key that the sender signs with: a host's own name.
#define DDI_GRANT_OWN_NAME 4

// That, and all below it.
#define DDI_GRANT_AT_OR_BELOW_OWN_NAME 5

// A policy for all zones. One call at a time.
typedef struct ddi_update_policy ddi_update_policy;

// No zone may be changed. Caller owns: `ddi_update_policy_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_update_policy_new(ddi_update_policy **policy);

// Adds a primary zone. Whoever `rules` permit (as for `ddi_acl_new`) may change everything in it; `(NULL,
// 0)`: the grants say who may. Its serial moves by `serial` (`DDI_SERIAL_...`), unless the update sets it.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no rules, no such serial policy, there is one of this
// name).
ddi_status ddi_update_policy_add_zone(ddi_update_policy *policy,
                                      const ddi_name *apex,
                                      const uint8_t *rules,
                                      size_t rules_len,
                                      uint32_t serial);

// Adds a grant to a zone that was added without rules. For each change the first grant that fits sender,
// name and type decides: `permits` 1, or refuses 0; without one it is refused. `who` is one rule as for `ddi_acl_new` (its own `!`
// means nothing); `names` one of `DDI_GRANT_...`, with `name` for those that need one, else NULL. `types`:
// the record types that it is about; `(NULL, 0)`: all but those that hold a zone together (SOA, NS, and what
// a signer makes).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (the zone was not added, or with rules).
ddi_status ddi_update_policy_add_grant(ddi_update_policy *policy,
                                       const ddi_name *apex,
                                       uint32_t permits,
                                       const uint8_t *who,
                                       size_t who_len,
                                       uint32_t names,
                                       const ddi_name *name,
                                       const uint16_t *types,
                                       size_t types_len);

// How far updates may let a zone grow; what is larger already may stay, and shrink. Records of one name and
// type, types of one name, changes in one update, records in the zone. Unless set: 100, 100, 4096, no limit.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name), `DDI_E_NOT_FOUND` (the zone was not added).
ddi_status ddi_update_policy_set_limits(ddi_update_policy *policy,
                                        const ddi_name *apex,
                                        size_t rrset_records,
                                        size_t name_types,
                                        size_t updates,
                                        uint64_t zone_records);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_update_policy_last_error(const ddi_update_policy *policy);

// Frees it; what was made with it stays. NULL is a no-op.
void ddi_update_policy_free(ddi_update_policy *policy);

/* ============================================================================================== */
/*
 * UPDATE (RFC 2136): changes of a set's zones by message, with conditions, all of them or none. An answer
 * leaves when what it says is durable: after each request, and after each commit of the set, drain
 * `ddi_updates_poll_transmit`, then `ddi_updates_poll_event`. There are no timers.
 */
/* ============================================================================================== */

// Room for any answer to an UPDATE, in bytes.
#define DDI_UPDATE_ANSWER_MAX 1232

// A zone has changed.
#define DDI_UPDATES_UPDATED 1

// An update was refused, and answered so.
#define DDI_UPDATES_REFUSED 2

// A signature was refused, and answered so.
#define DDI_UPDATES_BAD_SIGNATURE 3

// A message was dropped without an answer.
#define DDI_UPDATES_DROPPED 4

// Updates of one set's zones. One call at a time.
typedef struct ddi_updates ddi_updates;

// What happened.
typedef struct ddi_updates_event {
    // `sizeof(ddi_updates_event)`.
    uint32_t struct_size;
    // `DDI_UPDATES_...`.
    uint32_t kind;
    // Who asked.
    ddi_addr from;
    // The number of the connection; 0: none.
    uint64_t link;
    // Of `DDI_UPDATES_UPDATED`: position of the change.
    uint64_t lsn;
    // Of `DDI_UPDATES_UPDATED`: the zone's serial now.
    uint32_t serial;
    // Zero.
    uint32_t pad;
    // Of `DDI_UPDATES_UPDATED`: the zone.
    ddi_name apex;
    // Of `DDI_UPDATES_UPDATED`: the key that signed it; of length 0 if none did.
    ddi_name key;
} ddi_updates_event;

// A machine for the zones of `policy` (NULL: none), with the keys that senders sign with (NULL: none). The
// caller still owns both. Caller owns: `ddi_updates_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_updates_new(const ddi_update_policy *policy,
                           const ddi_tsig_keys *keys,
                           ddi_updates **updates);

// A message of kind `DDI_DNS_UPDATE`, from a datagram (`link` 0) or a connection (the caller's number for
// it). Its change goes into `set`, and its answer waits until that is durable.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address). What is wrong with the request is answered, and told
// by an event.
ddi_status ddi_updates_handle_request(ddi_updates *updates,
                                      const ddi_now *now,
                                      ddi_zone_set *set,
                                      const ddi_addr *from,
                                      uint64_t link,
                                      const uint8_t *request,
                                      size_t request_len);

// The next answer that may leave. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_UPDATE_ANSWER_MAX` bytes must be there).
ddi_status ddi_updates_poll_transmit(ddi_updates *updates,
                                     const ddi_zone_set *set,
                                     ddi_dns_transmit *transmit,
                                     uint8_t *buf,
                                     size_t cap,
                                     size_t *len);

// What happened. `DDI_IDLE`: nothing. At most 4096 wait to be polled; later ones are lost.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_updates_poll_event(ddi_updates *updates, ddi_updates_event *told);

// Why, in words: of the last event, if it is not `DDI_UPDATES_UPDATED`. Else no bytes.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_updates_reason(const ddi_updates *updates,
                              uint8_t *buf,
                              size_t cap,
                              size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_updates_last_error(const ddi_updates *updates);

// Frees it; answers that wait are lost. NULL is a no-op.
void ddi_updates_free(ddi_updates *updates);

/* ============================================================================================== */
/*
 * A secondary hands updates on to its primary (RFC 2136 section 6), and the answers back. After each
 * `handle` call drain `ddi_update_forwarder_poll_transmit`, then `ddi_update_forwarder_poll_event`, then read `ddi_update_forwarder_poll_timeout`.
 */
/* ============================================================================================== */

// A request was refused here, and answered so.
#define DDI_FORWARD_REFUSED 1

// A request was dropped: too many are on their way.
#define DDI_FORWARD_TOO_BUSY 2

// No primary answered; the sender was told SERVFAIL.
#define DDI_FORWARD_NO_PRIMARY 3

// Hands requests on. One call at a time.
typedef struct ddi_update_forwarder ddi_update_forwarder;

// What happened.
typedef struct ddi_forward_event {
    // `sizeof(ddi_forward_event)`.
    uint32_t struct_size;
    // `DDI_FORWARD_...`.
    uint32_t kind;
    // Who asked.
    ddi_addr from;
    // The number of the connection; 0: none.
    uint64_t link;
    // Of `DDI_FORWARD_REFUSED`: the answer's code.
    uint16_t rcode;
    // Zero.
    uint16_t pad[3];
    // Of `DDI_FORWARD_NO_PRIMARY`: the zone.
    ddi_name apex;
} ddi_forward_event;

// Without zones. `keys` (may be NULL) are those that senders share with this server. A primary has
// `timeout_ms` to answer, and all of them are tried `rounds` times. `seed` is for message ids: random, not
// to be guessed by others. Caller owns: `ddi_update_forwarder_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_update_forwarder_new(const ddi_tsig_keys *keys,
                                    uint64_t timeout_ms,
                                    uint32_t rounds,
                                    uint64_t seed,
                                    ddi_update_forwarder **forwarder);

// Adds a secondary zone, before the first request: its primaries in the order in which they are tried; whose
// requests are handed on (rules as for `ddi_acl_new`; who signs with a key that is not known here counts as
// unsigned); and what requests that came unsigned, or with a key that is known here, are signed with on
// their way (may be NULL).
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (there was a request).
ddi_status ddi_update_forwarder_add_zone(ddi_update_forwarder *forwarder,
                                         const ddi_name *apex,
                                         const ddi_addr *primaries,
                                         size_t primaries_len,
                                         const uint8_t *rules,
                                         size_t rules_len,
                                         const ddi_tsig_key *key);

// A message of kind `DDI_DNS_UPDATE` for one of its zones, from a datagram (`link` 0) or a connection (the
// caller's number for it). What it is not handed on for is answered, or dropped if 256 are on their way
// already.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_update_forwarder_handle_request(ddi_update_forwarder *forwarder,
                                               const ddi_now *now,
                                               const ddi_addr *from,
                                               uint64_t link,
                                               const uint8_t *request,
                                               size_t request_len);

// What a primary sent, of kind `DDI_DNS_UPDATE_ANSWER`; over a connection without its length bytes. What is
// no answer to a request on its way is dropped.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_update_forwarder_handle_answer(ddi_update_forwarder *forwarder,
                                              const ddi_now *now,
                                              const ddi_addr *from,
                                              const uint8_t *answer,
                                              size_t answer_len);

// A primary can't be reached: requests that wait for it go to the next.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_update_forwarder_handle_unreachable(ddi_update_forwarder *forwarder,
                                                   const ddi_now *now,
                                                   const ddi_addr *primary);

// Tries what was not answered in time elsewhere.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_update_forwarder_handle_timeout(ddi_update_forwarder *forwarder,
                                               const ddi_now *now);

// When `ddi_update_forwarder_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no
// timer runs.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_update_forwarder_poll_timeout(const ddi_update_forwarder *forwarder,
                                             uint64_t *instant_ms);

// The next message: an answer to who asked, or a request to a primary (over TCP without its length bytes,
// `link` 0). `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_DNS_MESSAGE_MAX` bytes must be there).
ddi_status ddi_update_forwarder_poll_transmit(ddi_update_forwarder *forwarder,
                                              ddi_dns_transmit *transmit,
                                              uint8_t *buf,
                                              size_t cap,
                                              size_t *len);

// What happened beside requests that were handed on, for counters and logs. `DDI_IDLE`: nothing. Those that nobody
// polls are lost, the oldest ones kept.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (struct_size).
ddi_status ddi_update_forwarder_poll_event(ddi_update_forwarder *forwarder,
                                           ddi_forward_event *event);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_update_forwarder_last_error(const ddi_update_forwarder *forwarder);

// Frees it. NULL is a no-op.
void ddi_update_forwarder_free(ddi_update_forwarder *forwarder);

/* ============================================================================================== */
/*
 * UPDATE requests that the caller sends himself: conditions and changes in their order, written as a
 * message, to be signed by `ddi_tsig_key_sign_request`.
 */
/* ============================================================================================== */

// Only if the name has a record (RFC 2136 section 2.4.4).
#define DDI_REQUIRE_NAME 1

// Only if the name has no record (section 2.4.5).
#define DDI_REQUIRE_NO_NAME 2

// Only if the rrset exists (section 2.4.1).
#define DDI_REQUIRE_RRSET 3

// Only if the rrset does not exist (section 2.4.3).
#define DDI_REQUIRE_NO_RRSET 4

// Only if the rrset is exactly the records that are required of it (section 2.4.2): one call for each.
#define DDI_REQUIRE_RECORD 5

// A request. One call at a time.
typedef struct ddi_update_request ddi_update_request;

// An update of this zone that so far asks nothing. Caller owns: `ddi_update_request_free`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_update_request_new(const ddi_name *zone, ddi_update_request **request);

// Adds a condition, one of `DDI_REQUIRE_...`. `rtype` means nothing to those about names, `rdata` only
// something to `DDI_REQUIRE_RECORD`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, no such condition, too long).
ddi_status ddi_update_request_require(ddi_update_request *request,
                                      uint32_t condition,
                                      const ddi_name *name,
                                      uint16_t rtype,
                                      const uint8_t *rdata,
                                      size_t rdata_len);

// Adds a record; its TTL is in seconds.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long).
ddi_status ddi_update_request_add(ddi_update_request *request,
                                  const ddi_name *name,
                                  uint16_t rtype,
                                  uint32_t ttl,
                                  const uint8_t *rdata,
                                  size_t rdata_len);

// Deletes a record.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name, too long).
ddi_status ddi_update_request_delete(ddi_update_request *request,
                                     const ddi_name *name,
                                     uint16_t rtype,
                                     const uint8_t *rdata,
                                     size_t rdata_len);

// Deletes an rrset; with `rtype` 255 (ANY) all of the name's.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no name).
ddi_status ddi_update_request_delete_rrset(ddi_update_request *request,
                                           const ddi_name *name,
                                           uint16_t rtype);

// Writes the message with this id.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER` (`DDI_DNS_MESSAGE_MAX` bytes are always enough), `DDI_E_LIMIT` (it
// fits in no message).
ddi_status ddi_update_request_emit(const ddi_update_request *request,
                                   uint16_t id,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_update_request_last_error(const ddi_update_request *request);

// Frees it. NULL is a no-op.
void ddi_update_request_free(ddi_update_request *request);

/* ============================================================================================== */
/*
 * Names of DHCP clients at remote servers, by UPDATE messages as RFC 4703 section 5 says: it sends, tries
 * again, and reads the answers. Changes to one name are made in the order in which they came, those to
 * different names at the same time. After each `handle` call drain `ddi_ddns_client_poll_transmit`, then
 * `ddi_ddns_client_poll_event`, then read `ddi_ddns_client_poll_timeout`.
 */
/* ============================================================================================== */

// Room for any message of a client, in bytes.
#define DDI_DDNS_MESSAGE_MAX 2048

// The change was given up: `ddi_ddns_client_reason` says why. Otherwise an outcome is one of
// `DDI_DDNS_ADDED` and so on.
#define DDI_DDNS_FAILED 0

// Makes changes at remote servers. One call at a time.
typedef struct ddi_ddns_client ddi_ddns_client;

// A change is made or given up.
typedef struct ddi_ddns_event {
    // `sizeof(ddi_ddns_event)`.
    uint32_t struct_size;
    // What came of it.
    uint32_t outcome;
    // The caller's number for the change.
    uint64_t job;
} ddi_ddns_event;

// Without zones. A server has `timeout_ms` to answer (0: 2000), each is asked `tries` times (0: 3), and a
// change takes at most `rounds` updates when others change the same name meanwhile (0: 10). `seed` is for
// message ids: random, not to be guessed by others. Caller owns: `ddi_ddns_client_free`.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_ddns_client_new(uint64_t timeout_ms,
                               uint32_t tries,
                               uint32_t rounds,
                               uint64_t seed,
                               ddi_ddns_client **client);

// Adds a zone, before the first change: its servers in the order in which they are tried, and what updates
// are signed with (may be NULL: then any answer is believed). A name is in the zone with the longest apex at
// or above it.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_STATE` (there was a change).
ddi_status ddi_ddns_client_add_zone(ddi_ddns_client *client,
                                    const ddi_name *apex,
                                    const ddi_addr *servers,
                                    size_t servers_len,
                                    const ddi_tsig_key *key);

// Takes a change. Its end is told by an event with this number, `job`.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_NOT_FOUND` (its name is in no zone that has servers),
// `DDI_E_LIMIT` (16384 are not finished).
ddi_status ddi_ddns_client_handle_change(ddi_ddns_client *client,
                                         const ddi_now *now,
                                         uint64_t job,
                                         const ddi_ddns_change *change);

// What a server sent, of kind `DDI_DNS_UPDATE_ANSWER`. What is not the answer to an update on its way is
// dropped.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT` (no address).
ddi_status ddi_ddns_client_handle_answer(ddi_ddns_client *client,
                                         const ddi_now *now,
                                         const ddi_addr *from,
                                         const uint8_t *answer,
                                         size_t answer_len);

// Sends again what was not answered in time.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_ddns_client_handle_timeout(ddi_ddns_client *client, const ddi_now *now);

// When `ddi_ddns_client_handle_timeout` is due, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: no timer
// runs.
//
// Errors: `DDI_E_NULL`.
ddi_status ddi_ddns_client_poll_timeout(const ddi_ddns_client *client,
                                        uint64_t *instant_ms);

// The next datagram. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (`DDI_DDNS_MESSAGE_MAX` bytes must be there).
ddi_status ddi_ddns_client_poll_transmit(ddi_ddns_client *client,
                                         ddi_dns_transmit *transmit,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len);

// A change that is made or given up. `DDI_IDLE`: none.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`.
ddi_status ddi_ddns_client_poll_event(ddi_ddns_client *client, ddi_ddns_event *event);

// Why, in words: of the last event, if its outcome is `DDI_DDNS_FAILED`. Else no bytes.
//
// Errors: `DDI_E_NULL`, `DDI_E_BUFFER`.
ddi_status ddi_ddns_client_reason(const ddi_ddns_client *client,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_ddns_client_last_error(const ddi_ddns_client *client);

// Frees it. NULL is a no-op.
void ddi_ddns_client_free(ddi_ddns_client *client);

/* ============================================================================================== */
/*
 * Testing. Not in the library as it is installed: only where debug assertions are, or with the feature `testing`.
 */
/* ============================================================================================== */

#ifdef DDI_TESTING
// Something that can be made to panic. One call at a time.
typedef struct ddi_testing ddi_testing;

// Makes a later call on this thread panic: at its first guarded step if `steps` is 1. Some calls have a second one
// inside, when they have got hold of a store or of a second handle. 0 takes it back. Returns how many steps were
// left: 0 if the panic has happened.
uint32_t ddi_testing_panic_at(uint32_t steps);

// A new one. Caller owns: `ddi_testing_free`.
ddi_testing *ddi_testing_new(void);

// Panics. Returns `DDI_E_PANIC`, and from then on `DDI_E_POISONED`.
ddi_status ddi_testing_panic(ddi_testing *testing);

// Counts. Fails only on a handle that is poisoned.
ddi_status ddi_testing_count(ddi_testing *testing);

// What went wrong, in words; "" if nothing did. Borrowed, as the chapter on status says.
const char *ddi_testing_last_error(const ddi_testing *testing);

// Frees it. NULL is a no-op.
void ddi_testing_free(ddi_testing *testing);

#endif

#ifdef __cplusplus
}
#endif

#endif /* DDI_H */
