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
