/* ddi.h: generated from ffi/src by cbindgen; do not edit. */
/*
 * ddi: highly available DHCP, DNS and IPAM, to embed.
 *
 * (the overview is written with the nouns)
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

// The library has a defect: it panicked. The handle is poisoned; last_error says where.
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

// What went wrong in the last call on this handle. Borrowed until the next one; "" if nothing did.
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

// What went wrong in the last call on this handle, an opening with it included. Borrowed until the next one;
// "" if nothing did.
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
// if that is NULL. At most `DDI_FIND_MAX`, in no order; `*len` is how many.
//
// Errors: `DDI_E_NULL`, `DDI_E_ARGUMENT`, `DDI_E_BUFFER` (more than `cap`; `*len` is how many).
ddi_status ddi_lease_db_find(ddi_lease_db *db,
                             uint32_t space,
                             const uint32_t *subnet_id,
                             const ddi_identity *identity,
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

// What went wrong in the last call with `ddi_lease_db *`. Borrowed until the next one; "" if nothing did.
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
// Errors: `DDI_E_NULL`, `DDI_E_BATCH_OUT`, `DDI_E_IO`, `DDI_E_STOPPED`. Nothing is lost by any.
ddi_status ddi_lease_db_compact(ddi_lease_db *db);

// Begins a compaction of what is there now; one at a time. Then:
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
// Errors: `DDI_E_NULL`.
ddi_status ddi_lease_db_begin_compaction(ddi_lease_db *db,
                                         ddi_lease_compaction **compaction);

// Writes and syncs about `max_bytes` more, or renames or removes a file. `*ready` when it is the turn of
// `ddi_lease_db_end_compaction`.
//
// Errors: `DDI_E_NULL`, `DDI_E_IO`.
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

// What went wrong in the last call on this handle. Borrowed until the next one; "" if nothing did.
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
// end, synced and renamed. Set `counts->struct_size` before.
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
    // The keys of at most `max` leases of a space with this identity, and of this subnet if one is given.
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
ddi_status ddi_store_of_lease_db(ddi_lease_db *db,
                                 ddi_store **store);

// The application's own leases. The table of functions is copied; its `release` is called when the store is freed.
// `DDI_E_NULL` if a function is missing, and then nothing is released. Caller owns `*store`: `ddi_store_free`.
ddi_status ddi_store_new(const ddi_lease_store *functions,
                         ddi_store **store);

// Frees it. A database behind it stays. NULL is a no-op.
void ddi_store_free(ddi_store *store);

// `DDI_OK` as long as the store can be used. `DDI_E_STORE` if the application's store is broken; last_error says by
// which answer.
ddi_status ddi_store_check(ddi_store *store);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
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

// No relationships. Caller owns: `ddi_failover_config_free`.
ddi_failover_config *ddi_failover_config_new(void);

// Frees it. NULL is a no-op.
void ddi_failover_config_free(ddi_failover_config *config);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_failover_config_last_error(const ddi_failover_config *config);

// Adds a relationship. Its name is 1 to 255 bytes, and the same on both servers; `role` is `DDI_FAILOVER_PRIMARY` or
// `DDI_FAILOVER_SECONDARY`. `*relationship` is its place, counted from 0.
ddi_status ddi_failover_config_add(ddi_failover_config *config,
                                   const uint8_t *name,
                                   size_t name_len,
                                   uint32_t role,
                                   uint32_t *relationship);

// Sets a number of a relationship: `setting` is one of `DDI_FAILOVER_MCLT_SECONDS` to
// `DDI_FAILOVER_CHECK_SECS_BYTE_ORDER`. `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
ddi_status ddi_failover_config_set(ddi_failover_config *config,
                                   uint32_t relationship,
                                   uint32_t setting,
                                   uint64_t value);

// Shares a pool with the partner; those of a DHCP server tells `ddi_dhcp_server_pool`. All pools of one relationship are of
// one address space, and a pool is in one relationship at the most.
ddi_status ddi_failover_config_add_pool(ddi_failover_config *config,
                                        uint32_t relationship,
                                        const ddi_pool *pool);

// The bytes of the last `DDI_FAILOVER_EVENT_SAVE`, after a restart; none (NULL, 0) if there are none: the server has not
// met its partner yet, or has lost everything. `leases_lost` is 1 if the leases that belong to them are lost or older
// than they were, at each start until a later save is written; else 0.
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
ddi_status ddi_failover_new(ddi_failover_config *config,
                            const ddi_now *now,
                            ddi_failover **failover);

// Frees it. NULL is a no-op.
void ddi_failover_free(ddi_failover *failover);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_failover_last_error(const ddi_failover *failover);

// The pools of a relationship in place of those before: an array of `n`, as for `ddi_lease_db_set_pools`.
// `DDI_E_FAILOVER_CONFIG` if they can't be; then the old ones stay.
ddi_status ddi_failover_set_pools(ddi_failover *failover,
                                  uint32_t relationship,
                                  const ddi_pool *pools,
                                  size_t n);

// The application has connected to the partner of this relationship, or has begun to; `link` names the connection.
ddi_status ddi_failover_handle_dialled(ddi_failover *failover,
                                       const ddi_now *now,
                                       uint32_t relationship,
                                       uint64_t link);

// `DDI_FAILOVER_EVENT_DIAL` did not succeed.
ddi_status ddi_failover_handle_dial_failed(ddi_failover *failover,
                                           const ddi_now *now,
                                           uint32_t relationship);

// Somebody has connected. `relationship`: whose partner it is, if its source address tells; where this server is the
// primary it has to. `DDI_FAILOVER_NOBODY`: the first message will say.
ddi_status ddi_failover_handle_accepted(ddi_failover *failover,
                                        const ddi_now *now,
                                        uint32_t relationship,
                                        uint64_t link);

// Bytes came in on a connection, cut anywhere. `DDI_E_FAILOVER_LINK`: nothing more is taken from it; an event says so,
// too.
ddi_status ddi_failover_handle_bytes(ddi_failover *failover,
                                     const ddi_now *now,
                                     ddi_store *store,
                                     uint64_t link,
                                     const uint8_t *bytes,
                                     size_t bytes_len);

// A connection is closed, by whomever.
ddi_status ddi_failover_handle_closed(ddi_failover *failover,
                                      const ddi_now *now,
                                      ddi_store *store,
                                      uint64_t link);

// Does what is due, a slice at a time. No-op when early.
ddi_status ddi_failover_handle_timeout(ddi_failover *failover,
                                       const ddi_now *now,
                                       ddi_store *store);

// The application itself has changed a lease.
ddi_status ddi_failover_handle_lease_changed(ddi_failover *failover,
                                             const ddi_now *now,
                                             ddi_store *store,
                                             const ddi_lease_key *key);

// An operator's word: `DDI_FAILOVER_COMMAND_...`. `DDI_E_FAILOVER_REFUSED` if it does not apply in the present state;
// nothing has happened then.
ddi_status ddi_failover_handle_command(ddi_failover *failover,
                                       const ddi_now *now,
                                       ddi_store *store,
                                       uint32_t relationship,
                                       uint32_t command);

// The bytes of the `DDI_FAILOVER_EVENT_SAVE` with this number are durable.
ddi_status ddi_failover_handle_saved(ddi_failover *failover,
                                     uint32_t relationship,
                                     uint64_t number);

// Bytes to send on a connection: `*len` bytes to `buf`, as many as have room. `DDI_IDLE` if there are none now;
// `DDI_E_BUFFER` if there is no room at all.
ddi_status ddi_failover_poll_transmit(ddi_failover *failover,
                                      ddi_store *store,
                                      uint64_t link,
                                      uint8_t *buf,
                                      size_t cap,
                                      size_t *len);

// The next event; its bytes or text have `*len` bytes, to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is
// less than `*len`: the event stays (`DDI_FAILOVER_MAX_EVENT` is always enough).
ddi_status ddi_failover_poll_event(ddi_failover *failover,
                                   ddi_failover_event *event,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// When to call `ddi_failover_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
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
ddi_status ddi_failover_get_status(ddi_failover *failover,
                                   ddi_store *store,
                                   uint32_t relationship,
                                   ddi_failover_status *status);

// The name of a state, such as "COMMUNICATIONS-INTERRUPTED"; "UNKNOWN" for a number that is none. Static.
const char *ddi_failover_state_name(uint32_t state);

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
// each.
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

// A view of nothing yet. Caller owns: `ddi_dhcp4_packet_free`.
ddi_dhcp4_packet *ddi_dhcp4_packet_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp4_packet_free(ddi_dhcp4_packet *packet);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_dhcp4_packet_last_error(const ddi_dhcp4_packet *packet);

// Takes a UDP payload in, in place of the one before. Any bytes may come: `DDI_E_MALFORMED` if the fixed part is
// not there or can't be; a bad option spoils itself only (`ddi_dhcp4_packet_bad_option`).
ddi_status ddi_dhcp4_packet_parse(ddi_dhcp4_packet *packet,
                                  const uint8_t *bytes,
                                  size_t bytes_len);

// Its fixed part. `DDI_E_MALFORMED` if nothing was parsed yet, as with all getters.
ddi_status ddi_dhcp4_packet_header(const ddi_dhcp4_packet *packet,
                                   ddi_dhcp4_header *header);

// An option's value, joined from all its parts (RFC 3396): `*len` bytes to `buf`. `DDI_IDLE` if the packet has none
// with this code; `DDI_E_BUFFER` if `cap` is less than `*len`.
ddi_status ddi_dhcp4_packet_option(const ddi_dhcp4_packet *packet,
                                   uint32_t code,
                                   uint8_t *buf,
                                   size_t cap,
                                   size_t *len);

// A sub-option of option 82 (RFC 3046), like `ddi_dhcp4_packet_option`.
ddi_status ddi_dhcp4_packet_relay_option(const ddi_dhcp4_packet *packet,
                                         uint32_t code,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len);

// The codes of all options, in their order, each once: `*len` bytes to `buf`; 256 are always enough.
ddi_status ddi_dhcp4_packet_codes(const ddi_dhcp4_packet *packet,
                                  uint8_t *buf,
                                  size_t cap,
                                  size_t *len);

// What was bad in the packet, from `index` 0 on; the first few are kept. `DDI_IDLE` after the last. `*offset` is in
// bytes from the packet's start; `*reason` is one of `DDI_DHCP4_BAD_...`.
ddi_status ddi_dhcp4_packet_bad_option(const ddi_dhcp4_packet *packet,
                                       uint32_t index,
                                       uint32_t *offset,
                                       uint32_t *code,
                                       uint32_t *reason);

// The code of an option by its name in a configuration (`routers`, `domain_name`), or by digits. `DDI_E_ARGUMENT` if
// there is none of this name.
ddi_status ddi_dhcp4_option_code(const uint8_t *name,
                                 size_t name_len,
                                 uint32_t *code);

/* ============================================================================================== */
/*
 * A DHCPv4 message that is being built, or was read to be changed.
 */
/* ============================================================================================== */

// A message to be sent: the fixed part, and options, each code once.
//
// Threads: one call at a time on one message; calls with `const ddi_dhcp4_message *` may overlap.
typedef struct ddi_dhcp4_message ddi_dhcp4_message;

// A request with nothing in it. Caller owns: `ddi_dhcp4_message_free`.
ddi_dhcp4_message *ddi_dhcp4_message_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp4_message_free(ddi_dhcp4_message *message);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_dhcp4_message_last_error(const ddi_dhcp4_message *message);

// Takes a UDP payload in, in place of what was there. `DDI_E_MALFORMED` as for `ddi_dhcp4_packet_parse`.
ddi_status ddi_dhcp4_message_parse(ddi_dhcp4_message *message,
                                   const uint8_t *bytes,
                                   size_t bytes_len);

// Begins a reply to a packet: xid, flags, giaddr and hardware address are the packet's, the rest is zero (RFC 2131
// table 3), and there are no options.
ddi_status ddi_dhcp4_message_reply_to(ddi_dhcp4_message *message,
                                      const ddi_dhcp4_packet *packet);

// Sets the fixed part. `message_type` and `cookie` are not looked at. `DDI_E_ARGUMENT` if `op` or the hardware
// address can't be.
ddi_status ddi_dhcp4_message_set_header(ddi_dhcp4_message *message,
                                        const ddi_dhcp4_header *header);

// Its fixed part.
ddi_status ddi_dhcp4_message_header(const ddi_dhcp4_message *message,
                                    ddi_dhcp4_header *header);

// Sets option 53: 1 is DISCOVER, 2 OFFER, 3 REQUEST, 4 DECLINE, 5 ACK, 6 NAK, 7 RELEASE, 8 INFORM.
ddi_status ddi_dhcp4_message_set_type(ddi_dhcp4_message *message, uint32_t number);

// Puts an option with any bytes in, or gives it another value. 0, 52 and 255 are the writer's: `DDI_E_ARGUMENT`.
// `DDI_E_LIMIT` if the value fits no datagram.
ddi_status ddi_dhcp4_message_put_option(ddi_dhcp4_message *message,
                                        uint32_t code,
                                        const uint8_t *value,
                                        size_t value_len);

// The same from text, as in `ddi_dhcp_config_put_option_text`.
ddi_status ddi_dhcp4_message_put_option_text(ddi_dhcp4_message *message,
                                             const uint8_t *name,
                                             size_t name_len,
                                             const uint8_t *value,
                                             size_t value_len);

// Takes an option out; no-op if it is not there.
ddi_status ddi_dhcp4_message_remove_option(ddi_dhcp4_message *message, uint32_t code);

// An option's value: `*len` bytes to `buf`. `DDI_IDLE` if there is none; `DDI_E_BUFFER` if `cap` is less than `*len`.
ddi_status ddi_dhcp4_message_option(const ddi_dhcp4_message *message,
                                    uint32_t code,
                                    uint8_t *buf,
                                    size_t cap,
                                    size_t *len);

// Writes the message as it goes on the wire, at least 300 bytes long (RFC 1542 section 2.1): `*len` bytes to `buf`.
// `DDI_E_BUFFER` if `cap` is less than `*len`; `DDI_E_LIMIT` if it fits no datagram.
ddi_status ddi_dhcp4_message_emit(const ddi_dhcp4_message *message,
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

// A configuration with nothing to serve. Caller owns: `ddi_dhcp_config_free`.
ddi_dhcp_config *ddi_dhcp_config_new(void);

// Frees it. NULL is a no-op.
void ddi_dhcp_config_free(ddi_dhcp_config *config);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_dhcp_config_last_error(const ddi_dhcp_config *config);

// Sets a number of the whole server's: `setting` is one of `DDI_DHCP_AUTHORITATIVE` to `DDI_DHCP_RELAY_RATE`.
// `DDI_E_ARGUMENT` if there is no such setting, or `value` can't be its value.
ddi_status ddi_dhcp_config_set(ddi_dhcp_config *config,
                               uint32_t setting,
                               uint64_t value);

// The server identifier (option 54), if neither the address that a message was sent to nor the link's first is
// the right one.
ddi_status ddi_dhcp_config_set_server_id(ddi_dhcp_config *config,
                                         ddi_ipv4 address);

// Lease times in seconds for everybody (`DDI_DHCP_EVERYWHERE`), for a subnet, or for a class, which wins. A client
// that asks for no time gets `default_seconds`; others what they ask for, within the other two. 0xffffffff is for
// ever. Default: one hour for everybody.
ddi_status ddi_dhcp_config_set_lease_seconds(ddi_dhcp_config *config,
                                             uint32_t place,
                                             uint32_t default_seconds,
                                             uint32_t min_seconds,
                                             uint32_t max_seconds);

// Makes full names for the clients of everybody or of a subnet (RFC 4702 section 4): `suffix` is put behind what
// is not fully qualified; `flags` is any of `DDI_DHCP_NAMES_...` together. The server updates no DNS; its events
// tell of names.
ddi_status ddi_dhcp_config_set_names(ddi_dhcp_config *config,
                                     uint32_t place,
                                     uint32_t flags,
                                     const uint8_t *suffix,
                                     size_t suffix_len);

// A subnet or pool is IPv6-mostly: what a client that can do without IPv4 is told as V6ONLY_WAIT (RFC 8925).
ddi_status ddi_dhcp_config_set_v6_only_wait(ddi_dhcp_config *config,
                                            uint32_t place,
                                            uint32_t seconds);

// An address that this server has on a link whose clients it serves; `interface` is the number that
// `ddi_dhcp_server_handle_datagram` is told. Call it again for further addresses: the first that lies in a subnet
// is the server identifier there.
ddi_status ddi_dhcp_config_add_link_address(ddi_dhcp_config *config,
                                            uint32_t interface,
                                            ddi_ipv4 address);

// Adds a subnet. `id` is unique, is written to each lease, and should be kept when the configuration changes.
// `*subnet` is its place. `DDI_E_ARGUMENT` if `prefix` has host bits or more than 32 bits.
ddi_status ddi_dhcp_config_add_subnet(ddi_dhcp_config *config,
                                      uint32_t id,
                                      ddi_ipv4 prefix,
                                      uint32_t prefix_bits,
                                      uint32_t *subnet);

// Subnets with the same name of a shared network are on one link. An empty name takes it back.
ddi_status ddi_dhcp_config_set_shared_network(ddi_dhcp_config *config,
                                              uint32_t subnet,
                                              const uint8_t *name,
                                              size_t name_len);

// The subnet's clients are behind this relay, whatever its address is.
ddi_status ddi_dhcp_config_add_relay(ddi_dhcp_config *config,
                                     uint32_t subnet,
                                     ddi_ipv4 relay);

// Adds a pool to a subnet: addresses to give out, both ends included. `*pool` is its place.
ddi_status ddi_dhcp_config_add_pool(ddi_dhcp_config *config,
                                    uint32_t subnet,
                                    ddi_ipv4 first,
                                    ddi_ipv4 last,
                                    uint32_t *pool);

// Only clients of this class, and of others that are added, get an address of the pool.
ddi_status ddi_dhcp_config_add_pool_class(ddi_dhcp_config *config,
                                          uint32_t pool,
                                          const uint8_t *class_name,
                                          size_t class_name_len);

// Keeps an address of a subnet for one client; `by` is one of `DDI_DHCP_BY_...`. `*reservation` is its place.
ddi_status ddi_dhcp_config_add_reservation(ddi_dhcp_config *config,
                                           uint32_t subnet,
                                           uint32_t by,
                                           const uint8_t *client,
                                           size_t client_len,
                                           ddi_ipv4 address,
                                           uint32_t *reservation);

// The host name (option 12) of a reservation's client, in place of the one that it sends.
ddi_status ddi_dhcp_config_set_hostname(ddi_dhcp_config *config,
                                        uint32_t reservation,
                                        const uint8_t *hostname,
                                        size_t hostname_len);

// Adds a class of clients. A later class is stronger: if two have the same option, its is sent. `*class_place` is
// its place.
ddi_status ddi_dhcp_config_add_class(ddi_dhcp_config *config,
                                     const uint8_t *name,
                                     size_t name_len,
                                     uint32_t *class_place);

// A client that passes this test, or any other of the class, is in it; `test` is one of `DDI_DHCP_IF_...`.
ddi_status ddi_dhcp_config_add_class_test(ddi_dhcp_config *config,
                                          uint32_t class_place,
                                          uint32_t test,
                                          const uint8_t *value,
                                          size_t value_len);

// An option with any bytes, at any place; the narrower place wins: everywhere, subnet, pool, class, reservation. It
// is sent to a client that asks for it, or that asks for nothing; with `always` 1, to those that ask for others, too.
ddi_status ddi_dhcp_config_put_option(ddi_dhcp_config *config,
                                      uint32_t place,
                                      uint32_t code,
                                      uint32_t always,
                                      const uint8_t *value,
                                      size_t value_len);

// The same from text, as a configuration file has it: `name` is `routers`, `dns_servers`, `domain_name` and so on, or
// a code in digits; `value` has commas between the items of a list. Bytes are in hex digits.
ddi_status ddi_dhcp_config_put_option_text(ddi_dhcp_config *config,
                                           uint32_t place,
                                           const uint8_t *name,
                                           size_t name_len,
                                           const uint8_t *value,
                                           size_t value_len);

// The boot server's address (siaddr; 0.0.0.0: none), its name (sname, at most 63 bytes) and the boot file (file, at
// most 127 bytes).
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
ddi_status ddi_dhcp_server_new(ddi_dhcp_config *config,
                               uint64_t seed,
                               ddi_dhcp_server **server);

// Frees it. NULL is a no-op.
void ddi_dhcp_server_free(ddi_dhcp_server *server);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_dhcp_server_last_error(const ddi_dhcp_server *server);

// Changes the configuration: leases stay, and offers that are still possible. `DDI_E_DHCP_CONFIG` if it can't be
// served; then the old one stays. The store has to be told of the pools again.
ddi_status ddi_dhcp_server_set_config(ddi_dhcp_server *server,
                                      const ddi_now *now,
                                      const ddi_dhcp_config *config);

// Tells the store of the server's pools, which are numbered by their places in the configuration, from 0. Needed once
// after `ddi_dhcp_server_new` and after each `ddi_dhcp_server_set_config`. An application's own store is not told: it
// reads them by `ddi_dhcp_server_pool`.
ddi_status ddi_dhcp_server_give_pools(ddi_dhcp_server *server,
                                      ddi_store *store);

// The pool with this number, for `ddi_failover_config_add_pool` and for a store of the application's own: set
// `pool->struct_size` before. Its arrays are borrowed until the next call on this handle. `DDI_IDLE` if there is none.
ddi_status ddi_dhcp_server_pool(ddi_dhcp_server *server,
                                uint32_t number,
                                ddi_pool *pool);

// A datagram came in on the server's port: its bytes, where it came in (`interface` as in
// `ddi_dhcp_config_add_link_address`; 0 if not known), who sent it, and to which address (0.0.0.0 if not known, which is
// taken as a broadcast). Malformed ones are counted and told as `DDI_DHCP_EVENT_DROPPED`: that is no error.
// `DDI_E_STORE` if the application's store broke.
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
ddi_status ddi_dhcp_server_handle_timeout(ddi_dhcp_server *server,
                                          const ddi_now *now,
                                          ddi_store *store,
                                          ddi_failover *failover);

// The answer to a `DDI_DHCP_EVENT_PING`: `answered` is 1 if anything answered, 0 if nothing did. Of no effect if it
// comes too late.
ddi_status ddi_dhcp_server_handle_ping(ddi_dhcp_server *server,
                                       const ddi_now *now,
                                       ddi_store *store,
                                       ddi_failover *failover,
                                       ddi_ipv4 address,
                                       uint32_t answered);

// An operator releases a lease: what an accepted RELEASE does to it; `*version` is what wrote it. `DDI_IDLE` if it is not
// ACTIVE, or the failover partner has to agree first. The store's error if it refuses.
ddi_status ddi_dhcp_server_release(ddi_dhcp_server *server,
                                   const ddi_now *now,
                                   ddi_store *store,
                                   ddi_failover *failover,
                                   const ddi_lease_key *key,
                                   uint64_t *version);

// The next reply that may leave: `*len` bytes to `buf`, and where to. `DDI_IDLE` if there is none now; `DDI_E_BUFFER` if
// `cap` is below `DDI_DHCP_MAX_REPLY`, whatever the reply's length.
ddi_status ddi_dhcp_server_poll_transmit(ddi_dhcp_server *server,
                                         ddi_store *store,
                                         ddi_dhcp_transmit *transmit,
                                         uint8_t *buf,
                                         size_t cap,
                                         size_t *len);

// The next event; a name in it has `*len` bytes, to `buf` (256 are always enough). `DDI_IDLE` if there is none;
// `DDI_E_BUFFER` if `cap` is less than `*len`: the event stays.
ddi_status ddi_dhcp_server_poll_event(ddi_dhcp_server *server,
                                      ddi_dhcp_event *event,
                                      uint8_t *buf,
                                      size_t cap,
                                      size_t *len);

// When to call `ddi_dhcp_server_handle_timeout`, on the clock of `ddi_now.instant_ms`. `DDI_IDLE`: not needed.
ddi_status ddi_dhcp_server_poll_timeout(const ddi_dhcp_server *server,
                                        uint64_t *instant_ms);

// What the server has seen and done since it was made, from `index` 0 on; `DDI_IDLE` after the last. `*name` is such as
// "acks" or "malformed" (a reason for which datagrams were dropped). Borrowed until the server is freed.
ddi_status ddi_dhcp_server_counter(const ddi_dhcp_server *server,
                                   uint32_t index,
                                   const char **name,
                                   uint64_t *value);

/* ============================================================================================== */
/*
 * Testing. Not in the library as it is installed.
 */
/* ============================================================================================== */

#ifdef DDI_TESTING
// Something that can be made to panic. One call at a time.
typedef struct ddi_testing ddi_testing;

// A new one. Caller owns: `ddi_testing_free`.
ddi_testing *ddi_testing_new(void);

// Panics. Returns `DDI_E_PANIC`, and from then on `DDI_E_POISONED`.
ddi_status ddi_testing_panic(ddi_testing *testing);

// Counts. Fails only on a handle that is poisoned.
ddi_status ddi_testing_count(ddi_testing *testing);

// What went wrong in the last call. Borrowed until the next call on this handle; "" if nothing.
const char *ddi_testing_last_error(const ddi_testing *testing);

// Frees it. NULL is a no-op.
void ddi_testing_free(ddi_testing *testing);

#endif

#ifdef __cplusplus
}
#endif

#endif /* DDI_H */
